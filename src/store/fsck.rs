//! Looking at a whole record: chain, SQLite's own checks, the copied head, values; and saving what is good of a bad one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::head::{self, HeadCheck};
use super::journal::Durability;
use super::lock::RunLock;
use super::once::Once;
use super::project::RunDir;
use super::row::{Hash, Head, hex, unhex};
use super::sqlite::{OwnerOptions, SqliteJournal, View};
use super::{disk, values};

/// What a check found.
#[derive(Debug)]
pub struct Report {
    pub run: String,
    /// The last good event.
    pub good: Head,
    /// Why the events after it cannot be trusted.
    pub damage: Option<String>,
    /// What SQLite says of its file.
    pub file: Vec<String>,
    /// How the journal stands to the copy of its head.
    pub head: HeadCheck,
    /// Number of values that were looked at.
    pub values: usize,
    /// Values that events name and that are gone or changed.
    pub lost_values: Vec<String>,
    /// Files that nothing names: what a crash left, or values of events that were never committed. Harmless.
    pub leftovers: Vec<PathBuf>,
}

impl Report {
    /// Whether the whole record can be trusted. Leftovers and an honestly lost tail do not count against it.
    pub fn is_good(&self) -> bool {
        self.damage.is_none()
            && self.file.is_empty()
            && self.lost_values.is_empty()
            && !matches!(self.head, HeadCheck::Cut { .. })
    }
}

/// Checks the record of a run, which may be running. Writes nothing.
///
/// # Errors
/// When there is no journal that can be read at all: `NoRecord`, `NotOurs`, `Newer`, `Damaged` (another run's), `Io`.
pub fn check(dir: &RunDir) -> Result<Report, StoreError> {
    // Before the journal: a runner may add to both meanwhile.
    let note = head::read(dir.path())?;
    let view = View::open(dir.path(), dir.id()).map_err(|error| match (error, &note) {
        (StoreError::NoRecord, Some(note)) if note.head.seq > 0 => {
            StoreError::Damaged { last_good_seq: 0, why: "the journal is gone".to_owned() }
        }
        (error, _) => error,
    })?;
    let mut good = Head::EMPTY;
    let mut named = Named::default();
    let (mut once, mut twice) = (Once::default(), None);
    let read = view.replay(0, &mut |row| {
        if let Err(error) = once.add(&[row.entry()]) {
            twice = Some(format!("event {}: {error}", row.seq));
            return ControlFlow::Break(());
        }
        good = Head { seq: row.seq, hash: row.hash };
        named.collect(row.body);
        ControlFlow::Continue(())
    });
    let damage = match read {
        Ok(_) => twice,
        Err(StoreError::Damaged { why, .. }) => Some(why),
        Err(error) => return Err(error),
    };
    let head = match &damage {
        // The journal's own head may be what is wrong: what counts is how far it is good.
        Some(_) => head::compare(note.as_ref(), good, |seq| Ok(view.hash_at(seq).ok().flatten()))?,
        None => head::compare(note.as_ref(), good, |seq| view.hash_at(seq))?,
    };
    let values = named.kept.len() + named.blobs.len();
    let lost_values = named.lost(dir, &view);
    let leftovers = leftovers(dir, &named.blobs)?;
    let file = view.integrity();
    Ok(Report { run: dir.id().to_owned(), good, damage, file, head, values, lost_values, leftovers })
}

/// The values that events name.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) kept: BTreeSet<(Hash, u64)>,
    pub(super) blobs: BTreeSet<(Hash, u64)>,
}

