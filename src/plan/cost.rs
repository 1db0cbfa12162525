//! What the agents of a plan may cost, as far as budgets say.
//!
//! A task's `budget` covers all its attempts; an agent's covers one. `most` is what is spent when all goes wrong: every
//! attempt, the dearer branch, `try` and `catch`, all entrants of a race, every round. `least` and `expected` are planning
//! figures: nothing fails, and an attempt costs the share that it has of its task's budget; `least` takes the cheaper
//! branch, one round, the cheapest winners of a race and no element of a list that is not known, `expected` the mean of the
//! branches, half of the rounds and all entrants.

use super::passes::inside_out;
use super::{Action, BodyId, Expr, ExprKind, NodeKind, Plan, Props, RaceKind, Ref, Retry, TaskDef};
use crate::value::Value;

/// Ten-thousandths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    pub least: i64,
    /// `None`: not known.
    pub expected: Option<i64>,
    /// `None`: nothing limits it.
    pub most: Option<i64>,
    /// The part of `most` that is known: what has no budget counts nothing, a list of unknown length counts once.
    pub known: i64,
}

const NOTHING: Cost = Cost { least: 0, expected: Some(0), most: Some(0), known: 0 };

/// The costs of all bodies of a plan.
#[derive(Debug)]
pub struct Costs<'p> {
    plan: &'p Plan,
    bodies: Vec<Cost>,
}

impl<'p> Costs<'p> {
    /// Adds them up, inner bodies first.
    pub fn new(plan: &'p Plan) -> Costs<'p> {
        let mut costs = Costs { plan, bodies: vec![NOTHING; plan.bodies.len()] };
        for id in inside_out(plan) {
            costs.bodies[id.index()] = sum(plan.body(id).nodes.iter().map(|n| costs.node(&n.kind)));
        }
        costs
    }

    /// Of all that a body holds.
    pub fn body(&self, id: BodyId) -> Cost {
        self.bodies[id.index()]
    }

    /// Of the started workflow, its own budget counted.
    pub fn whole(&self) -> Cost {
        let root = self.bodies.first().copied().unwrap_or(NOTHING);
        root.within(self.plan.settings.budget.as_ref().and_then(money))
    }

    /// Of a node and all that it owns.
    pub fn node(&self, kind: &NodeKind) -> Cost {
        let of = |id: &BodyId| self.body(*id);
        match kind {
            NodeKind::Task { def, args, overrides } => {
                task(self.plan, self.plan.task(*def), args, overrides.as_deref())
            }
            NodeKind::Assert { .. } | NodeKind::Join => NOTHING,
            NodeKind::Map { items, filter, body, .. } => of(body).times(width(items), filter.is_some()),
            NodeKind::Race { entrants: RaceKind::Each { items, filter, body, .. }, need } => {
                let all = of(body).times(width(items), filter.is_some());
                Cost { least: of(body).least.saturating_mul(wins(need.as_deref())), ..all }
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), need } => {
                let mut least: Vec<i64> = bodies.iter().map(|b| of(b).least).collect();
                least.sort_unstable();
                let winners = least.iter().take(usize::try_from(wins(need.as_deref())).unwrap_or(1));
                let all = sum(bodies.iter().map(of));
                Cost { least: winners.fold(0, |sum, one| sum.saturating_add(*one)), ..all }
            }
            NodeKind::Loop { max, body, .. } => of(body).rounds(whole_number(max)),
            NodeKind::Branch { arms, .. } => one_of(arms.iter().map(|a| of(&a.body))),
            NodeKind::Try { body, catch, finally } => {
                let (body, catch) = (of(body), catch.as_ref().map_or(NOTHING, of));
                let wrong = Cost { least: 0, expected: Some(0), ..catch };
                sum([body, wrong, finally.as_ref().map_or(NOTHING, of)])
            }
            NodeKind::Call { body, settings, .. } => {
                of(body).within(settings.budget.as_ref().and_then(money))
            }
        }
    }
}

impl Cost {
    /// Not more than a budget.
    fn within(self, budget: Option<i64>) -> Cost {
        let Some(budget) = budget else { return self };
        let capped = |of: Option<i64>| of.map_or(budget, |of| of.min(budget));
        Cost {
            least: self.least.min(budget),
            expected: self.expected.map(|e| e.min(budget)),
            most: Some(capped(self.most)),
            known: self.known.min(budget),
        }
    }

    /// For each of so many elements, of which a filter may leave some out.
    fn times(self, width: Option<i64>, filtered: bool) -> Cost {
        let zero = |of: Option<i64>| of.filter(|n| *n == 0);
        let Some(width) = width else {
            return Cost {
                least: 0,
                expected: zero(self.expected),
                most: zero(self.most),
                known: self.known,
            };
        };
        let share = if filtered { 2 } else { 1 };
        Cost {
            least: if filtered { 0 } else { self.least.saturating_mul(width) },
            expected: self.expected.map(|n| n.saturating_mul(width) / share),
            most: self.most.and_then(|n| n.checked_mul(width)),
            known: self.known.saturating_mul(width),
        }
    }

