//! The worst case of what a workflow's tasks may spend against what it may spend itself.
//!
//! Counts the budgets that are numbers in the text: branches the larger, `race` and `try` with `catch` the sum, a `repeat`
//! as often as `max` says, a `for` as often as its list is long, once where that is not known. What has no budget counts
//! nothing, so that a complaint is always right.

use super::errors;
use crate::ast::{Block, Entry, Expr, ExprKind, ItemKind, Props, Stmt, StmtKind, Str, StrPart, WorkflowDecl};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, DefKind};
use crate::source::Span;
use crate::types::{Builtin, Callee, Checked};
use std::collections::HashMap;

/// Checks every workflow that has a budget.
pub(super) fn check(checked: &Checked, out: &mut Vec<Diagnostic>) {
    let mut costs = Costs { checked, known: HashMap::new(), missing: Vec::new(), parts: Vec::new() };
    for at in (0..checked.resolved.defs.len() as u32).map(DefId) {
        if checked.resolved.def(at).kind != DefKind::Workflow {
            continue;
        }
        let ItemKind::Workflow(decl) = &checked.resolved.item(at).kind else { continue };
        let Some((budget, span)) = decl.with.as_ref().and_then(own_budget) else { continue };
        costs.learn(at);
        costs.parts.clear();
        let worst = costs.block(&decl.body);
        if worst > budget {
            out.push(errors::over_budget(span, budget, worst, &costs.parts));
        }
    }
}

/// Ten-thousandths of a dollar, where they stand in the text.
fn own_budget(props: &Props) -> Option<(i64, Span)> {
    let value = &props.get("budget")?.value;
    match value.kind {
        ExprKind::Money(amount) => Some((amount, value.span)),
        _ => None,
    }
}

struct Costs<'a> {
    checked: &'a Checked,
    /// What a call of a workflow costs at most.
    known: HashMap<DefId, i64>,
    /// Workflows that were called and are not known yet.
    missing: Vec<DefId>,
    /// The calls that cost something.
    parts: Vec<(Span, i64)>,
}

impl<'a> Costs<'a> {
    /// Learns what a workflow costs, those that it calls before it; calls do not go round in circles.
    fn learn(&mut self, workflow: DefId) {
        let mut open = vec![workflow];
        while let Some(next) = open.last().copied() {
            self.missing.clear();
            let cost = match self.declaration(next) {
                Some(decl) if !self.known.contains_key(&next) => self.workflow(decl),
                Some(_) | None => 0,
            };
            if self.missing.is_empty() {
                self.known.entry(next).or_insert(cost);
                open.pop();
            } else {
                open.append(&mut self.missing);
            }
        }
    }

    fn declaration(&self, id: DefId) -> Option<&'a WorkflowDecl> {
        match &self.checked.resolved.item(id).kind {
            ItemKind::Workflow(decl) => Some(decl),
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Fn(_)
            | ItemKind::Actor(_)
            | ItemKind::Task(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => None,
        }
    }

    fn workflow(&mut self, decl: &'a WorkflowDecl) -> i64 {
        let cost = self.block(&decl.body);
        match decl.with.as_ref().and_then(own_budget) {
            Some((budget, _)) => cost.min(budget),
            None => cost,
        }
    }

    fn block(&mut self, block: &'a Block) -> i64 {
        self.sum(block.stmts.iter(), Self::stmt)
    }

