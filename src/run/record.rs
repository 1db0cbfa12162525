//! What stands in the rows of a journal: one struct an event, written as JSON.
//!
//! A [`Record`] is the body of a row; the row's columns say which task it is about. Values stand in it as references of the
//! store. The words are part of the file format: a field may be added, never given another meaning.

use super::observer::RunStatus;
use crate::schedule::{Answer, Close, End, Ms, Outcome, Question, Why, Width};
use crate::store::{ValueRef, kinds};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A variant of `ErrorKind`.
    pub kind: EcoString,
    pub message: EcoString,
    /// The task that failed first; empty: the one whose row it is.
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub task: EcoString,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Attempts that were made.
    #[serde(default)]
    pub attempts: u32,
    /// `file:line:column` of the expression that failed.
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub at: EcoString,
}

impl Failure {
    /// A failure of a kind, with its message.
    pub fn new(kind: &str, message: impl Into<EcoString>) -> Failure {
        Failure {
            kind: kind.into(),
            message: message.into(),
            task: EcoString::new(),
            exit_code: None,
            attempts: 0,
            at: EcoString::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    pub workflow: EcoString,
    /// The plan's JSON, kept in the store.
    pub plan: ValueRef,
    pub plan_hash: EcoString,
    pub inputs: Vec<ValueRef>,
    pub flowc: EcoString,
    pub durability: EcoString,
    pub cores: u32,
    pub memory: u64,
    #[serde(default)]
    pub strict: bool,
    /// Of the started workflow's settings, with the window of its loops.
    #[serde(flatten)]
    pub limits: Limits,
}

/// What the scheduler is told when all begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub window: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<Ms>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionOpened {
    pub host: EcoString,
    pub pid: u32,
    pub boot: EcoString,
    pub plan_hash: EcoString,
    /// Of the tasks that had ended: how many stay.
    #[serde(default)]
    pub kept: u64,
    /// How many run again.
    #[serde(default)]
    pub again: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanChanged {
    pub plan: ValueRef,
    pub plan_hash: EcoString,
    pub kept: u64,
    /// Tasks whose results and failures do not count any more, although they might fit.
    pub again: Vec<EcoString>,
    /// Tasks that had failed, and nothing caught it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncaught: Vec<EcoString>,
    pub gone: Vec<EcoString>,
    pub inputs: Vec<ValueRef>,
    pub generation: u32,
    /// Tasks that had ended and are known to run again, `again` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rerun: Vec<EcoString>,
    #[serde(flatten)]
    pub limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionClosed {
    pub why: Close,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    pub end: End,
    pub status: RunStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted {
    /// Index of the agent in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_index: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<EcoString>,
    /// Hash of the inputs, hex.
    pub inputs: EcoString,
    /// Idempotency key.
    pub key: EcoString,
    /// Wall ms at which a `sleep` ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<EcoString>,
    /// Units of resources with a rate that it took: index in the plan, number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<(u32, i64)>,
    /// It takes this answer in place of asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
}

/// An answer that an agent gave in an earlier generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The name of its folder.
    pub mark: EcoString,
    /// What it cost is recorded.
    pub paid: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnded {
    pub outcome: Outcome,
    /// What it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Ten-thousandths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<EcoString>,
    /// What it wrote, masked, where that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<ValueRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<ValueRef>,
}

impl AttemptEnded {
    /// One of which nothing more is known.
    pub fn new(outcome: Outcome) -> AttemptEnded {
        AttemptEnded {
            outcome,
            value: None,
            exit: None,
            error: None,
            cost: None,
            tokens: None,
            session: None,
            stdout: None,
            stderr: None,
        }
    }

    /// Whether it tells what an answer cost that is still to be judged: one that ended by itself has an exit.
    pub fn is_paid_answer(&self) -> bool {
        self.exit.is_some() && (self.cost.is_some() || self.tokens.is_some())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptLost {
    /// What follows: `rerun`, `ask`, `fail` or `probe`.
    pub policy: EcoString,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSettled {
    pub end: End,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The attempt that ended with it, where that succeeded: it has no row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptEnded>,
    /// The definition's key.
    pub def: EcoString,
    /// Hash of the inputs, hex.
    pub inputs: EcoString,
    /// The generation that left the failure, or the value that a person let stand, where that is an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u64>,
    /// It ended when its race was decided already: nobody used it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

/// A result of an earlier generation that was taken over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskKept {
    pub value: ValueRef,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub def: EcoString,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub inputs: EcoString,
    /// The generation that it is from.
    #[serde(default)]
    pub age: u64,
    /// The task that it was recorded for, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<EcoString>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackoffSet {
    /// Active ms.
    pub until: Ms,
    /// Wall ms, for people.
    pub wall: i64,
    pub attempt: u32,
    /// Number of the attempt that comes next: the same one, when it could not even begin.
    pub next: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionAsked {
    pub about: Question,
    pub question: EcoString,
    pub message: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionAnswered {
    pub question: EcoString,
    pub by: EcoString,
    pub answer: Answer,
    /// What the task results in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueRef>,
    /// Why it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub note: EcoString,
}

/// The body of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    RunStarted(Box<RunStarted>),
    SessionOpened(Box<SessionOpened>),
    PlanChanged(Box<PlanChanged>),
    SessionClosed(SessionClosed),
    RunEnded(Box<RunEnded>),
    /// Which arm, if any.
    ArmTaken(Option<u16>),
    /// Of a map or race.
    MapOpened(Arc<Width>),
    LoopOpened {
        max: u32,
        every_ms: Option<Ms>,
    },
    CallOpened {
        parallel: Option<u32>,
        deadline_ms: Option<Ms>,
    },
    ValueChecked,
    RoundOpened,
    /// Whether there is another round.
    RoundClosed(bool),
    ValueFailed(Box<Failure>),
    AttemptStarted(Box<AttemptStarted>),
    AttemptEnded(Box<AttemptEnded>),
    AttemptAdopted,
    AttemptLost(AttemptLost),
    TaskSettled(Box<TaskSettled>),
    BackoffSet(BackoffSet),
    QuestionAsked(Box<QuestionAsked>),
    QuestionAnswered(Box<QuestionAnswered>),
    TaskKept(TaskKept),
    /// It was stopped while it waited for a person, who need not answer any more.
    TaskSkipped,
    /// Who, and why.
    CancelAsked(EcoString, EcoString),
    InterruptAsked,
    DeadlinePassed,
    WaveClosed {
        wave: u32,
        valid: bool,
    },
    /// Its id.
    MessageTaken(EcoString),
    /// What was lost.
    LossNoted(EcoString),
}

impl Record {
    /// Its number in the journal.
    pub fn kind(&self) -> u16 {
        match self {
            Record::RunStarted(_) => kinds::RUN_STARTED,
            Record::SessionOpened(_) => kinds::SESSION_OPENED,
            Record::PlanChanged(_) => kinds::PLAN_CHANGED,
            Record::SessionClosed(_) => kinds::SESSION_CLOSED,
            Record::RunEnded(_) => kinds::RUN_ENDED,
            Record::ArmTaken(_) => kinds::ARM_TAKEN,
            Record::MapOpened(_) => kinds::MAP_OPENED,
            Record::RoundClosed(_) => kinds::ROUND_CLOSED,
            Record::LoopOpened { .. } => kinds::LOOP_OPENED,
            Record::CallOpened { .. } => kinds::CALL_OPENED,
            Record::ValueChecked => kinds::VALUE_CHECKED,
            Record::RoundOpened => kinds::ROUND_OPENED,
            Record::ValueFailed(_) => kinds::VALUE_FAILED,
            Record::AttemptStarted(_) => kinds::ATTEMPT_STARTED,
            Record::AttemptEnded(_) => kinds::ATTEMPT_ENDED,
            Record::AttemptAdopted => kinds::ATTEMPT_ADOPTED,
            Record::AttemptLost(_) => kinds::ATTEMPT_LOST,
            Record::TaskSettled(_) => kinds::TASK_SETTLED,
            Record::BackoffSet(_) => kinds::BACKOFF_SET,
            Record::TaskKept(_) => kinds::TASK_KEPT,
            Record::TaskSkipped => kinds::TASK_SKIPPED,
            Record::QuestionAsked(_) => kinds::QUESTION_ASKED,
            Record::QuestionAnswered(_) => kinds::QUESTION_ANSWERED,
            Record::InterruptAsked => kinds::INTERRUPT_ASKED,
            Record::DeadlinePassed => kinds::DEADLINE_PASSED,
            Record::CancelAsked(..) => kinds::CANCEL_ASKED,
            Record::WaveClosed { .. } => kinds::WAVE_CLOSED,
            Record::MessageTaken(_) => kinds::MESSAGE_TAKEN,
            Record::LossNoted(_) => kinds::LOSS_NOTED,
        }
    }

    /// Appends its JSON.
    pub fn write(&self, to: &mut Vec<u8>) {
        // Writing JSON of these structs into memory cannot fail: no map has keys that are not text.
        let written = match self {
            Record::RunStarted(body) => serde_json::to_writer(to, body),
            Record::SessionOpened(body) => serde_json::to_writer(to, body),
            Record::PlanChanged(body) => serde_json::to_writer(to, body),
            Record::SessionClosed(body) => serde_json::to_writer(to, body),
            Record::RunEnded(body) => serde_json::to_writer(to, body),
            Record::ArmTaken(n) => serde_json::to_writer(to, n),
            Record::MapOpened(body) => serde_json::to_writer(to, &**body),
            Record::LoopOpened { max, every_ms } => serde_json::to_writer(to, &(max, every_ms)),
            Record::CallOpened { parallel, deadline_ms } => {
                serde_json::to_writer(to, &(parallel, deadline_ms))
            }
            Record::RoundClosed(again) => serde_json::to_writer(to, again),
            Record::ValueFailed(body) => serde_json::to_writer(to, body),
            Record::AttemptStarted(body) => serde_json::to_writer(to, body),
            Record::AttemptEnded(body) => serde_json::to_writer(to, body),
            Record::AttemptAdopted
            | Record::TaskSkipped
            | Record::ValueChecked
            | Record::RoundOpened
            | Record::InterruptAsked
            | Record::DeadlinePassed => Ok(()),
            Record::TaskKept(body) => serde_json::to_writer(to, body),
            Record::AttemptLost(body) => serde_json::to_writer(to, body),
            Record::TaskSettled(body) => serde_json::to_writer(to, body),
            Record::BackoffSet(body) => serde_json::to_writer(to, body),
            Record::QuestionAsked(body) => serde_json::to_writer(to, body),
            Record::QuestionAnswered(body) => serde_json::to_writer(to, body),
            Record::CancelAsked(by, why) => serde_json::to_writer(to, &(by, why)),
            Record::MessageTaken(text) | Record::LossNoted(text) => serde_json::to_writer(to, text),
            Record::WaveClosed { wave, valid } => serde_json::to_writer(to, &(wave, valid)),
        };
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// Reads a row's body. `Ok(None)`: a kind that this version does not know.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn read(kind: u16, body: &[u8]) -> Result<Option<Record>, serde_json::Error> {
        use serde_json::from_slice as json;
        Ok(Some(match kind {
            kinds::RUN_STARTED => Record::RunStarted(json(body)?),
            kinds::SESSION_OPENED => Record::SessionOpened(json(body)?),
            kinds::PLAN_CHANGED => Record::PlanChanged(json(body)?),
            kinds::SESSION_CLOSED => Record::SessionClosed(json(body)?),
            kinds::RUN_ENDED => Record::RunEnded(json(body)?),
            kinds::ARM_TAKEN => Record::ArmTaken(json(body)?),
            kinds::MAP_OPENED => Record::MapOpened(Arc::new(json(body)?)),
            kinds::LOOP_OPENED => {
                let (max, every_ms) = json(body)?;
                Record::LoopOpened { max, every_ms }
            }
            kinds::CALL_OPENED => {
                let (parallel, deadline_ms) = json(body)?;
                Record::CallOpened { parallel, deadline_ms }
            }
            kinds::VALUE_CHECKED => Record::ValueChecked,
            kinds::ROUND_OPENED => Record::RoundOpened,
            kinds::ROUND_CLOSED => Record::RoundClosed(json(body)?),
            kinds::VALUE_FAILED => Record::ValueFailed(json(body)?),
            kinds::ATTEMPT_STARTED => Record::AttemptStarted(json(body)?),
            kinds::ATTEMPT_ENDED => Record::AttemptEnded(json(body)?),
            kinds::ATTEMPT_ADOPTED => Record::AttemptAdopted,
            kinds::ATTEMPT_LOST => Record::AttemptLost(json(body)?),
            kinds::TASK_SETTLED => Record::TaskSettled(json(body)?),
            kinds::BACKOFF_SET => Record::BackoffSet(json(body)?),
            kinds::TASK_KEPT => Record::TaskKept(json(body)?),
            kinds::TASK_SKIPPED => Record::TaskSkipped,
            kinds::QUESTION_ASKED => Record::QuestionAsked(json(body)?),
            kinds::QUESTION_ANSWERED => Record::QuestionAnswered(json(body)?),
            kinds::INTERRUPT_ASKED => Record::InterruptAsked,
            kinds::DEADLINE_PASSED => Record::DeadlinePassed,
            kinds::CANCEL_ASKED => {
                let (by, why) = json(body)?;
                Record::CancelAsked(by, why)
            }
            kinds::WAVE_CLOSED => {
                let (wave, valid) = json(body)?;
                Record::WaveClosed { wave, valid }
            }
            kinds::MESSAGE_TAKEN => Record::MessageTaken(json(body)?),
            kinds::LOSS_NOTED => Record::LossNoted(json(body)?),
            _ => return Ok(None),
        }))
    }
}
