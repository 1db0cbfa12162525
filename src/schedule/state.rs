//! The state of a run.

use super::{End, ErrorRef, Note, Place, ScopeId, Wake};
use crate::plan::{AgentId, BodyId, Plan};
use serde::{Deserialize, Serialize};

/// The state of a run: what the events so far add up to. Can be saved (serde) and read back in place of a replay.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {}

/// What a person is shown of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
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

/// Whether a run has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Attempts run, or something waits for a time.
    Busy,
    /// Nothing can happen before a person answers one of so many questions.
    Waiting(u32),
    /// The session has been closed.
    Closed,
    /// The run has ended.
    Ended(End),
}

/// An attempt that was running when the record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub place: Place,
    pub attempt: u16,
    pub tries: u16,
    pub agent: Option<AgentId>,
}

/// Tasks by status: those that ended in this generation, and those that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub running: u32,
    pub waiting: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub skipped: u32,
    pub cancelled: u32,
}

impl State {
    /// Before `Event::RunStarted`.
    pub fn new(plan: &Plan) -> State {
        let _ = plan;
        State {}
    }

    /// The text id of a node, or of a scope's body (the composite's id, `@`, the slot), as long as the scope is not swept.
    /// Empty for an unknown place.
    pub fn id_of(&self, plan: &Plan, place: Place) -> String {
        let _ = (plan, place);
        String::new()
    }

    /// The place of an id in a live scope.
    pub fn place_of(&self, plan: &Plan, id: &str) -> Option<Place> {
        let _ = (plan, id);
        None
    }

    /// The body of a scope that is not swept.
    pub fn body_of(&self, scope: ScopeId) -> Option<BodyId> {
        let _ = scope;
        None
    }

    /// The composite that a scope belongs to and its slot there; `None` for the root scope.
    pub fn parent_of(&self, scope: ScopeId) -> Option<(Place, u32)> {
        let _ = scope;
        None
    }

    /// The failure with the highest number.
    pub fn newest_error(&self) -> Option<ErrorRef> {
        None
    }

    /// What has happened inside since they were taken last.
    pub fn take_notes(&mut self) -> Vec<Note> {
        Vec::new()
    }

    /// Forgets the scopes that have closed.
    pub fn sweep(&mut self) {}

    /// When to decide again at the latest.
    pub fn wake(&self) -> Wake {
        Wake::default()
    }

    /// Whether there is something to wait for. Right after `decide` gave nothing new.
    pub fn rest(&self) -> Rest {
        Rest::Busy
    }

    /// After a replay: the attempts that began and did not end.
    pub fn lost_attempts(&self) -> Vec<Lost> {
        Vec::new()
    }

    /// The open questions.
    pub fn questions(&self) -> Vec<Place> {
        Vec::new()
    }

    /// The status of a node.
    pub fn status(&self, place: Place) -> Status {
        let _ = place;
        Status::Pending
    }

    /// How a node ended.
    pub fn end_of(&self, place: Place) -> Option<End> {
        let _ = place;
        None
    }

    /// Goes through all tasks of live scopes (also those that have ended there), scope by scope.
    pub fn each_task(&self, plan: &Plan, visit: &mut dyn FnMut(Place, Status)) {
        let _ = (plan, visit);
    }

    /// Tasks by status.
    pub fn counts(&self) -> Counts {
        Counts::default()
    }

    /// The wave of the root body in which a place stands.
    pub fn wave_of(&self, plan: &Plan, place: Place) -> u32 {
        let _ = (plan, place);
        0
    }

    /// From 0; raised by `Event::Restarted`.
    pub fn generation(&self) -> u32 {
        0
    }

    /// How the run ended.
    pub fn ended(&self) -> Option<End> {
        None
    }
}
