//! Going on with a run after any interruption.
//!
//! Folds the journal, tells the scheduler which attempts were lost, and goes on. A changed program, a failed run or an
//! earlier recovery point begins a new generation, which keeps every result that still fits.

use super::clock::Clock;
use super::codec;
use super::driver::{About, Driver, Halt, Parts};
use super::hands::{Hands, Workshop};
use super::observer::{RunStatus, What};
use super::people::{Form, Reply};
use super::preflight::{self, Refused};
use super::record::{Failure, Limits, PlanChanged, Record, RunEnded};
use super::replay::{Fold, Memory, Outline};
use super::start::{
    Company, How, Options, RunEnd, Site, bounds, finish, in_runtime, limits_of, session, share,
};
use crate::plan::{NodeIx, NodeKind, Plan};
use crate::schedule::{self, Event, Outcome, Place};
use crate::store::{RunDir, RunLock, RunStore, StoreError, ValueRef};
use crate::value::Value;
use ecow::EcoString;
use std::time::Duration;

/// Where to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// Keeps what the waves before this one recorded.
    Wave(u32),
    /// Runs this task and all that depends on it again.
    Task(EcoString),
}

/// How to go on.
#[derive(Debug, Clone, Default)]
pub struct Resume {
    /// The program as it is now; `None`: as it was.
    pub plan: Option<Plan>,
    pub from: Option<From>,
    /// Answers to questions that are open.
    pub answers: Vec<Reply>,
    /// Cancels the run instead: runs what is `finally`.
    pub cancel: Option<(EcoString, EcoString)>,
}

/// How long a forced take-over waits for the processes of the other runner to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Goes on with a run.
pub fn resume(dir: &RunDir, how: Resume, site: Site, options: &Options, company: Company<'_>) -> RunEnd {
    let run: EcoString = dir.id().into();
    let wall = Clock::start(0).wall();
    let lock =
        if options.take_over { RunLock::take_over(dir, wall, PATIENCE) } else { RunLock::acquire(dir, wall) };
    if let Ok(Err(why)) = lock.as_ref().map(|lock| share(site.link.as_ref(), lock)) {
        return RunEnd { run, how: How::Unable(why) };
    }
    let opened = lock.and_then(|lock| RunStore::open(dir, lock, options.durability)).and_then(|store| {
        let outline = Outline::read(&store)?;
        let old = kept_plan(&store, &outline)?;
        Ok((store, outline, old))
    });
    let (store, outline, old) = match opened {
        Ok(opened) => opened,
        Err(error) => return RunEnd::store(&run, error),
    };
    let changed = how.plan.as_ref().filter(|plan| plan.hash != old.hash || plan.hash.is_empty());
    if let (Some(ended), None, None) = (&outline.ended, changed, &how.from)
        && let Some(end) = over(&run, &store, &old, ended, &how)
    {
        return end;
    }
    let plan = changed.unwrap_or(&old);
    let again = changed.is_some() || how.from.is_some() || outline.ended.is_some();
    if let Err(refused) = preflight::check_again(plan, &options.runtime) {
        return RunEnd { run, how: How::Refused(refused) };
    }
    in_runtime(&run, async {
        let workshop = Workshop::new(&site.project, dir, plan, options);
        let hands = match Hands::local(workshop, &options.pass_env, site.link) {
            Ok(hands) => hands,
            Err(error) => return RunEnd { run: run.clone(), how: How::Unable(error.message) },
        };
        let mut parts = Parts {
            plan,
            store,
            observer: company.observer,
            stays: options.wait || company.asker.is_some(),
            asker: company.asker,
            clock: Clock::start(outline.active),
            limits: bounds(options),
            hands,
        };
        parts.limits.parallel = options.parallel.unwrap_or(parts.limits.parallel);
        let mut driver = Driver::new(parts);
        driver.known_messages.clone_from(&outline.messages);
        let begun =
            if again { restart(&mut driver, &outline, &old, &how) } else { go_on(&mut driver, &outline) };
        let begun = begun.and_then(|()| answer(&mut driver, &how));
        let left = match begun {
            Ok(()) => driver.run().await,
            Err(halt) => Err(halt),
        };
        finish(driver, left)
    })
}

/// The plan of the newest generation.
fn kept_plan(store: &RunStore, outline: &Outline) -> Result<Plan, StoreError> {
    let kept = outline.plan().ok_or(StoreError::NoRecord)?;
    let bytes = store.value(kept)?;
    serde_json::from_slice(&bytes)
        .map_err(|why| StoreError::Damaged { last_good_seq: 0, why: why.to_string() })
}

