//! Lists and records as written.

use super::expr::list_of;
use super::{Checker, Want};
use crate::ast::{Element, Entry, Expr, Key, NodeId};
use crate::resolve::suggest;
use crate::source::Span;
use crate::types::errors::{self, Why};
use crate::types::{FieldTy, RecordTy, Ty};
use ecow::EcoString;
use foldhash::{HashMap, HashMapExt as _};
use std::sync::Arc;

/// A value that shares its type with others: where it stands, and what it is alone.
#[derive(Debug)]
pub(super) struct Part {
    /// Where its conversion is noted.
    pub id: Option<NodeId>,
    pub span: Span,
    pub ty: Ty,
}

impl<'a> Checker<'a> {
    pub(super) fn list(&mut self, _e: &'a Expr, elements: &'a [Element], want: Want<'_>) -> Ty {
        let target = want.ty().map(|ty| self.known().inner(ty).0);
        let (element, strict) = match (&target, want) {
            (Some(Ty::List(element)), Want::Type(_, why)) => ((**element).clone(), Some(why)),
            (Some(Ty::List(element)), _) => ((**element).clone(), None),
            (Some(Ty::Json), Want::Type(_, why)) => (Ty::Json, Some(why)),
            _ => (Ty::Error, None),
        };
        match strict {
            Some(why) => self.list_against(elements, element, why),
            None => self.list_alone(elements, &element),
        }
    }

    fn list_against(&mut self, elements: &'a [Element], element: Ty, why: Why) -> Ty {
        let whole = list_of(element);
        let Ty::List(element) = &whole else { return Ty::Error };
        for each in elements {
            let ty = if each.splice { &whole } else { &**element };
            self.checked_expr(&each.value, ty, why);
        }
        whole
    }

    /// The elements join. `hint`: what they probably are, or `Error`.
    fn list_alone(&mut self, elements: &'a [Element], hint: &Ty) -> Ty {
        let mut parts = Vec::with_capacity(elements.len());
        let mut splices = Vec::new();
        let whole_hint = (*hint != Ty::Error).then(|| list_of(hint.clone()));
        for each in elements {
            let want = if *hint == Ty::Error { Want::Any } else { Want::Hint(hint) };
            let found = if each.splice {
                let found = self.expr(&each.value, whole_hint.as_ref().map_or(Want::Any, Want::Hint));
                match self.known().inner(&found) {
                    (Ty::List(inner), false) => {
                        splices.push(&each.value);
                        parts.push(Part { id: None, span: each.value.span, ty: (*inner).clone() });
                    }
                    (Ty::Error | Ty::Never, _) => {}
                    _ => {
                        let shown = self.show(&found);
                        self.report(errors::bad_splice(each.value.span, &shown));
                    }
                }
                continue;
            } else {
                self.expr(&each.value, want)
            };
            parts.push(Part { id: Some(each.value.id), span: each.value.span, ty: found });
        }
        let whole = list_of(self.join_parts(&parts, "the elements of this list"));
        for value in splices {
            if let Some(found) = self.types.get(value.id).cloned() {
                self.convert(value.id, &found, &whole);
            }
        }
        whole
    }

    /// The one type of several values, each converted to it.
    pub(super) fn join_parts(&mut self, parts: &[Part], what: &'static str) -> Ty {
        let mut joined = Ty::Never;
        let mut unchanged = true;
        let mut first: Option<&Part> = None;
        for part in parts {
            if part.ty == joined {
                continue;
            }
            unchanged &= joined == Ty::Never;
            match self.known().join(&joined, &part.ty) {
                Some(ty) => joined = ty,
                None => {
                    let shown = (self.show(&joined), self.show(&part.ty));
                    let before = first.map(|p| p.span);
                    return self.wrong(errors::no_common_type(part.span, what, &shown.0, &shown.1, before));
                }
            }
            if !matches!(part.ty, Ty::Never | Ty::None) {
                first = first.or(Some(part));
            }
        }
        if !unchanged {
            for part in parts {
                if let Some(id) = part.id {
                    self.convert(id, &part.ty, &joined);
                }
            }
        }
        joined
    }

    pub(super) fn record(&mut self, e: &'a Expr, entries: &'a [Entry], want: Want<'_>) -> Ty {
        self.refuse_duplicates(entries);
        let target = want.ty().map(|ty| self.known().inner(ty).0);
        match (target, want) {
            (Some(Ty::Map(value)), Want::Type(_, why)) => self.map_against(entries, &value, why),
            (Some(Ty::Json), Want::Type(_, why)) => self.map_against(entries, &Ty::Json, why),
            (Some(Ty::Map(value)), _) if value.is_settled() => self.map_hinted(entries, &value),
            (Some(ty), _) => match self.known().record(&ty) {
                Some(record) => self.record_against(e, entries, &record, want),
                None => self.record_alone(entries),
            },
            (None, _) => self.record_alone(entries),
        }
    }

