//! Expressions.

use super::names::Want;
use super::{Lowering, bare, unit};
use crate::ast::{self, BinaryOp, Str, StrPart, UnaryOp};
use crate::plan::{Binary, Element, Entry, Expr, ExprKind, Part, Ref, Step, Unary};
use crate::resolve::{DefKind, Res};
use crate::source::Span;
use crate::types::{EnumId, Ty};
use crate::value::{Fields, Value, Variant};
use std::sync::Arc;

/// Operators in a row after which what is to their left is bound.
const LONG: usize = 32;

impl<'a> Lowering<'a> {
    /// An expression as its place wants it.
    pub(super) fn expr(&mut self, expr: &'a ast::Expr) -> Expr {
        self.value(expr, Want::Plain)
    }

    /// An expression whose node, if it is one, is to have a name.
    pub(super) fn value(&mut self, expr: &'a ast::Expr, want: Want) -> Expr {
        let value = self.unfitted(expr, want);
        self.fitted(expr, value)
    }

    /// The value converted to what its place wants.
    pub(super) fn fitted(&mut self, expr: &ast::Expr, value: Expr) -> Expr {
        let Some(ty) = self.checked.fits.get(expr.id) else { return value };
        let ty = self.ty(ty);
        let spot = self.spot(expr.span);
        Expr::new(ExprKind::Fit(ty, Box::new(value)), spot)
    }

    fn unfitted(&mut self, expr: &'a ast::Expr, want: Want) -> Expr {
        use ast::ExprKind as K;
        match &expr.kind {
            K::None => Expr::constant(Value::None),
            K::Bool(b) => Expr::constant(Value::Bool(*b)),
            K::Int(n) => Expr::constant(Value::Int(*n)),
            K::Float(f) => Expr::constant(Value::Float(*f)),
            K::Duration(ms) => Expr::constant(Value::Duration(*ms)),
            K::Bytes(n) => Expr::constant(Value::Bytes(*n)),
            K::Money(n) => Expr::constant(Value::Money(*n)),
            K::Str(text) => self.string(text),
            K::Name(_) => self.name(expr),
            K::Field { base, name, optional } => self.field(expr, base, name, *optional),
            K::Index { base, index } => {
                let base = Box::new(self.expr(base));
                let index = Box::new(self.expr(index));
                self.made(ExprKind::Index { base, index }, expr.span)
            }
            K::Call { args, .. } => self.call(expr, args, None, want),
            K::With { base, props } => self.with(base, props, want),
            K::Unary { op, operand } => {
                let operand = Box::new(self.expr(operand));
                self.made(ExprKind::Unary(unary(*op), operand), expr.span)
            }
            K::Binary { .. } => self.binary(expr, want),
            K::If { .. } => self.if_expr(expr, want),
            K::Match { value, arms } => self.match_expr(expr, value, arms, want),
            K::For(of) => self.for_expr(expr, of, want),
            K::Repeat(of) => self.repeat_expr(expr, of, want),
            K::Try { body, catch, finally } => {
                self.try_expr(expr, body, catch.as_deref(), finally.as_deref(), want)
            }
            K::Race { entrants, with } => self.race_expr(expr, entrants, with.as_deref(), want),
            K::RaceFor(of) => self.race_for_expr(expr, of, want),
            K::Block(block) => self.block(block, want),
            K::List(elements) => self.list(elements, expr.span),
            K::Record(entries) => self.record(entries, expr.span),
            K::Paren(inner) => self.value(inner, want),
            K::Bad => unit(),
        }
    }

    /// An expression with its place.
    pub(super) fn made(&mut self, kind: ExprKind, span: Span) -> Expr {
        let spot = self.spot(span);
        Expr::new(kind, spot)
    }

    /// What a name, `module.name`, `stage.name` or `Enum.variant` stands for.
    fn name(&mut self, expr: &'a ast::Expr) -> Expr {
        let resolved = &self.checked.resolved;
        match resolved.res(expr.id) {
            Some(Res::Local(id)) => self.local(*id),
            Some(Res::Def(def)) => match resolved.def(*def).kind {
                DefKind::Agent | DefKind::AgentFile(_) => {
                    let agent = self.agent(*def);
                    let name = self.plan.agents[agent.index()].name.clone();
                    Expr::constant(Value::Agent(agent.0, name))
                }
                DefKind::Type
                | DefKind::Enum(_)
                | DefKind::Fn
                | DefKind::Resource
                | DefKind::Mcp
                | DefKind::Task
                | DefKind::Workflow
                | DefKind::Test => unit(),
            },
            Some(Res::Variant(id, index)) => Expr::constant(self.bare_variant(*id, *index)),
            Some(Res::Result) => Expr::reference(Ref::Result),
            Some(
                Res::Module(_)
                | Res::Builtin(_)
                | Res::BuiltinTask(_)
                | Res::BuiltinType
                | Res::TypeParam(_)
                | Res::Error,
            )
            | None => unit(),
        }
    }

