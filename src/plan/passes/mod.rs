//! What is done to a plan between lowering and use, one module a pass, in this order.
//!
//! No pass changes an id, a wave or the meaning. All are iterative and linear, but for the full transitive reduction of
//! small bodies.

mod checkpoints;
mod dead;
mod expand;
mod fold;
mod inline;
pub mod paths;
mod reduce;
mod resources;
mod waves;

#[cfg(test)]
mod tests;

pub use checkpoints::checkpoints;
pub use fold::cheap;
pub use resources::peaks;

use super::{BodyId, Plan, print};

/// The names of the passes for `--emit`; `lower` is the plan before them all.
pub const PASSES: &[&str] = &[
    "lower",
    "waves",
    "inlining",
    "folding",
    "expansion",
    "dead-expressions",
    "reduction",
    "critical-path",
    "resources",
    "checkpoints",
];

/// Runs every pass.
pub fn run(plan: &mut Plan) {
    for pass in PASSES {
        apply(pass, plan);
    }
}

/// The plan as text after the pass of that name and all before it; `None` where there is no such pass.
pub fn emit(pass: &str, mut plan: Plan) -> Option<String> {
    let last = PASSES.iter().position(|p| *p == pass)?;
    for pass in &PASSES[..=last] {
        apply(pass, &mut plan);
    }
    let mut text = print::print(&plan);
    if pass == "resources" {
        text.push_str(&resources::print(&plan));
    }
    if pass == "checkpoints" {
        text.push_str(&checkpoints::print(&plan));
    }
    Some(text)
}

fn apply(pass: &str, plan: &mut Plan) {
    match pass {
        "waves" => waves::assign(plan),
        "inlining" => inline::inline(plan),
        "folding" => fold::fold(plan),
        "expansion" => expand::expand(plan),
        "dead-expressions" => dead::remove(plan),
        "reduction" => reduce::reduce(plan),
        "critical-path" => paths::measure(plan),
        // `lower` is where it begins; resources and checkpoints are read off the finished plan.
        _ => {}
    }
}

/// The bodies that can be reached, each after all bodies that its nodes own or call.
pub fn inside_out(plan: &Plan) -> Vec<BodyId> {
    let mut order = Vec::with_capacity(plan.bodies.len());
    let mut seen = vec![false; plan.bodies.len()];
    let mut stack: Vec<(BodyId, usize, Vec<BodyId>)> = Vec::new();
    let below = |id: BodyId| -> Vec<BodyId> {
        let Some(body) = plan.bodies.get(id.index()) else { return Vec::new() };
        body.nodes.iter().flat_map(|n| n.kind.bodies()).collect()
    };
    let Some(first) = seen.first_mut() else { return order };
    *first = true;
    stack.push((BodyId(0), 0, below(BodyId(0))));
    while let Some((id, next, children)) = stack.last_mut() {
        match children.get(*next) {
            Some(child) => {
                *next += 1;
                let child = *child;
                if seen.get(child.index()) == Some(&false) {
                    seen[child.index()] = true;
                    stack.push((child, 0, below(child)));
                }
            }
            None => {
                order.push(*id);
                stack.pop();
            }
        }
    }
    order
}
