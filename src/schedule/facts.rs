//! What `decide` may know besides the state: time, limits, policy, experience. Never part of the record.

use super::{Ms, WallMs};
use crate::plan::{AgentId, TaskId};
use std::fmt;

/// The world at the time of a decision.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub now: Ms,
    pub wall: WallMs,
    /// Attempts at once, at most, in the whole run.
    pub parallel: u32,
    pub policy: Policy,
    /// Units of each resource whose limit is `Machine`, by its index (cores, bytes); absent: no limit.
    pub machine: &'a [i64],
    pub history: &'a dyn History,
    /// Whether some path matches both globs.
    pub overlap: fn(&str, &str) -> bool,
    /// For jitter; taken once, by the first decision of a session.
    pub seed: u64,
}

/// When a ready task may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// As soon as what it depends on has succeeded.
    #[default]
    Rolling,
    /// When the wave before its own has ended, in every body.
    Strict,
}

/// What earlier runs say.
pub trait History {
    /// Usual time of a task, in place of its `estimate`.
    fn duration_ms(&self, task: TaskId) -> Option<Ms>;
    /// How often an agent succeeds with a task, from 0 to 1.
    fn success(&self, task: TaskId, agent: AgentId) -> Option<f64>;
}

/// No experience.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHistory;

impl History for NoHistory {
    fn duration_ms(&self, _: TaskId) -> Option<Ms> {
        None
    }

    fn success(&self, _: TaskId, _: AgentId) -> Option<f64> {
        None
    }
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("now", &self.now)
            .field("wall", &self.wall)
            .field("parallel", &self.parallel)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
