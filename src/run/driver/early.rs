//! The record of a turn, and what need not wait until the disk has it.
//!
//! A command waits for the events that justify it. Under `durability = "power"` the result that made a task ready has to be
//! on the disk before the task begins; but where a task had been ready before and waited only for room, all that it depends
//! on is there already, and its own intent may be lost with the power as long as it may be run again. Such a task begins
//! while the disk is still writing.

use super::log::Told;
use super::{Driver, Halt};
use crate::schedule::{Command, Crash, Place, Policy};
use crate::store::{Durability, StoreError, Sync};
use std::time::Duration;

/// How long a full disk is waited for, in ms, try by try.
static PATIENCE: &[u64] = &[10, 100, 500, 1_000, 2_000];

impl Driver<'_> {
    /// Records the turn, as far as the durability asks.
    pub(super) fn record_turn(&mut self) -> Result<(), Halt> {
        self.flush_done();
        let early = self.take_early();
        let sync = if self.log.needs_sync() && early.is_empty() { Sync::Now } else { Sync::Later };
        let told = self.write(sync)?;
        if !early.is_empty() {
            for command in early {
                self.act(command)?;
            }
            self.store.sync().map_err(Halt::Store)?;
        }
        self.log.announce(told, &self.store, self.observer);
        self.turns += 1;
        if self.store.is_synced() {
            self.synced = self.turns;
        }
        for file in self.spent.drain(..) {
            // Its bytes are a value of the record now.
            let _ = std::fs::remove_file(file);
        }
        for id in self.taken.drain(..) {
            if let Some(dir) = self.store.dir() {
                // It was recorded: if it stays, it is known by its id and passed over.
                let _ = crate::store::remove_message(dir, &id);
            }
        }
        Ok(())
    }

    /// Writes the rows of the turn. A full disk, or somebody who looks into the journal with a lock on it, is waited for a while,
    /// with nothing new started.
    fn write(&mut self, sync: Sync) -> Result<Told, Halt> {
        let mut patience = PATIENCE.iter();
        loop {
            // Nothing of the turn was written: what runs goes on, nothing new begins, space may come back.
            match (self.log.write(&mut self.store, sync), patience.next()) {
                (Ok(told), _) => return Ok(told),
                (Err(error @ (StoreError::Full { .. } | StoreError::Busy)), Some(pause)) => {
                    if matches!(error, StoreError::Full { .. }) {
                        self.store.release_ballast();
                    }
                    std::thread::sleep(Duration::from_millis(*pause));
                }
                (Err(error), _) => return Err(Halt::Store(error)),
            }
        }
    }

    /// Takes the starts that need not wait for the sync of this turn.
    fn take_early(&mut self) -> Vec<Command> {
        let waits = self.log.needs_sync() && self.store.durability() == Durability::Power;
        if !waits || self.limits.policy != Policy::Rolling {
            return Vec::new();
        }
        let mut early = Vec::new();
        for command in std::mem::take(&mut self.todo) {
            match command {
                Command::StartAttempt { place, attempt: 1, tries: 1, inline: false, .. }
                    if self.waited_for_room(place) =>
                {
                    early.push(command);
                }
                other => self.todo.push(other),
            }
        }
        early
    }

    /// Whether all that a task depends on is on the disk, and it may be run again if its beginning is not.
    fn waited_for_room(&self, place: Place) -> bool {
        let Some(task) = self.tasks.get(place) else { return false };
        let harmless = task.inputs.as_ref().is_some_and(|inputs| {
            inputs.on_crash == Crash::Rerun && inputs.reads.is_empty() && inputs.writes.is_empty()
        });
        harmless && task.known_in < self.synced
    }
}
