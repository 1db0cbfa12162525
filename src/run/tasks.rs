//! What the driver remembers of tasks that have begun and not ended: attempts, session, cost, the reason to tell.

use super::record::{AttemptEnded, Earlier};
use crate::schedule::{Crash, Inputs, NumMap, Place};
use crate::store::ValueRef;
use ecow::EcoString;
use std::sync::Arc;

/// Of one task.
#[derive(Debug, Default)]
pub(super) struct Task {
    pub inputs: Option<Arc<Inputs>>,
    /// In which turn of the session they became known: all that it depends on had been recorded by then.
    pub known_in: u64,
    /// Number of its newest attempt.
    pub attempts: u32,
    pub tries: u32,
    /// Attempts that ended with an answer: a new one is another effect and gets another idempotency key.
    pub answered: u32,
    /// Idempotency key of its newest attempt.
    pub key: EcoString,
    /// Session of its agent, to go on in.
    pub session: Option<EcoString>,
    /// Why the answer before did not do.
    pub told: Option<String>,
    /// Ten-thousandths of a dollar, over all attempts.
    pub cost: i64,
    pub tokens: u64,
    /// The newest attempt was answered, and what that cost is recorded, but its gates were not passed through yet.
    pub paid: bool,
    /// The answer that the newest attempt takes in place of asking.
    pub earlier: Option<Earlier>,
    /// What it gave, until it is settled.
    pub value: Option<ValueRef>,
    /// The successful attempt, which is recorded with the task's end.
    pub done: Option<Box<AttemptEnded>>,
}

/// Of all.
#[derive(Debug, Default)]
pub(super) struct Tasks(NumMap<Place, Task>);

impl Tasks {
    /// Its inputs are known.
    pub(super) fn begin(&mut self, place: Place, inputs: &Arc<Inputs>) {
        self.of(place).inputs = Some(inputs.clone());
    }

    /// What is remembered of a task.
    pub(super) fn of(&mut self, place: Place) -> &mut Task {
        self.0.entry(place).or_default()
    }

    pub(super) fn get(&self, place: Place) -> Option<&Task> {
        self.0.get(&place)
    }

    /// How many attempts it has had.
    pub(super) fn attempts(&self, place: Place) -> u32 {
        self.0.get(&place).map_or(0, |task| task.attempts)
    }

    /// Starts of its newest attempt.
    pub(super) fn tries(&self, place: Place) -> u32 {
        self.0.get(&place).map_or(0, |task| task.tries)
    }

    /// Whether it may be run again without harm when its end is lost.
    pub(super) fn is_rerun(&self, place: Place) -> bool {
        let inputs = self.0.get(&place).and_then(|task| task.inputs.as_ref());
        inputs.is_some_and(|inputs| inputs.on_crash == Crash::Rerun)
    }

    /// It has ended.
    pub(super) fn end(&mut self, place: Place) -> Option<Task> {
        self.0.remove(&place)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
