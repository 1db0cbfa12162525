//! Answers what the scheduler asks: widths, arms, rounds, arguments of calls, results.
//!
//! Takes a place and what is to be evaluated there; gives a verdict and leaves the values that it came by in [`Values`],
//! for the scopes that open next. A replay asks the same questions, takes the values and leaves the verdicts.

use super::values::{Constants, Open, Results, Values, evaluate};
use crate::plan::eval::{self, Env, Fault};
use crate::plan::{Bind, CallSettings, Expr, Node, NodeKind, Pattern, Plan, RaceKind, Spot};
use crate::schedule::{Edges, Ms, Place, ScopeId, Verdict, What, Width};
use crate::value::{Value, text};
use ecow::EcoString;
use std::collections::HashMap;
use std::sync::Arc;

/// The answer to any question but that for a task's inputs.
///
/// # Errors
/// The evaluation failed: `Verdict::Bad`.
pub(super) fn judge(plan: &Plan, values: &mut Values, place: Place, what: What) -> Result<Verdict, Fault> {
    match what {
        What::Assert => assert(plan, values, place),
        What::Width => width(plan, values, place),
        What::Arm => arm(plan, values, place),
        What::Loop => start_loop(plan, values, place),
        What::Again => again(plan, values, place.scope),
        What::Call => call(plan, values, place),
        What::Result => result(plan, values, place.scope),
        What::Inputs => Err(Fault::error("a task's inputs are asked for elsewhere", Spot::default())),
    }
}

/// What was asked, as a recorded verdict tells it.
pub(super) fn question_of(place: Place, verdict: &Verdict) -> Option<What> {
    match verdict {
        Verdict::Width(_) => Some(What::Width),
        Verdict::Arm(_) => Some(What::Arm),
        Verdict::Loop { .. } => Some(What::Loop),
        Verdict::Again { .. } => Some(What::Again),
        Verdict::Call { .. } => Some(What::Call),
        Verdict::Ok if place.is_body() => Some(What::Result),
        // An assert leaves no value.
        Verdict::Ok | Verdict::Bad(_) | Verdict::Inputs(_) => None,
    }
}

/// The node of a place.
pub(super) fn node_at<'p>(plan: &'p Plan, values: &Values, place: Place) -> Result<&'p Node, Fault> {
    let body = values.body_of(place.scope).ok_or_else(Fault::unknown)?;
    plan.body(body).nodes.get(place.node.index()).ok_or_else(Fault::unknown)
}

fn assert(plan: &Plan, values: &mut Values, place: Place) -> Result<Verdict, Fault> {
    let NodeKind::Assert { cond, message, text } = &node_at(plan, values, place)?.kind else {
        return Err(Fault::unknown());
    };
    values.evaluate(plan, place.scope, |env| {
        if env.truth(cond)? {
            Ok(Verdict::Ok)
        } else {
            Err(env.violated(cond.spot, message.as_deref(), text))
        }
    })
}

/// A positive Int of at most 32 bits.
pub(super) fn count(value: &Value, what: &str, spot: Spot) -> Result<u32, Fault> {
    match value {
        Value::Int(n) if *n >= 1 => Ok(u32::try_from(*n).unwrap_or(u32::MAX)),
        other => Err(Fault::error(format!("`{what}` must be at least 1, found {}", other.describe()), spot)),
    }
}

/// A duration that is not negative, in ms.
pub(super) fn millis(value: &Value, what: &str, spot: Spot) -> Result<Ms, Fault> {
    match value {
        Value::Duration(ms) if *ms >= 0 => Ok(*ms),
        other => Err(Fault::error(
            format!("`{what}` must be a duration that is not negative, found {}", other.describe()),
            spot,
        )),
    }
}

/// The head of a `for` or `race for`.
struct Head<'p> {
    items: &'p Expr,
    bind: &'p Bind,
    filter: Option<&'p Expr>,
    key: Option<&'p Expr>,
    after: Option<&'p Expr>,
    parallel: Option<&'p Expr>,
    need: Option<&'p Expr>,
}

