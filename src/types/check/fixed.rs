//! What is known before the run: constants, inputs, and what is made of them alone.

use super::Checker;
use crate::ast::{Entry, Expr, ExprKind, StrPart};
use crate::resolve::{DefKind, Res};
use crate::source::Span;

impl<'a> Checker<'a> {
    /// Whether the value follows from constants and inputs.
    pub(super) fn is_fixed(&self, e: &'a Expr) -> bool {
        self.unfixed(e).is_none()
    }

    /// The first part of an expression that is known only while running.
    pub(super) fn unfixed(&self, e: &'a Expr) -> Option<Span> {
        let among = |parts: &[&'a Expr]| parts.iter().find_map(|p| self.unfixed(p));
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bad => {
                None
            }
            ExprKind::Duration(_) | ExprKind::Bytes(_) | ExprKind::Money(_) => None,
            ExprKind::Name(_) => self.unfixed_name(e),
            ExprKind::Str(text) => text.parts.iter().find_map(|part| match part {
                StrPart::Text(..) => None,
                StrPart::Expr(e) => self.unfixed(e),
            }),
            ExprKind::Field { base, .. } => match self.r.res(e.id) {
                Some(_) => self.unfixed_name(e),
                None => self.unfixed(base),
            },
            ExprKind::Index { base, index } => among(&[base, index]),
            ExprKind::Unary { operand, .. } => self.unfixed(operand),
            ExprKind::Paren(inner) => self.unfixed(inner),
            ExprKind::Binary { left, right, .. } => among(&[left, right]),
            ExprKind::List(elements) => elements.iter().find_map(|each| self.unfixed(&each.value)),
            ExprKind::Record(entries) => entries.iter().find_map(|entry| match entry {
                Entry::Field { value, .. } | Entry::Spread(value) => self.unfixed(value),
            }),
            ExprKind::Call { callee, args, .. } => match self.res_of(callee) {
                Some(Res::Def(def)) if self.r.def(*def).kind != DefKind::Fn => Some(e.span),
                Some(Res::BuiltinTask(_) | Res::Local(_)) => Some(e.span),
                _ => args.iter().find_map(|arg| self.unfixed(&arg.value)),
            },
            ExprKind::With { .. } | ExprKind::If { .. } | ExprKind::Match { .. } | ExprKind::For(_) => {
                Some(e.span)
            }
            ExprKind::Repeat(_) | ExprKind::Try { .. } | ExprKind::Race { .. } => Some(e.span),
            ExprKind::RaceFor(_) | ExprKind::Block(_) => Some(e.span),
        }
    }

    fn unfixed_name(&self, e: &'a Expr) -> Option<Span> {
        match self.r.res(e.id) {
            Some(Res::Local(id)) if !self.scope.fixed.contains(id) && self.types.contains(*id) => {
                Some(e.span)
            }
            Some(Res::Result) => Some(e.span),
            _ => None,
        }
    }
}
