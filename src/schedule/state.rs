//! The state of a run, and what may be asked of it.

use super::desk::{Desk, Timer};
use super::fold::{Fold, Step};
use super::scope::{Composite, Core, Halt, Role, Stage};
use super::shape::Shapes;
use super::{End, ErrorRef, Event, Facts, IllegalMove, Ms, Note, Place, ScopeId, Wake};
use crate::plan::{AgentId, BodyId, NodeIx, NodeKind, Plan, ResourceId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The state of a run: what the events so far add up to. Can be saved (serde) and read back in place of a replay. Two states
/// are equal when they have come from the same events (and have been swept).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    pub(super) core: Core,
    #[serde(skip)]
    pub(super) shapes: Shapes,
    /// There from the first decision on.
    #[serde(skip)]
    pub(super) desk: Option<Box<Desk>>,
    #[serde(skip)]
    notes: Vec<Note>,
    #[serde(skip)]
    steps: VecDeque<Step>,
    /// Loops whose next round was due while the run was interrupted.
    #[serde(skip)]
    pub(super) overdue: Vec<Place>,
    /// All that runs has been told of the interrupt.
    #[serde(skip)]
    pub(super) interrupted: bool,
    /// Units of rates that earlier sessions took, for the desk.
    #[serde(skip)]
    rates: Vec<(Ms, ResourceId, i64)>,
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.core == other.core
    }
}

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