/// A run that is over: one that succeeded gives its result again, a cancelled one is refused. `None`: it goes on.
fn over(run: &EcoString, store: &RunStore, plan: &Plan, ended: &RunEnded, how: &Resume) -> Option<RunEnd> {
    let refused = |why: &str| {
        let refused = Refused { reasons: vec![why.to_owned()], violated: false };
        RunEnd { run: run.clone(), how: How::Refused(refused) }
    };
    if how.cancel.is_some() {
        return Some(refused("the run is over: there is nothing to cancel"));
    }
    match ended.status {
        RunStatus::Succeeded => {
            let value = ended.value.as_ref().map(|kept| codec::get(store, kept, plan.result, &plan.types));
            Some(match value.unwrap_or(Ok(Value::Unit)) {
                Ok(value) => RunEnd { run: run.clone(), how: How::Succeeded(value) },
                Err(error) => RunEnd::store(run, error),
            })
        }
        RunStatus::Cancelled => Some(refused(
            "the run was cancelled; to go back into it, say from where: --from wave:N or --from task:ID",
        )),
        RunStatus::Failed | RunStatus::Running | RunStatus::Waiting | RunStatus::Interrupted => None,
    }
}

/// The same program, the same generation: fold, and tell what was lost.
fn go_on(driver: &mut Driver<'_>, outline: &Outline) -> Result<(), Halt> {
    let mut fold = Fold::new(
        driver.plan,
        &driver.store,
        &mut driver.state,
        &mut driver.values,
        &mut driver.tasks,
        &mut driver.told,
        &mut driver.questions,
        &mut driver.sleeps,
    );
    fold.run(outline).map_err(Halt::Store)?;
    let counts = driver.state.counts();
    let (kept, again) = (u64::from(counts.succeeded), u64::from(counts.failed));
    driver.row(About::default(), &Record::SessionOpened(Box::new(session(driver.plan, kept, again))));
    driver.happen(Event::SessionOpened)?;
    let workflow = driver.plan.workflow.clone();
    driver.tell(|_| What::RunResumed { workflow, kept, again });
    if let Some((found, noted)) = driver.store.lost_tail() {
        let what = ecow::eco_format!("a loss of power took the events after {found}, up to {noted}");
        driver.row(About::default(), &Record::LossNoted(what));
    }
    driver.pose_again()?;
    for lost in driver.state.lost_attempts() {
        if driver.recover(&lost)? {
            continue;
        }
        driver.happen(Event::AttemptEnded { place: lost.place, outcome: Outcome::Lost, inline: false })?;
    }
    Ok(())
}

/// A new generation, of the same program or of a changed one.
fn restart(driver: &mut Driver<'_>, outline: &Outline, old: &Plan, how: &Resume) -> Result<(), Halt> {
    let plan = driver.plan;
    let mut memory = Memory::read(&driver.store).map_err(Halt::Store)?;
    let mut again = memory.forget_uncaught(old);
    memory.force(old, how.from.as_ref());
    again.extend(memory.forced.iter().cloned());
    again.sort_unstable();
    let inputs = kept_inputs(&driver.store, plan, old, outline.inputs())?;
    let generation = outline.changed.as_ref().map_or(0, |(_, changed)| changed.generation) + 1;
    let limits = limits_of(plan, &inputs, &driver.limits)?;
    let text = serde_json::to_vec(plan).map_err(|why| Halt::Illegal(why.to_string()))?;
    let mut kept_refs = Vec::with_capacity(inputs.len());
    for input in &inputs {
        kept_refs.push(codec::put(&mut driver.store, input).map_err(Halt::Store)?);
    }
    let kept = memory.by_id.len() as u64;
    let changed = PlanChanged {
        plan: driver.store.put_value(&text).map_err(Halt::Store)?,
        plan_hash: plan.hash.clone(),
        kept,
        again: again.clone(),
        gone: Vec::new(),
        inputs: kept_refs,
        generation,
        limits,
    };
    driver.memory = memory;
    driver.values.open_root(plan, inputs);
    driver.row(About::default(), &Record::PlanChanged(Box::new(changed)));
    let Limits { window, parallel, deadline_ms } = limits;
    // The machine begins anew before it can begin again.
    driver.happen(Event::RunStarted { window, parallel, deadline_ms })?;
    driver.happen(Event::Restarted { generation, window, parallel, deadline_ms })?;
    driver.row(About::default(), &Record::SessionOpened(Box::new(session(plan, kept, again.len() as u64))));
    driver.happen(Event::SessionOpened)?;
    let workflow = plan.workflow.clone();
    driver.tell(|_| What::RunResumed { workflow, kept, again: again.len() as u64 });
    Ok(())
}

/// The inputs of before as the program takes them now, by name.
fn kept_inputs(store: &RunStore, plan: &Plan, old: &Plan, kept: &[ValueRef]) -> Result<Vec<Value>, Halt> {
    let mut values: Vec<Value> = Vec::with_capacity(plan.inputs.len());
    for input in &plan.inputs {
        let before = old.inputs.iter().zip(kept).find(|(before, _)| before.name == input.name);
        let value = match before {
            Some((before, kept)) => {
                let value = codec::get(store, kept, before.ty, &old.types).map_err(Halt::Store)?;
                crate::value::conform(&value, input.ty, &plan.types).map_err(|why| {
                    Halt::Unfit(format!("input `{}` does not fit any more: {why}", input.name))
                })?
            }
            None => super::inputs::absent(plan, input, &values, false).map_err(Halt::Unfit)?,
        };
        values.push(value);
    }
    Ok(values)
}

