//! The owner's journal: one transaction a turn, fenced, with syncs only where the promise needs them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::super::error::StoreError;
use super::super::journal::{Committed, Durability, Journal, OnRow, Sync, check_entry, snapshot_hash};
use super::super::row::{Chain, Entry, Hash, Head};
use super::super::{disk, kinds};
use super::schema::{self, Standing};
use super::{OwnerOptions, PAGE, beside, connect, read, resolved};

/// Page cache of the owner, in KiB.
const CACHE: i64 = 1024;

/// The same while the WAL is grown: small, so that pages leave it.
const CACHE_TO_SPILL: i64 = 64;

/// Length up to which the WAL grows before it is folded back, in pages.
const WAL_PAGES: i64 = 1024;

/// Bytes by which the WAL is first made longer than what is in it; doubled each time it proves too short.
const FIRST_GROWTH: u64 = 256 * 1024;

/// Work (about pages written) after which the length of the WAL is looked at.
const LOOK_AFTER: usize = 256;

const INSERT: &str = "INSERT INTO event(seq, at, mono, epoch, kind, task, generation, attempt, try, body, hash) \
                      VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)";
const MOVE_HEAD: &str = "UPDATE run SET epoch=?1, seq=?2, head=?3 WHERE epoch=?4 AND seq=?5";
const KEEP_VALUE: &str = "INSERT OR IGNORE INTO value(hash, bytes) VALUES(?1,?2)";

/// How far a connection syncs at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Normal,
    Full,
}

/// The journal of one run, open for writing. Only the holder of the run's lock may have one.
#[derive(Debug)]
pub struct SqliteJournal {
    db: Connection,
    run: String,
    durability: Durability,
    level: Level,
    chain: Chain,
    head: Head,
    /// The last session that wrote, as the file has it: what the next commit expects to find.
    found_epoch: u64,
    /// This session; it stands in the file from the first commit on.
    epoch: u64,
    files: Files,
    /// Work since the WAL was last looked at.
    work: usize,
    poison: Option<String>,
}

/// The files that a journal consists of, to see when one is replaced while it is open.
#[derive(Debug)]
struct Files {
    main: PathBuf,
    wal: PathBuf,
    main_is: disk::Identity,
    wal_is: Option<disk::Identity>,
    /// Length to which the WAL was grown ahead, in bytes.
    grown: u64,
}

