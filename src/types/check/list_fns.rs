//! The built-in functions on lists and maps.

use super::expr::list_of;
use super::operator::{is_number, is_unit};
use super::{Checker, Want};
use crate::ast::{Arg, Expr};
use crate::types::errors::{self, Why};
use crate::types::known::record_ty;
use crate::types::{Builtin, FieldTy, Ty};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// The element type of a list argument; reports what is no list.
    fn list_arg(&mut self, f: Builtin, value: &'a Expr, want: Want<'_>) -> Option<Ty> {
        let want = match want.ty() {
            Some(ty) if matches!(*self.known().unfold(ty), Ty::List(_)) => Want::Hint(ty),
            Some(_) | None => Want::Any,
        };
        let found = self.expr(value, want);
        let inner = self.known().unfold(&found).into_owned();
        match inner {
            Ty::List(element) => Some((*element).clone()),
            Ty::Error | Ty::Never => None,
            _ => {
                let shown = self.show(&found);
                let optional = self.known().is_optional(&found);
                self.report(errors::bad_builtin_arg(value.span, f.name(), "a list", &shown, optional));
                None
            }
        }
    }

    pub(super) fn list_fn(&mut self, f: Builtin, args: &'a [Arg], want: Want<'_>) -> Ty {
        let Some(first) = args.first() else { return Ty::Error };
        let keeps =
            matches!(f, Builtin::Unique | Builtin::Sort | Builtin::Reverse | Builtin::Take | Builtin::Drop);
        let wanted = if keeps { None } else { self.wanted_list(f, want) };
        let hint = match &wanted {
            Some(ty) => Want::Hint(ty),
            None if keeps => want,
            None => Want::Any,
        };
        let element = self.list_arg(f, &first.value, hint);
        let other = match f {
            Builtin::Take | Builtin::Drop => {
                self.arg(args, 1, &Ty::Int, f);
                None
            }
            Builtin::Zip => match args.get(1) {
                Some(second) => self.list_arg(f, &second.value, Want::Any),
                None => None,
            },
            _ => None,
        };
        let Some(element) = element else { return Ty::Error };
        if element == Ty::Error {
            return Ty::Error;
        }
        match f {
            Builtin::First | Builtin::Last => self.known().optional(element),
            Builtin::Enumerate => list_of(record_ty(&[("index", Ty::Int), ("value", element)])),
            Builtin::Zip => match other {
                Some(other) => list_of(record_ty(&[("left", element), ("right", other)])),
                None => Ty::Error,
            },
            Builtin::Flatten => self.flattened(&first.value, &element),
            Builtin::Compact => match &*self.known().unfold(&element) {
                Ty::Optional(inner) => list_of((**inner).clone()),
                Ty::None => list_of(Ty::Never),
                _ => list_of(element.clone()),
            },
            Builtin::Sort if !self.known().is_ordered(&element) => {
                self.unordered(&first.value, "sort", &element)
            }
            Builtin::Unique if !self.known().has_json(&element) => {
                self.wrong(self.without_json(first.value.span, &element, "`unique`"))
            }
            Builtin::Sum => {
                let ty = self.known().unfold(&element).into_owned();
                if is_number(&ty) || is_unit(&ty) {
                    return ty;
                }
                let shown = self.show(&element);
                let what = "a list of numbers, durations, bytes or money";
                let optional = self.known().is_optional(&element);
                self.wrong(errors::bad_builtin_arg(
                    first.value.span,
                    "sum",
                    what,
                    &format!("[{shown}]"),
                    optional,
                ))
            }
            Builtin::AnyOf | Builtin::AllOf => {
                if !matches!(*self.known().unfold(&element), Ty::Bool | Ty::Never) {
                    let found = list_of(element);
                    self.fit(&first.value, found, &list_of(Ty::Bool), Why::Builtin(f));
                }
                Ty::Bool
            }
            _ => list_of(element),
        }
    }

    /// The list that a function probably takes, by what it is wanted to give.
    fn wanted_list(&self, f: Builtin, want: Want<'_>) -> Option<Ty> {
        let (wanted, _) = self.known().inner(want.ty()?);
        match (f, wanted) {
            (Builtin::Flatten, list @ Ty::List(_)) => Some(list_of(list)),
            (Builtin::Compact, Ty::List(element)) => Some(list_of(self.known().optional((*element).clone()))),
            (Builtin::First | Builtin::Last | Builtin::Sum, element) => Some(list_of(element)),
            _ => None,
        }
    }

    fn flattened(&mut self, value: &'a Expr, element: &Ty) -> Ty {
        match &*self.known().unfold(element) {
            Ty::List(inner) => list_of((**inner).clone()),
            Ty::Never => list_of(Ty::Never),
            _ => {
                let shown = format!("[{}]", self.show(element));
                self.wrong(errors::bad_builtin_arg(value.span, "flatten", "a list of lists", &shown, false))
            }
        }
    }

    fn unordered(&mut self, value: &'a Expr, f: &str, element: &Ty) -> Ty {
        let shown = self.show(element);
        let record = self.known().record(element).is_some();
        self.wrong(errors::no_order(value.span, f, &shown, record))
    }

    pub(super) fn extreme(&mut self, f: Builtin, args: &'a [Arg], want: Want<'_>) -> Ty {
        match args {
            [list] => {
                let Some(element) = self.list_arg(f, &list.value, Want::Any) else { return Ty::Error };
                if !self.known().is_ordered(&element) {
                    return self.unordered(&list.value, f.name(), &element);
                }
                self.known().optional(element)
            }
            [a, b] => {
                let want = want.ty().map_or(Want::Any, Want::Hint);
                let l = self.expr(&a.value, want);
                let r = self.expr(&b.value, Want::Hint(&l));
                if l == Ty::Error || r == Ty::Error {
                    return Ty::Error;
                }
                match self.known().join(&l, &r) {
                    Some(joined) if self.known().is_ordered(&joined) => {
                        self.convert(a.value.id, &l, &joined);
                        self.convert(b.value.id, &r, &joined);
                        joined
                    }
                    Some(joined) => self.unordered(&a.value, f.name(), &joined),
                    None => {
                        let shown = (self.show(&l), self.show(&r));
                        let what = "the two values";
                        let before = Some(a.value.span);
                        self.wrong(errors::no_common_type(b.value.span, what, &shown.0, &shown.1, before))
                    }
                }
            }
            _ => Ty::Error,
        }
    }

    /// `sort_by`, `group_by`: the field is checked against the element type.
    pub(super) fn by_field(&mut self, f: Builtin, args: &'a [Arg], want: Want<'_>) -> Ty {
        let [list, field] = args else { return Ty::Error };
        let want = if f == Builtin::SortBy { want } else { Want::Any };
        let element = self.list_arg(f, &list.value, want);
        let name = self.literal_arg(args, 1, f);
        let (Some(element), Some(name)) = (element, name) else { return Ty::Error };
        let result = match f {
            Builtin::GroupBy => Ty::Map(Arc::new(list_of(element.clone()))),
            _ => list_of(element.clone()),
        };
        if matches!(element, Ty::Error | Ty::Never) {
            return result;
        }
        let Some(record) = self.known().record(&element) else {
            let shown = format!("[{}]", self.show(&element));
            return self.wrong(errors::bad_builtin_arg(
                list.value.span,
                f.name(),
                "a list of records",
                &shown,
                false,
            ));
        };
        let Some(found) = record.field(&name) else {
            let ordered = |x: &crate::types::FieldTy| self.known().is_ordered(&x.ty);
            let names: Vec<(&str, bool)> =
                record.fields.iter().map(|x| (x.name.as_str(), ordered(x))).collect();
            let shown = self.show(&element);
            return self.wrong(errors::unknown_field(
                field.value.span,
                &name,
                &shown,
                &names,
                list.value.span,
            ));
        };
        if f == Builtin::SortBy && !self.known().is_ordered(&found.ty) {
            let ty = found.ty.clone();
            return self.unordered(&field.value, "sort_by", &ty);
        }
        if f == Builtin::GroupBy && !self.is_key(&found.ty) {
            let shown = self.show(&found.ty);
            return self.wrong(errors::bad_key(field.value.span, &shown, "`group_by`"));
        }
        result
    }

    /// Whether values of the type name something: text, whole numbers, Bools, plain enums.
    pub(super) fn is_key(&self, ty: &Ty) -> bool {
        match &*self.known().unfold(ty) {
            Ty::String | Ty::Path | Ty::Int | Ty::Bool | Ty::Error | Ty::Never => true,
            Ty::Enum(id) => self.known().variants(*id).iter().all(|v| v.fields.is_empty()),
            _ => false,
        }
    }

    pub(super) fn map_fn(&mut self, f: Builtin, args: &'a [Arg], want: Want<'_>) -> Ty {
        let Some(first) = args.first() else { return Ty::Error };
        let wanted = want.ty().map(|ty| self.known().inner(ty).0);
        if f == Builtin::FromEntries {
            let entry = match wanted {
                Some(Ty::Map(value)) => {
                    Some(list_of(record_ty(&[("key", Ty::String), ("value", (*value).clone())])))
                }
                _ => None,
            };
            return self.map_of_entries(&first.value, entry.as_ref().map_or(Want::Any, Want::Hint));
        }
        let hint = match (f, wanted) {
            (Builtin::Values, Some(Ty::List(element))) => Some(Ty::Map(element)),
            _ => None,
        };
        let found = self.expr(&first.value, hint.as_ref().map_or(Want::Any, Want::Hint));
        let inner = self.known().unfold(&found).into_owned();
        let value = match &inner {
            Ty::Map(value) => Some((**value).clone()),
            Ty::Error | Ty::Never => return Ty::Error,
            _ => self.known().record(&inner).and_then(|record| self.one_type(&record.fields)),
        };
        let Some(value) = value else {
            let shown = self.show(&found);
            let optional = self.known().is_optional(&found);
            return self.wrong(errors::bad_builtin_arg(
                first.value.span,
                f.name(),
                "a map",
                &shown,
                optional,
            ));
        };
        self.convert(first.value.id, &found, &Ty::Map(Arc::new(value.clone())));
        match f {
            Builtin::Keys => list_of(Ty::String),
            Builtin::Entries => list_of(record_ty(&[("key", Ty::String), ("value", value)])),
            _ => list_of(value),
        }
    }

    /// The type that all fields share.
    fn one_type(&self, fields: &[FieldTy]) -> Option<Ty> {
        let mut joined = Ty::Never;
        for field in fields {
            joined = self.known().join(&joined, &field.ty)?;
        }
        Some(joined)
    }

    fn map_of_entries(&mut self, value: &'a Expr, want: Want<'_>) -> Ty {
        let Some(element) = self.list_arg(Builtin::FromEntries, value, want) else { return Ty::Error };
        if element == Ty::Never {
            return Ty::Map(Arc::new(Ty::Never));
        }
        let record = self.known().record(&element);
        let key = record
            .as_ref()
            .and_then(|r| r.field("key"))
            .filter(|k| self.known().fits(&k.ty, &Ty::String).is_some());
        let inner = record.as_ref().and_then(|r| r.field("value"));
        match (key, inner) {
            (Some(_), Some(inner)) => Ty::Map(Arc::new(inner.ty.clone())),
            _ => {
                let shown = format!("[{}]", self.show(&element));
                let what = "a list of `{ key: String, value: T }`";
                self.wrong(errors::bad_builtin_arg(value.span, "from_entries", what, &shown, false))
            }
        }
    }
}
