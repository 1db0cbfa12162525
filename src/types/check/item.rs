//! The bodies of declarations.

use super::props::Site;
use super::props::is_whole;
use super::{Checker, Place, Want, table};
use crate::ast::{ActorDecl, ActorKind, FnDecl, ItemKind, Param, TaskDecl, TestDecl, TestStmt, WorkflowDecl};
use crate::resolve::{DefId, DefKind};
use crate::types::errors::{self, Why};
use crate::types::{Signature, Ty};

impl<'a> Checker<'a> {
    /// Checks every body; tests last, since they name what stands inside workflows.
    pub(super) fn bodies(&mut self) {
        let r = self.r;
        for at in 0..r.defs.len() {
            let def = DefId(at as u32);
            match (r.def(def).kind, &r.item(def).kind) {
                (DefKind::Fn, ItemKind::Fn(decl)) => self.fn_body(def, decl),
                (DefKind::Task, ItemKind::Task(decl)) => self.task_body(def, decl),
                (DefKind::Workflow, ItemKind::Workflow(decl)) => self.workflow_body(def, decl),
                (DefKind::Agent | DefKind::Resource | DefKind::Mcp, ItemKind::Actor(decl)) => {
                    self.enter(r.def(def).module, Place::Constant);
                    self.actor(decl);
                }
                _ => {}
            }
        }
        for at in 0..r.defs.len() {
            let def = DefId(at as u32);
            if let (DefKind::Test, ItemKind::Test(decl)) = (r.def(def).kind, &r.item(def).kind) {
                self.enter(r.def(def).module, Place::Tasks);
                self.test(decl);
            }
        }
    }

    /// Gives the parameters their types and checks their defaults.
    pub(super) fn bind_params(&mut self, sig: &Signature, params: &'a [Param]) {
        for (param, sig) in params.iter().zip(&sig.params) {
            if let Some(default) = &param.default {
                self.pure(Place::Default, default, &sig.ty, Why::Written(param.ty.span));
            }
            self.types.insert(param.id, sig.ty.clone());
            self.scope.fixed.insert(param.id);
        }
    }

    fn fn_body(&mut self, def: DefId, decl: &'a FnDecl) {
        let Some(sig) = self.signature(def) else { return };
        self.enter(self.r.def(def).module, Place::FnBody);
        self.bind_params(&sig, &decl.params);
        match &sig.result {
            Some(ty) => {
                self.checked_expr(&decl.body, ty, Why::Result(decl.result.span));
            }
            None => {
                self.report(errors::unit_fn(decl.result.span));
                self.expr(&decl.body, Want::Any);
            }
        }
    }

    fn task_body(&mut self, def: DefId, decl: &'a TaskDecl) {
        let Some(sig) = self.signature(def) else { return };
        self.enter(self.r.def(def).module, Place::TaskProperty);
        self.bind_params(&sig, &decl.params);
        let result = sig.result.clone().unwrap_or(Ty::Unit);
        self.declared_task(decl, &result);
    }

    fn workflow_body(&mut self, def: DefId, decl: &'a WorkflowDecl) {
        let Some(sig) = self.signature(def) else { return };
        self.enter(self.r.def(def).module, Place::Settings);
        self.bind_params(&sig, &decl.params);
        if let Some(with) = &decl.with {
            self.workflow_settings(with, Site::Own);
        }
        self.scope.place = Place::Tasks;
        match (&sig.result, &decl.result) {
            (Some(ty), Some(written)) => {
                self.block(&decl.body, Want::Type(ty, Why::Result(written.span)));
            }
            _ => self.unit_block(&decl.body),
        }
    }

    fn actor(&mut self, decl: &'a ActorDecl) {
        let props = &decl.props;
        let has = |name: &str| props.get(name).is_some();
        let name = &decl.name;
        match decl.kind {
            ActorKind::Agent => self.props(props, table::AGENT_DECL, "an agent", Site::Own),
            ActorKind::Resource => {
                self.props(props, table::RESOURCE, "a resource", Site::Own);
                let good = match (has("capacity"), has("rate"), has("per")) {
                    (true, false, false) | (false, true, true) => true,
                    (true | false, true | false, true | false) => false,
                };
                if !good && is_whole(props, table::RESOURCE) {
                    self.report(errors::resource_limits(name.span, &name.text));
                }
            }
            ActorKind::Mcp => {
                self.props(props, table::SERVER, "an mcp server", Site::Own);
                let local = has("command") || has("env");
                let remote = has("url") || has("headers");
                if (local == remote || !(has("command") || has("url"))) && is_whole(props, table::SERVER) {
                    self.report(errors::server_connection(name.span, &name.text));
                }
            }
        }
    }

    fn test(&mut self, decl: &'a TestDecl) {
        self.scope.in_test = true;
        for stmt in &decl.body {
            match stmt {
                TestStmt::Mock(mock) => self.mock(mock),
                TestStmt::Stmt(stmt) => self.statement(stmt),
            }
        }
    }
}
