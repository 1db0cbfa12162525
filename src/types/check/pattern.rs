//! Patterns: what they take, and the types of what they bind.

use super::exhaustive::{Ctor, Pat};
use super::{Checker, Want};
use crate::ast::{Expr, ExprKind, Name, NodeId, Pattern, PatternKind, Str};
use crate::resolve::Res;
use crate::types::{EnumId, Ty, errors};
use ecow::EcoString;

impl<'a> Checker<'a> {
    /// A pattern on values of type `ty`; a bare name binds a `bound` (less than `ty` once `none` is out).
    pub(super) fn pattern(&mut self, p: &'a Pattern, ty: &Ty, bound: &Ty) -> Pat {
        match &p.kind {
            PatternKind::Any => Pat::Wild,
            PatternKind::Bad => Pat::Unknown,
            PatternKind::None => self.none_pattern(p, ty),
            PatternKind::Literal(literal) => self.literal_pattern(p, literal, ty),
            PatternKind::Name(name) => self.name_pattern(p, name, ty, bound),
            PatternKind::Variant { path, variant, args } => {
                self.variant_pattern(p, path, variant, args.as_deref(), ty)
            }
            PatternKind::Or(sides) => {
                let pats = sides.iter().map(|side| self.pattern(side, ty, bound)).collect();
                self.same_names(sides);
                Pat::Or(pats)
            }
        }
    }

    fn none_pattern(&mut self, p: &'a Pattern, ty: &Ty) -> Pat {
        let known = self.known();
        let possible =
            matches!(*known.unfold(ty), Ty::Error | Ty::None | Ty::Json | Ty::Never | Ty::Param(..));
        if !possible && !known.is_optional(ty) {
            let shown = known.show(ty);
            self.report(errors::pattern_none(p.span, &shown));
            return Pat::Unknown;
        }
        Pat::Of(Ctor::None, Vec::new())
    }

    /// Of an optional: the pattern for what is inside.
    fn inside(pat: Pat, optional: bool) -> Pat {
        if optional { Pat::Of(Ctor::Some, vec![pat]) } else { pat }
    }

    fn literal_pattern(&mut self, p: &'a Pattern, literal: &'a Expr, ty: &Ty) -> Pat {
        let (inner, optional) = self.known().inner(ty);
        let found = self.expr(literal, Want::Hint(&inner));
        if found == Ty::Error || inner == Ty::Error {
            return Pat::Unknown;
        }
        let known = self.known();
        if known.fits(&found, &inner).is_none() && known.fits(&inner, &found).is_none() {
            let shown = (known.show(&found), known.show(ty));
            self.report(errors::pattern_type(p.span, &shown.0, &shown.1));
            return Pat::Unknown;
        }
        let ctor = match &literal.kind {
            ExprKind::Bool(value) => Ctor::Bool(*value),
            ExprKind::Str(text) if text.literal().is_none() => {
                self.report(errors::pattern_interpolated(p.span));
                return Pat::Unknown;
            }
            ExprKind::Str(text) => Ctor::Literal(quoted(text)),
            _ => Ctor::Literal(self.sources.text(literal.span).into()),
        };
        Self::inside(Pat::Of(ctor, Vec::new()), optional)
    }

    fn name_pattern(&mut self, p: &'a Pattern, name: &'a Name, ty: &Ty, bound: &Ty) -> Pat {
        let (inner, optional) = self.known().inner(ty);
        let Ty::Enum(id) = inner else {
            self.types.insert(p.id, bound.clone());
            return Pat::Wild;
        };
        match self.variant_at(id, &name.text) {
            Some(at) => {
                self.variants.push((p.id, Res::Variant(id, at)));
                self.variant_patterns.insert(p.id);
                self.with_args(p, id, at, None, optional)
            }
            None => {
                self.unknown_pattern(name, id);
                self.types.insert(p.id, Ty::Error);
                Pat::Unknown
            }
        }
    }

    fn unknown_pattern(&mut self, name: &'a Name, id: EnumId) {
        if self.has_unread_variants(id) {
            return;
        }
        let known = self.known();
        let variants: Vec<&str> = known.variants(id).iter().map(|v| v.name.as_str()).collect();
        let shown = known.show(&Ty::Enum(id));
        let diagnostic = errors::unknown_variant(name.span, &name.text, &shown, &variants)
            .help("in a `match` on an enum a bare name is a variant; `_` takes everything else");
        self.report(diagnostic);
    }

