//! From a journal back to the state of its run.
//!
//! Folds the rows of the newest generation: events into the scheduler's state, values into [`Values`]. Nothing is decided.
//! What earlier generations and programs left is remembered by id, to be kept where it still fits.

use super::codec;
use super::driver::Driver;
use super::evaluate::{judge, question_of};
use super::failure;
use super::memory::{Memory, NOW};
use super::people;
use super::record::{PlanChanged, Record, RunEnded, RunStarted, TaskSettled};
use super::tasks::Tasks;
use super::values::Values;
use crate::plan::{AgentId, NodeKind, Plan};
use crate::schedule::{self, Close, Event, NumMap, Outcome, Place, State, Status, Verdict};
use crate::store::{Row, RunStore, StoreError, ValueRef, kinds};
use crate::value::TypeId;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// What a run is, from its first pass: before its plan is known.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub started: Option<RunStarted>,
    /// The newest change of the program or generation, and its row.
    pub changed: Option<(u64, PlanChanged)>,
    pub ended: Option<RunEnded>,
    /// Wall ms of the run's beginning.
    pub started_at: i64,
    pub closed: Option<Close>,
    /// Active ms at the end of the record.
    pub active: i64,
    pub messages: BTreeSet<String>,
}

impl Outline {
    /// Reads what steers the resume, verifying the whole record.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn read(store: &RunStore) -> Result<Outline, StoreError> {
        let mut outline = Outline::default();
        each(store, 0, |row| {
            outline.active = row.mono;
            let wanted = matches!(
                row.kind,
                kinds::RUN_STARTED
                    | kinds::PLAN_CHANGED
                    | kinds::SESSION_OPENED
                    | kinds::SESSION_CLOSED
                    | kinds::RUN_ENDED
                    | kinds::MESSAGE_TAKEN
            );
            if wanted {
                outline.take(row)?;
            }
            Ok(())
        })?;
        Ok(outline)
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        match decode(row)? {
            Some(Record::RunStarted(started)) => {
                self.started = Some(*started);
                self.started_at = row.at;
            }
            Some(Record::PlanChanged(changed)) => {
                self.changed = Some((row.seq, *changed));
                self.ended = None;
            }
            Some(Record::SessionOpened(_)) => self.closed = None,
            Some(Record::SessionClosed(closed)) => self.closed = Some(closed.why),
            Some(Record::RunEnded(ended)) => self.ended = Some(*ended),
            Some(Record::MessageTaken(id)) => {
                self.messages.insert(id.to_string());
            }
            _ => {}
        }
        Ok(())
    }

    /// Where the kept plan is.
    pub(super) fn plan(&self) -> Option<&ValueRef> {
        self.changed.as_ref().map(|(_, changed)| &changed.plan).or(self.started.as_ref().map(|s| &s.plan))
    }

    /// The inputs of the newest generation.
    pub(super) fn inputs(&self) -> &[ValueRef] {
        match (&self.changed, &self.started) {
            (Some((_, changed)), _) => &changed.inputs,
            (None, Some(started)) => &started.inputs,
            (None, None) => &[],
        }
    }
}

pub(super) fn decode(row: &Row<'_>) -> Result<Option<Record>, StoreError> {
    Record::read(row.kind, row.body).map_err(|why| bad_row(row, &why.to_string()))
}

fn bad_row(row: &Row<'_>, why: &str) -> StoreError {
    let word = kinds::word(row.kind).unwrap_or("event");
    let task = row.task.unwrap_or("");
    StoreError::Damaged { last_good_seq: row.seq.saturating_sub(1), why: format!("{word} {task}: {why}") }
}

