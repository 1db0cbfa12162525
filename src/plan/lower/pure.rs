//! Control flow without tasks: it stays an expression, what it binds lives in slots of the frame.
//!
//! No slot is used twice in one frame: a `let` is evaluated when first used, which may be inside a later loop.

use super::scope::Place;
use super::{Lowering, unit};
use crate::ast::{self, Binding, Block, LetPattern, PatternKind, StmtKind};
use crate::plan::{Arm, Binary, Bind, Element, Expr, ExprKind, Pattern, Ref, RepeatExpr, Spot, Step};
use crate::resolve::Res;
use crate::source::Span;
use crate::types::Builtin;
use crate::value::Value;
use ecow::EcoString;
use std::rc::Rc;

/// A name that a pattern or loop binds: what binds it (of `a | b` both), its slot.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) name: EcoString,
    pub(super) ids: Vec<ast::NodeId>,
    pub(super) slot: u32,
}

impl<'a> Lowering<'a> {
    /// A block without tasks.
    pub(super) fn pure_block(&mut self, block: &'a Block) -> Expr {
        let (steps, value) = self.steps(block);
        if steps.is_empty() {
            return value;
        }
        self.made(ExprKind::Block { steps, value: Box::new(value) }, block.span)
    }

    /// Its statements and its value.
    fn steps(&mut self, block: &'a Block) -> (Vec<Step>, Expr) {
        self.purely(|l| {
            let mut steps = Vec::new();
            let mut value = unit();
            for stmt in &block.stmts {
                value = l.step(stmt, &mut steps);
            }
            (steps, value)
        })
    }

    fn step(&mut self, stmt: &'a ast::Stmt, steps: &mut Vec<Step>) -> Expr {
        match &stmt.kind {
            StmtKind::Let { pattern, ty: _, value } => {
                let value = self.expr(value);
                let slot = self.slot();
                steps.push(Step::Let(slot, value));
                match pattern {
                    LetPattern::Name(bound) => {
                        self.places.insert(bound.id, Place::Local(slot));
                    }
                    LetPattern::Fields(bounds, _) => self.bind_fields(bounds, Place::Local(slot)),
                }
                unit()
            }
            StmtKind::Assert { cond, message } => {
                let text = self.sources.text(cond.span).into();
                let cond = self.expr(cond);
                let message = message.as_ref().map(|m| self.expr(m));
                steps.push(Step::Assert { cond, message, text });
                unit()
            }
            StmtKind::Expr(expr) => self.expr(expr),
            // With a task or a stage inside the block is not pure.
            StmtKind::Task(_) | StmtKind::Stage { .. } | StmtKind::Bad(_) => unit(),
        }
    }

    /// Names for the fields of what is at a place.
    pub(super) fn bind_fields(&mut self, bounds: &'a [ast::Bound], base: Place) {
        let base = Rc::new(base);
        for bound in bounds {
            self.places.insert(bound.id, Place::FieldOf(base.clone(), bound.name.text.clone()));
        }
    }

    /// Binds a loop's names to fresh slots.
    pub(super) fn bind_slots(&mut self, binding: &'a Binding) -> Bind {
        match binding {
            Binding::Name(bound) => {
                let slot = self.slot();
                self.places.insert(bound.id, Place::Local(slot));
                Bind::One(slot)
            }
            Binding::Fields(bounds, _) => Bind::Fields(
                bounds
                    .iter()
                    .map(|bound| {
                        let slot = self.slot();
                        self.places.insert(bound.id, Place::Local(slot));
                        (bound.name.text.clone(), slot)
                    })
                    .collect(),
            ),
        }
    }

    /// `for` without tasks in it; its list may have some.
    pub(super) fn pure_for(&mut self, expr: &'a ast::Expr, of: &'a ast::ForLoop) -> Expr {
        let items = Box::new(self.expr(&of.items));
        let bind = self.bind_slots(&of.binding);
        let (filter, body) = self.purely(|l| {
            let filter = of.filter.as_ref().map(|f| Box::new(l.expr(f)));
            (filter, Box::new(l.pure_block(&of.body)))
        });
        self.made(ExprKind::For { items, bind, filter, body }, expr.span)
    }

    /// `repeat` without tasks in its block and its condition.
    pub(super) fn pure_repeat(&mut self, expr: &'a ast::Expr, of: &'a ast::Repeat) -> Expr {
        let start = self.expr(&of.start);
        let max = self.prop_or(of.with.as_ref(), "max", Value::Int(1));
        let fail_on_max = fails_on_max(of.with.as_ref());
        let draft = self.slot();
        let next = self.slot();
        self.places.insert(of.name.id, Place::Local(draft));
        let (steps, value) = self.steps(&of.body);
        self.places.insert(of.name.id, Place::Local(next));
        let until = self.purely(|l| l.expr(&of.until));
        let repeat = RepeatExpr { draft, start, max, fail_on_max, steps, value, next, until };
        self.made(ExprKind::Repeat(Box::new(repeat)), expr.span)
    }

    /// A property of a head, or its default.
    pub(super) fn prop_or(&mut self, with: Option<&'a ast::Props>, name: &str, default: Value) -> Expr {
        match with.and_then(|w| w.get(name)) {
            Some(prop) => self.expr(&prop.value),
            None => Expr::constant(default),
        }
    }

    /// `try` without tasks. A `finally` without tasks does nothing.
    pub(super) fn pure_try(
        &mut self,
        expr: &'a ast::Expr,
        body: &'a Block,
        catch: Option<&'a ast::Catch>,
    ) -> Expr {
        let body = Box::new(self.pure_block(body));
        let error = self.slot();
        let catch = catch.map(|catch| {
            self.places.insert(catch.name.id, Place::Local(error));
            Box::new(self.pure_block(&catch.body))
        });
        self.made(ExprKind::Try { body, error, catch }, expr.span)
    }

