//! What the machine looks up in a plan again and again, computed once: who depends on whom, what a body starts with,
//! where a name stands. Derived from the plan alone; not saved.

use super::History;
use crate::plan::passes::paths;
use crate::plan::{Body, BodyId, Node, NodeIx, NodeKind, Plan, RaceKind, TaskId};
use ecow::EcoString;
use std::cell::OnceCell;
use std::collections::HashMap;

/// The shapes of all bodies of a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    bodies: Vec<Shape>,
    /// Where the body of a branch, a try or a `race { … }` belongs: their nodes are named as if they stood there.
    owners: Vec<Option<(BodyId, NodeIx, u32)>>,
}

/// A body, seen from its nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Dependents of each node, as flat arrays.
    starts: Vec<u32>,
    items: Vec<u32>,
    /// Nodes that wait for nothing.
    pub roots: Vec<u32>,
    /// Remaining time from each node on by experience; `None`: the plan's figure.
    path: Option<Box<[i64]>>,
    /// The nodes of this body and of those below it that add nothing to an id, by name; made when first asked for.
    names: OnceCell<HashMap<EcoString, (BodyId, NodeIx)>>,
}

impl Shapes {
    pub fn new(plan: &Plan) -> Shapes {
        let mut owners = vec![None; plan.bodies.len()];
        for (b, body) in plan.bodies.iter().enumerate() {
            for (n, node) in body.nodes.iter().enumerate() {
                for (slot, inner) in inlined(node) {
                    if let Some(owner) = owners.get_mut(inner.index()) {
                        *owner = Some((BodyId(b as u32), NodeIx(n as u32), slot));
                    }
                }
            }
        }
        Shapes { bodies: plan.bodies.iter().map(Shape::new).collect(), owners }
    }

    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    pub fn of(&self, body: BodyId) -> &Shape {
        &self.bodies[body.index()]
    }

    /// The composite, and the slot there, of a body that adds nothing to an id.
    pub fn owner(&self, body: BodyId) -> Option<(BodyId, NodeIx, u32)> {
        self.owners.get(body.index()).copied().flatten()
    }

    /// The node of that name in the body or in those below it that add nothing to an id.
    pub fn named(&self, plan: &Plan, body: BodyId, name: &str) -> Option<(BodyId, NodeIx)> {
        let names = self.of(body).names.get_or_init(|| {
            let mut names = HashMap::new();
            let mut below = vec![body];
            while let Some(b) = below.pop() {
                for (n, node) in plan.body(b).nodes.iter().enumerate() {
                    below.extend(inlined(node).into_iter().map(|(_, inner)| inner));
                    names.entry(node.name.clone()).or_insert((b, NodeIx(n as u32)));
                }
            }
            names
        });
        names.get(name).copied()
    }

    /// Takes the durations of earlier runs into the remaining paths.
    pub fn weigh(&mut self, plan: &Plan, history: &dyn History) {
        let known = |task: TaskId| history.duration_ms(task);
        if !(0..plan.tasks.len() as u32).any(|task| known(TaskId(task)).is_some()) {
            return;
        }
        for (times, shape) in paths::times(plan, &known).iter().zip(&mut self.bodies) {
            shape.path = Some(times.iter().map(|time| time.path_ms).collect());
        }
    }

    /// Remaining time from the start of a node to the end of its body.
    pub fn path_ms(&self, plan: &Plan, body: BodyId, node: NodeIx) -> i64 {
        match &self.of(body).path {
            Some(path) => path[node.index()],
            None => plan.body(body).nodes[node.index()].path_ms,
        }
    }
}

impl Shape {
    fn new(body: &Body) -> Shape {
        let n = body.nodes.len();
        let mut starts = vec![0u32; n + 1];
        for need in body.nodes.iter().flat_map(|node| &node.needs) {
            starts[need.index() + 1] += 1;
        }
        for i in 0..n {
            starts[i + 1] += starts[i];
        }
        let mut at = starts.clone();
        let mut items = vec![0u32; starts[n] as usize];
        for (i, node) in body.nodes.iter().enumerate() {
            for need in &node.needs {
                let slot = &mut at[need.index()];
                items[*slot as usize] = i as u32;
                *slot += 1;
            }
        }
        let roots = (0..n as u32).filter(|i| body.nodes[*i as usize].needs.is_empty()).collect();
        Shape { starts, items, roots, path: None, names: OnceCell::new() }
    }

    /// The nodes that need this one.
    pub fn dependents(&self, node: NodeIx) -> &[u32] {
        &self.items[self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize]
    }
}

/// The bodies of a composite that add nothing to an id, by slot.
pub(super) fn inlined(node: &Node) -> Vec<(u32, BodyId)> {
    match &node.kind {
        NodeKind::Branch { arms, .. } => (0..).zip(arms.iter().map(|arm| arm.body)).collect(),
        NodeKind::Try { body, catch, finally } => {
            let steps = [Some(*body), *catch, *finally];
            (0..).zip(steps).filter_map(|(slot, body)| Some((slot, body?))).collect()
        }
        NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => {
            (0..).zip(bodies.iter().copied()).collect()
        }
        NodeKind::Race { entrants: RaceKind::Each { .. }, .. }
        | NodeKind::Task { .. }
        | NodeKind::Assert { .. }
        | NodeKind::Join
        | NodeKind::Map { .. }
        | NodeKind::Loop { .. }
        | NodeKind::Call { .. } => Vec::new(),
    }
}
