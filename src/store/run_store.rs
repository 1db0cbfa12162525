//! The memory of one run as its driver uses it: journal, values, head and lock together.

use std::io::Read;
use std::ops::ControlFlow;

use super::disk;
use super::error::StoreError;
use super::head::{self, HeadCheck, HeadFile};
use super::journal::{Committed, Durability, Journal, OnRow, Sync};
use super::lock::RunLock;
use super::memory::MemoryJournal;
use super::project::RunDir;
use super::row::{Entry, Hash, Head, Row};
use super::sqlite::{OwnerOptions, SqliteJournal};
use super::values::{self, Blobs, Pending, Size, ValueRef};

/// Bytes set aside so that a run that found its disk full can still record that.
const BALLAST: u64 = 1 << 20;
const BALLAST_FILE: &str = "ballast";

/// A run that is open for writing.
#[derive(Debug)]
pub struct RunStore {
    journal: Box<dyn Journal>,
    durability: Durability,
    pending: Pending,
    /// The last head that a synced commit ended with.
    on_disk: Head,
    lost_tail: Option<(u64, u64)>,
    /// The record itself, and not only what is committed to it, is where it has to be.
    settled: bool,
    /// Why nothing more may be written.
    poison: Option<String>,
    place: Option<Place>,
}

/// What a run on disk has besides its journal.
#[derive(Debug)]
struct Place {
    dir: RunDir,
    /// Held as long as the journal is open.
    lock: RunLock,
    blobs: Blobs,
    head: HeadFile,
}

impl RunStore {
    /// Makes the record of a new run. It waits for no disk: that is done by [`RunStore::settle`], at the latest by the first
    /// commit with [`Sync::Now`].
    pub fn create(dir: &RunDir, lock: RunLock, durability: Durability) -> Result<RunStore, StoreError> {
        check_lock(dir, &lock)?;
        let options = OwnerOptions { durability, exclusive: dir.is_network() };
        let journal = SqliteJournal::create(dir.path(), dir.id(), options)?;
        let mut store = RunStore::over(dir, lock, durability, Box::new(journal))?;
        store.settled = durability == Durability::Process;
        Ok(store)
    }

