//! An output, kept in constant memory: a little in memory, more in a file, beyond that its head and its tail.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::exec::mask::Mask;
use crate::exec::own;

/// How much of an output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Keep {
    /// Bytes held in memory before the output moves to a file.
    pub memory: usize,
    /// Bytes kept in all: the first half of them and the last half. What is between is dropped and counted.
    pub total: u64,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep { memory: 1024 * 1024, total: 100 * 1024 * 1024 }
    }
}

/// Where the kept bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    Memory(Vec<u8>),
    File(PathBuf),
}

/// What a process wrote on one of its outputs, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub kept: Kept,
    /// Bytes written in all.
    pub total: u64,
    /// Bytes dropped after the first [`Output::head`] kept ones.
    pub dropped: u64,
    /// How many of the kept bytes stand before the gap, when there is one.
    pub head: u64,
    /// Why the bytes could not be kept (a full disk, say). What is kept is then not to be trusted as the output.
    pub trouble: Option<String>,
}

impl Output {
    /// Nothing.
    pub fn empty() -> Output {
        Output { kept: Kept::Memory(Vec::new()), total: 0, dropped: 0, head: 0, trouble: None }
    }

    /// Whether something of it was dropped.
    pub fn truncated(&self) -> bool {
        self.dropped > 0
    }

    /// How many bytes are kept.
    pub fn kept_len(&self) -> u64 {
        self.total - self.dropped
    }

