//! The write-ahead log of the owner's journal: how far it is synced, that it is still the same file, how long it grows.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::super::disk;
use super::super::super::error::StoreError;
use super::super::super::journal::Durability;
use super::super::PAGE;
use super::{CACHE, Level, SqliteJournal};

/// The same while the WAL is grown: small, so that pages leave it.
pub(super) const CACHE_TO_SPILL: i64 = 64;

/// Bytes of one value with which the WAL is grown.
pub(super) const PIECE: u64 = 32 * 1024;

/// Length up to which the WAL grows before it is folded back, in pages.
pub(super) const WAL_PAGES: i64 = 1024;

/// Bytes by which the WAL is first made longer than what is in it; doubled each time it proves too short.
pub(super) const FIRST_GROWTH: u64 = 256 * 1024;

/// Work (about pages written) after which the length of the WAL is looked at.
pub(super) const LOOK_AFTER: usize = 256;

/// How long files that were the same are taken to be so.
const SAME: Duration = Duration::from_millis(20);

/// The files that a journal consists of, to see when one is replaced while it is open.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) main: PathBuf,
    pub(super) wal: PathBuf,
    pub(super) main_is: disk::Identity,
    pub(super) wal_is: Option<disk::Identity>,
    /// Length to which the WAL was grown ahead, in bytes.
    pub(super) grown: u64,
    /// Its length when it was last looked at.
    pub(super) length: u64,
    /// When they were the same last.
    pub(super) same_at: Option<Instant>,
}

impl SqliteJournal {
    /// Sets how far commits are synced, and reads it back.
    pub(super) fn set_level(&mut self, level: Level, check: bool) -> Result<(), StoreError> {
        if self.level == level && !check {
            return Ok(());
        }
        let (word, number) = match level {
            Level::Normal => ("PRAGMA synchronous=NORMAL", 1),
            Level::Full => ("PRAGMA synchronous=FULL", 2),
        };
        let failed = |error| StoreError::sqlite("set the journal's sync", error, 0);
        self.db.execute_batch(word).map_err(failed)?;
        let now: i64 = self.db.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(failed)?;
        if now != number {
            let source = std::io::Error::other(format!("synchronous is {now} and not {number}"));
            return Err(StoreError::Io { doing: "set the journal's sync".to_owned(), source });
        }
        self.level = level;
        Ok(())
    }

    /// Fails when the files under the journal's names are no longer those that are open.
    pub(super) fn same_files(&mut self) -> Result<(), StoreError> {
        let lately = |at: Instant| at.elapsed() < SAME;
        if self.files.same_at.is_some_and(lately) {
            return Ok(());
        }
        let damaged = |why: &str| StoreError::Damaged { last_good_seq: self.head.seq, why: why.to_owned() };
        match disk::look(&self.files.main)? {
            Some((identity, _)) if identity == self.files.main_is => {}
            Some(_) => return Err(damaged("the journal was replaced while it was open")),
            None => return Err(damaged("the journal was removed or moved while it was open")),
        }
        self.files.same_at = None;
        let same = match (disk::look(&self.files.wal)?, self.files.wal_is) {
            (Some((identity, length)), Some(expected)) if identity == expected => {
                self.files.length = length;
                Ok(())
            }
            (Some((identity, _)), None) => {
                self.files.wal_is = Some(identity);
                Ok(())
            }
            (None, None) => Ok(()),
            (Some(_), Some(_)) => Err(damaged("the journal's WAL was replaced while it was open")),
            (None, Some(_)) => Err(damaged("the journal's WAL was removed while it was open")),
        };
        self.files.same_at = same.is_ok().then(Instant::now);
        same
    }

    /// Makes the WAL longer, where it proved too short for what is written with syncs.
    pub(super) fn grow_if_short(&mut self) -> Result<(), StoreError> {
        let longest = u64::try_from(WAL_PAGES * PAGE).unwrap_or(u64::MAX);
        let (grown, length) = (self.files.grown, self.files.length);
        if self.durability == Durability::Process || length <= grown || length >= longest {
            return Ok(());
        }
        self.grow_wal((grown * 4).clamp(FIRST_GROWTH, longest))?;
        self.sync_wal() // else the next commit would wait for it
    }

