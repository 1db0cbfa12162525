//! Whether a plan that was read holds together: every id is of its table, every reference leads somewhere, nothing waits
//! for itself.

use crate::plan::{
    Bind, Body, BodyId, BranchArm, CallSettings, Expr, ExprKind, FnId, NodeKind, Pattern, Plan, RaceKind,
    Ref, Spot, TaskDef,
};
use crate::value::{FieldType, Type, TypeId, Value};

/// What is wrong, in words for a person.
type Wrong = String;

/// Most local slots of a frame.
const MOST_SLOTS: u32 = 1 << 20;

/// Checks the whole plan.
pub(super) fn validate(plan: &Plan) -> Result<(), Wrong> {
    let check = Check { plan };
    if plan.bodies.is_empty() {
        return Err("it has no body".to_string());
    }
    if plan.resources.len() < 2 {
        return Err("`cpu` and `memory` are missing".to_string());
    }
    check.types()?;
    check.ty(plan.result)?;
    check.functions()?;
    plan.tasks.iter().try_for_each(|t| check.task(t))?;
    check.owners()?;
    for (i, body) in plan.bodies.iter().enumerate() {
        check.body(BodyId(i as u32), body).map_err(|e| format!("body {i}: {e}"))?;
    }
    check.inputs()
}

/// What an expression may refer to besides lets, nodes and parameters.
#[derive(Clone, Copy, Default)]
struct Sees {
    body: Option<BodyId>,
    /// How many nodes of the body have results by then; lets are counted alike.
    nodes: Option<usize>,
    lets: Option<usize>,
    args: usize,
    result: bool,
    next: bool,
}

struct Check<'p> {
    plan: &'p Plan,
}

