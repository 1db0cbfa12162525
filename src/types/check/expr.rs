//! Expressions: the dispatch, texts, fields and indices.

use super::{Checker, Want};
use crate::ast::{Expr, ExprKind, Name, Str, StrPart};
use crate::resolve::Res;
use crate::types::Ty;
use crate::types::errors::{self, Why};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// The type of an expression; with an expected type it is checked to fit, and what it converts is noted.
    pub(super) fn expr(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let found = self.kind(e, want);
        if let Want::Type(ty, why) = want {
            let fitted = self.fit(e, found.clone(), ty, why);
            let value = if fitted == Ty::Error { Ty::Error } else { ty.clone() };
            self.types.insert(e.id, found);
            return value;
        }
        self.types.insert(e.id, found.clone());
        found
    }

    fn kind(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        match &e.kind {
            ExprKind::None => Ty::None,
            ExprKind::Bool(_) => Ty::Bool,
            ExprKind::Int(_) => Ty::Int,
            ExprKind::Float(_) => Ty::Float,
            ExprKind::Duration(_) => Ty::Duration,
            ExprKind::Bytes(_) => Ty::Bytes,
            ExprKind::Money(_) => Ty::Money,
            ExprKind::Str(text) => self.text(text, want),
            ExprKind::Name(name) => self.name(e, name, want),
            ExprKind::Field { base, name, optional } => self.field(e, base, name, *optional, want),
            ExprKind::Index { base, index } => self.index(base, index),
            ExprKind::Call { .. } => self.call(e, want),
            ExprKind::With { base, props } => self.with(e, base, props, want),
            ExprKind::Unary { op, operand } => self.unary(e, *op, operand),
            ExprKind::Binary { .. } => self.binary(e, want),
            ExprKind::If { .. } => self.if_else(e, want),
            ExprKind::Match { value, arms } => self.match_arms(e, value, arms, want),
            ExprKind::For(each) => self.for_each(each, want),
            ExprKind::Repeat(repeat) => self.repeat(repeat, want),
            ExprKind::Try { .. } => self.try_catch(e, want),
            ExprKind::Race { entrants, with } => self.race(e, entrants, with.as_deref(), want),
            ExprKind::RaceFor(race) => self.race_for(race, want),
            ExprKind::Block(block) => {
                let found = self.block(block, want);
                passed(want, found)
            }
            ExprKind::List(elements) => self.list(e, elements, want),
            ExprKind::Record(entries) => self.record(e, entries, want),
            ExprKind::Paren(inner) => {
                let found = self.expr(inner, want);
                passed(want, found)
            }
            ExprKind::Bad => Ty::Error,
        }
    }

    /// A string literal: a `Path` where one is expected, a `Secret` when one is inside.
    pub(super) fn text(&mut self, text: &'a Str, want: Want<'_>) -> Ty {
        let mut secret = false;
        for part in &text.parts {
            if let StrPart::Expr(value) = part {
                secret |= self.interpolated(value) == Ty::Secret;
            }
        }
        match want.ty() {
            _ if secret => Ty::Secret,
            Some(ty) if *ty != Ty::String && self.known().inner(ty).0 == Ty::Path => Ty::Path,
            Some(_) | None => Ty::String,
        }
    }

    /// A value that becomes text.
    pub(super) fn interpolated(&mut self, value: &'a Expr) -> Ty {
        let ty = self.expr(value, Want::Any);
        match &ty {
            Ty::String | Ty::Int | Ty::Path | Ty::Secret | Ty::Error | Ty::Never => return ty,
            _ => {}
        }
        if self.known().is_optional(&ty) {
            let shown = self.show(&ty);
            return self.wrong(errors::none_in_text(value.span, &shown));
        }
        if *self.known().unfold(&ty) == Ty::Secret {
            return Ty::Secret;
        }
        if !self.known().has_json(&ty) {
            if self.known().holds_secret(&ty) {
                return self.wrong(errors::secret_here(value.span, "a text"));
            }
            let shown = self.show(&ty);
            return self.wrong(errors::no_text(value.span, &shown, ty == Ty::Unit));
        }
        ty
    }

    fn field(&mut self, e: &'a Expr, base: &'a Expr, name: &'a Name, optional: bool, want: Want<'_>) -> Ty {
        if self.r.res(e.id).is_some() {
            return self.name(e, name, want);
        }
        let found = self.expr(base, Want::Any);
        if found == Ty::Error {
            return Ty::Error;
        }
        let (inner, may_be_none) = self.known().inner(&found);
        if may_be_none && !optional {
            let shown = self.show(&found);
            return self.wrong(errors::none_field(
                base.span.at_end().to(e.span.at_end()),
                base.span,
                &name.text,
                &shown,
            ));
        }
        let silent = matches!(inner, Ty::None | Ty::Error | Ty::Never) || self.is_narrowed(base);
        if optional && !may_be_none && !silent {
            let shown = self.show(&found);
            return self.wrong(errors::never_none(
                base.span,
                "`?.`",
                &shown,
                base.span.at_end().to(name.span.at_start()),
            ));
        }
        let ty = match self.field_ty(&inner, name, base, want) {
            Some(ty) => ty,
            None => return Ty::Error,
        };
        let ty =
            if self.known().is_optional(&ty) && self.is_narrowed(e) { self.known().inner(&ty).0 } else { ty };
        if may_be_none && !self.is_narrowed(e) { self.known().optional(ty) } else { ty }
    }

    /// The type of a field; reports what has none of that name.
    fn field_ty(&mut self, base_ty: &Ty, name: &'a Name, base: &'a Expr, want: Want<'_>) -> Option<Ty> {
        if let Some(record) = self.known().record(base_ty) {
            if let Some(field) = record.field(&name.text) {
                return Some(field.ty.clone());
            }
            // What could not be read of a field may be the rest of its name.
            if record.fields.iter().any(|f| f.ty == Ty::Error && name.text.starts_with(f.name.as_str())) {
                return None;
            }
            let fits = |ty: &Ty| want.ty().is_some_and(|want| self.known().fits(ty, want).is_some());
            let fields: Vec<(&str, bool)> =
                record.fields.iter().map(|f| (f.name.as_str(), fits(&f.ty))).collect();
            let shown = self.show(base_ty);
            self.report(errors::unknown_field(name.span, &name.text, &shown, &fields, base.span));
            return None;
        }
        if matches!(base_ty, Ty::List(_) | Ty::Map(_) | Ty::String | Ty::Path)
            && let Some(function) = self.function_for(&name.text)
        {
            let after = base.span.at_end().to(name.span.at_end());
            self.report(errors::method_call(name.span, &name.text, &function, base.span, after, false));
            return None;
        }
        if !matches!(base_ty, Ty::Error | Ty::Never) {
            let shown = self.show(base_ty);
            self.report(errors::no_fields(name.span, &name.text, &shown, base_ty));
        }
        None
    }

    fn index(&mut self, base: &'a Expr, index: &'a Expr) -> Ty {
        let found = self.expr(base, Want::Any);
        let (inner, may_be_none) = self.known().inner(&found);
        if may_be_none || inner == Ty::None {
            self.expr(index, Want::Any);
            let shown = self.show(&found);
            return self.wrong(errors::none_index(base.span, &shown));
        }
        match &inner {
            Ty::List(element) => {
                let element = (**element).clone();
                self.checked_expr(index, &Ty::Int, Why::Index);
                self.index_in_range(base, index);
                element
            }
            Ty::Map(value) => {
                let value = (**value).clone();
                self.checked_expr(index, &Ty::String, Why::Key);
                self.known().optional(value)
            }
            _ => {
                self.expr(index, Want::Any);
                if matches!(inner, Ty::Error | Ty::Never) {
                    return Ty::Error;
                }
                let shown = self.show(&found);
                let known = self.known().record(&inner);
                let key = match &index.kind {
                    ExprKind::Str(text) => text.literal(),
                    _ => None,
                };
                let field = key.filter(|key| known.is_some_and(|r| r.field(key).is_some()));
                let behind = crate::source::Span { start: base.span.end, ..index.span };
                self.wrong(errors::no_index(base.span, &shown, &inner, field.as_deref().zip(Some(behind))))
            }
        }
    }

    /// A condition.
    pub(super) fn condition(&mut self, cond: &'a Expr, what: &'static str) {
        self.checked_expr(cond, &Ty::Bool, Why::Condition(what));
    }

    /// The template of `include("…")`, checked where the call stands.
    pub(super) fn included(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let r = self.r;
        match r.includes.get(e.id) {
            Some(template) => self.text(template, want),
            None => Ty::String,
        }
    }

    /// What a name or path stands for, through parentheses.
    pub(super) fn res_of(&self, e: &'a Expr) -> Option<&'a Res> {
        let mut now = e;
        while let ExprKind::Paren(inner) = &now.kind {
            now = inner;
        }
        let r = self.r;
        r.res(now.id)
    }
}

/// The type of a construct whose parts were checked against `want`.
pub(super) fn passed(want: Want<'_>, found: Ty) -> Ty {
    match want {
        Want::Type(ty, _) if !matches!(found, Ty::Error | Ty::Never) => ty.clone(),
        Want::Nothing => Ty::Unit,
        Want::Any | Want::Hint(_) | Want::Type(..) => found,
    }
}

/// The list of a type.
pub(super) fn list_of(ty: Ty) -> Ty {
    Ty::List(Arc::new(ty))
}
