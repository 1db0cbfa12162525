//! Bodies and nodes.

use super::{BodyId, Expr, NodeIx, Pattern, Props, Spot, TaskId};
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// A table of nodes that live and end together. At run time a live instance of it is a *scope*.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// The body around it, for `up` in references; `None` for a workflow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BodyId>,
    /// Values the scope is opened with: a workflow's inputs; the element of a map or race (or its fields, as bound); the
    /// draft of a loop; the caught error; what a branch's pattern binds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<EcoString>,
    /// Bindings of pure expressions, evaluated when first needed, once a scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lets: Vec<Let>,
    pub nodes: Vec<Node>,
    /// The value of the body when all its nodes have ended; `None`: Unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Expr>,
    /// How many local slots the evaluation of its expressions needs at most.
    #[serde(default)]
    pub locals: u32,
    /// Number of waves: one more than the highest `Node::wave`, those inside calls counted.
    #[serde(default)]
    pub waves: u32,
}

/// A lazy binding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Let {
    pub name: EcoString,
    pub value: Expr,
}

/// A node of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The node's id inside its scope: `list`, `checks.tests`, `review~2`; unique among all nodes of the body and of the
    /// `branch`, `try` and `race` bodies below it, which add nothing to an id. Empty where a `map` or `loop` body is nothing
    /// but this node: its id is then the iteration's (`found[2]`, `draft#3`).
    pub name: EcoString,
    pub kind: NodeKind,
    /// Nodes of the same body that must have succeeded first; sorted, without repeats, all of them before this one in the table:
    /// the order of a body's nodes is a topological order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NodeIx>,
    pub spot: Spot,
    /// Level in the body's graph, in hops over tasks and composites; joins and pure nodes take that of what they wait for. A
    /// call takes as many levels as its body has waves: a task in it stands in the wave of the call plus its own.
    #[serde(default)]
    pub wave: u32,
    /// Planned time of this node alone, in ms: `estimate`, else 0; of a composite that of its body.
    #[serde(default)]
    pub estimate_ms: i64,
    /// Planned time from the start of this node to the end of its body along the longest path.
    #[serde(default)]
    pub path_ms: i64,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Does something. `args` are the definition's parameters, defaults filled in.
    Task {
        def: TaskId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<Expr>,
        /// Properties of this call (`with`), in place of the definition's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overrides: Option<Box<Props>>,
    },
    /// An `assert` that needs values of tasks: fails when the condition is false.
    Assert {
        cond: Box<Expr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Box<Expr>>,
        text: EcoString,
    },
    /// Gathers: a barrier, or the end of a stage.
    Join,
    /// A `for` over tasks: one scope of `body` an element. Gives the list of the bodies' results.
    Map {
        items: Box<Expr>,
        bind: super::Bind,
        /// Sees the element as locals of `bind`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<Box<Expr>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parallel: Option<Box<Expr>>,
        /// Sees the element as locals of `bind`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Box<Expr>>,
        /// Sees the element as locals of `bind`: the keys that the iteration waits for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Box<Expr>>,
        body: BodyId,
    },
    /// `if`, `match`, `??`, `and`, `or` with tasks inside: the first arm that matches. Gives its body's result.
    Branch {
        /// What the arms match; `None`: the arms have guards alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Box<Expr>>,
        arms: Vec<BranchArm>,
    },
    /// `repeat`: gives the last draft.
    Loop {
        start: Box<Expr>,
        max: Box<Expr>,
        /// Time from the start of a round to the start of the next, at least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every: Option<Box<Expr>>,
        on_max: OnMax,
        /// Opened with the draft; its result is the next draft.
        body: BodyId,
        /// Evaluated in the scope of the round that has ended, where `Ref::Next` is the new draft.
        until: Box<Expr>,
    },
    /// Gives the body's result, or that of `catch`, which is opened with the error.
    Try {
        body: BodyId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catch: Option<BodyId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finally: Option<BodyId>,
    },
    /// Gives the result of the first to succeed, or with `need` the list of the first so many.
    Race {
        entrants: RaceKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        need: Option<Box<Expr>>,
    },
    /// A workflow called from another.
    Call { workflow: EcoString, args: Vec<Expr>, settings: Box<CallSettings>, body: BodyId },
}

/// An arm of a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BranchArm {
    /// Binds locals; what it binds are the parameters of `body`, in the order of the slots of `Pattern::slots`.
    pub pattern: Pattern,
    /// Sees the pattern's locals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Expr>,
    pub body: BodyId,
}

/// What a `repeat` does when `max` rounds have not been enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMax {
    Last,
    Fail,
}

/// Who races.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaceKind {
    /// `race { a(), b() }`: a body each, without parameters.
    Bodies(Vec<BodyId>),
    /// `race for x in xs`: a scope of `body` an element.
    Each {
        items: Box<Expr>,
        bind: super::Bind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filter: Option<Box<Expr>>,
        body: BodyId,
    },
}

/// `with { … }` of a workflow or of a call of one. A called workflow's own settings see its parameters
/// (`Ref::Param { up: 0 }` in the callee's scope); those written at the call were evaluated as `args` before: the lowering
/// appends them to the callee's parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CallSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<Expr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Expr>,
    /// `on_failure: continue`.
    #[serde(default)]
    pub continue_on_failure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Expr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<EcoString>,
    /// Checked, not run yet; shown as the ceiling of the cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Expr>,
    /// Checked, not run yet: all its tasks work in this one. `None`: in that of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Expr>,
}
