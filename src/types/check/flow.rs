//! What a condition proves: names and field paths that are not `none` when it holds, or when it does not.

use super::Checker;
use crate::ast::{BinaryOp, Expr, ExprKind, NodeId, UnaryOp};
use crate::resolve::Res;
use ecow::EcoString;

/// A local name, or a field path of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    root: NodeId,
    /// Innermost field last.
    fields: Vec<EcoString>,
}

impl<'a> Checker<'a> {
    /// Adds what `cond` being `truth` proves. The caller cuts `scope.narrowed` back where the proof ends.
    pub(super) fn learn(&mut self, cond: &'a Expr, truth: bool) {
        match &cond.kind {
            ExprKind::Paren(inner) => self.learn(inner, truth),
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.learn(operand, !truth),
            ExprKind::Binary { op, left, right, .. } => match (op, truth) {
                (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                    self.learn(left, truth);
                    self.learn(right, truth);
                }
                (BinaryOp::Ne, true) | (BinaryOp::Eq, false) => {
                    if is_none(right) {
                        self.learn_path(left);
                    } else if is_none(left) {
                        self.learn_path(right);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Notes that an expression's value is not `none`. Of `a?.b` neither is `a`.
    pub(super) fn learn_path(&mut self, e: &'a Expr) {
        let mut now = e;
        loop {
            match &now.kind {
                ExprKind::Paren(inner) => now = inner,
                ExprKind::Field { base, optional, .. } => {
                    if std::ptr::eq(now, e) || *optional {
                        self.learn_one(now);
                    }
                    if *optional {
                        self.learn_one(base);
                    }
                    now = base;
                }
                _ => break,
            }
        }
        self.learn_one(e);
    }

    fn learn_one(&mut self, e: &'a Expr) {
        if let Some(path) = self.path_of(e)
            && !self.scope.narrowed.contains(&path)
        {
            self.scope.narrowed.push(path);
        }
    }

    /// Whether the expression is a path that is known not to be `none`.
    pub(super) fn is_narrowed(&self, e: &'a Expr) -> bool {
        if self.scope.narrowed.is_empty() {
            return false;
        }
        self.path_of(e).is_some_and(|path| self.scope.narrowed.contains(&path))
    }

    fn path_of(&self, e: &'a Expr) -> Option<Path> {
        let mut fields = Vec::new();
        let mut now = e;
        loop {
            if let Some(Res::Local(root)) = self.r.res(now.id) {
                fields.reverse();
                return Some(Path { root: *root, fields });
            }
            match &now.kind {
                ExprKind::Paren(inner) => now = inner,
                ExprKind::Field { base, name, .. } => {
                    fields.push(name.text.clone());
                    now = base;
                }
                _ => return None,
            }
        }
    }
}

/// Whether it is `none` as written.
pub(super) fn is_none(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::None => true,
        ExprKind::Paren(inner) => is_none(inner),
        _ => false,
    }
}
