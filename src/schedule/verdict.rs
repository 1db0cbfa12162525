//! What the driver answers when the machine asks for an expression: numbers and references, never values.

use super::{ErrorKind, Ms};
use crate::plan::{AgentId, ResourceId};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is to be evaluated at a place. The driver evaluates inline and answers with one [`Event::Evaluated`](super::Event).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A task's arguments and properties → [`Verdict::Inputs`], or `Event::Kept`.
    Inputs,
    /// An assert's condition → [`Verdict::Ok`].
    Assert,
    /// The elements of a `map` (`items`, `filter`, `key`, `after`, `parallel`) or of a `race for` (with `need`), or the `need` of a
    /// `race { … }` → [`Verdict::Width`].
    Width,
    /// Which arm of a branch → [`Verdict::Arm`].
    Arm,
    /// `start`, `max` and `every` of a loop → [`Verdict::Loop`].
    Loop,
    /// At the body of a round whose nodes have ended: the next draft, then `until` → [`Verdict::Again`].
    Again,
    /// The arguments of a call and the called workflow's settings → [`Verdict::Call`].
    Call,
    /// At a body whose nodes have ended: its result → [`Verdict::Ok`]. Not asked when the body has no result or it is a node's
    /// value as it is (see [`body_result`](super::body_result)).
    Result,
}

/// The answer. Any question may be answered with `Bad`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The only one that is not journalled; shared, so that the driver may keep one for a task without variable properties.
    Inputs(Arc<Inputs>),
    /// The condition holds; the result has been evaluated.
    Ok,
    Width(Arc<Width>),
    /// Index of the arm; `None`: no arm matches (a branch without `else`), the node succeeds with `none`.
    Arm(Option<u16>),
    Loop {
        max: u32,
        every_ms: Option<Ms>,
    },
    /// Whether `until` does not hold yet.
    Again {
        again: bool,
    },
    Call {
        parallel: Option<u32>,
        deadline_ms: Option<Ms>,
    },
    /// The evaluation failed. The error is [`State::newest_error`](super::State::newest_error) after the event is applied.
    Bad(ErrorKind),
}

/// What the machine must know of a task that is about to start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inputs {
    /// Units that it holds while it runs (of a rate: takes when it starts).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<(ResourceId, i64)>,
    /// Candidates; empty: no agent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentId>,
    pub retry: Retry,
    pub priority: i64,
    /// Globs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<EcoString>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<EcoString>,
    pub on_crash: Crash,
    pub work: Work,
    /// What an earlier generation did of it.
    #[serde(skip_serializing_if = "Before::is_nothing")]
    pub before: Before,
}

/// What an earlier generation did of a task that is about to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// Nothing that matters.
    #[default]
    Nothing,
    /// It had succeeded, and `on_crash` says that it is not to be repeated unasked: a person is asked.
    Done,
    /// An attempt had begun and how it ended is not known: `on_crash` says what follows.
    Begun,
}

impl Before {
    fn is_nothing(&self) -> bool {
        *self == Before::Nothing
    }
}

/// How a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// An attempt that takes one of the `parallel` places.
    #[default]
    Attempt,
    /// An attempt that takes none (`sleep`).
    Light,
    /// In process, without effects (`now env glob read`): takes no place, and only its end is journalled.
    Inline,
    /// `approve`, `input`: a person does it. With a `default` it succeeds when the time has passed.
    Question { timeout_ms: Option<Ms>, default: bool },
}

/// `on_crash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crash {
    #[default]
    Rerun,
    Ask,
    Fail,
    /// Started again as `StartAttempt { redo: true }`: the driver runs the probe first, and answers `Done` when it exits 0.
    Probe,
}

/// Attempts after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retry {
    pub max: u32,
    /// Before the second attempt.
    pub backoff_ms: Ms,
    /// What each further backoff is multiplied by.
    pub factor: f64,
    /// Share of the backoff, from 0 to 1, that is random.
    pub jitter: f64,
    /// `None`: all but `budget rejected denied claim`.
    pub on: Option<Vec<ErrorKind>>,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { max: 0, backoff_ms: 0, factor: 2.0, jitter: 0.1, on: None }
    }
}

/// How wide a `map` or a `race` is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Width {
    /// Number of elements that the filter left (of `race { … }`: of bodies). Iterations are numbered 0..n; with `indices` or `keys`
    /// their ids say something else.
    pub n: u32,
    /// Index of each iteration's element in the list before the filter, ascending; `None`: 0..n.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indices: Option<Vec<u32>>,
    /// Key of each iteration, all different.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<EcoString>>,
    /// For which iterations each one waits. Must have no cycle: see [`Edges::cycle`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Edges>,
    /// Iterations open at once, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    /// Of a race: how many must succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<u32>,
}

/// A graph over 0..n as flat arrays: the targets of `i` are `items[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Edges {
    /// n + 1 numbers.
    pub starts: Vec<u32>,
    pub items: Vec<u32>,
}

impl Edges {
    /// The targets of one.
    pub fn of(&self, i: u32) -> &[u32] {
        let at = |i: u32| self.starts.get(i as usize).copied().unwrap_or(0) as usize;
        self.items.get(at(i)..at(i + 1)).unwrap_or(&[])
    }

    /// Numbers of a cycle in order, each waiting for the next and the last for the first; `None` if there is none.
    pub fn cycle(&self) -> Option<Vec<u32>> {
        let n = self.starts.len().saturating_sub(1);
        // 0 not seen, 1 on the way, 2 done
        let mut seen = vec![0u8; n];
        let mut way: Vec<(u32, usize)> = Vec::new();
        for start in 0..n as u32 {
            if seen[start as usize] != 0 {
                continue;
            }
            seen[start as usize] = 1;
            way.push((start, 0));
            while let Some((i, next)) = way.last_mut() {
                match self.of(*i).get(*next).copied() {
                    None => {
                        seen[*i as usize] = 2;
                        way.pop();
                    }
                    Some(to) => {
                        *next += 1;
                        match seen.get(to as usize) {
                            Some(0) => {
                                seen[to as usize] = 1;
                                way.push((to, 0));
                            }
                            Some(1) => {
                                let from = way.iter().position(|(i, _)| *i == to).unwrap_or(0);
                                return Some(way[from..].iter().map(|(i, _)| *i).collect());
                            }
                            Some(_) | None => {}
                        }
                    }
                }
            }
        }
        None
    }
}
