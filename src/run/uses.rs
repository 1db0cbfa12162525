//! Which values of a body anybody reads: the others are not kept.
//!
//! Takes a plan, once, and gives a dense slot for each node whose value an expression refers to.

use crate::plan::{
    Body, BodyId, Element, Entry, Expr, ExprKind, NodeKind, OnCrash, OutputFrom, Part, Plan, Props, RaceKind,
    Ref, Step,
};

/// Of one body.
#[derive(Debug, Clone, Default)]
pub struct BodyUses {
    /// By node: its slot, or `u32::MAX` when nobody reads its value.
    slots: Vec<u32>,
    /// How many slots there are.
    pub count: u32,
}

impl BodyUses {
    /// The slot of a node's value, where somebody reads it.
    pub fn slot(&self, node: u32) -> Option<usize> {
        self.slots.get(node as usize).copied().filter(|slot| *slot != u32::MAX).map(|slot| slot as usize)
    }
}

/// For each body of the plan.
pub fn of_plan(plan: &Plan) -> Vec<BodyUses> {
    let mut read: Vec<Vec<bool>> = plan.bodies.iter().map(|body| vec![false; body.nodes.len()]).collect();
    let mut mark = |at: BodyId, expr: &Expr| {
        walk(expr, &mut |to| {
            if let Ref::Node { up, node } = to
                && let Some(body) = outward(plan, at, up)
                && let Some(place) = read.get_mut(body.index()).and_then(|body| body.get_mut(node.index()))
            {
                *place = true;
            }
        });
    };
    for (index, body) in plan.bodies.iter().enumerate() {
        let at = BodyId(index as u32);
        of_body(body, &mut |expr| mark(at, expr));
        // What is evaluated in the scope of the round.
        for node in &body.nodes {
            if let NodeKind::Loop { until, body, .. } = &node.kind {
                mark(*body, until);
            }
        }
    }
    read.into_iter()
        .map(|body| {
            let mut count = 0;
            let slots = body.into_iter().map(|read| {
                if !read {
                    return u32::MAX;
                }
                count += 1;
                count - 1
            });
            let slots = slots.collect();
            BodyUses { slots, count }
        })
        .collect()
}

/// The body `up` levels outward.
fn outward(plan: &Plan, at: BodyId, up: u16) -> Option<BodyId> {
    let mut at = at;
    for _ in 0..up {
        at = plan.bodies.get(at.index())?.parent?;
    }
    Some(at)
}

/// Every expression that stands directly in a body.
fn of_body(body: &Body, each: &mut dyn FnMut(&Expr)) {
    body.lets.iter().for_each(|of| each(&of.value));
    body.result.iter().for_each(&mut *each);
    for node in &body.nodes {
        match &node.kind {
            // The definition is closed: it sees its arguments alone.
            NodeKind::Task { args, overrides, .. } => {
                args.iter().for_each(&mut *each);
                overrides.iter().for_each(|props| of_props(props, each));
            }
            NodeKind::Assert { cond, message, .. } => {
                each(cond);
                message.iter().for_each(|expr| each(expr));
            }
            NodeKind::Join | NodeKind::Try { .. } => {}
            NodeKind::Map { items, filter, parallel, key, after, .. } => {
                each(items);
                [filter, parallel, key, after].into_iter().flatten().for_each(|expr| each(expr));
            }
            NodeKind::Branch { value, arms } => {
                value.iter().for_each(|expr| each(expr));
                arms.iter().filter_map(|arm| arm.guard.as_ref()).for_each(&mut *each);
            }
            NodeKind::Loop { start, max, every, .. } => {
                each(start);
                each(max);
                every.iter().for_each(|expr| each(expr));
            }
            NodeKind::Race { entrants, need } => {
                need.iter().for_each(|expr| each(expr));
                if let RaceKind::Each { items, filter, .. } = entrants {
                    each(items);
                    filter.iter().for_each(|expr| each(expr));
                }
            }
            NodeKind::Call { args, .. } => args.iter().for_each(&mut *each),
        }
    }
}

