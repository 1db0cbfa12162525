//! Task definitions: declared, inline, built in.

use super::names::Want;
use super::props::Pieces;
use super::scope::Use;
use super::{Lowering, TypeArgs};
use crate::ast::{self, Arg, Stmt, TaskDecl};
use crate::plan::{Action, Element, Expr, ExprKind, NodeKind, Props, Ref, ScriptPart, TaskDef, TaskId};
use crate::resolve::DefId;
use crate::source::Span;
use crate::types::{BuiltinTask, Call, Ty};
use crate::value::TypeId;
use ecow::EcoString;
use std::collections::HashMap;

impl<'a> Lowering<'a> {
    /// The definition of a declared task at these type arguments.
    pub(super) fn task(&mut self, def: DefId, decl: &'a TaskDecl, type_args: TypeArgs) -> TaskId {
        if let Some(id) = self.tasks.get(&(def, type_args.clone())) {
            return *id;
        }
        let doc = self.checked.resolved.item(def).doc.clone();
        let key = (def, type_args.clone());
        let signature = self.checked.signatures.get(&def);
        let ((pieces, params, result), locals) = self.in_frame(type_args, |l| {
            l.bind_args(&decl.params);
            let params = signature.map(|s| s.params.as_slice()).unwrap_or_default();
            let params = params.iter().map(|p| (p.name.clone(), l.ty(&p.ty))).collect();
            let result = l.ty(signature.and_then(|s| s.result.as_ref()).unwrap_or(&Ty::Unit));
            (l.pieces(&decl.props), params, result)
        });
        let task = self.define(decl, doc, params, result, pieces);
        let id = self.add_task(TaskDef { locals, ..task });
        self.tasks.insert(key, id);
        id
    }

    fn define(
        &mut self,
        decl: &TaskDecl,
        doc: EcoString,
        params: Vec<(EcoString, TypeId)>,
        result: TypeId,
        pieces: Pieces,
    ) -> TaskDef {
        let spot = self.spot(decl.name.span);
        let (action, props) = pieces.finish();
        let key = EcoString::new();
        TaskDef {
            name: decl.name.text.clone(),
            doc,
            params,
            result,
            action,
            props: props.into(),
            locals: 0,
            key,
            spot,
        }
    }

    fn add_task(&mut self, task: TaskDef) -> TaskId {
        self.plan.tasks.push(task);
        TaskId(self.plan.tasks.len() as u32 - 1)
    }

    /// `task name { … }` in a block: declared, called, bound to its name.
    pub(super) fn inline_task(&mut self, stmt: &'a Stmt, decl: &'a TaskDecl, want: &Want) -> Expr {
        let signature = self.checked.inline_tasks.get(stmt.id);
        let result = signature.and_then(|s| s.result.as_ref()).unwrap_or(&Ty::Unit);
        let result = self.ty(result);
        let none = decl.params.iter().map(|_| None).collect();
        // Nobody passes arguments to it: its parameters stand for their defaults.
        let type_args = self.type_args.clone();
        self.with_defaults(&decl.params, none, &type_args);
        let mut pieces = self.pieces(&decl.props);
        let uses = std::mem::take(&mut pieces.after);
        let mut task = self.define(decl, stmt.doc.clone(), Vec::new(), result, pieces);
        task.locals = self.frames.last().map_or(0, |f| f.0);
        let args = captured(&mut task);
        let id = self.add_task(task);
        let name = self.leaf_name(want, &decl.name.text);
        let kind = NodeKind::Task { def: id, args, overrides: None };
        let node = self.push(name, kind, uses, decl.name.span);
        let body = self.here().id;
        self.places.insert(stmt.id, super::scope::Place::Node(body, node));
        Expr::reference(Ref::Node { up: 0, node })
    }

