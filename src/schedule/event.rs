//! What happens: the words of the machine's past tense.
//!
//! Events come from outside (an attempt ended, an expression was evaluated, a person answered) or are decided by
//! [`decide`](super::decide). [`apply`](super::apply) folds both alike; those that are [journalled](Event::journalled)
//! are all that a replay needs.

use super::{ErrorKind, ErrorRef, Ms, Place, ScopeId, Verdict, WallMs};
use crate::plan::AgentId;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// *From outside, first of all.* Opens the started workflow. Its settings have been evaluated.
    RunStarted {
        /// `parallel` of the run, for the width of the window in which a `for` without `parallel` keeps iterations open.
        window: u32,
        /// `parallel` of the workflow's own settings.
        parallel: Option<u32>,
        /// `deadline` of the workflow's own settings.
        deadline_ms: Option<Ms>,
    },
    /// *From outside.* A runner took the run: the first, or one that resumes. Lifts an interrupt.
    SessionOpened,
    /// *From outside.* All begins anew, with the plan that is given to `apply` from here on (the same or a changed one). Results
    /// that are kept are told one by one as [`Event::Kept`] when their tasks ask for their inputs.
    Restarted { generation: u32, window: u32, parallel: Option<u32>, deadline_ms: Option<Ms> },
    /// *From outside.* The answer to a [`Command::Evaluate`](super::Command::Evaluate).
    Evaluated { place: Place, verdict: Verdict },
    /// *From outside, in place of the answer to `Evaluate` of a task's inputs.* The task succeeded before (in an earlier generation,
    /// another run, a cache); it is settled without an attempt.
    Kept { place: Place },
    /// *Decided.* An attempt begins. `tries` counts the starts under one number, from 1: a lost or interrupted attempt is
    /// begun again under its number.
    AttemptStarted {
        place: Place,
        /// From 1.
        attempt: u16,
        tries: u16,
        agent: Option<AgentId>,
        /// In process, without effects: nothing is journalled but the end.
        inline: bool,
    },
    /// *From outside.* How an attempt ended. After a replay the driver tells it of every lost attempt.
    AttemptEnded {
        place: Place,
        outcome: Outcome,
        /// As in `AttemptStarted`: then it is not journalled, the task's end says enough.
        inline: bool,
    },
    /// *Decided.* A task's end, once a generation. `why`, when it failed: what the failure is (not where its evaluation failed: that
    /// was told with [`Verdict::Bad`]).
    TaskSettled { place: Place, end: End, why: Option<Why> },
    /// *Decided.* The next attempt, of that number, waits until then.
    BackoffSet { place: Place, attempt: u16, until: Ms },
    /// *Decided.* The run waits for a person; `default`: there is a value for when nobody answers in time.
    QuestionAsked { place: Place, about: Question, until: Option<WallMs>, default: bool },
    /// *From outside, or decided when its time has passed.* The question has an answer.
    Answered { place: Place, answer: Answer },
    /// *Decided.* The next round of a loop with `every` begins.
    RoundOpened { place: Place },
    /// *Decided.* The workflow that is called there (or the run, with the root scope) has used up its time.
    DeadlinePassed { scope: ScopeId },
    /// *From outside.* Stop all, run what is `finally`, end as cancelled.
    CancelAsked,
    /// *From outside.* Stop attempts and start nothing; the run can be resumed.
    InterruptAsked,
    /// *Decided.* All nodes of a wave of the root body have ended; not `valid`: one of them failed or was cancelled.
    WaveClosed { wave: u32, valid: bool },
    /// *Decided* after an interrupt, *from outside* when the driver leaves a run that waits for a person.
    SessionClosed { why: Close },
    /// *Decided, last of all.*
    RunEnded { end: End },
}

impl Event {
    /// Whether it goes into the journal. The others are either followed by one that says the same, or are asked again
    /// after a replay.
    pub fn journalled(&self) -> bool {
        match self {
            Event::Evaluated { verdict, .. } => !matches!(verdict, Verdict::Inputs(_)),
            Event::AttemptStarted { inline, .. } | Event::AttemptEnded { inline, .. } => !inline,
            Event::RunStarted { .. }
            | Event::SessionOpened
            | Event::Restarted { .. }
            | Event::Kept { .. }
            | Event::TaskSettled { .. }
            | Event::BackoffSet { .. }
            | Event::QuestionAsked { .. }
            | Event::Answered { .. }
            | Event::RoundOpened { .. }
            | Event::DeadlinePassed { .. }
            | Event::CancelAsked
            | Event::InterruptAsked
            | Event::WaveClosed { .. }
            | Event::SessionClosed { .. }
            | Event::RunEnded { .. } => true,
        }
    }

