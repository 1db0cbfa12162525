//! Calls: what is called, which argument goes where, what the type arguments are.

use super::{Checker, Want};
use crate::ast::{Arg, Expr, ExprKind, TypeExpr};
use crate::resolve::{DefId, DefKind, Res, suggest};
use crate::source::Span;
use crate::types::errors::{self, Why};
use crate::types::{Call, Callee, EnumId, Signature, Ty};

/// A parameter, as far as matching arguments goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'s> {
    pub name: &'s str,
    /// May be left out.
    pub optional: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn call(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let ExprKind::Call { callee, type_args, args } = &e.kind else { return Ty::Error };
        if let ExprKind::Name(name) = &callee.kind
            && let Some((id, at)) = self.wanted_variant(&name.text, want)
        {
            self.variants.push((callee.id, Res::Variant(id, at)));
            return self.variant_call(e, id, at, args);
        }
        let what = match self.meaning(unparen(callee)) {
            Some(Res::Def(def)) => match self.r.def(*def).kind {
                DefKind::Fn | DefKind::Task | DefKind::Workflow => {
                    return self.def_call(e, *def, type_args, args, want);
                }
                DefKind::Agent | DefKind::AgentFile(_) => "an agent: give it to a task as `agent:`",
                DefKind::Type | DefKind::Enum(_) => "a type: a record is written `{ field: value }`",
                DefKind::Resource => "a resource: it belongs in `resources: { … }`",
                DefKind::Mcp => "an mcp server: it belongs in `mcp: server.tool`",
                DefKind::Test => "a test",
            },
            Some(Res::Builtin(f)) => return self.builtin_call(e, *f, type_args, args, want),
            Some(Res::BuiltinTask(t)) => return self.builtin_task(e, *t, type_args, args),
            Some(Res::Variant(id, at)) => return self.variant_call(e, *id, *at, args),
            Some(Res::Local(_) | Res::Result) => "a value that is there already: drop the `()`",
            Some(Res::Module(_)) => "a module: call one of its names",
            Some(Res::BuiltinType | Res::TypeParam(_)) => "a type",
            Some(Res::Error) => {
                if let (ExprKind::Name(name), Some(ty)) = (&callee.kind, want.ty()) {
                    self.guess(callee, name, ty);
                }
                return self.given_up(args);
            }
            None => return self.unknown_callee(e.span, callee, args),
        };
        let shown = self.sources.text(callee.span);
        let mut diagnostic = errors::not_callable(callee.span, shown, what);
        if matches!(self.res_of(callee), Some(Res::Local(_)))
            && (crate::types::Builtin::parse(shown).is_some()
                || crate::types::BuiltinTask::parse(shown).is_some())
        {
            self.report(errors::hidden_builtin(callee.span, shown));
            return self.given_up(args);
        }
        if args.is_empty() && what.ends_with("drop the `()`") {
            diagnostic = diagnostic.safe_fix("drop the `()`", callee.span.at_end().to(e.span.at_end()), "");
        }
        self.report(diagnostic);
        self.given_up(args)
    }

    /// The function that does what a method of this name does elsewhere.
    pub(super) fn function_for(&self, name: &str) -> Option<String> {
        let callable = |res: &Res| match res {
            Res::Def(def) => {
                matches!(self.r.def(*def).kind, DefKind::Fn | DefKind::Task | DefKind::Workflow)
            }
            _ => false,
        };
        let scope = &self.r.modules.get(self.scope.module.0.0 as usize)?.scope;
        if crate::types::Builtin::parse(name).is_some() || scope.get(name).is_some_and(callable) {
            return Some(name.to_string());
        }
        suggest::value(name, true, std::iter::empty()).filter(|near| near.sure).map(|near| near.name)
    }

    fn unknown_callee(&mut self, span: Span, callee: &'a Expr, args: &'a [Arg]) -> Ty {
        if let ExprKind::Name(name) = &callee.kind {
            let place = super::props::place_of_call(&name.text);
            let diagnostic = match place {
                Some(place) => errors::property_call(callee.span, &name.text, place),
                None => errors::unknown_name(callee.span, &name.text, None),
            };
            self.report(diagnostic);
            return self.given_up(args);
        }
        if let ExprKind::Field { base, name, .. } = &callee.kind
            && let Some(function) = self.function_for(&name.text)
        {
            let found = self.expr(base, Want::Any);
            if found != Ty::Error {
                let end = args
                    .first()
                    .map_or(span.at_end(), |a| a.name.as_ref().map_or(a.value.span, |n| n.span).at_start());
                let after = base.span.at_end().to(end);
                let more = !args.is_empty();
                self.report(errors::method_call(name.span, &name.text, &function, base.span, after, more));
            }
            return self.given_up(args);
        }
        let found = self.expr(callee, Want::Any);
        if found != Ty::Error {
            let shown = self.show(&found);
            let what = format!("a value of type {shown}");
            self.report(errors::not_callable(callee.span, self.sources.text(callee.span), &what));
        }
        self.given_up(args)
    }

    /// Types the arguments of a call that cannot be made out, for what they hold inside.
    pub(super) fn given_up(&mut self, args: &'a [Arg]) -> Ty {
        for arg in args {
            self.expr(&arg.value, Want::Hint(&Ty::Error));
        }
        Ty::Error
    }

    /// Says that a task is called here; whether it may be.
    pub(super) fn makes_task(&mut self, span: Span, name: &str) {
        self.scope.tasks = self.scope.tasks.wrapping_add(1);
        let place = self.scope.place;
        if place.is_pure() {
            self.report(errors::task_in_pure(span, name, place));
        }
    }

    fn def_call(
        &mut self,
        e: &'a Expr,
        def: DefId,
        type_args: &'a [TypeExpr],
        args: &'a [Arg],
        want: Want<'_>,
    ) -> Ty {
        let Some(sig) = self.signature(def) else { return self.given_up(args) };
        let r = self.r;
        let name = &r.def(def).name.text;
        if r.def(def).kind != DefKind::Fn {
            self.makes_task(e.span, name);
        }
        let Some(places) = self.places(e.span, args, &sig, def) else {
            return self.given_up(args);
        };
        let why = |at: usize| Why::Param(def, at as u32);
        let mut types = Vec::new();
        if sig.generics.is_empty() {
            if !type_args.is_empty() {
                self.report(errors::type_args_of_call(e.span, name, 0, type_args.len()));
            }
            for (at, place) in places.iter().enumerate() {
                if let Some(arg) = place.and_then(|i| args.get(i as usize)) {
                    self.checked_expr(&arg.value, &sig.params[at].ty, why(at));
                }
            }
        } else {
            let probable = self.probable(&sig, want);
            match self.type_arguments(e.span, name, &sig, probable, type_args, args, &places, &why) {
                Some(found) => types = found,
                None => return Ty::Error,
            }
        }
        let result = match &sig.result {
            None => Ty::Unit,
            Some(ty) if types.is_empty() => ty.clone(),
            Some(ty) => ty.with_args(&types),
        };
        self.calls.insert(e.id, Call { callee: Callee::Def(def), type_args: types, args: places });
        result
    }

    fn places(
        &mut self,
        span: Span,
        args: &'a [Arg],
        sig: &Signature,
        def: DefId,
    ) -> Option<Vec<Option<u32>>> {
        if args.len() == sig.params.len() && args.iter().all(|a| a.name.is_none()) {
            return Some((0..args.len() as u32).map(Some).collect());
        }
        let slots: Vec<Slot<'_>> =
            sig.params.iter().map(|p| Slot { name: &p.name, optional: p.has_default }).collect();
        let label = self.r.def(def).name.span;
        self.match_args(span, args, &slots, |c| (c.show_signature(&c.r.def(def).name.text, sig), Some(label)))
    }

    /// Which argument each parameter takes. Reports what does not match.
    pub(super) fn match_args(
        &mut self,
        span: Span,
        args: &'a [Arg],
        slots: &[Slot<'_>],
        shown: impl Fn(&Self) -> (String, Option<Span>),
    ) -> Option<Vec<Option<u32>>> {
        let mut places: Vec<Option<u32>> = vec![None; slots.len()];
        let mut good = true;
        let mut named = false;
        for (at, arg) in args.iter().enumerate() {
            let to = match &arg.name {
                None if named => {
                    self.report(errors::position_after_name(arg.value.span));
                    return None;
                }
                None => at,
                Some(name) => {
                    named = true;
                    let Some(to) = slots.iter().position(|s| name.text == s.name) else {
                        // A parameter that is given nothing is the more likely one.
                        let given = |s: &Slot<'_>, i: usize| {
                            i < args.iter().take_while(|a| a.name.is_none()).count()
                                || args.iter().any(|a| a.name.as_ref().is_some_and(|n| n.text == s.name))
                        };
                        let names: Vec<(&str, bool)> =
                            slots.iter().enumerate().map(|(i, s)| (s.name, !given(s, i))).collect();
                        let (signature, label) = shown(self);
                        self.report(errors::unknown_argument(
                            name.span, &name.text, &names, &signature, label,
                        ));
                        good = false;
                        continue;
                    };
                    to
                }
            };
            match places.get_mut(to) {
                None => {
                    let (signature, label) = shown(self);
                    self.report(errors::too_many_args(
                        arg.value.span,
                        slots.len(),
                        args.len(),
                        &signature,
                        label,
                    ));
                    return None;
                }
                Some(Some(_)) => {
                    let at = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
                    self.report(errors::argument_twice(at, slots[to].name));
                    good = false;
                }
                Some(place) => *place = Some(at as u32),
            }
        }
        let absent = slots.iter().zip(&places).filter(|(s, p)| p.is_none() && !s.optional);
        let missing: Vec<&str> = absent.map(|(s, _)| s.name).collect();
        if good && !missing.is_empty() {
            let (signature, label) = shown(self);
            self.report(errors::missing_args(span, &missing, &signature, label));
            good = false;
        }
        good.then_some(places)
    }

    /// What the type arguments probably are, by what the call is wanted to give: a hint for its arguments, no more.
    fn probable(&self, sig: &Signature, want: Want<'_>) -> Vec<Option<Ty>> {
        let mut bound = vec![None; sig.generics.len()];
        if let (Some(result), Some(wanted)) = (&sig.result, want.ty())
            && wanted.is_settled()
        {
            self.known().infer(result, wanted, &mut bound);
        }
        bound
    }

    /// Written or inferred; the arguments are checked on the way.
    #[allow(clippy::too_many_arguments, reason = "one call's parts")]
    fn type_arguments(
        &mut self,
        span: Span,
        name: &str,
        sig: &Signature,
        probable: Vec<Option<Ty>>,
        written: &'a [TypeExpr],
        args: &'a [Arg],
        places: &[Option<u32>],
        why: &dyn Fn(usize) -> Why,
    ) -> Option<Vec<Ty>> {
        let mut bound: Vec<Option<Ty>> = vec![None; sig.generics.len()];
        if !written.is_empty() {
            if written.len() != sig.generics.len() {
                self.report(errors::type_args_of_call(span, name, sig.generics.len(), written.len()));
                self.given_up(args);
                return None;
            }
            for (slot, ty) in bound.iter_mut().zip(written) {
                *slot = Some(self.written(ty));
            }
        }
        let fixed = !written.is_empty();
        let mut late: Vec<(usize, &'a Expr, Ty)> = Vec::new();
        for (at, place) in places.iter().enumerate() {
            let Some(arg) = place.and_then(|i| args.get(i as usize)) else { continue };
            let pattern = &sig.params[at].ty;
            if fixed || !pattern.has_params() {
                let ty = pattern.with_args(&settled(&bound));
                self.checked_expr(&arg.value, &ty, why(at));
                continue;
            }
            let known = bound
                .iter()
                .zip(&probable)
                .map(|(bound, probable)| bound.clone().or_else(|| probable.clone()));
            let hint = pattern.with_args(&settled(&known.collect::<Vec<_>>()));
            let found = self.expr(&arg.value, Want::Hint(&hint));
            self.known().infer(pattern, &found, &mut bound);
            late.push((at, &arg.value, found));
        }
        for (at, slot) in bound.iter().enumerate() {
            if slot.as_ref().is_none_or(Ty::is_open) {
                self.report(errors::cannot_infer_type_arg(span, name, &sig.generics, at));
                return None;
            }
        }
        let types = settled(&bound);
        for (at, value, found) in late {
            let ty = sig.params[at].ty.with_args(&types);
            self.fit(value, found, &ty, why(at));
        }
        for ty in &types {
            if !self.known().has_json(ty) || !ty.is_small() {
                let shown = self.show(ty);
                self.report(errors::type_arg_without_json(span, name, &shown));
                return None;
            }
        }
        Some(types)
    }

    /// A variant with its payload.
    pub(super) fn variant_call(&mut self, e: &'a Expr, id: EnumId, at: u16, args: &'a [Arg]) -> Ty {
        let fields = match self.known().variants(id).get(at as usize) {
            Some(variant) => variant.fields.clone(),
            None => return self.given_up(args),
        };
        let slot = |f: &crate::types::FieldTy| f.default.is_some() || self.known().is_optional(&f.ty);
        let slots: Vec<Slot<'_>> = fields.iter().map(|f| Slot { name: &f.name, optional: slot(f) }).collect();
        let places = self.match_args(e.span, args, &slots, |c| (c.show_variant(id, at), None));
        let Some(places) = places else { return self.given_up(args) };
        for (field, place) in fields.iter().zip(&places) {
            if let Some(arg) = place.and_then(|i| args.get(i as usize)) {
                self.checked_expr(&arg.value, &field.ty, Why::Payload);
            }
        }
        self.calls
            .insert(e.id, Call { callee: Callee::Variant(id, at), type_args: Vec::new(), args: places });
        Ty::Enum(id)
    }

    /// `name<T>(a: Int, b: T = …) -> T`
    pub(super) fn show_signature(&self, name: &str, sig: &Signature) -> String {
        let param = |p: &crate::types::ParamSig| {
            let default = if p.has_default && !self.known().is_optional(&p.ty) { " = …" } else { "" };
            format!("{}: {}{default}", p.name, self.show(&p.ty))
        };
        let params: Vec<String> = sig.params.iter().map(param).collect();
        let generics =
            if sig.generics.is_empty() { String::new() } else { format!("<{}>", sig.generics.join(", ")) };
        let result = sig.result.as_ref().map_or(String::new(), |ty| format!(" -> {}", self.show(ty)));
        format!("{name}{generics}({}){result}", params.join(", "))
    }
}

fn unparen(e: &Expr) -> &Expr {
    let mut now = e;
    while let ExprKind::Paren(inner) = &now.kind {
        now = inner;
    }
    now
}

/// The arguments so far; what is not known yet keeps silent.
fn settled(bound: &[Option<Ty>]) -> Vec<Ty> {
    bound.iter().map(|slot| slot.clone().unwrap_or(Ty::Error)).collect()
}