fn width(plan: &Plan, values: &mut Values, place: Place) -> Result<Verdict, Fault> {
    let head = match &node_at(plan, values, place)?.kind {
        NodeKind::Map { items, bind, filter, parallel, key, after, .. } => Head {
            items,
            bind,
            filter: filter.as_deref(),
            key: key.as_deref(),
            after: after.as_deref(),
            parallel: parallel.as_deref(),
            need: None,
        },
        NodeKind::Race { entrants: RaceKind::Each { items, bind, filter, .. }, need } => Head {
            items,
            bind,
            filter: filter.as_deref(),
            key: None,
            after: None,
            parallel: None,
            need: need.as_deref(),
        },
        NodeKind::Race { entrants: RaceKind::Bodies(bodies), need } => {
            let n = bodies.len() as u32;
            return race(plan, values, place, n, need.as_deref());
        }
        _ => return Err(Fault::unknown()),
    };
    let is_race = matches!(node_at(plan, values, place)?.kind, NodeKind::Race { .. });
    let (items, width) = values.evaluate(plan, place.scope, |env| head.open(env))?;
    let results = match (values.is_read(place), is_race) {
        (false, _) => Results::Unread,
        (true, false) => Results::All(vec![Value::None; width.n as usize]),
        (true, true) => {
            Results::Race { done: Default::default(), won: Vec::new(), list: head.need.is_some() }
        }
    };
    let picks = width.indices.as_deref().map(Arc::from);
    values.open(place, Open::Each { items, picks, results });
    Ok(Verdict::Width(Arc::new(width)))
}

fn race(
    plan: &Plan,
    values: &mut Values,
    place: Place,
    n: u32,
    need: Option<&Expr>,
) -> Result<Verdict, Fault> {
    let wanted = match need {
        Some(need) => {
            let value = values.evaluate(plan, place.scope, |env| env.eval(need))?;
            Some(count(&value, "need", need.spot)?)
        }
        None => None,
    };
    let results = if values.is_read(place) {
        Results::Race { done: Default::default(), won: Vec::new(), list: need.is_some() }
    } else {
        Results::Unread
    };
    values.open(place, Open::Race(results));
    Ok(Verdict::Width(Arc::new(Width { n, need: wanted, ..Width::default() })))
}

impl<'p> Head<'p> {
    fn open(&self, env: &mut Env<'p, '_>) -> Result<(Arc<Vec<Value>>, Width), Fault> {
        let spot = self.items.spot;
        let value = env.eval(self.items)?;
        let items = eval::elements(&value).map_err(|why| Fault::error(why, spot))?;
        if u32::try_from(items.len()).is_err() {
            return Err(Fault::error("this list has too many elements for a loop over tasks", spot));
        }
        let mut width = Width { n: items.len() as u32, ..Width::default() };
        if let Some(parallel) = self.parallel {
            width.parallel = Some(count(&env.eval(parallel)?, "parallel", parallel.spot)?);
        }
        if let Some(need) = self.need {
            width.need = Some(count(&env.eval(need)?, "need", need.spot)?);
        }
        if let Some(filter) = self.filter {
            let mut picks = Vec::new();
            for (index, item) in items.iter().enumerate() {
                eval::bind(self.bind, item, env);
                if env.truth(filter)? {
                    picks.push(index as u32);
                }
            }
            width.n = picks.len() as u32;
            width.indices = Some(picks);
        }
        if let Some(key) = self.key {
            let keys = self.keys(env, key, &items, &width)?;
            if let Some(after) = self.after {
                width.after = Some(self.graph(env, after, &items, &width, &keys)?);
            }
            width.keys = Some(keys);
        }
        Ok((items, width))
    }

