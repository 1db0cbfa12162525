//! Waves: the level of each node in its body.

use super::inside_out;
use crate::plan::{NodeKind, Plan};

/// Assigns them. A task or composite stands one level after the last that it waits for; joins and asserts take no level;
/// a call takes as many as its body has.
pub(super) fn assign(plan: &mut Plan) {
    for id in inside_out(plan) {
        let mut body = std::mem::take(&mut plan.bodies[id.index()]);
        // The first level after each node.
        let mut ends: Vec<u32> = Vec::with_capacity(body.nodes.len());
        for node in &mut body.nodes {
            let start = node.needs.iter().map(|n| ends[n.index()]).max().unwrap_or(0);
            let levels = match &node.kind {
                NodeKind::Join | NodeKind::Assert { .. } => 0,
                NodeKind::Call { body, .. } => plan.bodies[body.index()].waves.max(1),
                NodeKind::Task { .. }
                | NodeKind::Map { .. }
                | NodeKind::Branch { .. }
                | NodeKind::Loop { .. }
                | NodeKind::Try { .. }
                | NodeKind::Race { .. } => 1,
            };
            node.wave = if levels == 0 { start.saturating_sub(1) } else { start };
            ends.push(start + levels);
        }
        let nodes = body.nodes.iter().map(|n| n.wave + 1).max().unwrap_or(0);
        body.waves = ends.iter().copied().max().unwrap_or(0).max(nodes);
        plan.bodies[id.index()] = body;
    }
}