    /// `match` without tasks in its arms.
    pub(super) fn pure_match(
        &mut self,
        expr: &'a ast::Expr,
        value: &'a ast::Expr,
        arms: &'a [ast::MatchArm],
    ) -> Expr {
        let value = Box::new(self.expr(value));
        let arms = self.purely(|l| {
            let mut lowered = Vec::with_capacity(arms.len());
            for arm in arms {
                let (pattern, _) = l.pattern(&arm.pattern);
                let guard = arm.guard.as_ref().map(|g| l.expr(g));
                lowered.push(Arm { pattern, guard, value: l.expr(&arm.value) });
            }
            lowered
        });
        self.made(ExprKind::Match { value, arms }, expr.span)
    }

    /// A pattern, its names bound to fresh slots.
    pub(super) fn pattern(&mut self, pattern: &'a ast::Pattern) -> (Pattern, Vec<Bound>) {
        let mut bound = Vec::new();
        let lowered = self.pattern_into(pattern, &mut bound);
        (lowered, bound)
    }

    fn pattern_into(&mut self, pattern: &'a ast::Pattern, bound: &mut Vec<Bound>) -> Pattern {
        match &pattern.kind {
            PatternKind::Any | PatternKind::Bad => Pattern::Any,
            PatternKind::None => Pattern::None,
            PatternKind::Literal(literal) => {
                let literal = self.expr(literal);
                self.constant(&literal).map_or(Pattern::Any, Pattern::Literal)
            }
            PatternKind::Name(name) => match self.checked.resolved.res(pattern.id) {
                Some(Res::Variant(id, index)) => self.variant_pattern(*id, *index, None, bound),
                _ => Pattern::Bind(self.bind_pattern(pattern.id, &name.text, bound)),
            },
            PatternKind::Variant { path: _, variant: _, args } => match self.checked.resolved.res(pattern.id)
            {
                Some(Res::Variant(id, index)) => self.variant_pattern(*id, *index, args.as_deref(), bound),
                _ => Pattern::Any,
            },
            PatternKind::Or(of) => Pattern::Or(of.iter().map(|p| self.pattern_into(p, bound)).collect()),
        }
    }

    fn variant_pattern(
        &mut self,
        id: crate::types::EnumId,
        index: u16,
        args: Option<&'a [ast::Pattern]>,
        bound: &mut Vec<Bound>,
    ) -> Pattern {
        let args = match args {
            Some(args) => args.iter().map(|a| self.pattern_into(a, bound)).collect(),
            None => {
                let variants = self.checked.enums.get(id.0 as usize).map(|e| e.variants.as_slice());
                let fields = variants.and_then(|v| v.get(index as usize)).map_or(0, |v| v.fields.len());
                vec![Pattern::Any; fields]
            }
        };
        Pattern::Variant { index, args }
    }

    fn bind_pattern(&mut self, id: ast::NodeId, name: &EcoString, bound: &mut Vec<Bound>) -> u32 {
        let slot = match bound.iter_mut().find(|b| b.name == *name) {
            Some(known) => {
                known.ids.push(id);
                known.slot
            }
            None => {
                let slot = self.slot();
                bound.push(Bound { name: name.clone(), ids: vec![id], slot });
                slot
            }
        };
        self.places.insert(id, Place::Local(slot));
        slot
    }

    /// A race of expressions: each is tried in turn. `tries` gives a list that is empty where it failed.
    pub(super) fn pure_race(&mut self, tries: Expr, with: Option<&'a ast::Props>, span: Span) -> Expr {
        let need = with.and_then(|w| w.get("need"));
        let many = need.is_some();
        let need = need.map_or_else(|| Expr::constant(Value::Int(1)), |p| self.expr(&p.value));
        let (won, wanted) = (self.slot(), self.slot());
        let of = |slot| Expr::reference(Ref::Local(slot));
        let spot = self.spot(span);
        let builtin = |builtin, args| Expr::new(ExprKind::Builtin(builtin, args), spot);
        let count = builtin(Builtin::Len, vec![of(won)]);
        let too_few =
            Expr::new(ExprKind::Binary(Binary::Lt, Box::new(count), Box::new(of(wanted))), Spot::default());
        let failed =
            builtin(Builtin::Fail, vec![Expr::constant(Value::text("too few in this race succeeded"))]);
        let taken = if many {
            builtin(Builtin::Take, vec![of(won), of(wanted)])
        } else {
            let first = Box::new(Expr::constant(Value::Int(0)));
            Expr::new(ExprKind::Index { base: Box::new(of(won)), index: first }, spot)
        };
        let value = ExprKind::If {
            cond: Box::new(too_few),
            then: Box::new(failed),
            otherwise: Some(Box::new(taken)),
        };
        let steps = vec![Step::Let(won, tries), Step::Let(wanted, need)];
        Expr::new(ExprKind::Block { steps, value: Box::new(Expr::new(value, spot)) }, spot)
    }

    /// `[value]`, or `[]` where it fails.
    pub(super) fn tried(&mut self, value: Expr) -> Expr {
        let error = self.slot();
        let list = |elements| Expr::new(ExprKind::List(elements), Spot::default());
        let body = Box::new(list(vec![Element { splice: false, value }]));
        Expr::new(ExprKind::Try { body, error, catch: Some(Box::new(list(Vec::new()))) }, Spot::default())
    }
}

/// Whether a `repeat` fails when its rounds are used up.
pub(super) fn fails_on_max(with: Option<&ast::Props>) -> bool {
    with.and_then(|w| w.get("on_max")).is_some_and(|p| super::props::word(&p.value) == "fail")
}