    /// One round to all of them.
    fn rounds(self, max: Option<i64>) -> Cost {
        let zero = |of: Option<i64>| of.filter(|n| *n == 0);
        let Some(max) = max.map(|max| max.max(1)) else {
            return Cost { expected: zero(self.expected), most: zero(self.most), ..self };
        };
        Cost {
            least: self.least,
            expected: self.expected.map(|n| n.saturating_mul(max + 1) / 2),
            most: self.most.and_then(|n| n.checked_mul(max)),
            known: self.known.saturating_mul(max),
        }
    }
}

fn sum(parts: impl IntoIterator<Item = Cost>) -> Cost {
    let add = |a: Option<i64>, b: Option<i64>| a?.checked_add(b?);
    parts.into_iter().fold(NOTHING, |sum, part| Cost {
        least: sum.least.saturating_add(part.least),
        expected: add(sum.expected, part.expected),
        most: add(sum.most, part.most),
        known: sum.known.saturating_add(part.known),
    })
}

fn one_of(arms: impl Iterator<Item = Cost>) -> Cost {
    let arms: Vec<Cost> = arms.collect();
    let (count, all) = (arms.len().max(1) as i64, sum(arms.iter().copied()));
    Cost {
        least: arms.iter().map(|a| a.least).min().unwrap_or(0),
        expected: all.expected.map(|e| e / count),
        most: arms.iter().try_fold(0, |most, arm| Some(arm.most?.max(most))),
        known: arms.iter().map(|a| a.known).max().unwrap_or(0),
    }
}

/// Of one task. What no agent does costs nothing.
fn task(plan: &Plan, task: &TaskDef, args: &[Expr], overrides: Option<&Props>) -> Cost {
    let Action::Agent { agent, .. } = &task.action else { return NOTHING };
    let later = |name: &str| {
        let given = overrides.map(|o| o.later.as_slice()).unwrap_or_default();
        given.iter().chain(&task.props.later).find(|(n, _)| n == name).map(|(_, value)| value)
    };
    let agents = candidates(agent, args);
    let more = later("fallback").map_or(Some(Vec::new()), |f| candidates(f, args));
    let own = overrides.and_then(|o| o.retry.as_deref()).or(task.props.retry.as_deref());
    let inherited =
        || agents.as_ref().and_then(|a| a.first()).and_then(|a| plan.agents.get(*a)?.retry.as_ref());
    let each = attempts(own.or_else(inherited));
    if let Some(budget) = later("budget").and_then(money) {
        let all =
            each.zip(more.as_ref()).map_or(1, |(each, more)| each.saturating_mul(more.len() as i64 + 1));
        let one = budget / all.max(1);
        return Cost { least: one, expected: Some(one), most: Some(budget), known: budget };
    }
    // Without one of the task's own, that of the agent holds for each attempt.
    let price = |of: fn(i64, i64) -> i64| {
        let each = agents.as_ref()?.iter().map(|id| plan.agents.get(*id).and_then(|a| a.budget));
        each.collect::<Option<Vec<i64>>>()?.into_iter().reduce(of)
    };
    let dearest = price(i64::max);
    let others = more
        .as_ref()
        .and_then(|m| m.iter().try_fold(0i64, |sum, id| sum.checked_add(plan.agents.get(*id)?.budget?)));
    let most = || dearest?.checked_add(others?)?.checked_mul(each?);
    let least = price(i64::min);
    Cost { least: least.unwrap_or(0), expected: least, most: most(), known: most().or(dearest).unwrap_or(0) }
}

/// The agents that an expression names, where the plan knows them.
fn candidates(agent: &Expr, args: &[Expr]) -> Option<Vec<usize>> {
    let given = match &agent.kind {
        ExprKind::Ref(Ref::Arg(i)) => args.get(usize::from(*i))?,
        _ => agent,
    };
    let id = |value: &Value| if let Value::Agent(id, _) = value { Some(*id as usize) } else { None };
    match given.as_const()? {
        Value::List(items) => items.iter().map(id).collect(),
        value => Some(vec![id(value)?]),
    }
}

/// How often one agent may try.
fn attempts(retry: Option<&Retry>) -> Option<i64> {
    match retry {
        None => Some(1),
        Some(retry) => Some(whole_number(&retry.max)?.saturating_add(1)),
    }
}

fn wins(need: Option<&Expr>) -> i64 {
    need.map_or(1, |n| whole_number(n).unwrap_or(1))
}

fn width(items: &Expr) -> Option<i64> {
    match items.as_const()? {
        Value::List(items) => Some(items.len() as i64),
        Value::Record(fields) => Some(fields.len() as i64),
        _ => None,
    }
}

fn whole_number(expr: &Expr) -> Option<i64> {
    match expr.as_const()? {
        Value::Int(n) => Some(*n),
        _ => None,
    }
}

fn money(expr: &Expr) -> Option<i64> {
    match expr.as_const()? {
        Value::Money(units) => Some(*units),
        _ => None,
    }
}
