//! Dead-expression removal: lets that nothing uses, functions that nothing calls.

use crate::plan::{BodyId, Expr, ExprKind, FnId, NodeKind, Plan, Ref};
use std::collections::HashMap;

/// Removes them.
pub(super) fn remove(plan: &mut Plan) {
    lets(plan);
    functions(plan);
}

/// The body `up` levels outward.
pub(super) fn outward(parents: &[Option<BodyId>], mut body: BodyId, up: u16) -> Option<BodyId> {
    for _ in 0..up {
        body = (*parents.get(body.index())?)?;
    }
    Some(body)
}

pub(super) fn parents(plan: &Plan) -> Vec<Option<BodyId>> {
    plan.bodies.iter().map(|b| b.parent).collect()
}

/// Calls `f` with every expression of the plan that stands in a body, and that body. Lets are left out.
pub(super) fn exprs_mut(plan: &mut Plan, f: &mut dyn FnMut(BodyId, &mut Expr)) {
    for (i, body) in plan.bodies.iter_mut().enumerate() {
        let id = BodyId(i as u32);
        for node in &mut body.nodes {
            node.kind.exprs_mut(&mut |e| f(id, e));
            if let NodeKind::Loop { body, until, .. } = &mut node.kind {
                f(*body, until);
            }
        }
        if let Some(result) = &mut body.result {
            f(id, result);
        }
    }
}

fn lets(plan: &mut Plan) {
    if plan.bodies.iter().all(|b| b.lets.is_empty()) {
        return;
    }
    let parents = parents(plan);
    let mut used: Vec<Vec<bool>> = plan.bodies.iter().map(|b| vec![false; b.lets.len()]).collect();
    let mut stack: Vec<(BodyId, u32)> = Vec::new();
    let mut note = |body: BodyId, expr: &Expr, stack: &mut Vec<(BodyId, u32)>| {
        expr.refs(&mut |r| {
            if let Ref::Let { up, index } = r
                && let Some(at) = outward(&parents, body, up)
                && let Some(used) = used[at.index()].get_mut(index as usize)
                && !std::mem::replace(used, true)
            {
                stack.push((at, index));
            }
        });
    };
    exprs_mut(plan, &mut |body, expr| note(body, expr, &mut stack));
    while let Some((body, index)) = stack.pop() {
        note(body, &plan.bodies[body.index()].lets[index as usize].value, &mut stack);
    }
    if used.iter().flatten().all(|u| *u) {
        return;
    }
    let renumbered: Vec<HashMap<u32, u32>> = used.iter().map(|used| renumber(used)).collect();
    let mut rename = |body: BodyId, expr: &mut Expr| {
        expr.replace_refs(&mut |r| match r {
            Ref::Let { up, index } => {
                let at = outward(&parents, body, up)?;
                let index = *renumbered[at.index()].get(&index)?;
                Some(ExprKind::Ref(Ref::Let { up, index }))
            }
            _ => None,
        });
    };
    exprs_mut(plan, &mut rename);
    for (i, body) in plan.bodies.iter_mut().enumerate() {
        let mut keep = used[i].iter();
        body.lets.retain(|_| keep.next() == Some(&true));
        body.lets.iter_mut().for_each(|l| rename(BodyId(i as u32), &mut l.value));
    }
}

/// The new number of everything that is kept.
fn renumber(kept: &[bool]) -> HashMap<u32, u32> {
    let kept = kept.iter().enumerate().filter(|(_, kept)| **kept);
    kept.enumerate().map(|(new, (old, _))| (old as u32, new as u32)).collect()
}

/// Calls `f` with every expression of the plan.
pub(super) fn all_exprs_mut(plan: &mut Plan, f: &mut dyn FnMut(&mut Expr)) {
    exprs_mut(plan, &mut |_, e| f(e));
    for body in &mut plan.bodies {
        body.lets.iter_mut().for_each(|l| f(&mut l.value));
        for node in &mut body.nodes {
            if let NodeKind::Call { settings, .. } = &mut node.kind {
                settings.exprs_mut(f);
            }
        }
    }
    plan.tasks.iter_mut().for_each(|t| t.exprs_mut(f));
    plan.settings.exprs_mut(f);
    plan.inputs.iter_mut().filter_map(|i| i.default.as_mut()).for_each(&mut *f);
    for contract in &mut plan.contracts {
        f(&mut contract.cond);
        contract.message.iter_mut().for_each(&mut *f);
    }
    for agent in &mut plan.agents {
        agent.retry.iter_mut().for_each(|r| r.exprs_mut(f));
    }
}

fn functions(plan: &mut Plan) {
    if plan.fns.is_empty() {
        return;
    }
    let mut used = vec![false; plan.fns.len()];
    let mut stack: Vec<FnId> = Vec::new();
    let mut note = |expr: &Expr, stack: &mut Vec<FnId>| {
        expr.walk(&mut |e| {
            if let ExprKind::Call(id, _) = &e.kind
                && let Some(used) = used.get_mut(id.index())
                && !std::mem::replace(used, true)
            {
                stack.push(*id);
            }
        });
    };
    all_exprs_mut(plan, &mut |e| note(e, &mut stack));
    while let Some(id) = stack.pop() {
        note(&plan.fns[id.index()].body, &mut stack);
    }
    if used.iter().all(|u| *u) {
        return;
    }
    let renumbered = renumber(&used);
    let mut rename = |expr: &mut Expr| {
        let mut stack = vec![expr];
        while let Some(expr) = stack.pop() {
            if let ExprKind::Call(id, _) = &mut expr.kind
                && let Some(new) = renumbered.get(&id.0)
            {
                *id = FnId(*new);
            }
            expr.children_mut(&mut |child| stack.push(child));
        }
    };
    all_exprs_mut(plan, &mut rename);
    let mut keep = used.iter();
    plan.fns.retain(|_| keep.next() == Some(&true));
    plan.fns.iter_mut().for_each(|f| rename(&mut f.body));
}
