//! Calls: of functions, built-ins, variants and tasks.

use super::names::Want;
use super::scope::{Place, Use};
use super::{Lowering, TypeArgs, bare, unit};
use crate::ast::{self, Arg, ItemKind, Param};
use crate::plan::{Expr, ExprKind, NodeKind};
use crate::resolve::DefId;
use crate::source::Span;
use crate::types::{Builtin, Call, Callee, DefaultId, EnumId};
use crate::value::{TypeId, Value};
use ecow::EcoString;
use std::rc::Rc;

impl<'a> Lowering<'a> {
    /// `call with { … }`.
    pub(super) fn with(&mut self, base: &'a ast::Expr, props: &'a ast::Props, want: Want) -> Expr {
        let call = bare(base);
        match &call.kind {
            ast::ExprKind::Call { args, .. } => {
                let value = self.call(call, args, Some(props), want);
                self.fitted(call, value)
            }
            _ => self.value(base, want),
        }
    }

    /// A call, with properties of its own when `with` follows.
    pub(super) fn call(
        &mut self,
        expr: &'a ast::Expr,
        args: &'a [Arg],
        with: Option<&'a ast::Props>,
        want: Want,
    ) -> Expr {
        let Some(call) = self.checked.calls.get(expr.id) else { return unit() };
        match &call.callee {
            Callee::Def(def) => self.def_call(expr, *def, call, args, with, want),
            Callee::Builtin(builtin) => self.builtin_call(expr, *builtin, call, args),
            Callee::BuiltinTask(task) => self.builtin_task_call(expr, *task, call, args, with, want),
            Callee::Variant(id, index) => self.variant_call(expr.span, *id, *index, call, args),
            Callee::Property(_) => {
                let args = args.iter().map(|a| self.expr(&a.value));
                let elements = args.map(|value| crate::plan::Element { splice: false, value }).collect();
                self.made(ExprKind::List(elements), expr.span)
            }
        }
    }

