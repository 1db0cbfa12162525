//! Scopes, the states of their nodes, and composites that are under way: what the state is made of.

use super::tables::{NumMap, pairs};
use super::{
    Before, Close, Counts, Edges, End, ErrorKind, ErrorRef, Inputs, Ms, Outcome, Place, Question, ScopeId,
    WallMs, Width,
};
use crate::plan::{AgentId, BodyId, NodeIx};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The part of the state that events add up to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Core {
    pub started: bool,
    pub generation: u32,
    /// Iterations that a `for` without `parallel` keeps open, at most.
    pub window: u32,
    #[serde(with = "pairs")]
    pub scopes: NumMap<ScopeId, Box<Scope>>,
    /// The next scope's number.
    pub serial: u32,
    /// Closed, and not swept yet.
    #[serde(skip)]
    pub closed: Vec<ScopeId>,
    /// Widths of maps and races that have ended, for ids, until they are swept.
    #[serde(skip)]
    pub widths: Vec<(Place, Arc<Width>)>,
    /// Composites under way.
    #[serde(with = "pairs")]
    pub open: NumMap<Place, Composite>,
    #[serde(with = "pairs")]
    pub backoffs: NumMap<Place, Ms>,
    #[serde(with = "pairs")]
    pub questions: NumMap<Place, Asked>,
    /// Failed evaluations of tasks that are not settled yet.
    #[serde(with = "pairs")]
    pub bad: NumMap<Place, ErrorRef>,
    /// The next failure's number.
    pub errors: u32,
    /// Attempts that run.
    pub running: u32,
    pub counts: Counts,
    pub waves: Vec<Wave>,
    /// The first wave that is not closed.
    pub wave: u32,
    pub interrupt: bool,
    pub shut: Option<Close>,
    /// How the root scope ended.
    pub done: Option<End>,
    pub ended: Option<End>,
}

/// A wave of the root body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Wave {
    pub left: u32,
    pub broken: bool,
}

/// A live instance of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scope {
    pub body: BodyId,
    /// The composite that it belongs to; of the root scope: itself.
    pub by: Place,
    pub slot: u32,
    pub role: Role,
    pub nodes: Vec<Stage>,
    /// Nodes that have not ended.
    pub left: u32,
    pub halt: Halt,
    /// The first failure that is this scope's.
    pub error: Option<ErrorRef>,
    /// `on_failure: continue`: a failure skips what depends on it and nothing else.
    pub lenient: bool,
    /// All nodes have ended and the result (or `until`) is asked for.
    pub asking: bool,
    pub closed: bool,
    /// The scope of the workflow call it is in, or itself.
    pub call: ScopeId,
    /// Of a called workflow's (or the root) scope.
    pub parallel: Option<u32>,
    pub deadline: Option<Ms>,
    /// Nodes and slots from the root to here: plan order.
    pub order: Arc<[u32]>,
    /// Planned time of what follows this scope's end, to the end of the run.
    pub tail_ms: Ms,
}

/// An open question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub about: Question,
    /// When it is too late.
    pub until: Option<WallMs>,
    /// There is a value for that case.
    pub default: bool,
}

/// What a scope is to its composite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    Root,
    Iteration,
    Entrant,
    Arm,
    Round,
    Callee,
    /// The parts of a `try`.
    Body,
    Catch,
    Finally,
}

impl Role {
    /// Whether a failure inside stops this scope and leaves it to its composite what becomes of it.
    pub fn holds_failure(self) -> bool {
        match self {
            Role::Root | Role::Entrant | Role::Body | Role::Catch | Role::Finally => true,
            Role::Iteration | Role::Arm | Role::Round | Role::Callee => false,
        }
    }
}

/// Whether nothing may begin in a scope any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Halt {
    No,
    /// Because of a failure: what has not begun is skipped.
    Failing,
    /// Because of a cancel or a lost race.
    Cancelling,
}

/// The state of a node, 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Waits for so many nodes.
    Pending {
        missing: u32,
    },
    /// Waits for its evaluation, for resources or for its turn.
    Ready(Turn),
    Running(Turn),
    /// Its attempt has ended; what follows is being decided.
    Judged(Turn, How),
    /// Until the time in `Core::backoffs`.
    Backoff(Turn),
    /// For an answer to the question in `Core::questions`.
    Waiting(Turn),
    /// A composite under way, in `Core::open`.
    Open,
    Ended(End),
}

/// Whether a start of a task may repeat what was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Redo {
    No,
    /// Its last start was lost or interrupted.
    Lost,
    /// A person said to run it again.
    Allowed,
}

/// Where a task stands with its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    /// Number of the attempt that runs or comes next.
    pub attempt: u16,
    /// Starts under this number.
    pub tries: u16,
    /// Of the attempt before or now; `u16::MAX`: none.
    pub agent: u16,
    /// Starts in a row that were lost or impossible.
    pub lost: u8,
    pub redo: Redo,
}

