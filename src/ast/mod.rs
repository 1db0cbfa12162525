//! What was written: one immutable tree per file, with spans.
//!
//! Names and types are not here: they live in side tables keyed by [`NodeId`], made by `resolve` and `types`. Nothing
//! here is checked beyond syntax; property names and their values in particular are whatever was written.

mod expr;
mod item;
pub mod print;
mod renumber;
mod stmt;
mod table;
mod type_expr;
pub mod visit;

pub use expr::{
    Arg, BinaryOp, Binding, Block, Catch, Element, Entry, Expr, ExprKind, ForLoop, Key, MatchArm, Pattern,
    PatternKind, Prop, Props, RaceLoop, Repeat, Str, StrPart, StrStyle, UnaryOp,
};
pub use item::{
    ActorDecl, ActorKind, EnumDecl, FnDecl, Item, ItemKind, Mock, Module, Param, TaskDecl, TestDecl,
    TestStmt, TypeDecl, UseDecl, UseName, UseSource, Variant, WorkflowDecl,
};
pub use renumber::renumber;
pub use stmt::{LetPattern, Stmt, StmtKind};
pub use table::Table;
pub use type_expr::{Field, TypeExpr, TypeExprKind};

use crate::source::Span;
use ecow::EcoString;
use std::ops::{Deref, DerefMut};

/// Names a node in the side tables. Unique and dense over all modules of a compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// What a node holds several of. Trees are large and do not grow: no room is kept.
pub type List<T> = Box<[T]>;

/// A list that most nodes of its kind have none of: a pointer's size then, and nothing more.
#[derive(Debug, Clone)]
pub struct RareList<T>(Option<Box<List<T>>>);

impl<T> From<List<T>> for RareList<T> {
    fn from(list: List<T>) -> RareList<T> {
        RareList((!list.is_empty()).then(|| Box::new(list)))
    }
}

impl<T> Deref for RareList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| list)
    }
}

impl<T> DerefMut for RareList<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_mut().map_or(&mut [], |list| list)
    }
}

/// Gives out [`NodeId`]s.
#[derive(Debug, Default)]
pub struct NodeIds {
    next: u32,
}

impl NodeIds {
    /// A fresh id.
    pub fn fresh(&mut self) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        id
    }

    /// Gives out so many ids at once: the first of them.
    pub fn reserve(&mut self, count: usize) -> u32 {
        let first = self.next;
        self.next += count as u32;
        first
    }

    /// Takes back all ids but the first `count`.
    pub fn rewind(&mut self, count: usize) {
        self.next = self.next.min(count as u32);
    }

    /// How many ids were given out: the length of a side table.
    pub fn count(&self) -> usize {
        self.next as usize
    }
}

/// An identifier as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub text: EcoString,
    pub span: Span,
}

/// A name that a statement, loop or handler binds; its id stands for it in the side tables.
#[derive(Debug, Clone)]
pub struct Bound {
    pub id: NodeId,
    pub name: Name,
}
