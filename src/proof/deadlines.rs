//! The longest path of a workflow, by the estimates of its tasks, against its deadline.

use super::errors;
use super::places::{Origin, Places};
use crate::ast::{ItemKind, Props};
use crate::diagnostics::Diagnostic;
use crate::plan::claims::At;
use crate::plan::passes::paths::critical_path;
use crate::plan::{Body, BodyId, NodeIx, NodeKind, Plan};
use crate::source::{SourceMap, Span};
use crate::types::{Callee, Checked};
use crate::value::Value;
use std::collections::HashSet;

/// Most tasks of a path that are named.
const NAMED: usize = 8;

pub(super) fn check(plan: &Plan, checked: &Checked, sources: &SourceMap, out: &mut Vec<Diagnostic>) {
    let late = late(plan);
    if late.is_empty() {
        return;
    }
    let places = Places::new(plan, checked, sources);
    let mut said = HashSet::new();
    for (at, limit) in late {
        let NodeKind::Call { workflow, body, .. } = &places.node(at).kind else { continue };
        let Some(span) = stated(&places, checked, at, "deadline").filter(|span| said.insert(*span)) else {
            continue;
        };
        let body = plan.body(*body);
        out.push(errors::too_late(span, workflow, longest(body), limit, &path(body)));
    }
}

/// The calls whose workflows take longer than their deadline, with that.
fn late(plan: &Plan) -> Vec<(At, i64)> {
    let mut found = Vec::new();
    for (id, body) in (0u32..).map(BodyId).zip(&plan.bodies) {
        for (at, node) in (0u32..).map(NodeIx).zip(&body.nodes) {
            if let NodeKind::Call { settings, body, .. } = &node.kind
                && let Some(Value::Duration(limit)) = settings.deadline.as_ref().and_then(|d| d.as_const())
                && longest(plan.body(*body)) > *limit
            {
                found.push(((id, at), *limit));
            }
        }
    }
    found
}

fn longest(body: &Body) -> i64 {
    body.nodes.iter().map(|n| n.path_ms).max().unwrap_or(0)
}

fn path(body: &Body) -> Vec<String> {
    let nodes = critical_path(body).into_iter().map(|n| &body.nodes[n.index()]);
    let shown = nodes.filter(|n| n.estimate_ms > 0 && !n.name.is_empty());
    shown.take(NAMED).map(|n| n.name.to_string()).collect()
}

/// Where a setting of a call is written: at the call, else with the workflow.
pub(super) fn stated(places: &Places<'_>, checked: &Checked, at: At, name: &str) -> Option<Span> {
    let given = |props: Option<&Props>| Some(props?.get(name)?.value.span);
    let Some(Origin::Call(call)) = places.origin(at) else {
        return given(places.workflow(at)?.with.as_ref());
    };
    given(call.with).or_else(|| {
        let Callee::Def(def) = checked.calls.get(call.expr.id)?.callee else { return None };
        match &checked.resolved.item(def).kind {
            ItemKind::Workflow(decl) => given(decl.with.as_ref()),
            _ => None,
        }
    })
}
