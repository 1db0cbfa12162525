//! The cost ceiling: the most that a run may spend on agents, as far as budgets say.

use crate::plan::passes::inside_out;
use crate::plan::{Action, BodyId, Expr, NodeKind, Plan, RaceKind};
use crate::value::Value;

/// Ten-thousandths of a dollar; `None` when nothing limits it.
pub(super) fn ceiling(plan: &Plan) -> Option<i64> {
    let stated = plan.settings.budget.as_ref().and_then(money);
    let mut most: Vec<Option<i64>> = vec![None; plan.bodies.len()];
    for id in inside_out(plan) {
        most[id.index()] = sum(plan.body(id).nodes.iter().map(|n| of_node(plan, &n.kind, &most)));
    }
    match (stated, most.first().copied().flatten()) {
        (Some(stated), Some(sum)) => Some(stated.min(sum)),
        (stated, sum) => stated.or(sum),
    }
}

fn of_node(plan: &Plan, kind: &NodeKind, most: &[Option<i64>]) -> Option<i64> {
    let of = |id: &BodyId| most[id.index()];
    match kind {
        NodeKind::Task { def, overrides, .. } => {
            let task = plan.task(*def);
            if !matches!(task.action, Action::Agent { .. }) {
                return Some(0);
            }
            let own = overrides.as_deref().map(|o| o.later.as_slice()).unwrap_or_default();
            let budget = own.iter().chain(&task.props.later).find(|(name, _)| name == "budget");
            budget.and_then(|(_, value)| money(value))
        }
        NodeKind::Assert { .. } | NodeKind::Join => Some(0),
        NodeKind::Map { items, body, .. }
        | NodeKind::Race { entrants: RaceKind::Each { items, body, .. }, .. } => {
            match (of(body)?, items.as_const().and_then(Value::as_list)) {
                (0, _) => Some(0),
                (each, Some(items)) => each.checked_mul(items.len() as i64),
                (_, None) => None,
            }
        }
        NodeKind::Loop { max, body, .. } => match (of(body)?, max.as_const()) {
            (0, _) => Some(0),
            (each, Some(Value::Int(rounds))) => each.checked_mul(*rounds),
            _ => None,
        },
        NodeKind::Branch { arms, .. } => {
            arms.iter().map(|a| of(&a.body)).try_fold(0, |most, arm| Some(arm?.max(most)))
        }
        NodeKind::Try { .. } | NodeKind::Race { .. } => sum(kind.bodies().iter().map(of)),
        NodeKind::Call { body, settings, .. } => {
            let stated = settings.budget.as_ref().and_then(money);
            match (stated, of(body)) {
                (Some(stated), Some(sum)) => Some(stated.min(sum)),
                (stated, sum) => stated.or(sum),
            }
        }
    }
}

fn sum(parts: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let mut sum = 0i64;
    for part in parts {
        sum = sum.checked_add(part?)?;
    }
    Some(sum)
}

fn money(expr: &Expr) -> Option<i64> {
    match expr.as_const()? {
        Value::Money(units) => Some(*units),
        _ => None,
    }
}
