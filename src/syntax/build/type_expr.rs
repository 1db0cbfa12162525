//! Types as written.

use super::{Builder, Cursor, Pair, Rule, errors, mismatch};
use crate::ast::{Field, List, Name, TypeExpr, TypeExprKind};
use crate::source::Span;
use crate::syntax::explain::Braces;
use ecow::EcoString;

impl Builder<'_> {
    /// `type_expr`
    pub(super) fn type_expr(&mut self, pair: Pair<'_>) -> TypeExpr {
        let span = self.span(pair);
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

    fn type_one(&mut self, pair: Pair<'_>) -> TypeExpr {
        let span = self.span(pair);
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
        let mut args = List::default();
        for pair in inner {
            match pair.as_rule() {
                Rule::any_name => path.push(self.any_name(pair)),
                _ => args = self.type_args(pair),
            }
        }
        match path.last() {
            Some(last) if last.text.starts_with(|c: char| c.is_ascii_uppercase()) => {
                TypeExprKind::Named { path: path.into(), args }
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
    pub(super) fn type_args(&mut self, pair: Pair<'_>) -> List<TypeExpr> {
        Cursor::of(pair).map(|t| self.type_expr(t)).collect()
    }

    /// `field`
    pub(super) fn field(&mut self, pair: Pair<'_>) -> Field {
        let doc = self.doc(self.span(pair));
        let mut inner = Cursor::of(pair);
        let name = self.value_name(inner.expect(), "a field's name");
        let ty = self.type_expr(inner.expect());
        let default = inner.next().map(|e| self.expr(e));
        Field { name, ty, default, doc }
    }

    /// `part_record`: of a field that cannot be read the name is known, or else nothing of the type.
    pub(super) fn part_record(&mut self, pair: Pair<'_>) -> TypeExpr {
        let span = self.span(pair);
        let mut braces = Braces::of(pair, Rule::strict_fields);
        let (mut fields, mut whole): (Vec<Field>, bool) = (Vec::new(), true);
        for pair in Cursor::of(pair) {
            if pair.as_rule() != Rule::bad_prop {
                fields.push(self.field(pair));
                continue;
            }
            let before = fields.last().map(|f| Span { end: f.ty.span.end, ..f.name.span });
            if self.bad_part(pair, before, &mut braces) {
                if let Some(last) = fields.last_mut() {
                    last.ty.kind = TypeExprKind::Bad;
                    last.default = None;
                }
                continue;
            }
            let at = self.span(pair);
            match word_at(pair.as_str()) {
                Some(name) => {
                    let name =
                        Name { text: name.into(), span: Span { end: at.start + name.len() as u32, ..at } };
                    let ty = self.make_type(at, TypeExprKind::Bad);
                    fields.push(Field { name, ty, default: None, doc: EcoString::new() });
                }
                None => whole = false,
            }
        }
        let kind = if whole { TypeExprKind::Record(fields.into()) } else { TypeExprKind::Bad };
        self.make_type(span, kind)
    }

    /// `generics`
    pub(super) fn generics(&mut self, pair: Option<Pair<'_>>) -> List<Name> {
        let Some(pair) = pair else { return List::default() };
        Cursor::of(pair).map(|n| self.type_name(n, "a type parameter's name")).collect()
    }
}

/// The name at the start of a text.
fn word_at(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let name = &text[..end];
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_').then_some(name)
}
