//! What calls give, and what they hand over.

use super::value::{Taint, Value};
use super::walk::Walk;
use super::{Binder, Kinds, Override, UsedFile};
use crate::ast::{Arg, Expr, ExprKind, ItemKind, Props, TaskDecl};
use crate::resolve::DefId;
use crate::types::{Builtin, BuiltinTask, Call, Callee};

impl<'a> Walk<'_, 'a> {
    pub(super) fn call(&mut self, e: &'a Expr) -> Value {
        let ExprKind::Call { args, .. } = &e.kind else { return Value::default() };
        let checked = self.checked;
        let Some(call) = checked.calls.get(e.id) else { return Value::default() };
        match &call.callee {
            Callee::Def(def) => {
                let given = self.arguments(*def, call, args);
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
        let told = self.given_anew(props);
        self.thrown = self.join(self.thrown, told);
        let value = self.join_values(value, told.into());
        let task = match self.checked.calls.get(base.id).map(|c| &c.callee) {
            Some(Callee::Def(def)) => self.checked.resolved.task(*def).map(|decl| (*def, decl)),
            _ => None,
        };
        self.note_props(props, task);
        value
    }

    /// Properties of a workflow, or of a call.
    pub(super) fn note_props(&mut self, props: &'a Props, task: Option<(DefId, &'a TaskDecl)>) {
        if self.own {
            self.flow.overrides.push(Override { props, task, owner: self.owner });
        }
    }

    /// The arguments by parameter; one that is left out is its default, which may use those before it.
    fn arguments(&mut self, def: DefId, call: &Call, args: &'a [Arg]) -> Vec<Value> {
        let written: Vec<Value> = args.iter().map(|arg| self.expr(&arg.value)).collect();
        let mut given = Vec::with_capacity(call.args.len());
        for (at, place) in call.args.iter().enumerate() {
            let value = match place.and_then(|at| written.get(at as usize).cloned()) {
                Some(value) => value,
                None => match self.defaults.get(&(def, at)).cloned() {
                    Some(default) => self.applied(&default, &given),
                    None => Value::default(),
                },
            };
            given.push(value);
        }
        given
    }

    fn defined(&mut self, def: DefId, call: &Call, args: &'a [Arg], given: &[Value]) -> Value {
        let checked = self.checked;
        match &checked.resolved.item(def).kind {
            ItemKind::Fn(_) => return self.summary(def, given),
            ItemKind::Workflow(_) | ItemKind::Task(_) => {}
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Actor(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => return Value::default(),
        }
        for (at, value) in given.iter().enumerate() {
            let written = call.args.get(at).copied().flatten().and_then(|at| args.get(at as usize));
            if let Some(arg) = written {
                self.inflow((def, at), value.whole, Binder::Expr(&arg.value));
            }
        }
        self.summary(def, given)
    }

    /// What a callee gives, with the arguments in their place; its failure may tell as much.
    fn summary(&mut self, def: DefId, given: &[Value]) -> Value {
        if let Some(thrown) = self.throws.get(&def).copied().filter(|t| !t.is_clean()) {
            let thrown = self.applied(&thrown.into(), given).whole;
            self.thrown = self.join(self.thrown, thrown);
        }
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
            // A map of lists: its fields are others than those of the elements.
            Builtin::GroupBy => self.first_of(args).whole.into(),
            Builtin::Sort | Builtin::SortBy | Builtin::Reverse | Builtin::Take => self.first_of(args),
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
            Builtin::Fail => {
                let told = self.all(args).whole;
                self.thrown = self.join(self.thrown, told);
                Value::default()
            }
            Builtin::Secret => {
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
        let what = match task {
            BuiltinTask::Read => Some("`read` reads from there"),
            BuiltinTask::Write => Some("`write` writes there"),
            _ => None,
        };
        let path = call.args.first().copied().flatten().and_then(|at| args.get(at as usize));
        if let (Some(what), Some(path), true) = (what, path, self.own) {
            self.flow.files.push(UsedFile { path: &path.value, what, owner: self.owner });
        }
        let kinds = match task {
            BuiltinTask::Read => Kinds::FILE,
            BuiltinTask::Glob => {
                let pattern = args.first().map(|arg| &arg.value);
                if pattern.is_some_and(starts_in_folder) { Kinds::NONE } else { Kinds::NAMES }
            }
            BuiltinTask::Env | BuiltinTask::Input | BuiltinTask::Approve => Kinds::INPUT,
            BuiltinTask::PlanOf => Kinds::AGENT,
            BuiltinTask::Write | BuiltinTask::Sleep | BuiltinTask::Now => Kinds::NONE,
        };
        self.thrown = self.join(self.thrown, Taint::of(kinds.and(Kinds::OUTSIDE)));
        Taint::of(kinds).into()
    }
}

/// Names that start with a folder that is written out cannot be taken for anything else.
fn starts_in_folder(pattern: &Expr) -> bool {
    let ExprKind::Str(text) = &pattern.kind else { return false };
    let Some(crate::ast::StrPart::Text(start, _)) = text.parts.first() else { return false };
    start.contains('/') && !start.starts_with(['*', '?', '[', '{', '/', '-'])
}
