//! Resources per wave: the most that the tasks of a wave of the root body hold at once, as far as it is known.

use crate::plan::{BodyId, Expr, NodeKind, Plan, RaceKind, ResourceId};
use crate::value::Value;
use std::collections::BTreeMap;

/// Units by resource.
pub type Units = BTreeMap<ResourceId, i64>;

/// For each wave of the root body the units that all its tasks together hold, capped at what there is. A loop over a list
/// of unknown length counts once.
pub fn peaks(plan: &Plan) -> Vec<Units> {
    let Some(root) = plan.bodies.first() else { return Vec::new() };
    let mut most = vec![None; plan.bodies.len()];
    for id in super::inside_out(plan) {
        most[id.index()] = Some(of_body(plan, id, &most));
    }
    let mut waves = vec![Units::new(); root.waves as usize];
    for node in &root.nodes {
        if let Some(wave) = waves.get_mut(node.wave as usize) {
            add(wave, &of_node(plan, &node.kind, &most), 1);
        }
    }
    for wave in &mut waves {
        for (id, units) in wave.iter_mut() {
            if let crate::plan::Limit::Capacity(most) = plan.resources[id.index()].limit {
                *units = (*units).min(most);
            }
        }
    }
    waves
}

/// The most that a wave of a body holds.
fn of_body(plan: &Plan, id: BodyId, most: &[Option<Units>]) -> Units {
    let body = plan.body(id);
    let mut waves = vec![Units::new(); body.waves as usize];
    for node in &body.nodes {
        if let Some(wave) = waves.get_mut(node.wave as usize) {
            add(wave, &of_node(plan, &node.kind, most), 1);
        }
    }
    larger(waves.iter())
}

fn of_node(plan: &Plan, kind: &NodeKind, most: &[Option<Units>]) -> Units {
    let of = |id: &BodyId| most.get(id.index()).cloned().flatten().unwrap_or_default();
    match kind {
        NodeKind::Task { def, overrides, .. } => {
            let own = &plan.task(*def).props.resources;
            let listed = overrides.as_deref().map(|o| &o.resources).filter(|r| !r.is_empty()).unwrap_or(own);
            let units = listed.iter().filter_map(|(id, units)| Some((*id, number(units)?)));
            units.collect()
        }
        NodeKind::Assert { .. } | NodeKind::Join => Units::new(),
        NodeKind::Map { items, parallel, body, .. } => {
            let mut width = items.as_const().and_then(Value::as_list).map_or(1, <[Value]>::len) as i64;
            if let Some(parallel) = parallel.as_ref().and_then(|p| number(p)) {
                width = width.min(parallel);
            }
            let mut units = Units::new();
            add(&mut units, &of(body), width.max(1));
            units
        }
        NodeKind::Loop { body, .. } | NodeKind::Call { body, .. } => of(body),
        NodeKind::Branch { arms, .. } => {
            let arms: Vec<Units> = arms.iter().map(|a| of(&a.body)).collect();
            larger(arms.iter())
        }
        NodeKind::Try { body, catch, finally } => {
            let parts: Vec<Units> =
                [Some(body), catch.as_ref(), finally.as_ref()].into_iter().flatten().map(of).collect();
            larger(parts.iter())
        }
        NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => {
            let mut units = Units::new();
            bodies.iter().for_each(|b| add(&mut units, &of(b), 1));
            units
        }
        NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => of(body),
    }
}

fn number(expr: &Expr) -> Option<i64> {
    match expr.as_const()? {
        Value::Int(n) | Value::Bytes(n) => Some(*n),
        _ => None,
    }
}

fn add(units: &mut Units, more: &Units, times: i64) {
    for (id, n) in more {
        let sum = units.entry(*id).or_insert(0);
        *sum = sum.saturating_add(n.saturating_mul(times));
    }
}

fn larger<'u>(all: impl Iterator<Item = &'u Units>) -> Units {
    let mut units = Units::new();
    for one in all {
        for (id, n) in one {
            let most = units.entry(*id).or_insert(*n);
            *most = (*most).max(*n);
        }
    }
    units
}

/// For `--emit resources`.
pub(super) fn print(plan: &Plan) -> String {
    let mut text = String::new();
    for (wave, units) in peaks(plan).iter().enumerate() {
        let units = units.iter().map(|(id, n)| format!(" {}: {n}", plan.resources[id.index()].name));
        text.push_str(&format!("wave {wave}{}\n", units.collect::<String>()));
    }
    text
}