impl SqliteJournal {
    /// Makes the journal of a new run in `dir`. With [`Durability::Power`] it is on the disk when this returns, but not
    /// yet the entries of `dir`.
    pub(in super::super) fn create(
        dir: &Path,
        run: &str,
        options: OwnerOptions,
    ) -> Result<SqliteJournal, StoreError> {
        let path = resolved(dir)?;
        // Made here and not by SQLite, for its mode and so that nothing that stands there is taken for it.
        drop(disk::new_file(&path)?);
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, CACHE)?;
        let failed = |error| StoreError::sqlite("make the journal", error, 0);
        db.pragma_update(None, "page_size", PAGE).map_err(failed)?;
        db.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        set_wal(&db, options.exclusive)?;
        schema::create(&db, run).map_err(failed)?;
        let mut journal = SqliteJournal::over(db, path, run, options.durability, Head::EMPTY, 0)?;
        if options.durability == Durability::Power {
            journal.grow_wal(FIRST_GROWTH)?;
            journal.fold_back("RESTART")?;
        }
        Ok(journal)
    }

    /// Opens the journal of `run` in `dir` for a new session. Nothing is written before the first commit; replay it before
    /// that.
    pub(in super::super) fn open(
        dir: &Path,
        run: &str,
        options: OwnerOptions,
    ) -> Result<SqliteJournal, StoreError> {
        let path = resolved(dir)?;
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, CACHE)?;
        if options.exclusive {
            set_wal(&db, true)?;
        }
        if let Standing::Older(version) = schema::recognise(&db)? {
            schema::migrate(&db, &path, version, super::super::SCHEMA, schema::MIGRATIONS)?;
            schema::recognise(&db)?;
        }
        let found = read::run_row(&db)?;
        read::check_run(&found, run)?;
        set_wal(&db, options.exclusive)?;
        let orderly = read::last(&db)?.is_none_or(|(kind, _)| kinds::is_orderly_end(kind));
        if !orderly && let Some(line) = read::integrity(&db, false).into_iter().next() {
            let last_good_seq = match read::replay(&db, run, 0, &mut |_| std::ops::ControlFlow::Continue(()))
            {
                Ok(head) => head.seq,
                Err(StoreError::Damaged { last_good_seq, .. }) => last_good_seq,
                Err(_) => 0,
            };
            return Err(StoreError::Damaged { last_good_seq, why: line });
        }
        SqliteJournal::over(db, path, run, options.durability, found.head, found.epoch)
    }

    fn over(
        db: Connection,
        path: PathBuf,
        run: &str,
        durability: Durability,
        head: Head,
        found_epoch: u64,
    ) -> Result<SqliteJournal, StoreError> {
        db.set_prepared_statement_cache_capacity(16);
        let wal = beside(&path, "-wal");
        let gone = || StoreError::Damaged { last_good_seq: 0, why: "the journal is gone".to_owned() };
        let (main_is, _) = disk::look(&path)?.ok_or_else(gone)?;
        let wal_is = disk::look(&wal)?.map(|(identity, _)| identity);
        let mut journal = SqliteJournal {
            db,
            run: run.to_owned(),
            durability,
            level: Level::Normal,
            chain: Chain::new(run),
            head,
            found_epoch,
            epoch: found_epoch.saturating_add(1),
            files: Files { main: path, wal, main_is, wal_is, grown: 0 },
            work: 0,
            poison: None,
        };
        journal.set_level(Level::Normal, true)?;
        if durability == Durability::Power {
            journal.set_level(Level::Full, false)?;
        }
        Ok(journal)
    }

    /// The stored hash of an event.
    pub(in super::super) fn hash_at(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        read::hash_of(&self.db, seq)
    }

    /// Sets how far commits are synced, and reads it back.
    fn set_level(&mut self, level: Level, check: bool) -> Result<(), StoreError> {
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
    fn same_files(&mut self) -> Result<(), StoreError> {
        let damaged = |why: &str| StoreError::Damaged { last_good_seq: self.head.seq, why: why.to_owned() };
        match disk::look(&self.files.main)? {
            Some((identity, _)) if identity == self.files.main_is => {}
            Some(_) => return Err(damaged("the journal was replaced while it was open")),
            None => return Err(damaged("the journal was removed or moved while it was open")),
        }
        match (disk::look(&self.files.wal)?, self.files.wal_is) {
            (Some((identity, length)), Some(expected)) if identity == expected => {
                let longest = u64::try_from(WAL_PAGES * PAGE).unwrap_or(u64::MAX);
                let grown = self.files.grown;
                if self.durability == Durability::Power && length > grown && length < longest {
                    self.grow_wal((grown * 2).clamp(FIRST_GROWTH, longest))?;
                }
                Ok(())
            }
            (Some((identity, _)), None) => {
                self.files.wal_is = Some(identity);
                Ok(())
            }
            (None, None) => Ok(()),
            (Some(_), Some(_)) => Err(damaged("the journal's WAL was replaced while it was open")),
            (None, Some(_)) => Err(damaged("the journal's WAL was removed while it was open")),
        }
    }

    /// Makes the WAL longer than what is in it, so that the next commits overwrite blocks that the file has already: a sync
    /// is then one write to the disk, not two. The pages of a transaction that is too large for the cache go there
    /// before it ends; it is rolled back, so that they are no part of the record.
    fn grow_wal(&mut self, bytes: u64) -> Result<(), StoreError> {
        let failed = |error| StoreError::sqlite("make room for the journal", error, 0);
        self.db.pragma_update(None, "cache_size", -CACHE_TO_SPILL).map_err(failed)?;
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let length = bytes.saturating_add(u64::try_from(CACHE_TO_SPILL * 1024).unwrap_or(0)).cast_signed();
        let filled =
            self.db.execute("INSERT INTO value(hash, bytes) VALUES(zeroblob(32), zeroblob(?1))", [length]);
        self.db.execute_batch("ROLLBACK").map_err(failed)?;
        self.db.pragma_update(None, "cache_size", -CACHE).map_err(failed)?;
        filled.map_err(failed)?;
        let looked = disk::look(&self.files.wal)?;
        self.files.wal_is = looked.map(|(identity, _)| identity);
        self.files.grown = looked.map_or(0, |(_, length)| length).max(bytes);
        Ok(())
    }

    /// Folds the WAL back into the file, synced as far as the durability asks.
    fn fold_back(&mut self, how: &str) -> Result<(), StoreError> {
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
    fn fold_if_long(&mut self) -> Result<(), StoreError> {
        self.work = 0;
        let pages: i64 = self
            .db
            .query_row("PRAGMA wal_checkpoint(NOOP)", (), |row| row.get(1))
            .map_err(|error| StoreError::sqlite("look at the journal's WAL", error, self.head.seq))?;
        if pages >= WAL_PAGES { self.fold_back("PASSIVE") } else { Ok(()) }
    }

    /// After a failure whose outcome is not known, nothing more is written through this connection.
    fn note_failure(&mut self, error: &StoreError) {
        match error {
            StoreError::Io { .. } | StoreError::ReadOnly { .. } | StoreError::Damaged { .. } => {
                self.poison = Some(error.to_string());
            }
            StoreError::Full { .. } | StoreError::Fenced | StoreError::Duplicate { .. } => {
                if !self.db.is_autocommit() {
                    self.poison = Some(error.to_string());
                }
            }
            StoreError::Newer { .. }
            | StoreError::NotOurs { .. }
            | StoreError::NoRecord
            | StoreError::Locked(_)
            | StoreError::Busy
            | StoreError::BadEntry { .. }
            | StoreError::Poisoned { .. }
            | StoreError::NoSuchRun { .. }
            | StoreError::TooLarge { .. } => {}
        }
    }

    /// Runs `work` in one transaction; on failure nothing of it remains.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteJournal) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(why) = &self.poison {
            return Err(StoreError::Poisoned { why: why.clone() });
        }
        let seq = self.head.seq;
        let run = |db: &Connection, sql| {
            db.prepare_cached(sql)
                .and_then(|mut statement| statement.execute(()))
                .map_err(|error| StoreError::sqlite("write the journal", error, seq))
        };
        let done = self.same_files().and_then(|()| {
            run(&self.db, "BEGIN IMMEDIATE")?;
            let result = work(self)?;
            run(&self.db, "COMMIT")?;
            Ok(result)
        });
        if let Err(error) = &done {
            if !self.db.is_autocommit() {
                // When even this fails, the poison below stands.
                let _ = self.db.execute_batch("ROLLBACK");
            }
            self.note_failure(error);
        }
        done
    }

    /// Writes the turn inside a transaction and returns the new head.
    fn write(&mut self, entries: &[Entry<'_>], values: &[(Hash, &[u8])]) -> Result<Head, StoreError> {
        let failed = |error| StoreError::sqlite("write the journal", error, 0);
        let SqliteJournal { db, chain, epoch, .. } = self;
        if !values.is_empty() {
            let mut keep = db.prepare_cached(KEEP_VALUE).map_err(failed)?;
            for (hash, bytes) in values {
                keep.execute((&hash[..], bytes)).map_err(failed)?;
            }
        }
        let mut head = self.head;
        let mut insert = db.prepare_cached(INSERT).map_err(failed)?;
        for entry in entries {
            let seq = head.seq + 1;
            let hash = chain.hash(&head.hash, seq, *epoch, entry);
            insert
                .execute((
                    seq.cast_signed(),
                    entry.at,
                    entry.mono,
                    epoch.cast_signed(),
                    entry.kind,
                    entry.task,
                    entry.generation,
                    entry.attempt,
                    entry.tries,
                    entry.body,
                    &hash[..],
                ))
                .map_err(failed)?;
            head = Head { seq, hash };
        }
        let place = (epoch.cast_signed(), head.seq.cast_signed(), &head.hash[..]);
        let expected = (self.found_epoch.cast_signed(), self.head.seq.cast_signed());
        let moved = db
            .prepare_cached(MOVE_HEAD)
            .and_then(|mut update| update.execute((place.0, place.1, place.2, expected.0, expected.1)))
            .map_err(failed)?;
        if moved == 1 { Ok(head) } else { Err(StoreError::Fenced) }
    }
}

