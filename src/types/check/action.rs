//! What a task does: exactly one action, with the properties that mean something for it; and `sh` scripts.

use super::props::Site;
use super::props::is_whole;
use super::shell::{self, Fault, Piece};
use super::table::{self, ACTIONS, AGENT};
use super::{Checker, Place, Want};
use crate::ast::{Expr, ExprKind, Prop, Props, Stmt, Str, StrPart, TaskDecl};
use crate::resolve::Res;
use crate::types::errors;
use crate::types::{Builtin, Ty};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// An inline task: declared and called at once. Gives its result.
    pub(super) fn inline_task(&mut self, stmt: &'a Stmt, decl: &'a TaskDecl) -> Ty {
        let sig = self.signature_of(&decl.generics, &decl.params, decl.result.as_deref());
        if let Some(generic) = decl.generics.first() {
            self.report(errors::inline_generic(generic.span));
        }
        self.bind_params(&sig, &decl.params);
        for (param, sig) in decl.params.iter().zip(&sig.params) {
            if !sig.has_default {
                self.report(errors::inline_param(param.name.span, &param.name.text));
            }
        }
        self.makes_task(decl.name.span, &decl.name.text);
        let result = sig.result.clone().unwrap_or(Ty::Unit);
        self.inline_tasks.insert(stmt.id, sig);
        self.task(decl, &result, Site::Inline);
        self.types.insert(stmt.id, result.clone());
        result
    }

    /// The properties of a task that gives `result`.
    pub(super) fn task(&mut self, decl: &'a TaskDecl, result: &Ty, site: Site) {
        let before = self.scope.result.replace(result.clone());
        self.task_props(&decl.props, site);
        self.scope.result = before;
        self.one_action(decl);
        self.result_of_task(decl, result);
    }

    fn one_action(&mut self, decl: &'a TaskDecl) {
        let props = &decl.props;
        let mut actions = ACTIONS.iter().filter_map(|(name, bit)| Some((props.get(name)?, *bit)));
        let Some((action, bit)) = actions.next() else {
            if !is_whole(props, table::TASK) {
                return;
            }
            if let Some(prompt) = props.get("prompt") {
                self.report(errors::prompt_without_agent(prompt.name.span));
            } else {
                self.report(errors::no_action(decl.name.span, &decl.name.text));
            }
            return;
        };
        if let Some((second, _)) = actions.next() {
            self.report(errors::two_actions(
                second.name.span,
                &second.name.text,
                action.name.span,
                &action.name.text,
            ));
            return;
        }
        if bit == AGENT && props.get("prompt").is_none() && is_whole(props, table::TASK) {
            self.report(errors::missing_prompt(action.name.span, action.value.span.at_end()));
        }
        self.meaningful(props, action, bit);
    }

    /// Properties that mean nothing for the action.
    fn meaningful(&mut self, props: &'a Props, action: &'a Prop, bit: u8) {
        for prop in &props.list {
            let row = table::TASK.iter().find(|r| prop.name.text == r.name);
            if let Some(row) = row
                && row.on & bit == 0
                && ACTIONS.iter().all(|(name, _)| *name != row.name)
            {
                let of: Vec<&str> =
                    ACTIONS.iter().filter(|(_, b)| row.on & b != 0).map(|(n, _)| *n).collect();
                self.report(errors::property_without_meaning(
                    prop.name.span,
                    row.name,
                    &action.name.text,
                    action.name.span,
                    &of,
                ));
            }
        }
    }

    /// What the action of a called task is, for the properties of the call.
    pub(super) fn meaningful_in_call(&mut self, props: &'a Props, of: &'a TaskDecl) {
        let action = ACTIONS.iter().find_map(|(name, bit)| Some((of.props.get(name)?, *bit)));
        let Some((action, bit)) = action else { return };
        self.meaningful(props, action, bit);
        for (name, own) in ACTIONS {
            if let Some(other) = props.get(name).filter(|_| *own != bit) {
                let task = &of.name.text;
                self.report(errors::another_action(
                    other.name.span,
                    name,
                    task,
                    &action.name.text,
                    action.name.span,
                ));
            }
        }
    }

    fn result_of_task(&mut self, decl: &'a TaskDecl, result: &Ty) {
        let Some(written) = decl.result.as_ref().filter(|_| !decl.props.broken) else { return };
        let has = |name: &str| decl.props.get(name).is_some();
        let runs = has("run") || has("sh");
        match &*self.known().unfold(result) {
            Ty::Exit
                if !runs
                    && decl.props.list.iter().any(|p| ACTIONS.iter().any(|(n, _)| p.name.text == *n)) =>
            {
                self.report(errors::result_of_other(written.span, "Exit", "`run` or `sh`"));
            }
            Ty::Response if !has("http") => {
                self.report(errors::result_of_other(written.span, "Response", "`http`"));
            }
            _ => {}
        }
        if *result != Ty::Unit && !self.known().has_json(result) {
            self.report(self.without_json(written.span, result, "the result of a task"));
        }
    }

    /// `sh: "…"`: every interpolation is a word.
    pub(super) fn script(&mut self, value: &'a Expr) {
        let mut now = value;
        while let ExprKind::Paren(inner) = &now.kind {
            now = inner;
        }
        let r = self.r;
        let included = match &now.kind {
            ExprKind::Call { callee, .. } if self.res_of(callee) == Some(&Res::Builtin(Builtin::Include)) => {
                r.includes.get(now.id)
            }
            _ => None,
        };
        match (&now.kind, included) {
            (ExprKind::Str(text), _) => {
                self.words(text);
                self.types.insert(value.id, Ty::String);
                self.types.insert(now.id, Ty::String);
            }
            (_, Some(template)) => {
                // The call itself is typed like any other, its template word by word.
                let before = self.out.len();
                self.expr(now, Want::Any);
                self.out.truncate(before);
                self.words(template);
            }
            _ => {
                let before = self.out.len();
                let found = self.expr(value, Want::Any);
                if self.out.len() == before && found != Ty::Error {
                    self.report(errors::script_not_written(value.span));
                }
            }
        }
    }

    fn words(&mut self, text: &'a Str) {
        let mut pieces = Vec::with_capacity(text.parts.len());
        for part in &text.parts {
            pieces.push(match part {
                StrPart::Text(text, _) => Piece::Text(text),
                StrPart::Expr(_) => Piece::Hole,
            });
        }
        let mut spots = shell::holes(&pieces).into_iter();
        for part in &text.parts {
            let StrPart::Expr(value) = part else { continue };
            let spot = spots.next();
            let ty = self.word(value);
            let Some(spot) = spot else { continue };
            if let Some(fault) = spot.fault {
                let written = self.sources.text(value.span);
                let fix = self.unquoted(text, value, fault);
                self.report(errors::in_shell_text(value.span, fault, written, fix));
            } else if !spot.alone && matches!(*self.known().unfold(&ty), Ty::List(_)) {
                let shown = self.show(&ty);
                self.report(errors::list_inside_word(value.span, &shown));
            }
        }
    }

    /// A value that becomes a word; a list becomes several.
    fn word(&mut self, value: &'a Expr) -> Ty {
        let ty = self.interpolated(value);
        if ty == Ty::Secret {
            return self.wrong(errors::secret_here(value.span, "a script"));
        }
        if let Ty::List(element) = &*self.known().unfold(&ty) {
            let inner = self.known().unfold(element).into_owned();
            if matches!(inner, Ty::List(_) | Ty::Map(_) | Ty::Record(_) | Ty::Optional(_)) {
                let element: Arc<Ty> = element.clone();
                let shown = self.show(&element);
                return self.wrong(errors::bad_words(value.span, &shown));
            }
        }
        ty
    }

    /// Where the properties of a declared task stand.
    pub(super) fn declared_task(&mut self, decl: &'a TaskDecl, result: &Ty) {
        self.in_place(Place::TaskProperty, |c| c.task(decl, result, Site::Own));
    }
}

/// For messages: what the fault is called.
pub(in crate::types) fn fault_words(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::SingleQuotes => (
            "single quotes",
            "close the quotes before it and open them again after it: `'before '#{x}' after'` is one word",
        ),
        Fault::DoubleQuotes => (
            "double quotes",
            "close the quotes before it and open them again after it: `\"before \"#{x}\" after\"` is one word",
        ),
        Fault::Backticks => ("backticks", "write `$( … )` in place of the backticks"),
        Fault::HereDocument | Fault::RawDocument => {
            ("a here-document", "give the text to the task as `stdin:`")
        }
        Fault::Comment => ("a comment", "take it out of the comment"),
        Fault::Expansion => ("`${ … }`", "take it out of the braces"),
        Fault::Arithmetic => {
            ("`$(( … ))`", "compute the value in Flow, or assign it to a shell variable first")
        }
        Fault::Escaped => ("an escape: a backslash stands before it", "take the backslash away"),
    }
}
