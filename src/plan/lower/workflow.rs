//! The started workflow and the workflows that it calls.
//!
//! A workflow's body is lowered once for each set of type arguments and serves all calls; it is lowered later than the
//! call, so that a long chain of calls needs no deep stack.

use super::names::Want;
use super::props::word;
use super::scope::{Place, Use};
use super::{Lowering, TypeArgs};
use crate::ast::{self, ItemKind, WorkflowDecl};
use crate::plan::{BodyId, CallSettings, Expr, Input, NodeKind, Ref};
use crate::resolve::DefId;
use crate::source::Span;
use crate::types::Ty;
use crate::value::Value;
use ecow::{EcoString, eco_format};
use std::rc::Rc;

/// A body that is still to be lowered.
pub(super) struct Waiting {
    body: BodyId,
    def: DefId,
    type_args: TypeArgs,
    /// Names of what calls pass besides the arguments.
    extra: Vec<EcoString>,
}

impl<'a> Lowering<'a> {
    /// The whole program: the started workflow, then all that it calls.
    pub(super) fn program(&mut self, def: DefId) {
        let item = self.checked.resolved.item(def);
        let ItemKind::Workflow(decl) = &item.kind else { return };
        self.spot(decl.name.span);
        let body = self.workflow(def, Rc::from([]), Vec::new());
        self.plan.workflow = decl.name.text.clone();
        self.plan.doc = item.doc.clone();
        self.inputs(def, decl, body);
        self.plan.settings = self.settings.get(&body).cloned().unwrap_or_default();
        self.lower_waiting();
    }

    /// The bodies of all workflows that were called so far, and of those that they call.
    pub(super) fn lower_waiting(&mut self) {
        while let Some(waiting) = self.waiting_workflows.pop_front() {
            self.lower_workflow(waiting);
        }
    }

    fn inputs(&mut self, def: DefId, decl: &'a WorkflowDecl, body: BodyId) {
        let signature = self.checked.signatures.get(&def);
        let result = signature.and_then(|s| s.result.as_ref()).unwrap_or(&Ty::Unit);
        self.plan.result = self.ty(result);
        for (i, param) in decl.params.iter().enumerate() {
            let ty = signature.and_then(|s| s.params.get(i)).map_or(&Ty::Error, |p| &p.ty);
            let ty = self.ty(ty);
            let default = param.default.as_ref().map(|d| self.in_frame(Rc::from([]), |l| l.expr(d)).0);
            self.places.insert(param.id, Place::Param(body, i as u16));
            let name = param.name.text.clone();
            self.plan.inputs.push(Input { name, ty, default, doc: param.doc.clone() });
        }
    }

    /// The body of a workflow at these type arguments.
    fn workflow(&mut self, def: DefId, type_args: TypeArgs, extra: Vec<EcoString>) -> BodyId {
        let key = (def, type_args.clone(), extra.clone());
        if let Some(body) = self.workflows.get(&key) {
            return *body;
        }
        let body = self.reserve_body();
        self.workflows.insert(key, body);
        if let ItemKind::Workflow(WorkflowDecl { params, with: Some(with), .. }) =
            &self.checked.resolved.item(def).kind
        {
            let (settings, _) = self.in_frame(type_args.clone(), |l| {
                for (i, param) in params.iter().enumerate() {
                    l.places.insert(param.id, Place::Param(body, i as u16));
                }
                l.settings_of(with)
            });
            self.settings.insert(body, settings);
        }
        self.waiting_workflows.push_back(Waiting { body, def, type_args, extra });
        body
    }

    fn lower_workflow(&mut self, waiting: Waiting) {
        let Waiting { body, def, type_args, extra } = waiting;
        let ItemKind::Workflow(decl) = &self.checked.resolved.item(def).kind else { return };
        self.type_args = type_args;
        let mut params: Vec<EcoString> = decl.params.iter().map(|p| p.name.text.clone()).collect();
        params.extend(extra);
        self.open_at(body, None, params, true);
        for (i, param) in decl.params.iter().enumerate() {
            self.places.insert(param.id, Place::Param(body, i as u16));
        }
        let value = self.body_block(&decl.body, Want::Plain);
        let result = self.checked.signatures.get(&def).and_then(|s| s.result.as_ref());
        self.close(result.map(|_| value));
        self.type_args = Rc::from([]);
    }

