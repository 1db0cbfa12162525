//! Compiled pure expressions. Evaluated by [`eval`](super::eval) with nothing but the values they refer to.

use super::{FnId, NodeIx, Spot};
use crate::types::Builtin;
use crate::value::{TypeId, Value};
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// An expression and where it was written (for the message when its evaluation fails).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    #[serde(rename = "e")]
    pub kind: ExprKind,
    #[serde(rename = "s", default, skip_serializing_if = "nowhere")]
    pub spot: Spot,
}

fn nowhere(spot: &Spot) -> bool {
    *spot == Spot::default()
}

/// A value in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ref {
    /// The result of a node of the body `up` levels outward (0: the body that the expression stands in).
    Node { up: u16, node: NodeIx },
    /// A parameter of that body's scope.
    Param { up: u16, index: u16 },
    /// A lazy binding of that body.
    Let { up: u16, index: u32 },
    /// A parameter of the function or task definition that the expression stands in.
    Arg(u16),
    /// A slot of the evaluation's frame: `let`, loop or pattern names inside one pure expression.
    Local(u32),
    /// The value on trial in `accept`.
    Result,
    /// The new draft in `until`.
    Next,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExprKind {
    Const(Value),
    Ref(Ref),
    /// `base.name`; with `optional` `none` goes through.
    Field {
        base: Box<Expr>,
        name: EcoString,
        optional: bool,
    },
    /// List (fails outside) or map (`none` where absent).
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Unary(Unary, Box<Expr>),
    /// `and`, `or`, `??` evaluate their right side only when needed.
    Binary(Binary, Box<Expr>, Box<Expr>),
    If {
        cond: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    /// Exhaustive, says the checker; a value that no arm takes fails the evaluation.
    Match {
        value: Box<Expr>,
        arms: Vec<Arm>,
    },
    /// `for` without tasks: the list of the bodies' values. Over a record it binds `{ key, value }`.
    For {
        items: Box<Expr>,
        bind: Bind,
        filter: Option<Box<Expr>>,
        body: Box<Expr>,
    },
    /// `repeat` without tasks.
    Repeat(Box<RepeatExpr>),
    /// A failed evaluation of the body is caught; `error` is the slot of `{ task, kind, message, attempts, exit_code }`.
    Try {
        body: Box<Expr>,
        error: u32,
        catch: Option<Box<Expr>>,
    },
    List(Vec<Element>),
    Record(Vec<Entry>),
    /// Text put together; a Secret inside makes it a Secret.
    Interpolate(Vec<Part>),
    /// Steps in order (a `let` is evaluated when first used), then the value.
    Block {
        steps: Vec<Step>,
        value: Box<Expr>,
    },
    Builtin(Builtin, Vec<Expr>),
    /// `from_json<T>(text)`.
    FromJson(TypeId, Box<Expr>),
    Call(FnId, Vec<Expr>),
    Variant {
        index: u16,
        name: EcoString,
        fields: Vec<(EcoString, Expr)>,
    },
    /// The value as that type: converts as *fitting* does (language.md §3).
    Fit(TypeId, Box<Expr>),
}

/// `repeat` without tasks; `until` sees the steps of the body's block, and the new draft in slot `next`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatExpr {
    /// Slot of the draft.
    pub draft: u32,
    pub start: Expr,
    pub max: Expr,
    pub fail_on_max: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    pub value: Expr,
    pub next: u32,
    pub until: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    Not,
    Neg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Coalesce,
    Add,
    Sub,
    Mul,
    Div,
}

impl Binary {
    /// As it is written in a program.
    pub fn sign(self) -> &'static str {
        match self {
            Binary::Or => "or",
            Binary::And => "and",
            Binary::Eq => "==",
            Binary::Ne => "!=",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::In => "in",
            Binary::Coalesce => "??",
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    pub pattern: Pattern,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Expr>,
    pub value: Expr,
}

/// What a loop binds, as slots of the frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bind {
    /// The element. Over a map: a record `{ key, value }`.
    One(u32),
    /// Fields of the element.
    Fields(Vec<(EcoString, u32)>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    Any,
    None,
    /// Equal to the value (an `Int` literal matches a `Float`).
    Literal(Value),
    /// Binds.
    Bind(u32),
    Variant {
        index: u16,
        args: Vec<Pattern>,
    },
    Or(Vec<Pattern>),
}

impl Pattern {
    /// The slots that it binds, in the order in which they are written (of `a | b` those of `a`, which are the same).
    pub fn slots(&self) -> Vec<u32> {
        match self {
            Pattern::Any | Pattern::None | Pattern::Literal(_) => Vec::new(),
            Pattern::Bind(slot) => vec![*slot],
            Pattern::Variant { args, .. } => args.iter().flat_map(Pattern::slots).collect(),
            Pattern::Or(of) => of.first().map(Pattern::slots).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    #[serde(default)]
    pub splice: bool,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    Field(EcoString, Expr),
    /// Later entries win.
    Spread(Expr),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Text(EcoString),
    Value(Expr),
}

/// A statement inside a pure block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Lazy.
    Let(u32, Expr),
    Assert {
        cond: Expr,
        message: Option<Expr>,
        text: EcoString,
    },
}
