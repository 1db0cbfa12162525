//! Names as values: locals with what is known of them, agents, and variants where their enum is expected.

use super::{Checker, Want};
use crate::ast::{Expr, Name, NodeId};
use crate::resolve::{DefId, DefKind, Res, suggest};
use crate::types::{EnumId, Ty, errors};

impl<'a> Checker<'a> {
    /// A name, or a path that `resolve` made out as a whole.
    pub(super) fn name(&mut self, e: &'a Expr, name: &'a Name, want: Want<'_>) -> Ty {
        let res = self.meaning(e);
        if matches!(e.kind, crate::ast::ExprKind::Name(_))
            && let Some(variant) = self.wanted_variant(&name.text, want)
        {
            return self.bare_variant(e, name, variant, res);
        }
        match res {
            Some(Res::Local(id)) => self.local(e, name, *id, want),
            Some(Res::Def(def)) => self.def_as_value(e, name, *def),
            Some(Res::Result) => self.scope.result.clone().unwrap_or(Ty::Error),
            Some(Res::Variant(id, at)) => self.plain_variant(e, *id, *at),
            Some(Res::Builtin(_) | Res::BuiltinTask(_)) => {
                self.wrong(errors::not_called(e.span, &name.text, "a built-in function", false))
            }
            Some(Res::Module(_)) => {
                self.wrong(errors::not_a_value(e.span, &name.text, "a module", "use one of its names"))
            }
            Some(Res::BuiltinType | Res::TypeParam(_)) => {
                self.wrong(errors::not_a_value(e.span, &name.text, "a type", "a value stands here"))
            }
            Some(Res::Error) => {
                if let Some(ty) = want.ty() {
                    self.guess(e, name, ty);
                }
                Ty::Error
            }
            None => self.unknown(name, want),
        }
    }

