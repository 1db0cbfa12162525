//! The checked program → the plan.
//!
//! Takes [`Checked`] and the name of a workflow, gives a [`Plan`] that needs no source any more. Expressions without
//! tasks stay expressions; each call of a task becomes a node of the body that it stands in, and what decides whether, how
//! often or with which right to fail tasks run becomes a composite node with bodies of its own. Generic declarations are
//! written out once for each set of type arguments.
//!
//! The parts: [`scope`] holds the bodies under construction and finds dependencies; [`names`] gives nodes their ids;
//! [`block`] lowers statements; [`expr`] and [`pure`] what is pure; [`branch`], [`loops`] and [`attempt`] composites;
//! [`call`], [`task`], [`props`], [`workflow`] and [`actors`] what is called and who does it; [`types`] types.
//!
//! It trusts the checker: a program with an error never gets here. It must not know how anything runs.

mod actors;
mod attempt;
mod block;
mod branch;
mod call;
mod choose;
mod effects;
mod errors;
mod expr;
mod key;
mod loops;
mod names;
mod props;
mod pure;
mod race;
mod scope;
mod task;
mod types;
mod whole;
mod workflow;

pub use whole::lower_whole;

#[cfg(test)]
pub(crate) mod tests;

use super::eval::{Env, NoScope};
use super::{
    AgentId, BodyId, CallSettings, Expr, ExprKind, FORMAT, FnId, Function, Limit, Missing, Plan, Ref,
    Resource, ResourceId, Spot, TaskId,
};
use crate::ast::{self, NodeId};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, DefKind};
use crate::source::{SourceMap, Span};
use crate::types::{BuiltinTask, Checked, Ty};
use crate::value::{TypeId, TypeTable, Value};
use ecow::EcoString;
use scope::{Builder, Place, Use};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Type arguments of the declaration being lowered.
type TypeArgs = Rc<[Ty]>;

/// The plan of the chosen workflow, ready to run: the named one, else the started file's only one, else its `main`. `None`
/// after an error, which is in `out`.
pub fn lower(
    checked: &Checked,
    sources: &SourceMap,
    workflow: Option<&str>,
    out: &mut Vec<Diagnostic>,
) -> Option<Plan> {
    let mut plan = lower_only(checked, sources, workflow, out)?;
    super::passes::run(&mut plan);
    super::format::seal(&mut plan);
    Some(plan)
}

/// The same before all passes, for `--emit`.
pub fn lower_only(
    checked: &Checked,
    sources: &SourceMap,
    workflow: Option<&str>,
    out: &mut Vec<Diagnostic>,
) -> Option<Plan> {
    let def = choose::choose(checked, workflow, out)?;
    let mut lowering = Lowering::new(checked, sources);
    lowering.program(def);
    Some(lowering.finish())
}

/// The state of the phase.
struct Lowering<'a> {
    checked: &'a Checked,
    sources: &'a SourceMap,
    plan: Plan,
    /// Index into `plan.files` by file of the source map.
    files: HashMap<u32, u32>,
    /// What each bound name stands for now.
    places: HashMap<NodeId, Place>,
    /// What `after: [name]` waits for, where that is not simply the name's node.
    afters: HashMap<NodeId, Vec<Use>>,
    types: HashMap<Ty, TypeId>,
    type_args: TypeArgs,
    fns: HashMap<(DefId, TypeArgs), FnId>,
    waiting_fns: VecDeque<(FnId, DefId, TypeArgs)>,
    tasks: HashMap<(DefId, TypeArgs), TaskId>,
    builtin_tasks: HashMap<(BuiltinTask, u32, TypeId), TaskId>,
    workflows: HashMap<(DefId, TypeArgs, Vec<EcoString>), BodyId>,
    waiting_workflows: VecDeque<workflow::Waiting>,
    settings: HashMap<BodyId, CallSettings>,
    agents: HashMap<DefId, AgentId>,
    resources: HashMap<DefId, ResourceId>,
    /// Bodies under construction, outermost first.
    scope: Vec<Builder>,
    /// Slots given out in each open frame: (next, most).
    frames: Vec<(u32, u32)>,
    /// Whether blocks are being lowered to steps: inside a pure loop, arm, function or definition.
    pure: bool,
    names: names::Names,
    effects: HashMap<NodeId, bool>,
}

