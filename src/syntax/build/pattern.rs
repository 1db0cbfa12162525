//! Patterns of `match` arms and mocks.

use super::{Builder, Cursor, Pair, Rule};
use crate::ast::{ExprKind, Name, Pattern, PatternKind, UnaryOp};

impl Builder<'_> {
    /// `pattern`
    pub(super) fn pattern(&mut self, pair: Pair<'_>) -> Pattern {
        let span = self.span(pair);
        let built = self.within(1, span, |b| {
            let mut sides: Vec<Pattern> = Cursor::of(pair).map(|p| b.pattern_one(p)).collect();
            match (sides.len(), sides.pop()) {
                (1, Some(only)) => only,
                (_, last) => {
                    sides.extend(last);
                    Pattern { id: b.fresh(), span, kind: PatternKind::Or(sides.into()) }
                }
            }
        });
        built.unwrap_or_else(|| Pattern { id: self.fresh(), span, kind: PatternKind::Bad })
    }

    fn pattern_one(&mut self, pair: Pair<'_>) -> Pattern {
        let span = self.span(pair);
        let kind = match pair.as_rule() {
            Rule::path => self.path(pair),
            Rule::word_literal if pair.as_str() == "none" => PatternKind::None,
            Rule::negative => {
                let operand = Cursor::of(pair).expect();
                let operand_span = self.span(operand);
                self.negated_at = Some(operand_span.start);
                let kind = match self.primary_kind(operand) {
                    ExprKind::Int(i64::MIN) => ExprKind::Int(i64::MIN),
                    kind => {
                        let operand = Box::new(self.make(operand_span, kind));
                        ExprKind::Unary { op: UnaryOp::Neg, operand }
                    }
                };
                PatternKind::Literal(Box::new(self.make(span, kind)))
            }
            _ => {
                let kind = self.primary_kind(pair);
                PatternKind::Literal(Box::new(self.make(span, kind)))
            }
        };
        Pattern { id: self.fresh(), span, kind }
    }

    fn path(&mut self, pair: Pair<'_>) -> PatternKind {
        let inner = Cursor::of(pair);
        let mut names: Vec<Name> = Vec::with_capacity(inner.len());
        let mut args = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::path_args => args = Some(Cursor::of(pair).map(|p| self.pattern(p)).collect()),
                _ => names.push(self.any_name(pair)),
            }
        }
        match (names.len(), names.pop(), args) {
            (1, Some(name), None) if name.text == "_" => PatternKind::Any,
            (1, Some(name), None) => PatternKind::Name(name),
            (_, Some(variant), args) => PatternKind::Variant { path: names.into(), variant, args },
            (_, None, _) => PatternKind::Bad,
        }
    }
}
