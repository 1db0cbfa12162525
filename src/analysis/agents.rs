//! What the program's agents can do, from their declarations and their Markdown files.

use crate::ast::{ActorDecl, Expr, ExprKind, ItemKind};
use crate::resolve::{AgentFile, DefId, DefKind, Res};
use crate::types::{Callee, Checked};
use ecow::EcoString;
use std::collections::HashMap;

/// Tools that change files or run commands, which can.
const WRITING: &[&str] =
    &["Write", "Edit", "MultiEdit", "NotebookEdit", "Bash", "apply_patch", "exec_command"];

/// What is known of an agent.
#[derive(Debug, Clone, Default)]
pub(super) struct AgentFacts {
    pub name: EcoString,
    /// `None`: every tool.
    pub tools: Option<Vec<String>>,
    /// Tools that the file takes away.
    pub without: Vec<String>,
    pub skills: Vec<String>,
    pub has_timeout: bool,
    pub has_budget: bool,
}

impl AgentFacts {
    /// Whether it has a tool that writes; one that is not known (of an MCP server, say) may.
    pub(super) fn can_write(&self) -> bool {
        let writes = |tool: &str| {
            let name = tool.split('(').next().unwrap_or(tool).trim();
            WRITING.contains(&name) || name.starts_with("mcp__") || name.starts_with('@')
        };
        match &self.tools {
            Some(tools) => tools.iter().any(|t| writes(t) && !self.without.contains(t)),
            None => WRITING.iter().take(5).any(|t| !self.without.iter().any(|w| w == t)),
        }
    }
}

/// Who may be given a task.
#[derive(Debug, Default)]
pub(super) struct Candidates<'a> {
    pub known: Vec<&'a AgentFacts>,
    /// It depends on values: others may be meant too.
    pub open: bool,
}

/// All agents of the program.
#[derive(Debug)]
pub(super) struct Agents<'a> {
    checked: &'a Checked,
    facts: HashMap<DefId, AgentFacts>,
}

impl<'a> Agents<'a> {
    pub(super) fn new(checked: &'a Checked) -> Agents<'a> {
        let mut agents = Agents { checked, facts: HashMap::new() };
        for (at, def) in checked.resolved.defs.iter().enumerate() {
            if matches!(def.kind, DefKind::Agent | DefKind::AgentFile(_)) {
                agents.learn(DefId(at as u32));
            }
        }
        agents
    }

    /// Follows `from` to its end and comes back; a ring of them has been reported before.
    fn learn(&mut self, id: DefId) {
        let mut way = vec![id];
        while let Some(next) = way.last().and_then(|id| self.declaration(*id)).and_then(|d| self.from(d)) {
            if way.contains(&next) || self.facts.contains_key(&next) {
                break;
            }
            way.push(next);
        }
        while let Some(id) = way.pop() {
            if self.facts.contains_key(&id) {
                continue;
            }
            let def = self.checked.resolved.def(id);
            let facts = match def.kind {
                DefKind::AgentFile(file) => {
                    of_file(&def.name.text, &self.checked.resolved.agent_files[file as usize])
                }
                DefKind::Agent => match self.declaration(id) {
                    Some(decl) => self.of_declaration(decl),
                    None => continue,
                },
                DefKind::Type
                | DefKind::Enum(_)
                | DefKind::Fn
                | DefKind::Resource
                | DefKind::Mcp
                | DefKind::Task
                | DefKind::Workflow
                | DefKind::Test => return,
            };
            self.facts.insert(id, facts);
        }
    }

    fn declaration(&self, id: DefId) -> Option<&'a ActorDecl> {
        let resolved = &self.checked.resolved;
        if resolved.def(id).kind != DefKind::Agent {
            return None;
        }
        match &resolved.item(id).kind {
            ItemKind::Actor(decl) => Some(decl),
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Fn(_)
            | ItemKind::Task(_)
            | ItemKind::Workflow(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => None,
        }
    }

    fn from(&self, decl: &ActorDecl) -> Option<DefId> {
        self.agent(&decl.props.get("from")?.value)
    }

    fn agent(&self, expr: &Expr) -> Option<DefId> {
        match self.checked.resolved.res(expr.id) {
            Some(Res::Def(id)) => Some(*id),
            _ => None,
        }
    }

    fn of_declaration(&self, decl: &ActorDecl) -> AgentFacts {
        let base = self.from(decl).and_then(|id| self.facts.get(&id)).cloned();
        let mut facts = AgentFacts { name: decl.name.text.clone(), ..base.unwrap_or_default() };
        if let Some(tools) = decl.props.get("tools") {
            facts.tools = Some(texts(&tools.value));
            facts.without.clear();
        }
        if let Some(skills) = decl.props.get("skills") {
            facts.skills = texts(&skills.value);
        }
        facts.has_timeout |= decl.props.get("timeout").is_some();
        facts.has_budget |= decl.props.get("budget").is_some();
        facts
    }

    /// Who the value of `agent`, `fallback` … can be.
    pub(super) fn candidates(&self, value: &Expr) -> Candidates<'_> {
        let mut found = Candidates::default();
        let parts: Vec<&Expr> = match &value.kind {
            ExprKind::List(elements) => {
                found.open = elements.iter().any(|e| e.splice);
                elements.iter().filter(|e| !e.splice).map(|e| &e.value).collect()
            }
            _ => vec![value],
        };
        for part in parts {
            if let Some(skills) = self.skilled(part) {
                found.known.extend(self.with_skills(&skills));
                continue;
            }
            match self.agent(part).and_then(|id| self.facts.get(&id)) {
                Some(facts) => found.known.push(facts),
                None => found.open = true,
            }
        }
        found
    }

    /// The skills of `skilled([…])`, when all of them are plain texts.
    pub(super) fn skilled(&self, value: &Expr) -> Option<Vec<String>> {
        let ExprKind::Call { args, .. } = &value.kind else { return None };
        let Callee::Property(name) = &self.checked.calls.get(value.id)?.callee else { return None };
        let ExprKind::List(elements) = &args.first()?.value.kind else { return None };
        let skills = texts(&args.first()?.value);
        (name == "skilled" && skills.len() == elements.len()).then_some(skills)
    }

    /// The agents that have every one of the skills, in the order of their names.
    pub(super) fn with_skills(&self, skills: &[String]) -> Vec<&AgentFacts> {
        let mut found: Vec<&AgentFacts> =
            self.facts.values().filter(|a| skills.iter().all(|s| a.skills.contains(s))).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Every skill that some agent has.
    pub(super) fn skills(&self) -> Vec<&str> {
        let mut skills: Vec<&str> =
            self.facts.values().flat_map(|a| a.skills.iter().map(String::as_str)).collect();
        skills.sort_unstable();
        skills.dedup();
        skills
    }
}

fn of_file(name: &EcoString, file: &AgentFile) -> AgentFacts {
    AgentFacts {
        name: name.clone(),
        tools: file.tools.clone(),
        without: file.disallowed_tools.clone(),
        skills: file.skills.clone(),
        has_timeout: file.timeout_ms.is_some(),
        has_budget: false,
    }
}

/// The plain texts in a list.
fn texts(value: &Expr) -> Vec<String> {
    let ExprKind::List(elements) = &value.kind else { return Vec::new() };
    let text = |e: &Expr| match &e.kind {
        ExprKind::Str(text) => text.literal().map(|t| t.to_string()),
        _ => None,
    };
    elements.iter().filter_map(|e| text(&e.value)).collect()
}
