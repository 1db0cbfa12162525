//! The plan: the one IR between the checked program and everything that runs it.
//!
//! A [`Plan`] is a table of [`Body`]s; a body is a table of [`Node`]s with edges inside it only. Leaves do something
//! (`task`), check something (`pure`) or gather (`join`); composites (`map`, `branch`, `loop`, `try`, `race`, `call`) own
//! bodies. Nothing downstream sees source text or the tree: a saved plan runs alone. It holds no absolute path, no time,
//! no host and nothing in hash order.

mod action;
pub mod claims;
pub mod cost;
pub mod draw;
pub mod eval;
mod expr;
pub mod format;
mod lower;
mod node;
pub mod passes;
pub mod print;
pub mod show;
mod walk;

pub use action::{Action, OnCrash, OutputFrom, Props, Retry, ScriptPart, TaskDef, TaskProps};
pub use expr::{
    Arm, Binary, Bind, Element, Entry, Expr, ExprKind, Part, Pattern, Ref, RepeatExpr, Step, Unary,
};
pub use lower::{lower, lower_only, lower_whole};
pub use node::{Body, BranchArm, CallSettings, Let, Node, NodeKind, OnMax, RaceKind};

use crate::value::{TypeId, TypeTable, Value};
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// Version of the plan format; a plan of another version is refused.
pub const FORMAT: u32 = 1;

/// A place in the program, for messages: an index into [`Plan::files`], line and column from 1. All zero: nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Spot(pub u32, pub u32, pub u32);

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index of its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )* };
}

ids! {
    /// A body of [`Plan::bodies`]; 0 is the started workflow's.
    BodyId,
    /// A node of its body.
    NodeIx,
    /// A task definition of [`Plan::tasks`].
    TaskId,
    /// A function of [`Plan::fns`].
    FnId,
    /// An agent of [`Plan::agents`].
    AgentId,
    /// A resource of [`Plan::resources`]: 0 is `cpu`, 1 is `memory`.
    ResourceId,
}

/// A compiled workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    pub workflow: EcoString,
    /// Files that the plan was made of, relative to the project root, the started one first.
    pub files: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
    /// The parameters of body 0, in order.
    pub inputs: Vec<Input>,
    pub result: TypeId,
    /// Settings of the started workflow; their expressions see its parameters.
    pub settings: CallSettings,
    /// `assert`s of the started workflow that need only inputs: all checked before anything runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<Contract>,
    pub types: TypeTable,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<Agent>,
    pub resources: Vec<Resource>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fns: Vec<Function>,
    pub tasks: Vec<TaskDef>,
    pub bodies: Vec<Body>,
    /// Names of all secrets that the program refers to; an unset one is an error before anything runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<EcoString>,
    /// What the program uses that this version of the engine does not run yet; a run of it ends before its first task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// BLAKE3 of the canonical JSON of all the rest, hex.
    #[serde(default)]
    pub hash: EcoString,
}

/// An input of the workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: EcoString,
    pub ty: TypeId,
    /// May use earlier inputs (`Ref::Param { up: 0, … }`). An input of an optional type without one is `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
}

/// An `assert` over inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    pub cond: Expr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Expr>,
    /// The condition as it was written.
    pub text: EcoString,
    pub spot: Spot,
}

/// An agent in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name in the program.
    pub name: EcoString,
    pub description: EcoString,
    /// `None`: the default of `flow.toml`, else `claude`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<EcoString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<EcoString>,
    /// `None`: all tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<EcoString>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub system: EcoString,
    /// The MCP servers that it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp: Vec<Server>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Ten-thousandths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(EcoString, Value)>,
}

/// An MCP server: a program, or an address.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Server {
    pub name: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<EcoString>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(EcoString, Value)>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub url: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(EcoString, Value)>,
}

/// Which program plays an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    Claude,
    Codex,
    Acp(Vec<EcoString>),
    Command(Vec<EcoString>),
}

/// What is limited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    pub name: EcoString,
    pub limit: Limit,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// What the machine has: cores, bytes of memory.
    Machine,
    /// So many units at once.
    Capacity(i64),
    /// So many units in each `per_ms`.
    Rate { units: i64, per_ms: i64 },
}

/// A compiled `fn`. Its body sees `Ref::Arg`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub name: EcoString,
    /// Defaults are already filled in at each call.
    pub params: Vec<EcoString>,
    pub body: Expr,
    /// How many local slots its evaluation needs.
    pub locals: u32,
}

/// A construct that is checked but not run yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// In the language's words: "`workspace: worktree`".
    pub what: EcoString,
    pub spot: Spot,
}

impl Agent {
    /// The agent less what a result does not depend on.
    pub fn content(&self) -> Agent {
        Agent {
            timeout_ms: None,
            retry: None,
            max_parallel: None,
            priority: None,
            budget: None,
            description: EcoString::new(),
            ..self.clone()
        }
    }

    /// BLAKE3, hex, of [`Agent::content`].
    pub fn content_key(&self) -> EcoString {
        format::hash_of(&self.content())
    }
}

impl Plan {
    /// The body of an id of this plan.
    pub fn body(&self, id: BodyId) -> &Body {
        &self.bodies[id.index()]
    }

    /// The task definition of an id of this plan.
    pub fn task(&self, id: TaskId) -> &TaskDef {
        &self.tasks[id.index()]
    }

    /// `file:line:column` of a spot; empty for nowhere.
    pub fn place(&self, spot: Spot) -> String {
        match self.files.get(spot.0 as usize) {
            Some(file) if spot.1 > 0 => format!("{file}:{}:{}", spot.1, spot.2),
            _ => String::new(),
        }
    }
}

/// How tests of other parts of the plan get one.
#[cfg(test)]
pub(crate) mod lower_test {
    pub(crate) use super::lower::tests::{compiled, finished};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_many_of_is_small() {
        let sizes = [
            std::mem::size_of::<Value>(),
            std::mem::size_of::<Expr>(),
            std::mem::size_of::<Node>(),
            std::mem::size_of::<TaskDef>(),
        ];
        assert!(sizes[0] <= 32 && sizes[1] <= 80 && sizes[2] <= 176 && sizes[3] <= 480, "{sizes:?}");
    }
}
