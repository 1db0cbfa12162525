//! Values by size: small ones ride in the event, middle ones in the journal's table, large ones in files by their hash.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::StoreError;
use super::journal::Durability;
use super::row::{Hash, hex, unhex};
use super::{MAX_INLINE, MAX_KEPT, disk};

/// Where the bytes of a value are. Its JSON form stands in the bodies of events: a string (the bytes themselves),
/// `{"hex": …}` (bytes that are no text), `{"kept": hash, "len": n}` or `{"blob": hash, "len": n}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueRef {
    /// Here, at most [`MAX_INLINE`] bytes.
    Inline(Box<[u8]>),
    /// In the journal's table of values.
    Kept { hash: Hash, len: u64 },
    /// In a file of the run's folder `blobs`.
    Blob { hash: Hash, len: u64 },
}

impl ValueRef {
    /// Length of the value in bytes.
    pub fn len(&self) -> u64 {
        match self {
            ValueRef::Inline(bytes) => bytes.len() as u64,
            ValueRef::Kept { len, .. } | ValueRef::Blob { len, .. } => *len,
        }
    }

    /// Whether the value has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hash of the value's bytes.
    pub fn hash(&self) -> Hash {
        match self {
            ValueRef::Inline(bytes) => *blake3::hash(bytes).as_bytes(),
            ValueRef::Kept { hash, .. } | ValueRef::Blob { hash, .. } => *hash,
        }
    }
}

/// The JSON form of everything that is not text.
#[derive(Serialize, Deserialize)]
struct Elsewhere {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Elsewhere(Elsewhere),
}

impl Serialize for ValueRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nothing = Elsewhere { hex: None, kept: None, blob: None, len: None };
        match self {
            ValueRef::Inline(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => {
                    let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    Elsewhere { hex: Some(digits), ..nothing }.serialize(serializer)
                }
            },
            ValueRef::Kept { hash, len } => {
                Elsewhere { kept: Some(hex(hash)), len: Some(*len), ..nothing }.serialize(serializer)
            }
            ValueRef::Blob { hash, len } => {
                Elsewhere { blob: Some(hex(hash)), len: Some(*len), ..nothing }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for ValueRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ValueRef, D::Error> {
        let elsewhere = match Wire::deserialize(deserializer)? {
            Wire::Text(text) => return Ok(ValueRef::Inline(text.into_bytes().into())),
            Wire::Elsewhere(elsewhere) => elsewhere,
        };
        let digest = |text: &str| unhex(text.as_bytes()).ok_or_else(|| D::Error::custom("not a hash"));
        match (elsewhere.hex, elsewhere.kept, elsewhere.blob, elsewhere.len) {
            (Some(digits), None, None, None) => {
                unhex_bytes(&digits).map(ValueRef::Inline).ok_or_else(|| D::Error::custom("not hexadecimal"))
            }
            (None, Some(hash), None, Some(len)) => Ok(ValueRef::Kept { hash: digest(&hash)?, len }),
            (None, None, Some(hash), Some(len)) => Ok(ValueRef::Blob { hash: digest(&hash)?, len }),
            _ => Err(D::Error::custom("not a reference to a value")),
        }
    }
}

fn unhex_bytes(digits: &str) -> Option<Box<[u8]>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) || digits.len() > 2 * MAX_INLINE {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// The large values of a run.
#[derive(Debug)]
pub(super) struct Blobs {
    dir: PathBuf,
    durability: Durability,
    /// Files were renamed into place since the folder was last synced.
    unsynced: bool,
}

impl Blobs {
    pub(super) fn new(dir: PathBuf, durability: Durability) -> Blobs {
        Blobs { dir, durability, unsynced: false }
    }

    /// Keeps `bytes` in a file. It survives what the durability asks once [`Blobs::settle`] has returned.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<ValueRef, StoreError> {
        let hash = *blake3::hash(bytes).as_bytes();
        let len = bytes.len() as u64;
        if !self.takes_up(&hash, len)? {
            let temp = self.dir.join(disk::temp_name());
            let mut file = disk::new_file(&temp)?;
            let written = file.write_all(bytes).map_err(|error| StoreError::at("write", &temp, error));
            if let Err(error) = written.and_then(|()| self.finish(&file, &temp, &hash)) {
                // A leftover has a temporary name and is removed by gc.
                let _ = std::fs::remove_file(temp);
                return Err(error);
            }
        }
        Ok(ValueRef::Blob { hash, len })
    }

    /// Makes the file at `path`, which must no longer be written to, a value. It stays where it is, too, until the value
    /// is recorded.
    pub(super) fn adopt(&mut self, path: &Path) -> Result<ValueRef, StoreError> {
        let mut file = disk::open_file(path)?;
        let (hash, len) = digest(&mut file, path)?;
        if !self.takes_up(&hash, len)? {
            let temp = self.dir.join(disk::temp_name());
            // Without second names (or on another file system) it is a copy.
            let linked = std::fs::hard_link(path, &temp).or_else(|_| disk::copy_file(path, &temp));
            let done = linked
                .and_then(|()| disk::open_file(&temp))
                .and_then(|file| self.finish(&file, &temp, &hash));
            if let Err(error) = done {
                let _ = std::fs::remove_file(temp);
                return Err(error);
            }
        }
        Ok(ValueRef::Blob { hash, len })
    }

    /// Syncs a written file and gives it its name.
    fn finish(&mut self, file: &File, temp: &Path, hash: &Hash) -> Result<(), StoreError> {
        let path = self.path(hash);
        if self.durability == Durability::Power {
            file.sync_data().map_err(|error| StoreError::at("sync", temp, error))?;
        }
        self.unsynced = true;
        std::fs::rename(temp, &path).map_err(|error| StoreError::at("rename to", &path, error))
    }

    /// Whether the value is here already and whole. (After a loss of power an unsynced one may be empty.) Who left it may
    /// have died before it was on the disk: that is made up for.
    fn takes_up(&mut self, hash: &Hash, len: u64) -> Result<bool, StoreError> {
        let path = self.path(hash);
        if disk::look(&path)?.is_none_or(|(_, length)| length != len) {
            return Ok(false);
        }
        // What cannot be read is made anew.
        let Ok(mut file) = disk::open_file(&path) else { return Ok(false) };
        if digest(&mut file, &path).map_or(true, |found| found.0 != *hash) {
            return Ok(false);
        }
        if self.durability == Durability::Power {
            file.sync_data().map_err(|error| StoreError::at("sync", &path, error))?;
            self.unsynced = true;
        }
        Ok(true)
    }

    /// Makes the names of all values survive what the durability asks; before the commit that names them.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        if self.unsynced && self.durability == Durability::Power {
            disk::sync_dir(&self.dir)?;
        }
        self.unsynced = false;
        Ok(())
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        self.dir.join(hex(hash))
    }
}

