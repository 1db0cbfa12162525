//! Statements of a block.

use super::{Block, Bound, Expr, List, Name, NodeId, Props, TaskDecl, TypeExpr};
use crate::source::Span;
use ecow::EcoString;

#[derive(Debug, Clone)]
pub struct Stmt {
    pub id: NodeId,
    pub span: Span,
    /// The `///` text before it.
    pub doc: EcoString,
    pub kind: StmtKind,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    /// `let pattern: T = value`
    Let {
        pattern: LetPattern,
        ty: Option<Box<TypeExpr>>,
        value: Box<Expr>,
    },
    /// `task name … { … }`: declared and called at once.
    Task(Box<TaskDecl>),
    /// `stage name with { … } { … }`
    Stage {
        name: Name,
        with: Option<Box<Props>>,
        body: Block,
    },
    /// `assert cond, "message"`
    Assert {
        cond: Box<Expr>,
        message: Option<Box<Expr>>,
    },
    Expr(Expr),
    /// Could not be read; already reported. It holds the names that it would have bound, as far as they could be made out.
    Bad(List<Name>),
}

/// What a `let` binds.
#[derive(Debug, Clone)]
pub enum LetPattern {
    Name(Bound),
    /// `{ a, b }`
    Fields(List<Bound>, Span),
}