/// Gives each row after `after` to `f`; its first error ends it.
pub(super) fn each(
    store: &RunStore,
    after: u64,
    mut f: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut failed = None;
    store.replay(after, &mut |row| match f(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Folds rows into a state.
pub(super) struct Fold<'a> {
    pub plan: &'a Plan,
    pub store: &'a RunStore,
    pub state: &'a mut State,
    pub values: &'a mut Values,
    pub tasks: &'a mut Tasks,
    pub told: &'a mut NumMap<Place, super::record::Failure>,
    pub questions: &'a mut NumMap<Place, people::Question>,
    pub sleeps: &'a mut NumMap<Place, i64>,
    pub memory: &'a mut Memory,
    /// Units of rates that attempts took: wall ms, active ms, resource, number.
    pub rates: Vec<(i64, i64, u32, i64)>,
    mono: i64,
}

impl Fold<'_> {
    /// Folds all rows of the newest generation.
    ///
    /// # Errors
    /// Those of the store; `Damaged` also where a row cannot have happened.
    pub(super) fn run(&mut self, outline: &Outline) -> Result<(), StoreError> {
        let after = outline.changed.as_ref().map_or(0, |(seq, _)| seq - 1);
        let store = self.store;
        let inputs = outline.inputs().to_vec();
        each(store, after, |row| {
            // The scopes that a turn closed are still named by its own rows.
            if row.mono != self.mono {
                self.mono = row.mono;
                self.state.sweep();
            }
            match decode(row)? {
                Some(record) => self.fold(row, record, &inputs),
                None => Ok(()),
            }
        })?;
        self.state.sweep();
        // Nobody is asked any more in what was stopped.
        self.questions.retain(|place, _| self.state.status(*place) == Status::Waiting);
        Ok(())
    }

    fn fold(&mut self, row: &Row<'_>, record: Record, inputs: &[ValueRef]) -> Result<(), StoreError> {
        match record {
            Record::RunStarted(started) => {
                self.open(inputs)?;
                let super::record::Limits { window, parallel, deadline_ms } = started.limits;
                self.apply(row, &Event::RunStarted { window, parallel, deadline_ms })
            }
            Record::PlanChanged(changed) => {
                self.open(inputs)?;
                let super::record::Limits { window, parallel, deadline_ms } = changed.limits;
                let generation = changed.generation;
                self.apply(row, &Event::RunStarted { window, parallel, deadline_ms })?;
                self.apply(row, &Event::Restarted { generation, window, parallel, deadline_ms })
            }
            Record::SessionOpened(_) => self.apply(row, &Event::SessionOpened),
            Record::SessionClosed(closed) => self.apply(row, &Event::SessionClosed { why: closed.why }),
            Record::RunEnded(ended) => self.apply(row, &Event::RunEnded { end: ended.end }),
            Record::CancelAsked(..) => self.apply(row, &Event::CancelAsked),
            Record::InterruptAsked => self.apply(row, &Event::InterruptAsked),
            Record::WaveClosed { wave, valid } => self.apply(row, &Event::WaveClosed { wave, valid }),
            Record::MessageTaken(_) | Record::LossNoted(_) | Record::AttemptAdopted | Record::TaskSkipped => {
                Ok(())
            }
            other => {
                let id = row.task.unwrap_or_default();
                let place = self.state.place_of(self.plan, id);
                let place = place.ok_or_else(|| bad_row(row, "there is no such task at this point"))?;
                self.fold_at(row, place, other)
            }
        }
    }

    /// A fold into the parts of a driver.
    pub(super) fn run_in(
        driver: &mut Driver<'_>,
        outline: &Outline,
    ) -> Result<Vec<(i64, i64, u32, i64)>, StoreError> {
        let mut fold = Fold {
            plan: driver.plan,
            store: &driver.store,
            state: &mut driver.state,
            values: &mut driver.values,
            tasks: &mut driver.tasks,
            told: &mut driver.told,
            questions: &mut driver.questions,
            sleeps: &mut driver.sleeps,
            memory: &mut driver.memory,
            rates: Vec::new(),
            mono: 0,
        };
        fold.run(outline)?;
        Ok(fold.rates)
    }

    fn open(&mut self, inputs: &[ValueRef]) -> Result<(), StoreError> {
        let mut given = Vec::with_capacity(inputs.len());
        for (kept, input) in inputs.iter().zip(&self.plan.inputs) {
            given.push(codec::get(self.store, kept, input.ty, &self.plan.types)?);
        }
        self.values.open_root(self.plan, given);
        self.tasks.clear();
        self.told.clear();
        self.questions.clear();
        Ok(())
    }

    fn fold_at(&mut self, row: &Row<'_>, place: Place, record: Record) -> Result<(), StoreError> {
        match record {
            Record::ArmTaken(arm) => self.verdict(row, place, Verdict::Arm(arm)),
            Record::MapOpened(width) => self.verdict(row, place, Verdict::Width(width)),
            Record::LoopOpened { max, every_ms } => self.verdict(row, place, Verdict::Loop { max, every_ms }),
            Record::CallOpened { parallel, deadline_ms } => {
                self.verdict(row, place, Verdict::Call { parallel, deadline_ms })
            }
            Record::RoundClosed(again) => self.verdict(row, place, Verdict::Again { again }),
            Record::ValueChecked => self.verdict(row, place, Verdict::Ok),
            Record::ValueFailed(failure) => {
                let kind = kind_of(&failure);
                self.told.insert(place, *failure);
                self.verdict(row, place, Verdict::Bad(kind))
            }
            Record::RoundOpened => self.apply(row, &Event::RoundOpened { place }),
            Record::DeadlinePassed => self.apply(row, &Event::DeadlinePassed { scope: place.scope }),
            Record::BackoffSet(set) => {
                self.apply(row, &Event::BackoffSet { place, attempt: set.next, until: set.until })
            }
            Record::AttemptStarted(started) => self.fold_start(row, place, *started),
            Record::AttemptEnded(ended) => self.fold_end(row, place, *ended),
            Record::AttemptLost(_) => {
                self.apply(row, &Event::AttemptEnded { place, outcome: Outcome::Lost, inline: false })
            }
            Record::TaskKept(kept) => {
                if let Some(from) = &kept.from {
                    self.memory.claimed.insert(from.clone());
                } else if let Some(id) = row.task {
                    self.memory.claimed.insert(id.into());
                }
                self.memory.note(self.state, place, kept.age);
                self.put(place, &kept.value)?;
                self.apply(row, &Event::Kept { place })
            }
            Record::TaskSettled(settled) => self.fold_settled(row, place, *settled),
            Record::QuestionAsked(asked) => {
                let question = people::Question {
                    task: row.task.unwrap_or_default().into(),
                    generation: row.generation.unwrap_or(0),
                    hash: asked.question,
                    message: asked.message,
                    // The rest of it is made anew when the fold is over.
                    form: match asked.about {
                        schedule::Question::Task => people::Form::Approve,
                        schedule::Question::Crash | schedule::Question::Again => people::Form::Crash {
                            result: self.plan.result,
                            kept: None,
                            again: asked.about == schedule::Question::Again,
                        },
                    },
                    by: asked.by,
                    until: asked.until,
                };
                self.questions.insert(place, question);
                let (about, until, default) = (asked.about, asked.until, asked.default);
                self.apply(row, &Event::QuestionAsked { place, about, until, default })
            }
            Record::QuestionAnswered(answered) => {
                self.questions.remove(&place);
                self.memory.asked.remove(row.task.unwrap_or_default());
                if let Some(value) = &answered.value {
                    self.put(place, value)?;
                }
                if let Some(error) = answered.error {
                    self.told.insert(place, error);
                }
                self.apply(row, &Event::Answered { place, answer: answered.answer })
            }
            other => Err(bad_row(row, &format!("it cannot be about a task: {other:?}"))),
        }
    }

    fn fold_start(
        &mut self,
        row: &Row<'_>,
        place: Place,
        started: super::record::AttemptStarted,
    ) -> Result<(), StoreError> {
        let (attempt, tries) = (row.attempt.unwrap_or(1), row.tries.unwrap_or(1));
        let task = self.tasks.of(place);
        (task.attempts, task.tries) = (attempt, tries);
        task.earlier = started.earlier;
        if started.session.is_some() {
            task.session = started.session;
        }
        for (resource, units) in &started.rates {
            self.rates.push((row.at, row.mono, *resource, *units));
        }
        if let Some(deadline) = started.deadline {
            self.sleeps.insert(place, deadline);
        }
        let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        let agent = started.agent_index.map(AgentId);
        let (attempt, tries) = (small(attempt), small(tries));
        self.apply(row, &Event::AttemptStarted { place, attempt, tries, agent, inline: false })
    }

    fn fold_end(
        &mut self,
        row: &Row<'_>,
        place: Place,
        ended: super::record::AttemptEnded,
    ) -> Result<(), StoreError> {
        if let Some(value) = &ended.value {
            self.put(place, value)?;
        }
        let task = self.tasks.of(place);
        task.cost += ended.cost.unwrap_or(0);
        task.tokens += ended.tokens.unwrap_or(0);
        if ended.session.is_some() {
            task.session.clone_from(&ended.session);
        }
        match ended.outcome {
            Outcome::Interrupted | Outcome::Unable(_) | Outcome::Lost => task.paid |= ended.is_paid_answer(),
            Outcome::Done | Outcome::Failed(_) => (task.paid, task.earlier) = (false, None),
        }
        if let Some(error) = ended.error {
            let kind = kind_of(&error);
            task.answered += u32::from(super::attempt::is_answer(kind));
            task.told = kind.is_gate().then(|| error.message.to_string());
            self.told.insert(place, error);
        }
        self.apply(row, &Event::AttemptEnded { place, outcome: ended.outcome, inline: false })
    }

    fn fold_settled(&mut self, row: &Row<'_>, place: Place, settled: TaskSettled) -> Result<(), StoreError> {
        if let Some(value) = &settled.value {
            self.put(place, value)?;
        }
        if let Some(error) = settled.error {
            self.told.entry(place).or_insert(error);
        }
        if self.memory.on {
            self.memory.note(self.state, place, settled.kept.unwrap_or(NOW));
        }
        if let Some(attempt) = settled.attempt {
            let done = Event::AttemptEnded { place, outcome: attempt.outcome, inline: false };
            self.apply(row, &done)?;
        }
        self.apply(row, &Event::TaskSettled { place, end: settled.end, why: settled.why })?;
        self.tasks.end(place);
        self.told.remove(&place);
        Ok(())
    }

    /// Takes the values that belong to a recorded verdict, and the verdict as it was.
    fn verdict(&mut self, row: &Row<'_>, place: Place, verdict: Verdict) -> Result<(), StoreError> {
        if let Some(what) = question_of(place, &verdict) {
            judge(self.plan, self.values, place, what).map_err(|fault| {
                bad_row(row, &format!("its values are not what they were: {}", fault.message))
            })?;
        }
        self.apply(row, &Event::Evaluated { place, verdict })
    }

    fn put(&mut self, place: Place, kept: &ValueRef) -> Result<(), StoreError> {
        self.tasks.of(place).value = Some(kept.clone());
        if !self.values.is_read(place) {
            return Ok(());
        }
        let value = codec::get(self.store, kept, self.type_of(place), &self.plan.types)?;
        self.values.put(place, value);
        Ok(())
    }

    /// The type of what a task results in.
    fn type_of(&self, place: Place) -> TypeId {
        let body = self.values.body_of(place.scope).map(|body| self.plan.body(body));
        match body.and_then(|body| body.nodes.get(place.node.index())).map(|node| &node.kind) {
            Some(NodeKind::Task { def, .. }) => self.plan.task(*def).result,
            _ => self.plan.result,
        }
    }

    fn apply(&mut self, row: &Row<'_>, event: &Event) -> Result<(), StoreError> {
        schedule::apply(self.state, self.plan, row.mono, event)
            .map_err(|illegal| bad_row(row, &illegal.why))?;
        for note in self.state.take_notes() {
            if let schedule::Note::Failed { error, place, why } = &note {
                let failure = failure::describe(self.plan, self.state, self.tasks, self.told, *place, *why);
                self.values.put_error(*error, failure);
            } else {
                self.values.note(self.plan, &note);
            }
        }
        Ok(())
    }
}

fn kind_of(failure: &super::record::Failure) -> schedule::ErrorKind {
    schedule::ErrorKind::parse(&failure.kind).unwrap_or(schedule::ErrorKind::Error)
}
