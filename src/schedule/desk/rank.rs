//! The order in which ready tasks are taken.

use crate::plan::{ExprKind, NodeIx, NodeKind, Plan};
use crate::schedule::scope::Core;
use crate::schedule::shape::Shapes;
use crate::schedule::{Ms, Place, ScopeId};
use crate::value::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// The greater, the earlier: longest remaining path, then priority, then wave, then plan order.
#[derive(Debug, Clone)]
pub(in crate::schedule) struct Rank {
    path: Ms,
    priority: i64,
    wave: u32,
    order: Arc<[u32]>,
    node: NodeIx,
    scope: ScopeId,
}

impl Rank {
    /// `priority` as evaluated; `None`: as far as the plan says.
    pub fn of(
        core: &Core,
        shapes: &Shapes,
        plan: &Plan,
        place: Place,
        priority: Option<i64>,
    ) -> Option<Rank> {
        let scope = core.scope(place.scope)?;
        let root = scope.order.first().copied().unwrap_or(place.node.0);
        Some(Rank {
            path: shapes.path_ms(plan, scope.body, place.node).saturating_add(scope.tail_ms),
            priority: priority.unwrap_or_else(|| {
                planned_priority(plan, &plan.body(scope.body).nodes[place.node.index()].kind)
            }),
            wave: plan.bodies[0].nodes.get(root as usize).map_or(0, |node| node.wave),
            order: scope.order.clone(),
            node: place.node,
            scope: place.scope,
        })
    }

    pub fn place(&self) -> Place {
        Place::new(self.scope, self.node)
    }
}

/// The priority of a task as far as the plan says it.
fn planned_priority(plan: &Plan, kind: &NodeKind) -> i64 {
    let NodeKind::Task { def, overrides, .. } = kind else { return 0 };
    let own = overrides.as_ref().and_then(|props| props.priority.as_ref());
    match own.or(plan.task(*def).props.priority.as_ref()).map(|priority| &priority.kind) {
        Some(ExprKind::Const(Value::Int(n))) => *n,
        Some(_) | None => 0,
    }
}

/// Plan order of two places.
pub(super) fn by_plan(a: (&[u32], NodeIx), b: (&[u32], NodeIx)) -> Ordering {
    a.0.iter().chain([&a.1.0]).cmp(b.0.iter().chain([&b.1.0]))
}

impl Ord for Rank {
    fn cmp(&self, other: &Rank) -> Ordering {
        self.path
            .cmp(&other.path)
            .then(self.priority.cmp(&other.priority))
            .then(other.wave.cmp(&self.wave))
            .then_with(|| {
                if Arc::ptr_eq(&self.order, &other.order) {
                    other.node.cmp(&self.node)
                } else {
                    by_plan((&other.order, other.node), (&self.order, self.node))
                }
            })
            .then_with(|| other.scope.cmp(&self.scope))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Rank) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}
