//! The critical path: planned time of each node, and from each node to the end of its body.

use super::inside_out;
use crate::plan::{Action, BodyId, Node, NodeKind, Plan, Props, RaceKind, TaskId};
use crate::types::BuiltinTask;
use crate::value::Value;

/// Of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time {
    /// Of the node itself.
    pub own_ms: i64,
    /// From its start to the end of its body.
    pub path_ms: i64,
}

/// Measures both for all nodes.
pub(super) fn measure(plan: &mut Plan) {
    let times = times(plan, &|_| None);
    write(plan, &times);
}

/// Puts times into a plan that they were measured of.
pub fn write(plan: &mut Plan, times: &[Vec<Time>]) {
    for (body, times) in plan.bodies.iter_mut().zip(times) {
        for (node, time) in body.nodes.iter_mut().zip(times) {
            (node.estimate_ms, node.path_ms) = (time.own_ms, time.path_ms);
        }
    }
}

/// The times of all nodes, by body. `known` is what experience says of a task, in place of its estimate.
pub fn times(plan: &Plan, known: &dyn Fn(TaskId) -> Option<i64>) -> Vec<Vec<Time>> {
    // The longest path through each body.
    let mut whole = vec![0i64; plan.bodies.len()];
    let mut all = vec![Vec::new(); plan.bodies.len()];
    for id in inside_out(plan) {
        let body = plan.body(id);
        let own = |node: &Node| match &node.kind {
            NodeKind::Task { def, .. } => known(*def).unwrap_or_else(|| estimate(plan, node, &whole)),
            _ => estimate(plan, node, &whole),
        };
        let mut times: Vec<Time> =
            body.nodes.iter().map(own).map(|own_ms| Time { own_ms, path_ms: own_ms }).collect();
        for at in (0..body.nodes.len()).rev() {
            let path_ms = times[at].path_ms;
            for need in &body.nodes[at].needs {
                let need = &mut times[need.index()];
                need.path_ms = need.path_ms.max(need.own_ms.saturating_add(path_ms));
            }
        }
        whole[id.index()] = times.iter().map(|time| time.path_ms).max().unwrap_or(0);
        all[id.index()] = times;
    }
    all
}

/// Planned time of a node.
fn estimate(plan: &Plan, node: &Node, whole: &[i64]) -> i64 {
    let of = |id: &BodyId| whole[id.index()];
    match &node.kind {
        NodeKind::Task { def, args, overrides } => {
            let task = plan.task(*def);
            let own = overrides.as_deref().and_then(stated).or_else(|| stated(&task.props));
            own.unwrap_or_else(|| match (&task.action, args.first().and_then(|a| a.as_const())) {
                (Action::Builtin { task: BuiltinTask::Sleep, .. }, Some(Value::Duration(ms))) => *ms,
                _ => 0,
            })
        }
        NodeKind::Assert { .. } | NodeKind::Join => 0,
        NodeKind::Map { body, .. } | NodeKind::Loop { body, .. } | NodeKind::Call { body, .. } => of(body),
        NodeKind::Branch { arms, .. } => arms.iter().map(|a| of(&a.body)).max().unwrap_or(0),
        NodeKind::Try { body, finally, .. } => of(body).saturating_add(finally.as_ref().map_or(0, of)),
        NodeKind::Race { entrants: RaceKind::Bodies(bodies), need } => {
            let times = bodies.iter().map(of);
            if need.is_some() { times.max() } else { times.min() }.unwrap_or(0)
        }
        NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => of(body),
    }
}

fn stated(props: &Props) -> Option<i64> {
    match props.estimate.as_ref()?.as_const()? {
        Value::Duration(ms) => Some((*ms).max(0)),
        _ => None,
    }
}

/// The nodes of the longest path through a body, first to last; joins and asserts are left out by whoever shows it.
pub fn critical_path(body: &crate::plan::Body) -> Vec<crate::plan::NodeIx> {
    let mut next: Option<usize> = None;
    let mut longest = 0;
    for (i, node) in body.nodes.iter().enumerate() {
        if node.path_ms > longest {
            longest = node.path_ms;
            next = Some(i);
        }
    }
    // Who waits for whom, the other way round.
    let mut after: Vec<Vec<u32>> = vec![Vec::new(); if next.is_some() { body.nodes.len() } else { 0 }];
    if next.is_some() {
        for (i, node) in body.nodes.iter().enumerate() {
            node.needs.iter().for_each(|n| after[n.index()].push(i as u32));
        }
    }
    let mut path = Vec::new();
    while let Some(at) = next {
        path.push(crate::plan::NodeIx(at as u32));
        let rest = body.nodes[at].path_ms - body.nodes[at].estimate_ms;
        let follows = after[at].iter().map(|n| *n as usize);
        next = follows.into_iter().find(|n| body.nodes[*n].path_ms == rest && rest > 0);
    }
    path
}
