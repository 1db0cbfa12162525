//! Rights narrow along calls: a copy has no tool that its base has not, and a task that an agent calls as a tool is given
//! to nobody who can do more than that agent.

use super::super::agents::{AgentFacts, Agents};
use super::super::flow::Flow;
use super::errors;
use crate::ast::{ActorKind, Expr, ExprKind, ItemKind};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, Res};
use crate::source::Span;
use crate::types::Checked;

pub(super) fn check(checked: &Checked, flow: &Flow<'_>, agents: &Agents<'_>, out: &mut Vec<Diagnostic>) {
    for agent in agents.all() {
        copies(checked, agents, agent, out);
        for (task, span) in &agent.tasks {
            let Some(decl) = checked.resolved.task(*task) else { continue };
            for name in ["agent", "fallback"] {
                let Some(prop) = decl.props.get(name) else { continue };
                for id in flow.agents(*task, &prop.value) {
                    let Some(child) = agents.facts(id) else { continue };
                    let more = excess(child, agent);
                    if !more.is_empty() {
                        out.push(errors::child_has_more(
                            *span,
                            &agent.name,
                            &decl.name.text,
                            &child.name,
                            &more,
                            prop.value.span,
                        ));
                    }
                }
            }
        }
    }
}

fn copies(checked: &Checked, agents: &Agents<'_>, agent: &AgentFacts, out: &mut Vec<Diagnostic>) {
    let ItemKind::Actor(decl) = &checked.resolved.item(agent.def).kind else { return };
    if decl.kind != ActorKind::Agent {
        return;
    }
    let (Some(from), Some(tools)) = (decl.props.get("from"), decl.props.get("tools")) else { return };
    let base = match checked.resolved.res(from.value.id) {
        Some(Res::Def(id)) => agents.facts(*id),
        _ => None,
    };
    let Some(base) = base else { return };
    let more = more_tools(agent, base);
    if let Some((text, span)) = more.first() {
        let rest = more.iter().skip(1).map(|(text, _)| text.as_str()).collect::<Vec<_>>();
        out.push(errors::copy_has_more(
            *span,
            &agent.name,
            &base.name,
            text,
            &rest,
            &base.shown(),
            (from.value.span, without(&tools.value, *span).filter(|_| rest.is_empty())),
        ));
        return;
    }
    let more = agent.tasks.iter().find(|(task, _)| base.tools.is_some() && !has_task(base, *task));
    if let (Some((task, span)), ExprKind::List(_)) = (more, &tools.value.kind) {
        let name = &checked.resolved.def(*task).name.text;
        out.push(errors::copy_has_more(
            *span,
            &agent.name,
            &base.name,
            name,
            &[],
            &base.shown(),
            (from.value.span, without(&tools.value, *span)),
        ));
    }
}

fn has_task(agent: &AgentFacts, task: DefId) -> bool {
    agent.tasks.iter().any(|(own, _)| *own == task)
}

/// The tools of one that the other has not, with their places.
fn more_tools(child: &AgentFacts, parent: &AgentFacts) -> Vec<(String, Span)> {
    let tools = child.tools.iter().flatten().filter(|t| !parent.has(t));
    tools.map(|t| (t.text.clone(), t.span)).collect()
}

fn excess(child: &AgentFacts, parent: &AgentFacts) -> Vec<String> {
    match (&child.tools, &parent.tools) {
        (Some(_), _) => more_tools(child, parent).into_iter().map(|(text, _)| text).collect(),
        (None, Some(_)) => vec!["every tool".to_string()],
        (None, None) => parent.without.iter().filter(|w| !child.without.contains(w)).cloned().collect(),
    }
}

/// An element of a list with the comma that goes with it.
fn without(list: &Expr, element: Span) -> Option<Span> {
    let ExprKind::List(elements) = &list.kind else { return None };
    let at = elements.iter().position(|e| e.value.span == element)?;
    match (elements.get(at + 1), at.checked_sub(1).and_then(|at| elements.get(at))) {
        (Some(next), _) => Some(Span { end: next.value.span.start, ..element }),
        (None, Some(last)) => Some(Span { start: last.value.span.end, ..element }),
        (None, None) => Some(element),
    }
}
