//! Declarations.

use super::{Block, Expr, Field, List, Name, NodeId, Pattern, Props, Stmt, Str, TypeExpr};
use crate::source::{FileId, Span};
use ecow::EcoString;

/// One file.
#[derive(Debug, Clone)]
pub struct Module {
    pub file: FileId,
    /// The text of its `//!` lines.
    pub doc: EcoString,
    pub items: Vec<Item>,
}

/// A declaration with its `///` text (empty when there is none).
#[derive(Debug, Clone)]
pub struct Item {
    pub id: NodeId,
    pub span: Span,
    pub doc: EcoString,
    pub kind: ItemKind,
}

#[derive(Debug, Clone)]
pub enum ItemKind {
    Use(UseDecl),
    Type(TypeDecl),
    Enum(EnumDecl),
    Fn(FnDecl),
    /// `agent`, `resource` or `mcp`.
    Actor(ActorDecl),
    Task(TaskDecl),
    Workflow(WorkflowDecl),
    Test(TestDecl),
    /// Could not be read; already reported. The name is there when it could be made out.
    Bad(Option<Name>),
}

/// `use source`, `use source.{a, b as c}`, `use source as y`.
#[derive(Debug, Clone)]
pub struct UseDecl {
    pub source: UseSource,
    /// The names in braces.
    pub names: Option<List<UseName>>,
    /// The name after `as`.
    pub alias: Option<Name>,
}

#[derive(Debug, Clone)]
pub enum UseSource {
    /// `std.path.module`: the parts after `std`.
    Std(List<Name>),
    /// `"./file.flow"`.
    File(Str),
    /// `agents "./dir"`.
    Agents(Str),
}

#[derive(Debug, Clone)]
pub struct UseName {
    pub name: Name,
    pub alias: Option<Name>,
}

/// `type Name<T> = …`
#[derive(Debug, Clone)]
pub struct TypeDecl {
    pub name: Name,
    pub generics: List<Name>,
    pub ty: TypeExpr,
}

/// `enum Name { … }`
#[derive(Debug, Clone)]
pub struct EnumDecl {
    pub name: Name,
    pub variants: List<Variant>,
    /// Some of its variants could not be read.
    pub broken: bool,
}

#[derive(Debug, Clone)]
pub struct Variant {
    pub name: Name,
    pub doc: EcoString,
    pub fields: List<Field>,
}

/// `fn name<T>(p: T) -> U = expr`
#[derive(Debug, Clone)]
pub struct FnDecl {
    pub name: Name,
    pub generics: List<Name>,
    pub params: List<Param>,
    pub result: TypeExpr,
    pub body: Expr,
}

/// A parameter of a fn, task or workflow.
#[derive(Debug, Clone)]
pub struct Param {
    pub id: NodeId,
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
    pub doc: EcoString,
}

/// `agent name { … }`, `resource name { … }`, `mcp name { … }`
#[derive(Debug, Clone)]
pub struct ActorDecl {
    pub kind: ActorKind,
    pub name: Name,
    pub props: Props,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    Agent,
    Resource,
    Mcp,
}

/// `task name<T>(p: T) -> R { … }`, also inline in a block, where the parentheses may be absent.
#[derive(Debug, Clone)]
pub struct TaskDecl {
    pub name: Name,
    pub generics: List<Name>,
    pub params: List<Param>,
    pub result: Option<Box<TypeExpr>>,
    pub props: Props,
}

/// `workflow name(p: T) -> R with { … } { … }`
#[derive(Debug, Clone)]
pub struct WorkflowDecl {
    pub name: Name,
    pub generics: List<Name>,
    pub params: List<Param>,
    pub result: Option<TypeExpr>,
    pub with: Option<Props>,
    pub body: Block,
}

/// `test "title" { … }`
#[derive(Debug, Clone)]
pub struct TestDecl {
    pub title: Str,
    pub body: List<TestStmt>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum TestStmt {
    Mock(Mock),
    Stmt(Stmt),
}

/// `mock target(args) => value`
#[derive(Debug, Clone)]
pub struct Mock {
    pub id: NodeId,
    pub span: Span,
    /// `name` or `module.name`.
    pub target: List<Name>,
    /// The names for the arguments, when there are parentheses.
    pub args: Option<List<Pattern>>,
    pub value: Option<Expr>,
}
