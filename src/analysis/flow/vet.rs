//! What a condition says of names: one that was compared with something known is known itself where the condition holds.

use super::Kinds;
use super::value::Value;
use super::walk::Walk;
use crate::ast::{BinaryOp, Expr, ExprKind, NodeId, UnaryOp};
use crate::resolve::Res;
use crate::types::{Builtin, Callee};
use ecow::{EcoString, eco_format};

impl<'a> Walk<'_, 'a> {
    /// What is known where a condition holds, or does not: what was compared with something known is that.
    pub(super) fn vet(&mut self, cond: &'a Expr, holds: bool) {
        match &cond.kind {
            ExprKind::Paren(inner) => self.vet(inner, holds),
            ExprKind::Unary { op: UnaryOp::Not, operand } => self.vet(operand, !holds),
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } if holds => {
                self.vet_both(left, right, holds)
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right, .. } if !holds => {
                self.vet_both(left, right, holds)
            }
            ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right, .. } => {
                self.vet_either(left, right, holds);
            }
            ExprKind::Binary { op: BinaryOp::In, left, right, .. } if holds => self.vet_as(left, right),
            ExprKind::Binary { op: BinaryOp::Eq, left, right, .. } if holds => self.vet_equal(left, right),
            ExprKind::Binary { op: BinaryOp::Ne, left, right, .. } if !holds => self.vet_equal(left, right),
            ExprKind::Call { args, .. } if holds => {
                let matches = self
                    .checked
                    .calls
                    .get(cond.id)
                    .is_some_and(|c| c.callee == Callee::Builtin(Builtin::Matches));
                if let ([text, pattern], true) = (&**args, matches)
                    && is_whole(&pattern.value)
                {
                    self.vet_as(&text.value, &pattern.value);
                }
            }
            _ => {}
        }
    }

    fn vet_both(&mut self, left: &'a Expr, right: &'a Expr, holds: bool) {
        self.vet(left, holds);
        self.vet(right, holds);
    }

    fn vet_equal(&mut self, left: &'a Expr, right: &'a Expr) {
        self.vet_as(left, right);
        self.vet_as(right, left);
    }

    /// One of the two holds: what both say of the same name.
    fn vet_either(&mut self, left: &'a Expr, right: &'a Expr, holds: bool) {
        let before = self.vetted.len();
        self.vet(left, holds);
        let first = self.vetted.split_off(before);
        self.vet(right, holds);
        let second = self.vetted.split_off(before);
        for (local, fields, value) in first {
            let same = second.iter().find(|other| other.0 == local && other.1 == fields);
            if let Some((.., other)) = same {
                let value = self.join_values(value, other.clone());
                self.vetted.push((local, fields, value));
            }
        }
    }

    /// A name, or fields of one, is this value.
    pub(super) fn vetted_is(&mut self, path: &'a Expr, value: Value) {
        if let Some((local, fields)) = self.path(path).filter(|_| self.own) {
            self.vetted.push((local, fields, value));
        }
    }

    fn vet_as(&mut self, path: &'a Expr, known: &'a Expr) {
        let now = self.flow.taint(known.id);
        if !now.kinds.any(Kinds::WRITTEN)
            && self.own
            && let Some((local, fields)) = self.path(path)
        {
            self.vetted.push((local, fields, now.into()));
        }
    }

    pub(super) fn vetted_value(&self, e: &Expr) -> Option<Value> {
        if self.vetted.is_empty() {
            return None;
        }
        let (local, fields) = self.path(e)?;
        let hit = |v: &&(NodeId, Vec<EcoString>, Value)| v.0 == local && fields.starts_with(&v.1);
        self.vetted.iter().rev().find(hit).map(|v| v.2.clone())
    }

    /// A name, or fields of one.
    fn path(&self, e: &Expr) -> Option<(NodeId, Vec<EcoString>)> {
        let (mut now, mut fields) = (e, Vec::new());
        loop {
            match (&now.kind, self.checked.resolved.res(now.id)) {
                (_, Some(Res::Local(id))) => {
                    fields.reverse();
                    return Some((*id, fields));
                }
                (ExprKind::Paren(inner), _) => now = inner,
                (ExprKind::Field { base, name, .. }, None) => {
                    fields.push(name.text.clone());
                    now = base;
                }
                (ExprKind::Index { base, index }, _) => {
                    fields.push(literal_index(index)?);
                    now = base;
                }
                _ => return None,
            }
        }
    }
}

/// An index that is written out, as a name that no field has.
fn literal_index(index: &Expr) -> Option<EcoString> {
    match &index.kind {
        ExprKind::Int(at) => Some(eco_format!("[{at}]")),
        ExprKind::Str(key) => Some(eco_format!("[{:?}]", key.literal()?)),
        _ => None,
    }
}

/// Whether a pattern says what all of a text is; one that is not written out is trusted.
fn is_whole(pattern: &Expr) -> bool {
    let ExprKind::Str(text) = &pattern.kind else { return true };
    text.literal().is_none_or(|text| text.starts_with('^') && text.ends_with('$') && !text.ends_with("\\$"))
}