impl<'a> Lowering<'a> {
    fn new(checked: &'a Checked, sources: &'a SourceMap) -> Lowering<'a> {
        Lowering {
            checked,
            sources,
            plan: empty_plan(),
            files: HashMap::new(),
            places: HashMap::new(),
            afters: HashMap::new(),
            types: HashMap::new(),
            type_args: Rc::from([]),
            fns: HashMap::new(),
            waiting_fns: VecDeque::new(),
            tasks: HashMap::new(),
            builtin_tasks: HashMap::new(),
            workflows: HashMap::new(),
            waiting_workflows: VecDeque::new(),
            settings: HashMap::new(),
            agents: HashMap::new(),
            resources: HashMap::new(),
            scope: Vec::new(),
            frames: vec![(0, 0)],
            pure: false,
            names: names::Names::default(),
            effects: HashMap::new(),
        }
    }

    /// What is left when everything is lowered.
    fn finish(mut self) -> Plan {
        self.lower_fns();
        self.plan.secrets.sort();
        self.plan.secrets.dedup();
        self.plan.missing.sort_by_key(|m| m.spot);
        self.plan.missing.dedup();
        key::write_keys(&mut self.plan);
        self.plan
    }

    /// A place in the program as the plan keeps it.
    fn spot(&mut self, span: Span) -> Spot {
        let files = &mut self.plan.files;
        let sources = self.sources;
        let file = *self.files.entry(span.file.0).or_insert_with(|| {
            files.push(sources.get(span.file).name.as_str().into());
            files.len() as u32 - 1
        });
        let source = self.sources.get(span.file);
        let at = source.lines().position(&source.text, span.start);
        Spot(file, at.line, at.column)
    }

    /// The type of an expression, in terms of the declaration's type parameters.
    fn type_of(&self, id: NodeId) -> &'a Ty {
        self.checked.types.get(id).unwrap_or(&Ty::Error)
    }

    /// Notes the use of something that is checked but not run yet.
    fn missing(&mut self, what: impl Into<EcoString>, span: Span) {
        let spot = self.spot(span);
        self.plan.missing.push(Missing { what: what.into(), spot });
    }

    /// A fresh slot of the frame.
    fn slot(&mut self) -> u32 {
        let Some(frame) = self.frames.last_mut() else { return 0 };
        frame.0 += 1;
        frame.1 = frame.1.max(frame.0);
        frame.0 - 1
    }

    /// Lowers something that is evaluated in a frame of its own and sees type arguments of its own; also gives how many
    /// slots it needs.
    fn in_frame<T>(&mut self, type_args: TypeArgs, f: impl FnOnce(&mut Self) -> T) -> (T, u32) {
        let outer = std::mem::replace(&mut self.type_args, type_args);
        let pure = std::mem::replace(&mut self.pure, true);
        self.frames.push((0, 0));
        let value = f(self);
        let slots = self.frames.pop().map_or(0, |frame| frame.1);
        self.type_args = outer;
        self.pure = pure;
        (value, slots)
    }

    /// Lowers something in which blocks become steps.
    fn purely<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.pure, true);
        let value = f(self);
        self.pure = outer;
        value
    }

    /// The value of an expression that needs none that is only known at run time.
    fn constant(&mut self, expr: &Expr) -> Option<Value> {
        if let Some(value) = expr.as_const() {
            return Some(value.clone());
        }
        self.lower_fns();
        Env::new(&self.plan, &mut NoScope).eval(expr).ok()
    }

    /// The function of a declaration; its body is lowered later, so that a long chain of calls needs no deep stack.
    fn function(&mut self, def: DefId, type_args: TypeArgs) -> FnId {
        if let Some(id) = self.fns.get(&(def, type_args.clone())) {
            return *id;
        }
        let id = FnId(self.plan.fns.len() as u32);
        let name = self.checked.resolved.def(def).name.text.clone();
        let unknown = Expr::reference(Ref::Next);
        self.plan.fns.push(Function { name, params: Vec::new(), body: unknown, locals: 0 });
        self.fns.insert((def, type_args.clone()), id);
        self.waiting_fns.push_back((id, def, type_args));
        id
    }

    /// Lowers the bodies of all functions that were called so far.
    fn lower_fns(&mut self) {
        while let Some((id, def, type_args)) = self.waiting_fns.pop_front() {
            let ast::ItemKind::Fn(decl) = &self.checked.resolved.item(def).kind else { continue };
            let (body, locals) = self.in_frame(type_args, |l| {
                l.bind_args(&decl.params);
                l.expr(&decl.body)
            });
            let function = &mut self.plan.fns[id.index()];
            function.params = decl.params.iter().map(|p| p.name.text.clone()).collect();
            function.body = body;
            function.locals = locals;
        }
    }

    /// Parameters of a function or task definition stand for its arguments.
    fn bind_args(&mut self, params: &[ast::Param]) {
        for (i, param) in params.iter().enumerate() {
            self.places.insert(param.id, Place::Arg(i as u16));
        }
    }

    /// The agent, resource … that an expression names.
    fn named_def(&self, expr: &ast::Expr) -> Option<(DefId, DefKind)> {
        match self.checked.resolved.res(bare(expr).id)? {
            crate::resolve::Res::Def(def) => Some((*def, self.checked.resolved.def(*def).kind)),
            _ => None,
        }
    }
}

/// An expression without the parentheses around it.
fn bare(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

fn empty_plan() -> Plan {
    let machine = |name: &str| Resource { name: name.into(), limit: Limit::Machine };
    Plan {
        format: FORMAT,
        workflow: EcoString::new(),
        files: Vec::new(),
        doc: EcoString::new(),
        inputs: Vec::new(),
        result: TypeId(0),
        settings: CallSettings::default(),
        contracts: Vec::new(),
        types: TypeTable::default(),
        agents: Vec::new(),
        resources: vec![machine("cpu"), machine("memory")],
        fns: Vec::new(),
        tasks: Vec::new(),
        bodies: Vec::new(),
        secrets: Vec::new(),
        missing: Vec::new(),
        hash: EcoString::new(),
    }
}

/// The unit value.
fn unit() -> Expr {
    Expr::constant(Value::Unit)
}

/// Whether an expression is nothing but the unit value.
fn is_unit(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(Value::Unit))
}