    /// A node that calls a workflow.
    #[allow(clippy::too_many_arguments, reason = "each is another part of the call")]
    pub(super) fn workflow_call(
        &mut self,
        name: EcoString,
        def: DefId,
        type_args: TypeArgs,
        mut args: Vec<Expr>,
        with: Option<&'a ast::Props>,
        mut uses: Vec<Use>,
        span: Span,
    ) -> Expr {
        let (mut extra, mut overrides) = (Vec::new(), None);
        if let Some(with) = with {
            if let Some(after) = with.get("after") {
                uses = self.after_uses(&after.value);
            }
            let mut given = self.settings_of(with);
            // What is no constant is evaluated by the caller and passed as a further argument.
            given.exprs_mut(&mut |expr| {
                if expr.as_const().is_none() {
                    let passed = Ref::Param { up: 0, index: args.len() as u16 };
                    args.push(std::mem::replace(expr, Expr::reference(passed)));
                    extra.push(eco_format!("with {}", extra.len() + 1));
                }
            });
            overrides = Some((given, with));
        }
        let body = self.workflow(def, type_args, extra);
        let mut settings = self.settings.get(&body).cloned().unwrap_or_default();
        if let Some((given, with)) = overrides {
            overlay(&mut settings, given, with);
        }
        let workflow = self.checked.resolved.def(def).name.text.clone();
        let kind = NodeKind::Call { workflow, args, settings: Box::new(settings), body };
        self.push_value(name, kind, uses, span)
    }

    /// `with { … }` of a workflow.
    fn settings_of(&mut self, with: &'a ast::Props) -> CallSettings {
        let mut settings = CallSettings::default();
        for prop in &with.list {
            match prop.name.text.as_str() {
                "parallel" => settings.parallel = Some(self.expr(&prop.value)),
                "deadline" => settings.deadline = Some(self.expr(&prop.value)),
                "env" => settings.env = Some(self.expr(&prop.value)),
                "on_failure" => settings.continue_on_failure = word(&prop.value) == "continue",
                "checkpoint" => settings.checkpoint = Some(self.one_word(&prop.value)),
                "workspace" => {
                    if word(&prop.value) != "shared" {
                        self.missing(eco_format!("`workspace: {}`", word(&prop.value)), prop.span);
                    }
                    settings.workspace = Some(self.expr(&prop.value));
                }
                name @ ("budget" | "tokens" | "schedule") => {
                    self.missing(eco_format!("`{name}` of a workflow"), prop.span);
                    if name == "budget" {
                        settings.budget = Some(self.expr(&prop.value));
                    }
                }
                _ => {}
            }
        }
        settings
    }

    /// A variant by its name, or a text.
    pub(super) fn one_word(&mut self, value: &'a ast::Expr) -> EcoString {
        let word = word(value);
        if !word.is_empty() {
            return word;
        }
        let value = self.expr(value);
        match self.constant(&value) {
            Some(Value::Str(text)) => text,
            _ => word,
        }
    }
}

/// Puts the settings that a call gives in place of the workflow's own.
fn overlay(settings: &mut CallSettings, given: CallSettings, with: &ast::Props) {
    let CallSettings { parallel, deadline, continue_on_failure, env, checkpoint, budget, workspace } = given;
    settings.workspace = workspace.or(settings.workspace.take());
    settings.budget = budget.or(settings.budget.take());
    settings.parallel = parallel.or(settings.parallel.take());
    settings.deadline = deadline.or(settings.deadline.take());
    settings.env = env.or(settings.env.take());
    settings.checkpoint = checkpoint.or(settings.checkpoint.take());
    if with.get("on_failure").is_some() {
        settings.continue_on_failure = continue_on_failure;
    }
}
