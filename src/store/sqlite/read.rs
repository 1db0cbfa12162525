//! Reading a journal: the verified replay, single values, and the view that others than the owner have of it.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::ValueRef as Column;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::super::error::StoreError;
use super::super::journal::OnRow;
use super::super::once::Once;
use super::super::row::{Chain, Hash, Head, Row};
use super::super::{disk, kinds};
use super::schema::{self, Standing};
use super::{address, beside, connect, resolved};

/// Rows read in one go. A reader holds the WAL back while it reads, so it does not read for long.
const ROWS_AT_ONCE: u32 = 4096;

/// Page cache of a viewer, in KiB.
const VIEW_CACHE: i64 = 256;

const SELECT: &str = "SELECT seq, at, mono, epoch, kind, task, generation, attempt, try, body, hash FROM event \
                      WHERE seq>?1 AND seq<=?2 ORDER BY seq LIMIT ?3";

/// The row of table `run`.
#[derive(Debug, Clone)]
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) epoch: u64,
    pub(super) head: Head,
}

/// Reads the row of table `run`.
pub(super) fn run_row(db: &Connection) -> Result<RunRow, StoreError> {
    let found = db
        .prepare_cached("SELECT id, epoch, seq, head FROM run WHERE one=1")
        .and_then(|mut statement| {
            statement
                .query_row((), |row| {
                    let id: String = row.get(0)?;
                    Ok((id, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, Hash>(3)?))
                })
                .optional()
        })
        .map_err(|error| StoreError::sqlite("read the journal's head", error, 0))?;
    let bad = |why: &str| StoreError::Damaged { last_good_seq: 0, why: why.to_owned() };
    let (id, epoch, seq, hash) = found.ok_or_else(|| bad("it has no head"))?;
    let epoch = u64::try_from(epoch).map_err(|_| bad("its session number is negative"))?;
    let seq = u64::try_from(seq).map_err(|_| bad("its head has a negative number"))?;
    Ok(RunRow { id, epoch, head: Head { seq, hash } })
}

/// Checks that the file is the journal of `run`.
pub(super) fn check_run(found: &RunRow, run: &str) -> Result<(), StoreError> {
    if found.id == run {
        return Ok(());
    }
    let id: String = found.id.chars().take(60).collect();
    Err(StoreError::Damaged { last_good_seq: 0, why: format!("it is the journal of another run, {id:?}") })
}

/// See [`Journal::replay`](super::super::Journal::replay). Rows written after this began are left out.
pub(super) fn replay(
    db: &Connection,
    run: &str,
    after: u64,
    each: &mut OnRow<'_>,
) -> Result<Head, StoreError> {
    let found = run_row(db)?;
    check_run(&found, run)?;
    let end = found.head;
    let mut chain = Chain::new(run);
    let mut at = start(db, after)?;
    while at.seq < end.seq {
        let before = at;
        if page(db, &mut chain, &mut at, end.seq, each)?.is_break() {
            return Ok(at);
        }
        if at == before {
            let why = format!("event {} is missing, its head is {}", at.seq + 1, end.seq);
            return Err(StoreError::Damaged { last_good_seq: at.seq, why });
        }
    }
    if at.hash != end.hash {
        let why = "its last event is not the one that its head names".to_owned();
        return Err(StoreError::Damaged { last_good_seq: at.seq.saturating_sub(1), why });
    }
    Ok(at)
}

/// Where a replay after event `after` begins.
fn start(db: &Connection, after: u64) -> Result<Head, StoreError> {
    if after == 0 {
        return Ok(Head::EMPTY);
    }
    let hash = hash_of(db, after)?;
    let why = || format!("event {after} is missing");
    let hash = hash.ok_or_else(|| StoreError::Damaged { last_good_seq: 0, why: why() })?;
    Ok(Head { seq: after, hash })
}