    /// A call of a built-in task. Its definition is shared by all calls that give the same arguments.
    pub(super) fn builtin_task_call(
        &mut self,
        expr: &'a ast::Expr,
        task: BuiltinTask,
        call: &'a Call,
        written: &'a [Arg],
        with: Option<&'a ast::Props>,
        want: Want,
    ) -> Expr {
        let (mut args, mut mask) = (Vec::new(), 0);
        for (i, at) in call.args.iter().enumerate().take(32) {
            if let Some(arg) = at.and_then(|at| written.get(at as usize)) {
                args.push(self.expr(&arg.value));
                mask |= 1 << i;
            }
        }
        let result = self.result_of(expr);
        let id = self.builtin_task(task, mask, result, expr.span);
        let after = written.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == "after"));
        let uses: Vec<Use> = after.map(|a| self.after_uses(&a.value)).unwrap_or_default();
        if task == BuiltinTask::PlanOf {
            self.missing("`plan_of`", expr.span);
        }
        let name = self.leaf_name(&want, task.name());
        let value = self.task_node(name, id, args, with, uses, expr.span);
        if task == BuiltinTask::Approve
            && let ExprKind::Ref(Ref::Node { up: 0, node }) = value.kind
        {
            self.here().barrier = Some(node);
        }
        value
    }

    fn builtin_task(&mut self, task: BuiltinTask, mask: u32, result: TypeId, span: Span) -> TaskId {
        if let Some(id) = self.builtin_tasks.get(&(task, mask, result)) {
            return *id;
        }
        let (mut args, mut params) = (Vec::new(), Vec::new());
        for (i, (name, ty)) in parameters(task).iter().enumerate() {
            let given = mask & (1 << i) != 0;
            args.push(given.then(|| Expr::reference(Ref::Arg(params.len() as u16))));
            if given {
                let ty = if let Some(ty) = ty { self.ty(ty) } else { result };
                params.push((EcoString::from(*name), ty));
            }
        }
        let definition = TaskDef {
            name: task.name().into(),
            doc: EcoString::new(),
            params,
            result,
            props: own_claims(task, &args).into(),
            action: Action::Builtin { task, args },
            locals: 0,
            key: EcoString::new(),
            spot: self.spot(span),
        };
        let id = self.add_task(definition);
        self.builtin_tasks.insert((task, mask, result), id);
        id
    }

    /// The definition for a call whose `with` changes what the task does: what it puts in comes as further arguments.
    pub(super) fn specialised(&mut self, task: TaskId, args: &mut Vec<Expr>, pieces: Pieces) -> TaskId {
        if !pieces.changes_action() {
            return task;
        }
        let mut definition = self.plan.tasks[task.index()].clone();
        let mut extra = |expr: Expr| {
            args.push(expr);
            Box::new(Expr::reference(Ref::Arg(args.len() as u16 - 1)))
        };
        if let Action::Agent { agent, prompt, context } = &mut definition.action {
            if let Some(given) = pieces.agent {
                *agent = extra(given);
            }
            if let Some(given) = pieces.prompt {
                *prompt = extra(given);
            }
            if let Some(given) = pieces.context {
                *context = Some(extra(given));
            }
        }
        if let Some(argv) = pieces.run {
            definition.action = Action::Run { argv: extra(argv) };
        } else if let Some(script) = pieces.sh {
            let word = |part| match part {
                ScriptPart::Text(text) => ScriptPart::Text(text),
                ScriptPart::Word(expr) => ScriptPart::Word(extra(*expr)),
            };
            definition.action = Action::Sh { script: script.into_iter().map(word).collect() };
        } else if let Some(request) = pieces.http {
            definition.action = Action::Http { request: extra(request) };
        } else if let Action::Mcp { server, tool, args } = &mut definition.action {
            if let Some(other) = pieces.mcp {
                (*server, *tool) = other;
            }
            if let Some(given) = pieces.args {
                *args = Some(extra(given));
            }
        }
        self.add_task(definition)
    }
}

/// Makes a definition closed: what it refers to in the scope around it becomes its arguments.
fn captured(task: &mut TaskDef) -> Vec<Expr> {
    let mut found: HashMap<Ref, u16> = HashMap::new();
    let mut args = Vec::new();
    task.exprs_mut(&mut |expr| {
        expr.replace_refs(&mut |r| match r {
            Ref::Node { .. } | Ref::Param { .. } | Ref::Let { .. } => {
                let index = *found.entry(r).or_insert_with(|| {
                    args.push(Expr::reference(r));
                    args.len() as u16 - 1
                });
                Some(ExprKind::Ref(Ref::Arg(index)))
            }
            Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => None,
        });
    });
    args
}

/// The parameters of a built-in task in the order of the reference; without a type: that of its result.
fn parameters(task: BuiltinTask) -> Vec<(&'static str, Option<Ty>)> {
    let texts = || Ty::List(std::sync::Arc::new(Ty::String));
    match task {
        BuiltinTask::Approve => {
            vec![("message", Some(Ty::String)), ("timeout", Some(Ty::Duration)), ("by", Some(texts()))]
        }
        BuiltinTask::Input => {
            vec![("message", Some(Ty::String)), ("timeout", Some(Ty::Duration)), ("default", None)]
        }
        BuiltinTask::Sleep => vec![("d", Some(Ty::Duration))],
        BuiltinTask::Now => vec![],
        BuiltinTask::Env => vec![("name", Some(Ty::String))],
        BuiltinTask::Glob => vec![("pattern", Some(Ty::String))],
        BuiltinTask::Read => vec![("path", Some(Ty::Path))],
        BuiltinTask::Write => vec![("path", Some(Ty::Path)), ("text", Some(Ty::String))],
        BuiltinTask::PlanOf => vec![("source", Some(Ty::String)), ("inputs", Some(Ty::Json))],
    }
}

/// What a built-in task reads and writes: the file that it is given, or all that its pattern matches.
fn own_claims(task: BuiltinTask, args: &[Option<Expr>]) -> Props {
    let mut props = Props::default();
    let slot = match task {
        BuiltinTask::Read | BuiltinTask::Glob => &mut props.reads,
        BuiltinTask::Write => &mut props.writes,
        BuiltinTask::Approve
        | BuiltinTask::Input
        | BuiltinTask::Sleep
        | BuiltinTask::Now
        | BuiltinTask::Env
        | BuiltinTask::PlanOf => return props,
    };
    if let Some(Some(path)) = args.first() {
        // A path is literal text in a claim; what is spliced in is a pattern as it is.
        let element = Element { splice: task == BuiltinTask::Glob, value: path.clone() };
        *slot = Some(Box::new(Expr::new(ExprKind::List(vec![element]), path.spot)));
    }
    props
}