    /// The place that it is about. Its id must be rendered before [`State::sweep`](super::State::sweep).
    pub fn place(&self) -> Option<Place> {
        match self {
            Event::Evaluated { place, .. }
            | Event::Kept { place }
            | Event::AttemptStarted { place, .. }
            | Event::AttemptEnded { place, .. }
            | Event::TaskSettled { place, .. }
            | Event::BackoffSet { place, .. }
            | Event::QuestionAsked { place, .. }
            | Event::Answered { place, .. }
            | Event::RoundOpened { place } => Some(*place),
            Event::DeadlinePassed { scope } => Some(Place::body(*scope)),
            Event::RunStarted { .. }
            | Event::SessionOpened
            | Event::Restarted { .. }
            | Event::CancelAsked
            | Event::InterruptAsked
            | Event::WaveClosed { .. }
            | Event::SessionClosed { .. }
            | Event::RunEnded { .. } => None,
        }
    }

    /// The same event at another place (a replay finds places anew by their ids). Events without a place stay as they are.
    pub fn moved(mut self, to: Place) -> Event {
        match &mut self {
            Event::Evaluated { place, .. }
            | Event::Kept { place }
            | Event::AttemptStarted { place, .. }
            | Event::AttemptEnded { place, .. }
            | Event::TaskSettled { place, .. }
            | Event::BackoffSet { place, .. }
            | Event::QuestionAsked { place, .. }
            | Event::Answered { place, .. }
            | Event::RoundOpened { place } => *place = to,
            Event::DeadlinePassed { scope } => *scope = to.scope,
            Event::RunStarted { .. }
            | Event::SessionOpened
            | Event::Restarted { .. }
            | Event::CancelAsked
            | Event::InterruptAsked
            | Event::WaveClosed { .. }
            | Event::SessionClosed { .. }
            | Event::RunEnded { .. } => {}
        }
        self
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a value that passed its gates. It counts even when the attempt was being stopped.
    Done,
    /// By itself, with an answer that is a failure; or its timeout passed.
    Failed(ErrorKind),
    /// The machine could not run it (no memory, no process, no space): uses no retry, is tried again after a pause, 10 times in a row.
    Unable(ErrorKind),
    /// It was stopped. Uses no retry.
    Interrupted,
    /// Nobody knows: its runner died.
    Lost,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Succeeded,
    Failed(ErrorRef),
    /// Never begun, because of a failure elsewhere.
    Skipped,
    /// Stopped or never begun, because of a cancel, of a lost race or of a failure elsewhere.
    Cancelled,
}

/// What a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Why {
    pub kind: ErrorKind,
    pub cause: Cause,
}

/// Who says what a failure was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The driver: the attempt's outcome, the evaluation, the answer.
    Told,
    /// A loop with `on_max: fail` has used up its rounds.
    Rounds,
    /// Too few of a race can succeed.
    Race,
    /// Ten lost or impossible starts in a row.
    Tries,
    /// `on_crash: fail`.
    Crash,
    /// The workflow's deadline.
    Deadline,
    /// Nobody answered in time.
    Unanswered,
    /// It needs more of a resource than there is.
    Capacity,
}

/// What a person is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// `approve` or `input`.
    Task,
    /// `on_crash: ask`: the attempt had begun, how it ended is not known.
    Crash,
    /// It had succeeded before, would run again, and `on_crash` says that it is not to be repeated unasked.
    Again,
}

/// An answer. The driver has checked that it fits the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, or a value, or "it was done".
    Done,
    /// Nobody answered in time, and the task has a default.
    Default,
    /// Nobody answered in time.
    Expired,
    /// No.
    Rejected,
    /// The lost attempt is to be run again.
    Rerun,
    /// The lost attempt counts as failed (kind `crash`).
    Fail,
}

/// Why a session ended before its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Close {
    Interrupted,
    Waiting,
    Storage,
}
