//! Events that may stand once: the end of a task in a generation, the beginning of an attempt at a try.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::kinds;
use super::row::Entry;

/// Half a hash over kind, task, generation, attempt and try: small, for there may be millions.
type Key = u128;

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
        // Not `append`, which makes the whole set anew.
        self.0.extend(new);
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
    let numbers = match entry.kind {
        kinds::TASK_SETTLED => [entry.generation?, 0, 0],
        kinds::ATTEMPT_STARTED => [entry.generation?, entry.attempt?, entry.tries?],
        _ => return None,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&entry.kind.to_le_bytes());
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(entry.task?.as_bytes());
    hasher.finalize().as_bytes().first_chunk().map(|half| Key::from_le_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_single_events_are_taken_in_time_that_grows_with_their_number_only() {
        let mut once = Once::default();
        let names: Vec<String> = (0..100_000).map(|n| format!("item[{n}]")).collect();
        let entry = |name| Entry {
            at: 0,
            mono: 0,
            kind: kinds::TASK_SETTLED,
            task: Some(name),
            generation: Some(0),
            attempt: None,
            tries: None,
            body: b"",
        };
        let begun = std::time::Instant::now();
        for name in &names {
            once.add(&[entry(name.as_str())]).unwrap();
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(once.add(&[entry("item[7]")]).is_err());
        once.remove(&[entry("item[7]")]);
        once.add(&[entry("item[7]")]).unwrap();
    }
}