    fn sum<T>(&mut self, all: impl Iterator<Item = T>, mut cost: impl FnMut(&mut Self, T) -> i64) -> i64 {
        all.fold(0, |sum, part| sum.saturating_add(cost(self, part)))
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> i64 {
        match &stmt.kind {
            StmtKind::Let { value, .. } | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Task(decl) => {
                let inside = self.sum(decl.props.list.iter(), |costs, p| costs.expr(&p.value));
                inside.saturating_add(self.spend(own_budget(&decl.props).map(|b| b.0), stmt.span))
            }
            StmtKind::Stage { body, .. } => self.block(body),
            StmtKind::Assert { cond, message } => {
                let message = message.as_ref().map_or(0, |m| self.expr(m));
                self.expr(cond).saturating_add(message)
            }
            StmtKind::Bad(_) => 0,
        }
    }

    fn spend(&mut self, amount: Option<i64>, span: Span) -> i64 {
        let amount = amount.unwrap_or(0);
        if amount > 0 {
            self.parts.push((span, amount));
        }
        amount
    }

    /// What evaluating an expression may spend.
    fn expr(&mut self, expr: &'a Expr) -> i64 {
        match &expr.kind {
            ExprKind::Call { args, .. } => {
                let args = self.sum(args.iter(), |costs, a| costs.expr(&a.value));
                args.saturating_add(self.call(expr, None))
            }
            ExprKind::With { base, props } => {
                let inside = self.sum(props.list.iter(), |costs, p| costs.expr(&p.value));
                let ExprKind::Call { args, .. } = &base.kind else { return inside };
                let args = self.sum(args.iter(), |costs, a| costs.expr(&a.value));
                let call = self.call(base, own_budget(props).map(|b| b.0));
                inside.saturating_add(args).saturating_add(call)
            }
            ExprKind::If { cond, then, otherwise } => {
                let otherwise = otherwise.as_ref().map_or(0, |o| self.expr(o));
                let branches = self.block(then).max(otherwise);
                self.expr(cond).saturating_add(branches)
            }
            ExprKind::Match { value, arms } => {
                let guards = self.sum(arms.iter(), |costs, a| a.guard.as_ref().map_or(0, |g| costs.expr(g)));
                let arms = arms.iter().map(|a| self.expr(&a.value)).max().unwrap_or(0);
                self.expr(value).saturating_add(guards).saturating_add(arms)
            }
            ExprKind::For(head) => {
                let body = self.block(&head.body);
                self.expr(&head.items).saturating_add(body.saturating_mul(self.length(&head.items)))
            }
            ExprKind::RaceFor(head) => {
                let body = self.block(&head.body);
                self.expr(&head.items).saturating_add(body.saturating_mul(self.length(&head.items)))
            }
            ExprKind::Repeat(repeat) => {
                let round = self.block(&repeat.body).saturating_add(self.expr(&repeat.until));
                let max = repeat.with.as_ref().and_then(|w| w.get("max")).map(|m| &m.value.kind);
                let rounds = if let Some(ExprKind::Int(n)) = max { (*n).max(1) } else { 1 };
                self.expr(&repeat.start).saturating_add(round.saturating_mul(rounds))
            }
            ExprKind::Try { body, catch, finally } => {
                let catch = catch.as_ref().map_or(0, |c| self.block(&c.body));
                let finally = finally.as_ref().map_or(0, |f| self.block(f));
                self.block(body).saturating_add(catch).saturating_add(finally)
            }
            ExprKind::Race { entrants, .. } => self.sum(entrants.iter(), Self::expr),
            ExprKind::Block(block) => self.block(block),
            _ => self.parts_of(expr),
        }
    }

    /// What is evaluated as a whole: all of it.
    fn parts_of(&mut self, expr: &'a Expr) -> i64 {
        match &expr.kind {
            ExprKind::Field { base: inner, .. }
            | ExprKind::Unary { operand: inner, .. }
            | ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Index { base, index } => self.expr(base).saturating_add(self.expr(index)),
            ExprKind::Binary { left, right, .. } => self.expr(left).saturating_add(self.expr(right)),
            ExprKind::List(elements) => self.sum(elements.iter(), |costs, e| costs.expr(&e.value)),
            ExprKind::Record(entries) => self.sum(entries.iter(), |costs, e| match e {
                Entry::Field { value, .. } | Entry::Spread(value) => costs.expr(value),
            }),
            ExprKind::Str(text) => self.text(text),
            _ => 0,
        }
    }

    fn text(&mut self, text: &'a Str) -> i64 {
        self.sum(text.parts.iter(), |costs, part| match part {
            StrPart::Text(..) => 0,
            StrPart::Expr(expr) => costs.expr(expr),
        })
    }

    /// What is called, with the budget that the call itself states.
    fn call(&mut self, call: &'a Expr, stated: Option<i64>) -> i64 {
        let Some(Callee::Def(def)) = self.checked.calls.get(call.id).map(|c| &c.callee) else { return 0 };
        match &self.checked.resolved.item(*def).kind {
            ItemKind::Task(decl) => self.spend(stated.or(own_budget(&decl.props).map(|b| b.0)), call.span),
            ItemKind::Workflow(_) => match self.known.get(def).copied() {
                Some(cost) => self.spend(Some(stated.map_or(cost, |s| s.min(cost))), call.span),
                None => {
                    self.missing.push(*def);
                    0
                }
            },
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Fn(_)
            | ItemKind::Actor(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => 0,
        }
    }

    /// How long a list is, where its text says it; else 1.
    fn length(&self, items: &Expr) -> i64 {
        match &items.kind {
            ExprKind::List(elements) if elements.iter().all(|e| !e.splice) => elements.len() as i64,
            ExprKind::Paren(inner) => self.length(inner),
            ExprKind::Call { args, .. } => {
                let range = self
                    .checked
                    .calls
                    .get(items.id)
                    .is_some_and(|c| c.callee == Callee::Builtin(Builtin::Range));
                match args.as_slice() {
                    [a, b] if range => match (&a.value.kind, &b.value.kind) {
                        (ExprKind::Int(from), ExprKind::Int(to)) => to.saturating_sub(*from).max(0),
                        _ => 1,
                    },
                    _ => 1,
                }
            }
            _ => 1,
        }
    }
}
