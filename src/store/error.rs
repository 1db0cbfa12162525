//! What can go wrong with durable memory, told apart by what a caller has to do about it.

use std::fmt;
use std::path::Path;

use super::lock::LockHolder;

/// A failure of the store. `Display` is one line for people; [`StoreError::exit_code`] is the status of the process.
#[derive(Debug)]
pub enum StoreError {
    /// The system refused or failed; `doing` says during what.
    Io { doing: String, source: std::io::Error },
    /// No space is left, or a quota or size limit was met. Nothing of the turn was written; it may be tried again.
    Full { doing: String },
    /// The place cannot be written to.
    ReadOnly { doing: String },
    /// The record is not what was written. `last_good_seq` is the last event that can be trusted (0: none).
    Damaged { last_good_seq: u64, why: String },
    /// Written by a later version of the program, with this schema number.
    Newer { found: i64 },
    /// It is not a journal of ours.
    NotOurs { why: String },
    /// A run folder without a journal: it was never started.
    NoRecord,
    /// Another runner took the run over: stop everything, write nothing.
    Fenced,
    /// Another runner holds the run.
    Locked(Box<LockHolder>),
    /// The journal is locked by another connection for longer than the waiting time.
    Busy,
    /// An event that may stand only once stands already; nothing of the turn was written. A fault of the caller.
    Duplicate { why: String },
    /// An entry lacks what its kind needs. A fault of the caller.
    BadEntry { why: &'static str },
    /// A write ended without a known outcome earlier; this journal takes nothing more until it is opened again.
    Poisoned { why: String },
    /// No run, or more than one, answers to this name.
    NoSuchRun { name: String, candidates: Vec<String> },
    /// Something larger than its limit, in bytes.
    TooLarge { what: String, limit: u64 },
}

impl StoreError {
    /// The exit code of the process: 2 wrong use, 4 another runner, 5 damaged or newer record, 6 storage failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            StoreError::NoSuchRun { .. } | StoreError::NoRecord => 2,
            StoreError::Fenced | StoreError::Locked(_) => 4,
            StoreError::Damaged { .. } | StoreError::Newer { .. } | StoreError::NotOurs { .. } => 5,
            StoreError::Io { .. }
            | StoreError::Full { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::Busy
            | StoreError::Poisoned { .. }
            | StoreError::Duplicate { .. }
            | StoreError::BadEntry { .. }
            | StoreError::TooLarge { .. } => 6,
        }
    }

    /// Classifies an error of the file system.
    pub(super) fn io(doing: impl Into<String>, source: std::io::Error) -> StoreError {
        let doing = doing.into();
        match source.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => StoreError::Full { doing },
            Some(libc::EROFS | libc::EACCES | libc::EPERM) => StoreError::ReadOnly { doing },
            _ => StoreError::Io { doing, source },
        }
    }

    /// The same, with the path in the message.
    pub(super) fn at(doing: &str, path: &Path, source: std::io::Error) -> StoreError {
        StoreError::io(format!("{doing} {}", path.display()), source)
    }

    /// Classifies an error of SQLite. `last_good_seq` is what the caller has verified so far.
    pub(super) fn sqlite(doing: &str, error: rusqlite::Error, last_good_seq: u64) -> StoreError {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        let other =
            |text: String| StoreError::Io { doing: doing.to_owned(), source: std::io::Error::other(text) };
        let rusqlite::Error::SqliteFailure(failure, message) = error else {
            // A column of another type, a missing row: the file does not hold what the schema promises.
            return StoreError::Damaged { last_good_seq, why: format!("{doing}: {text}") };
        };
        if failure.extended_code == rusqlite::ffi::SQLITE_READONLY_DBMOVED {
            return StoreError::Damaged { last_good_seq, why: "the journal was moved while open".to_owned() };
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "SQLite's codes, of which a few need their own answer"
        )]
        match failure.code {
            Code::DiskFull => StoreError::Full { doing: doing.to_owned() },
            Code::ReadOnly | Code::PermissionDenied => StoreError::ReadOnly { doing: doing.to_owned() },
            Code::DatabaseCorrupt => StoreError::Damaged { last_good_seq, why: format!("{doing}: {text}") },
            Code::NotADatabase => StoreError::NotOurs { why: "it is not an SQLite file".to_owned() },
            Code::DatabaseBusy | Code::DatabaseLocked => StoreError::Busy,
            Code::ConstraintViolation => StoreError::Duplicate { why: message.unwrap_or(text) },
            Code::TooBig => StoreError::Damaged { last_good_seq, why: format!("{doing}: {text}") },
            Code::SystemIoFailure => {
                other("the disk refused (over a quota, over a size limit, or failing)".to_owned())
            }
            _ => other(text),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Io { doing, source } => {
                let text = source.to_string();
                write!(f, "{doing}: {}", text.split(" (os error").next().unwrap_or(&text))
            }
            StoreError::Full { doing } => write!(f, "{doing}: no space left"),
            StoreError::ReadOnly { doing } => write!(f, "{doing}: not allowed to write here"),
            StoreError::Damaged { last_good_seq: 0, why } => write!(f, "the record is damaged: {why}"),
            StoreError::Damaged { last_good_seq, why } => {
                write!(f, "the record is damaged after event {last_good_seq}: {why}")
            }
            StoreError::Newer { found } => {
                write!(f, "the record has schema {found}; this flowc knows up to {}", super::SCHEMA)
            }
            StoreError::NotOurs { why } => write!(f, "not a journal of flowc: {why}"),
            StoreError::NoRecord => f.write_str("nothing was recorded in this run"),
            StoreError::Fenced => f.write_str("another runner has taken this run over"),
            StoreError::Locked(holder) => write!(f, "another runner has this run: {holder}"),
            StoreError::Busy => f.write_str("the journal is locked by another connection"),
            StoreError::Duplicate { why } => write!(f, "recorded already: {why}"),
            StoreError::BadEntry { why } => write!(f, "an event cannot be recorded: {why}"),
            StoreError::Poisoned { why } => {
                write!(
                    f,
                    "an earlier write to the record has an unknown outcome ({why}); nothing more is written"
                )
            }
            StoreError::NoSuchRun { name, candidates } if candidates.is_empty() => {
                write!(f, "there is no run `{name}`")
            }
            StoreError::NoSuchRun { name, candidates } => {
                write!(f, "`{name}` could be any of: {}", candidates.join(", "))
            }
            StoreError::TooLarge { what, limit } => write!(f, "{what} is larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let StoreError::Io { source, .. } = self { Some(source) } else { None }
    }
}
