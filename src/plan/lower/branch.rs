//! `if`, `match`, `??`, `and`, `or` with tasks in what is only evaluated when reached.

use super::names::Want;
use super::pure::Bound;
use super::scope::{Place, Use};
use super::{Lowering, bare, unit};
use crate::ast::{self, BinaryOp, Block, MatchArm};
use crate::plan::{BranchArm, Expr, ExprKind, NodeKind, Pattern, Ref};
use crate::source::Span;
use crate::value::Value;
use ecow::EcoString;

/// `else` of a chain of ifs.
enum Otherwise<'a> {
    Absent,
    Block(&'a Block),
    /// What is left of the chain, when its next condition has tasks itself.
    Rest(&'a ast::Expr),
}

impl<'a> Lowering<'a> {
    pub(super) fn if_expr(&mut self, expr: &'a ast::Expr, want: Want) -> Expr {
        let (arms, otherwise) = self.if_chain(expr);
        let mut branching = arms.iter().any(|(_, then)| self.block_has_tasks(then));
        branching |= match otherwise {
            Otherwise::Absent => false,
            Otherwise::Block(block) => self.block_has_tasks(block),
            Otherwise::Rest(rest) => self.has_tasks(rest),
        };
        if self.pure || !branching {
            return self.pure_if(expr, &arms, &otherwise);
        }
        let arms: Vec<_> = arms.into_iter().map(|(cond, then)| (self.expr(cond), then)).collect();
        let outer = self.begin_branch(&want, "if");
        let mut lowered = Vec::new();
        let mut uses = Vec::new();
        for (cond, then) in arms {
            self.open(Vec::new(), false);
            let value = self.body_block(then, Want::Plain);
            lowered.push(self.arm(Pattern::Any, Some(cond), value, &mut uses));
        }
        self.open(Vec::new(), false);
        let value = match otherwise {
            Otherwise::Absent if self.is_unit_type(expr) => unit(),
            Otherwise::Absent => Expr::constant(Value::None),
            Otherwise::Block(block) => self.body_block(block, Want::Plain),
            Otherwise::Rest(rest) => self.expr(rest),
        };
        lowered.push(self.arm(Pattern::Any, None, value, &mut uses));
        self.end_branch(outer, None, lowered, uses, expr.span)
    }

    /// The conditions of `if … else if …` with their blocks, up to the first later condition that has tasks.
    fn if_chain(&mut self, expr: &'a ast::Expr) -> (Vec<(&'a ast::Expr, &'a Block)>, Otherwise<'a>) {
        let mut arms = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ast::ExprKind::If { cond, then, otherwise } => {
                    if !arms.is_empty() && !self.pure && self.has_tasks(cond) {
                        return (arms, Otherwise::Rest(at));
                    }
                    arms.push((&**cond, then));
                    match otherwise {
                        Some(next) if self.checked.fits.contains(next.id) => {
                            return (arms, Otherwise::Rest(next));
                        }
                        Some(next) => at = bare(next),
                        None => return (arms, Otherwise::Absent),
                    }
                }
                ast::ExprKind::Block(block) => return (arms, Otherwise::Block(block)),
                _ => return (arms, Otherwise::Rest(at)),
            }
        }
    }

    fn pure_if(
        &mut self,
        expr: &'a ast::Expr,
        arms: &[(&'a ast::Expr, &'a Block)],
        otherwise: &Otherwise<'a>,
    ) -> Expr {
        let mut lowered = Vec::with_capacity(arms.len());
        for (cond, then) in arms {
            let cond = self.expr(cond);
            lowered.push((cond, self.pure_block(then)));
        }
        let mut value = match otherwise {
            Otherwise::Absent if self.is_unit_type(expr) => Some(unit()),
            Otherwise::Absent => None,
            Otherwise::Block(block) => Some(self.pure_block(block)),
            Otherwise::Rest(rest) => Some(self.expr(rest)),
        };
        let spot = self.spot(expr.span);
        for (cond, then) in lowered.into_iter().rev() {
            let otherwise = value.map(Box::new);
            value =
                Some(Expr::new(ExprKind::If { cond: Box::new(cond), then: Box::new(then), otherwise }, spot));
        }
        value.unwrap_or_else(unit)
    }

    /// `left ?? right`, `left and right`, `left or right` with tasks on the right.
    pub(super) fn lazy_branch(
        &mut self,
        at: &'a ast::Expr,
        op: BinaryOp,
        left: Expr,
        right: &'a ast::Expr,
        want: Want,
    ) -> Expr {
        let coalesce = op == BinaryOp::Coalesce;
        let keyword = match op {
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            _ => "else",
        };
        let outer = self.begin_branch(&want, keyword);
        let (mut arms, mut uses) = (Vec::new(), Vec::new());
        self.open(Vec::new(), false);
        let right = self.expr(right);
        let reached = if coalesce { Pattern::None } else { Pattern::Any };
        let mut left = Some(left);
        let guard = if op == BinaryOp::And { left.take() } else { None };
        let right = self.arm(reached, guard, right, &mut uses);
        if coalesce {
            let slot = self.slot();
            self.open(vec!["value".into()], false);
            let given = Expr::reference(Ref::Param { up: 0, index: 0 });
            arms.extend([right, self.arm(Pattern::Bind(slot), None, given, &mut uses)]);
        } else {
            let and = op == BinaryOp::And;
            self.open(Vec::new(), false);
            let known = Expr::constant(Value::Bool(!and));
            let guard = if and { None } else { left.take() };
            let known = self.arm(Pattern::Any, guard, known, &mut uses);
            arms.extend(if and { [right, known] } else { [known, right] });
        }
        self.end_branch(outer, left, arms, uses, at.span)
    }

    pub(super) fn match_expr(
        &mut self,
        expr: &'a ast::Expr,
        value: &'a ast::Expr,
        arms: &'a [MatchArm],
        want: Want,
    ) -> Expr {
        let in_guards = arms.iter().any(|a| a.guard.as_ref().is_some_and(|g| self.has_tasks(g)));
        let in_arms = arms.iter().any(|a| self.has_tasks(&a.value));
        if self.pure || !(in_guards || in_arms) {
            return self.pure_match(expr, value, arms);
        }
        let value = self.expr(value);
        if !in_guards {
            return self.match_branch(expr.span, value, arms, &[], want);
        }
        let value = self.bind("", value);
        let mut verdicts: Vec<Option<Place>> = Vec::new();
        for (i, arm) in arms.iter().enumerate() {
            let asks = arm.guard.as_ref().is_some_and(|g| self.has_tasks(g));
            let verdict = asks.then(|| self.guard_branch(&value, &arms[..=i], &verdicts));
            verdicts.push(verdict);
        }
        let value = self.at(&value);
        self.match_branch(expr.span, value, arms, &verdicts, want)
    }

    /// A branch over arms whose guards are pure, or have been asked before: then `verdicts` says where the answer is.
    fn match_branch(
        &mut self,
        span: Span,
        value: Expr,
        arms: &'a [MatchArm],
        verdicts: &[Option<Place>],
        want: Want,
    ) -> Expr {
        let outer = self.begin_branch(&want, "match");
        let (mut lowered, mut uses) = (Vec::new(), Vec::new());
        for (i, arm) in arms.iter().enumerate() {
            let (pattern, bound) = self.pattern(&arm.pattern);
            let guard = self.guard(arm, verdicts.get(i));
            self.open_arm(&bound);
            let value = self.value(&arm.value, Want::Plain);
            lowered.push(self.arm(pattern, guard, value, &mut uses));
        }
        self.end_branch(outer, Some(value), lowered, uses, span)
    }

    /// Asks the guard of the last of these arms, if none before it takes the value: a branch that gives its verdict.
    fn guard_branch(&mut self, value: &Place, arms: &'a [MatchArm], verdicts: &[Option<Place>]) -> Place {
        let no = || Expr::constant(Value::Bool(false));
        let outer = self.begin_branch(&Want::Plain, "match");
        let (mut lowered, mut uses) = (Vec::new(), Vec::new());
        let mut span = None;
        for (i, arm) in arms.iter().enumerate() {
            let last = i + 1 == arms.len();
            let (pattern, bound) = self.pattern(&arm.pattern);
            let guard = if last { None } else { self.guard(arm, verdicts.get(i)) };
            self.open_arm(&bound);
            let verdict = match &arm.guard {
                Some(guard) if last => self.expr(guard),
                _ => no(),
            };
            lowered.push(self.arm(pattern, guard, verdict, &mut uses));
            span = Some(arm.span);
        }
        self.open(Vec::new(), false);
        lowered.push(self.arm(Pattern::Any, None, no(), &mut uses));
        let value = self.at(value);
        let Some(span) = span else { return Place::Given(no().into()) };
        let verdict = self.end_branch(outer, Some(value), lowered, uses, span);
        self.bind("", verdict)
    }

    fn guard(&mut self, arm: &'a MatchArm, verdict: Option<&Option<Place>>) -> Option<Expr> {
        match verdict {
            Some(Some(place)) => Some(self.at(place)),
            _ => arm.guard.as_ref().map(|g| self.purely(|l| l.expr(g))),
        }
    }

    /// Begins the body of an arm: what its pattern binds are the body's parameters.
    fn open_arm(&mut self, bound: &[Bound]) {
        let body = self.open(bound.iter().map(|b| b.name.clone()).collect(), false);
        for (i, bound) in bound.iter().enumerate() {
            for id in &bound.ids {
                self.places.insert(*id, Place::Param(body, i as u16));
            }
        }
    }

    /// Ends the body of an arm.
    fn arm(&mut self, pattern: Pattern, guard: Option<Expr>, value: Expr, uses: &mut Vec<Use>) -> BranchArm {
        let body = self.here().id;
        uses.extend(self.close(Some(value)));
        BranchArm { pattern, guard, body }
    }

    /// Names the node and enters its name, as its tasks stand below it.
    fn begin_branch(&mut self, want: &Want, keyword: &str) -> (EcoString, Option<EcoString>) {
        self.begin_named(want, keyword)
    }

    /// Names a node that adds nothing to ids but in a `let`: gives its name and where names stood before.
    pub(super) fn begin_named(&mut self, want: &Want, keyword: &str) -> (EcoString, Option<EcoString>) {
        let name = self.leaf_name(want, keyword);
        let outer = if let Want::Named(_) = want { Some(self.names.enter(&name)) } else { None };
        (name, outer)
    }

    fn end_branch(
        &mut self,
        (name, outer): (EcoString, Option<EcoString>),
        value: Option<Expr>,
        arms: Vec<BranchArm>,
        uses: Vec<Use>,
        span: Span,
    ) -> Expr {
        if let Some(outer) = outer {
            self.names.leave(outer);
        }
        let value = value.map(Box::new);
        self.push_value(name, NodeKind::Branch { value, arms }, uses, span)
    }
}
