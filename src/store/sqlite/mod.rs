//! The journal in an SQLite file: how a connection is opened by the house rules, for the owner and for viewers.

mod read;
mod schema;
mod write;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::disk;
use super::error::StoreError;

pub use read::View;
pub use write::SqliteJournal;

/// Name of the journal in a run's folder.
pub(super) const FILE: &str = "run.db";

/// Bytes in a page: small commits touch four pages, so a small page makes a small commit.
const PAGE: i64 = 4096;

/// The first SQLite in which a WAL that is reset while it is read cannot lose a commit.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a connection waits for another one's transaction. They are short; only an owner that allows no viewers keeps
/// its lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the owner opens a journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnerOptions {
    pub(super) durability: super::Durability,
    /// No shared memory, no viewers: for file systems that several machines see.
    pub(super) exclusive: bool,
}

/// The file's path with every link in it resolved, as SQLite's refusal of links needs it.
fn resolved(dir: &Path) -> Result<PathBuf, StoreError> {
    let dir = dir.canonicalize().map_err(|error| StoreError::at("open folder", dir, error))?;
    Ok(dir.join(FILE))
}

/// The companion of a database file that ends with `suffix`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a connection and makes it distrust the file.
pub(super) fn connect(path: &Path, flags: OpenFlags, cache_kib: i64) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Io {
            doing: "open the journal".to_owned(),
            source: std::io::Error::other(format!("SQLite {} is too old", rusqlite::version())),
        });
    }
    // SQLite follows no links, but would wait for ever at a pipe.
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal")] {
        if file.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
            return Err(StoreError::NotOurs { why: format!("{} is not a regular file", file.display()) });
        }
    }
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let opened = Connection::open_with_flags(path, flags).map_err(|error| refused(path, error))?;
    house_rules(&opened, cache_kib).map_err(|error| StoreError::sqlite("open the journal", error, 0))?;
    Ok(opened)
}

/// Says why a file could not be opened better than SQLite's "unable to open".
fn refused(path: &Path, error: rusqlite::Error) -> StoreError {
    match disk::look(path) {
        Ok(None) => StoreError::NoRecord,
        Ok(Some(_)) | Err(_) => StoreError::sqlite("open the journal", error, 0),
    }
}

fn house_rules(db: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // Only the owner folds the WAL back, on purpose and with its errors looked at.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(super::MAX_BODY + 4096).unwrap_or(i32::MAX))?;
    db.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000)?;
    db.set_limit(Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 2)?;
    db.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.query_row("PRAGMA mmap_size=0", (), |_| Ok(())).or_else(no_rows)?;
    db.query_row("PRAGMA wal_autocheckpoint=0", (), |_| Ok(()))
}

/// A pragma that may answer nothing.
fn no_rows(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) }
}

/// A `file:` address with the path's bytes escaped.
fn address(path: &Path, query: &str) -> String {
    let mut text = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text.push('?');
    text.push_str(query);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_sqlite_is_new_enough() {
        assert!(rusqlite::version_number() >= OLDEST_SQLITE);
    }

    #[test]
    fn an_address_escapes_what_has_a_meaning() {
        assert_eq!(address(Path::new("/a b/%?#"), "x=1"), "file:/a%20b/%25%3F%23?x=1");
    }

    #[test]
    fn the_rules_hold_on_a_connection() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("x.db");
        disk::new_file(&path).unwrap();
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, 512).unwrap();
        let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("cell_size_check"), 1);
        assert_eq!(number("trusted_schema"), 0);
        assert_eq!(number("cache_size"), -512);
        assert_eq!(number("wal_autocheckpoint"), 0);
        assert!(db.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap());
        assert!(db.db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).unwrap());
    }
}
