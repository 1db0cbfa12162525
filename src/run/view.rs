//! What a journal says of its run, for people and programs that look on: `show`, `runs`, `logs`.
//!
//! Takes a journal, of a run that is going on or of one long ended, and gives plain data. A fold: it decides nothing and
//! writes nothing.

mod shown;

pub use shown::{Filter, Shown, ShownAttempt, ShownTask, dollars};

use super::observer::{AttemptOutcome, RunStatus, TaskStatus};
use super::record::{AttemptEnded, Failure, Record, RunEnded, RunStarted};
use crate::schedule::{Close, End, ErrorKind, Outcome};
use crate::store::{Head, OnRow, Row, StoreError, ValueRef, View, kinds};
use ecow::EcoString;
use indexmap::IndexMap;
use std::ops::ControlFlow;

/// Version of what `show` and `runs` give.
pub const VIEW_VERSION: u32 = 1;

/// A run as its journal tells it.
#[derive(Debug, Clone, Default)]
pub struct RunView {
    pub run: EcoString,
    pub workflow: EcoString,
    pub plan: Option<ValueRef>,
    pub inputs: Vec<ValueRef>,
    pub ended: Option<RunEnded>,
    /// Why the last session left, where it did in good order and the run is not over.
    pub closed: Option<Close>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub tasks: IndexMap<EcoString, TaskView>,
    /// Waves that have closed, and whether each was valid.
    pub waves: Vec<(u32, bool)>,
    /// Number of the last event.
    pub seq: u64,
}

/// A task as its events tell it.
#[derive(Debug, Clone)]
pub struct TaskView {
    pub status: TaskStatus,
    pub generation: u32,
    pub attempts: Vec<AttemptView>,
    pub value: Option<ValueRef>,
    pub error: Option<Failure>,
    /// What is asked of people.
    pub question: Option<super::record::QuestionAsked>,
}

impl Default for TaskView {
    fn default() -> TaskView {
        TaskView {
            status: TaskStatus::Pending,
            generation: 0,
            attempts: Vec::new(),
            value: None,
            error: None,
            question: None,
        }
    }
}

/// An attempt as its events tell it.
#[derive(Debug, Clone, Default)]
pub struct AttemptView {
    pub number: u32,
    pub tries: u32,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub agent: Option<EcoString>,
    pub ended: Option<AttemptEnded>,
    pub lost: bool,
}