impl Named {
    /// Finds the references in an event's body by the form in which they are written; no string can hold that form, for its
    /// quotes are escaped there.
    pub(super) fn collect(&mut self, body: &[u8]) {
        for (label, set) in [(&b"\"blob\":\""[..], &mut self.blobs), (&b"\"kept\":\""[..], &mut self.kept)] {
            let mut rest = body;
            while let Some(at) = find(rest, label) {
                rest = &rest[at + label.len()..];
                let Some(hash) = rest.get(..64).and_then(unhex) else { continue };
                let digits = rest[64..].strip_prefix(b"\",\"len\":").unwrap_or_default();
                let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).take(19);
                set.insert((hash, len.fold(0, |len, digit| len * 10 + u64::from(digit - b'0'))));
            }
        }
    }

    fn lost(&self, dir: &RunDir, view: &View) -> Vec<String> {
        let kept = self.kept.iter().filter(|(hash, _)| !matches!(view.value(hash), Ok(Some(_))));
        let blobs =
            self.blobs.iter().filter(|(hash, len)| values::open_blob(&dir.blobs(), hash, *len).is_err());
        kept.chain(blobs).map(|(hash, _)| hex(hash)).collect()
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Files of the run's folder that nothing names.
pub(super) fn leftovers(dir: &RunDir, named: &BTreeSet<(Hash, u64)>) -> Result<Vec<PathBuf>, StoreError> {
    let names: BTreeSet<String> = named.iter().map(|(hash, _)| hex(hash)).collect();
    let mut found = Vec::new();
    for folder in [dir.path().to_owned(), dir.inbox(), dir.blobs()] {
        let is_blobs = folder == dir.blobs();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::at("list", &folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::at("list", &folder, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(disk::TEMP_PREFIX) || is_blobs && !names.contains(name.as_ref()) {
                found.push(entry.path());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The last event that was saved.
    pub kept: u64,
    /// Why the copying ended there.
    pub why: String,
    /// Values that could not be saved.
    pub lost_values: Vec<String>,
    /// Folder with the damaged files, byte for byte.
    pub original: PathBuf,
}

/// Puts a new journal with the good events of a damaged one in its place; the damaged files are kept beside it. `None`
/// when the journal is good. The lock keeps runners away.
///
/// # Errors
/// Where not even the file's header and schema can be read, nothing can be saved: the error says what they are.
pub fn repair(dir: &RunDir, lock: &RunLock) -> Result<Option<Repaired>, StoreError> {
    if lock.run() != dir.id() {
        return Err(StoreError::BadEntry { why: "the lock is that of another run" });
    }
    let report_good = check(dir).is_ok_and(|report| report.is_good());
    if report_good {
        return Ok(None);
    }
    let note = head::read(dir.path())?;
    let source = View::open_copy(dir.path(), dir.id())?;
    source.recognise()?;
    let scratch = disk::Scratch::new(dir.path())?;
    let options = OwnerOptions { durability: Durability::Power, exclusive: false };
    let mut copy = SqliteJournal::create(scratch.path(), dir.id(), options)?;
    let (damage, bad) = copy.copy_from(&source, u64::MAX)?;
    let kept = super::Journal::head(&copy);
    super::Journal::close(Box::new(copy))?;
    let original = set_aside(dir)?;
    put_in_place(dir, &scratch)?;
    head::HeadFile::open(dir.path())?.note(kept, true)?;
    disk::sync_dir(dir.path())?;
    let why = match (damage, note) {
        (Some(damage), _) => damage.to_string(),
        (None, Some(note)) if note.head.seq > kept.seq => {
            format!("it ended there, but event {} was noted outside", note.head.seq)
        }
        (None, _) => "its events are good, but not the file around them".to_owned(),
    };
    Ok(Some(Repaired { kept: kept.seq, why, lost_values: bad.iter().map(hex).collect(), original }))
}

/// The journal's files, the one that must go last first.
const FILES: [&str; 4] = ["run.db", "run.db-wal", "run.db-shm", head::FILE];

/// Gives the damaged files a second name in a new folder.
fn set_aside(dir: &RunDir) -> Result<PathBuf, StoreError> {
    let mut number = 1;
    let folder = loop {
        let folder = dir.path().join(format!("damaged-{number}"));
        if disk::look(&folder)?.is_none() {
            break folder;
        }
        number += 1;
    };
    disk::new_dir(&folder)?;
    for name in FILES {
        let from = dir.path().join(name);
        if disk::look(&from)?.is_some() {
            let to = folder.join(name);
            std::fs::hard_link(&from, &to)
                .or_else(|_| std::fs::copy(&from, &to).map(|_| ()))
                .map_err(|error| StoreError::at("keep the damaged file", &from, error))?;
        }
    }
    disk::sync_dir(&folder)?;
    Ok(folder)
}

/// Renames the new journal over the old one. Its companions go first: SQLite would read the old WAL into the new file.
fn put_in_place(dir: &RunDir, scratch: &disk::Scratch) -> Result<(), StoreError> {
    for name in &FILES[1..] {
        remove_if_there(&dir.path().join(name))?;
    }
    let to = dir.path().join(FILES[0]);
    std::fs::rename(scratch.path().join(FILES[0]), &to)
        .map_err(|error| StoreError::at("rename to", &to, error))
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::at("remove", path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ValueRef;

    #[test]
    fn references_are_found_in_bodies_and_not_in_strings() {
        let hash = *blake3::hash(b"v").as_bytes();
        let blob = serde_json::to_string(&ValueRef::Blob { hash, len: 70_000 }).unwrap();
        let kept = serde_json::to_string(&ValueRef::Kept { hash, len: 600 }).unwrap();
        let text = serde_json::to_string(&blob).unwrap();
        let mut named = Named::default();
        named.collect(format!("{{\"a\":{blob},\"b\":[{kept}],\"c\":{text}}}").as_bytes());
        assert_eq!(named.blobs, BTreeSet::from([(hash, 70_000)]));
        assert_eq!(named.kept, BTreeSet::from([(hash, 600)]));
        let mut none = Named::default();
        none.collect(format!("{{\"c\":{text},\"blob\":\"12\"}}").as_bytes());
        assert!(none.blobs.is_empty());
    }
}
