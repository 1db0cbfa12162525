//! What calls give, and what they hand over.

use super::value::{Taint, Value};
use super::walk::Walk;
use super::{Binder, Kinds, Override, Written};
use crate::ast::{Arg, Expr, ExprKind, ItemKind, Props};
use crate::resolve::DefId;
use crate::types::{Builtin, BuiltinTask, Call, Callee};

impl<'a> Walk<'_, 'a> {
    pub(super) fn call(&mut self, e: &'a Expr) -> Value {
        let ExprKind::Call { args, .. } = &e.kind else { return Value::default() };
        let checked = self.checked;
        let Some(call) = checked.calls.get(e.id) else { return Value::default() };
        match &call.callee {
            Callee::Def(def) => {
                let given = self.arguments(call, args);
                self.defined(*def, call, args, &given)
            }
            Callee::Builtin(builtin) => self.builtin(e, *builtin, args),
            Callee::BuiltinTask(task) => self.builtin_task(*task, call, args),
            Callee::Property(name) if name == "skilled" => {
                args.iter().for_each(|arg| {
                    self.expr(&arg.value);
                });
                let found = self
                    .agents
                    .skilled(e)
                    .map(|skills| self.agents.with_skills(&skills).iter().map(|agent| agent.def).collect());
                found.map_or_else(Value::default, |agents| self.agent_set(agents))
            }
            Callee::Variant(..) | Callee::Property(_) => self.all(args),
        }
    }

    /// `call with { … }`
    pub(super) fn with(&mut self, base: &'a Expr, props: &'a Props) -> Value {
        let value = self.expr(base);
        self.props(props);
        let task = match self.checked.calls.get(base.id).map(|c| &c.callee) {
            Some(Callee::Def(def)) => match &self.checked.resolved.item(*def).kind {
                ItemKind::Task(decl) => Some((*def, decl)),
                ItemKind::Use(_)
                | ItemKind::Type(_)
                | ItemKind::Enum(_)
                | ItemKind::Fn(_)
                | ItemKind::Actor(_)
                | ItemKind::Workflow(_)
                | ItemKind::Test(_)
                | ItemKind::Bad(_) => None,
            },
            _ => None,
        };
        if self.own {
            self.flow.overrides.push(Override { props, task, owner: self.owner });
        }
        value
    }

    /// The arguments by parameter; one that is left out is clean: its default is known where it is declared.
    fn arguments(&mut self, call: &Call, args: &'a [Arg]) -> Vec<Value> {
        let written: Vec<Value> = args.iter().map(|arg| self.expr(&arg.value)).collect();
        let place = |at: &Option<u32>| at.and_then(|at| written.get(at as usize).cloned());
        call.args.iter().map(|at| place(at).unwrap_or_default()).collect()
    }

    fn defined(&mut self, def: DefId, call: &Call, args: &'a [Arg], given: &[Value]) -> Value {
        let checked = self.checked;
        let decl = match &checked.resolved.item(def).kind {
            ItemKind::Fn(_) => return self.summary(def, given),
            ItemKind::Workflow(_) => None,
            ItemKind::Task(decl) => Some(decl),
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Actor(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => return Value::default(),
        };
        for (at, value) in given.iter().enumerate() {
            let written = call.args.get(at).copied().flatten().and_then(|at| args.get(at as usize));
            if let Some(arg) = written {
                self.inflow((def, at), value.whole, Binder::Expr(&arg.value));
            }
        }
        match decl {
            Some(decl) => self.answer(decl).into(),
            None => self.summary(def, given),
        }
    }

    fn summary(&mut self, def: DefId, given: &[Value]) -> Value {
        match self.summaries.get(&def).cloned() {
            Some(summary) => self.applied(&summary, given),
            None => Value::default(),
        }
    }

    fn all(&mut self, args: &'a [Arg]) -> Value {
        args.iter().fold(Value::default(), |all, arg| {
            let value = self.expr(&arg.value);
            self.join(all.whole, value.whole).into()
        })
    }

    fn builtin(&mut self, e: &'a Expr, builtin: Builtin, args: &'a [Arg]) -> Value {
        match builtin {
            // Elements as they are.
            Builtin::First | Builtin::Last | Builtin::Flatten | Builtin::Compact | Builtin::Unique => {
                self.first_of(args)
            }
            Builtin::Sort | Builtin::SortBy | Builtin::GroupBy | Builtin::Reverse | Builtin::Take => {
                self.first_of(args)
            }
            Builtin::Drop => self.first_of(args),
            Builtin::Enumerate => {
                let value = self.first_of(args);
                let whole = value.whole;
                let fields = [("index".into(), Value::default()), ("value".into(), value)];
                if whole.is_clean() { Value::default() } else { Value { whole, fields: Some(fields.into()) } }
            }
            Builtin::Include => {
                let checked = self.checked;
                checked.resolved.includes.get(e.id).map_or_else(Value::default, |text| self.text(text))
            }
            Builtin::Secret | Builtin::Fail => {
                self.all(args);
                Value::default()
            }
            _ => self.all(args),
        }
    }

    /// What the first argument is; the others are counts, orders, names of fields.
    fn first_of(&mut self, args: &'a [Arg]) -> Value {
        let mut values = args.iter().map(|arg| self.expr(&arg.value)).collect::<Vec<_>>().into_iter();
        values.next().unwrap_or_default()
    }

    fn builtin_task(&mut self, task: BuiltinTask, call: &Call, args: &'a [Arg]) -> Value {
        self.all(args);
        let kinds = match task {
            BuiltinTask::Read => Kinds::FILE,
            BuiltinTask::Glob => {
                let pattern = args.first().map(|arg| &arg.value);
                if pattern.is_some_and(starts_in_folder) { Kinds::NONE } else { Kinds::NAMES }
            }
            BuiltinTask::Env | BuiltinTask::Input => Kinds::INPUT,
            BuiltinTask::PlanOf => Kinds::AGENT,
            BuiltinTask::Write => {
                let path = call.args.first().copied().flatten().and_then(|at| args.get(at as usize));
                if let (Some(path), true) = (path, self.own) {
                    self.flow.writes.push(Written { path: &path.value, owner: self.owner });
                }
                Kinds::NONE
            }
            BuiltinTask::Approve | BuiltinTask::Sleep | BuiltinTask::Now => Kinds::NONE,
        };
        Taint::of(kinds).into()
    }
}

/// Names that start with a folder that is written out cannot be taken for anything else.
fn starts_in_folder(pattern: &Expr) -> bool {
    let ExprKind::Str(text) = &pattern.kind else { return false };
    let Some(crate::ast::StrPart::Text(start, _)) = text.parts.first() else { return false };
    start.contains('/') && !start.starts_with(['*', '?', '[', '{', '/', '-'])
}