fn of_props(props: &Props, each: &mut dyn FnMut(&Expr)) {
    let Props {
        cwd,
        env,
        stdin,
        output,
        allow_exit,
        reads,
        writes,
        resources,
        timeout,
        estimate,
        retry,
        accept,
        verify,
        on_crash,
        priority,
        description,
        later,
    } = props;
    let plain = [
        cwd,
        env,
        stdin,
        allow_exit,
        reads,
        writes,
        timeout,
        estimate,
        accept,
        verify,
        priority,
        description,
    ];
    plain.into_iter().flatten().for_each(|expr| each(expr));
    resources.iter().for_each(|(_, expr)| each(expr));
    later.iter().for_each(|(_, expr)| each(expr));
    if let Some(OutputFrom::File(path)) = output.as_deref() {
        each(path);
    }
    if let Some(retry) = retry {
        each(&retry.max);
        [&retry.backoff, &retry.factor, &retry.jitter].into_iter().flatten().for_each(&mut *each);
    }
    if let Some(OnCrash::Probe(argv)) = on_crash.as_deref() {
        each(argv);
    }
}

/// Every reference inside an expression. Its depth is that of the plan's text, which is limited.
fn walk(expr: &Expr, each: &mut dyn FnMut(Ref)) {
    match &expr.kind {
        ExprKind::Const(_) => {}
        ExprKind::Ref(to) => each(*to),
        ExprKind::Field { base: inner, .. } | ExprKind::Unary(_, inner) => walk(inner, each),
        ExprKind::FromJson(_, inner) | ExprKind::Fit(_, inner) => walk(inner, each),
        ExprKind::Index { base: a, index: b } | ExprKind::Binary(_, a, b) => {
            walk(a, each);
            walk(b, each);
        }
        ExprKind::If { cond, then, otherwise } => {
            walk(cond, each);
            walk(then, each);
            otherwise.iter().for_each(|expr| walk(expr, each));
        }
        ExprKind::Match { value, arms } => {
            walk(value, each);
            for arm in arms {
                arm.guard.iter().for_each(|guard| walk(guard, each));
                walk(&arm.value, each);
            }
        }
        ExprKind::For { items, filter, body, .. } => {
            walk(items, each);
            filter.iter().for_each(|expr| walk(expr, each));
            walk(body, each);
        }
        ExprKind::Repeat(repeat) => {
            let parts = [&repeat.start, &repeat.max, &repeat.value, &repeat.until];
            parts.into_iter().for_each(|expr| walk(expr, each));
            walk_steps(&repeat.steps, each);
        }
        ExprKind::Try { body, catch, .. } => {
            walk(body, each);
            catch.iter().for_each(|expr| walk(expr, each));
        }
        ExprKind::List(elements) => elements.iter().for_each(|Element { value, .. }| walk(value, each)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
            Entry::Field(_, value) | Entry::Spread(value) => walk(value, each),
        }),
        ExprKind::Interpolate(parts) => parts.iter().for_each(|part| match part {
            Part::Text(_) => {}
            Part::Value(value) => walk(value, each),
        }),
        ExprKind::Block { steps, value } => {
            walk_steps(steps, each);
            walk(value, each);
        }
        ExprKind::Builtin(_, args) | ExprKind::Call(_, args) => args.iter().for_each(|arg| walk(arg, each)),
        ExprKind::Variant { fields, .. } => fields.iter().for_each(|(_, value)| walk(value, each)),
    }
}

fn walk_steps(steps: &[Step], each: &mut dyn FnMut(Ref)) {
    for step in steps {
        match step {
            Step::Let(_, value) => walk(value, each),
            Step::Assert { cond, message, .. } => {
                walk(cond, each);
                message.iter().for_each(|expr| walk(expr, each));
            }
        }
    }
}
