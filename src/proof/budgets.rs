//! The worst case of what a workflow's tasks may spend against what it may spend itself.
//!
//! What has no budget counts nothing, and a loop over a list of unknown length counts once, so that a complaint is always
//! right.

use super::deadlines::stated;
use super::errors;
use super::places::{Origin, Places};
use crate::diagnostics::Diagnostic;
use crate::plan::claims::At;
use crate::plan::cost::Costs;
use crate::plan::{BodyId, NodeIx, NodeKind, Plan};
use crate::source::{SourceMap, Span};
use crate::types::Checked;
use crate::value::Value;
use std::collections::HashSet;

pub(super) fn check(plan: &Plan, checked: &Checked, sources: &SourceMap, out: &mut Vec<Diagnostic>) {
    let costs = Costs::new(plan);
    let over = over(plan, &costs);
    if over.is_empty() {
        return;
    }
    let places = Places::new(plan, checked, sources);
    let mut said = HashSet::new();
    for (at, budget) in over {
        let NodeKind::Call { workflow, body, .. } = &places.node(at).kind else { continue };
        let Some(span) = stated(&places, checked, at, "budget").filter(|s| said.insert(*s)) else { continue };
        let worst = costs.body(*body).known;
        out.push(errors::over_budget(span, workflow, budget, worst, &parts(&places, &costs, *body)));
    }
}

/// The calls whose tasks may spend more than they may, with that.
fn over(plan: &Plan, costs: &Costs<'_>) -> Vec<(At, i64)> {
    let mut found = Vec::new();
    for (id, body) in (0u32..).map(BodyId).zip(&plan.bodies) {
        for (at, node) in (0u32..).map(NodeIx).zip(&body.nodes) {
            if let NodeKind::Call { settings, body, .. } = &node.kind
                && let Some(Value::Money(budget)) = settings.budget.as_ref().and_then(|b| b.as_const())
                && costs.body(*body).known > *budget
            {
                found.push(((id, at), *budget));
            }
        }
    }
    found
}

/// What of a workflow's body costs something, and how much: its tasks and calls, and those in its branches and loops.
fn parts(places: &Places<'_>, costs: &Costs<'_>, body: BodyId) -> Vec<(Span, i64)> {
    let mut found: Vec<(Span, i64)> = Vec::new();
    let mut open = vec![body];
    while let Some(id) = open.pop() {
        let nodes = &places.body(id).nodes;
        for (at, node) in (0u32..).map(NodeIx).zip(nodes) {
            let amount = costs.node(&node.kind).known;
            match &node.kind {
                NodeKind::Task { .. } | NodeKind::Call { .. } if amount > 0 => {
                    let Some(span) = places.origin((id, at)).as_ref().map(Origin::span) else { continue };
                    match found.iter_mut().find(|(known, _)| *known == span) {
                        Some((_, sum)) => *sum = sum.saturating_add(amount),
                        None => found.push((span, amount)),
                    }
                }
                NodeKind::Task { .. } | NodeKind::Call { .. } => {}
                composite => open.extend(composite.bodies()),
            }
        }
    }
    found.sort_by_key(|(span, amount)| (std::cmp::Reverse(*amount), span.start));
    found
}
