//! Operators: units, comparisons, texts, `??`.

use super::flow::is_none;
use super::{Checker, Place, Want};
use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::source::Span;
use crate::types::Ty;
use crate::types::errors::{self, Why};
use std::sync::Arc;

impl<'a> Checker<'a> {
    pub(super) fn unary(&mut self, e: &'a Expr, op: UnaryOp, operand: &'a Expr) -> Ty {
        match op {
            UnaryOp::Not => {
                self.condition(operand, "`not`");
                Ty::Bool
            }
            UnaryOp::Neg => {
                let found = self.expr(operand, Want::Any);
                let inner = self.known().unfold(&found).into_owned();
                if is_number(&inner) || is_unit(&inner) || matches!(inner, Ty::Error | Ty::Never) {
                    return inner;
                }
                let shown = self.show(&found);
                self.wrong(errors::bad_operand(e.span, "-", &shown, self.known().is_optional(&found)))
            }
        }
    }

    pub(super) fn binary(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let ExprKind::Binary { op, left, right, .. } = &e.kind else { return Ty::Error };
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(*op, left, right),
            BinaryOp::Eq | BinaryOp::Ne => self.equality(e, left, right),
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => self.order(e, left, right),
            BinaryOp::In => self.membership(e, left, right),
            BinaryOp::Coalesce => self.coalesce(left, right, want),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => {
                let found = self.arithmetic(e, *op, left, right, want);
                if *op == BinaryOp::Div && found != Ty::Error && is_zero(right) {
                    self.report(errors::division_by_zero(right.span));
                }
                found
            }
        }
    }

    /// An index that is written out against a list that is.
    pub(super) fn index_in_range(&mut self, base: &'a Expr, index: &'a Expr) {
        let Some(at) = super::shapes::constant(index) else { return };
        let listed = match &base.kind {
            ExprKind::List(elements) if elements.iter().all(|e| !e.splice) => Some(elements.len()),
            _ => None,
        };
        if at < 0 || listed.is_some_and(|length| usize::try_from(at).is_ok_and(|at| at >= length)) {
            let list = self.sources.text(base.span);
            let whole = base.span.to(Span { end: index.span.end + 1, ..index.span });
            self.report(errors::no_such_index(index.span, at, list, whole));
        }
    }

    fn logic(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Ty {
        let word = if op == BinaryOp::And { "`and`" } else { "`or`" };
        self.condition(left, word);
        let mark = self.scope.narrowed.len();
        self.learn(left, op == BinaryOp::And);
        self.condition(right, word);
        self.scope.narrowed.truncate(mark);
        Ty::Bool
    }

    /// Both sides, each with the other as a hint: `f.severity == high`, `high == f.severity`.
    fn sides(&mut self, left: &'a Expr, right: &'a Expr) -> (Ty, Ty) {
        if self.is_bare(left) {
            let r = self.expr(right, Want::Any);
            let l = self.expr(left, Want::Hint(&r));
            return (l, r);
        }
        let l = self.expr(left, Want::Any);
        let r = self.expr(right, Want::Hint(&l));
        (l, r)
    }

    /// Whether the name means something only where an enum is expected.
    fn is_bare(&self, e: &'a Expr) -> bool {
        match &e.kind {
            ExprKind::Name(_) => self.r.res(e.id).is_none(),
            ExprKind::Paren(inner) => self.is_bare(inner),
            ExprKind::Call { callee, .. } => self.is_bare(callee),
            _ => false,
        }
    }

    fn equality(&mut self, e: &'a Expr, left: &'a Expr, right: &'a Expr) -> Ty {
        let (l, r) = self.sides(left, right);
        if l == r && matches!(l, Ty::Int | Ty::String | Ty::Bool | Ty::Enum(_)) {
            return Ty::Bool;
        }
        for (ty, side, other) in [(&l, left, right), (&r, right, left)] {
            if *ty == Ty::Error {
                return Ty::Bool;
            }
            // Whether it is there at all tells nothing of it.
            let asked = is_none(other) && self.known().is_optional(ty);
            if !asked && !self.known().has_json(ty) {
                let shown = self.show(ty);
                let diagnostic = if super::is_secret(ty, self.known()) {
                    errors::secret_compared(side.span)
                } else {
                    errors::no_equality(side.span, &shown, *ty == Ty::Unit)
                };
                self.report(diagnostic);
                return Ty::Bool;
            }
        }
        for (ty, side, other) in [(&l, left, right), (&r, right, left)] {
            let never =
                !self.known().is_optional(ty) && !matches!(*self.known().unfold(ty), Ty::Json | Ty::Never);
            if is_none(other) && never && !matches!(ty, Ty::Param(..)) && !self.is_narrowed(side) {
                let shown = self.show(ty);
                self.report(errors::compared_with_none(e.span, side.span, &shown));
                return Ty::Bool;
            }
        }
        match self.known().join(&l, &r) {
            Some(joined) => {
                self.convert(left.id, &l, &joined);
                self.convert(right.id, &r, &joined);
            }
            None if self.known().fits(&r, &l).is_some() => self.convert(right.id, &r, &l),
            None if self.known().fits(&l, &r).is_some() => self.convert(left.id, &l, &r),
            None => self.bad_operands(e, &l, &r),
        }
        Ty::Bool
    }

    fn order(&mut self, e: &'a Expr, left: &'a Expr, right: &'a Expr) -> Ty {
        let (l, r) = self.sides(left, right);
        if l == Ty::Error || r == Ty::Error {
            return Ty::Bool;
        }
        match self.known().join(&l, &r) {
            Some(joined) if self.known().is_ordered(&joined) => {
                self.convert(left.id, &l, &joined);
                self.convert(right.id, &r, &joined);
            }
            Some(_) | None => self.bad_operands(e, &l, &r),
        }
        Ty::Bool
    }

    fn membership(&mut self, e: &'a Expr, left: &'a Expr, right: &'a Expr) -> Ty {
        let r = self.expr(right, Want::Any);
        let inner = self.known().unfold(&r).into_owned();
        match &inner {
            Ty::List(element) => {
                let l = self.expr(left, Want::Hint(element));
                let comparable = l == Ty::Error || self.known().join(&l, element).is_some();
                if !comparable || !self.known().has_json(element) {
                    self.bad_operands(e, &l, &r);
                } else if let Some(joined) = self.known().join(&l, element)
                    && self.known().fits(element, &joined) == Some(crate::types::Fit::Same)
                {
                    self.convert(left.id, &l, &joined);
                }
            }
            Ty::Map(_) | Ty::String | Ty::Path => {
                self.checked_expr(left, &Ty::String, Why::In);
            }
            Ty::Error | Ty::Never => {
                self.expr(left, Want::Any);
            }
            _ => {
                let l = self.expr(left, Want::Any);
                self.bad_operands(e, &l, &r);
            }
        }
        Ty::Bool
    }

    fn coalesce(&mut self, left: &'a Expr, right: &'a Expr, want: Want<'_>) -> Ty {
        let found = match want.ty() {
            Some(ty) => {
                let hint = self.known().optional(ty.clone());
                self.expr(left, Want::Hint(&hint))
            }
            None => self.expr(left, Want::Any),
        };
        let (inner, may_be_none) = self.known().inner(&found);
        let silent = matches!(inner, Ty::None | Ty::Json | Ty::Error | Ty::Never) || self.is_narrowed(left);
        if !may_be_none && !silent {
            let shown = self.show(&found);
            self.report(errors::never_none(left.span, "`??`", &shown, left.span.at_end().to(right.span)));
            self.expr(right, want);
            return found;
        }
        if let Want::Type(ty, why) = want {
            let wanted = self.known().optional(ty.clone());
            let fitted = self.fit(left, found, &wanted, why);
            let other = self.expr(right, want);
            return if fitted == Ty::Error || other == Ty::Error { Ty::Error } else { ty.clone() };
        }
        let value = match &found {
            Ty::Optional(value) => (**value).clone(),
            _ => inner,
        };
        let other = self.expr(right, Want::Hint(&value));
        match self.known().join(&value, &other) {
            Some(joined) => {
                let wanted = self.known().optional(joined.clone());
                self.convert(left.id, &found, &wanted);
                self.convert(right.id, &other, &joined);
                joined
            }
            None => {
                let shown = (self.show(&value), self.show(&other));
                self.wrong(errors::no_common_type(
                    right.span,
                    "the two sides of `??`",
                    &shown.0,
                    &shown.1,
                    Some(left.span),
                ))
            }
        }
    }

    fn arithmetic(
        &mut self,
        e: &'a Expr,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
        want: Want<'_>,
    ) -> Ty {
        // An expected list type goes into both sides of `+`; everything else is found from the operands.
        let hint = match want.ty() {
            Some(ty) if op == BinaryOp::Add => {
                Some(self.known().inner(ty).0).filter(|t| matches!(t, Ty::List(_) | Ty::Map(_)))
            }
            Some(_) | None => None,
        };
        let side = hint.as_ref().map_or(Want::Any, Want::Hint);
        let l = self.expr(left, side);
        let r = self.expr(right, side);
        if l == Ty::Error || r == Ty::Error {
            return Ty::Error;
        }
        let (a, b) = (self.known().unfold(&l).into_owned(), self.known().unfold(&r).into_owned());
        if let (BinaryOp::Add, Ty::List(x), Ty::List(y)) = (op, &a, &b) {
            if let Some(joined) = self.known().join(x, y) {
                let whole = Ty::List(Arc::new(joined));
                self.convert(left.id, &l, &whole);
                self.convert(right.id, &r, &whole);
                return whole;
            }
        } else if let Some((result, sides)) = operated(op, &a, &b) {
            if sides == Sides::Float {
                self.convert(left.id, &l, &Ty::Float);
                self.convert(right.id, &r, &Ty::Float);
            }
            return result;
        }
        self.bad_operands(e, &l, &r);
        Ty::Error
    }

    fn bad_operands(&mut self, e: &'a Expr, l: &Ty, r: &Ty) {
        let ExprKind::Binary { op, op_span, left, right } = &e.kind else { return };
        if *l == Ty::Error || *r == Ty::Error {
            return;
        }
        let optional = [(l, left), (r, right)].into_iter().find(|(ty, _)| self.known().is_optional(ty));
        let word = op_word(*op);
        let secret = [l, r].into_iter().any(|ty| super::is_secret(ty, self.known()));
        let shown = (self.show(l), self.show(r));
        let diagnostic = match optional {
            _ if secret => errors::secret_operand(*op_span, word),
            Some((_, side)) if *op != BinaryOp::Eq && *op != BinaryOp::Ne => errors::none_operand(
                side.span,
                word,
                if std::ptr::eq(side, left) { &shown.0 } else { &shown.1 },
                errors::plain_value(&self.known().inner(if std::ptr::eq(side, left) { l } else { r }).0),
            ),
            Some(_) | None => {
                let written = (self.sources.text(left.span), self.sources.text(right.span));
                let (left, right) = ((left.span, shown.0.as_str(), l), (right.span, shown.1.as_str(), r));
                errors::bad_operands(*op_span, word, left, right, written)
            }
        };
        self.report(diagnostic);
    }

    /// An `assert`'s condition.
    pub(super) fn asserted(&mut self, cond: &'a Expr) {
        if self.scope.in_test || self.scope.place.is_pure() {
            self.condition(cond, "`assert`");
        } else {
            self.in_place(Place::Assert, |c| c.condition(cond, "`assert`"));
        }
    }
}