/// Opens a large value, reads it once to see that it is what it says it is, and goes back to its beginning.
pub(super) fn open_blob(dir: &Path, hash: &Hash, len: u64) -> Result<File, StoreError> {
    let path = dir.join(hex(hash));
    let damaged =
        |why: &str| StoreError::Damaged { last_good_seq: 0, why: format!("value {} {why}", hex(hash)) };
    let mut file = match disk::open_file(&path) {
        Ok(file) => file,
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(damaged("is gone"));
        }
        Err(error) => return Err(error),
    };
    // The length first: nobody shall wait for the hash of a terabyte that was claimed.
    let length = file.metadata().map_err(|error| StoreError::at("look at", &path, error))?.len();
    if length != len || digest(&mut file, &path)?.0 != *hash {
        return Err(damaged("is not what was stored"));
    }
    file.rewind().map_err(|error| StoreError::at("read", &path, error))?;
    Ok(file)
}

/// Of a value that an event names and that is nowhere.
pub(super) fn missing(hash: &Hash) -> StoreError {
    StoreError::Damaged { last_good_seq: 0, why: format!("value {} is gone", super::row::hex(hash)) }
}

/// The whole of a large value, verified.
pub(super) fn read_blob(dir: &Path, hash: &Hash, len: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let file = open_blob(dir, hash, len)?;
    let path = dir.join(hex(hash));
    file.take(len).read_to_end(&mut bytes).map_err(|error| StoreError::at("read", &path, error))?;
    if blake3::hash(&bytes).as_bytes() == hash {
        return Ok(bytes);
    }
    Err(StoreError::Damaged {
        last_good_seq: 0,
        why: format!("value {} changes while it is read", hex(hash)),
    })
}

/// Hash and length of what is left to read of a file.
fn digest(file: &mut File, path: &Path) -> Result<(Hash, u64), StoreError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut len = 0;
    loop {
        let count = file.read(&mut buffer).map_err(|error| StoreError::at("read", path, error))?;
        if count == 0 {
            return Ok((*hasher.finalize().as_bytes(), len));
        }
        hasher.update(&buffer[..count]);
        len += count as u64;
    }
}

/// Values of the turn that is being made up, not yet in the journal.
pub(super) type Pending = HashMap<Hash, Vec<u8>>;

/// Which of the three places fits a value of `len` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Inline,
    Kept,
    Blob,
}

pub(super) fn size_of(len: usize) -> Size {
    if len <= MAX_INLINE {
        Size::Inline
    } else if len <= MAX_KEPT {
        Size::Kept
    } else {
        Size::Blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_go_through_json_unchanged() {
        let hash = *blake3::hash(b"x").as_bytes();
        let all = [
            ValueRef::Inline(b"{\"a\":\"\\u0000\"}".to_vec().into()),
            ValueRef::Inline(vec![0xFF, 0x00, 0x80].into()),
            ValueRef::Inline(Box::default()),
            ValueRef::Kept { hash, len: 600 },
            ValueRef::Blob { hash, len: u64::MAX },
        ];
        for value in all {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<ValueRef>(&json).unwrap(), value, "{json}");
        }
    }

    #[test]
    fn what_another_session_left_unsynced_is_synced_before_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        Blobs::new(dir.path().into(), Durability::Process).put(b"large").unwrap();
        let mut blobs = Blobs::new(dir.path().into(), Durability::Power);
        blobs.put(b"large").unwrap();
        assert!(blobs.unsynced, "the name that it has need not be on the disk");
        blobs.settle().unwrap();
        assert!(!blobs.unsynced);
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn bad_references_are_refused() {
        for json in [
            "1",
            "{}",
            "{\"hex\":\"f\"}",
            "{\"hex\":\"é\"}",
            "{\"blob\":\"00\",\"len\":1}",
            "{\"kept\":\"../../etc/passwd\",\"len\":1}",
            "{\"hex\":\"00\",\"len\":1}",
        ] {
            assert!(serde_json::from_str::<ValueRef>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn sizes_have_their_places() {
        assert_eq!((size_of(0), size_of(512)), (Size::Inline, Size::Inline));
        assert_eq!((size_of(513), size_of(64 << 10)), (Size::Kept, Size::Kept));
        assert_eq!(size_of((64 << 10) + 1), Size::Blob);
    }
}