impl Turn {
    pub const FIRST: Turn = Turn { attempt: 1, tries: 0, agent: u16::MAX, lost: 0, redo: Redo::No };

    /// Whether this would be the very first start in its generation.
    pub fn begins(self) -> bool {
        self.redo == Redo::No && self.tries == 0
    }

    /// Whether a start would repeat one of which nobody knows how it ended.
    pub fn repeats(self, inputs: &Inputs) -> bool {
        self.redo == Redo::Lost || (self.begins() && inputs.before == Before::Begun)
    }

    pub fn agent(self) -> Option<AgentId> {
        (self.agent != u16::MAX).then_some(AgentId(u32::from(self.agent)))
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum How {
    Done,
    Failed(ErrorKind),
    Unable(ErrorKind),
    /// Its evaluation failed: see `Core::bad`.
    Bad,
    /// Stopped, in a scope that was halted.
    Stopped,
    /// Its question got no answer in time.
    Unanswered,
    /// It counts as crashed, said a person.
    Crashed,
}

/// A composite under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Composite {
    /// A branch or a call.
    One {
        kid: ScopeId,
    },
    Loop(Rounds),
    Try {
        step: Role,
        kid: ScopeId,
        pending: Option<End>,
    },
    Map(Box<Fan>),
    Race(Box<Fan>),
}

/// A loop under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rounds {
    pub round: u32,
    pub max: u32,
    pub every: Option<Ms>,
    /// When this round began.
    pub began: Ms,
    /// `None`: the next round is due at `due`.
    pub kid: Option<ScopeId>,
    pub due: Ms,
    /// What `until` said of this round.
    pub again: bool,
}

/// A map or a race under way. What has finished leaves nothing behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fan {
    pub width: Arc<Width>,
    /// The first slot that has not been opened (without `waits`).
    pub next: u32,
    /// Slots that have ended or were skipped.
    pub done: u32,
    pub window: u32,
    pub kids: BTreeMap<u32, ScopeId>,
    pub error: Option<ErrorRef>,
    /// Of a race: slots that failed.
    pub failed: u32,
    pub won: Vec<u32>,
    pub waits: Option<Waits>,
}

/// Iterations that wait for each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waits {
    /// For how many each iteration waits; `u32::MAX`: skipped.
    pub missing: Vec<u32>,
    pub dependents: Edges,
    pub ready: BTreeSet<u32>,
}

impl Core {
    pub fn scope(&self, id: ScopeId) -> Option<&Scope> {
        self.scopes.get(&id).map(|scope| &**scope)
    }

    pub fn node(&self, place: Place) -> Option<Stage> {
        self.scopes.get(&place.scope)?.nodes.get(place.node.index()).copied()
    }

    /// Whether an evaluation is wanted there.
    pub fn wants(&self, place: Place) -> bool {
        if place.is_body() {
            return self.scope(place.scope).is_some_and(|scope| scope.asking && !scope.closed);
        }
        match self.node(place) {
            Some(Stage::Ready(_) | Stage::Running(_) | Stage::Judged(..) | Stage::Backoff(_)) => true,
            Some(Stage::Pending { .. } | Stage::Waiting(_) | Stage::Open | Stage::Ended(_)) | None => false,
        }
    }

    /// Whether nothing may begin there any more (or the scope is gone).
    pub fn halted(&self, scope: ScopeId) -> bool {
        self.scope(scope).is_none_or(|scope| scope.halt != Halt::No || scope.closed)
    }

    /// The scope of the run itself is not to be had for one that has no parent.
    pub fn parent(&self, id: ScopeId) -> Option<ScopeId> {
        let scope = self.scope(id)?;
        (scope.role != Role::Root).then_some(scope.by.scope)
    }

    /// The calls around a scope, from the inside out, the root scope last.
    pub fn calls(&self, scope: ScopeId) -> impl Iterator<Item = (ScopeId, &Scope)> {
        let mut next = self.scope(scope).map(|scope| scope.call);
        std::iter::from_fn(move || {
            let id = next?;
            let call = self.scope(id)?;
            next = self.parent(id).and_then(|outer| self.scope(outer)).map(|outer| outer.call);
            Some((id, call))
        })
    }

    /// What sorts the nodes of all scopes in plan order.
    pub fn order(&self, place: Place) -> (Arc<[u32]>, NodeIx) {
        let order = self.scope(place.scope).map(|scope| scope.order.clone());
        (order.unwrap_or_else(|| Arc::from([])), place.node)
    }
}

impl From<Outcome> for How {
    fn from(outcome: Outcome) -> How {
        match outcome {
            Outcome::Done => How::Done,
            Outcome::Failed(kind) => How::Failed(kind),
            Outcome::Unable(kind) => How::Unable(kind),
            Outcome::Interrupted | Outcome::Lost => How::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_node_is_small() {
        assert!(std::mem::size_of::<super::Stage>() <= 12);
    }
}
