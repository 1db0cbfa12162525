//! Folding an event into the state: no choice is made here, and nothing is asked of the outside.
//!
//! One event may bring about much (a node ends, its scope with it, a composite, its dependents …): it is worked off as
//! [`Step`]s, without recursion.

mod answers;
mod fan;
mod nodes;
mod rounds;
mod scopes;

use super::desk::Desk;
use super::scope::{Core, Stage};
use super::shape::Shapes;
use super::{Cause, End, ErrorKind, ErrorRef, Event, IllegalMove, Ms, Note, Place, ScopeId, Why};
use crate::plan::{Body, Node, Plan};
use std::collections::VecDeque;

/// A consequence that is still to be worked off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// All that the node needs has succeeded.
    Due(Place),
    End(Place, End),
    /// The last node of the scope has ended.
    Left(ScopeId),
    /// A slot of a map or race has become free.
    Refill(Place),
}

/// One event's folding.
pub(super) struct Fold<'a> {
    pub core: &'a mut Core,
    /// `None` in a replay.
    pub desk: Option<&'a mut Desk>,
    pub shapes: &'a Shapes,
    pub plan: &'a Plan,
    pub notes: &'a mut Vec<Note>,
    pub steps: &'a mut VecDeque<Step>,
    pub at: Ms,
}

type Moved = Result<(), IllegalMove>;

pub(super) fn illegal(why: impl Into<String>) -> IllegalMove {
    IllegalMove { why: why.into() }
}

impl Fold<'_> {
    /// Folds the event and all that follows from it.
    pub fn event(&mut self, event: &Event) -> Moved {
        if !self.core.started && !matches!(event, Event::RunStarted { .. }) {
            return Err(illegal(format!("{event:?} before the run started")));
        }
        self.one(event)?;
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Due(place) => self.due(place),
                Step::End(place, end) => self.end(place, end),
                Step::Left(scope) => self.left(scope),
                Step::Refill(place) => self.refill(place),
            }
        }
        Ok(())
    }

    fn one(&mut self, event: &Event) -> Moved {
        match event {
            Event::RunStarted { window, parallel, deadline_ms } => {
                if self.core.started {
                    return Err(illegal("the run started twice"));
                }
                self.start(*window, *parallel, *deadline_ms)
            }
            Event::Restarted { generation, window, parallel, deadline_ms } => {
                *self.core = Core { generation: *generation, errors: self.core.errors, ..Core::default() };
                self.start(*window, *parallel, *deadline_ms)
            }
            Event::SessionOpened => {
                self.core.interrupt = false;
                self.core.shut = None;
                Ok(())
            }
            Event::Evaluated { place, verdict } => self.evaluated(*place, verdict),
            Event::Kept { place } => self.kept(*place),
            Event::AttemptStarted { place, attempt, tries, agent, inline } => {
                self.attempt_started(*place, *attempt, *tries, *agent, *inline)
            }
            Event::AttemptEnded { place, outcome, inline: false } => self.attempt_ended(*place, *outcome),
            Event::AttemptEnded { place, outcome, inline: true } => self.inline_ended(*place, *outcome),
            Event::TaskSettled { place, end, why } => self.settled(*place, *end, *why),
            Event::BackoffSet { place, attempt, until } => self.backoff(*place, *attempt, *until),
            Event::QuestionAsked { place, about, until, default } => {
                self.asked(*place, *about, *until, *default)
            }
            Event::Answered { place, answer } => self.answered(*place, *answer),
            Event::RoundOpened { place } => self.round_opened(*place),
            Event::DeadlinePassed { scope } => self.deadline_passed(*scope),
            Event::CancelAsked => self.cancel(),
            Event::InterruptAsked => {
                self.core.interrupt = true;
                Ok(())
            }
            Event::WaveClosed { wave, .. } => {
                if *wave != self.core.wave || *wave as usize >= self.core.waves.len() {
                    return Err(illegal(format!("wave {wave} closed out of its order")));
                }
                self.core.wave += 1;
                Ok(())
            }
            Event::SessionClosed { why } => {
                self.core.shut = Some(*why);
                Ok(())
            }
            Event::RunEnded { end } => {
                if self.core.done != Some(*end) {
                    return Err(illegal(format!("the run ended as {end:?}, not as its root scope")));
                }
                self.core.ended = Some(*end);
                Ok(())
            }
        }
    }

    fn body_of(&self, scope: ScopeId) -> Option<&'_ Body> {
        Some(self.plan.body(self.core.scope(scope)?.body))
    }

    /// The plan's node of a place.
    fn node_of(&self, place: Place) -> Option<&'_ Node> {
        self.body_of(place.scope)?.nodes.get(place.node.index())
    }

    fn set(&mut self, place: Place, stage: Stage) {
        let scope = self.core.scopes.get_mut(&place.scope);
        if let Some(slot) = scope.and_then(|scope| scope.nodes.get_mut(place.node.index())) {
            *slot = stage;
        }
    }

    /// Numbers a new failure.
    fn error(&mut self, place: Place, kind: ErrorKind, cause: Cause) -> ErrorRef {
        let error = ErrorRef(self.core.errors);
        self.core.errors += 1;
        self.notes.push(Note::Failed { error, place, why: Why { kind, cause } });
        error
    }
}
