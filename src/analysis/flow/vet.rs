//! What a condition says of names: one that was compared with something known is known itself where the condition holds.

use super::Kinds;
use super::value::Value;
use super::walk::Walk;
use crate::ast::{BinaryOp, Expr, ExprKind, NodeId};
use crate::resolve::Res;
use crate::types::{Builtin, Callee};
use ecow::EcoString;

impl<'a> Walk<'_, 'a> {
    /// After a condition held: what was compared with something known is that.
    pub(super) fn vet(&mut self, cond: &'a Expr) {
        match &cond.kind {
            ExprKind::Paren(inner) => self.vet(inner),
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } => {
                self.vet(left);
                self.vet(right);
            }
            ExprKind::Binary { op: BinaryOp::In, left, right, .. } => self.vet_as(left, right),
            ExprKind::Binary { op: BinaryOp::Eq, left, right, .. } => {
                self.vet_as(left, right);
                self.vet_as(right, left);
            }
            ExprKind::Call { args, .. } => {
                let matches = self
                    .checked
                    .calls
                    .get(cond.id)
                    .is_some_and(|c| c.callee == Callee::Builtin(Builtin::Matches));
                if let ([text, pattern], true) = (&**args, matches) {
                    self.vet_as(&text.value, &pattern.value);
                }
            }
            _ => {}
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
                _ => return None,
            }
        }
    }
}