    fn def_call(
        &mut self,
        expr: &'a ast::Expr,
        def: DefId,
        call: &'a Call,
        args: &'a [Arg],
        with: Option<&'a ast::Props>,
        want: Want,
    ) -> Expr {
        let type_args: TypeArgs = call.type_args.iter().map(|t| self.subst(t)).collect();
        let own = match &expr.kind {
            ast::ExprKind::Call { callee, .. } => callee_name(callee),
            _ => EcoString::new(),
        };
        match &self.checked.resolved.item(def).kind {
            ItemKind::Fn(decl) => {
                let args = self.args(&decl.params, call, args, &type_args);
                let id = self.function(def, type_args);
                self.made(ExprKind::Call(id, args), expr.span)
            }
            ItemKind::Task(decl) => {
                let args = self.args(&decl.params, call, args, &type_args);
                let name = self.leaf_name(&want, &own);
                let task = self.task(def, decl, type_args);
                self.task_node(name, task, args, with, Vec::new(), expr.span)
            }
            ItemKind::Workflow(decl) => {
                let args = self.args(&decl.params, call, args, &type_args);
                let name = self.leaf_name(&want, &own);
                self.workflow_call(name, def, type_args, args, with, Vec::new(), expr.span)
            }
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Actor(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => unit(),
        }
    }

    /// The arguments in the order of the parameters, defaults filled in.
    fn args(
        &mut self,
        params: &'a [Param],
        call: &Call,
        written: &'a [Arg],
        type_args: &TypeArgs,
    ) -> Vec<Expr> {
        let mut given: Vec<Option<Expr>> = Vec::with_capacity(params.len());
        for i in 0..params.len() {
            let arg = call.args.get(i).copied().flatten().and_then(|at| written.get(at as usize));
            given.push(arg.map(|arg| self.expr(&arg.value)));
        }
        if given.iter().all(Option::is_some) {
            return given.into_iter().flatten().collect();
        }
        self.with_defaults(params, given, type_args)
    }

    /// A default may use earlier parameters: they stand for the arguments then.
    pub(super) fn with_defaults(
        &mut self,
        params: &'a [Param],
        given: Vec<Option<Expr>>,
        type_args: &TypeArgs,
    ) -> Vec<Expr> {
        let outer = std::mem::replace(&mut self.type_args, type_args.clone());
        let mut done = Vec::with_capacity(params.len());
        for (param, given) in params.iter().zip(given) {
            let value = match (given, &param.default) {
                (Some(given), _) => given,
                (None, Some(default)) => self.purely(|l| l.expr(default)),
                (None, None) => Expr::constant(Value::None),
            };
            self.places.insert(param.id, Place::Given(Rc::new(value.clone())));
            done.push(value);
        }
        self.type_args = outer;
        done
    }

    fn builtin_call(
        &mut self,
        expr: &'a ast::Expr,
        builtin: Builtin,
        call: &'a Call,
        written: &'a [Arg],
    ) -> Expr {
        if builtin == Builtin::Include
            && let Some(template) = self.checked.resolved.includes.get(expr.id)
        {
            return self.string(template);
        }
        let given = call.args.iter().flatten().filter_map(|at| written.get(*at as usize));
        let mut args: Vec<Expr> = given.map(|arg| self.expr(&arg.value)).collect();
        if builtin == Builtin::Secret
            && let Some(name) = args.first().and_then(Expr::as_const).and_then(Value::as_text)
        {
            self.plan.secrets.push(name.clone());
        }
        if builtin == Builtin::FromJson
            && let (Some(ty), Some(text)) = (call.type_args.first(), args.pop())
        {
            let ty = self.ty(ty);
            return self.made(ExprKind::FromJson(ty, Box::new(text)), expr.span);
        }
        let made = self.made(ExprKind::Builtin(builtin, args), expr.span);
        match self.checked.types.get(expr.id) {
            // The sum of nothing is a plain 0; here it is known of what.
            Some(ty) if builtin == Builtin::Sum => {
                let ty = self.ty(ty);
                self.made(ExprKind::Fit(ty, Box::new(made)), expr.span)
            }
            _ => made,
        }
    }

    fn variant_call(
        &mut self,
        span: Span,
        id: EnumId,
        index: u16,
        call: &'a Call,
        written: &'a [Arg],
    ) -> Expr {
        let variants = self.checked.enums.get(id.0 as usize).map(|e| e.variants.as_slice());
        let Some(variant) = variants.and_then(|v| v.get(index as usize)) else { return unit() };
        let mut fields = Vec::with_capacity(variant.fields.len());
        for (i, field) in variant.fields.iter().enumerate() {
            let arg = call.args.get(i).copied().flatten().and_then(|at| written.get(at as usize));
            let value = match (arg, field.default) {
                (Some(arg), _) => self.expr(&arg.value),
                (None, Some(default)) => Expr::constant(self.default_value(default).unwrap_or(Value::None)),
                (None, None) => Expr::constant(Value::None),
            };
            fields.push((field.name.clone(), value));
        }
        self.made(ExprKind::Variant { index, name: variant.name.clone(), fields }, span)
    }

    /// The value of a field's default.
    pub(super) fn default_value(&mut self, id: DefaultId) -> Option<Value> {
        let default = self.checked.defaults.get(id.0 as usize)?;
        let (value, _) = self.in_frame(Rc::from([]), |l| l.expr(default));
        self.constant(&value)
    }

    /// The result type of a call of a built-in task.
    pub(super) fn result_of(&mut self, expr: &ast::Expr) -> TypeId {
        self.ty(self.type_of(expr.id))
    }

    /// A node that does a task.
    pub(super) fn task_node(
        &mut self,
        name: EcoString,
        task: crate::plan::TaskId,
        args: Vec<Expr>,
        with: Option<&'a ast::Props>,
        mut uses: Vec<Use>,
        span: Span,
    ) -> Expr {
        let (mut task, mut args, mut overrides) = (task, args, None);
        if let Some(with) = with {
            let mut pieces = self.pieces(with);
            uses.append(&mut pieces.after);
            overrides = pieces.overrides();
            task = self.specialised(task, &mut args, pieces);
        }
        args.shrink_to_fit();
        self.push_value(name, NodeKind::Task { def: task, args, overrides }, uses, span)
    }
}

/// The name of what is called, as the call writes it.
pub(super) fn callee_name(callee: &ast::Expr) -> EcoString {
    bare(callee).last_name().map(|name| name.text.clone()).unwrap_or_default()
}