impl Journal for SqliteJournal {
    fn run(&self) -> &str {
        &self.run
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn head(&self) -> Head {
        self.head
    }

    fn commit(
        &mut self,
        entries: &[Entry<'_>],
        values: &[(Hash, &[u8])],
        sync: Sync,
    ) -> Result<Committed, StoreError> {
        entries.iter().try_for_each(check_entry)?;
        let first = self.head.seq + 1;
        if self.durability == Durability::Power {
            let level = match sync {
                Sync::Now => Level::Full,
                Sync::Later => Level::Normal,
            };
            self.set_level(level, false)?;
        }
        let head = self.transaction(|journal| journal.write(entries, values))?;
        self.head = head;
        self.found_epoch = self.epoch;
        self.work += 4 + entries.len() + values.len();
        if self.work >= LOOK_AFTER {
            // The turn stands already; a failure here poisons the journal and shows at the next one.
            if let Err(error) = self.fold_if_long() {
                self.note_failure(&error);
            }
        }
        Ok(Committed { first, last: head.seq })
    }

    fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError> {
        read::replay(&self.db, &self.run, after, each)
    }

    fn value(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        read::value(&self.db, hash)
    }

    fn write_snapshot(&mut self, state: &[u8]) -> Result<(), StoreError> {
        let seal = snapshot_hash(&self.run, &self.head, state);
        let seq = self.head.seq.cast_signed();
        self.transaction(|journal| {
            let failed = |error| StoreError::sqlite("write a snapshot", error, 0);
            journal.db.execute("DELETE FROM snapshot", ()).map_err(failed)?;
            let sql = "INSERT INTO snapshot(seq, state, hash) VALUES(?1,?2,?3)";
            journal.db.execute(sql, (seq, state, &seal[..])).map_err(failed)?;
            Ok(())
        })
    }

    fn read_snapshot(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        read::snapshot(&self.db, &self.run)
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(why) = self.poison {
            return Err(StoreError::Poisoned { why });
        }
        self.fold_back("TRUNCATE")?;
        self.db.close().map_err(|(_, error)| StoreError::sqlite("close the journal", error, 0))
    }
}

/// Switches the file to a write-ahead log and reads back that it is one.
fn set_wal(db: &Connection, exclusive: bool) -> Result<(), StoreError> {
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