impl Check<'_> {
    fn types(&self) -> Result<(), Wrong> {
        let fields = |fields: &[FieldType]| fields.iter().try_for_each(|f| self.ty(f.ty));
        for i in 0..self.plan.types.len() {
            match self.plan.types.get(TypeId(i as u32)) {
                Type::List(of) | Type::Map(of) | Type::Optional(of) => self.ty(*of)?,
                Type::Record(record) => fields(&record.fields)?,
                Type::Enum(of) => of.variants.iter().try_for_each(|v| fields(&v.fields))?,
                _ => {}
            }
        }
        self.type_cycles()
    }

    /// Optionals of optionals must lead to something else.
    fn type_cycles(&self) -> Result<(), Wrong> {
        for i in 0..self.plan.types.len() {
            let (mut at, mut steps) = (TypeId(i as u32), 0);
            while let Type::Optional(of) = self.plan.types.get(at) {
                at = *of;
                steps += 1;
                if steps > self.plan.types.len() {
                    return Err(format!("type {i} is endless"));
                }
            }
        }
        Ok(())
    }

    fn ty(&self, id: TypeId) -> Result<(), Wrong> {
        within(id.0, self.plan.types.len(), "type")
    }

    /// Functions call others of the table and never lead back to themselves.
    fn functions(&self) -> Result<(), Wrong> {
        let mut calls: Vec<Vec<FnId>> = Vec::new();
        for function in &self.plan.fns {
            let sees = Sees { args: function.params.len(), ..Sees::default() };
            self.expr(&function.body, sees)?;
            self.slots(function.locals)?;
            let mut called = Vec::new();
            function.body.walk(&mut |e| {
                if let ExprKind::Call(id, _) = &e.kind {
                    called.push(*id);
                }
            });
            calls.push(called);
        }
        if acyclic(&calls, |id| id.index()) {
            Ok(())
        } else {
            Err("functions call each other in a circle".into())
        }
    }

    fn task(&self, task: &TaskDef) -> Result<(), Wrong> {
        self.ty(task.result)?;
        task.params.iter().try_for_each(|(_, ty)| self.ty(*ty))?;
        self.slots(task.locals)?;
        self.spot(task.spot)?;
        let units = task.props.resources.iter();
        units.clone().try_for_each(|(id, _)| within(id.0, self.plan.resources.len(), "resource"))?;
        // A definition may have more arguments than parameters: what it captured.
        let sees = Sees { args: usize::from(u16::MAX), result: true, ..Sees::default() };
        let mut wrong = Ok(());
        task.exprs(&mut |e| keep_first(&mut wrong, || self.expr(e, sees)));
        wrong
    }

    /// Every body but those of workflows stands in exactly one node of its parent, and calls lead to bodies of workflows
    /// and never back.
    fn owners(&self) -> Result<(), Wrong> {
        let bodies = &self.plan.bodies;
        let mut owners = vec![0u32; bodies.len()];
        let mut below: Vec<Vec<BodyId>> = Vec::with_capacity(bodies.len());
        for (i, body) in bodies.iter().enumerate() {
            let mut children = Vec::new();
            for node in &body.nodes {
                for child in node.kind.bodies() {
                    within(child.0, bodies.len(), "body")?;
                    let called = matches!(node.kind, NodeKind::Call { .. });
                    let parent = bodies[child.index()].parent;
                    if called && parent.is_some() || !called && parent != Some(BodyId(i as u32)) {
                        return Err(format!("body {} does not belong to body {i}", child.0));
                    }
                    owners[child.index()] += u32::from(!called);
                    children.push(child);
                }
            }
            below.push(children);
        }
        for (i, body) in bodies.iter().enumerate() {
            if owners[i] != u32::from(body.parent.is_some()) {
                return Err(format!("body {i} has {} owners", owners[i]));
            }
        }
        if bodies[0].parent.is_some() {
            return Err("its first body is not a workflow's".to_string());
        }
        if acyclic(&below, |id| id.index()) { Ok(()) } else { Err("bodies lead back to themselves".into()) }
    }

    fn body(&self, id: BodyId, body: &Body) -> Result<(), Wrong> {
        self.slots(body.locals)?;
        for (i, binding) in body.lets.iter().enumerate() {
            let sees = Sees { body: Some(id), lets: Some(i), ..Sees::default() };
            self.expr(&binding.value, sees).map_err(|e| format!("`{}`: {e}", binding.name))?;
        }
        for (i, node) in body.nodes.iter().enumerate() {
            let mut last = None;
            for need in &node.needs {
                if need.index() >= i || last.is_some_and(|l| l >= *need) {
                    return Err(format!("`{}` waits for a node that does not stand before it", node.name));
                }
                last = Some(*need);
            }
            if node.wave >= body.waves {
                return Err(format!("`{}` stands in wave {} of {}", node.name, node.wave, body.waves));
            }
            self.spot(node.spot)?;
            self.kind(id, i, &node.kind).map_err(|e| format!("`{}`: {e}", node.name))?;
        }
        match &body.result {
            Some(result) => self.expr(result, Sees { body: Some(id), ..Sees::default() }),
            None => Ok(()),
        }
    }

    fn kind(&self, body: BodyId, at: usize, kind: &NodeKind) -> Result<(), Wrong> {
        let sees = Sees { body: Some(body), nodes: Some(at), ..Sees::default() };
        let mut wrong = Ok(());
        kind.exprs(&mut |e| keep_first(&mut wrong, || self.expr(e, sees)));
        wrong?;
        match kind {
            NodeKind::Task { def, args, overrides } => {
                within(def.0, self.plan.tasks.len(), "task")?;
                let task = self.plan.task(*def);
                if args.len() < task.params.len() || most_arg(task) > args.len() {
                    return Err(format!("{} arguments are too few for task `{}`", args.len(), task.name));
                }
                let listed = overrides.iter().flat_map(|o| &o.resources);
                listed
                    .map(|(id, _)| id.0)
                    .try_for_each(|id| within(id, self.plan.resources.len(), "resource"))
            }
            NodeKind::Assert { .. } | NodeKind::Join => Ok(()),
            NodeKind::Map { bind, body, .. } => self.bound(bind, *body),
            NodeKind::Branch { arms, .. } => arms.iter().try_for_each(|a| self.arm(a)),
            NodeKind::Loop { until, body, .. } => {
                self.takes(*body, 1)?;
                self.expr(until, Sees { body: Some(*body), next: true, ..Sees::default() })
            }
            NodeKind::Try { body, catch, finally } => {
                self.takes(*body, 0)?;
                catch.iter().try_for_each(|b| self.takes(*b, 1))?;
                finally.iter().try_for_each(|b| self.takes(*b, 0))
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => {
                bodies.iter().try_for_each(|b| self.takes(*b, 0))
            }
            NodeKind::Race { entrants: RaceKind::Each { bind, body, .. }, .. } => self.bound(bind, *body),
            NodeKind::Call { args, settings, body, .. } => {
                self.takes(*body, args.len())?;
                self.settings(settings, *body)
            }
        }
    }

    fn settings(&self, settings: &CallSettings, body: BodyId) -> Result<(), Wrong> {
        let sees = Sees { body: Some(body), nodes: Some(0), lets: Some(0), ..Sees::default() };
        let mut wrong = Ok(());
        settings.exprs(&mut |e| keep_first(&mut wrong, || self.expr(e, sees)));
        wrong
    }

    fn inputs(&self) -> Result<(), Wrong> {
        let root = BodyId(0);
        self.takes(root, self.plan.inputs.len())?;
        self.settings(&self.plan.settings, root)?;
        let sees = Sees { body: Some(root), nodes: Some(0), lets: Some(0), ..Sees::default() };
        for input in &self.plan.inputs {
            self.ty(input.ty)?;
            input.default.iter().try_for_each(|d| self.expr(d, sees))?;
        }
        for contract in &self.plan.contracts {
            self.expr(&contract.cond, sees)?;
            contract.message.iter().try_for_each(|m| self.expr(m, sees))?;
        }
        Ok(())
    }

    fn arm(&self, arm: &BranchArm) -> Result<(), Wrong> {
        self.pattern(&arm.pattern)?;
        self.takes(arm.body, arm.pattern.slots().len())
    }

    fn pattern(&self, pattern: &Pattern) -> Result<(), Wrong> {
        match pattern {
            Pattern::Any | Pattern::None => Ok(()),
            Pattern::Literal(value) => self.value(value),
            Pattern::Bind(slot) => self.slots(*slot),
            Pattern::Variant { args, .. } | Pattern::Or(args) => {
                args.iter().try_for_each(|p| self.pattern(p))
            }
        }
    }

    fn bound(&self, bind: &Bind, body: BodyId) -> Result<(), Wrong> {
        match bind {
            Bind::One(slot) => {
                self.slots(*slot)?;
                self.takes(body, 1)
            }
            Bind::Fields(fields) => {
                fields.iter().try_for_each(|(_, slot)| self.slots(*slot))?;
                self.takes(body, fields.len())
            }
        }
    }

    fn takes(&self, body: BodyId, count: usize) -> Result<(), Wrong> {
        let params = self.plan.bodies[body.index()].params.len();
        if params == count {
            return Ok(());
        }
        Err(format!("body {} takes {params} values and is given {count}", body.0))
    }

    fn slots(&self, slot: u32) -> Result<(), Wrong> {
        within(slot, MOST_SLOTS as usize, "slot")
    }

    fn spot(&self, spot: Spot) -> Result<(), Wrong> {
        if spot == Spot::default() { Ok(()) } else { within(spot.0, self.plan.files.len(), "file") }
    }

    fn value(&self, value: &Value) -> Result<(), Wrong> {
        match value {
            Value::Agent(id, _) => within(*id, self.plan.agents.len(), "agent"),
            Value::List(items) => items.iter().try_for_each(|v| self.value(v)),
            Value::Record(fields) => fields.values().try_for_each(|v| self.value(v)),
            Value::Variant(v) => v.fields.values().try_for_each(|v| self.value(v)),
            _ => Ok(()),
        }
    }

    fn expr(&self, expr: &Expr, sees: Sees) -> Result<(), Wrong> {
        let mut wrong = Ok(());
        expr.walk(&mut |e| keep_first(&mut wrong, || self.one(e, sees)));
        wrong
    }

    fn one(&self, expr: &Expr, sees: Sees) -> Result<(), Wrong> {
        self.spot(expr.spot)?;
        match &expr.kind {
            ExprKind::Const(value) => self.value(value),
            ExprKind::Ref(r) => self.reference(*r, sees),
            ExprKind::Fit(ty, _) | ExprKind::FromJson(ty, _) => self.ty(*ty),
            ExprKind::Call(id, args) => {
                within(id.0, self.plan.fns.len(), "function")?;
                let params = self.plan.fns[id.index()].params.len();
                if params == args.len() { Ok(()) } else { Err(format!("function {} takes {params}", id.0)) }
            }
            ExprKind::For { bind: Bind::One(slot), .. } => self.slots(*slot),
            ExprKind::For { bind: Bind::Fields(fields), .. } => {
                fields.iter().try_for_each(|(_, slot)| self.slots(*slot))
            }
            ExprKind::Repeat(r) => {
                self.slots(r.draft)?;
                self.slots(r.next)?;
                r.steps.iter().try_for_each(|s| self.step(s))
            }
            ExprKind::Try { error, .. } => self.slots(*error),
            ExprKind::Match { arms, .. } => arms.iter().try_for_each(|a| self.pattern(&a.pattern)),
            ExprKind::Block { steps, .. } => steps.iter().try_for_each(|s| self.step(s)),
            ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::If { .. }
            | ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::Interpolate(_)
            | ExprKind::Builtin(..)
            | ExprKind::Variant { .. } => Ok(()),
        }
    }

    fn step(&self, step: &crate::plan::Step) -> Result<(), Wrong> {
        match step {
            crate::plan::Step::Let(slot, _) => self.slots(*slot),
            crate::plan::Step::Assert { .. } => Ok(()),
        }
    }

    fn reference(&self, r: Ref, sees: Sees) -> Result<(), Wrong> {
        match r {
            Ref::Node { up, node } => {
                let body = self.outward(sees, up)?;
                let count = if up == 0 { sees.nodes } else { None };
                within(node.0, count.unwrap_or(self.plan.body(body).nodes.len()), "node")
            }
            Ref::Let { up, index } => {
                let body = self.outward(sees, up)?;
                let count = if up == 0 { sees.lets } else { None };
                within(index, count.unwrap_or(self.plan.body(body).lets.len()), "let")
            }
            Ref::Param { up, index } => {
                let body = self.outward(sees, up)?;
                within(u32::from(index), self.plan.body(body).params.len(), "parameter")
            }
            Ref::Arg(index) => within(u32::from(index), sees.args, "argument"),
            Ref::Local(slot) => self.slots(slot),
            Ref::Result if sees.result => Ok(()),
            Ref::Next if sees.next => Ok(()),
            Ref::Result | Ref::Next => Err("there is no such value here".to_string()),
        }
    }

    fn outward(&self, sees: Sees, up: u16) -> Result<BodyId, Wrong> {
        let mut at = sees.body;
        for _ in 0..up {
            at = at.and_then(|b| self.plan.bodies[b.index()].parent);
        }
        at.filter(|b| b.index() < self.plan.bodies.len())
            .ok_or_else(|| "a reference leads out of the workflow".to_string())
    }
}