/// The stored (not verified) hash of an event.
pub(super) fn hash_of(db: &Connection, seq: u64) -> Result<Option<Hash>, StoreError> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
    db.query_row("SELECT hash FROM event WHERE seq=?1", [seq], |row| row.get::<_, Hash>(0))
        .optional()
        .map_err(|error| StoreError::sqlite("read an event", error, 0))
}

/// Reads and verifies up to [`ROWS_AT_ONCE`] rows after `at`, which moves along.
fn page(
    db: &Connection,
    chain: &mut Chain,
    at: &mut Head,
    end: u64,
    each: &mut OnRow<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    let mut statement =
        db.prepare_cached(SELECT).map_err(|error| StoreError::sqlite("read events", error, at.seq))?;
    let bounds = (at.seq.cast_signed(), i64::try_from(end).unwrap_or(i64::MAX), ROWS_AT_ONCE);
    let mut rows =
        statement.query(bounds).map_err(|error| StoreError::sqlite("read events", error, at.seq))?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(ControlFlow::Continue(())),
            Err(error) => return Err(StoreError::sqlite("read events", error, at.seq)),
        };
        let damaged = |why: String| StoreError::Damaged { last_good_seq: at.seq, why };
        let row = decode(row).map_err(|why| damaged(format!("event {}: {why}", at.seq + 1)))?;
        if row.seq != at.seq + 1 {
            return Err(damaged(format!("event {} is missing, {} follows", at.seq + 1, row.seq)));
        }
        if chain.hash(&at.hash, row.seq, row.epoch, &row.entry()) != row.hash {
            return Err(damaged(format!("event {} does not match its hash", row.seq)));
        }
        *at = Head { seq: row.seq, hash: row.hash };
        if each(&row).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

fn decode<'r>(row: &'r rusqlite::Row<'_>) -> Result<Row<'r>, String> {
    let hash = match column(row, 10)? {
        Column::Blob(bytes) => Hash::try_from(bytes).map_err(|_| "its hash has another length".to_owned())?,
        _ => return Err("its hash has another type".to_owned()),
    };
    let task = match column(row, 5)? {
        Column::Null => None,
        Column::Text(bytes) => {
            Some(std::str::from_utf8(bytes).map_err(|_| "its task is not text".to_owned())?)
        }
        _ => return Err("its task has another type".to_owned()),
    };
    let Column::Blob(body) = column(row, 9)? else { return Err("its body has another type".to_owned()) };
    let narrow = |index| -> Result<Option<u32>, String> {
        match column(row, index)? {
            Column::Null => Ok(None),
            Column::Integer(number) => {
                u32::try_from(number).map(Some).map_err(|_| format!("column {index} is out of range"))
            }
            _ => Err(format!("column {index} has another type")),
        }
    };
    let wide = |index| match column(row, index)? {
        Column::Integer(number) => Ok(number),
        _ => Err(format!("column {index} has another type")),
    };
    let unsigned = |index| -> Result<u64, String> {
        u64::try_from(wide(index)?).map_err(|_| format!("column {index} is negative"))
    };
    Ok(Row {
        seq: unsigned(0)?,
        at: wide(1)?,
        mono: wide(2)?,
        epoch: unsigned(3)?,
        kind: u16::try_from(wide(4)?).map_err(|_| "its kind is out of range".to_owned())?,
        task,
        generation: narrow(6)?,
        attempt: narrow(7)?,
        tries: narrow(8)?,
        body,
        hash,
    })
}

fn column<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Column<'r>, String> {
    row.get_ref(index).map_err(|error| error.to_string())
}

/// The bytes kept under `hash`, verified.
pub(super) fn value(db: &Connection, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes: Option<Vec<u8>> = db
        .prepare_cached("SELECT bytes FROM value WHERE hash=?1")
        .and_then(|mut statement| statement.query_row([&hash[..]], |row| row.get(0)).optional())
        .map_err(|error| StoreError::sqlite("read a value", error, 0))?;
    match bytes {
        Some(bytes) if blake3::hash(&bytes).as_bytes() != hash => {
            let why = format!("value {} is not what was stored", super::super::row::hex(hash));
            Err(StoreError::Damaged { last_good_seq: 0, why })
        }
        other => Ok(other),
    }
}

