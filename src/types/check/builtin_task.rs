//! The built-in tasks. Their parameters have names; `after` may be given beside them, and is not among `Call::args`.

use super::call::Slot;
use super::expr::list_of;
use super::{Checker, Want};
use crate::ast::{Arg, Expr, TypeExpr};
use crate::types::errors::{self, Why};
use crate::types::known::record_ty;
use crate::types::{BuiltinTask, Call, Callee, Ty};

/// Name, type, whether it may be left out. `Error` stands for what the type argument says.
fn params(task: BuiltinTask) -> Vec<(&'static str, Ty, bool)> {
    match task {
        BuiltinTask::Approve => vec![
            ("message", Ty::String, false),
            ("timeout", Ty::Duration, true),
            ("by", list_of(Ty::String), true),
        ],
        BuiltinTask::Input => {
            vec![
                ("message", Ty::String, false),
                ("timeout", Ty::Duration, true),
                ("default", Ty::Error, true),
            ]
        }
        BuiltinTask::Sleep => vec![("duration", Ty::Duration, false)],
        BuiltinTask::Now => Vec::new(),
        BuiltinTask::Env => vec![("name", Ty::String, false)],
        BuiltinTask::Glob => vec![("pattern", Ty::String, false)],
        BuiltinTask::Read => vec![("path", Ty::Path, false)],
        BuiltinTask::Write => vec![("path", Ty::Path, false), ("text", Ty::String, false)],
        BuiltinTask::PlanOf => vec![("source", Ty::String, false), ("inputs", Ty::Json, false)],
    }
}

fn form(task: BuiltinTask) -> &'static str {
    match task {
        BuiltinTask::Approve => {
            "approve(message: String, timeout: Duration?, by: [String]?) -> { by: String, note: String }"
        }
        BuiltinTask::Input => "input<T>(message: String, timeout: Duration?, default: T?) -> T",
        BuiltinTask::Sleep => "sleep(duration: Duration)",
        BuiltinTask::Now => "now() -> String",
        BuiltinTask::Env => "env(name: String) -> String",
        BuiltinTask::Glob => "glob(pattern: String) -> [Path]",
        BuiltinTask::Read => "read(path: Path) -> String",
        BuiltinTask::Write => "write(path: Path, text: String)",
        BuiltinTask::PlanOf => "plan_of<T>(source: String, inputs: Json) -> T",
    }
}

/// What a mock of it sees and gives; `Error`: depends on the call.
pub(super) fn mocked(task: BuiltinTask) -> (Vec<Ty>, Ty) {
    let optional = |ty: Ty| if ty == Ty::Error { ty } else { Ty::Optional(std::sync::Arc::new(ty)) };
    let params =
        params(task).into_iter().map(|(_, ty, may_miss)| if may_miss { optional(ty) } else { ty }).collect();
    (params, result(task).unwrap_or(Ty::Error))
}

/// `None` where the type argument says it.
fn result(task: BuiltinTask) -> Option<Ty> {
    Some(match task {
        BuiltinTask::Approve => record_ty(&[("by", Ty::String), ("note", Ty::String)]),
        BuiltinTask::Sleep | BuiltinTask::Write => Ty::Unit,
        BuiltinTask::Now | BuiltinTask::Env | BuiltinTask::Read => Ty::String,
        BuiltinTask::Glob => list_of(Ty::Path),
        BuiltinTask::Input | BuiltinTask::PlanOf => return None,
    })
}

impl<'a> Checker<'a> {
    pub(super) fn builtin_task(
        &mut self,
        e: &'a Expr,
        task: BuiltinTask,
        type_args: &'a [TypeExpr],
        args: &'a [Arg],
    ) -> Ty {
        self.makes_task(e.span, task.name());
        let params = params(task);
        let mut slots: Vec<Slot<'_>> =
            params.iter().map(|(name, _, optional)| Slot { name, optional: *optional }).collect();
        slots.push(Slot { name: "after", optional: true });
        let Some(mut places) = self.match_args(e.span, args, &slots, |_| (form(task).to_string(), None))
        else {
            return self.given_up(args);
        };
        if let Some(Some(at)) = places.pop()
            && let Some(arg) = args.get(at as usize)
        {
            self.after(&arg.value);
        }
        let mut open = match (task, type_args) {
            (BuiltinTask::Input | BuiltinTask::PlanOf, [written]) => Some(self.written(written)),
            (_, []) => None,
            (_, more) => {
                let takes = usize::from(matches!(task, BuiltinTask::Input | BuiltinTask::PlanOf));
                self.report(errors::type_args_of_call(e.span, task.name(), takes, more.len()));
                Some(Ty::Error)
            }
        };
        for ((_, ty, _), place) in params.iter().zip(&places) {
            let Some(arg) = place.and_then(|at| args.get(at as usize)) else { continue };
            match (ty, &open) {
                (Ty::Error, None) => {
                    let found = self.expr(&arg.value, Want::Any);
                    open = Some(self.closed(found, &arg.value));
                }
                (Ty::Error, Some(ty)) => {
                    let ty = ty.clone();
                    self.checked_expr(&arg.value, &ty, Why::BuiltinTask(task));
                }
                _ => {
                    self.checked_expr(&arg.value, ty, Why::BuiltinTask(task));
                }
            }
        }
        let (result, types) = match result(task) {
            Some(result) => (result, Vec::new()),
            None => {
                let ty = self.asked_type(e, task, open);
                (ty.clone(), vec![ty])
            }
        };
        self.calls.insert(e.id, Call { callee: Callee::BuiltinTask(task), type_args: types, args: places });
        result
    }

    fn asked_type(&mut self, e: &'a Expr, task: BuiltinTask, found: Option<Ty>) -> Ty {
        let Some(ty) = found else {
            return self.wrong(errors::cannot_infer_type_arg(e.span, task.name(), &["T".into()], 0));
        };
        if ty != Ty::Unit && !self.known().has_json(&ty) {
            return self.wrong(self.without_json(e.span, &ty, &format!("`{}`", task.name())));
        }
        ty
    }
}
