//! The trait through which the driver remembers, and what is common to its implementations.

use std::ops::ControlFlow;

use super::error::StoreError;
use super::kinds;
use super::row::{Entry, Hash, Head, Row};

/// What a commit has to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power: a commit is on the disk before it returns.
    Power,
    /// The death of the process only: the kernel has it.
    Process,
}

/// Whether this commit must be on the disk before it returns. Matters under [`Durability::Power`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// It holds results, or intents of what must not be done twice.
    Now,
    /// It may ride on the next one: it holds only intents of tasks that may be run again.
    Later,
}

/// What a commit recorded: the entries stand under `first ..= last`, in the order in which they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Number of the first entry; `last + 1` when there was none.
    pub first: u64,
    pub last: u64,
}

/// Receives rows of a replay; `Break` ends it early (the rest is then not verified).
pub type OnRow<'f> = dyn FnMut(&Row<'_>) -> ControlFlow<()> + 'f;

/// An append-only record of one run, with its middle-sized values.
///
/// One call of [`commit`](Journal::commit) is one transaction: all of it is recorded or nothing.
pub trait Journal: Send + std::fmt::Debug {
    /// The run that this is the record of.
    fn run(&self) -> &str;

    /// Number of this session; every row written through this journal carries it.
    fn epoch(&self) -> u64;

    /// The last event.
    fn head(&self) -> Head;

    /// Records `entries` and the values that they name, in one transaction.
    ///
    /// # Errors
    /// `Full`: nothing was written, it may be tried again. `Fenced`: another owner. `Duplicate`, `BadEntry`: a fault of
    /// the caller, nothing was written. Anything else leaves the outcome unknown and the journal `Poisoned`.
    fn commit(
        &mut self,
        entries: &[Entry<'_>],
        values: &[(Hash, &[u8])],
        sync: Sync,
    ) -> Result<Committed, StoreError>;

    /// Puts on the disk what was committed with [`Sync::Later`].
    ///
    /// # Errors
    /// `Io`: nobody knows what is there; the journal is `Poisoned`.
    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Does what can wait until what was committed has been acted on: makes and takes back room. A failure shows at the next
    /// commit.
    fn tend(&mut self) {}

    /// Makes the record itself, not only what is committed to it, survive what the durability asks. Once, for a new one.
    fn settle(&mut self) -> Result<(), StoreError>;

    /// Gives every row after number `after` (0: all) in order, in constant memory, verifying the chain as it goes, and
    /// returns the head that it ends with.
    ///
    /// # Errors
    /// `Damaged` with the number of the last good event, which was the last one given to `each`.
    fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError>;

    /// The bytes kept under `hash`, verified; `None` when there are none.
    fn value(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError>;

    /// Ends the session in good order: all is on the disk and the file stands alone.
    fn close(self: Box<Self>) -> Result<(), StoreError>;
}

/// Refuses entries that the exactly-once rules could not hold (a `NULL` is never equal to another).
pub(super) fn check_entry(entry: &Entry<'_>) -> Result<(), StoreError> {
    let bad = |why| Err(StoreError::BadEntry { why });
    match entry.kind {
        kinds::TASK_SETTLED if entry.task.is_none() || entry.generation.is_none() => {
            bad("task_settled needs a task and a generation")
        }
        kinds::ATTEMPT_STARTED
            if entry.task.is_none()
                || entry.generation.is_none()
                || entry.attempt.is_none()
                || entry.tries.is_none() =>
        {
            bad("attempt_started needs a task, a generation, an attempt and a try")
        }
        _ if entry.body.len() > super::MAX_BODY => bad("its body is too large"),
        _ => Ok(()),
    }
}
