//! What a task does and how.

use super::{Expr, ResourceId, Spot};
use crate::types::BuiltinTask;
use crate::value::TypeId;
use ecow::EcoString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;

/// A task's definition, shared by all nodes that call it with the same type arguments. It is closed: its expressions see only
/// `Ref::Arg` (and `Ref::Result` in `accept`). What an inline task uses of the scope around it, it gets as further arguments
/// after its parameters, so a node may have more `args` than `params`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDef {
    pub name: EcoString,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<(EcoString, TypeId)>,
    pub result: TypeId,
    pub action: Action,
    #[serde(default)]
    pub props: TaskProps,
    /// Local slots that its expressions need at most.
    #[serde(default)]
    pub locals: u32,
    /// BLAKE3, hex, of what the result depends on besides the inputs (engine-inside §4 "Reuse key"): the same text for the
    /// same meaning, whatever the layout, comments and order of the file.
    pub key: EcoString,
    pub spot: Spot,
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `agent` is an Agent or a list of them: the candidates.
    Agent {
        agent: Box<Expr>,
        prompt: Box<Expr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<Box<Expr>>,
    },
    /// A list of strings.
    Run { argv: Box<Expr> },
    /// `/bin/sh -eu`.
    Sh { script: Vec<ScriptPart> },
    /// Checked, not run yet.
    Http { request: Box<Expr> },
    /// Checked, not run yet.
    Mcp { server: EcoString, tool: EcoString, args: Option<Box<Expr>> },
    /// Arguments in the order of the reference: `approve(message, timeout?, by?)`, `input(message, timeout?, default?)`,
    /// `sleep(d)`, `now()`, `env(name)`, `glob(pattern)`, `read(path)`, `write(path, text)`, `plan_of(source, inputs)`.
    Builtin { task: BuiltinTask, args: Vec<Option<Expr>> },
}

/// A piece of a `sh` script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptPart {
    Text(EcoString),
    /// One word, or of a list as many as it has elements.
    Word(Box<Expr>),
}

/// Properties of a task or of one call. `None` or empty: not given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Props {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<OutputFrom>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_exit: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<(ResourceId, Expr)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Box<Retry>>,
    /// Bool or list of Bool over `Ref::Result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Box<Expr>>,
    /// An argv or a list of argvs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_crash: Option<Box<OnCrash>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Box<Expr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Box<Expr>>,
    /// Checked, not run yet: `workspace on_conflict cache undo sandbox budget tokens fallback judge session`, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<(EcoString, Expr)>,
}

/// The properties of a task: most have none, and then there is no room for them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskProps(pub(super) Option<Box<Props>>);

static NO_PROPS: Props = Props {
    cwd: None,
    env: None,
    stdin: None,
    output: None,
    allow_exit: None,
    reads: None,
    writes: None,
    resources: Vec::new(),
    timeout: None,
    estimate: None,
    retry: None,
    accept: None,
    verify: None,
    on_crash: None,
    priority: None,
    description: None,
    later: Vec::new(),
};

impl From<Props> for TaskProps {
    fn from(props: Props) -> TaskProps {
        TaskProps((props != NO_PROPS).then(|| Box::new(props)))
    }
}

impl Deref for TaskProps {
    type Target = Props;

    fn deref(&self) -> &Props {
        self.0.as_deref().unwrap_or(&NO_PROPS)
    }
}

impl Serialize for TaskProps {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for TaskProps {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TaskProps, D::Error> {
        Props::deserialize(from).map(TaskProps::from)
    }
}

/// What is decoded into the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFrom {
    Stdout,
    Stderr,
    File(Expr),
}

/// Attempts after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    pub max: Expr,
    /// Before the second attempt; 0 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Expr>,
    /// What each further backoff is multiplied by; 2.0 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Expr>,
    /// Share of the backoff, from 0 to 1, that is random; 0.1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Expr>,
    /// Names of `ErrorKind` variants; `None`: all but `budget rejected denied claim`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<EcoString>>,
}

/// What resume does with an attempt that had begun and was not recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCrash {
    Rerun,
    Ask,
    Fail,
    /// Exit 0 of the argv: it was done (what it prints is decoded as the result); else it is run again.
    Probe(Expr),
}
