//! The owner's journal: one transaction a turn, fenced, with syncs only where the promise needs them.

mod log;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Statement};

use super::super::error::StoreError;
use super::super::journal::{Committed, Durability, Journal, OnRow, Sync, check_entry};
use super::super::once::Once;
use super::super::row::{Chain, Entry, Hash, Head};
use super::super::{disk, kinds};
use super::schema::{self, Standing};
use super::{OwnerOptions, PAGE, beside, connect, read, resolved};
use log::{FIRST_GROWTH, Files, LOOK_AFTER, set_wal};

/// Page cache of the owner, in KiB.
const CACHE: i64 = 1024;

const INSERT: &str = "INSERT INTO event(seq, at, mono, epoch, kind, task, generation, attempt, try, body, hash) \
                      VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)";
/// `FAIL`: the transaction is rolled back as a whole, so the statement needs no journal of its own.
const MOVE_HEAD: &str = "UPDATE OR FAIL run SET epoch=?1, seq=?2, head=?3 WHERE epoch=?4 AND seq=?5";
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
    /// What may not stand twice; looked after where tests run. Elsewhere the scheduler's refusal does.
    once: Option<Once>,
}

impl SqliteJournal {
    /// Makes the journal of a new run in `dir`. Nothing of it need be on the disk before [`Journal::settle`].
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
        check_end(&db, run, found.head)?;
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
            files: Files { main: path, wal, main_is, wal_is, grown: 0, length: 0, same_at: None },
            work: 0,
            poison: None,
            once: None,
        };
        if cfg!(debug_assertions) {
            journal.once = Some(read::once(&journal.db));
        }
        journal.set_level(Level::Normal, true)?;
        if durability == Durability::Power {
            journal.set_level(Level::Full, false)?;
        }
        Ok(journal)
    }

    /// Fills this new journal with the events of `source` up to number `upto` and with its values, under this journal's
    /// run. Returns the damage that ended the copying early, if any, and the hashes of values that were not whole.
    pub(in super::super) fn copy_from(
        &mut self,
        source: &super::View,
        upto: u64,
    ) -> Result<(Option<StoreError>, Vec<Hash>), StoreError> {
        let epoch = source.epoch()?;
        let (head, damage, bad) = self.transaction(|journal| {
            let mut head = journal.head;
            let mut failure = None;
            let writing = |error| StoreError::sqlite("write the journal", error, 0);
            let mut statement = journal.db.prepare_cached(INSERT).map_err(writing)?;
            let read = source.replay(0, &mut |row| {
                if row.seq > upto {
                    return ControlFlow::Break(());
                }
                match insert(&mut statement, &mut journal.chain, &head, row.epoch, &row.entry()) {
                    Ok(next) => {
                        head = next;
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failure = Some(error);
                        ControlFlow::Break(())
                    }
                }
            });
            if let Some(error) = failure {
                return Err(error);
            }
            let bad = source.values(&mut |hash, bytes| {
                let kept = journal
                    .db
                    .prepare_cached(KEEP_VALUE)
                    .and_then(|mut keep| keep.execute((&hash[..], bytes)));
                kept.map(|_| ()).map_err(|error| StoreError::sqlite("copy a value", error, 0))
            })?;
            move_head(&journal.db, epoch, head, (journal.found_epoch, journal.head.seq))?;
            Ok((head, read.err(), bad))
        })?;
        self.head = head;
        self.found_epoch = epoch;
        self.epoch = epoch.saturating_add(1);
        Ok((damage, bad))
    }

    /// The stored hash of an event.
    pub(in super::super) fn hash_at(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        read::hash_of(&self.db, seq)
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
        let mut statement = db.prepare_cached(INSERT).map_err(failed)?;
        for entry in entries {
            head = insert(&mut statement, chain, &head, *epoch, entry)?;
        }
        move_head(db, *epoch, head, (self.found_epoch, self.head.seq))?;
        Ok(head)
    }
}

