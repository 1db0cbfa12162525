//! The shape of a journal file: its tables, how one is made, recognised and brought up to date.

use std::path::Path;

use rusqlite::Connection;

use super::super::error::StoreError;
use super::super::row::GENESIS;

/// `FLOW`: what tells our files from other SQLite files.
pub(super) const APPLICATION: i64 = 0x464C_4F57;

/// The schema of a journal, one object a line, exactly as SQLite keeps the text: a file with anything more, less or
/// different (a trigger, a view, a generated column) is not trusted.
///
/// That a task settles once a generation, and an attempt begins once a try, is no index: it would double the pages that a
/// small commit writes. The scheduler refuses such an event before it is written and at every replay; `fsck` looks too.
const OBJECTS: [&str; 5] = [
    "CREATE TABLE run(one INTEGER PRIMARY KEY CHECK(one=1), id TEXT NOT NULL, epoch INTEGER NOT NULL, \
     seq INTEGER NOT NULL, head BLOB NOT NULL CHECK(length(head)=32)) STRICT",
    "CREATE TABLE event(seq INTEGER PRIMARY KEY CHECK(seq>0), at INTEGER NOT NULL, mono INTEGER NOT NULL, \
     epoch INTEGER NOT NULL, kind INTEGER NOT NULL, task TEXT, generation INTEGER, attempt INTEGER, try INTEGER, \
     body BLOB NOT NULL, hash BLOB NOT NULL CHECK(length(hash)=32)) STRICT",
    "CREATE TRIGGER event_fixed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT,'journal is append-only'); END",
    "CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT,'journal is append-only'); END",
    "CREATE TABLE value(hash BLOB PRIMARY KEY CHECK(length(hash)=32), bytes BLOB NOT NULL) STRICT, WITHOUT ROWID",
];

/// What schemas 1 and 2 had beside these: nothing was ever written into it.
const SNAPSHOT_2: &str =
    "CREATE TABLE snapshot(seq INTEGER PRIMARY KEY, state BLOB NOT NULL, hash BLOB NOT NULL) STRICT";

/// What schema 1 had beside that.
const INDEXES_1: [&str; 2] = [
    "CREATE UNIQUE INDEX settled_once ON event(task, generation) WHERE kind=30",
    "CREATE UNIQUE INDEX began_once ON event(task, generation, attempt, try) WHERE kind=20",
];

/// One step from a schema to the next: the number that it begins with and what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    pub(super) from: i64,
    pub(super) sql: &'static str,
}

/// The steps from every released schema, oldest first. Schema 1 is the first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { from: 1, sql: "DROP INDEX settled_once; DROP INDEX began_once" },
    Migration { from: 2, sql: "DROP TABLE snapshot" },
];

/// Makes the tables of an empty file, in one transaction.
pub(super) fn create(db: &Connection, run: &str) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    for object in OBJECTS {
        db.execute_batch(object)?;
    }
    db.execute("INSERT INTO run(one, id, epoch, seq, head) VALUES(1, ?1, 0, 0, ?2)", (run, &GENESIS[..]))?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", super::super::SCHEMA)?;
    db.execute_batch("COMMIT")
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Our current schema, object for object.
    Current,
    /// Ours, with an earlier schema: what is read of it is the same.
    Older(i64),
}

/// Recognises a journal.
pub(super) fn recognise(db: &Connection) -> Result<Standing, StoreError> {
    let read = |error| StoreError::sqlite("read the journal's header", error, 0);
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(read)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(read)?;
    if application != APPLICATION {
        let objects: i64 =
            db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(read)?;
        if application == 0 && objects == 0 {
            return Err(StoreError::NoRecord);
        }
        return Err(StoreError::NotOurs { why: "its application id is another".to_owned() });
    }
    if version > super::super::SCHEMA {
        return Err(StoreError::Newer { found: version });
    }
    let more: &[&str] = match version {
        super::super::SCHEMA => &[],
        2 => &[SNAPSHOT_2],
        1 => &[SNAPSHOT_2, INDEXES_1[0], INDEXES_1[1]],
        _ => return Err(StoreError::NotOurs { why: format!("schema {version} was never released") }),
    };
    let expected: Vec<&str> = OBJECTS.iter().chain(more).copied().collect();
    check_objects(db, version, expected)?;
    Ok(if version == super::super::SCHEMA { Standing::Current } else { Standing::Older(version) })
}

