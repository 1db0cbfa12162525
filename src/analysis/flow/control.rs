//! Control flow: branches, loops, attempts, races; and what conditions and failures tell.

use super::Binder;
use super::value::{Taint, Value};
use super::walk::Walk;
use crate::ast::{Binding, Block, Catch, Expr, ExprKind, MatchArm, Pattern, PatternKind, Props, Repeat};

impl<'a> Walk<'_, 'a> {
    pub(super) fn control(&mut self, e: &'a Expr) -> Value {
        match &e.kind {
            ExprKind::If { cond, then, otherwise } => {
                self.expr(cond);
                let before = self.vetted.len();
                self.vet(cond, true);
                let a = self.block(then);
                self.vetted.truncate(before);
                match otherwise {
                    Some(otherwise) => {
                        self.vet(cond, false);
                        let b = self.expr(otherwise);
                        self.vetted.truncate(before);
                        self.join_values(a, b)
                    }
                    None => a,
                }
            }
            ExprKind::Match { value, arms } => {
                let found = self.expr(value);
                arms.iter().fold(Value::default(), |all, arm| {
                    let given = self.arm(arm, value, &found);
                    self.join_values(all, given)
                })
            }
            ExprKind::For(each) => {
                self.each(&each.binding, (&each.items, &each.filter), each.with.as_ref(), &each.body)
            }
            ExprKind::RaceFor(each) => {
                self.each(&each.binding, (&each.items, &each.filter), each.with.as_ref(), &each.body)
            }
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Try { body, catch, finally } => {
                let around = std::mem::take(&mut self.thrown);
                let value = self.block(body);
                let other = match catch.as_deref() {
                    Some(catch) => self.catch(catch, body),
                    None => Value::default(),
                };
                finally.iter().for_each(|block| {
                    self.block(block);
                });
                self.thrown = self.join(around, self.thrown);
                self.join_values(value, other)
            }
            ExprKind::Race { entrants, with } => {
                with.iter().for_each(|with| self.props(with));
                entrants.iter().fold(Value::default(), |all, entrant| {
                    let value = self.expr(entrant);
                    self.join_values(all, value)
                })
            }
            _ => Value::default(),
        }
    }

    /// What failed in the body may tell what was answered there.
    fn catch(&mut self, catch: &'a Catch, body: &'a Block) -> Value {
        let whole = std::mem::take(&mut self.thrown);
        let failure = Value { whole, fields: Some([("message".into(), whole.into())].into()) };
        self.bind(catch.name.id, failure, Binder::Failure(body));
        self.block(&catch.body)
    }

    fn arm(&mut self, arm: &'a MatchArm, value: &'a Expr, found: &Value) -> Value {
        self.pattern(&arm.pattern, value, found);
        let before = self.vetted.len();
        if is_literal(&arm.pattern) {
            self.vetted_is(value, Value::default());
        }
        if let Some(guard) = &arm.guard {
            self.expr(guard);
            self.vet(guard, true);
        }
        let given = self.expr(&arm.value);
        self.vetted.truncate(before);
        given
    }

    fn pattern(&mut self, pattern: &'a Pattern, value: &'a Expr, found: &Value) {
        match &pattern.kind {
            PatternKind::Name(_) => self.bind(pattern.id, found.clone(), Binder::Expr(value)),
            PatternKind::Variant { args, .. } => {
                let part = found.whole.into();
                args.iter().flatten().for_each(|p| self.pattern(p, value, &part));
            }
            PatternKind::Or(sides) => sides.iter().for_each(|p| self.pattern(p, value, found)),
            PatternKind::Any | PatternKind::None | PatternKind::Literal(_) | PatternKind::Bad => {}
        }
    }

    fn each(
        &mut self,
        binding: &'a Binding,
        (items, filter): (&'a Expr, &'a Option<Expr>),
        with: Option<&'a Props>,
        body: &'a Block,
    ) -> Value {
        let mut found = self.expr(items);
        if self.is_map(items) {
            found = found.whole.into();
        }
        match binding {
            Binding::Name(bound) => self.bind(bound.id, found, Binder::Expr(items)),
            Binding::Fields(bounds, _) => self.bind_fields(bounds, &found, Binder::Expr(items)),
        }
        let before = self.vetted.len();
        if let Some(filter) = filter {
            self.expr(filter);
            self.vet(filter, true);
        }
        with.iter().for_each(|with| self.props(with));
        let value = self.block(body);
        self.vetted.truncate(before);
        value
    }

    /// What a round gives is what the next one starts with: a parameter of its own.
    fn repeat(&mut self, repeat: &'a Repeat) -> Value {
        let start = self.expr(&repeat.start);
        let at = self.slots;
        self.slots += 1;
        self.bind(repeat.name.id, Taint::param(at).into(), Binder::Round(at, &repeat.body));
        repeat.with.iter().for_each(|with| self.props(with));
        let next = self.block(&repeat.body);
        self.expr(&repeat.until);
        self.inflow((self.owner, at), start.whole, Binder::Expr(&repeat.start));
        self.inflow((self.owner, at), next.whole, Binder::Block(&repeat.body));
        let inside = self.join(start.whole, next.whole);
        self.rounds.push((at, inside));
        Taint::param(at).into()
    }
}

/// Whether only written out values match.
fn is_literal(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Literal(_) | PatternKind::None => true,
        PatternKind::Or(sides) => sides.iter().all(is_literal),
        PatternKind::Any | PatternKind::Name(_) | PatternKind::Variant { .. } | PatternKind::Bad => false,
    }
}
