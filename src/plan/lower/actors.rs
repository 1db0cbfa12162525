//! Agents and resources, as far as the program uses them.

use super::props::word;
use super::{Lowering, bare};
use crate::ast::{self, ActorDecl, ExprKind as K, ItemKind, Prop};
use crate::plan::{Agent, AgentId, Expr, Limit, Resource, ResourceId, Retry, Runtime, Server};
use crate::resolve::{AgentFile, DefId, DefKind};
use crate::value::Value;
use ecow::{EcoString, eco_format};
use std::rc::Rc;

impl<'a> Lowering<'a> {
    /// The plan's agent of a declaration.
    pub(super) fn agent(&mut self, def: DefId) -> AgentId {
        if let Some(id) = self.agents.get(&def) {
            return *id;
        }
        let agent = self.agent_of(def);
        // An agent that another copies may have come in between.
        let id = AgentId(self.plan.agents.len() as u32);
        self.plan.agents.push(agent);
        self.agents.insert(def, id);
        id
    }

    /// `from` leads to another declaration: the last of the chain is read first.
    fn agent_of(&mut self, def: DefId) -> Agent {
        let mut chain: Vec<(DefId, &'a ActorDecl)> = Vec::new();
        let mut at = Some(def);
        let mut agent = unknown(EcoString::new());
        while let Some(def) = at.take() {
            let declared = self.checked.resolved.def(def);
            if let DefKind::AgentFile(file) = declared.kind {
                agent = self.agent_file(def, file);
            } else if let ItemKind::Actor(decl) = &self.checked.resolved.item(def).kind
                && chain.iter().all(|(seen, _)| *seen != def)
            {
                chain.push((def, decl));
                at = decl.props.get("from").and_then(|p| self.named_def(&p.value)).map(|(def, _)| def);
            }
        }
        for (def, decl) in chain.into_iter().rev() {
            let doc = self.checked.resolved.item(def).doc.clone();
            if !doc.is_empty() {
                agent.description = doc;
            }
            agent.name = decl.name.text.clone();
            for prop in &decl.props.list {
                self.agent_prop(prop, &mut agent);
            }
        }
        self.servers_of_tools(&mut agent);
        agent
    }

    fn agent_file(&mut self, def: DefId, file: u32) -> Agent {
        let name = self.checked.resolved.def(def).name.text.clone();
        let Some(file) = self.checked.resolved.agent_files.get(file as usize) else { return unknown(name) };
        // A server that the program does not declare is no part of the agent: `check` has warned.
        let servers: Vec<DefId> = file.mcp.iter().filter_map(|server| self.server_named(server)).collect();
        let mcp = servers.into_iter().map(|def| self.server(def)).collect();
        Agent { mcp, ..read_file(name, file) }
    }

    fn agent_prop(&mut self, prop: &'a Prop, agent: &mut Agent) {
        let value = &prop.value;
        match prop.name.text.as_str() {
            "from" => {}
            "description" => agent.description = self.text(value),
            "runtime" => agent.runtime = self.runtime(prop),
            "model" => agent.model = Some(self.one_word(value)),
            "effort" => agent.effort = Some(self.one_word(value)),
            "tools" => agent.tools = Some(self.tools(value)),
            "skills" => agent.skills = self.texts(value),
            "system" => agent.system = self.text(value),
            "mcp" => agent.mcp = self.servers(value),
            "retry" => agent.retry = Some(self.constant_retry(value)),
            "budget" => {
                self.missing(eco_format!("`budget` of agent `{}`", agent.name), prop.span);
                agent.budget = self.number(value);
            }
            "timeout" => agent.timeout_ms = self.number(value),
            "max_turns" => agent.max_turns = self.number(value),
            "max_parallel" => agent.max_parallel = self.number(value),
            "priority" => agent.priority = self.number(value),
            "env" => agent.env = self.env(value),
            _ => {}
        }
    }

    /// The value of a property of a declaration: these are constants.
    fn fixed(&mut self, value: &'a ast::Expr) -> Option<Value> {
        let (value, _) = self.in_frame(Rc::from([]), |l| l.expr(value));
        self.constant(&value)
    }

    fn text(&mut self, value: &'a ast::Expr) -> EcoString {
        match self.fixed(value) {
            Some(Value::Str(text)) => text,
            _ => EcoString::new(),
        }
    }

    fn texts(&mut self, value: &'a ast::Expr) -> Vec<EcoString> {
        let value = self.fixed(value);
        let items = value.as_ref().and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_text).cloned().collect()
    }

