//! The rows of a turn, until they are committed, and what the observer is told after that.

use crate::run::observer::{EVENTS_VERSION, Observer, RunEvent, What};
use crate::run::record::Record;
use crate::store::{Entry, RunStore, StoreError, Sync, kinds};
use ecow::EcoString;
use std::ops::Range;

/// Whom a row is about.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct About {
    pub task: Option<EcoString>,
    pub generation: Option<u32>,
    pub attempt: Option<u32>,
    pub tries: Option<u32>,
}

#[derive(Debug)]
struct Line {
    at: i64,
    mono: i64,
    kind: u16,
    about: About,
    body: Range<usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub(in crate::run) struct Log {
    lines: Vec<Line>,
    text: Vec<u8>,
    /// What to tell, with the number of lines before it in this turn.
    tell: Vec<(usize, i64, What)>,
    /// It holds something that must be on the disk before it is acted on.
    must_sync: bool,
    /// The first event of the session was told.
    greeted: bool,
}

impl Log {
    /// Adds a row.
    pub(in crate::run) fn add(&mut self, at: i64, mono: i64, about: About, record: &Record) {
        let start = self.text.len();
        record.write(&mut self.text);
        let kind = record.kind();
        self.must_sync |= needs_sync(kind);
        self.lines.push(Line { at, mono, kind, about, body: start..self.text.len() });
    }

    /// Says that this turn holds an effect that must not be done twice.
    pub(in crate::run) fn must_sync(&mut self) {
        self.must_sync = true;
    }

    /// Tells the observer after the commit, with the number of the row added last.
    pub(in crate::run) fn tell(&mut self, at: i64, what: What) {
        self.tell.push((self.lines.len(), at, what));
    }

    /// How many rows wait.
    pub(in crate::run) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether what waits has to be on the disk before it is acted on.
    pub(in crate::run) fn needs_sync(&self) -> bool {
        self.must_sync
    }

    /// Records all rows in one transaction, then tells the observer.
    ///
    /// # Errors
    /// Those of the store; after `Full` the same may be tried again.
    pub(in crate::run) fn commit(
        &mut self,
        store: &mut RunStore,
        observer: &mut dyn Observer,
    ) -> Result<(), StoreError> {
        let sync = if self.must_sync { Sync::Now } else { Sync::Later };
        let told = self.write(store, sync)?;
        self.announce(told, store, observer);
        Ok(())
    }

    /// Records all rows in one transaction. What it gives is to be announced.
    ///
    /// # Errors
    /// Those of the store; after `Full` the same may be tried again.
    pub(in crate::run) fn write(&mut self, store: &mut RunStore, sync: Sync) -> Result<Told, StoreError> {
        let before = store.head().seq;
        if !self.lines.is_empty() {
            let entries: Vec<Entry<'_>> = self.lines.iter().map(|line| line.entry(&self.text)).collect();
            store.commit(&entries, sync)?;
        }
        self.lines.clear();
        self.text.clear();
        self.must_sync = false;
        Ok(Told { before, what: std::mem::take(&mut self.tell) })
    }

    /// Tells the observer of what was recorded.
    pub(in crate::run) fn announce(&mut self, told: Told, store: &RunStore, observer: &mut dyn Observer) {
        let Told { before, what: mut list } = told;
        for (lines, at, what) in list.drain(..) {
            let event = RunEvent {
                event: what.word(),
                run: store.run().into(),
                seq: before + lines as u64,
                at,
                version: (!self.greeted).then_some(EVENTS_VERSION),
                what,
            };
            self.greeted = true;
            observer.event(&event);
        }
        if self.tell.is_empty() {
            self.tell = list; // its room serves again
        }
    }
}

/// What the observer is told of a turn, once that may be known.
#[derive(Debug)]
pub(in crate::run) struct Told {
    before: u64,
    what: Vec<(usize, i64, What)>,
}

impl Line {
    fn entry<'a>(&'a self, text: &'a [u8]) -> Entry<'a> {
        Entry {
            at: self.at,
            mono: self.mono,
            kind: self.kind,
            task: self.about.task.as_deref(),
            generation: self.about.generation,
            attempt: self.about.attempt,
            tries: self.about.tries,
            body: &text[self.body.clone()],
        }
    }
}

/// Rows that may be lost with the power: intents (the driver says where one is not harmless) and what is evaluated again.
fn needs_sync(kind: u16) -> bool {
    !matches!(
        kind,
        kinds::ATTEMPT_STARTED
            | kinds::ARM_TAKEN
            | kinds::MAP_OPENED
            | kinds::LOOP_OPENED
            | kinds::CALL_OPENED
            | kinds::VALUE_CHECKED
            | kinds::ROUND_CLOSED
            | kinds::ROUND_OPENED
            | kinds::WAVE_CLOSED
    )
}