/// Reads a whole journal. `replay` is that of a store or of a view of it.
///
/// # Errors
/// Those of the store: a damaged record, one of a later version.
pub fn read(
    run: &str,
    replay: impl FnOnce(&mut OnRow<'_>) -> Result<Head, StoreError>,
) -> Result<RunView, StoreError> {
    let mut view = RunView { run: run.into(), ..RunView::default() };
    let mut bad = None;
    replay(&mut |row| match Record::read(row.kind, row.body) {
        Ok(Some(record)) => {
            view.fold(row, record);
            ControlFlow::Continue(())
        }
        Ok(None) => ControlFlow::Continue(()),
        Err(error) => {
            bad = Some(StoreError::Damaged { last_good_seq: row.seq - 1, why: error.to_string() });
            ControlFlow::Break(())
        }
    })?;
    bad.map_or(Ok(view), Err)
}

/// Whether the last row says that the run has succeeded; only that row is looked at.
///
/// # Errors
/// Those of the store.
pub fn succeeded(journal: &View) -> Result<bool, StoreError> {
    let mut succeeded = false;
    journal.replay(journal.head()?.seq.saturating_sub(1), &mut |row| {
        if let (kinds::RUN_ENDED, Ok(Some(Record::RunEnded(ended)))) =
            (row.kind, Record::read(row.kind, row.body))
        {
            succeeded = ended.status == RunStatus::Succeeded;
        }
        ControlFlow::Continue(())
    })?;
    Ok(succeeded)
}

/// Where the plan that a run goes by is kept; only the row that says so is looked at.
///
/// # Errors
/// Those of the store.
pub fn plan(journal: &View) -> Result<Option<ValueRef>, StoreError> {
    let Some(seq) = journal.newest([kinds::RUN_STARTED, kinds::PLAN_CHANGED])? else { return Ok(None) };
    let mut plan = None;
    journal.replay(seq.saturating_sub(1), &mut |row| {
        plan = match Record::read(row.kind, row.body) {
            Ok(Some(Record::RunStarted(started))) => Some(started.plan),
            Ok(Some(Record::PlanChanged(changed))) => Some(changed.plan),
            _ => None,
        };
        ControlFlow::Break(())
    })?;
    Ok(plan)
}

impl RunView {
    /// The state of the run; `held`: a runner has it now.
    pub fn status(&self, held: bool) -> RunStatus {
        status(self.ended.as_ref().map(|ended| ended.status), self.closed, held)
    }

    fn fold(&mut self, row: &Row<'_>, record: Record) {
        self.seq = row.seq;
        match record {
            Record::RunStarted(started) => {
                let RunStarted { workflow, plan, inputs, .. } = *started;
                (self.workflow, self.plan, self.inputs) = (workflow, Some(plan), inputs);
                self.started_at = row.at;
            }
            Record::SessionOpened(_) => {
                (self.closed, self.ended, self.finished_at) = (None, None, None);
            }
            Record::PlanChanged(changed) => {
                self.plan = Some(changed.plan);
                for id in changed.again.iter().chain(&changed.rerun) {
                    self.tasks.entry(id.clone()).or_default().status = TaskStatus::Pending;
                }
            }
            Record::SessionClosed(closed) => {
                self.closed = Some(closed.why);
                self.finished_at = Some(row.at);
            }
            Record::RunEnded(ended) => {
                self.ended = Some(*ended);
                self.finished_at = Some(row.at);
                self.tasks.values_mut().for_each(TaskView::over);
            }
            Record::WaveClosed { wave, valid } => self.waves.push((wave, valid)),
            other => self.fold_task(row, other),
        }
    }

    fn fold_task(&mut self, row: &Row<'_>, record: Record) {
        let Some(id) = row.task else { return };
        let steers = matches!(
            record,
            Record::ArmTaken(_)
                | Record::MapOpened(_)
                | Record::LoopOpened { .. }
                | Record::CallOpened { .. }
                | Record::ValueChecked
                | Record::RoundOpened
                | Record::RoundClosed(_)
                | Record::DeadlinePassed
        );
        if steers {
            return;
        }
        let task = match self.tasks.get_mut(id) {
            Some(task) => task,
            None => self.tasks.entry(id.into()).or_default(),
        };
        task.fold(row, record);
    }
}

impl TaskView {
    fn fold(&mut self, row: &Row<'_>, record: Record) {
        self.generation = row.generation.unwrap_or(self.generation);
        match record {
            Record::AttemptStarted(started) => {
                self.status = TaskStatus::Running;
                let (number, tries) = (row.attempt.unwrap_or(1), row.tries.unwrap_or(0));
                self.attempts.push(AttemptView {
                    number,
                    tries,
                    started_at: row.at,
                    agent: started.agent,
                    ..AttemptView::default()
                });
            }
            Record::AttemptEnded(ended) => {
                self.status = TaskStatus::Ready;
                self.end_attempt(row, *ended);
            }
            Record::AttemptLost(_) => {
                self.status = TaskStatus::Ready;
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.lost = true;
                }
            }
            Record::TaskSettled(settled) => {
                if let Some(ended) = settled.attempt {
                    self.end_attempt(row, ended);
                }
                self.status = status_of(settled.end);
                self.value = settled.value;
                self.error = settled.error;
                self.question = None;
            }
            Record::ValueFailed(error) => {
                self.status = TaskStatus::Failed;
                self.error = Some(*error);
            }
            Record::TaskKept(kept) => {
                self.status = TaskStatus::Succeeded;
                (self.value, self.error, self.question) = (Some(kept.value), None, None);
            }
            Record::TaskSkipped => (self.status, self.question) = (TaskStatus::Cancelled, None),
            Record::BackoffSet(_) => self.status = TaskStatus::Backoff,
            Record::QuestionAsked(asked) => {
                self.status = TaskStatus::Waiting;
                self.question = Some(*asked);
            }
            Record::QuestionAnswered(_) => {
                self.status = TaskStatus::Ready;
                self.question = None;
            }
            Record::RunStarted(_)
            | Record::SessionOpened(_)
            | Record::PlanChanged(_)
            | Record::SessionClosed(_)
            | Record::RunEnded(_)
            | Record::ArmTaken(_)
            | Record::MapOpened(_)
            | Record::LoopOpened { .. }
            | Record::CallOpened { .. }
            | Record::ValueChecked
            | Record::RoundOpened
            | Record::RoundClosed(_)
            | Record::DeadlinePassed
            | Record::InterruptAsked
            | Record::AttemptAdopted
            | Record::CancelAsked(..)
            | Record::WaveClosed { .. }
            | Record::MessageTaken(_)
            | Record::LossNoted(_) => {}
        }
    }
}