    /// The element of an iteration.
    fn element<'i>(items: &'i [Value], width: &Width, slot: u32) -> Option<&'i Value> {
        let index = match &width.indices {
            Some(picks) => *picks.get(slot as usize)?,
            None => slot,
        };
        items.get(index as usize)
    }

    fn keys(
        &self,
        env: &mut Env<'p, '_>,
        key: &'p Expr,
        items: &[Value],
        width: &Width,
    ) -> Result<Vec<EcoString>, Fault> {
        let mut keys: Vec<EcoString> = Vec::with_capacity(width.n as usize);
        let mut seen: HashMap<EcoString, u32> = HashMap::new();
        for slot in 0..width.n {
            let Some(item) = Self::element(items, width, slot) else { break };
            eval::bind(self.bind, item, env);
            let value = env.eval(key)?;
            let text = key_text(&value, key.spot)?;
            if let Some(first) = seen.insert(text.clone(), slot) {
                let why = format!("the key `{text}` is that of two iterations, {first} and {slot}");
                return Err(Fault::error(why, key.spot));
            }
            keys.push(text);
        }
        Ok(keys)
    }

    fn graph(
        &self,
        env: &mut Env<'p, '_>,
        after: &'p Expr,
        items: &[Value],
        width: &Width,
        keys: &[EcoString],
    ) -> Result<Edges, Fault> {
        let slots: HashMap<&str, u32> =
            keys.iter().enumerate().map(|(slot, key)| (key.as_str(), slot as u32)).collect();
        let mut edges = Edges { starts: vec![0], items: Vec::new() };
        for slot in 0..width.n {
            let Some(item) = Self::element(items, width, slot) else { break };
            eval::bind(self.bind, item, env);
            let value = env.eval(after)?;
            let needs: &[Value] = match &value {
                Value::List(needs) => needs,
                Value::None => &[],
                one => std::slice::from_ref(one),
            };
            for need in needs {
                let need = key_text(need, after.spot)?;
                let Some(to) = slots.get(need.as_str()) else {
                    return Err(unknown_key(&keys[slot as usize], &need, keys, after.spot));
                };
                edges.items.push(*to);
            }
            edges.starts.push(edges.items.len() as u32);
        }
        match edges.cycle() {
            None => Ok(edges),
            Some(cycle) => {
                let names: Vec<&str> = cycle
                    .iter()
                    .chain(cycle.first())
                    .map(|slot| keys.get(*slot as usize).map_or("?", EcoString::as_str))
                    .collect();
                let why = format!("these wait for each other: {}", names.join(" → "));
                Err(Fault::error(why, after.spot))
            }
        }
    }
}

fn unknown_key(of: &str, need: &str, keys: &[EcoString], spot: Spot) -> Fault {
    let near = keys
        .iter()
        .take(10_000)
        .map(|key| (strsim::damerau_levenshtein(key, need), key))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, key)| format!("; did you mean `{key}`?"))
        .unwrap_or_default();
    Fault::error(format!("`{of}` waits for `{need}`, but no iteration has that key{near}"), spot)
}

fn key_text(value: &Value, spot: Spot) -> Result<EcoString, Fault> {
    match value {
        Value::None | Value::List(_) | Value::Record(_) => {
            Err(Fault::error(format!("a key must be a text or a number, found {}", value.describe()), spot))
        }
        other => text::interpolated(other).ok_or_else(|| Fault::error("a secret cannot be a key", spot)),
    }
}

fn arm(plan: &Plan, values: &mut Values, place: Place) -> Result<Verdict, Fault> {
    let NodeKind::Branch { value, arms } = &node_at(plan, values, place)?.kind else {
        return Err(Fault::unknown());
    };
    let taken = values.evaluate(plan, place.scope, |env| {
        let subject = value.as_deref().map(|value| env.eval(value)).transpose()?;
        for (index, arm) in arms.iter().enumerate() {
            let fits = match &subject {
                Some(subject) => eval::matches(&arm.pattern, subject, env),
                None => true,
            };
            if fits && arm.guard.as_ref().map_or(Ok(true), |guard| env.truth(guard))? {
                return Ok(Some((index, bound_by(&arm.pattern, env))));
            }
        }
        Ok(None)
    })?;
    Ok(Verdict::Arm(match taken {
        Some((index, params)) => {
            values.open(place, Open::Params(params));
            Some(index as u16)
        }
        None => None,
    }))
}