    /// Puts what is in the WAL on the disk: what SQLite does at the end of a commit with `synchronous=FULL`.
    pub(super) fn sync_wal(&self) -> Result<(), StoreError> {
        let wal = std::fs::File::open(&self.files.wal).and_then(|wal| wal.sync_data());
        wal.map_err(|error| StoreError::at("sync", &self.files.wal, error))
    }

    /// Makes the WAL longer than what is in it, so that the next commits overwrite blocks that the file has already: a sync
    /// is then one write to the disk, not two. The pages of a transaction that is too large for the cache go there
    /// before it ends; it is rolled back, so that they are no part of the record.
    pub(super) fn grow_wal(&mut self, bytes: u64) -> Result<(), StoreError> {
        let failed = |error| StoreError::sqlite("make room for the journal", error, 0);
        self.db.pragma_update(None, "cache_size", -CACHE_TO_SPILL).map_err(failed)?;
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        // In pieces, for SQLite makes each value in memory first.
        let pieces = bytes / PIECE + u64::try_from(CACHE_TO_SPILL * 1024).unwrap_or(0) / PIECE;
        let filled = (0..pieces).try_for_each(|number| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            let mut statement =
                self.db.prepare_cached("INSERT INTO value(hash, bytes) VALUES(?1, zeroblob(?2))")?;
            statement.execute((&key[..], PIECE.cast_signed())).map(|_| ())
        });
        // Some failures have rolled back already.
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK").map_err(failed)?;
        }
        self.db.pragma_update(None, "cache_size", -CACHE).map_err(failed)?;
        match filled.map_err(failed) {
            // Speed only: a commit may still find room.
            Ok(()) | Err(StoreError::Full { .. }) => {}
            Err(error) => return Err(error),
        }
        let looked = disk::look(&self.files.wal)?;
        self.files.wal_is = looked.map(|(identity, _)| identity);
        self.files.grown = looked.map_or(0, |(_, length)| length).max(bytes);
        Ok(())
    }

    /// Folds the WAL back into the file, synced as far as the durability asks.
    pub(super) fn fold_back(&mut self, how: &str) -> Result<(), StoreError> {
        if self.durability == Durability::Power {
            self.set_level(Level::Full, false)?;
        }
        let sql = match how {
            "TRUNCATE" => "PRAGMA wal_checkpoint(TRUNCATE)",
            "RESTART" => "PRAGMA wal_checkpoint(RESTART)",
            _ => "PRAGMA wal_checkpoint(PASSIVE)",
        };
        self.work = 0;
        let folded = self.db.query_row(sql, (), |_| Ok(()));
        folded.map_err(|error| {
            let error = StoreError::sqlite("fold the journal's WAL back", error, self.head.seq);
            self.note_failure(&error);
            error
        })
    }

    /// Folds the WAL back when it has become long.
    pub(super) fn fold_if_long(&mut self) -> Result<(), StoreError> {
        self.work = 0;
        let pages: i64 = self
            .db
            .query_row("PRAGMA wal_checkpoint(NOOP)", (), |row| row.get(1))
            .map_err(|error| StoreError::sqlite("look at the journal's WAL", error, self.head.seq))?;
        if pages >= WAL_PAGES { self.fold_back("PASSIVE") } else { Ok(()) }
    }
}

/// Switches the file to a write-ahead log and reads back that it is one.
pub(super) fn set_wal(db: &Connection, exclusive: bool) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite("switch the journal to WAL", error, 0);
    if exclusive {
        db.query_row("PRAGMA locking_mode=EXCLUSIVE", (), |_| Ok(())).map_err(failed)?;
    }
    let mode: String = db.query_row("PRAGMA journal_mode=WAL", (), |row| row.get(0)).map_err(failed)?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    let source =
        std::io::Error::other(format!("the journal mode is {mode}; a write-ahead log is not possible here"));
    Err(StoreError::Io { doing: "switch the journal to WAL".to_owned(), source })
}
