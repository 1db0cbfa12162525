//! The part of the reuse key that a definition gives (engine-inside §4).
//!
//! It is a hash of what the task's value depends on besides its inputs: action, result type, claims, environment, gates,
//! and the functions, types and agents in use by their content. It does not hold names and docs of the task, places,
//! `timeout estimate retry fallback priority resources budget tokens description on_crash undo sandbox`, and not `accept`, which is
//! tested anew on a kept value. Ids of tables are replaced by the order of first use, so the order of the file does not
//! count.

use crate::plan::{Action, Expr, ExprKind, FnId, Plan, Props, Spot, TaskDef};
use crate::value::{FieldType, Type, TypeId, Value};
use ecow::EcoString;
use serde::Serialize;
use std::collections::HashMap;

/// Version of the rule; part of each key.
const RULE: u32 = 1;

/// Writes the key of every definition.
pub(super) fn write_keys(plan: &mut Plan) {
    let mut keys = Vec::with_capacity(plan.tasks.len());
    for task in &plan.tasks {
        keys.push(Closure::of(plan, task));
    }
    for (task, key) in plan.tasks.iter_mut().zip(keys) {
        task.key = key;
    }
}

/// What a definition uses of the plan's tables, in order of first use.
struct Closure<'p> {
    plan: &'p Plan,
    types: Vec<Type>,
    type_ids: HashMap<TypeId, u32>,
    waiting_types: Vec<TypeId>,
    fns: Vec<Expr>,
    fn_ids: HashMap<FnId, u32>,
    waiting_fns: Vec<FnId>,
    agents: Vec<serde_json::Value>,
    agent_ids: HashMap<u32, u32>,
}

#[derive(Serialize)]
struct Content<'a> {
    rule: u32,
    task: TaskDef,
    types: &'a [Type],
    fns: &'a [Expr],
    agents: &'a [serde_json::Value],
}

impl<'p> Closure<'p> {
    fn of(plan: &'p Plan, task: &TaskDef) -> EcoString {
        let mut closure = Closure {
            plan,
            types: Vec::new(),
            type_ids: HashMap::new(),
            waiting_types: Vec::new(),
            fns: Vec::new(),
            fn_ids: HashMap::new(),
            waiting_fns: Vec::new(),
            agents: Vec::new(),
            agent_ids: HashMap::new(),
        };
        let mut task = reduced(task);
        task.result = closure.type_id(task.result);
        for (_, ty) in &mut task.params {
            *ty = closure.type_id(*ty);
        }
        task.exprs_mut(&mut |e| closure.expr(e));
        closure.fill();
        let content =
            Content { rule: RULE, task, types: &closure.types, fns: &closure.fns, agents: &closure.agents };
        crate::plan::format::hash_of(&content)
    }

    /// Looks into everything that was met, until nothing new is.
    fn fill(&mut self) {
        loop {
            if let Some(id) = self.waiting_fns.pop() {
                let mut body = self.plan.fns[id.index()].body.clone();
                let at = self.fn_ids[&id] as usize;
                self.expr(&mut body);
                if self.fns.len() <= at {
                    self.fns.resize(at + 1, Expr::constant(Value::Unit));
                }
                self.fns[at] = body;
            } else if let Some(id) = self.waiting_types.pop() {
                let mut ty = self.plan.types.get(id).clone();
                let at = self.type_ids[&id] as usize;
                self.ty(&mut ty);
                if self.types.len() <= at {
                    self.types.resize(at + 1, Type::Unit);
                }
                self.types[at] = ty;
            } else {
                return;
            }
        }
    }

    fn type_id(&mut self, id: TypeId) -> TypeId {
        let next = self.type_ids.len() as u32;
        TypeId(*self.type_ids.entry(id).or_insert_with(|| {
            self.waiting_types.push(id);
            next
        }))
    }

    fn ty(&mut self, ty: &mut Type) {
        let mut fields = |fields: &mut Vec<FieldType>| {
            for field in fields {
                field.ty = self.type_id(field.ty);
            }
        };
        match ty {
            Type::Unit
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::String
            | Type::Path
            | Type::Duration
            | Type::Bytes
            | Type::Money
            | Type::Json
            | Type::Secret
            | Type::Agent => {}
            Type::List(of) | Type::Map(of) | Type::Optional(of) => *of = self.type_id(*of),
            Type::Record(record) => {
                record.name = None;
                fields(&mut record.fields);
            }
            Type::Enum(of) => of.variants.iter_mut().for_each(|v| fields(&mut v.fields)),
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        let mut stack = vec![expr];
        while let Some(expr) = stack.pop() {
            expr.spot = Spot::default();
            if let ExprKind::Call(id, _) = &mut expr.kind {
                let next = self.fn_ids.len() as u32;
                let known = *self.fn_ids.entry(*id).or_insert_with(|| {
                    self.waiting_fns.push(*id);
                    next
                });
                *id = FnId(known);
            }
            if let ExprKind::Fit(ty, _) | ExprKind::FromJson(ty, _) = &mut expr.kind {
                *ty = self.type_id(*ty);
            }
            if let ExprKind::Const(value) = &mut expr.kind {
                self.value(value);
            }
            expr.children_mut(&mut |child| stack.push(child));
        }
    }

    /// Agents in a constant: alone, or in a list of candidates.
    fn value(&mut self, value: &mut Value) {
        if let Value::Agent(id, _) = value {
            *id = self.agent(*id);
        } else if let Value::List(items) = value
            && items.iter().any(|v| matches!(v, Value::Agent(..)))
        {
            let mut items = (**items).clone();
            for item in &mut items {
                self.value(item);
            }
            *value = Value::list(items);
        }
    }

    fn agent(&mut self, id: u32) -> u32 {
        let next = self.agent_ids.len() as u32;
        if let Some(known) = self.agent_ids.get(&id) {
            return *known;
        }
        self.agent_ids.insert(id, next);
        self.agents.push(serde_json::to_value(self.plan.agents[id as usize].content()).unwrap_or_default());
        next
    }
}

/// The definition less what its value does not depend on.
fn reduced(task: &TaskDef) -> TaskDef {
    let mut task = task.clone();
    task.name = EcoString::new();
    task.doc = EcoString::new();
    task.key = EcoString::new();
    task.spot = Spot::default();
    task.locals = 0;
    for (name, _) in &mut task.params {
        *name = EcoString::new();
    }
    let mut props = Props::clone(&task.props);
    props.timeout = None;
    props.estimate = None;
    props.retry = None;
    props.accept = None;
    props.priority = None;
    props.description = None;
    props.on_crash = None;
    props.resources = Vec::new();
    let out = ["budget", "tokens", "fallback", "undo", "sandbox"];
    props.later.retain(|(name, _)| !out.contains(&name.as_str()));
    if let Action::Builtin { .. } = task.action {
        // What it claims follows from what it does.
        (props.reads, props.writes) = (None, None);
    }
    for claims in [&mut props.reads, &mut props.writes].into_iter().flatten() {
        open(claims);
    }
    task.props = props.into();
    task
}

/// Takes away the blocks that keep values in claims apart from the pattern: they say nothing of the value.
fn open(expr: &mut Expr) {
    while let ExprKind::Block { steps, value } = &mut expr.kind
        && steps.is_empty()
    {
        *expr = std::mem::replace(&mut **value, Expr::constant(Value::Unit));
    }
    expr.children_mut(&mut open);
}
