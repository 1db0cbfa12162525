//! Types of everything.
//!
//! Takes [`Resolved`] and gives [`Checked`]: the type of every expression, what each call calls, where a value is
//! converted to fit, and the signatures of all declarations. Later phases trust it: a program with an error never gets
//! past this phase.

mod assign;
mod builtins;
mod check;
mod display;
mod errors;
mod known;
mod ty;

pub use assign::Fit;
pub use builtins::{Builtin, BuiltinTask};
pub use check::{builtin_form, check};
pub use known::Known;
pub use ty::{DefaultId, EnumId, FieldTy, RecordTy, Ty};

use crate::ast::{Expr, NodeId, Table};
use crate::resolve::{DefId, Resolved};
use ecow::EcoString;
use foldhash::HashMap;

/// The result of the phase.
#[derive(Debug, Default)]
pub struct Checked {
    /// Names; bare variants and the variants of patterns are now in its table too.
    pub resolved: Resolved,
    /// Type of each expression before fitting, in terms of the type parameters of the declaration around it. Also of what
    /// binds: parameters, `let`s, loop and pattern names, and inline tasks by the id of their statement.
    pub types: Table<Ty>,
    /// Expressions whose value must be converted when it reaches its place, and to which type (`Int` where a `Float` is
    /// wanted, a record that loses or gains fields, an enum where `Json` is wanted). Conversions that change nothing at run
    /// time (`String` to `Path`, `T` to `T?`) are not listed. An inline task that is its block's value is listed by the id of
    /// its statement.
    pub fits: Table<Ty>,
    /// What each `Call` calls, by its id.
    pub calls: Table<Call>,
    /// Each declaration with parameters: fn, task, workflow.
    pub signatures: HashMap<DefId, Signature>,
    /// Signature of each inline task, by the id of its statement.
    pub inline_tasks: Table<Signature>,
    /// Built-in enums first; see [`builtin_enums`].
    pub enums: Vec<EnumTy>,
    /// What each `type` declaration stands for, in terms of its parameters.
    pub aliases: HashMap<DefId, Alias>,
    /// Types written in the program (of `let`, `from_json<T>` …) by the id of the type expression.
    pub written: Table<Ty>,
    /// Defaults of record fields: copies of the trees, whose ids are in the other tables like all others.
    pub defaults: Vec<Expr>,
}

impl Checked {
    /// The declarations that types refer to: to unfold, compare and show them.
    pub fn known(&self) -> Known<'_> {
        Known { aliases: &self.aliases, enums: &self.enums }
    }
}

/// `type Name<T> = …`
#[derive(Debug, Clone)]
pub struct Alias {
    pub name: EcoString,
    pub doc: EcoString,
    pub generics: Vec<EcoString>,
    pub ty: Ty,
}

/// An enum.
#[derive(Debug, Clone)]
pub struct EnumTy {
    pub name: EcoString,
    pub doc: EcoString,
    /// `None` for a built-in one.
    pub def: Option<DefId>,
    pub variants: Vec<VariantTy>,
    /// Some of its variants could not be read: there are others.
    pub broken: bool,
}

#[derive(Debug, Clone)]
pub struct VariantTy {
    pub name: EcoString,
    pub doc: EcoString,
    pub fields: Vec<FieldTy>,
}

/// What can be called with which arguments.
#[derive(Debug, Clone, Default)]
pub struct Signature {
    pub generics: Vec<EcoString>,
    pub params: Vec<ParamSig>,
    /// `None` where there is no `->`: `Unit`.
    pub result: Option<Ty>,
}

#[derive(Debug, Clone)]
pub struct ParamSig {
    pub id: NodeId,
    pub name: EcoString,
    pub ty: Ty,
    /// A written default, or an optional type.
    pub has_default: bool,
}

/// A call as understood.
#[derive(Debug, Clone)]
pub struct Call {
    pub callee: Callee,
    /// Written or inferred, in terms of the caller's type parameters.
    pub type_args: Vec<Ty>,
    /// For each parameter the index of the argument as written, or `None` where its default is taken. For built-ins whose
    /// parameters have no names: the arguments in order.
    pub args: Vec<Option<u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// A fn, task or workflow.
    Def(DefId),
    Builtin(Builtin),
    BuiltinTask(BuiltinTask),
    /// A variant with payload.
    Variant(EnumId, u16),
    /// A call that is only meaningful as the value of a property: `skilled(…)`, `file(…)`, `probe(…)`, `resolve(…)`,
    /// `acp(…)`, `command(…)`.
    Property(EcoString),
}

/// The built-in enums, whose [`EnumId`]s are their places here, and their variants in order.
pub const BUILTIN_ENUMS: &[(&str, &[&str])] = &[
    (
        "ErrorKind",
        &[
            "error", "timeout", "exit", "status", "accept", "verify", "decode", "assert", "budget",
            "conflict", "claim", "rejected", "denied", "crash",
        ],
    ),
    ("Output", &["stdout", "stderr", "file"]),
    ("Workspace", &["shared", "worktree", "temp"]),
    ("OnConflict", &["fail", "ours", "theirs", "resolve"]),
    ("OnCrash", &["rerun", "ask", "fail", "probe"]),
    ("Sandbox", &["off", "on"]),
    ("Runtime", &["claude", "codex", "acp", "command"]),
    ("OnFailure", &["stop", "continue"]),
    ("OnMax", &["last", "fail"]),
    ("Order", &["parallel", "sequential"]),
    ("Checkpoint", &["auto", "wave", "off"]),
];
