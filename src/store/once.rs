//! Events that may stand once: the end of a task in a generation, the beginning of an attempt at a try.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::kinds;
use super::row::Entry;

/// Kind, task, generation, attempt, try.
type Key = (u16, Box<str>, u32, u32, u32);

/// Those that stand.
#[derive(Debug, Default)]
pub(super) struct Once(BTreeSet<Key>);

impl Once {
    /// Adds the events of a turn: all or none.
    ///
    /// # Errors
    /// `Duplicate` names the one that stands already.
    pub(super) fn add(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        let mut new = BTreeSet::new();
        for entry in entries {
            if let Some(key) = key(entry)
                && (self.0.contains(&key) || !new.insert(key))
            {
                let why = format!("{:?} of kind {}", entry.task, entry.kind);
                return Err(StoreError::Duplicate { why });
            }
        }
        self.0.append(&mut new);
        Ok(())
    }

    /// Takes the events of a turn out again, which was not written after all.
    pub(super) fn remove(&mut self, entries: &[Entry<'_>]) {
        entries.iter().filter_map(key).for_each(|key| {
            self.0.remove(&key);
        });
    }
}

fn key(entry: &Entry<'_>) -> Option<Key> {
    let task = || entry.task.map(Box::from);
    match entry.kind {
        kinds::TASK_SETTLED => Some((entry.kind, task()?, entry.generation?, 0, 0)),
        kinds::ATTEMPT_STARTED => {
            Some((entry.kind, task()?, entry.generation?, entry.attempt?, entry.tries?))
        }
        _ => None,
    }
}