    fn bare_variant(&self, id: EnumId, index: u16) -> Value {
        let variants = self.checked.enums.get(id.0 as usize).map(|e| e.variants.as_slice());
        let name = variants.and_then(|v| v.get(index as usize)).map(|v| v.name.clone()).unwrap_or_default();
        Value::Variant(Arc::new(Variant { index, name, fields: Fields::new() }))
    }

    fn field(&mut self, expr: &'a ast::Expr, base: &'a ast::Expr, name: &ast::Name, optional: bool) -> Expr {
        if self.checked.resolved.res(expr.id).is_some() {
            return self.name(expr);
        }
        let base = Box::new(self.expr(base));
        self.made(ExprKind::Field { base, name: name.text.clone(), optional }, expr.span)
    }

    /// A text, put together from its parts.
    pub(super) fn string(&mut self, text: &'a Str) -> Expr {
        if let Some(text) = text.literal() {
            return Expr::constant(Value::Str(text));
        }
        let mut parts = Vec::with_capacity(text.parts.len());
        for part in &text.parts {
            parts.push(match part {
                StrPart::Text(text, _) => Part::Text(text.clone()),
                StrPart::Expr(expr) => Part::Value(self.expr(expr)),
            });
        }
        self.made(ExprKind::Interpolate(parts), text.span)
    }

    fn list(&mut self, elements: &'a [ast::Element], span: Span) -> Expr {
        let elements =
            elements.iter().map(|e| Element { splice: e.splice, value: self.expr(&e.value) }).collect();
        self.made(ExprKind::List(elements), span)
    }

    fn record(&mut self, entries: &'a [ast::Entry], span: Span) -> Expr {
        let mut lowered = Vec::with_capacity(entries.len());
        for entry in entries {
            lowered.push(match entry {
                ast::Entry::Field { key, value } => Entry::Field(key.text.clone(), self.expr(value)),
                ast::Entry::Spread(base) => Entry::Spread(self.expr(base)),
            });
        }
        self.made(ExprKind::Record(lowered), span)
    }

    /// Operators lean to the left: a long chain is walked, not recursed into.
    fn binary(&mut self, expr: &'a ast::Expr, want: Want) -> Expr {
        let mut chain = Vec::new();
        let mut at = expr;
        while let ast::ExprKind::Binary { op, left, right, .. } = &at.kind {
            chain.push((at, *op, &**right));
            at = left;
        }
        let mut value = self.expr(at);
        let (mut want, mut steps) = (Some(want), Vec::new());
        for (i, (at, op, right)) in chain.into_iter().rev().enumerate() {
            let last = at.id == expr.id;
            if i % LONG == LONG - 1 {
                value = self.apart(value, &mut steps);
            }
            let want = if last { want.take() } else { None };
            value = self.operation(at, op, value, right, want.unwrap_or(Want::Plain));
            if !last {
                value = self.fitted(at, value);
            }
        }
        if steps.is_empty() {
            return value;
        }
        self.made(ExprKind::Block { steps, value: Box::new(value) }, expr.span)
    }

    /// A part of a long chain, bound to keep the whole from nesting deeply.
    fn apart(&mut self, value: Expr, steps: &mut Vec<Step>) -> Expr {
        if !self.pure {
            let place = self.bind("", value);
            return self.at(&place);
        }
        let slot = self.slot();
        steps.push(Step::Let(slot, value));
        Expr::reference(Ref::Local(slot))
    }

    fn operation(
        &mut self,
        at: &'a ast::Expr,
        op: BinaryOp,
        left: Expr,
        right: &'a ast::Expr,
        want: Want,
    ) -> Expr {
        let lazy = matches!(op, BinaryOp::Or | BinaryOp::And | BinaryOp::Coalesce);
        if lazy && !self.pure && self.has_tasks(right) {
            return self.lazy_branch(at, op, left, right, want);
        }
        let right = Box::new(self.expr(right));
        self.made(ExprKind::Binary(binary(op), Box::new(left), right), at.span)
    }

    /// Whether an expression has no value worth keeping.
    pub(super) fn is_unit_type(&self, expr: &ast::Expr) -> bool {
        matches!(self.type_of(bare(expr).id), Ty::Unit)
    }
}

fn unary(op: UnaryOp) -> Unary {
    match op {
        UnaryOp::Not => Unary::Not,
        UnaryOp::Neg => Unary::Neg,
    }
}

fn binary(op: BinaryOp) -> Binary {
    match op {
        BinaryOp::Or => Binary::Or,
        BinaryOp::And => Binary::And,
        BinaryOp::Eq => Binary::Eq,
        BinaryOp::Ne => Binary::Ne,
        BinaryOp::Lt => Binary::Lt,
        BinaryOp::Le => Binary::Le,
        BinaryOp::Gt => Binary::Gt,
        BinaryOp::Ge => Binary::Ge,
        BinaryOp::In => Binary::In,
        BinaryOp::Coalesce => Binary::Coalesce,
        BinaryOp::Add => Binary::Add,
        BinaryOp::Sub => Binary::Sub,
        BinaryOp::Mul => Binary::Mul,
        BinaryOp::Div => Binary::Div,
    }
}
