//! `call with { … }`: properties for one call.

use super::expr::passed;
use super::props::Site;
use super::{Checker, Want};
use crate::ast::{Expr, ExprKind, ItemKind, Props};
use crate::resolve::{DefKind, Res};
use crate::types::{Ty, errors};

impl<'a> Checker<'a> {
    pub(super) fn with(&mut self, e: &'a Expr, base: &'a Expr, props: &'a Props, want: Want<'_>) -> Ty {
        let found = self.expr(base, want);
        let mut call = base;
        while let ExprKind::Paren(inner) = &call.kind {
            call = inner;
        }
        let callee = match &call.kind {
            ExprKind::Call { callee, .. } => self.res_of(callee),
            _ => None,
        };
        let r = self.r;
        match callee {
            Some(Res::Def(def)) => match (&r.item(*def).kind, r.def(*def).kind) {
                (ItemKind::Task(decl), DefKind::Task) => {
                    let result = self.types.get(call.id).cloned();
                    let before = std::mem::replace(&mut self.scope.result, result);
                    self.task_props(props, Site::Call);
                    self.scope.result = before;
                    self.meaningful_in_call(props, decl);
                }
                (ItemKind::Workflow(_), DefKind::Workflow) => self.workflow_settings(props, Site::Call),
                _ => self.report(errors::with_on_other(e.span, self.sources.text(call.span))),
            },
            Some(Res::BuiltinTask(task)) => self.builtin_task_settings(props, *task),
            Some(Res::Error) => {}
            _ if found == Ty::Error => {}
            _ => self.report(errors::with_on_other(e.span, self.sources.text(call.span))),
        }
        passed(want, found)
    }
}
