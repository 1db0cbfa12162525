//! Who runs next: a pure state machine over a [`Plan`](crate::plan::Plan).
//!
//! Takes [`Event`]s and gives [`Command`]s; knows no value, no clock, no process and no file. [`apply`] only folds: the same
//! events in the same order give the same [`State`], so that a replay of the journal is a fold. [`decide`] only chooses; every
//! choice with a consequence is an event, which it applies at once and hands out to be recorded.
//!
//! A driver's turn:
//!
//! 1. take what has come from outside (attempts that ended, answers, cancel) and `apply` each event;
//! 2. `decide`; do every [`Command::Evaluate`] at once, `apply` the answers; again, until it gives nothing new;
//! 3. record all events of the turn that are [journalled](Event::journalled), from outside and decided, in their order (ids by
//!    [`State::id_of`]) and commit; then [`State::sweep`];
//! 4. do the other commands;
//! 5. wait for something from outside, or until [`State::wake`].
//!
//! After each `apply` and `decide` the driver takes the [`Note`]s, which say what opened, ended and failed inside. A replay applies
//! the journalled events (places found by [`State::place_of`]), takes the notes likewise, then applies `SessionOpened`, and
//! `AttemptEnded` with [`Outcome::Lost`] for each of [`State::lost_attempts`] that it has not adopted, and goes on with turns.

mod command;
mod decide;
mod desk;
mod event;
mod facts;
mod fold;
mod ids;
mod kind;
mod place;
mod scope;
mod shape;
mod state;
mod tables;
mod verdict;

pub use command::{Command, Decisions, Note, Wake};
pub use event::{Answer, Cause, Close, End, Event, Outcome, Question, Why};
pub use facts::{Facts, History, NoHistory, Policy};
pub use kind::ErrorKind;
pub use place::{ErrorRef, Ms, Place, ScopeId, WallMs};
pub use state::{Counts, Lost, Rest, State, Status};
pub use tables::NumMap;
pub use verdict::{Before, Crash, Edges, Inputs, Retry, Verdict, What, Width, Work};

use crate::plan::{Body, ExprKind, NodeIx, Plan, Ref};

/// An event that cannot happen in this state: the journal or the driver is wrong. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalMove {
    /// What was tried and why it cannot be.
    pub why: String,
}

/// Folds an event that happened at `at`.
pub fn apply(state: &mut State, plan: &Plan, at: Ms, event: &Event) -> Result<(), IllegalMove> {
    state.fold(plan, at, event)
}

/// Chooses what is next, given what has happened: applies the events that it decides (at `facts.now`) and adds them and the
/// commands to `out`. Its work is in proportion to what has changed since the last call. The first call after a replay
/// goes through all live scopes once.
pub fn decide(state: &mut State, plan: &Plan, facts: &Facts<'_>, out: &mut Decisions) {
    if state.is_live() {
        decide::Turning { state, plan, facts, out }.run();
    }
}

/// Where the value of a body comes from when its nodes have succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyResult {
    Unit,
    /// It is, as it is, the value of that node.
    Node(NodeIx),
    /// It is asked for ([`What::Result`]).
    Asked,
}

/// Where the value of a body comes from.
pub fn body_result(body: &Body) -> BodyResult {
    let Some(expr) = &body.result else { return BodyResult::Unit };
    if let ExprKind::Ref(Ref::Node { up: 0, node }) = expr.kind {
        BodyResult::Node(node)
    } else {
        BodyResult::Asked
    }
}