/// Writes the event after `head` and returns the head with it.
fn insert(
    statement: &mut Statement<'_>,
    chain: &mut Chain,
    head: &Head,
    epoch: u64,
    entry: &Entry<'_>,
) -> Result<Head, StoreError> {
    let seq = head.seq + 1;
    let hash = chain.hash(&head.hash, seq, epoch, entry);
    let columns = (
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
    );
    statement.execute(columns).map_err(|error| StoreError::sqlite("write the journal", error, head.seq))?;
    Ok(Head { seq, hash })
}

/// Moves the head, if the file still has the session and the number that are `expected`.
fn move_head(db: &Connection, epoch: u64, head: Head, expected: (u64, u64)) -> Result<(), StoreError> {
    let columns = (
        epoch.cast_signed(),
        head.seq.cast_signed(),
        &head.hash[..],
        expected.0.cast_signed(),
        expected.1.cast_signed(),
    );
    let moved = db
        .prepare_cached(MOVE_HEAD)
        .and_then(|mut update| update.execute(columns))
        .map_err(|error| StoreError::sqlite("write the journal", error, head.seq))?;
    if moved == 1 { Ok(()) } else { Err(StoreError::Fenced) }
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
        if let Some(once) = &mut self.once {
            once.add(entries)?;
        }
        let head = match self.transaction(|journal| journal.write(entries, values)) {
            Ok(head) => head,
            Err(error) => {
                self.once.as_mut().into_iter().for_each(|once| once.remove(entries));
                return Err(error);
            }
        };
        self.head = head;
        self.found_epoch = self.epoch;
        self.work += 4 + entries.len() + values.len();
        if self.work >= 2 * LOOK_AFTER {
            self.tend(); // nobody did
        }
        Ok(Committed { first, last: head.seq })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if let Some(why) = &self.poison {
            return Err(StoreError::Poisoned { why: why.clone() });
        }
        if self.durability == Durability::Process {
            return Ok(());
        }
        self.sync_wal().inspect_err(|error| self.poison = Some(error.to_string()))
    }

    fn tend(&mut self) {
        if self.poison.is_some() {
            return;
        }
        // What was committed stands; a failure here poisons the journal and shows at the next turn.
        let mut done = self.grow_if_short();
        if self.work >= LOOK_AFTER {
            done = done.and_then(|()| self.fold_if_long());
        }
        if let Err(error) = done {
            self.note_failure(&error);
        }
    }

    /// Puts all that is recorded into the file itself and on the disk: SQLite throws the WAL of a file away that a loss of
    /// power has left empty.
    fn settle(&mut self) -> Result<(), StoreError> {
        if self.durability == Durability::Process {
            return Ok(());
        }
        self.fold_back("RESTART")
    }

    fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError> {
        read::replay(&self.db, &self.run, after, each)
    }

    fn value(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        read::value(&self.db, hash)
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(why) = self.poison {
            return Err(StoreError::Poisoned { why });
        }
        self.fold_back("TRUNCATE")?;
        self.db.close().map_err(|(_, error)| StoreError::sqlite("close the journal", error, 0))
    }
}

/// Looks at the end of a journal before a new session: the last event must be the one that the head names, and a file that
/// was not left in good order must hold together.
fn check_end(db: &Connection, run: &str, head: Head) -> Result<(), StoreError> {
    let damage = match read::last(db)? {
        Some((kind, _, seq)) if seq == head.seq => {
            let same = read::hash_of(db, seq)? == Some(head.hash);
            let file = if kinds::is_orderly_end(kind) { Vec::new() } else { read::integrity(db, false) };
            if same {
                file.into_iter().next()
            } else {
                Some("its last event is not the one of its head".to_owned())
            }
        }
        None if head == Head::EMPTY => None,
        Some((_, _, seq)) => Some(format!("its last event is {seq} and not {}", head.seq)),
        None => Some(format!("it has no events, and not {}", head.seq)),
    };
    let Some(why) = damage else { return Ok(()) };
    // Says how far it is good, and more exactly why not, when the chain finds it too.
    match read::replay(db, run, 0, &mut |_| ControlFlow::Continue(())) {
        Ok(good) => Err(StoreError::Damaged { last_good_seq: good.seq, why }),
        Err(error) => Err(error),
    }
}
