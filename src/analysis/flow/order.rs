//! The declarations with bodies, callees before callers.

use super::super::survey::Survey;
use crate::resolve::{DefId, DefKind};
use crate::types::Checked;

/// Every fn, workflow and task; calls never go round in circles. Works through a list: chains of calls may be long.
pub(super) fn callees_first(checked: &Checked, survey: &Survey<'_>) -> Vec<DefId> {
    let count = checked.resolved.defs.len();
    let mut starts = vec![0usize; count + 1];
    for (caller, _) in &survey.edges {
        starts[caller.0 as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut targets = vec![DefId(0); survey.edges.len()];
    for (caller, callee) in &survey.edges {
        targets[next[caller.0 as usize]] = *callee;
        next[caller.0 as usize] += 1;
    }
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    // A declaration, and how many of its calls have been gone into.
    let mut open: Vec<(DefId, usize)> = Vec::new();
    for root in (0..count as u32).map(DefId) {
        if has_body(checked.resolved.def(root).kind) && !std::mem::replace(&mut seen[root.0 as usize], true) {
            open.push((root, 0));
        }
        while let Some((def, done)) = open.last_mut() {
            let own = def.0 as usize;
            match targets[starts[own]..starts[own + 1]].get(*done) {
                Some(callee) => {
                    *done += 1;
                    let callee = *callee;
                    if !std::mem::replace(&mut seen[callee.0 as usize], true) {
                        open.push((callee, 0));
                    }
                }
                None => {
                    order.push(*def);
                    open.pop();
                }
            }
        }
    }
    order
}

fn has_body(kind: DefKind) -> bool {
    match kind {
        DefKind::Fn | DefKind::Task | DefKind::Workflow => true,
        DefKind::Type
        | DefKind::Enum(_)
        | DefKind::Agent
        | DefKind::AgentFile(_)
        | DefKind::Resource
        | DefKind::Mcp
        | DefKind::Test => false,
    }
}