impl TaskView {
    /// The run is over: what was stopped while it stood still has no event of its own.
    fn over(&mut self) {
        match self.status {
            TaskStatus::Ready | TaskStatus::Running | TaskStatus::Backoff | TaskStatus::Waiting => {
                self.status = TaskStatus::Cancelled;
                self.question = None;
            }
            TaskStatus::Pending
            | TaskStatus::Succeeded
            | TaskStatus::Failed
            | TaskStatus::Skipped
            | TaskStatus::Cancelled => {}
        }
    }

    fn end_attempt(&mut self, row: &Row<'_>, ended: AttemptEnded) {
        self.question = None;
        if self.attempts.last().is_none_or(|attempt| attempt.ended.is_some()) {
            // In process: it has no beginning of its own in the record.
            let number = row.attempt.unwrap_or(1);
            self.attempts.push(AttemptView { number, started_at: row.at, ..AttemptView::default() });
        }
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.finished_at = Some(row.at);
            attempt.ended = Some(ended);
        }
    }
}

/// The state of a run by its end, by why its last session left in good order, and by whether a runner has it.
pub(super) fn status(ended: Option<RunStatus>, closed: Option<Close>, held: bool) -> RunStatus {
    match (ended, closed) {
        (Some(status), _) => status,
        (None, _) if held => RunStatus::Running,
        (None, Some(Close::Waiting)) => RunStatus::Waiting,
        // The runner was asked to leave, or it was lost.
        (None, Some(_) | None) => RunStatus::Interrupted,
    }
}

/// The state of a run as the formats say it.
pub fn status_word(status: RunStatus) -> String {
    format!("{status:?}").to_lowercase()
}

/// The word for how a task ended.
pub fn status_of(end: End) -> TaskStatus {
    match end {
        End::Succeeded => TaskStatus::Succeeded,
        End::Failed(_) => TaskStatus::Failed,
        End::Skipped => TaskStatus::Skipped,
        End::Cancelled => TaskStatus::Cancelled,
    }
}

/// The word for how an attempt ended.
pub fn outcome_word(outcome: Outcome) -> AttemptOutcome {
    match outcome {
        Outcome::Done => AttemptOutcome::Succeeded,
        Outcome::Failed(ErrorKind::Timeout) => AttemptOutcome::Timeout,
        Outcome::Failed(_) | Outcome::Unable(_) => AttemptOutcome::Failed,
        Outcome::Interrupted => AttemptOutcome::Interrupted,
        Outcome::Lost => AttemptOutcome::Crashed,
    }
}
