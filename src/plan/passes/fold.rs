//! Constant folding: what needs no value of the run is evaluated now.
//!
//! What fails is left as it is, to fail where and when it is needed. Large results and loops are left too: a plan is no
//! place for a list of a million numbers.

use super::dead::{all_exprs_mut, outward, parents};
use crate::plan::eval::{Env, NoScope};
use crate::plan::{BodyId, Expr, ExprKind, NodeKind, Plan, Ref};
use crate::types::Builtin;
use crate::value::Value;
use std::collections::HashMap;

/// Deepest expression that is folded.
const DEEPEST: u32 = 200;
/// Largest value that is put into the plan: elements and bytes.
const LARGEST: usize = 1_024;
/// Largest value that is put wherever a let of it is used.
const SMALL: usize = 16;

/// Folds all expressions.
pub(super) fn fold(plan: &mut Plan) {
    let tables = Plan { bodies: Vec::new(), tasks: Vec::new(), types: plan.types.clone(), ..empty(plan) };
    let parents = parents(plan);
    let mut known: HashMap<(BodyId, u32), Value> = HashMap::new();
    for i in 0..plan.bodies.len() {
        let id = BodyId(i as u32);
        let mut body = std::mem::take(&mut plan.bodies[i]);
        for (index, binding) in body.lets.iter_mut().enumerate() {
            fold_in(&mut binding.value, &tables, id, &parents, &known);
            if let Some(value) = binding.value.as_const() {
                known.insert((id, index as u32), value.clone());
            }
        }
        plan.bodies[i] = body;
    }
    super::dead::exprs_mut(plan, &mut |id, expr| fold_in(expr, &tables, id, &parents, &known));
    rest(plan, &tables);
}

/// Definitions, settings and the like, which see no lets.
fn rest(plan: &mut Plan, tables: &Plan) {
    let none = HashMap::new();
    let mut bodies = std::mem::take(&mut plan.bodies);
    all_exprs_mut(plan, &mut |expr| fold_in(expr, tables, BodyId(0), &[], &none));
    for body in &mut bodies {
        for node in &mut body.nodes {
            if let NodeKind::Call { settings, .. } = &mut node.kind {
                settings.exprs_mut(&mut |expr| fold_in(expr, tables, BodyId(0), &[], &none));
            }
        }
    }
    plan.bodies = bodies;
}

/// A plan with nothing but types, for the evaluator.
fn empty(plan: &Plan) -> Plan {
    Plan {
        format: plan.format,
        workflow: Default::default(),
        files: Vec::new(),
        doc: Default::default(),
        inputs: Vec::new(),
        result: plan.result,
        settings: Default::default(),
        contracts: Vec::new(),
        types: Default::default(),
        agents: Vec::new(),
        resources: Vec::new(),
        fns: Vec::new(),
        tasks: Vec::new(),
        bodies: Vec::new(),
        secrets: Vec::new(),
        missing: Vec::new(),
        hash: Default::default(),
    }
}

fn fold_in(
    expr: &mut Expr,
    tables: &Plan,
    body: BodyId,
    parents: &[Option<BodyId>],
    known: &HashMap<(BodyId, u32), Value>,
) {
    if !known.is_empty() {
        let whole = matches!(expr.kind, ExprKind::Ref(_));
        expr.replace_refs(&mut |r| match r {
            Ref::Let { up, index } => {
                let at = outward(parents, body, up)?;
                let value = known.get(&(at, index))?;
                let put = whole || weight(value, SMALL).is_some();
                put.then(|| ExprKind::Const(value.clone()))
            }
            _ => None,
        });
    }
    below(expr, tables, 0);
}

/// Folds inside out; gives whether the whole is a constant now.
fn below(expr: &mut Expr, tables: &Plan, depth: u32) -> bool {
    if matches!(expr.kind, ExprKind::Const(_)) {
        return true;
    }
    if depth > DEEPEST || matches!(expr.kind, ExprKind::Ref(_)) {
        return false;
    }
    let mut constant = true;
    expr.children_mut(&mut |child| constant &= below(child, tables, depth + 1));
    if !constant || !cheap(expr) {
        return false;
    }
    match Env::new(tables, &mut NoScope).eval(expr) {
        Ok(value) if weight(&value, LARGEST).is_some() => {
            *expr = Expr::constant(value);
            true
        }
        _ => false,
    }
}

/// Whether evaluating an expression over constants takes time and space in proportion to its size.
pub fn cheap(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Field { .. }
        | ExprKind::Index { .. }
        | ExprKind::Unary(..)
        | ExprKind::Binary(..)
        | ExprKind::If { .. }
        | ExprKind::List(_)
        | ExprKind::Record(_)
        | ExprKind::Interpolate(_)
        | ExprKind::Variant { .. }
        | ExprKind::FromJson(..)
        | ExprKind::Fit(..) => true,
        ExprKind::Builtin(builtin, args) => match builtin {
            Builtin::Secret | Builtin::Fail | Builtin::Include | Builtin::Matches => false,
            Builtin::Range => {
                let ends: Vec<i64> = args.iter().filter_map(|a| int(a.as_const()?)).collect();
                let least = if ends.len() > 1 { ends[0] } else { 0 };
                ends.last().is_some_and(|most| most.saturating_sub(least) <= LARGEST as i64)
            }
            _ => true,
        },
        ExprKind::Ref(_)
        | ExprKind::Match { .. }
        | ExprKind::For { .. }
        | ExprKind::Repeat(_)
        | ExprKind::Try { .. }
        | ExprKind::Block { .. }
        | ExprKind::Call(..) => false,
    }
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(*n) } else { None }
}

/// What is left of `room` after the value; `None` when it does not fit.
fn weight(value: &Value, room: usize) -> Option<usize> {
    let room = room.checked_sub(1)?;
    match value {
        Value::Str(text) => room.checked_sub(text.len() / 4),
        Value::List(items) => items.iter().try_fold(room, |room, item| weight(item, room)),
        Value::Record(fields) => fields.values().try_fold(room, |room, item| weight(item, room)),
        Value::Variant(v) => v.fields.values().try_fold(room, |room, item| weight(item, room)),
        Value::Secret(_) => None,
        Value::None
        | Value::Unit
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Bytes(_)
        | Value::Money(_)
        | Value::Agent(..) => Some(room),
    }
}