/// One more than the highest argument that a definition refers to.
fn most_arg(task: &TaskDef) -> usize {
    let mut most = 0;
    task.exprs(&mut |e| {
        e.refs(&mut |r| {
            if let Ref::Arg(i) = r {
                most = most.max(usize::from(i) + 1);
            }
        });
    });
    most
}

fn within(id: u32, count: usize, what: &str) -> Result<(), Wrong> {
    if (id as usize) < count { Ok(()) } else { Err(format!("there is no {what} {id} here")) }
}

fn keep_first(wrong: &mut Result<(), Wrong>, check: impl FnOnce() -> Result<(), Wrong>) {
    if wrong.is_ok() {
        *wrong = check();
    }
}

/// Whether no item leads back to itself.
fn acyclic<T: Copy>(below: &[Vec<T>], index: impl Fn(T) -> usize) -> bool {
    let mut missing = vec![0u32; below.len()];
    below.iter().flatten().for_each(|b| missing[index(*b)] += 1);
    let mut free: Vec<usize> = (0..below.len()).filter(|i| missing[*i] == 0).collect();
    let mut done = 0;
    while let Some(at) = free.pop() {
        done += 1;
        for b in &below[at] {
            let b = index(*b);
            missing[b] -= 1;
            if missing[b] == 0 {
                free.push(b);
            }
        }
    }
    done == below.len()
}
