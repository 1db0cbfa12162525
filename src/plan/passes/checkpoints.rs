//! Checkpoint placing: after which waves of the root body a recovery point is worth its cost.
//!
//! What a run writes at its checkpoints follows what it measures; this is the plan's view before anything is measured.

use crate::plan::{Action, NodeKind, Plan};
use crate::types::BuiltinTask;

/// Planned time between checkpoints, in ms: the Young/Daly optimum √(2·C·M) for a checkpoint that costs 20 ms and a
/// failure a day.
const INTERVAL: i64 = 58_788;

/// The waves after which a checkpoint stands. `wave`: all; `off`: none; else where enough planned time has gone by, where a
/// person decides, where no time is known, and at the end.
pub fn checkpoints(plan: &Plan) -> Vec<u32> {
    let Some(root) = plan.bodies.first() else { return Vec::new() };
    let all = 0..root.waves;
    match plan.settings.checkpoint.as_deref() {
        Some("off") => return Vec::new(),
        Some("wave") => return all.collect(),
        _ => {}
    }
    let mut longest = vec![0i64; root.waves as usize];
    let mut worth = vec![false; root.waves as usize];
    for node in &root.nodes {
        let at = node.wave as usize;
        if at < longest.len() && !matches!(node.kind, NodeKind::Join | NodeKind::Assert { .. }) {
            longest[at] = longest[at].max(node.estimate_ms);
            worth[at] |= node.estimate_ms == 0 || asks(plan, &node.kind);
        }
    }
    let mut since = 0i64;
    let mut placed = Vec::new();
    for wave in all {
        since = since.saturating_add(longest[wave as usize]);
        if worth[wave as usize] || since >= INTERVAL || wave + 1 == root.waves {
            placed.push(wave);
            since = 0;
        }
    }
    placed
}

/// Whether a task asks a person.
fn asks(plan: &Plan, kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Task { def, .. } => matches!(
            plan.task(*def).action,
            Action::Builtin { task: BuiltinTask::Approve | BuiltinTask::Input, .. }
        ),
        _ => false,
    }
}

/// For `--emit checkpoints`.
pub(super) fn print(plan: &Plan) -> String {
    let placed: Vec<String> = checkpoints(plan).iter().map(u32::to_string).collect();
    format!("checkpoints after waves {}\n", placed.join(", "))
}
