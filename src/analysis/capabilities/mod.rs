//! Whether the agents that can reach a task can do what it says, and whether what they are given exists.
//!
//! Which agents those are says [`Flow`](super::flow::Flow): through parameters, lists, branches, defaults. Tools are
//! compared with their rules.

mod errors;
mod narrow;
mod servers;
#[cfg(test)]
mod tests;

use super::agents::{AgentFacts, Agents, Runtime};
use super::flow::{Flow, Site};
use super::globs::Glob;
use super::tools::{self, Tool};
use crate::ast::{Entry, Expr, ExprKind, Props, StrPart};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, DefKind, suggest};
use crate::source::Span;
use crate::types::Checked;
use std::collections::BTreeSet;

pub(super) fn check(checked: &Checked, flow: &Flow<'_>, agents: &Agents<'_>, out: &mut Vec<Diagnostic>) {
    let servers = servers::Servers::new(checked);
    for agent in agents.all() {
        declared_tools(checked, agent, &servers, out);
    }
    let reached = reached(flow);
    servers.listed(checked, &reached, out);
    narrow::check(checked, flow, agents, out);
    let pass = Pass { checked, flow, agents };
    for site in &flow.sites {
        pass.site(*site, out);
    }
    for with in &flow.overrides {
        let Some((def, task)) = with.task else { continue };
        let own = with.props.get("writes").map(|w| &w.value);
        if own.is_some() {
            let names = AGENTS.iter().filter(|name| with.props.get(name).is_none());
            pass.reach(def, &task.props, names, own, out);
        }
        let declared = task.props.get("writes").map(|w| &w.value);
        pass.reach(with.owner, with.props, AGENTS.iter(), own.or(declared), out);
        pass.merging(with.owner, with.props, out);
    }
}

/// The properties that say who is asked.
const AGENTS: &[&str] = &["agent", "fallback"];

/// The agents that are given some task.
fn reached(flow: &Flow<'_>) -> BTreeSet<DefId> {
    let mut reached = BTreeSet::new();
    for site in &flow.sites {
        for prop in AGENTS.iter().filter_map(|name| site.decl.props.get(name)) {
            reached.extend(flow.agents(site.owner, &prop.value));
        }
    }
    for with in &flow.overrides {
        for prop in AGENTS.iter().filter_map(|name| with.props.get(name)) {
            reached.extend(flow.agents(with.owner, &prop.value));
        }
    }
    reached
}

/// Tools that nobody has: of an agent of the default runtime, which would pass over them without a word.
fn declared_tools(
    checked: &Checked,
    agent: &AgentFacts,
    servers: &servers::Servers,
    out: &mut Vec<Diagnostic>,
) {
    let file = matches!(checked.resolved.def(agent.def).kind, DefKind::AgentFile(_));
    if agent.runtime == Runtime::Program {
        return;
    }
    for tool in agent.tools.iter().flatten() {
        // What a copy has from its base is reported there.
        if !file && !within(checked.resolved.item(agent.def).span, tool.span) {
            continue;
        }
        if let Some(server) = tool.server() {
            if !file && !servers.knows(server) {
                out.push(errors::unknown_server(tool.span, server, &tool.text, servers.near(server)));
            }
            continue;
        }
        if tool.text.starts_with('@') || tools::KNOWN.contains(&tool.name()) {
            continue;
        }
        unknown_tool(checked, tool, file, out);
    }
}