    fn refuse_duplicates(&mut self, entries: &'a [Entry]) {
        let keys = || entries.iter().filter_map(key_of);
        if entries.len() <= 8 {
            for (at, key) in keys().enumerate() {
                if let Some(first) = keys().take(at).find(|k| k.text == key.text) {
                    self.report(errors::duplicate("field", &key.text, key.span, Some(first.span)));
                }
            }
            return;
        }
        let mut seen: HashMap<&EcoString, Span> = HashMap::with_capacity(entries.len());
        for key in keys() {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.report(errors::duplicate("field", &key.text, key.span, Some(first)));
            }
        }
    }

    fn map_against(&mut self, entries: &'a [Entry], value: &Ty, why: Why) -> Ty {
        let whole = Ty::Map(Arc::new(value.clone()));
        for entry in entries {
            match entry {
                Entry::Field { value: each, .. } => self.checked_expr(each, value, why),
                Entry::Spread(each) => self.checked_expr(each, &whole, why),
            };
        }
        whole
    }

    /// A map if its values fit those that are probably meant, else a record.
    fn map_hinted(&mut self, entries: &'a [Entry], value: &Ty) -> Ty {
        let mut fields: Vec<FieldTy> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Entry::Field { key, value: each } = entry else { return self.record_alone(entries) };
            let ty = self.expr(each, Want::Hint(value));
            put(&mut fields, &key.text, ty);
        }
        let good = |ty: &Ty| *ty != Ty::Unit && self.known().fits(ty, value).is_some();
        if !fields.iter().all(|f| good(&f.ty)) {
            return Ty::Record(Arc::new(RecordTy { fields }));
        }
        for entry in entries {
            if let Entry::Field { value: each, .. } = entry
                && let Some(found) = self.types.get(each.id).cloned()
            {
                self.convert(each.id, &found, value);
            }
        }
        Ty::Map(Arc::new(value.clone()))
    }

    fn record_against(
        &mut self,
        e: &'a Expr,
        entries: &'a [Entry],
        target: &Arc<RecordTy>,
        want: Want<'_>,
    ) -> Ty {
        let mut fields: Vec<FieldTy> = Vec::with_capacity(entries.len());
        let mut exact = entries.len() == target.fields.len();
        let mut bad = false;
        for (at, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Spread(value) => {
                    exact = false;
                    bad |= !self.spread(value, &mut fields);
                }
                Entry::Field { key, value } => {
                    let wanted = target.fields.get(at).filter(|f| f.name == key.text);
                    exact &= wanted.is_some();
                    let wanted = wanted.or_else(|| target.field(&key.text));
                    let ty = match (wanted, want) {
                        (Some(field), Want::Type(_, why)) => {
                            self.checked_expr(value, &field.ty, why.inside())
                        }
                        (Some(field), _) => self.expr(value, Want::Hint(&field.ty)),
                        (None, _) => self.expr(value, Want::Any),
                    };
                    bad |= ty == Ty::Error;
                    if !exact {
                        put(&mut fields, &key.text, ty);
                    } else {
                        fields.push(FieldTy { ty, ..target.fields[at].clone() });
                    }
                }
            }
        }
        let Want::Type(ty, why) = want else {
            return self.record_hinted(e, entries, Ty::Record(Arc::new(RecordTy { fields })), want);
        };
        if bad {
            return Ty::Error;
        }
        if exact {
            return ty.clone();
        }
        if self.missing_fields(e, entries, &fields, target, why) {
            return Ty::Error;
        }
        Ty::Record(Arc::new(RecordTy { fields }))
    }

    /// The record that is probably meant, where the literal is one that only leaves out what has a default.
    fn record_hinted(&mut self, e: &'a Expr, entries: &'a [Entry], found: Ty, want: Want<'_>) -> Ty {
        let Some(hint) = want.ty().map(|ty| self.known().inner(ty).0).filter(Ty::is_settled) else {
            return found;
        };
        let (Some(target), Ty::Record(own)) = (self.known().record(&hint), &found) else { return found };
        let plain = entries.iter().all(|entry| matches!(entry, Entry::Field { .. }));
        let known = own.fields.iter().all(|f| target.field(&f.name).is_some());
        if !plain || !known || self.known().fits(&found, &hint).is_none() {
            return found;
        }
        self.convert(e.id, &found, &hint);
        hint
    }

    /// Reports the fields that a literal lacks, and those that look like a misspelt one. Whether there were any.
    fn missing_fields(
        &mut self,
        e: &'a Expr,
        entries: &'a [Entry],
        fields: &[FieldTy],
        target: &RecordTy,
        why: Why,
    ) -> bool {
        let absent = |f: &&FieldTy| !fields.iter().any(|g| g.name == f.name);
        let absent: Vec<&FieldTy> = target.fields.iter().filter(absent).collect();
        let extra = entries.iter().filter_map(key_of).filter(|k| target.field(&k.text).is_none());
        for key in extra {
            let given = fields.iter().find(|f| f.name == key.text).map(|f| &f.ty);
            let fits = |f: &FieldTy| given.is_some_and(|ty| self.known().fits(ty, &f.ty).is_some());
            let names = absent.iter().map(|f| (f.name.as_str(), fits(f)));
            if let Some(near) = suggest::fitting(&key.text, names) {
                self.report(errors::misspelt_field(key.span, &key.text, &near));
                return true;
            }
        }
        let needed: Vec<String> = absent
            .iter()
            .filter(|f| f.default.is_none() && f.ty != Ty::Error && !self.known().is_optional(&f.ty))
            .map(|f| format!("{}: {}", f.name, self.show(&f.ty)))
            .collect();
        if needed.is_empty() {
            return false;
        }
        let diagnostic = errors::missing_fields(&self.context(), e.span, &needed, why);
        self.report(diagnostic);
        true
    }

    fn record_alone(&mut self, entries: &'a [Entry]) -> Ty {
        let mut fields: Vec<FieldTy> = Vec::with_capacity(entries.len());
        let mut map: Option<Ty> = None;
        let mut bad = false;
        for entry in entries {
            match entry {
                Entry::Field { key, value } => {
                    let ty = self.expr(value, Want::Any);
                    if ty == Ty::Unit {
                        self.report(errors::no_value(value.span, "this field"));
                        bad = true;
                    }
                    put(&mut fields, &key.text, ty);
                }
                Entry::Spread(value) => match self.spread_of_map(value) {
                    Some(ty) => map = Some(ty),
                    None => bad |= !self.spread(value, &mut fields),
                },
            }
        }
        let Some(map) = map else {
            return if bad { Ty::Error } else { Ty::Record(Arc::new(RecordTy { fields })) };
        };
        let part = |f: &FieldTy| Part { id: None, span: span_of(entries, &f.name), ty: f.ty.clone() };
        let mut parts: Vec<Part> = fields.iter().map(part).collect();
        parts.insert(0, Part { id: None, span: span_of(entries, ""), ty: map });
        Ty::Map(Arc::new(self.join_parts(&parts, "the values of this map")))
    }

    /// The values of a map that is spread; `None` (and nothing done) for anything else.
    fn spread_of_map(&mut self, value: &'a Expr) -> Option<Ty> {
        let before = self.out.len();
        let found = self.expr(value, Want::Any);
        if self.out.len() > before {
            return None;
        }
        match self.known().inner(&found) {
            (Ty::Map(inner), false) => Some((*inner).clone()),
            _ => None,
        }
    }

    /// Adds the fields of a record that is spread. Whether it is one.
    fn spread(&mut self, value: &'a Expr, fields: &mut Vec<FieldTy>) -> bool {
        let found = match self.types.get(value.id) {
            Some(found) => found.clone(),
            None => self.expr(value, Want::Any),
        };
        let Some(record) = self.known().record(&found) else {
            if found != Ty::Error {
                let shown = self.show(&found);
                self.report(errors::bad_spread(value.span, &shown));
            }
            return false;
        };
        for field in &record.fields {
            put(fields, &field.name, field.ty.clone());
        }
        true
    }
}

/// A field in place of one of the same name, else at the end.
fn put(fields: &mut Vec<FieldTy>, name: &EcoString, ty: Ty) {
    match fields.iter_mut().find(|f| f.name == *name) {
        Some(field) => field.ty = ty,
        None => fields.push(FieldTy { name: name.clone(), ty, default: None, doc: EcoString::new() }),
    }
}

fn key_of(entry: &Entry) -> Option<&Key> {
    match entry {
        Entry::Field { key, .. } => Some(key),
        Entry::Spread(_) => None,
    }
}

fn span_of(entries: &[Entry], name: &str) -> Span {
    let field = entries.iter().find_map(|entry| match entry {
        Entry::Field { key, value } if key.text == name => Some(value.span),
        Entry::Field { .. } => None,
        Entry::Spread(value) if name.is_empty() => Some(value.span),
        Entry::Spread(_) => None,
    });
    field
        .or_else(|| {
            entries.first().map(|e| match e {
                Entry::Field { value, .. } | Entry::Spread(value) => value.span,
            })
        })
        .unwrap_or(Span::new(crate::source::FileId(0), 0, 0))
}
