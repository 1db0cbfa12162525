//! Types as written.

use super::{Builder, Cursor, Pair, Rule, errors, mismatch};
use crate::ast::{Field, Name, TypeExpr, TypeExprKind};
use crate::source::Span;

impl Builder<'_> {
    /// `type_expr`
    pub(super) fn type_expr(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let built = self.within(1, span, |b| {
            let mut inner = Cursor::of(pair);
            let one = b.type_one(inner.expect());
            match inner.when(Rule::optional) {
                Some(_) => b.make_type(span, TypeExprKind::Optional(Box::new(one))),
                None => one,
            }
        });
        built.unwrap_or_else(|| self.make_type(span, TypeExprKind::Bad))
    }

    fn make_type(&mut self, span: Span, kind: TypeExprKind) -> TypeExpr {
        TypeExpr { id: self.fresh(), span, kind }
    }

    fn type_one(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = Cursor::of(pair);
        let kind = match rule {
            Rule::type_named => self.type_named(inner),
            Rule::type_list => TypeExprKind::List(Box::new(self.type_expr(inner.expect()))),
            Rule::type_map => {
                let key = self.type_expr(inner.expect());
                TypeExprKind::Map(Box::new(key), Box::new(self.type_expr(inner.expect())))
            }
            Rule::type_record => TypeExprKind::Record(inner.map(|f| self.field(f)).collect()),
            _ => mismatch(),
        };
        self.make_type(span, kind)
    }

    fn type_named(&mut self, inner: Cursor<'_>) -> TypeExprKind {
        let mut path: Vec<Name> = Vec::with_capacity(inner.len());
        let mut args = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::any_name => path.push(self.any_name(&pair)),
                _ => args = self.type_args(pair),
            }
        }
        match path.last() {
            Some(last) if last.text.starts_with(|c: char| c.is_ascii_uppercase()) => {
                TypeExprKind::Named { path, args }
            }
            Some(last) => {
                let report = errors::no_type_name(last.span, &last.text);
                self.report(report);
                TypeExprKind::Bad
            }
            None => TypeExprKind::Bad,
        }
    }

    /// `type_args`
    pub(super) fn type_args(&mut self, pair: Pair<'_, Rule>) -> Vec<TypeExpr> {
        Cursor::of(pair).map(|t| self.type_expr(t)).collect()
    }

    /// `field`
    pub(super) fn field(&mut self, pair: Pair<'_, Rule>) -> Field {
        let doc = self.doc(self.span(&pair));
        let mut inner = Cursor::of(pair);
        let name = self.value_name(&inner.expect(), "a field's name");
        let ty = self.type_expr(inner.expect());
        let default = inner.next().map(|e| self.expr(e));
        Field { name, ty, default, doc }
    }

    /// `generics`
    pub(super) fn generics(&mut self, pair: Option<Pair<'_, Rule>>) -> Vec<Name> {
        let Some(pair) = pair else { return Vec::new() };
        Cursor::of(pair).map(|n| self.type_name(&n, "a type parameter's name")).collect()
    }
}