fn within(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

fn unknown_tool(checked: &Checked, tool: &Tool, file: bool, out: &mut Vec<Diagnostic>) {
    let name = tool.name();
    let is_task = |d: &&crate::resolve::Def| d.kind == DefKind::Task && d.name.text == name;
    if !file && checked.resolved.defs.iter().any(|d| is_task(&d)) {
        out.push(errors::task_in_quotes(tool.span, name));
        return;
    }
    let near = suggest::nearest(name, tools::KNOWN.iter().copied());
    let near = near.map(|near| format!("{near}{}", tool.text.get(name.len()..).unwrap_or_default()));
    match (near, file) {
        (Some(near), _) => out.push(errors::unknown_tool(tool.span, &tool.text, &near, file)),
        (None, true) => out.push(errors::odd_tool(tool.span, &tool.text)),
        (None, false) => out.push(errors::foreign_tool(tool.span, &tool.text)),
    }
}

struct Pass<'p, 'a> {
    checked: &'a Checked,
    flow: &'p Flow<'a>,
    agents: &'p Agents<'a>,
}

impl<'a> Pass<'_, 'a> {
    fn site(&self, site: Site<'a>, out: &mut Vec<Diagnostic>) {
        let props = &site.decl.props;
        let writes = props.get("writes").map(|w| &w.value);
        self.reach(site.owner, props, AGENTS.iter(), writes, out);
        self.merging(site.owner, props, out);
        if let Some(judge) = props.get("judge")
            && let ExprKind::Record(entries) = &judge.value.kind
        {
            for entry in entries {
                if let Entry::Field { key, value } = entry
                    && key.text == "agent"
                {
                    self.nobody(value, out);
                }
            }
        }
    }

    /// The agents that are given a task must be able to write what it says.
    fn reach<'n>(
        &self,
        owner: DefId,
        props: &'a Props,
        names: impl Iterator<Item = &'n &'n str>,
        writes: Option<&'a Expr>,
        out: &mut Vec<Diagnostic>,
    ) {
        let writes = writes.filter(|w| !is_empty_list(w));
        let mut seen = BTreeSet::new();
        for name in names {
            let Some(prop) = props.get(name) else { continue };
            for part in parts(&prop.value) {
                self.nobody(part, out);
                let Some(writes) = writes else { continue };
                for id in self.flow.agents(owner, part) {
                    let Some(agent) = self.agents.facts(id).filter(|_| seen.insert((id, part.span))) else {
                        continue;
                    };
                    let way = self.flow.way_of_agent(owner, part, id);
                    if !agent.can_write() {
                        out.push(errors::cannot_write(
                            part.span,
                            &agent.name,
                            writes.span,
                            (&agent.shown(), agent.room_for_a_tool(self.checked)),
                            &way,
                        ));
                    } else {
                        self.outside(agent, writes, part.span, out);
                    }
                }
            }
        }
    }

    /// `on_conflict: resolve(agent)`: who merges must write.
    fn merging(&self, owner: DefId, props: &'a Props, out: &mut Vec<Diagnostic>) {
        let Some(prop) = props.get("on_conflict") else { return };
        let ExprKind::Call { args, .. } = &prop.value.kind else { return };
        let Some(arg) = args.first() else { return };
        for id in self.flow.agents(owner, &arg.value) {
            if let Some(agent) = self.agents.facts(id).filter(|a| !a.can_write()) {
                let way = self.flow.way_of_agent(owner, &arg.value, id);
                out.push(errors::cannot_merge(arg.value.span, &agent.name, &agent.shown(), &way));
            }
        }
    }

    /// Claims on files that the rules of the agent's tools leave out.
    fn outside(&self, agent: &AgentFacts, writes: &Expr, given: Span, out: &mut Vec<Diagnostic>) {
        let Some(allowed) = allowed(agent) else { return };
        for claim in parts(writes) {
            let Some(glob) = widest(self.checked, claim) else { continue };
            if !allowed.iter().any(|a| a.overlaps(&glob)) {
                let rule = as_rule(claim).zip(agent.room_for_a_tool(self.checked));
                out.push(errors::claim_outside(claim.span, &agent.name, &agent.shown(), given, rule));
            }
        }
    }

    /// `skilled([…])` that no agent answers to.
    fn nobody(&self, value: &Expr, out: &mut Vec<Diagnostic>) {
        let Some(skills) = self.agents.skilled(value) else { return };
        if !self.agents.with_skills(&skills).is_empty() {
            return;
        }
        let known = self.agents.skills();
        let missing = skills.iter().find(|s| !known.contains(&s.as_str()));
        let near = missing.and_then(|m| suggest::nearest(m, known.iter().copied()));
        let place = missing.and_then(|m| skill_span(value, m));
        out.push(errors::nobody_skilled(value.span, missing.map(String::as_str), near.zip(place)));
    }
}

/// Where a skill stands in `skilled([…])`.
fn skill_span(value: &Expr, skill: &str) -> Option<Span> {
    let ExprKind::Call { args, .. } = &value.kind else { return None };
    let ExprKind::List(elements) = &args.first()?.value.kind else { return None };
    let is = |e: &Expr| matches!(&e.kind, ExprKind::Str(text) if text.literal().is_some_and(|t| t == skill));
    elements.iter().map(|e| &e.value).find(|e| is(e)).map(|e| e.span)
}

/// The files that an agent may write, when all its tools that write have rules on paths and none runs commands.
fn allowed(agent: &AgentFacts) -> Option<Vec<Glob>> {
    if !agent.tasks.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    for tool in agent.tools.as_ref()? {
        if tool.runs() || tool.is_foreign() {
            return None;
        }
        if tool.writes() {
            all.extend(tool.written()?);
        }
    }
    Some(all)
}

/// All that a claim can mean: a value is text without `/`, a path any path.
fn widest(checked: &Checked, claim: &Expr) -> Option<Glob> {
    let ExprKind::Str(text) = &claim.kind else { return None };
    let mut pattern = String::new();
    for part in &text.parts {
        match part {
            StrPart::Text(text, _) => pattern.push_str(text),
            StrPart::Expr(e) => {
                if checked.types.get(e.id) != Some(&crate::types::Ty::String) {
                    return None;
                }
                pattern.push('*');
            }
        }
    }
    Glob::new(pattern.trim_start_matches("./")).ok()
}

/// A claim that is written out as a rule of a tool.
fn as_rule(claim: &Expr) -> Option<String> {
    let ExprKind::Str(text) = &claim.kind else { return None };
    let text = text.literal()?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/*._-?".contains(c));
    plain.then(|| format!("Edit({text})"))
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