fn bound_by(pattern: &Pattern, env: &Env<'_, '_>) -> Vec<Value> {
    pattern.slots().iter().map(|slot| env.local(*slot).cloned().unwrap_or(Value::None)).collect()
}

fn start_loop(plan: &Plan, values: &mut Values, place: Place) -> Result<Verdict, Fault> {
    let NodeKind::Loop { start, max, every, .. } = &node_at(plan, values, place)?.kind else {
        return Err(Fault::unknown());
    };
    let (draft, max, every_ms) = values.evaluate(plan, place.scope, |env| {
        let draft = env.eval(start)?;
        let max = count(&env.eval(max)?, "max", max.spot)?;
        let every = every.as_deref().map(|every| millis(&env.eval(every)?, "every", every.spot));
        Ok((draft, max, every.transpose()?))
    })?;
    values.open(place, Open::Params(vec![draft]));
    Ok(Verdict::Loop { max, every_ms })
}

/// Deepest draft: a loop must not build up a value that nothing can walk through.
const MAX_NESTING: u32 = 128;

fn again(plan: &Plan, values: &mut Values, scope: ScopeId) -> Result<Verdict, Fault> {
    let by = values.outer_of(scope).ok_or_else(Fault::unknown)?;
    let NodeKind::Loop { until, .. } = &node_at(plan, values, by)?.kind else {
        return Err(Fault::unknown());
    };
    let body = plan.body(values.body_of(scope).ok_or_else(Fault::unknown)?);
    let draft = values.evaluate(plan, scope, |env| match &body.result {
        Some(result) => env.eval(result),
        None => Ok(Value::Unit),
    })?;
    if draft.deeper_than(MAX_NESTING) {
        let why = format!("the draft is nested deeper than {MAX_NESTING} levels");
        return Err(Fault::error(why, until.spot));
    }
    let done = values.evaluate(plan, scope, |env| {
        env.set_next(draft.clone());
        env.truth(until)
    })?;
    values.put_result(scope, draft);
    Ok(Verdict::Again { again: !done })
}

fn call(plan: &Plan, values: &mut Values, place: Place) -> Result<Verdict, Fault> {
    let NodeKind::Call { args, settings, .. } = &node_at(plan, values, place)?.kind else {
        return Err(Fault::unknown());
    };
    let params = values.evaluate(plan, place.scope, |env| {
        args.iter().map(|arg| env.eval(arg)).collect::<Result<Vec<_>, _>>()
    })?;
    let (parallel, deadline_ms) = limits(plan, settings, &params)?;
    values.open(place, Open::Params(params));
    Ok(Verdict::Call { parallel, deadline_ms })
}

/// `parallel` and `deadline` of a workflow's settings, which see its parameters.
///
/// # Errors
/// Those of the evaluation, and values out of range.
pub(super) fn limits(
    plan: &Plan,
    settings: &CallSettings,
    params: &[Value],
) -> Result<(Option<u32>, Option<Ms>), Fault> {
    let mut seen = Constants { params };
    let parallel = match &settings.parallel {
        Some(expr) => match evaluate(plan, expr, &mut seen)? {
            Value::None => None,
            value => Some(count(&value, "parallel", expr.spot)?),
        },
        None => None,
    };
    let deadline = match &settings.deadline {
        Some(expr) => match evaluate(plan, expr, &mut seen)? {
            Value::None => None,
            value => Some(millis(&value, "deadline", expr.spot)?),
        },
        None => None,
    };
    Ok((parallel, deadline))
}

fn result(plan: &Plan, values: &mut Values, scope: ScopeId) -> Result<Verdict, Fault> {
    let body = plan.body(values.body_of(scope).ok_or_else(Fault::unknown)?);
    let Some(result) = &body.result else { return Ok(Verdict::Ok) };
    // What nobody reads is not evaluated.
    if values.outer_of(scope).is_some_and(|by| !values.is_read(by)) {
        return Ok(Verdict::Ok);
    }
    let value = values.evaluate(plan, scope, |env| env.eval(result))?;
    values.put_result(scope, value);
    Ok(Verdict::Ok)
}
