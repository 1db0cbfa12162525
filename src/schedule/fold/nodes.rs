//! Nodes: becoming due, ending, and the stop of what stands around a failure.

use super::{Fold, Moved, Step};
use crate::plan::{NodeIx, NodeKind, RaceKind};
use crate::schedule::desk::Timer;
use crate::schedule::scope::{Composite, Halt, Role, Stage, Turn};
use crate::schedule::{Cause, End, ErrorKind, ErrorRef, Note, Place, ScopeId, What, Width};
use std::sync::Arc;

impl Fold<'_> {
    /// A node that waits for nothing any more.
    pub(super) fn due(&mut self, place: Place) {
        if self.core.node(place) != Some(Stage::Pending { missing: 0 }) || self.core.halted(place.scope) {
            return;
        }
        let Some(body) = self.core.scope(place.scope).map(|scope| scope.body) else { return };
        let what = match &self.plan.body(body).nodes[place.node.index()].kind {
            NodeKind::Join => return self.steps.push_back(Step::End(place, End::Succeeded)),
            NodeKind::Try { body, .. } => {
                let body = *body;
                return self.open_try(place, body);
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), need: None } => {
                let width = Width { n: bodies.len() as u32, ..Width::default() };
                return self.open_fan(place, Arc::new(width));
            }
            NodeKind::Task { .. } => What::Inputs,
            NodeKind::Assert { .. } => What::Assert,
            NodeKind::Map { .. } | NodeKind::Race { .. } => What::Width,
            NodeKind::Branch { .. } => What::Arm,
            NodeKind::Loop { .. } => What::Loop,
            NodeKind::Call { .. } => What::Call,
        };
        self.set(place, Stage::Ready(Turn::FIRST));
        if let Some(desk) = &mut self.desk {
            desk.due(self.core, self.shapes, self.plan, place, what);
        }
    }

    /// A node ends: its dependents, its scope and, when it failed, what stands around it hear of it.
    pub(super) fn end(&mut self, place: Place, end: End) {
        if !self.mark_ended(place, end) {
            return;
        }
        let Some(scope) = self.core.scope(place.scope) else { return };
        let (lenient, body) = (scope.lenient, scope.body);
        if scope.halt == Halt::No {
            match end {
                End::Succeeded => self.release_dependents(place, body),
                End::Failed(error) if !lenient => self.fail(place.scope, error),
                End::Failed(error) => {
                    if let Some(scope) = self.core.scopes.get_mut(&place.scope) {
                        scope.error.get_or_insert(error);
                    }
                    self.skip_dependents(place, body);
                }
                End::Skipped | End::Cancelled => self.skip_dependents(place, body),
            }
        }
        if self.core.scope(place.scope).is_some_and(|scope| scope.left == 0) {
            self.steps.push_back(Step::Left(place.scope));
        }
    }

    fn release_dependents(&mut self, place: Place, body: crate::plan::BodyId) {
        let Some(scope) = self.core.scopes.get_mut(&place.scope) else { return };
        for d in self.shapes.of(body).dependents(place.node) {
            if let Stage::Pending { missing } = &mut scope.nodes[*d as usize] {
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    self.steps.push_back(Step::Due(Place::new(place.scope, NodeIx(*d))));
                }
            }
        }
    }

    fn skip_dependents(&mut self, place: Place, body: crate::plan::BodyId) {
        for d in self.shapes.of(body).dependents(place.node) {
            let place = Place::new(place.scope, NodeIx(*d));
            if matches!(self.core.node(place), Some(Stage::Pending { .. })) {
                self.steps.push_back(Step::End(place, End::Skipped));
            }
        }
    }

    /// Sets a node's end and counts it; false if it had one before.
    fn mark_ended(&mut self, place: Place, end: End) -> bool {
        let Some(node) = self.node_of(place) else { return false };
        let (join, task, wave) =
            (matches!(node.kind, NodeKind::Join), matches!(node.kind, NodeKind::Task { .. }), node.wave);
        let Some(scope) = self.core.scopes.get_mut(&place.scope) else { return false };
        let slot = &mut scope.nodes[place.node.index()];
        let old = *slot;
        if matches!(old, Stage::Ended(_)) {
            return false;
        }
        *slot = Stage::Ended(end);
        scope.left -= 1;
        let (root, body) = (scope.role == Role::Root, scope.body);
        self.forget_stage(place, old);
        if task {
            let counts = &mut self.core.counts;
            *match end {
                End::Succeeded => &mut counts.succeeded,
                End::Failed(_) => &mut counts.failed,
                End::Skipped => &mut counts.skipped,
                End::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        if root && let Some(count) = self.core.waves.get_mut(wave as usize) {
            count.left = count.left.saturating_sub(1);
            count.broken |= matches!(end, End::Failed(_) | End::Cancelled);
        }
        if !join {
            self.notes.push(Note::Ended { place, end });
        }
        if let Some(desk) = &mut self.desk {
            desk.ended(self.plan, body, place, task);
        }
        true
    }

    /// Drops what the state keeps beside a node for the stage that it leaves.
    fn forget_stage(&mut self, place: Place, old: Stage) {
        match old {
            Stage::Open => match self.core.open.remove(&place) {
                Some(Composite::Loop(rounds)) => {
                    if let Some(desk) = &mut self.desk {
                        desk.no_timer(Timer::Round(place), rounds.due);
                    }
                }
                Some(Composite::Map(fan) | Composite::Race(fan)) => {
                    if fan.width.keys.is_some() || fan.width.indices.is_some() {
                        self.core.widths.push((place, fan.width));
                    }
                }
                Some(Composite::One { .. } | Composite::Try { .. }) | None => {}
            },
            Stage::Backoff(_) => {
                if let (Some(until), Some(desk)) = (self.core.backoffs.remove(&place), &mut self.desk) {
                    desk.no_timer(Timer::Backoff(place), until);
                }
            }
            Stage::Waiting(_) => {
                let until = self.core.questions.remove(&place).and_then(|asked| asked.until);
                if let (Some(until), Some(desk)) = (until, &mut self.desk) {
                    desk.no_expiry(place, until);
                }
            }
            Stage::Judged(..) => {
                self.core.bad.remove(&place);
            }
            Stage::Pending { .. } | Stage::Ready(_) | Stage::Running(_) | Stage::Ended(_) => {}
        }
    }

    /// A failure in a scope where nothing goes on after one: stops it and, outwards, all that fails with it for certain.
    pub(super) fn fail(&mut self, scope: ScopeId, error: ErrorRef) {
        let mut at = scope;
        while let Some(here) = self.core.scopes.get_mut(&at) {
            here.error.get_or_insert(error);
            if here.role.holds_failure() {
                break;
            }
            let outer = here.by.scope;
            if self.core.halted(outer) || self.core.scope(outer).is_none_or(|outer| outer.lenient) {
                break;
            }
            at = outer;
        }
        self.halt(at, Halt::Failing);
    }

    /// Lets nothing begin any more in a scope and in all below it, but for what is `finally`; tells what runs to stop.
    pub(super) fn halt(&mut self, top: ScopeId, how: Halt) {
        let mut stack = vec![top];
        while let Some(id) = stack.pop() {
            let Some(scope) = self.core.scopes.get_mut(&id) else { continue };
            if scope.closed || scope.halt >= how {
                continue;
            }
            scope.halt = how;
            for n in 0..scope.nodes.len() as u32 {
                self.halt_node(Place::new(id, NodeIx(n)), how, &mut stack);
            }
            if self.core.scope(id).is_some_and(|scope| scope.left == 0) {
                self.steps.push_back(Step::Left(id));
            }
        }
    }

    fn halt_node(&mut self, place: Place, how: Halt, stack: &mut Vec<ScopeId>) {
        let unbegun = if how == Halt::Failing { End::Skipped } else { End::Cancelled };
        match self.core.node(place) {
            Some(Stage::Pending { .. }) => {
                self.mark_ended(place, unbegun);
            }
            Some(Stage::Ready(turn)) => {
                self.mark_ended(place, if turn == Turn::FIRST { unbegun } else { End::Cancelled });
            }
            Some(Stage::Backoff(_) | Stage::Waiting(_)) => {
                self.mark_ended(place, End::Cancelled);
            }
            Some(Stage::Running(_)) => {
                if let Some(desk) = &mut self.desk {
                    desk.stop(place);
                }
            }
            Some(Stage::Open) => match self.core.open.get(&place) {
                Some(Composite::One { kid }) => stack.push(*kid),
                Some(Composite::Try { step: Role::Finally, .. }) => {}
                Some(Composite::Try { kid, .. }) => stack.push(*kid),
                Some(Composite::Loop(rounds)) => match rounds.kid {
                    Some(kid) => stack.push(kid),
                    None => {
                        self.mark_ended(place, End::Cancelled);
                    }
                },
                Some(Composite::Map(fan) | Composite::Race(fan)) => {
                    stack.extend(fan.kids.values());
                    self.steps.push_back(Step::Refill(place));
                }
                None => {}
            },
            Some(Stage::Judged(..) | Stage::Ended(_)) | None => {}
        }
    }

    /// The whole run is cancelled.
    pub(super) fn cancel(&mut self) -> Moved {
        self.halt(ScopeId::ROOT, Halt::Cancelling);
        Ok(())
    }

    /// A workflow's time is up: it stops as after a failure that nothing inside it can catch.
    pub(super) fn deadline_passed(&mut self, scope: ScopeId) -> Moved {
        if self.core.scope(scope).is_some_and(|scope| !scope.closed && scope.halt == Halt::No) {
            let error = self.error(Place::body(scope), ErrorKind::Timeout, Cause::Deadline);
            if let Some(scope) = self.core.scopes.get_mut(&scope) {
                scope.error.get_or_insert(error);
                scope.deadline = None;
            }
            self.halt(scope, Halt::Failing);
        }
        Ok(())
    }
}
