//! Scopes: opening, having nothing left, closing; and the composites that do no more than that: branch, call, try.

use super::{Fold, Moved, Step, illegal};
use crate::plan::{BodyId, NodeIx, NodeKind};
use crate::schedule::scope::{Composite, Halt, Role, Scope, Stage, Wave};
use crate::schedule::{BodyResult, End, ErrorRef, Ms, Note, Place, ScopeId, What, body_result};
use std::sync::Arc;

impl Fold<'_> {
    /// Opens the root scope.
    pub(super) fn start(&mut self, window: u32, parallel: Option<u32>, deadline: Option<Ms>) -> Moved {
        let Some(body) = self.plan.bodies.first() else { return Err(illegal("a plan without a body")) };
        let mut waves = vec![Wave::default(); body.waves as usize];
        for node in &body.nodes {
            match waves.get_mut(node.wave as usize) {
                Some(wave) => wave.left += 1,
                None => {
                    return Err(illegal(format!(
                        "node `{}` is in wave {} of {}",
                        node.name, node.wave, body.waves
                    )));
                }
            }
        }
        self.core.started = true;
        self.core.window = window.saturating_mul(2).max(256);
        self.core.waves = waves;
        let root = Place::body(ScopeId::ROOT);
        let lenient = self.plan.settings.continue_on_failure;
        self.open(root, 0, BodyId(0), Role::Root, lenient, None);
        self.limit(ScopeId::ROOT, parallel, deadline);
        Ok(())
    }

    /// Sets what a workflow's settings say of its scope.
    pub(super) fn limit(&mut self, id: ScopeId, parallel: Option<u32>, deadline_ms: Option<Ms>) {
        let deadline = deadline_ms.map(|ms| self.at.saturating_add(ms));
        if let Some(scope) = self.core.scopes.get_mut(&id) {
            scope.parallel = parallel;
            scope.deadline = deadline;
        }
        if let (Some(desk), Some(at)) = (&mut self.desk, deadline) {
            desk.deadline(id, at);
        }
    }

    /// Opens a scope of a body; its first nodes become due.
    pub(super) fn open(
        &mut self,
        by: Place,
        slot: u32,
        body: BodyId,
        role: Role,
        lenient: bool,
        error: Option<ErrorRef>,
    ) -> ScopeId {
        let id = ScopeId(self.core.serial);
        self.core.serial += 1;
        let nodes: Vec<Stage> = self
            .plan
            .body(body)
            .nodes
            .iter()
            .map(|node| Stage::Pending { missing: node.needs.len() as u32 })
            .collect();
        let (mut order, mut tail_ms, mut call) = (Vec::new(), 0, id);
        if role != Role::Root
            && let Some(outer) = self.core.scope(by.scope)
        {
            order.extend_from_slice(&outer.order);
            order.extend([by.node.0, slot]);
            let node = &self.plan.body(outer.body).nodes[by.node.index()];
            tail_ms = outer.tail_ms.saturating_add(node.path_ms.saturating_sub(node.estimate_ms).max(0));
            if role != Role::Callee {
                call = outer.call;
            }
        }
        let left = nodes.len() as u32;
        let scope = Scope {
            body,
            by,
            slot,
            role,
            nodes,
            left,
            halt: Halt::No,
            error: None,
            lenient,
            asking: false,
            closed: false,
            call,
            parallel: None,
            deadline: None,
            order: Arc::from(order),
            tail_ms,
        };
        self.core.scopes.insert(id, Box::new(scope));
        self.notes.push(Note::Opened { scope: id, by, slot, error });
        if let Some(desk) = &mut self.desk {
            desk.opened(self.core, self.plan, id);
        }
        if left == 0 {
            self.steps.push_back(Step::Left(id));
        }
        let roots = &self.shapes.of(body).roots;
        self.steps.extend(roots.iter().map(|n| Step::Due(Place::new(id, NodeIx(*n)))));
        id
    }

    /// All nodes of a scope have ended: it closes, or its result is asked for.
    pub(super) fn left(&mut self, id: ScopeId) {
        let Some(scope) = self.core.scopes.get_mut(&id) else { return };
        if scope.left > 0 || scope.closed {
            return;
        }
        if scope.halt == Halt::Cancelling {
            return self.close(id, End::Cancelled);
        }
        if let Some(error) = scope.error {
            return self.close(id, End::Failed(error));
        }
        if scope.halt == Halt::Failing {
            return self.close(id, End::Cancelled);
        }
        let what = match (scope.role, body_result(self.plan.body(scope.body))) {
            (Role::Round, _) => What::Again,
            (_, BodyResult::Asked) => What::Result,
            (_, BodyResult::Unit | BodyResult::Node(_)) => return self.close(id, End::Succeeded),
        };
        if !std::mem::replace(&mut scope.asking, true)
            && let Some(desk) = &mut self.desk
        {
            desk.ask(Place::body(id), what);
        }
    }

    /// A scope is over; its composite goes on.
    pub(super) fn close(&mut self, id: ScopeId, end: End) {
        let Some(scope) = self.core.scopes.get_mut(&id) else { return };
        if scope.closed {
            return;
        }
        scope.closed = true;
        scope.asking = false;
        let (by, slot, role, deadline) = (scope.by, scope.slot, scope.role, scope.deadline);
        self.core.closed.push(id);
        self.notes.push(Note::Closed { scope: id, by, slot, end });
        if let Some(desk) = &mut self.desk {
            desk.closed(id, deadline);
        }
        match role {
            Role::Root => self.core.done = Some(end),
            Role::Arm | Role::Callee => self.steps.push_back(Step::End(by, end)),
            Role::Iteration => self.iteration_closed(by, slot, end),
            Role::Entrant => self.entrant_closed(by, slot, end),
            Role::Round => self.round_closed(by, end),
            Role::Body | Role::Catch | Role::Finally => self.try_closed(by, role, end),
        }
    }

    pub(super) fn open_try(&mut self, place: Place, body: BodyId) {
        self.set(place, Stage::Open);
        let kid = self.open(place, 0, body, Role::Body, false, None);
        self.core.open.insert(place, Composite::Try { step: Role::Body, kid, pending: None });
    }

    /// Body, then catch, then finally; neither body nor catch when all around is being stopped.
    fn try_closed(&mut self, place: Place, closed: Role, end: End) {
        let Some(NodeKind::Try { catch, finally, .. }) = self.node_of(place).map(|node| &node.kind) else {
            return;
        };
        let (catch, finally) = (*catch, *finally);
        let Some(Composite::Try { pending, .. }) = self.core.open.get(&place) else { return };
        let pending = *pending;
        let lenient = self.core.scope(place.scope).is_some_and(|scope| scope.lenient);
        let halted = self.core.halted(place.scope);
        let next = |fold: &mut Self, slot, body, step, pending, error| {
            let kid = fold.open(place, slot, body, step, lenient && step == Role::Finally, error);
            fold.core.open.insert(place, Composite::Try { step, kid, pending });
        };
        match (closed, end, catch) {
            (Role::Body, End::Failed(error), Some(catch)) if !halted => {
                return next(self, 1, catch, Role::Catch, None, Some(error));
            }
            (Role::Finally, _, _) => {
                let end = match (pending, end) {
                    (Some(End::Failed(first)), _) => End::Failed(first),
                    (_, End::Failed(error)) => End::Failed(error),
                    (Some(pending), _) => pending,
                    (None, end) => end,
                };
                return self.steps.push_back(Step::End(place, end));
            }
            _ => {}
        }
        match finally {
            Some(finally) => next(self, 2, finally, Role::Finally, Some(end), None),
            None => self.steps.push_back(Step::End(place, end)),
        }
    }
}
