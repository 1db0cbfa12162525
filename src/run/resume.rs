//! Going on with a run after any interruption.
//!
//! Folds the journal, tells the scheduler which attempts were lost, and goes on. A changed program, a failed run or an
//! earlier recovery point begins a new generation, which keeps every result that still fits.

use super::clock::Clock;
use super::codec;
use super::driver::{About, Driver, Halt, Parts};
use super::hands::{Hands, Workshop};
use super::ids::Locator;
use super::memory::{self, Memory, NOW};
use super::observer::{RunStatus, What};
use super::people::{Form, Reply};
use super::preflight::{self, Refused};
use super::preview::{self, Preview};
use super::record::{Limits, PlanChanged, Record, RunEnded};
use super::replay::{Fold, Outline};
use super::start::{
    Company, How, Options, RunEnd, Site, bounds, finish, in_runtime, limits_of, session, share,
};
use super::values::Values;
use super::view;
use crate::exec::warden;
use crate::plan::{Plan, ResourceId};
use crate::schedule::{self, Event, Outcome, State};
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
    /// Says what would happen, and does nothing.
    pub dry: bool,
}

/// How long a forced take-over waits for the processes of the other runner to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Goes on with a run.
pub fn resume(dir: &RunDir, how: Resume, site: Site, options: &Options, company: Company<'_>) -> RunEnd {
    let run: EcoString = dir.id().into();
    let Site { project, link } = site;
    let wall = Clock::start(0).wall();
    let lock =
        if options.take_over { RunLock::take_over(dir, wall, PATIENCE) } else { RunLock::acquire(dir, wall) };
    if let Ok(Err(why)) = lock.as_ref().map(|lock| share(link.as_ref(), lock)) {
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
    let changed = how.plan.as_ref().filter(|plan| !is_same(plan, &old));
    if let (Some(ended), None) = (&outline.ended, &how.from)
        && (changed.is_none() || ended.status == RunStatus::Cancelled)
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
        let workshop = Workshop::new(&project, dir, plan, options);
        let hands = match Hands::local(workshop, &options.pass_env, link) {
            Ok(hands) => hands,
            Err(error) => return RunEnd { run: run.clone(), how: How::Unable(error.message) },
        };
        let mut parts = Parts {
            plan,
            project: &project,
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
        driver.origin =
            (outline.started.as_ref().map(|s| s.workflow.clone()).unwrap_or_default(), outline.started_at);
        let begun = if again {
            restart(&mut driver, &outline, &old, &how)
        } else {
            go_on(&mut driver, &outline, how.dry)
        };
        let left = match begun {
            Ok(Some(preview)) => {
                let how = How::Previewed(Box::new(preview));
                return RunEnd { run: run.clone(), how };
            }
            Ok(None) => match answer(&mut driver, &how) {
                Ok(()) => driver.run().await,
                Err(halt) => Err(halt),
            },
            Err(halt) => Err(halt),
        };
        driver.tell_unasked();
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
        RunStatus::Succeeded if how.dry => None,
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

/// Whether two plans say the same but for the places in the source: then the one of before goes on.
fn is_same(plan: &Plan, old: &Plan) -> bool {
    if plan.hash == old.hash {
        return !plan.hash.is_empty();
    }
    let tree = |plan: &Plan| {
        let mut tree = serde_json::to_value(plan).unwrap_or_default();
        without_places(&mut tree);
        tree
    };
    plan.tasks.len() == old.tasks.len() && plan.bodies.len() == old.bodies.len() && tree(plan) == tree(old)
}

/// Takes the places, and the hash over them, out of a plan's JSON.
fn without_places(tree: &mut serde_json::Value) {
    match tree {
        serde_json::Value::Object(fields) => {
            for name in ["s", "spot", "hash"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(without_places);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_places),
        _ => {}
    }
}

/// The same program, the same generation: fold, and tell what was lost. Gives a preview instead, if that is all.
fn go_on(driver: &mut Driver<'_>, outline: &Outline, dry: bool) -> Result<Option<Preview>, Halt> {
    if let Some((seq, changed)) = &outline.changed {
        driver.memory = Memory::read(&driver.store, *seq).map_err(Halt::Store)?;
        driver.memory.again = changed.again.iter().cloned().collect();
        driver.memory.uncaught = changed.uncaught.iter().cloned().collect();
    }
    let rates = Fold::run_in(driver, outline).map_err(Halt::Store)?;
    driver.recall_rates(&rates);
    if dry {
        driver.pose_again()?;
        let store = &driver.store;
        let view = view::read(store.run(), |each| store.replay(0, each)).map_err(Halt::Store)?;
        return Ok(Some(preview::of_view(driver, &view)));
    }
    let counts = driver.state.counts();
    let (kept, again) = (u64::from(counts.succeeded), driver.state.lost_attempts().len() as u64);
    driver.row(About::default(), &Record::SessionOpened(Box::new(session(driver.plan, kept, again))));
    driver.happen(Event::SessionOpened)?;
    let workflow = driver.plan.workflow.clone();
    driver.tell(|_| What::RunResumed { workflow, kept, again, tasks: Vec::new() });
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
    Ok(None)
}

/// A new generation, of the same program or of a changed one. Gives a preview instead, if that is all.
fn restart(
    driver: &mut Driver<'_>,
    outline: &Outline,
    old: &Plan,
    how: &Resume,
) -> Result<Option<Preview>, Halt> {
    let plan = driver.plan;
    let mut memory = Memory::read(&driver.store, NOW).map_err(Halt::Store)?;
    memory.set_aside(old, how.from.as_ref());
    if let Some(From::Task(id)) = &how.from
        && !memory.seen.iter().any(|seen| memory::is_inside(seen, id))
    {
        return Err(Halt::Unfit(format!("the record tells of no task `{id}`: see `flowc show`")));
    }
    let waves = old.bodies.first().map_or(0, |body| body.waves);
    if let Some(From::Wave(wave)) = &how.from
        && *wave >= waves
    {
        let last = waves.saturating_sub(1);
        return Err(Halt::Unfit(format!("there is no wave {wave}: the last is {last}")));
    }
    driver.memory = memory;
    let inputs = kept_inputs(&driver.store, plan, old, outline.inputs())?;
    preflight::check_inputs(plan, &inputs).map_err(Halt::Refused)?;
    let generation = outline.changed.as_ref().map_or(0, |(_, changed)| changed.generation) + 1;
    let limits = limits_of(plan, &inputs, &driver.limits)?;
    driver.begin_generation(generation, inputs.clone(), Limits { window: u32::MAX, ..limits })?;
    let preview = driver.preview(!is_same(plan, old))?;
    if how.dry {
        return Ok(Some(preview));
    }
    driver.start_over();
    let text = serde_json::to_vec(plan).map_err(|why| Halt::Illegal(why.to_string()))?;
    let mut kept_refs = Vec::with_capacity(inputs.len());
    for input in &inputs {
        kept_refs.push(codec::put(&mut driver.store, input).map_err(Halt::Store)?);
    }
    let rerun: Vec<EcoString> = preview.again.into_iter().map(|again| again.task).collect();
    let (kept, again) = (preview.kept.len() as u64, rerun.len() as u64);
    let changed = PlanChanged {
        plan: driver.store.put_value(&text).map_err(Halt::Store)?,
        plan_hash: plan.hash.clone(),
        kept,
        again: driver.memory.again.iter().cloned().collect(),
        uncaught: driver.memory.uncaught.iter().cloned().collect(),
        gone: preview.gone,
        inputs: kept_refs,
        generation,
        rerun: rerun.clone(),
        limits,
    };
    driver.row(About::default(), &Record::PlanChanged(Box::new(changed)));
    driver.begin_generation(generation, inputs, limits)?;
    driver.row(About::default(), &Record::SessionOpened(Box::new(session(plan, kept, again))));
    driver.happen(Event::SessionOpened)?;
    let workflow = plan.workflow.clone();
    driver.tell(|_| What::RunResumed { workflow, kept, again, tasks: rerun });
    driver.end_strays();
    Ok(None)
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
    // Questions about lost attempts are decided on first; nothing begins and nothing is recorded before the answers fit.
    while !driver.settle()? {}
    let mut locator = Locator::new(driver.plan);
    for reply in &how.answers {
        if driver.questions.values().any(|question| question.task == reply.task) {
            driver.take_reply(reply.clone())?.map_err(Halt::Unfit)?;
        } else if locator.locate(&reply.task).is_some() {
            // It may be asked about later.
            driver.held.push(reply.clone());
        } else {
            return Err(Halt::Unfit(format!("the program has no task `{}`", reply.task)));
        }
    }
    Ok(())
}

impl Driver<'_> {
    /// Opens the root scope of a generation.
    fn begin_generation(&mut self, generation: u32, inputs: Vec<Value>, limits: Limits) -> Result<(), Halt> {
        let Limits { window, parallel, deadline_ms } = limits;
        self.values.open_root(self.plan, inputs);
        // The machine begins anew before it can begin again.
        self.happen(Event::RunStarted { window, parallel, deadline_ms })?;
        self.happen(Event::Restarted { generation, window, parallel, deadline_ms })
    }

    /// Answers that came with the command and that nothing asked for.
    fn tell_unasked(&mut self) {
        for reply in std::mem::take(&mut self.held) {
            self.observer.unasked(&reply.task);
        }
    }

    /// Forgets a preview: all but the memory and the store is as it was before.
    fn start_over(&mut self) {
        self.state = State::new(self.plan);
        self.values = Values::new(self.plan);
        self.tasks.clear();
        self.told.clear();
        self.questions.clear();
        self.sources.clear();
        self.hashes.clear();
        self.sleeps.clear();
        self.forget_turn();
        self.memory.rewind();
    }

    /// Rate windows go on: by the wall clock, which passes without a runner too, but not backwards.
    fn recall_rates(&mut self, taken: &[(i64, i64, u32, i64)]) {
        let (wall, active) = (self.clock.wall(), self.clock.active());
        let at = |at: i64, mono: i64| active.saturating_sub((wall - at).max(active - mono).max(0));
        let taken = taken.iter().map(|(wall, mono, r, n)| (at(*wall, *mono), ResourceId(*r), *n));
        self.state.recall_rates(taken.collect());
    }

    /// Kills what attempts of an earlier generation left running: nobody waits for them any more.
    fn end_strays(&self) {
        for (id, begun) in &self.memory.begun {
            let mark = begun.mark(self.store.run(), id);
            warden::kill_left(&mark);
        }
    }

    /// Questions that are open after a replay, made anew so that they can be shown and answered.
    pub(super) fn pose_again(&mut self) -> Result<(), Halt> {
        for (place, asked) in std::mem::take(&mut self.questions) {
            let kind = match asked.form {
                Form::Crash { again: false, .. } => schedule::Question::Crash,
                Form::Crash { again: true, .. } => schedule::Question::Again,
                Form::Approve | Form::Value { .. } => schedule::Question::Task,
            };
            // A replay evaluates no arguments; the form of the answer depends on them.
            let _ = super::task::inputs(self.plan, &mut self.values, &mut self.shared, place);
            let mut question = self.pose(place, kind, asked.until)?;
            (question.hash, question.message, question.by) = (asked.hash, asked.message, asked.by);
            self.questions.insert(place, question);
            self.ask(place, None);
        }
        Ok(())
    }
}