fn check_objects(db: &Connection, version: i64, mut expected: Vec<&str>) -> Result<(), StoreError> {
    let read = |error| StoreError::sqlite("read the journal's schema", error, 0);
    let mut found = Vec::with_capacity(expected.len());
    let mut statement = db.prepare("SELECT sql FROM sqlite_schema").map_err(read)?;
    let mut rows = statement.query(()).map_err(read)?;
    while let Some(row) = rows.next().map_err(read)? {
        let sql: Option<String> = row.get(0).map_err(read)?;
        found.push(sql.unwrap_or_default());
    }
    expected.sort_unstable();
    found.sort_unstable();
    if found == expected {
        return Ok(());
    }
    let strange = found.iter().find(|sql| !expected.contains(&sql.as_str()));
    let missing = expected.iter().find(|sql| !found.iter().any(|other| other == *sql));
    let what = strange.map(String::as_str).or(missing.copied()).unwrap_or("a repeated object");
    let what: String = what.chars().take(60).collect();
    Err(StoreError::NotOurs { why: format!("its schema is not the one of version {version}: {what}") })
}

/// Brings a file of schema `from` up to `to`: a whole copy beside it first, then all steps in one transaction.
pub(super) fn migrate(
    db: &Connection,
    path: &Path,
    from: i64,
    to: i64,
    steps: &[Migration],
) -> Result<(), StoreError> {
    let mut chain = Vec::new();
    let mut at = from;
    while at < to {
        let Some(step) = steps.iter().find(|step| step.from == at) else {
            return Err(StoreError::NotOurs { why: format!("schema {at} was never released") });
        };
        chain.push(step.sql);
        at += 1;
    }
    let mut backup = path.as_os_str().to_owned();
    backup.push(format!(".schema{from}"));
    let backup = Path::new(&backup);
    if super::super::disk::look(backup)?.is_some() {
        // Left by a migration that did not end; the journal itself is whole, so it is made anew.
        std::fs::remove_file(backup).map_err(|error| StoreError::at("remove", backup, error))?;
    }
    let failed = |error| StoreError::sqlite("bring the journal up to date", error, 0);
    db.execute("VACUUM INTO ?1", [backup.to_string_lossy()]).map_err(failed)?;
    db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let done = chain
        .iter()
        .try_for_each(|sql| db.execute_batch(sql))
        .and_then(|()| db.pragma_update(None, "user_version", to))
        .and_then(|()| db.execute_batch("COMMIT"));
    if let Err(error) = done {
        let _ = db.execute_batch("ROLLBACK");
        return Err(failed(error));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_keeps_a_copy_and_is_all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE old(x); INSERT INTO old VALUES(7)").unwrap();
        let good = Migration { from: 0, sql: "ALTER TABLE old RENAME TO new" };
        let bad = Migration { from: 0, sql: "ALTER TABLE old RENAME TO new; SELECT nothing FROM nowhere" };
        assert!(migrate(&db, &path, 0, 1, &[bad]).is_err());
        assert_eq!(db.query_row("SELECT x FROM old", (), |row| row.get::<_, i64>(0)).unwrap(), 7);
        migrate(&db, &path, 0, 1, &[good]).unwrap();
        assert_eq!(db.query_row("SELECT x FROM new", (), |row| row.get::<_, i64>(0)).unwrap(), 7);
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 1);
        let copy = Connection::open(dir.path().join("old.db.schema0")).unwrap();
        assert_eq!(copy.query_row("SELECT x FROM old", (), |row| row.get::<_, i64>(0)).unwrap(), 7);
    }

    #[test]
    fn journals_of_earlier_schemas_are_read_and_brought_up_to_date() {
        for version in [1, 2] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("run.db");
            let db = Connection::open(&path).unwrap();
            create(&db, "r").unwrap();
            db.execute_batch(SNAPSHOT_2).unwrap();
            if version == 1 {
                INDEXES_1.iter().for_each(|index| db.execute_batch(index).unwrap());
            }
            db.pragma_update(None, "user_version", version).unwrap();
            assert_eq!(recognise(&db).unwrap(), Standing::Older(version));
            migrate(&db, &path, version, super::super::super::SCHEMA, MIGRATIONS).unwrap();
            assert_eq!(recognise(&db).unwrap(), Standing::Current);
        }
    }

    #[test]
    fn a_schema_that_was_never_released_is_refused() {
        let db = Connection::open_in_memory().unwrap();
        let error = migrate(&db, Path::new("/nowhere"), 0, 1, MIGRATIONS).unwrap_err();
        assert_eq!(error.exit_code(), 5);
    }

    #[test]
    fn a_created_file_is_recognised_and_a_strange_object_is_not() {
        let db = Connection::open_in_memory().unwrap();
        create(&db, "r").unwrap();
        assert_eq!(recognise(&db).unwrap(), Standing::Current);
        db.execute_batch("CREATE VIEW v AS SELECT 1").unwrap();
        assert!(matches!(recognise(&db), Err(StoreError::NotOurs { .. })));
    }
}
