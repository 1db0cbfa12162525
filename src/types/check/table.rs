//! The properties: one row each, with what stands there, for which tasks, and whether a call may override it.

/// What a property takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Text,
    Path,
    Flag,
    /// From, to.
    Int(i64, i64),
    Float(f64, f64),
    /// More than zero.
    Span,
    /// Zero or more.
    Wait,
    Money,
    Strings,
    Ints(i64, i64),
    /// A program and its arguments.
    Argv,
    /// One argv or several.
    Argvs,
    /// Glob patterns.
    Globs,
    /// Texts or Secrets by name.
    Env,
    /// The built-in enum of that index; and the variant that is written as a call, with what it takes.
    Enum(u32, Option<(&'static str, &'static Shape)>),
    Agent,
    /// An agent, a list of agents, or `skilled([…])`.
    Agents,
    AgentList,
    /// Fields with rows of their own; some tasks also take an Int.
    Record(&'static [Row]),
    Retry,
    Kinds,
    Method,
    Json,
    /// A record of values with JSON forms.
    Values,
    /// `server.tool`
    Tool,
    Tools,
    Servers,
    /// The name of another agent.
    From,
    Script,
    Accept,
    Resources,
    After,
    Undo,
    Key,
    Keys,
}

/// A property.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub name: &'static str,
    pub shape: Shape,
    /// Kinds of tasks that it means something for.
    pub on: u8,
    /// Where it may stand.
    pub at: At,
    /// Must be known before the run.
    pub fixed: bool,
    /// Must be there.
    pub required: bool,
}

/// Where a property of a task may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// In the task, and in `with { … }` of a call.
    Both,
    /// In an inline task, and in `with { … }` of a call.
    Bound,
}

pub(super) const AGENT: u8 = 1;
pub(super) const RUN: u8 = 2;
pub(super) const SH: u8 = 4;
pub(super) const HTTP: u8 = 8;
pub(super) const MCP: u8 = 16;
const PROCESS: u8 = RUN | SH;
pub(super) const ALL: u8 = 31;

const INT: i64 = i64::MAX;

const fn row(name: &'static str, shape: Shape) -> Row {
    Row { name, shape, on: ALL, at: At::Both, fixed: false, required: false }
}

impl Row {
    const fn on(self, on: u8) -> Row {
        Row { on, ..self }
    }

    const fn fixed(self) -> Row {
        Row { fixed: true, ..self }
    }

    const fn required(self) -> Row {
        Row { required: true, ..self }
    }
}

/// The properties that say what a task does.
pub(super) const ACTIONS: &[(&str, u8)] =
    &[("agent", AGENT), ("run", RUN), ("sh", SH), ("http", HTTP), ("mcp", MCP)];

pub(super) const TASK: &[Row] = &[
    row("agent", Shape::Agents).on(AGENT),
    row("prompt", Shape::Text).on(AGENT),
    row("run", Shape::Argv).on(RUN),
    row("sh", Shape::Script).on(SH),
    row("http", Shape::Record(REQUEST)).on(HTTP),
    row("mcp", Shape::Tool).on(MCP),
    row("args", Shape::Values).on(MCP),
    row("context", Shape::Values).on(AGENT),
    row("session", Shape::Text).on(AGENT),
    row("cwd", Shape::Path).on(PROCESS | AGENT),
    row("env", Shape::Env).on(PROCESS | AGENT),
    row("stdin", Shape::Text).on(PROCESS | AGENT),
    row("output", Shape::Enum(1, Some(("file", &Shape::Path)))).on(PROCESS | AGENT),
    row("allow_exit", Shape::Ints(0, 255)).on(PROCESS),
    row("allow_status", Shape::Ints(100, 599)).on(HTTP),
    row("reads", Shape::Globs),
    row("writes", Shape::Globs),
    row("resources", Shape::Resources).fixed(),
    row("workspace", Shape::Enum(2, None)).fixed(),
    row("on_conflict", Shape::Enum(3, Some(("resolve", &Shape::Agent)))),
    row("timeout", Shape::Span),
    row("estimate", Shape::Wait),
    row("retry", Shape::Retry),
    row("fallback", Shape::AgentList).on(AGENT),
    row("accept", Shape::Accept),
    row("verify", Shape::Argvs),
    row("judge", Shape::Record(JUDGE)),
    row("budget", Shape::Money),
    row("tokens", Shape::Int(1, INT)),
    row("cache", Shape::Flag),
    row("on_crash", Shape::Enum(4, Some(("probe", &Shape::Argv)))),
    row("undo", Shape::Undo),
    row("priority", Shape::Int(-INT, INT)),
    row("sandbox", Shape::Enum(5, None)).fixed(),
    Row { name: "after", shape: Shape::After, on: ALL, at: At::Bound, fixed: false, required: false },
    row("description", Shape::Text),
];

