//! `if`, `match`, `for`, `repeat`, `try` and `race`.

use super::{Builder, Cursor, Pair, Rule};
use crate::ast::{Block, Catch, Expr, ExprKind, ForLoop, MatchArm, Props, RaceLoop, Repeat};

impl Builder<'_> {
    /// `if_expr`: the `else if`s are flat in the grammar and nested in the tree.
    pub(super) fn if_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let span = self.span(pair);
        let arms: Vec<Pair<'_>> = Cursor::of(pair).collect();
        let built = self.within(arms.len().saturating_sub(2), span, |b| b.if_arms(arms));
        built.unwrap_or(ExprKind::Bad)
    }

    fn if_arms(&mut self, pairs: Vec<Pair<'_>>) -> ExprKind {
        let mut pairs = pairs.into_iter();
        let (Some(cond), Some(then)) = (pairs.next(), pairs.next()) else { return ExprKind::Bad };
        let first = (self.expr(cond), self.body(then));
        let mut others: Vec<Arm> = Vec::new();
        let mut otherwise: Option<Box<Expr>> = None;
        for pair in pairs {
            let span = self.span(pair);
            if pair.as_rule() == Rule::else_if {
                let mut inner = Cursor::of(pair);
                let cond = self.expr(inner.expect());
                others.push(Arm { span, cond, then: self.body(inner.expect()) });
            } else {
                let block = self.body(pair);
                otherwise = Some(Box::new(self.make(span, ExprKind::Block(block))));
            }
        }
        for arm in others.into_iter().rev() {
            let span = otherwise.as_ref().map_or(arm.span, |o| arm.span.to(o.span));
            let kind = ExprKind::If { cond: Box::new(arm.cond), then: Box::new(arm.then), otherwise };
            otherwise = Some(Box::new(self.make(span, kind)));
        }
        ExprKind::If { cond: Box::new(first.0), then: Box::new(first.1), otherwise }
    }

    /// `match_expr`
    pub(super) fn match_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut inner = Cursor::of(pair);
        let value = Box::new(self.expr(inner.expect()));
        ExprKind::Match { value, arms: inner.map(|a| self.arm(a)).collect() }
    }

    fn arm(&mut self, pair: Pair<'_>) -> MatchArm {
        let span = self.span(pair);
        let mut inner = Cursor::of(pair);
        let pattern = self.pattern(inner.expect());
        let guard = inner.when(Rule::guard).map(|g| self.expr(Cursor::of(g).expect()));
        MatchArm { pattern, guard, value: self.expr(inner.expect()), span }
    }

    /// `for_expr`: the last `with` of the head is the loop's own.
    pub(super) fn for_expr(&mut self, pair: Pair<'_>) -> ForLoop {
        let mut inner = Cursor::of(pair);
        let binding = self.binding(inner.expect());
        let items = inner.expect();
        let guard = inner.when(Rule::guard).map(|g| Cursor::of(g).expect());
        let (items, filter, with) = match guard {
            None => {
                let (items, with) = self.head(items);
                (items, None, with)
            }
            Some(guard) => {
                let items = self.expr(items);
                let (filter, with) = self.head(guard);
                (items, Some(filter), with)
            }
        };
        ForLoop { binding, items, filter, with, body: self.body(inner.expect()) }
    }

    /// `repeat_expr`
    pub(super) fn repeat_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut inner = Cursor::of(pair);
        let name = self.bound(inner.expect());
        let ty = inner.when(Rule::type_expr).map(|t| self.type_expr(t));
        let (start, with) = self.head(inner.expect());
        let body = self.body(inner.expect());
        let until = self.expr(inner.expect());
        ExprKind::Repeat(Box::new(Repeat { name, ty, start, with, body, until }))
    }

    /// `try_expr`
    pub(super) fn try_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut inner = Cursor::of(pair);
        let body = self.body(inner.expect());
        let catch = inner.when(Rule::catch).map(|pair| {
            let mut inner = Cursor::of(pair);
            Box::new(Catch { name: self.bound(inner.expect()), body: self.body(inner.expect()) })
        });
        let finally = inner.when(Rule::finally).map(|pair| Box::new(self.body(Cursor::of(pair).expect())));
        ExprKind::Try { body: Box::new(body), catch, finally }
    }

    /// `race_expr`; a `with` behind it is added by [`race_with`].
    pub(super) fn race_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let inner = Cursor::of(pair).expect();
        if inner.as_rule() == Rule::entrants {
            let entrants = Cursor::of(inner).map(|e| self.expr(e)).collect();
            return ExprKind::Race { entrants, with: None };
        }
        let ForLoop { binding, items, filter, with, body } = self.for_expr(inner);
        ExprKind::RaceFor(Box::new(RaceLoop { binding, items, filter, with, body }))
    }
}

struct Arm {
    span: crate::source::Span,
    cond: Expr,
    then: Block,
}

/// Gives a race the `with` that stands behind it, when it has none; else gives it back.
pub(super) fn race_with(race: &mut ExprKind, props: Props) -> Option<Props> {
    match race {
        ExprKind::Race { with: with @ None, .. } => *with = Some(Box::new(props)),
        ExprKind::RaceFor(race) if race.with.is_none() => race.with = Some(props),
        _ => return Some(props),
    }
    None
}