/// What SQLite itself finds wrong with the file, at most 20 lines; empty when nothing.
pub(super) fn integrity(db: &Connection, thorough: bool) -> Vec<String> {
    let sql = if thorough { "PRAGMA integrity_check(20)" } else { "PRAGMA quick_check(20)" };
    let lines = db.prepare(sql).and_then(|mut statement| {
        statement.query_map((), |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
    });
    match lines {
        Ok(lines) => lines.into_iter().filter(|line| line != "ok").collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Receives a value and its hash.
pub(in super::super) type OnValue<'f> = dyn FnMut(Hash, &[u8]) -> Result<(), StoreError> + 'f;

/// A reader of a journal, also while its owner writes. Never writes, never folds the WAL back.
#[derive(Debug)]
pub struct View {
    db: Connection,
    run: String,
    /// A private copy, where the original could not be read in place; removed with the view.
    _copy: Option<disk::Scratch>,
}

impl View {
    /// Opens the journal of run `run` in `dir`.
    ///
    /// # Errors
    /// `NoRecord`, `NotOurs`, `Newer`, `Damaged` (another run's), `Busy` (its owner allows no viewers), `Io`.
    pub fn open(dir: &Path, run: &str) -> Result<View, StoreError> {
        let path = resolved(dir)?;
        let opened = View::open_file(&path, run).and_then(|view| view.check().map(|()| view));
        match opened {
            // Its making was interrupted, and only a writer can take that back; what is recorded comes after.
            Err(StoreError::ReadOnly { .. }) if disk::look(&beside(&path, "-journal"))?.is_some() => {
                Err(StoreError::NoRecord)
            }
            opened => opened,
        }
    }

    /// Opens a copy of the journal: neither it nor its companions are touched, whatever state they are in.
    pub(in super::super) fn open_copy(dir: &Path, run: &str) -> Result<View, StoreError> {
        View::copied(&resolved(dir)?, run, dir)
    }

    fn open_file(path: &Path, run: &str) -> Result<View, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let run = run.to_owned();
        let db = connect(path, flags, VIEW_CACHE)?;
        let probe = db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0));
        let Err(error) = probe else { return Ok(View { db, run, _copy: None }) };
        // A folder that cannot be written to has no place for the shared memory that a reader of a WAL needs.
        let homeless = matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
        );
        if !homeless {
            return Err(StoreError::sqlite("read the journal", error, 0));
        }
        if disk::look(&beside(path, "-wal"))?.is_some_and(|(_, length)| length > 0) {
            return View::copied(path, &run, &std::env::temp_dir());
        }
        let still = address(path, "immutable=1");
        let db = connect(Path::new(&still), flags | OpenFlags::SQLITE_OPEN_URI, VIEW_CACHE)?;
        Ok(View { db, run, _copy: None })
    }

    fn copied(path: &Path, run: &str, place: &Path) -> Result<View, StoreError> {
        if disk::look(path)?.is_none() {
            return Err(StoreError::NoRecord);
        }
        let scratch = disk::Scratch::new(place)?;
        let to = scratch.path().join(super::FILE);
        disk::copy_file(path, &to)?;
        let wal = beside(path, "-wal");
        if disk::look(&wal)?.is_some() {
            disk::copy_file(&wal, &beside(&to, "-wal"))?;
        }
        let db = connect(&to, OpenFlags::SQLITE_OPEN_READ_WRITE, VIEW_CACHE)?;
        Ok(View { db, run: run.to_owned(), _copy: Some(scratch) })
    }

    fn check(&self) -> Result<(), StoreError> {
        match schema::recognise(&self.db)? {
            Standing::Current | Standing::Older(_) => {}
        }
        check_run(&run_row(&self.db)?, &self.run)
    }

    /// Checks header, schema and run, as [`View::open`] does.
    pub(in super::super) fn recognise(&self) -> Result<(), StoreError> {
        self.check()
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The last event at this moment.
    pub fn head(&self) -> Result<Head, StoreError> {
        Ok(run_row(&self.db)?.head)
    }

    /// Number of the last session.
    pub fn epoch(&self) -> Result<u64, StoreError> {
        Ok(run_row(&self.db)?.epoch)
    }

    /// Every row after number `after`, verified, up to what was recorded when this was called. To follow a live run, call
    /// it again with the number that the last call ended with.
    pub fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError> {
        replay(&self.db, &self.run, after, each)
    }

    /// The stored hash of an event.
    pub(in super::super) fn hash_at(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        hash_of(&self.db, seq)
    }

    /// Kind and time of the last event, not verified: enough for a list of runs.
    pub fn last(&self) -> Result<Option<(u16, i64)>, StoreError> {
        Ok(last(&self.db)?.map(|(kind, at, _)| (kind, at)))
    }

    /// The number of the newest event of either kind, not verified.
    pub fn newest(&self, kinds: [u16; 2]) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT seq FROM event WHERE kind IN (?1, ?2) ORDER BY seq DESC LIMIT 1";
        let found = self.db.query_row(sql, kinds, |row| row.get::<_, i64>(0)).optional();
        let found = found.map_err(|error| StoreError::sqlite("read events", error, 0))?;
        Ok(found.map(i64::cast_unsigned))
    }

    /// The bytes kept under `hash` in the journal, verified.
    pub fn value(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        value(&self.db, hash)
    }

    /// Gives every value of the journal that is what it says it is; the hashes of the others are returned.
    pub(in super::super) fn values(&self, each: &mut OnValue<'_>) -> Result<Vec<Hash>, StoreError> {
        let read = |error| StoreError::sqlite("read values", error, 0);
        let mut bad = Vec::new();
        let mut statement = self.db.prepare("SELECT hash, bytes FROM value").map_err(read)?;
        let mut rows = statement.query(()).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let hash: Hash = row.get(0).map_err(read)?;
            match row.get_ref(1).map_err(read)? {
                Column::Blob(bytes) if *blake3::hash(bytes).as_bytes() == hash => each(hash, bytes)?,
                _ => bad.push(hash),
            }
        }
        Ok(bad)
    }

    /// What SQLite itself finds wrong, at most 20 lines.
    pub fn integrity(&self) -> Vec<String> {
        integrity(&self.db, true)
    }

    /// Whether the run has ended: its last event is `run_ended`.
    pub fn has_ended(&self) -> Result<bool, StoreError> {
        Ok(self.last()?.is_some_and(|(kind, _)| kind == kinds::RUN_ENDED))
    }
}

/// What may stand once and does, not verified. What cannot be read is found elsewhere.
pub(super) fn once(db: &Connection) -> Once {
    let mut once = Once::default();
    let sql = "SELECT seq, at, mono, epoch, kind, task, generation, attempt, try, body, hash FROM event";
    if let Ok(mut statement) = db.prepare(sql)
        && let Ok(mut rows) = statement.query(())
    {
        while let Ok(Some(row)) = rows.next() {
            if let Ok(row) = decode(row) {
                let _ = once.add(&[row.entry()]);
            }
        }
    }
    once
}

/// Kind, time and number of an event.
pub(super) type Brief = (u16, i64, u64);

/// The last event, not verified.
pub(super) fn last(db: &Connection) -> Result<Option<Brief>, StoreError> {
    let sql = "SELECT kind, at, seq FROM event ORDER BY seq DESC LIMIT 1";
    db.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned())))
        .optional()
        .map_err(|error| StoreError::sqlite("read the last event", error, 0))
}