    /// Makes a new run survive a loss of power under [`Durability::Power`]: its journal, its folder and all above. Before
    /// this (or a commit with [`Sync::Now`]) has returned, the run's id is not to be shown. Does nothing the second time.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        if self.settled {
            return Ok(());
        }
        let settled = self.journal.settle().and_then(|()| match &self.place {
            Some(place) => place.dir.sync_names(),
            None => Ok(()),
        });
        if let Err(error) = settled {
            return Err(self.give_up(error));
        }
        self.settled = true;
        self.on_disk = self.journal.head();
        Ok(())
    }

    /// Opens the record of a run for a new session. Fold it with [`RunStore::replay`] before the first commit; until then
    /// nothing is written.
    ///
    /// # Errors
    /// `Damaged` when its tail is cut; `NoRecord` when it was never started.
    pub fn open(dir: &RunDir, lock: RunLock, durability: Durability) -> Result<RunStore, StoreError> {
        check_lock(dir, &lock)?;
        let options = OwnerOptions { durability, exclusive: dir.is_network() };
        let journal = SqliteJournal::open(dir.path(), dir.id(), options)?;
        // Somebody may have cleared them away: what was in them is missed where it is read.
        for folder in [dir.blobs(), dir.outputs(), dir.inbox()] {
            disk::ensure_dir(&folder)?;
        }
        let end = journal.head();
        let lost_tail =
            match head::compare(head::read(dir.path())?.as_ref(), end, |seq| journal.hash_at(seq))? {
                HeadCheck::Agrees => None,
                HeadCheck::LostTail { noted, found } => Some((found, noted)),
                HeadCheck::Cut { noted, found } => {
                    let why = format!("it ends with event {found}, but event {noted} was noted outside");
                    let last_good_seq = if found < noted { found } else { 0 };
                    return Err(StoreError::Damaged { last_good_seq, why });
                }
            };
        let mut store = RunStore::over(dir, lock, durability, Box::new(journal))?;
        store.lost_tail = lost_tail;
        Ok(store)
    }

    /// A record that lives in memory, with the same rules.
    pub fn in_memory(run: &str) -> RunStore {
        RunStore {
            journal: Box::new(MemoryJournal::new(run)),
            durability: Durability::Process,
            pending: Pending::new(),
            on_disk: Head::EMPTY,
            lost_tail: None,
            settled: true,
            poison: None,
            place: None,
        }
    }

    fn over(
        dir: &RunDir,
        lock: RunLock,
        durability: Durability,
        journal: Box<dyn Journal>,
    ) -> Result<RunStore, StoreError> {
        set_ballast(dir);
        let blobs = Blobs::new(dir.blobs(), durability);
        let place = Place { dir: dir.clone(), lock, blobs, head: HeadFile::open(dir.path())? };
        let on_disk = journal.head();
        Ok(RunStore {
            journal,
            durability,
            pending: Pending::new(),
            on_disk,
            lost_tail: None,
            settled: true,
            poison: None,
            place: Some(place),
        })
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        self.journal.run()
    }

    /// Number of this session.
    pub fn epoch(&self) -> u64 {
        self.journal.epoch()
    }

    /// The last event; the next one to be committed has the number after it.
    pub fn head(&self) -> Head {
        self.journal.head()
    }

    /// What the commits of this session survive.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The run's folder; `None` for a record in memory.
    pub fn dir(&self) -> Option<&RunDir> {
        self.place.as_ref().map(|place| &place.dir)
    }

    /// The run's lock; `None` for a record in memory.
    pub fn lock(&self) -> Option<&RunLock> {
        self.place.as_ref().map(|place| &place.lock)
    }

    /// Events that a loss of power took, as the driver has to record with `loss_noted`: the last number that is there and
    /// the last that is known to have been. Only where [`Durability::Process`] promised no more.
    pub fn lost_tail(&self) -> Option<(u64, u64)> {
        self.lost_tail
    }

    /// See [`Journal::replay`].
    pub fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError> {
        self.journal.replay(after, each)
    }

    /// Gives one event to `each`, with its link to the one before it verified.
    ///
    /// # Errors
    /// `Damaged` when it is not there.
    pub fn row<T>(&self, seq: u64, each: impl FnOnce(&Row<'_>) -> T) -> Result<T, StoreError> {
        let mut each = Some(each);
        let mut result = None;
        if let Some(before) = seq.checked_sub(1) {
            self.journal.replay(before, &mut |row| {
                result = each.take().map(|each| each(row));
                ControlFlow::Break(())
            })?;
        }
        let why = format!("event {seq} is missing");
        result.ok_or(StoreError::Damaged { last_good_seq: seq.saturating_sub(1), why })
    }

    /// Takes a value into the store; it is recorded by the commit whose events name the reference.
    pub fn put_value(&mut self, bytes: &[u8]) -> Result<ValueRef, StoreError> {
        match (values::size_of(bytes.len()), &mut self.place) {
            (Size::Inline, _) => Ok(ValueRef::Inline(bytes.into())),
            (Size::Blob, Some(place)) => place.blobs.put(bytes),
            (Size::Kept, _) | (Size::Blob, None) => {
                let hash = *blake3::hash(bytes).as_bytes();
                self.pending.entry(hash).or_insert_with(|| bytes.to_vec());
                Ok(ValueRef::Kept { hash, len: bytes.len() as u64 })
            }
        }
    }

    /// Takes a finished file of the run's folder as a value, in constant memory. The file may go when the value is recorded.
    pub fn put_file(&mut self, path: &std::path::Path) -> Result<ValueRef, StoreError> {
        let length = disk::look(path)?.map_or(0, |(_, length)| length);
        match (values::size_of(usize::try_from(length).unwrap_or(usize::MAX)), &mut self.place) {
            (Size::Blob, Some(place)) => place.blobs.adopt(path),
            _ => {
                let mut bytes = Vec::new();
                let mut file = disk::open_file(path)?;
                file.read_to_end(&mut bytes).map_err(|error| StoreError::at("read", path, error))?;
                self.put_value(&bytes)
            }
        }
    }

    /// The bytes of a value, verified.
    ///
    /// # Errors
    /// `Damaged` when they are gone or changed.
    pub fn value(&self, value: &ValueRef) -> Result<Vec<u8>, StoreError> {
        match value {
            ValueRef::Inline(bytes) => Ok(bytes.to_vec()),
            ValueRef::Kept { hash, .. } => match self.pending.get(hash) {
                Some(bytes) => Ok(bytes.clone()),
                None => self.journal.value(hash)?.ok_or_else(|| values::missing(hash)),
            },
            ValueRef::Blob { hash, len } => match &self.place {
                Some(place) => values::read_blob(&place.dir.blobs(), hash, *len),
                None => Err(values::missing(hash)),
            },
        }
    }

    /// Records a turn: all of it or nothing. The large values that it names are on the disk first.
    ///
    /// # Errors
    /// See [`Journal::commit`]. After `Full` the same turn may be committed again.
    pub fn commit(&mut self, entries: &[Entry<'_>], sync: Sync) -> Result<Committed, StoreError> {
        if let Some(why) = &self.poison {
            return Err(StoreError::Poisoned { why: why.clone() });
        }
        if sync == Sync::Now {
            self.settle()?;
        }
        if let Some(place) = &mut self.place
            && let Err(error) = place.blobs.settle()
        {
            return Err(self.give_up(error));
        }
        let values: Vec<(Hash, &[u8])> =
            self.pending.iter().map(|(hash, bytes)| (*hash, bytes.as_slice())).collect();
        let committed = self.journal.commit(entries, &values, sync)?;
        self.pending.clear();
        if sync == Sync::Now {
            self.on_disk = self.journal.head();
        }
        Ok(committed)
    }

    /// Puts on the disk what was committed with [`Sync::Later`], as the durability asks.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if let Some(why) = &self.poison {
            return Err(StoreError::Poisoned { why: why.clone() });
        }
        self.settle()?;
        if let Err(error) = self.journal.sync() {
            return Err(self.give_up(error));
        }
        self.on_disk = self.journal.head();
        Ok(())
    }

    /// Whether all that was committed is on the disk.
    pub fn is_synced(&self) -> bool {
        self.on_disk == self.journal.head()
    }

    /// See [`Journal::tend`].
    pub fn tend(&mut self) {
        self.journal.tend();
    }

    /// After a failed sync nobody knows what is on the disk, and a second one would not tell: nothing more is written.
    fn give_up(&mut self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::Io { .. }) {
            self.poison = Some(error.to_string());
        }
        error
    }

    /// Copies the head outside; after each closed wave. Costs one small write, no sync.
    pub fn note_head(&mut self) -> Result<(), StoreError> {
        let power = self.durability == Durability::Power;
        let head = if power { self.on_disk } else { self.journal.head() };
        match &mut self.place {
            Some(place) => place.head.note(head, power),
            None => Ok(()),
        }
    }

    /// Gives the reserve back to the disk, so that a run that met `Full` can record that it stops.
    pub fn release_ballast(&self) {
        if let Some(place) = &self.place {
            // Nothing more can be done here: either the space comes back or the next commit says `Full` again.
            let _ = std::fs::remove_file(place.dir.path().join(BALLAST_FILE));
        }
    }

    /// Ends the session: notes the head, folds the journal into one file, and gives the lock back to drop it last, when
    /// everything else of the session is over.
    pub fn close(mut self) -> Result<Option<RunLock>, StoreError> {
        self.note_head()?;
        self.journal.close()?;
        Ok(self.place.map(|place| {
            let _ = std::fs::remove_file(place.dir.path().join(BALLAST_FILE));
            place.lock
        }))
    }
}

fn check_lock(dir: &RunDir, lock: &RunLock) -> Result<(), StoreError> {
    if lock.run() == dir.id() {
        return Ok(());
    }
    Err(StoreError::BadEntry { why: "the lock is that of another run" })
}

/// Sets the reserve aside where the file system can do that without writing. A missing one costs only a message.
fn set_ballast(dir: &RunDir) {
    if let Ok(file) = disk::ensure_file(&dir.path().join(BALLAST_FILE)) {
        let _ = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST);
    }
}
