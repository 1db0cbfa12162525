//! `mock target(args) => value`

use super::{Checker, Place, Want};
use crate::ast::{Mock, PatternKind};
use crate::resolve::{DefKind, Res};
use crate::types::errors::{self, Why};
use crate::types::{BuiltinTask, Signature, Ty};

/// What a mock stands for.
struct Target {
    /// `None`: its parameters are not looked at.
    params: Option<Vec<Ty>>,
    /// `Error`: any value will do.
    result: Ty,
}

impl<'a> Checker<'a> {
    pub(super) fn mock(&mut self, mock: &'a Mock) {
        let Some(target) = self.mocked(mock) else {
            for arg in mock.args.iter().flatten() {
                self.types.insert(arg.id, Ty::Error);
            }
            if let Some(value) = &mock.value {
                self.in_place(Place::Mock, |c| c.expr(value, Want::Any));
            }
            return;
        };
        self.mock_args(mock, target.params.as_deref());
        let name = mock.target.last().map_or("", |n| n.text.as_str());
        match &mock.value {
            Some(value) if target.result == Ty::Unit => {
                let found = self.in_place(Place::Mock, |c| c.expr(value, Want::Any));
                if !matches!(found, Ty::Never | Ty::Error | Ty::Unit) {
                    self.report(errors::mock_of_unit(value.span, name));
                }
            }
            Some(value) => {
                let span = mock.target.last().map_or(mock.span, |n| n.span);
                self.pure(Place::Mock, value, &target.result, Why::Mock(span));
            }
            None if matches!(target.result, Ty::Unit | Ty::Error) => {}
            None => {
                let shown = self.show(&target.result);
                self.report(errors::mock_without_value(mock.span, name, &shown));
            }
        }
    }

    fn mocked(&mut self, mock: &'a Mock) -> Option<Target> {
        match self.r.res(mock.id)? {
            Res::Def(def) => match self.r.def(*def).kind {
                DefKind::Task | DefKind::Workflow => {
                    let sig = self.signature(*def)?;
                    Some(target_of(&sig))
                }
                DefKind::Agent | DefKind::AgentFile(_) => Some(Target { params: None, result: Ty::Error }),
                _ => None,
            },
            Res::Local(id) => self.inline_tasks.get(*id).map(target_of),
            Res::BuiltinTask(task) => {
                let (params, result) = self.builtin_mock(*task);
                Some(Target { params: Some(params), result })
            }
            _ => None,
        }
    }

    fn mock_args(&mut self, mock: &'a Mock, params: Option<&[Ty]>) {
        let Some(args) = &mock.args else { return };
        if let Some(params) = params
            && args.len() != params.len()
        {
            let name = mock.target.last().map_or("", |n| n.text.as_str());
            self.report(errors::mock_args(mock.span, name, params.len(), args.len()));
        }
        for (at, arg) in args.iter().enumerate() {
            let ty = params.and_then(|p| p.get(at)).cloned().unwrap_or(Ty::Error);
            match &arg.kind {
                PatternKind::Name(_) | PatternKind::Any => self.types.insert(arg.id, ty),
                PatternKind::Bad => {}
                _ => self.report(errors::mock_pattern(arg.span)),
            }
        }
    }

    fn builtin_mock(&self, task: BuiltinTask) -> (Vec<Ty>, Ty) {
        let (params, result) = super::builtin_task::mocked(task);
        (params, result)
    }
}

/// Types with parameters inside take any value: which one it is depends on the call.
fn target_of(sig: &Signature) -> Target {
    let open = |ty: &Ty| if ty.has_params() { Ty::Error } else { ty.clone() };
    let result = sig.result.as_ref().map_or(Ty::Unit, open);
    Target { params: Some(sig.params.iter().map(|p| open(&p.ty)).collect()), result }
}