    /// The kept bytes, at most `max` of them from the beginning.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn read(&self, max: usize) -> io::Result<Cow<'_, [u8]>> {
        match &self.kept {
            Kept::Memory(bytes) => Ok(Cow::Borrowed(&bytes[..bytes.len().min(max)])),
            Kept::File(path) => {
                let mut bytes = Vec::new();
                File::open(path)?.take(max as u64).read_to_end(&mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// The last kept bytes, at most `max`, as text for a message.
    pub fn tail(&self, max: usize) -> String {
        let bytes = match &self.kept {
            Kept::Memory(bytes) => bytes[bytes.len().saturating_sub(max)..].to_vec(),
            Kept::File(path) => tail_of(path, max).unwrap_or_default(),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn tail_of(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(max as u64);
    let mut bytes = vec![0; max];
    let mut length = 0;
    while let read @ 1.. = file.read_at(&mut bytes[length..], start + length as u64)? {
        length += read;
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Takes an output as it comes.
#[derive(Debug)]
pub struct Capture {
    keep: Keep,
    place: Option<PathBuf>,
    masker: Option<Mask>,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    spill: Option<Spill>,
    total: u64,
    trouble: Option<String>,
}

/// The file of an output, and that of its tail, written round and round.
#[derive(Debug)]
struct Spill {
    path: PathBuf,
    file: File,
    length: u64,
    ring: Option<Ring>,
}

#[derive(Debug)]
struct Ring {
    path: PathBuf,
    file: File,
    /// Bytes ever written to it.
    written: u64,
}

impl Capture {
    /// A capture that keeps what `keep` says, in the file `place` when memory does not do.
    pub fn new(keep: Keep, place: Option<PathBuf>, mask: Option<&Mask>) -> Capture {
        let total = if place.is_some() { keep.total } else { keep.total.min(keep.memory as u64) };
        Capture {
            keep: Keep { memory: keep.memory, total: total.max(2) },
            place,
            masker: mask.cloned(),
            head: Vec::new(),
            tail: VecDeque::new(),
            spill: None,
            total: 0,
            trouble: None,
        }
    }

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        match self.masker.take() {
            None => self.push(bytes),
            Some(mut masker) => {
                let mut clean = Vec::with_capacity(bytes.len());
                masker.feed(bytes, &mut clean);
                self.push(&clean);
                self.masker = Some(masker);
            }
        }
    }

    /// The output, now that it has ended.
    pub fn finish(mut self) -> Output {
        if let Some(mut masker) = self.masker.take() {
            let mut rest = Vec::new();
            masker.finish(&mut rest);
            self.push(&rest);
        }
        let dropped = self.total.saturating_sub(self.keep.total);
        let head = if dropped > 0 { self.head_limit() } else { self.total };
        let kept = match self.spill.take() {
            Some(spill) => self.close(spill),
            None => {
                self.head.extend(self.tail.drain(..));
                Kept::Memory(std::mem::take(&mut self.head))
            }
        };
        Output { kept, total: self.total, dropped, head, trouble: self.trouble }
    }

    fn head_limit(&self) -> u64 {
        self.keep.total / 2
    }

    fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.total += bytes.len() as u64;
        if self.trouble.is_some() {
            return; // counted, and the pipe is kept flowing
        }
        if self.spill.is_none() && self.place.is_none() {
            return self.push_memory(bytes);
        }
        if self.spill.is_none() && self.head.len() + bytes.len() <= self.keep.memory {
            self.head.extend_from_slice(bytes);
            return;
        }
        if let Err(error) = self.push_file(bytes) {
            self.trouble = Some(format!("the output could not be kept: {}", crate::exec::plain(&error)));
        }
    }

    fn push_memory(&mut self, bytes: &[u8]) {
        let room = usize::try_from(self.keep.total).unwrap_or(usize::MAX);
        if self.tail.is_empty() && self.head.len() + bytes.len() <= room {
            self.head.extend_from_slice(bytes);
            return;
        }
        // The first time: what stands after the head's half belongs to the tail.
        let (half, tail_room) = (room / 2, room - room / 2);
        if self.head.len() > half {
            self.tail.extend(self.head.drain(half..));
        }
        let (first, rest) = bytes.split_at(bytes.len().min(half - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(&rest[rest.len().saturating_sub(tail_room)..]);
        let excess = self.tail.len().saturating_sub(tail_room);
        self.tail.drain(..excess);
    }

    fn push_file(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (total, half) = (self.keep.total, self.head_limit());
        if self.spill.is_none() {
            let path = self.place.clone().unwrap_or_default();
            let mut spill = Spill { file: own::file(&path)?, path, length: 0, ring: None };
            let head = std::mem::take(&mut self.head);
            spill.write(&head, half, total - half)?;
            self.spill = Some(spill);
        }
        let Some(spill) = &mut self.spill else { return Ok(()) };
        spill.write(bytes, half, total - half)
    }

    fn close(&mut self, mut spill: Spill) -> Kept {
        if let Err(error) = spill.join_tail(self.keep.total - self.head_limit())
            && self.trouble.is_none()
        {
            self.trouble = Some(format!("the output could not be kept: {}", crate::exec::plain(&error)));
        }
        Kept::File(spill.path)
    }
}

impl Spill {
    fn write(&mut self, bytes: &[u8], half: u64, ring_size: u64) -> io::Result<()> {
        let room = usize::try_from(half.saturating_sub(self.length)).unwrap_or(usize::MAX);
        let (first, mut rest) = bytes.split_at(bytes.len().min(room));
        self.file.write_all(first)?;
        self.length += first.len() as u64;
        if rest.is_empty() {
            return Ok(());
        }
        let ring = match &mut self.ring {
            Some(ring) => ring,
            empty @ None => {
                let path = self.path.with_extension("tail");
                empty.insert(Ring { file: own::file(&path)?, path, written: 0 })
            }
        };
        while !rest.is_empty() {
            let at = ring.written % ring_size;
            let part = usize::try_from(ring_size - at).unwrap_or(usize::MAX).min(rest.len());
            ring.file.write_all_at(&rest[..part], at)?;
            ring.written += part as u64;
            rest = &rest[part..];
        }
        Ok(())
    }

    /// Puts the tail behind the head, in order, and removes its own file.
    fn join_tail(&mut self, ring_size: u64) -> io::Result<()> {
        let Some(ring) = self.ring.take() else { return Ok(()) };
        let kept = ring.written.min(ring_size);
        let mut at = ring.written - kept;
        let mut block = vec![0; 64 * 1024];
        while at < ring.written {
            let place = at % ring_size;
            let part = (ring_size - place).min(ring.written - at).min(block.len() as u64);
            let part = usize::try_from(part).unwrap_or(block.len());
            ring.file.read_exact_at(&mut block[..part], place)?;
            self.file.write_all(&block[..part])?;
            at += part as u64;
        }
        std::fs::remove_file(&ring.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(keep: Keep, place: Option<PathBuf>, chunk: usize, total: usize) -> (Output, Vec<u8>) {
        let all: Vec<u8> = (0..total).map(|i| (i % 251) as u8).collect();
        let mut capture = Capture::new(keep, place, None);
        for part in all.chunks(chunk) {
            capture.take(part);
        }
        (capture.finish(), all)
    }

    #[test]
    fn head_and_tail_are_kept_whatever_the_chunks() {
        let folder = tempfile::tempdir().unwrap();
        for place in [None, Some(folder.path().join("stdout"))] {
            for chunk in [1, 3, 7, 64, 1000] {
                for total in [0, 5, 16, 17, 100, 101, 150, 200, 999] {
                    let keep = Keep { memory: if place.is_some() { 16 } else { 100 }, total: 100 };
                    let (output, all) = written(keep, place.clone(), chunk, total);
                    let kept = output.read(usize::MAX).unwrap().into_owned();
                    assert_eq!(output.total, total as u64);
                    assert_eq!(output.kept_len(), kept.len() as u64);
                    if total <= 100 {
                        assert_eq!(kept, all, "{chunk} {total}");
                    } else {
                        assert_eq!(output.dropped, total as u64 - 100);
                        assert_eq!(kept[..50], all[..50]);
                        assert_eq!(kept[50..], all[total - 50..], "{chunk} {total}");
                    }
                }
            }
        }
        assert!(!folder.path().join("stdout.tail").exists());
    }

    #[test]
    fn a_small_output_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let (output, _) = written(Keep::default(), Some(folder.path().join("stdout")), 10, 1000);
        assert!(matches!(output.kept, Kept::Memory(_)));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_disk_that_refuses_is_told_not_hidden() {
        let keep = Keep { memory: 4, total: 100 };
        let (output, _) = written(keep, Some(PathBuf::from("/dev/null/stdout")), 10, 100);
        assert!(output.trouble.is_some());
        assert_eq!(output.total, 100);
    }
}
