//! What a run tells the outside, as plain data: the events of the JSON stream.
//!
//! An [`Observer`] shows, it never steers. It is given each event after the transaction that recorded it, in the order of
//! the journal. It must not know how a run works.

use super::values::json_of;
use crate::value::Value;
use ecow::EcoString;
use serde::{Serialize, Serializer};

/// Version of the event stream.
pub const EVENTS_VERSION: u32 = 1;

/// Receives the events of a run.
pub trait Observer {
    /// Takes one event. What cannot be shown is dropped: a run does not fail because nobody reads it.
    fn event(&mut self, event: &RunEvent);

    /// An answer was given for this task, which asked nothing in this session.
    fn unasked(&mut self, _task: &str) {}

    /// An answer that was given for this task does not do, for that reason: its question stays open.
    fn unfit(&mut self, _task: &str, _why: &str) {}

    /// Whether it wants events at all: where not, none are made.
    fn listens(&self) -> bool {
        true
    }
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &RunEvent) {}

    fn listens(&self) -> bool {
        false
    }
}

impl<F: FnMut(&RunEvent)> Observer for F {
    fn event(&mut self, event: &RunEvent) {
        self(event);
    }
}

/// One event. Serialises as one object: `event`, `run`, `seq`, `at`, then what belongs to it.
#[derive(Debug, Clone, Serialize)]
pub struct RunEvent {
    pub event: &'static str,
    pub run: EcoString,
    /// Place in the journal of the event that it tells of; several may tell of the same.
    pub seq: u64,
    /// Wall clock, ms since 1970; written as RFC 3339 in UTC.
    #[serde(serialize_with = "as_time")]
    pub at: i64,
    /// In the first event of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(flatten)]
    pub what: What,
}

fn as_time<S: Serializer>(at: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&super::clock::rfc3339(*at))
}

/// How an attempt ended, as the stream and `show` say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Succeeded,
    Failed,
    Timeout,
    Cancelled,
    Interrupted,
    Crashed,
}

/// Why something failed: the kind of language.md §3 and one or more lines for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct ErrorText {
    pub kind: EcoString,
    pub message: EcoString,
}

/// What happened.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum What {
    RunStarted {
        workflow: EcoString,
        /// Tasks of the plan that are known before it runs.
        tasks: u64,
        waves: u32,
    },
    RunResumed {
        workflow: EcoString,
        kept: u64,
        again: u64,
        /// Those that run again, where the program has changed or the run begins anew.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<EcoString>,
    },
    WaveStarted {
        wave: u32,
    },
    WaveClosed {
        wave: u32,
        valid: bool,
    },
    MapOpened {
        task: EcoString,
        n: u64,
    },
    AttemptStarted {
        task: EcoString,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        agent: Option<EcoString>,
    },
    AttemptEnded {
        task: EcoString,
        attempt: u32,
        outcome: AttemptOutcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorText>,
    },
    AttemptBackoff {
        task: EcoString,
        attempt: u32,
        #[serde(serialize_with = "as_time")]
        until: i64,
    },
    TaskWaiting {
        task: EcoString,
        /// Hash of the question; an answer names it.
        question: EcoString,
        message: EcoString,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        choices: Vec<EcoString>,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_maybe_time")]
        until: Option<i64>,
    },
    TaskAnswered {
        task: EcoString,
        question: EcoString,
        by: EcoString,
    },
    TaskSkipped {
        task: EcoString,
    },
    TaskFinished {
        task: EcoString,
        status: TaskStatus,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")]
        value: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tokens: Option<u64>,
    },
    RunStopped {
        status: RunStatus,
        questions: Vec<OpenQuestion>,
    },
    RunFinished {
        status: RunStatus,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")]
        result: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorText>,
    },
}

fn as_maybe_time<S: Serializer>(at: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => as_time(at, to),
        None => to.serialize_none(),
    }
}

fn as_json<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(json_of).serialize(to)
}

/// A question that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenQuestion {
    pub task: EcoString,
    pub question: EcoString,
    pub message: EcoString,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<EcoString>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_maybe_time")]
    pub until: Option<i64>,
}

/// The state of a task in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    Pending,
    Ready,
    Running,
    Backoff,
    Waiting,
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
}

/// The state of a run in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    Waiting,
    Succeeded,
    Failed,
    Cancelled,
    Interrupted,
}

impl What {
    /// Its word in the stream.
    pub fn word(&self) -> &'static str {
        match self {
            What::RunStarted { .. } => "run_started",
            What::RunResumed { .. } => "run_resumed",
            What::WaveStarted { .. } => "wave_started",
            What::WaveClosed { .. } => "wave_closed",
            What::MapOpened { .. } => "map_opened",
            What::AttemptStarted { .. } => "attempt_started",
            What::AttemptEnded { .. } => "attempt_ended",
            What::AttemptBackoff { .. } => "attempt_backoff",
            What::TaskWaiting { .. } => "task_waiting",
            What::TaskAnswered { .. } => "task_answered",
            What::TaskSkipped { .. } => "task_skipped",
            What::TaskFinished { .. } => "task_finished",
            What::RunStopped { .. } => "run_stopped",
            What::RunFinished { .. } => "run_finished",
        }
    }
}