/// Tasks that have ended in this generation, by status (`each_task` tells of the others); and those that run or wait.
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
        State { shapes: Shapes::new(plan), ..State::default() }
    }

    /// See [`apply`](super::apply).
    pub(super) fn fold(&mut self, plan: &Plan, at: Ms, event: &Event) -> Result<(), IllegalMove> {
        if matches!(event, Event::Restarted { .. }) {
            self.shapes = Shapes::new(plan);
            self.desk = None;
            self.overdue.clear();
        } else if self.shapes.is_empty() {
            self.shapes = Shapes::new(plan);
        }
        let State { core, shapes, desk, notes, steps, .. } = self;
        let desk = desk.as_deref_mut();
        let moved = Fold { core, desk, shapes, plan, notes, steps, at }.event(event);
        steps.clear();
        moved
    }

    /// Makes the desk, for the first decision.
    pub(super) fn lay_desk(&mut self, plan: &Plan, facts: &Facts<'_>) {
        if self.shapes.is_empty() {
            self.shapes = Shapes::new(plan);
        }
        self.shapes.weigh(plan, facts.history);
        let mut desk = Desk::new(&self.core, &self.shapes, plan, facts);
        for (at, resource, units) in self.rates.drain(..) {
            desk.limits.take_units(&[(resource, units)], at);
        }
        self.desk = Some(Box::new(desk));
    }

    /// Tells of units of rates that were taken before, in the order of their times, so that their windows go on. Before the first
    /// decision.
    pub fn recall_rates(&mut self, taken: Vec<(Ms, ResourceId, i64)>) {
        self.rates = taken;
    }

    /// For which iterations of a map under way one of them waits.
    pub fn waits_of(&self, map: Place, slot: u32) -> &[u32] {
        match self.core.open.get(&map) {
            Some(Composite::Map(fan)) => fan.width.after.as_ref().map_or(&[], |after| after.of(slot)),
            Some(Composite::Race(_) | Composite::One { .. } | Composite::Loop(_) | Composite::Try { .. })
            | None => &[],
        }
    }

    /// Whether a scope stands in an entrant that was stopped because its race is decided, and not because of what is around.
    pub fn lost_race(&self, mut id: ScopeId) -> bool {
        while let Some(scope) = self.core.scope(id) {
            if scope.halt == Halt::No || scope.role == Role::Root {
                return false;
            }
            let outer = scope.by.scope;
            if scope.role == Role::Entrant && self.core.scope(outer).is_some_and(|o| o.halt == Halt::No) {
                return true;
            }
            id = outer;
        }
        false
    }

    /// Whether there is anything to decide.
    pub(super) fn is_live(&self) -> bool {
        self.core.started && self.core.ended.is_none() && self.core.shut.is_none()
    }

    /// Whether a loop waits for its next round there.
    pub(super) fn round_waits(&self, place: Place) -> bool {
        matches!(self.core.open.get(&place), Some(Composite::Loop(rounds)) if rounds.kid.is_none())
    }

    /// The body of a scope that is not swept.
    pub fn body_of(&self, scope: ScopeId) -> Option<BodyId> {
        Some(self.core.scope(scope)?.body)
    }

    /// The composite that a scope belongs to and its slot there; `None` for the root scope.
    pub fn parent_of(&self, scope: ScopeId) -> Option<(Place, u32)> {
        self.core.parent(scope)?;
        self.core.scope(scope).map(|scope| (scope.by, scope.slot))
    }

    /// Whether an evaluation that was commanded is still wanted: the answer to an earlier one may have stopped what it was for.
    pub fn wants(&self, place: Place) -> bool {
        self.core.wants(place)
    }

    /// The failure with the highest number.
    pub fn newest_error(&self) -> Option<ErrorRef> {
        self.core.errors.checked_sub(1).map(ErrorRef)
    }

    /// What has happened inside since they were taken last.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Forgets the scopes that have closed.
    pub fn sweep(&mut self) {
        self.core.widths.clear();
        for id in self.core.closed.drain(..) {
            self.core.scopes.remove(&id);
        }
    }

    /// When to decide again at the latest.
    pub fn wake(&self) -> Wake {
        let Some(desk) = &self.desk else { return Wake::default() };
        if self.core.interrupt || self.core.shut.is_some() || self.core.ended.is_some() {
            return Wake::default();
        }
        Wake { at: desk.timers.first().map(|(at, _)| *at), wall: desk.expiries.first().map(|(at, _)| *at) }
    }

    /// Whether there is something to wait for. Right after `decide` gave nothing new. `Waiting(0)` would be a run that is stuck: it
    /// does not happen.
    pub fn rest(&self) -> Rest {
        if let Some(end) = self.core.ended {
            return Rest::Ended(end);
        }
        if self.core.shut.is_some() {
            return Rest::Closed;
        }
        let timed = |timer: &Timer| match timer {
            Timer::Backoff(_) | Timer::Round(_) | Timer::Rate(_) => true,
            Timer::Deadline(_) => false,
        };
        match &self.desk {
            Some(desk)
                if self.core.running + desk.inline == 0
                    && !desk.timers.iter().any(|(_, timer)| timed(timer)) =>
            {
                Rest::Waiting(self.core.questions.len() as u32)
            }
            Some(_) | None => Rest::Busy,
        }
    }

    /// After a replay: the attempts that began and did not end.
    pub fn lost_attempts(&self) -> Vec<Lost> {
        let mut lost = Vec::new();
        self.each_stage(&mut |place, stage| {
            if let Stage::Running(turn) = stage {
                lost.push(Lost { place, attempt: turn.attempt, tries: turn.tries, agent: turn.agent() });
            }
        });
        lost
    }

    /// The open questions.
    pub fn questions(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.core.questions.keys().copied().collect();
        places.sort_unstable();
        places
    }

    /// The status of a node.
    pub fn status(&self, place: Place) -> Status {
        self.core.node(place).map_or(Status::Pending, status)
    }

    /// How a node ended.
    pub fn end_of(&self, place: Place) -> Option<End> {
        match self.core.node(place)? {
            Stage::Ended(end) => Some(end),
            Stage::Pending { .. }
            | Stage::Ready(_)
            | Stage::Running(_)
            | Stage::Judged(..)
            | Stage::Backoff(_)
            | Stage::Waiting(_)
            | Stage::Open => None,
        }
    }

    /// Goes through all tasks of live scopes (also those that have ended there), scope by scope.
    pub fn each_task(&self, plan: &Plan, visit: &mut dyn FnMut(Place, Status)) {
        self.each_stage(&mut |place, stage| {
            let node =
                self.core.scope(place.scope).map(|scope| &plan.body(scope.body).nodes[place.node.index()]);
            if node.is_some_and(|node| matches!(node.kind, NodeKind::Task { .. })) {
                visit(place, status(stage));
            }
        });
    }

    fn each_stage(&self, visit: &mut dyn FnMut(Place, Stage)) {
        let mut ids: Vec<ScopeId> = self.core.scopes.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let stages = self.core.scope(id).map(|scope| scope.nodes.as_slice()).unwrap_or_default();
            for (n, stage) in stages.iter().enumerate() {
                visit(Place::new(id, NodeIx(n as u32)), *stage);
            }
        }
    }

    /// Tasks by status.
    pub fn counts(&self) -> Counts {
        Counts { running: self.core.running, waiting: self.core.questions.len() as u32, ..self.core.counts }
    }

    /// The wave of the root body in which a place stands.
    pub fn wave_of(&self, plan: &Plan, place: Place) -> u32 {
        let order = self.core.scope(place.scope).and_then(|scope| scope.order.first().copied());
        let root = order.unwrap_or(place.node.0);
        plan.bodies.first().and_then(|body| body.nodes.get(root as usize)).map_or(0, |node| node.wave)
    }

    /// From 0; raised by `Event::Restarted`.
    pub fn generation(&self) -> u32 {
        self.core.generation
    }

    /// How the run ended.
    pub fn ended(&self) -> Option<End> {
        self.core.ended
    }

    /// Live scopes, for observers of memory.
    pub fn scopes(&self) -> usize {
        self.core.scopes.len()
    }
}

fn status(stage: Stage) -> Status {
    match stage {
        Stage::Pending { .. } => Status::Pending,
        Stage::Ready(_) => Status::Ready,
        Stage::Running(_) | Stage::Judged(..) | Stage::Open => Status::Running,
        Stage::Backoff(_) => Status::Backoff,
        Stage::Waiting(_) => Status::Waiting,
        Stage::Ended(End::Succeeded) => Status::Succeeded,
        Stage::Ended(End::Failed(_)) => Status::Failed,
        Stage::Ended(End::Skipped) => Status::Skipped,
        Stage::Ended(End::Cancelled) => Status::Cancelled,
    }
}