/// Answers that came with the command, and a cancel.
fn answer(driver: &mut Driver<'_>, how: &Resume) -> Result<(), Halt> {
    if let Some((by, why)) = &how.cancel {
        driver.cancel(by.clone(), why.clone())?;
    }
    if how.answers.is_empty() {
        return Ok(());
    }
    // Questions about lost attempts are asked by the first turn.
    while !driver.turn()? {}
    for reply in &how.answers {
        if let Err(why) = driver.take_reply(reply.clone())? {
            return Err(Halt::Unfit(why));
        }
    }
    Ok(())
}

/// What a task keeps of what it ended with before.
#[derive(Debug)]
pub(super) enum Keep {
    /// It runs.
    Nothing,
    Value,
    /// One that was caught.
    Failure(Failure),
}

impl Memory {
    /// What must run again for a recovery point: the tasks of its wave and later ones, or one task.
    fn force(&mut self, plan: &Plan, from: Option<&From>) {
        match from {
            None => {}
            Some(From::Task(id)) => {
                let inner = |known: &EcoString| {
                    known == id
                        || known
                            .strip_prefix(id.as_str())
                            .is_some_and(|rest| rest.starts_with(['[', '#', '/', '.']))
                };
                self.forced = self.by_id.keys().filter(|known| inner(known)).cloned().collect();
            }
            Some(From::Wave(wave)) => {
                let mut locator = super::ids::Locator::new(plan);
                let later = |id: &&EcoString| locator.locate(id).is_none_or(|at| at.wave >= *wave);
                self.forced = self.by_id.keys().filter(later).cloned().collect();
            }
        }
        let forced = std::mem::take(&mut self.forced);
        self.by_id.retain(|id, _| !forced.contains(id));
        self.forced = forced;
    }
}

impl Driver<'_> {
    /// Whether a task keeps what it ended with before; then that is its value, or its failure.
    pub(super) fn keep(&mut self, place: Place) -> Result<Keep, Halt> {
        if self.memory.is_empty() {
            return Ok(Keep::Nothing);
        }
        let id = self.state.id_of(self.plan, place);
        let Ok(task) = super::task::called(self.plan, &self.values, place) else {
            return Ok(Keep::Nothing);
        };
        let inputs = self.values.inputs_hash(place);
        let stale = self.depends_on_dirty(place) || self.memory.forced.contains(id.as_str());
        if !stale && let Some(failure) = self.memory.failure(&id, &task.def.key, &inputs) {
            return Ok(Keep::Failure(failure.clone()));
        }
        let found = if stale { None } else { self.memory.find(&id, &task.def.key, &inputs) };
        let Some(kept) = found else {
            self.memory.dirty.insert(place);
            let mut outer = self.values.outer_of(place.scope);
            while let Some(by) = outer {
                if !self.memory.dirty.insert(by) {
                    break;
                }
                outer = self.values.outer_of(by.scope);
            }
            return Ok(Keep::Nothing);
        };
        let value = codec::get(&self.store, &kept, task.def.result, &self.plan.types).map_err(Halt::Store)?;
        // A changed `accept` is tried on the kept value.
        if super::attempt::accept(&task, &mut self.values, &value).is_err() {
            self.memory.dirty.insert(place);
            return Ok(Keep::Nothing);
        }
        self.finish_with(place, value)?;
        Ok(Keep::Value)
    }

    /// Whether something that a place waits for, or what is around it waits for, ran again.
    fn depends_on_dirty(&self, place: Place) -> bool {
        let mut at = Some(place);
        while let Some(here) = at {
            if self.needs_dirty(here) {
                return true;
            }
            at = self.values.outer_of(here.scope);
        }
        false
    }

    fn needs_dirty(&self, place: Place) -> bool {
        let Some(body) = self.values.body_of(place.scope).map(|body| self.plan.body(body)) else {
            return false;
        };
        let mut seen = std::collections::BTreeSet::new();
        let mut open: Vec<NodeIx> =
            body.nodes.get(place.node.index()).map(|n| n.needs.clone()).unwrap_or_default();
        while let Some(need) = open.pop() {
            if !seen.insert(need) {
                continue;
            }
            if self.memory.dirty.contains(&Place::new(place.scope, need)) {
                return true;
            }
            if let Some(node) = body.nodes.get(need.index())
                && matches!(node.kind, NodeKind::Join | NodeKind::Assert { .. })
            {
                open.extend(node.needs.iter().copied());
            }
        }
        false
    }

    /// Questions that are open after a replay, made anew so that they can be shown and answered.
    pub(super) fn pose_again(&mut self) -> Result<(), Halt> {
        for (place, asked) in std::mem::take(&mut self.questions) {
            let kind = match asked.form {
                Form::Crash { .. } => schedule::Question::Crash,
                Form::Approve | Form::Value { .. } => schedule::Question::Task,
            };
            let mut question = self.pose(place, kind, asked.until)?;
            question.hash = asked.hash;
            self.questions.insert(place, question);
            self.ask(place, None);
        }
        Ok(())
    }
}
