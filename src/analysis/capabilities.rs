//! Whether the agents that can reach a task can do what it says.

use super::agents::{AgentFacts, Agents};
use super::errors;
use super::survey::Survey;
use crate::ast::{ActorKind, Expr, ExprKind, Item, ItemKind};
use crate::diagnostics::Diagnostic;
use crate::resolve::suggest;
use crate::types::Checked;

/// The tools that the default runtime has.
const TOOLS: &[&str] = &[
    "Agent",
    "AskUserQuestion",
    "Bash",
    "BashOutput",
    "Edit",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillShell",
    "LS",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "Read",
    "Skill",
    "SlashCommand",
    "Task",
    "TodoWrite",
    "WebFetch",
    "WebSearch",
    "Write",
];

pub(super) fn check(checked: &Checked, survey: &Survey<'_>, agents: &Agents<'_>, out: &mut Vec<Diagnostic>) {
    checked.resolved.modules.iter().flat_map(|m| &m.ast.items).for_each(|item| declared_tools(item, out));
    for site in &survey.tasks {
        let props = &site.decl.props;
        let writes = props.get("writes").filter(|w| !is_empty_list(&w.value));
        for name in ["agent", "fallback"] {
            let Some(prop) = props.get(name) else { continue };
            for part in parts(&prop.value) {
                nobody(agents, part, out);
                if let Some(writes) = writes {
                    for agent in agents.candidates(part).known.iter().filter(|a| !a.can_write()) {
                        out.push(errors::cannot_write(part.span, &agent.name, writes.span, &tools(agent)));
                    }
                }
            }
        }
    }
}

/// Misspelled tools of an agent of the default runtime: it would pass over them without a word. A name that is like none
/// of the known ones may be that of a server or of a later version.
fn declared_tools(item: &Item, out: &mut Vec<Diagnostic>) {
    let ItemKind::Actor(decl) = &item.kind else { return };
    if decl.kind != ActorKind::Agent || decl.props.get("runtime").is_some() {
        return;
    }
    let Some(tools) = decl.props.get("tools") else { return };
    for part in parts(&tools.value) {
        let ExprKind::Str(text) = &part.kind else { continue };
        let Some(text) = text.literal() else { continue };
        let name = text.split('(').next().unwrap_or(&text).trim();
        if TOOLS.contains(&name) || name.contains("__") {
            continue;
        }
        if let Some(near) = suggest::nearest(name, TOOLS.iter().copied()) {
            let rule = &text[name.len()..];
            out.push(errors::unknown_tool(part.span, &text, &format!("{near}{rule}")));
        }
    }
}

fn is_empty_list(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::List(elements) if elements.is_empty())
}

fn parts(value: &Expr) -> Vec<&Expr> {
    match &value.kind {
        ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
        _ => vec![value],
    }
}

fn tools(agent: &AgentFacts) -> String {
    match &agent.tools {
        Some(tools) if tools.is_empty() => "none".to_string(),
        Some(tools) => tools.join(", "),
        None => format!("all but {}", agent.without.join(", ")),
    }
}

/// `skilled([…])` that no agent answers to.
fn nobody(agents: &Agents<'_>, value: &Expr, out: &mut Vec<Diagnostic>) {
    let Some(skills) = agents.skilled(value) else { return };
    if !agents.with_skills(&skills).is_empty() {
        return;
    }
    let known = agents.skills();
    let missing = skills.iter().find(|s| !known.contains(&s.as_str()));
    let near = missing.and_then(|m| suggest::nearest(m, known.iter().copied()));
    out.push(errors::nobody_skilled(value.span, missing.map(String::as_str), near));
}
