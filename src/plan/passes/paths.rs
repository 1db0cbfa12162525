//! The critical path: planned time of each node, and from each node to the end of its body.

use super::inside_out;
use crate::plan::{Action, BodyId, Node, NodeKind, Plan, Props, RaceKind};
use crate::types::BuiltinTask;
use crate::value::Value;

/// Measures both for all nodes.
pub(super) fn measure(plan: &mut Plan) {
    // The longest path through each body.
    let mut whole = vec![0i64; plan.bodies.len()];
    for id in inside_out(plan) {
        let mut body = std::mem::take(&mut plan.bodies[id.index()]);
        for node in &mut body.nodes {
            node.estimate_ms = estimate(plan, node, &whole);
            node.path_ms = node.estimate_ms;
        }
        for at in (0..body.nodes.len()).rev() {
            let (before, rest) = body.nodes.split_at_mut(at);
            let node = &rest[0];
            for need in &node.needs {
                let need = &mut before[need.index()];
                need.path_ms = need.path_ms.max(need.estimate_ms.saturating_add(node.path_ms));
            }
        }
        whole[id.index()] = body.nodes.iter().map(|n| n.path_ms).max().unwrap_or(0);
        plan.bodies[id.index()] = body;
    }
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