/// Whether the operands become Floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    AsTheyAre,
    Float,
}

fn operated(op: BinaryOp, a: &Ty, b: &Ty) -> Option<(Ty, Sides)> {
    let plain = |ty: &Ty| Some((ty.clone(), Sides::AsTheyAre));
    match (a, b) {
        (Ty::Never, other) | (other, Ty::Never) => plain(other),
        (Ty::Int, Ty::Int) => plain(&Ty::Int),
        (Ty::Float, Ty::Float) => plain(&Ty::Float),
        (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int) => Some((Ty::Float, Sides::Float)),
        (Ty::String | Ty::Path, Ty::String | Ty::Path) if op == BinaryOp::Add => plain(&Ty::String),
        _ => match op {
            BinaryOp::Add | BinaryOp::Sub if a == b && is_unit(a) => plain(a),
            BinaryOp::Mul if is_unit(a) && is_number(b) => plain(a),
            BinaryOp::Mul if is_number(a) && is_unit(b) => plain(b),
            BinaryOp::Div if is_unit(a) && is_number(b) => plain(a),
            BinaryOp::Div if a == b && is_unit(a) => plain(&Ty::Float),
            _ => None,
        },
    }
}

pub(super) fn is_unit(ty: &Ty) -> bool {
    matches!(ty, Ty::Duration | Ty::Bytes | Ty::Money)
}

pub(super) fn is_number(ty: &Ty) -> bool {
    matches!(ty, Ty::Int | Ty::Float)
}

fn op_word(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::Coalesce => "??",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
    }
}

/// `0`, `0.0`, `0s`
fn is_zero(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Float(number) => *number == 0.0,
        _ => super::shapes::constant(e) == Some(0),
    }
}
