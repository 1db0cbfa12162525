//! What stands in the rows of a journal: one struct an event, written as JSON.
//!
//! A [`Record`] is the body of a row; the row's columns say which task it is about. Values stand inside up to 512 bytes,
//! else by their hash ([`Held`]). The words are part of the file format: a field may be added, never given another meaning.

use super::observer::{AttemptOutcome, RunStatus, TaskStatus};
use crate::store::kinds;
use crate::value::Value;
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// Values whose JSON is longer than this many bytes are kept by their hash.
pub const INLINE: usize = 512;

/// A value in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Held {
    #[serde(rename = "v")]
    Here(Value),
    /// BLAKE3 of its JSON, hex, under which the store keeps it; and how many bytes it has.
    #[serde(rename = "h")]
    There(EcoString, u64),
}

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
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    pub workflow: EcoString,
    /// The plan's JSON, kept in the store.
    pub plan: Held,
    pub plan_hash: EcoString,
    pub inputs: Vec<Held>,
    pub flowc: EcoString,
    pub durability: EcoString,
    pub cores: u32,
    pub memory: u64,
    #[serde(default)]
    pub strict: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
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
    pub plan: Held,
    pub plan_hash: EcoString,
    pub kept: u64,
    pub again: Vec<EcoString>,
    pub gone: Vec<EcoString>,
    /// New values of the inputs, where they were given anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Held>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionClosed {
    /// `interrupted`, `waiting` or `storage`.
    pub why: EcoString,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    pub status: RunStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Held>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapOpened {
    pub n: u64,
    /// Of a map with `key`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<EcoString>,
    /// Of a map with `after`: for each iteration those it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Vec<u32>>,
    /// Where the `if` of the head dropped some: the index in the list of each that stayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indices: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted {
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
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptNoted {
    pub pid: u32,
    /// Clock ticks from the start of the machine to that of the process.
    pub start_ticks: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnded {
    pub outcome: AttemptOutcome,
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
    /// Files of its output, relative to the run's folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<EcoString>,
    /// The first bytes of a small output, as text, where there is no file: what `logs` shows.
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub tail: EcoString,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptLost {
    /// What follows: `rerun`, `ask`, `fail` or `probe`.
    pub policy: EcoString,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSettled {
    pub status: TaskStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Held>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The definition's key.
    pub def: EcoString,
    /// Hash of the inputs, hex.
    pub inputs: EcoString,
    /// It was kept from the program before, not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackoffSet {
    /// Wall ms.
    pub until: i64,
    pub attempt: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionAsked {
    pub question: EcoString,
    pub message: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionAnswered {
    pub question: EcoString,
    pub by: EcoString,
    /// `yes`, `no`, or the JSON of the value.
    pub answer: EcoString,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub note: EcoString,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrashAnswered {
    /// `rerun`, `done` or `fail`.
    pub answer: EcoString,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Held>,
}

/// The body of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    RunStarted(Box<RunStarted>),
    SessionOpened(Box<SessionOpened>),
    PlanChanged(Box<PlanChanged>),
    SessionClosed(SessionClosed),
    RunEnded(Box<RunEnded>),
    /// Which arm.
    ArmTaken(u32),
    MapOpened(Box<MapOpened>),
    /// Whether there is another round.
    RoundClosed(bool),
    /// The winners, in order.
    RaceWon(Vec<u32>),
    /// How a block ended.
    ScopeEnded(TaskStatus),
    ValueFailed(Failure),
    AttemptStarted(Box<AttemptStarted>),
    AttemptNoted(AttemptNoted),
    AttemptEnded(Box<AttemptEnded>),
    AttemptAdopted,
    AttemptLost(AttemptLost),
    TaskSettled(Box<TaskSettled>),
    BackoffSet(BackoffSet),
    TaskSkipped,
    QuestionAsked(Box<QuestionAsked>),
    QuestionAnswered(Box<QuestionAnswered>),
    CrashAnswered(Box<CrashAnswered>),
    /// Who, and why.
    CancelAsked(EcoString, EcoString),
    /// The cause.
    StopDecided(EcoString),
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
            Record::RaceWon(_) => kinds::RACE_WON,
            Record::ScopeEnded(_) => kinds::SCOPE_ENDED,
            Record::ValueFailed(_) => kinds::VALUE_FAILED,
            Record::AttemptStarted(_) => kinds::ATTEMPT_STARTED,
            Record::AttemptNoted(_) => kinds::ATTEMPT_NOTED,
            Record::AttemptEnded(_) => kinds::ATTEMPT_ENDED,
            Record::AttemptAdopted => kinds::ATTEMPT_ADOPTED,
            Record::AttemptLost(_) => kinds::ATTEMPT_LOST,
            Record::TaskSettled(_) => kinds::TASK_SETTLED,
            Record::BackoffSet(_) => kinds::BACKOFF_SET,
            Record::TaskSkipped => kinds::TASK_SKIPPED,
            Record::QuestionAsked(_) => kinds::QUESTION_ASKED,
            Record::QuestionAnswered(_) => kinds::QUESTION_ANSWERED,
            Record::CrashAnswered(_) => kinds::CRASH_ANSWERED,
            Record::CancelAsked(..) => kinds::CANCEL_ASKED,
            Record::StopDecided(_) => kinds::STOP_DECIDED,
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
            Record::MapOpened(body) => serde_json::to_writer(to, body),
            Record::RoundClosed(again) => serde_json::to_writer(to, again),
            Record::RaceWon(won) => serde_json::to_writer(to, won),
            Record::ScopeEnded(end) => serde_json::to_writer(to, end),
            Record::ValueFailed(body) => serde_json::to_writer(to, body),
            Record::AttemptStarted(body) => serde_json::to_writer(to, body),
            Record::AttemptNoted(body) => serde_json::to_writer(to, body),
            Record::AttemptEnded(body) => serde_json::to_writer(to, body),
            Record::AttemptAdopted | Record::TaskSkipped => Ok(()),
            Record::AttemptLost(body) => serde_json::to_writer(to, body),
            Record::TaskSettled(body) => serde_json::to_writer(to, body),
            Record::BackoffSet(body) => serde_json::to_writer(to, body),
            Record::QuestionAsked(body) => serde_json::to_writer(to, body),
            Record::QuestionAnswered(body) => serde_json::to_writer(to, body),
            Record::CrashAnswered(body) => serde_json::to_writer(to, body),
            Record::CancelAsked(by, why) => serde_json::to_writer(to, &(by, why)),
            Record::StopDecided(text) | Record::MessageTaken(text) | Record::LossNoted(text) => {
                serde_json::to_writer(to, text)
            }
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
            kinds::MAP_OPENED => Record::MapOpened(json(body)?),
            kinds::ROUND_CLOSED => Record::RoundClosed(json(body)?),
            kinds::RACE_WON => Record::RaceWon(json(body)?),
            kinds::SCOPE_ENDED => Record::ScopeEnded(json(body)?),
            kinds::VALUE_FAILED => Record::ValueFailed(json(body)?),
            kinds::ATTEMPT_STARTED => Record::AttemptStarted(json(body)?),
            kinds::ATTEMPT_NOTED => Record::AttemptNoted(json(body)?),
            kinds::ATTEMPT_ENDED => Record::AttemptEnded(json(body)?),
            kinds::ATTEMPT_ADOPTED => Record::AttemptAdopted,
            kinds::ATTEMPT_LOST => Record::AttemptLost(json(body)?),
            kinds::TASK_SETTLED => Record::TaskSettled(json(body)?),
            kinds::BACKOFF_SET => Record::BackoffSet(json(body)?),
            kinds::TASK_SKIPPED => Record::TaskSkipped,
            kinds::QUESTION_ASKED => Record::QuestionAsked(json(body)?),
            kinds::QUESTION_ANSWERED => Record::QuestionAnswered(json(body)?),
            kinds::CRASH_ANSWERED => Record::CrashAnswered(json(body)?),
            kinds::CANCEL_ASKED => {
                let (by, why) = json(body)?;
                Record::CancelAsked(by, why)
            }
            kinds::STOP_DECIDED => Record::StopDecided(json(body)?),
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