    /// What a name stands for. One that an arm's pattern seemed to bind, when the pattern is a variant, means what it meant
    /// around the pattern.
    pub(super) fn meaning(&mut self, e: &'a Expr) -> Option<&'a Res> {
        let r = self.r;
        let mut res = r.res(e.id);
        if self.variant_patterns.is_empty() {
            return res;
        }
        let mut behind = false;
        while let Some(Res::Local(id)) = res
            && self.variant_patterns.contains(id)
        {
            behind = true;
            res = r.behind.get(*id);
        }
        if behind {
            self.variants.push((e.id, res.cloned().unwrap_or(Res::Error)));
        }
        res
    }

    /// Of the names that an unknown one may have meant, the one whose value fits.
    pub(super) fn guess(&mut self, e: &'a Expr, name: &'a Name, want: &Ty) {
        let r = self.r;
        if let Ty::Enum(id) = self.known().inner(want).0 {
            let variants = self.known().variants(id);
            if let Some(near) = suggest::near(&name.text, variants.iter().map(|v| v.name.as_str())) {
                self.guessed.push((name.span, near));
                return;
            }
            let names: Vec<String> = variants.iter().map(|v| v.name.to_string()).collect();
            let enum_name = self.show(&Ty::Enum(id));
            self.of_enum.push((name.span, enum_name, names));
        }
        let Some(guesses) = r.guesses.get(e.id) else { return };
        let fits = |res: &Res| {
            let ty = match res {
                Res::Local(id) => self.types.get(*id).cloned(),
                Res::Def(def) => match r.def(*def).kind {
                    DefKind::Agent | DefKind::AgentFile(_) => Some(Ty::Agent),
                    _ => self.signature(*def).map(|sig| sig.result.clone().unwrap_or(Ty::Unit)),
                },
                _ => None,
            };
            ty.is_some_and(|ty| ty != Ty::Error && self.known().fits(&ty, want).is_some())
        };
        let known = guesses.iter().map(|(name, res)| (name.as_str(), fits(res)));
        if let Some(near) = suggest::fitting(&name.text, known) {
            self.guessed.push((name.span, near));
        }
    }

    fn local(&mut self, e: &'a Expr, name: &'a Name, id: NodeId, want: Want<'_>) -> Ty {
        let Some(ty) = self.types.get(id) else {
            if self.stages.contains(&id) {
                return self.wrong(errors::stage_as_value(e.span, &name.text));
            }
            return Ty::Error;
        };
        let ty = ty.clone();
        match &ty {
            Ty::Unit if !matches!(want, Want::Nothing) => self.wrong(errors::unit_name(e.span, &name.text)),
            Ty::Optional(_) | Ty::Named(..) if self.is_narrowed(e) => {
                let known = self.known();
                if known.is_optional(&ty) { known.inner(&ty).0 } else { ty }
            }
            _ => ty,
        }
    }

    fn def_as_value(&mut self, e: &'a Expr, name: &'a Name, def: DefId) -> Ty {
        let kind = self.r.def(def).kind;
        if let DefKind::Fn | DefKind::Task | DefKind::Workflow = kind {
            let what = match kind {
                DefKind::Fn => "a fn",
                DefKind::Task => "a task",
                _ => "a workflow",
            };
            let bare = self.signature(def).is_some_and(|sig| sig.params.iter().all(|p| p.has_default));
            return self.wrong(errors::not_called(e.span, &name.text, what, bare));
        }
        let (what, way_out) = match kind {
            DefKind::Agent | DefKind::AgentFile(_) => return Ty::Agent,
            DefKind::Fn | DefKind::Task | DefKind::Workflow => return Ty::Error,
            DefKind::Type | DefKind::Enum(_) => ("a type", "a value stands here"),
            DefKind::Resource => ("a resource", "it belongs in `resources: { … }` of a task"),
            DefKind::Mcp => ("an mcp server", "it belongs in `mcp: server.tool` of a task"),
            DefKind::Test => ("a test", "a value stands here"),
        };
        self.wrong(errors::not_a_value(e.span, &name.text, what, way_out))
    }

    /// A name may be a variant that could not be read.
    pub(super) fn has_unread_variants(&self, id: EnumId) -> bool {
        self.enums.get(id.0 as usize).is_some_and(|e| e.broken)
    }

    fn unknown(&mut self, name: &'a Name, want: Want<'_>) -> Ty {
        if let Some(ty) = want.ty()
            && let Ty::Enum(id) = self.known().inner(ty).0
        {
            if self.has_unread_variants(id) {
                return Ty::Error;
            }
            let variants: Vec<&str> = self.known().variants(id).iter().map(|v| v.name.as_str()).collect();
            let enum_name = self.show(&Ty::Enum(id));
            let diagnostic = errors::unknown_variant(name.span, &name.text, &enum_name, &variants);
            return self.wrong(diagnostic);
        }
        let enums = self.enums.iter().filter(|e| e.variants.iter().any(|v| v.name == name.text));
        let owner = enums.map(|e| e.name.clone()).next();
        // What is wrong with the value beside it was told: this may be its variant.
        if owner.is_some() && want.ty() == Some(&Ty::Error) {
            return Ty::Error;
        }
        self.wrong(errors::unknown_name(name.span, &name.text, owner.as_deref()))
    }

    /// The variant of that name of the enum that is expected.
    pub(super) fn wanted_variant(&self, name: &str, want: Want<'_>) -> Option<(EnumId, u16)> {
        let id = match want.ty()? {
            Ty::Enum(id) => *id,
            ty @ (Ty::Optional(_) | Ty::Named(..)) => match self.known().inner(ty).0 {
                Ty::Enum(id) => id,
                _ => return None,
            },
            _ => return None,
        };
        self.variant_at(id, name).map(|at| (id, at))
    }

    pub(super) fn variant_at(&self, id: EnumId, name: &str) -> Option<u16> {
        self.known().variants(id).iter().position(|v| v.name == name).map(|at| at as u16)
    }

    fn bare_variant(&mut self, e: &'a Expr, name: &'a Name, of: (EnumId, u16), res: Option<&Res>) -> Ty {
        let (id, at) = of;
        if let Some(Res::Local(local)) = res
            && let Some(ty) = self.types.get(*local)
            && self.known().inner(&ty.clone()).0 == Ty::Enum(id)
        {
            let enum_name = self.show(&Ty::Enum(id));
            return self.wrong(errors::ambiguous_variant(e.span, &name.text, &enum_name));
        }
        self.variants.push((e.id, Res::Variant(id, at)));
        self.plain_variant(e, id, at)
    }

    /// A variant without arguments.
    fn plain_variant(&mut self, e: &'a Expr, id: EnumId, at: u16) -> Ty {
        let known = self.known();
        let Some(variant) = known.variants(id).get(at as usize) else { return Ty::Error };
        let needs = variant.fields.iter().any(|f| f.default.is_none() && !known.is_optional(&f.ty));
        if needs {
            let shown = self.show_variant(id, at);
            return self.wrong(errors::variant_needs_args(e.span, &shown));
        }
        Ty::Enum(id)
    }

    /// `variant(field: Type, …)`
    pub(super) fn show_variant(&self, id: EnumId, at: u16) -> String {
        let known = self.known();
        let Some(variant) = known.variants(id).get(at as usize) else { return String::new() };
        let fields: Vec<String> =
            variant.fields.iter().map(|f| format!("{}: {}", f.name, known.show(&f.ty))).collect();
        format!("{}({})", variant.name, fields.join(", "))
    }
}