    fn variant_pattern(
        &mut self,
        p: &'a Pattern,
        path: &'a [Name],
        variant: &'a Name,
        args: Option<&'a [Pattern]>,
        ty: &Ty,
    ) -> Pat {
        let (inner, optional) = self.known().inner(ty);
        let named = match self.r.res(p.id) {
            Some(Res::Variant(id, at)) => Some((*id, Some(*at))),
            Some(Res::Error) => None,
            _ => match &inner {
                Ty::Enum(id) => Some((*id, self.variant_at(*id, &variant.text))),
                _ => None,
            },
        };
        let wrong = match (&inner, named) {
            (Ty::Error, _) => true,
            (Ty::Enum(id), Some((named, Some(_)))) if named == *id => false,
            (Ty::Enum(id), Some((named, None))) if named == *id => {
                self.unknown_pattern(variant, *id);
                true
            }
            (_, None) if self.r.res(p.id) == Some(&Res::Error) => true,
            _ => {
                let path: Vec<&str> =
                    path.iter().map(|n| n.text.as_str()).chain([variant.text.as_str()]).collect();
                let shown = self.show(ty);
                self.report(errors::pattern_type(p.span, &format!("`{}`", path.join(".")), &shown));
                true
            }
        };
        match named {
            Some((id, Some(at))) if !wrong => {
                self.variants.push((p.id, Res::Variant(id, at)));
                self.with_args(p, id, at, args, optional)
            }
            _ => {
                for arg in args.unwrap_or_default() {
                    self.pattern(arg, &Ty::Error, &Ty::Error);
                }
                Pat::Unknown
            }
        }
    }

    fn with_args(
        &mut self,
        p: &'a Pattern,
        id: EnumId,
        at: u16,
        args: Option<&'a [Pattern]>,
        optional: bool,
    ) -> Pat {
        let fields: Vec<Ty> = match self.known().variants(id).get(at as usize) {
            Some(variant) => variant.fields.iter().map(|f| f.ty.clone()).collect(),
            None => Vec::new(),
        };
        let written = args.unwrap_or_default();
        if written.len() != fields.len() {
            let shown = self.show_variant(id, at);
            self.report(errors::pattern_args(p.span, &shown, fields.len(), written.len()));
            for arg in written {
                self.pattern(arg, &Ty::Error, &Ty::Error);
            }
            return Pat::Unknown;
        }
        let inner = written.iter().zip(&fields).map(|(arg, ty)| self.pattern(arg, ty, ty)).collect();
        Self::inside(Pat::Of(Ctor::Variant(id, at), inner), optional)
    }

    /// Each side of `a | b` must bind the same names to the same types.
    fn same_names(&mut self, sides: &'a [Pattern]) {
        let Some((first, others)) = sides.split_first() else { return };
        let mut names = Vec::new();
        self.bound_names(first, &mut names);
        for side in others {
            let mut own = Vec::new();
            self.bound_names(side, &mut own);
            let odd = names.iter().find(|(n, _)| !own.iter().any(|(m, _)| m == n));
            let odd = odd.or_else(|| own.iter().find(|(n, _)| !names.iter().any(|(m, _)| m == n)));
            if let Some((name, id)) = odd {
                // Where nothing is known of the value the name may be a variant.
                if self.types.get(*id) == Some(&Ty::Error) {
                    return;
                }
                self.report(errors::pattern_sides(side.span, name));
                return;
            }
            for (name, id) in &own {
                let first = names.iter().find(|(n, _)| n == name).and_then(|(_, id)| self.types.get(*id));
                if let (Some(a), Some(b)) = (first, self.types.get(*id))
                    && a != b
                    && *a != Ty::Error
                    && *b != Ty::Error
                {
                    let shown = (self.show(a), self.show(b));
                    self.report(errors::pattern_side_types(side.span, name, &shown.0, &shown.1));
                    return;
                }
            }
        }
    }

    fn bound_names(&self, p: &'a Pattern, names: &mut Vec<(EcoString, NodeId)>) {
        match &p.kind {
            PatternKind::Name(name) => {
                if !self.variant_patterns.contains(&p.id) {
                    names.push((name.text.clone(), p.id));
                }
            }
            PatternKind::Variant { args, .. } => {
                for arg in args.iter().flatten() {
                    self.bound_names(arg, names);
                }
            }
            PatternKind::Or(sides) => {
                if let Some(first) = sides.first() {
                    self.bound_names(first, names);
                }
            }
            PatternKind::Any | PatternKind::None | PatternKind::Literal(_) | PatternKind::Bad => {}
        }
    }
}

fn quoted(text: &Str) -> EcoString {
    ecow::eco_format!("\"{}\"", text.literal().unwrap_or_default())
}