pub(super) const RETRY: &[Row] = &[
    row("max", Shape::Int(0, 1_000_000)).required(),
    row("backoff", Shape::Wait),
    row("factor", Shape::Float(1.0, 1000.0)),
    row("jitter", Shape::Float(0.0, 1.0)),
    row("on", Shape::Kinds),
];

pub(super) const REQUEST: &[Row] = &[
    row("url", Shape::Text).required(),
    row("method", Shape::Method),
    row("headers", Shape::Env),
    row("body", Shape::Json),
];

pub(super) const JUDGE: &[Row] =
    &[row("agent", Shape::Agents).required(), row("prompt", Shape::Text).required()];

pub(super) const AGENT_DECL: &[Row] = &[
    row("description", Shape::Text),
    row("from", Shape::From),
    row("runtime", Shape::Enum(6, Some(("command", &Shape::Argv)))),
    row("model", Shape::Text),
    row("effort", Shape::Text),
    row("tools", Shape::Tools),
    row("skills", Shape::Strings),
    row("system", Shape::Text),
    row("mcp", Shape::Servers),
    row("timeout", Shape::Span),
    row("retry", Shape::Retry),
    row("max_turns", Shape::Int(1, INT)),
    row("max_parallel", Shape::Int(1, INT)),
    row("priority", Shape::Int(-INT, INT)),
    row("budget", Shape::Money),
    row("env", Shape::Env),
];

pub(super) const RESOURCE: &[Row] =
    &[row("capacity", Shape::Int(1, INT)), row("rate", Shape::Int(1, INT)), row("per", Shape::Span)];

pub(super) const SERVER: &[Row] = &[
    row("command", Shape::Argv),
    row("env", Shape::Env),
    row("url", Shape::Text),
    row("headers", Shape::Env),
];

pub(super) const WORKFLOW: &[Row] = &[
    row("parallel", Shape::Int(1, INT)).fixed(),
    row("budget", Shape::Money),
    row("tokens", Shape::Int(1, INT)),
    row("deadline", Shape::Span),
    row("on_failure", Shape::Enum(7, None)),
    row("checkpoint", Shape::Enum(10, None)),
    row("schedule", Shape::Text),
    row("workspace", Shape::Enum(2, None)).fixed(),
    row("env", Shape::Env),
    Row { name: "after", shape: Shape::After, on: ALL, at: At::Bound, fixed: false, required: false },
];

pub(super) const STAGE: &[Row] = &[row("order", Shape::Enum(9, None)).fixed()];

pub(super) const FOR: &[Row] =
    &[row("parallel", Shape::Int(1, INT)).fixed(), row("key", Shape::Key), row("after", Shape::Keys)];

pub(super) const REPEAT: &[Row] = &[
    row("max", Shape::Int(1, INT)).required(),
    row("every", Shape::Wait),
    row("on_max", Shape::Enum(8, None)),
];

pub(super) const RACE: &[Row] = &[row("need", Shape::Int(1, INT)).fixed()];

pub(super) const PLAN_OF: &[Row] = &[
    row("agents", Shape::AgentList),
    row("tools", Shape::Strings),
    row("reads", Shape::Globs),
    row("writes", Shape::Globs),
    row("budget", Shape::Money),
    row("secrets", Shape::Strings),
    row("after", Shape::After),
    row("timeout", Shape::Span),
];

pub(super) const BUILT_IN_TASK: &[Row] = &[
    row("after", Shape::After),
    row("timeout", Shape::Span),
    row("retry", Shape::Retry),
    row("estimate", Shape::Wait),
    row("resources", Shape::Resources).fixed(),
    row("on_crash", Shape::Enum(4, Some(("probe", &Shape::Argv)))),
    row("priority", Shape::Int(-INT, INT)),
    row("description", Shape::Text),
];

/// Every table with the words for where its properties stand.
pub(super) const TABLES: &[(&str, &[Row])] = &[
    ("a task", TASK),
    ("an agent", AGENT_DECL),
    ("a resource", RESOURCE),
    ("an mcp server", SERVER),
    ("a workflow", WORKFLOW),
    ("a stage", STAGE),
    ("a `for`", FOR),
    ("a `repeat`", REPEAT),
    ("a `race`", RACE),
    ("`plan_of`", PLAN_OF),
    ("`retry`", RETRY),
    ("`http`", REQUEST),
];

/// The property whose value may be written as a call of that name.
pub(super) fn place_of_call(call: &str) -> Option<&'static str> {
    if call == "skilled" {
        return Some("agent");
    }
    if call == "acp" {
        return Some("runtime");
    }
    let rows = TABLES.iter().flat_map(|(_, rows)| rows.iter());
    let mut named = rows.filter(|r| matches!(r.shape, Shape::Enum(_, Some((name, _))) if name == call));
    named.next().map(|r| r.name)
}
