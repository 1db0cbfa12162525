//! What the program's agents can do, from their declarations and their Markdown files.

use super::tools::{ACTING, Tool};
use crate::ast::{ActorDecl, Expr, ExprKind, ItemKind};
use crate::resolve::{AgentFile, DefId, DefKind, Res};
use crate::source::Span;
use crate::types::{Callee, Checked};
use ecow::EcoString;
use foldhash::HashMap;

/// What plays an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Runtime {
    /// One whose tools are known: `claude`, `codex`, or what `flow.toml` says.
    #[default]
    Known,
    /// Any program: `command([…])`, `acp([…])`.
    Program,
}

/// What is known of an agent.
#[derive(Debug, Clone)]
pub(super) struct AgentFacts {
    pub def: DefId,
    pub name: EcoString,
    /// Where it says which tools it has, or else where it is declared.
    pub span: Span,
    pub runtime: Runtime,
    /// `None`: every tool.
    pub tools: Option<Vec<Tool>>,
    /// Tools that the file takes away.
    pub without: Vec<String>,
    /// Tasks among its tools.
    pub tasks: Vec<(DefId, Span)>,
    pub skills: Vec<String>,
    pub has_timeout: bool,
    pub has_budget: bool,
}

impl AgentFacts {
    fn new(def: DefId, name: EcoString, span: Span) -> AgentFacts {
        AgentFacts {
            def,
            name,
            span,
            runtime: Runtime::Known,
            tools: None,
            without: Vec::new(),
            tasks: Vec::new(),
            skills: Vec::new(),
            has_timeout: false,
            has_budget: false,
        }
    }

    fn keeps(&self, tool: &str) -> bool {
        !self.without.iter().any(|w| w.split('(').next() == Some(tool) && !w.contains('('))
    }

    /// Whether it has a tool that writes; one that is not known (of an MCP server, say) may, and so may a task.
    pub(super) fn can_write(&self) -> bool {
        match &self.tools {
            Some(tools) => {
                let acts = |t: &Tool| t.writes() || t.runs() || t.is_foreign();
                !self.tasks.is_empty() || tools.iter().any(|t| acts(t) && self.keeps(t.name()))
            }
            None => self.any_left(),
        }
    }

    /// Behind the last of the tools that its declaration lists, where one more can stand.
    pub(super) fn room_for_a_tool(&self, checked: &Checked) -> Option<Span> {
        let (last, own) = (self.tools.as_ref()?.last()?.span, checked.resolved.item(self.def).span);
        let inside = own.file == last.file && own.start <= last.start && last.end <= own.end;
        (inside && checked.resolved.def(self.def).kind == DefKind::Agent).then(|| last.at_end())
    }

    /// Whether it surely has a tool that writes or runs commands.
    pub(super) fn acts(&self) -> bool {
        match &self.tools {
            Some(tools) => tools.iter().any(|t| (t.writes() || t.runs()) && self.keeps(t.name())),
            None => self.runtime == Runtime::Known && self.any_left(),
        }
    }

    fn any_left(&self) -> bool {
        ACTING.iter().any(|t| self.keeps(t))
    }

    /// Whether it may use a tool.
    pub(super) fn has(&self, tool: &Tool) -> bool {
        match &self.tools {
            Some(tools) => tools.iter().any(|t| t.covers(tool) && self.keeps(t.name())),
            None => self.keeps(tool.name()),
        }
    }

    /// Its tools in words.
    pub(super) fn shown(&self) -> String {
        match &self.tools {
            Some(tools) if tools.is_empty() => "none".to_string(),
            Some(tools) => tools.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(", "),
            None if self.without.is_empty() => "all".to_string(),
            None => format!("all but {}", self.without.join(", ")),
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
        let mut agents = Agents { checked, facts: HashMap::default() };
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
                DefKind::AgentFile(file) => of_file(
                    id,
                    &def.name.text,
                    &self.checked.resolved.agent_files[file as usize],
                    def.name.span,
                ),
                DefKind::Agent => match self.declaration(id) {
                    Some(decl) => self.of_declaration(id, decl),
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

    fn of_declaration(&self, id: DefId, decl: &ActorDecl) -> AgentFacts {
        let base = self.from(decl).and_then(|id| self.facts.get(&id)).cloned();
        let new = || AgentFacts::new(id, EcoString::new(), decl.name.span);
        let mut facts = AgentFacts { def: id, name: decl.name.text.clone(), ..base.unwrap_or_else(new) };
        if let Some(runtime) = decl.props.get("runtime") {
            let program = matches!(runtime.value.kind, ExprKind::Call { .. });
            facts.runtime = if program { Runtime::Program } else { Runtime::Known };
        }
        if let Some(tools) = decl.props.get("tools") {
            facts.span = tools.value.span;
            facts.tools = Some(self.tools(&tools.value));
            facts.tasks = self.tasks(&tools.value);
            facts.without.clear();
        }
        if let Some(skills) = decl.props.get("skills") {
            facts.skills = texts(&skills.value);
        }
        facts.has_timeout |= decl.props.get("timeout").is_some();
        facts.has_budget |= decl.props.get("budget").is_some();
        facts
    }

    fn tools(&self, value: &Expr) -> Vec<Tool> {
        let text = |e: &Expr| match &e.kind {
            ExprKind::Str(text) => Some(Tool { text: text.literal()?.to_string(), span: e.span }),
            _ => None,
        };
        elements(value).filter_map(text).collect()
    }

    fn tasks(&self, value: &Expr) -> Vec<(DefId, Span)> {
        let task = |e: &Expr| match self.checked.resolved.res(e.id) {
            Some(Res::Def(id)) if self.checked.resolved.def(*id).kind == DefKind::Task => Some((*id, e.span)),
            _ => None,
        };
        elements(value).filter_map(task).collect()
    }

    /// What is known of an agent.
    pub(super) fn facts(&self, id: DefId) -> Option<&AgentFacts> {
        self.facts.get(&id)
    }

    /// All of them, in the order of the program.
    pub(super) fn all(&self) -> Vec<&AgentFacts> {
        let mut all: Vec<&AgentFacts> = self.facts.values().collect();
        all.sort_by_key(|a| a.def);
        all
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

fn of_file(id: DefId, name: &EcoString, file: &AgentFile, used: Span) -> AgentFacts {
    let span = file.span.unwrap_or(used);
    let tool = |(at, text): (usize, &String)| Tool {
        text: text.clone(),
        span: file.tool_spans.get(at).copied().unwrap_or(span),
    };
    AgentFacts {
        tools: file.tools.as_ref().map(|tools| tools.iter().enumerate().map(tool).collect()),
        without: file.disallowed_tools.clone(),
        skills: file.skills.clone(),
        has_timeout: file.timeout_ms.is_some(),
        ..AgentFacts::new(id, name.clone(), span)
    }
}

fn elements(value: &Expr) -> impl Iterator<Item = &Expr> {
    let list = match &value.kind {
        ExprKind::List(elements) => &**elements,
        _ => &[],
    };
    list.iter().map(|e| &e.value)
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