    fn number(&mut self, value: &'a ast::Expr) -> Option<i64> {
        match self.fixed(value)? {
            Value::Int(n) | Value::Duration(n) | Value::Bytes(n) | Value::Money(n) => Some(n),
            _ => None,
        }
    }

    fn env(&mut self, value: &'a ast::Expr) -> Vec<(EcoString, Value)> {
        let value = self.fixed(value);
        let fields = value.as_ref().and_then(Value::as_record);
        fields.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn constant_retry(&mut self, value: &'a ast::Expr) -> Retry {
        let (mut retry, _) = self.in_frame(Rc::from([]), |l| l.retry(value));
        let mut folded = Vec::new();
        retry.exprs(&mut |e| folded.push(e.clone()));
        let mut folded = folded.into_iter();
        retry.exprs_mut(&mut |e| {
            if let Some(value) = folded.next().and_then(|f| self.constant(&f)) {
                *e = Expr::constant(value);
            }
        });
        retry
    }

    fn runtime(&mut self, prop: &'a Prop) -> Option<Runtime> {
        let args = match &bare(&prop.value).kind {
            K::Call { args, .. } => args.first(),
            _ => None,
        };
        let argv = args.map(|a| self.texts(&a.value)).unwrap_or_default();
        match word(&prop.value).as_str() {
            "claude" => Some(Runtime::Claude),
            "command" => Some(Runtime::Command(argv)),
            "codex" => {
                self.missing("`runtime: codex`", prop.span);
                Some(Runtime::Codex)
            }
            "acp" => {
                self.missing("`runtime: acp`", prop.span);
                Some(Runtime::Acp(argv))
            }
            _ => None,
        }
    }

    /// Names of tools; a task among them is not run yet.
    fn tools(&mut self, value: &'a ast::Expr) -> Vec<EcoString> {
        let K::List(elements) = &bare(value).kind else { return self.texts(value) };
        let mut tools = Vec::new();
        for element in elements {
            match self.named_def(&element.value) {
                Some((_, DefKind::Task)) => {
                    let name = word(&element.value);
                    self.missing(eco_format!("task `{name}` as a tool"), element.value.span);
                    tools.push(name);
                }
                _ if element.splice => tools.extend(self.texts(&element.value)),
                _ => tools.push(self.text(&element.value)),
            }
        }
        tools
    }

    /// The servers that a property names, or a text in it.
    fn servers(&mut self, value: &'a ast::Expr) -> Vec<Server> {
        let mut servers = Vec::new();
        let K::List(elements) = &bare(value).kind else { return servers };
        for each in elements.iter().map(|element| &element.value) {
            let def = match self.named_def(each) {
                Some((def, DefKind::Mcp)) => Some(def),
                _ => {
                    let name = self.text(each);
                    self.server_named(&name)
                }
            };
            servers.extend(def.map(|def| self.server(def)));
        }
        servers
    }

    /// A tool `mcp__server__tool` brings its server along; the server goes by the name of its declaration.
    fn servers_of_tools(&mut self, agent: &mut Agent) {
        let mut tools = agent.tools.take();
        for tool in tools.iter_mut().flatten() {
            let Some(rest) = tool.strip_prefix("mcp__") else { continue };
            let (server, of) = rest.split_once("__").map_or((rest, None), |(server, of)| (server, Some(of)));
            let Some(def) = self.server_named(server) else { continue };
            let server = self.server(def);
            *tool = match of {
                Some(of) => eco_format!("mcp__{}__{of}", server.name),
                None => eco_format!("mcp__{}", server.name),
            };
            if agent.mcp.iter().all(|known| known.name != server.name) {
                agent.mcp.push(server);
            }
        }
        agent.tools = tools;
    }

    /// The declaration of a server; agent files may write `-` for `_`.
    fn server_named(&self, name: &str) -> Option<DefId> {
        let name = name.replace('-', "_");
        let defs = &self.checked.resolved.defs;
        let at = defs.iter().position(|def| def.kind == DefKind::Mcp && def.name.text == name)?;
        Some(DefId(at as u32))
    }

    fn server(&mut self, def: DefId) -> Server {
        let mut server =
            Server { name: self.checked.resolved.def(def).name.text.clone(), ..Server::default() };
        let ItemKind::Actor(decl) = &self.checked.resolved.item(def).kind else { return server };
        for prop in &decl.props.list {
            match prop.name.text.as_str() {
                "command" => server.command = self.texts(&prop.value),
                "env" => server.env = self.env(&prop.value),
                "url" => server.url = self.text(&prop.value),
                "headers" => server.headers = self.env(&prop.value),
                _ => {}
            }
        }
        server
    }

    /// The plan's resource of a declaration.
    pub(super) fn resource(&mut self, def: DefId) -> ResourceId {
        if let Some(id) = self.resources.get(&def) {
            return *id;
        }
        let mut limit = Limit::Capacity(1);
        if let ItemKind::Actor(decl) = &self.checked.resolved.item(def).kind {
            let mut number = |name| decl.props.get(name).and_then(|p: &'a Prop| self.number(&p.value));
            if let Some(units) = number("rate") {
                limit = Limit::Rate { units, per_ms: number("per").unwrap_or(1000) };
            } else if let Some(units) = number("capacity") {
                limit = Limit::Capacity(units);
            }
        }
        let id = ResourceId(self.plan.resources.len() as u32);
        let name = self.checked.resolved.def(def).name.text.clone();
        self.plan.resources.push(Resource { name, limit });
        self.resources.insert(def, id);
        id
    }
}

fn read_file(name: EcoString, file: &AgentFile) -> Agent {
    let texts = |list: &[String]| list.iter().map(EcoString::from).collect::<Vec<_>>();
    Agent {
        description: file.description.as_str().into(),
        model: file.model.as_ref().map(EcoString::from),
        effort: file.effort.as_ref().map(EcoString::from),
        tools: tools_of_file(file),
        skills: texts(&file.skills),
        system: file.body.as_str().into(),
        timeout_ms: file.timeout_ms,
        retry: file.retries.map(|n| Retry {
            max: Expr::constant(Value::Int(n)),
            backoff: None,
            factor: None,
            jitter: None,
            on: None,
        }),
        max_turns: file.max_turns,
        max_parallel: file.max_parallel,
        priority: file.priority,
        ..unknown(name)
    }
}

/// What an agent without `tools` can use, when some of it is taken away.
const USUAL_TOOLS: &[&str] = &[
    "Bash",
    "Edit",
    "Write",
    "NotebookEdit",
    "Read",
    "Glob",
    "Grep",
    "WebFetch",
    "WebSearch",
    "Task",
    "Agent",
    "TodoWrite",
];

/// Less what the file takes away, and less what only other programs know (`@name`).
fn tools_of_file(file: &AgentFile) -> Option<Vec<EcoString>> {
    let without = &file.disallowed_tools;
    let kept = |tool: &&str| {
        let name = tool.split('(').next().unwrap_or(tool).trim();
        !tool.starts_with('@') && !without.iter().any(|w| w == name)
    };
    match &file.tools {
        None if without.is_empty() => None,
        None => Some(USUAL_TOOLS.iter().copied().filter(kept).map(EcoString::from).collect()),
        Some(tools) => Some(tools.iter().map(String::as_str).filter(kept).map(EcoString::from).collect()),
    }
}

fn unknown(name: EcoString) -> Agent {
    Agent {
        name,
        description: EcoString::new(),
        runtime: None,
        model: None,
        effort: None,
        tools: None,
        skills: Vec::new(),
        system: EcoString::new(),
        mcp: Vec::new(),
        timeout_ms: None,
        retry: None,
        max_turns: None,
        max_parallel: None,
        priority: None,
        budget: None,
        env: Vec::new(),
    }
}
