//! Types as written.

use super::{Expr, List, Name, NodeId};
use crate::source::Span;
use ecow::EcoString;

#[derive(Debug, Clone)]
pub struct TypeExpr {
    pub id: NodeId,
    pub span: Span,
    pub kind: TypeExprKind,
}

#[derive(Debug, Clone)]
pub enum TypeExprKind {
    /// `Name`, `module.Name`, `Name<T>`
    Named { path: List<Name>, args: List<TypeExpr> },
    /// `[T]`
    List(Box<TypeExpr>),
    /// `{String: T}`: key and value as written; that the key is `String` is checked later.
    Map(Box<TypeExpr>, Box<TypeExpr>),
    /// `{ a: T, b: U = 3 }`
    Record(List<Field>),
    /// `T?`
    Optional(Box<TypeExpr>),
    /// Could not be read; already reported.
    Bad,
}

/// A field of a record type or of a variant.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
    pub doc: EcoString,
}
