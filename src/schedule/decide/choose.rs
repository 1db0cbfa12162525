//! What becomes of a task that could start now, and which agent it gets.

use super::TRIES;
use crate::plan::{AgentId, Plan};
use crate::schedule::desk::{Desk, Lack, Timer, task_of};
use crate::schedule::scope::{Core, Turn};
use crate::schedule::{Before, Cause, Crash, ErrorKind, Facts, Inputs, Place, Question, WallMs, Why, Work};

/// What becomes of a task that could start.
pub(super) enum Choice {
    Start(Option<AgentId>),
    Ask(Question, Option<WallMs>),
    Park(Lack),
    /// All of these agents are busy.
    ParkFor(Vec<AgentId>),
    /// No place in `parallel` is left.
    Full,
    Fail(Why),
}

pub(super) fn choose(
    core: &Core,
    desk: &mut Desk,
    plan: &Plan,
    facts: &Facts<'_>,
    place: Place,
    turn: Turn,
    inputs: &Inputs,
) -> Choice {
    if turn.begins() && inputs.before == Before::Done {
        return Choice::Ask(Question::Again, None);
    }
    if turn.repeats(inputs) {
        let fail = |cause| Choice::Fail(Why { kind: ErrorKind::Crash, cause });
        if turn.lost >= TRIES {
            return fail(Cause::Tries);
        }
        match inputs.on_crash {
            Crash::Ask => return Choice::Ask(Question::Crash, None),
            Crash::Fail => return fail(Cause::Crash),
            Crash::Rerun | Crash::Probe => {}
        }
    }
    if let Work::Question { timeout_ms, .. } = inputs.work {
        let until = timeout_ms.map(|ms| facts.wall.saturating_add(ms));
        return Choice::Ask(Question::Task, until);
    }
    if desk.limits.beyond(&inputs.units) {
        return Choice::Fail(Why { kind: ErrorKind::Error, cause: Cause::Capacity });
    }
    if inputs.work == Work::Attempt {
        if !desk.limits.has_slot(core, facts) {
            return Choice::Full;
        }
        if let Some(call) = desk.limits.full_call(core, place) {
            return Choice::Park(Lack::Call(call));
        }
    }
    if inputs.claims_any() {
        let urgent = desk.limits.starving() == Some(place);
        if let Some(blocker) = desk.claims.blocker(core, place, inputs, urgent, facts.overlap) {
            return Choice::Park(Lack::Claim(blocker));
        }
    }
    if let Some((r, more)) = desk.limits.lacking(place, &inputs.units, facts.now) {
        if let Some(at) = more {
            desk.timers.insert((at, Timer::Rate(r)));
        }
        return Choice::Park(Lack::Units(r));
    }
    match choose_agent(core, desk, plan, facts, place, turn, &inputs.agents) {
        Ok(agent) => Choice::Start(agent),
        Err(busy) => Choice::ParkFor(busy),
    }
}

/// Least loaded first, where a failure in a row weighs like an attempt that runs; then the best record; another one than
/// failed last. `Err`: those that it could be are all busy.
fn choose_agent(
    core: &Core,
    desk: &Desk,
    plan: &Plan,
    facts: &Facts<'_>,
    place: Place,
    turn: Turn,
    candidates: &[AgentId],
) -> Result<Option<AgentId>, Vec<AgentId>> {
    if candidates.is_empty() {
        return Ok(None);
    }
    let last = turn.agent().filter(|last| candidates.contains(last));
    let same = desk.known.get(&place).is_some_and(|known| known.same_agent);
    let retry = turn.tries == 0 && turn.attempt > 1;
    let allowed = |agent: &AgentId| match last {
        Some(last) if same || turn.tries > 0 => *agent == last,
        Some(last) if retry && candidates.len() > 1 => *agent != last,
        Some(_) | None => true,
    };
    let task = task_of(core, plan, place);
    let room = |agent: &AgentId| match plan.agents.get(agent.index()).and_then(|agent| agent.max_parallel) {
        Some(most) => i64::from(desk.limits.running(*agent)) < most.max(1),
        None => true,
    };
    let load = |agent: AgentId| {
        let failures = task.and_then(|task| desk.failures.get(&(task, agent)).copied()).unwrap_or(0);
        desk.limits.running(agent) + failures.min(8)
    };
    let record = |agent: AgentId| task.and_then(|task| facts.history.success(task, agent)).unwrap_or(0.5);
    let best = candidates
        .iter()
        .copied()
        .filter(allowed)
        .filter(room)
        .min_by(|a, b| load(*a).cmp(&load(*b)).then_with(|| record(*b).total_cmp(&record(*a))));
    match best {
        Some(agent) => Ok(Some(agent)),
        None => Err(candidates.iter().copied().filter(allowed).collect()),
    }
}
