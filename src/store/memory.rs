//! A journal that lives as long as the process: for tests, simulation and `--dry-run`. Same rules, same hashes.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::journal::{Committed, Journal, OnRow, Sync, check_entry};
use super::once::Once;
use super::row::{Chain, Entry, Hash, Head, Row};

#[derive(Debug)]
struct Kept {
    at: i64,
    mono: i64,
    kind: u16,
    task: Option<Box<str>>,
    generation: Option<u32>,
    attempt: Option<u32>,
    tries: Option<u32>,
    body: Box<[u8]>,
    hash: Hash,
}

/// See the module.
#[derive(Debug)]
pub struct MemoryJournal {
    run: String,
    chain: Chain,
    rows: Vec<Kept>,
    once: Once,
    values: BTreeMap<Hash, Vec<u8>>,
}

impl MemoryJournal {
    /// An empty journal of `run`.
    pub fn new(run: &str) -> MemoryJournal {
        MemoryJournal {
            run: run.to_owned(),
            chain: Chain::new(run),
            rows: Vec::new(),
            once: Once::default(),
            values: BTreeMap::new(),
        }
    }
}

impl Journal for MemoryJournal {
    fn run(&self) -> &str {
        &self.run
    }

    fn epoch(&self) -> u64 {
        1
    }

    fn head(&self) -> Head {
        match self.rows.last() {
            Some(row) => Head { seq: self.rows.len() as u64, hash: row.hash },
            None => Head::EMPTY,
        }
    }

    fn commit(
        &mut self,
        entries: &[Entry<'_>],
        values: &[(Hash, &[u8])],
        _sync: Sync,
    ) -> Result<Committed, StoreError> {
        entries.iter().try_for_each(check_entry)?;
        self.once.add(entries)?;
        let first = self.rows.len() as u64 + 1;
        for entry in entries {
            let Head { seq, hash } = self.head();
            let hash = self.chain.hash(&hash, seq + 1, 1, entry);
            self.rows.push(Kept {
                at: entry.at,
                mono: entry.mono,
                kind: entry.kind,
                task: entry.task.map(Box::from),
                generation: entry.generation,
                attempt: entry.attempt,
                tries: entry.tries,
                body: entry.body.into(),
                hash,
            });
        }
        for (hash, bytes) in values {
            self.values.entry(*hash).or_insert_with(|| bytes.to_vec());
        }
        Ok(Committed { first, last: self.rows.len() as u64 })
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn replay(&self, after: u64, each: &mut OnRow<'_>) -> Result<Head, StoreError> {
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        for (index, kept) in self.rows.iter().enumerate().skip(skip) {
            let row = Row {
                seq: index as u64 + 1,
                at: kept.at,
                mono: kept.mono,
                epoch: 1,
                kind: kept.kind,
                task: kept.task.as_deref(),
                generation: kept.generation,
                attempt: kept.attempt,
                tries: kept.tries,
                body: &kept.body,
                hash: kept.hash,
            };
            if each(&row).is_break() {
                return Ok(Head { seq: row.seq, hash: row.hash });
            }
        }
        Ok(self.head())
    }

    fn value(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.values.get(hash).cloned())
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
