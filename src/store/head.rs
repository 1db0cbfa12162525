//! The journal's head, copied outside: a chain of hashes cannot see that its tail is gone, this copy does.
//!
//! The file has two places that are written in turn, so that a torn write leaves the other one. It is not synced: it may be
//! older than the journal, never younger than what the journal had on the disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::disk;
use super::error::StoreError;
use super::lock::boot_id;
use super::row::{Head, hex, unhex};

/// Name of the file in a run's folder.
pub(super) const FILE: &str = "head";

/// Bytes of one place.
const SLOT: usize = 192;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadNote {
    pub(super) head: Head,
    /// Whether the journal was on the disk up to there; if not, a loss of power may have cut it honestly.
    pub(super) synced: bool,
    pub(super) boot: String,
}

/// The open file.
#[derive(Debug)]
pub(super) struct HeadFile {
    file: File,
    boot: String,
    second: bool,
}

impl HeadFile {
    pub(super) fn open(dir: &Path) -> Result<HeadFile, StoreError> {
        Ok(HeadFile { file: disk::ensure_file(&dir.join(FILE))?, boot: boot_id(), second: false })
    }

    /// Notes `head`, in one small write.
    pub(super) fn note(&mut self, head: Head, synced: bool) -> Result<(), StoreError> {
        let note = HeadNote { head, synced, boot: self.boot.clone() };
        let offset = if self.second { SLOT as u64 } else { 0 };
        self.second = !self.second;
        let line = render(&note);
        self.file
            .write_all_at(&line, offset)
            .map_err(|error| StoreError::io("note the journal's head", error))
    }
}

fn render(note: &HeadNote) -> Vec<u8> {
    let synced = if note.synced { "disk" } else { "kernel" };
    let mut text = format!("flow-head1 {} {} {synced} {}", note.head.seq, hex(&note.head.hash), note.boot);
    text.truncate(SLOT - 20);
    let check = hex(blake3::hash(text.as_bytes()).as_bytes());
    text.push(' ');
    text.push_str(&check[..16]);
    while text.len() < SLOT - 1 {
        text.push(' ');
    }
    text.push('\n');
    text.into_bytes()
}

fn parse(slot: &[u8]) -> Option<HeadNote> {
    let text = std::str::from_utf8(slot).ok()?.trim_end();
    let (said, check) = text.rsplit_once(' ')?;
    if hex(blake3::hash(said.as_bytes()).as_bytes()).get(..16)? != check {
        return None;
    }
    let mut words = said.split(' ');
    if words.next()? != "flow-head1" {
        return None;
    }
    let seq = words.next()?.parse().ok()?;
    let hash = unhex(words.next()?.as_bytes())?;
    let synced = words.next()? == "disk";
    Some(HeadNote { head: Head { seq, hash }, synced, boot: words.next().unwrap_or_default().to_owned() })
}

/// The newest of what the file in `dir` says; `None` when it says nothing that holds.
pub(super) fn read(dir: &Path) -> Result<Option<HeadNote>, StoreError> {
    let Some(bytes) = disk::read_small(&dir.join(FILE), 4096)? else { return Ok(None) };
    Ok(bytes.chunks(SLOT).filter_map(parse).max_by_key(|note| note.head.seq))
}

/// How a journal stands to the copy of its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadCheck {
    /// There is no copy, or the journal has the event that it names.
    Agrees,
    /// The journal ends before the noted event, and a loss of power can have done that: nothing beyond was promised.
    LostTail { noted: u64, found: u64 },
    /// The journal ends before the noted event, or has another one in its place.
    Cut { noted: u64, found: u64 },
}

/// Compares the copy with a journal that ends with `head` and has, under the noted number, the event that `hash_at` gives.
/// Of a run that is being written to, the copy is to be read before the journal's head.
pub(super) fn compare(
    note: Option<&HeadNote>,
    head: Head,
    hash_at: impl FnOnce(u64) -> Result<Option<super::row::Hash>, StoreError>,
) -> Result<HeadCheck, StoreError> {
    let Some(note) = note else { return Ok(HeadCheck::Agrees) };
    let (noted, found) = (note.head.seq, head.seq);
    if noted > found {
        let by_power = !note.synced && note.boot != boot_id();
        return Ok(if by_power {
            HeadCheck::LostTail { noted, found }
        } else {
            HeadCheck::Cut { noted, found }
        });
    }
    if noted > 0 && hash_at(noted)? != Some(note.head.hash) {
        return Ok(HeadCheck::Cut { noted, found });
    }
    Ok(HeadCheck::Agrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64) -> Head {
        Head { seq, hash: *blake3::hash(&seq.to_le_bytes()).as_bytes() }
    }

    #[test]
    fn the_newest_whole_place_counts() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        let mut file = HeadFile::open(dir.path()).unwrap();
        for seq in 1..=3 {
            file.note(head(seq), true).unwrap();
        }
        assert_eq!(read(dir.path()).unwrap().unwrap().head, head(3));
        file.file.write_all_at(b"torn", 20).unwrap();
        assert_eq!(read(dir.path()).unwrap().unwrap().head, head(2));
    }

    #[test]
    fn a_shorter_journal_is_cut_unless_power_was_lost() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = HeadFile::open(dir.path()).unwrap();
        file.note(head(9), false).unwrap();
        let check = |end, hash_at: &dyn Fn(u64) -> Result<Option<[u8; 32]>, StoreError>| {
            compare(read(dir.path()).unwrap().as_ref(), end, hash_at)
        };
        let stored = &|seq| Ok(Some(head(seq).hash));
        assert_eq!(check(head(9), stored).unwrap(), HeadCheck::Agrees);
        assert_eq!(check(head(12), stored).unwrap(), HeadCheck::Agrees);
        assert_eq!(check(head(7), stored).unwrap(), HeadCheck::Cut { noted: 9, found: 7 });
        let other = &|_| Ok(Some([7; 32]));
        assert_eq!(check(head(12), other).unwrap(), HeadCheck::Cut { noted: 9, found: 12 });
        file.boot = "another".to_owned();
        file.note(head(10), false).unwrap();
        assert_eq!(check(head(7), stored).unwrap(), HeadCheck::LostTail { noted: 10, found: 7 });
        file.note(head(11), true).unwrap();
        assert_eq!(check(head(7), stored).unwrap(), HeadCheck::Cut { noted: 11, found: 7 });
    }
}
