//! The beginning of a run: checks, folder, lock, record, loop.

use super::clock::Clock;
use super::codec;
use super::driver::{About, Bounds, Driver, Halt, Left, Parts};
use super::evaluate::limits;
use super::hands::{Hands, Workshop};
use super::inputs::Given;
use super::observer::{Observer, OpenQuestion, RunStatus, What};
use super::people::{Asker, Question};
use super::preflight::{self, Refused};
use super::record::{Failure, Limits, Record, RunStarted, SessionOpened};
use super::summary::Tally;
use crate::exec::warden::Link;
use crate::plan::{NodeKind, Plan, Runtime};
use crate::schedule::{Event, Policy};
use crate::store::{Durability, Project, RunLock, RunStore, StoreError};
use crate::value::Value;
use ecow::EcoString;
use std::os::fd::AsFd;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    pub durability: Durability,
    pub policy: Policy,
    /// Attempts at once; absent: one a core, at least four.
    pub parallel: Option<u32>,
    /// Stay when only people can go on, also without a terminal.
    pub wait: bool,
    /// Take the run from the runner that holds it.
    pub take_over: bool,
    /// Of agents that name none.
    pub runtime: Runtime,
    /// Variables of our environment that programs get beside the usual ones.
    pub pass_env: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            durability: Durability::Power,
            policy: Policy::Rolling,
            parallel: None,
            wait: false,
            take_over: false,
            runtime: Runtime::Claude,
            pass_env: Vec::new(),
        }
    }
}

/// Where to run.
#[derive(Debug)]
pub struct Site {
    pub project: Project,
    /// To the process that watches over this one.
    pub link: Option<Link>,
}

/// Who looks on and who answers.
pub struct Company<'a> {
    pub observer: &'a mut dyn Observer,
    /// Somebody at a terminal.
    pub asker: Option<Box<dyn Asker>>,
}

impl std::fmt::Debug for Company<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Company").field("asker", &self.asker.is_some()).finish_non_exhaustive()
    }
}

/// How a call of [`start`] or [`resume`](super::resume) ended.
#[derive(Debug)]
pub struct RunEnd {
    /// Empty when nothing was begun.
    pub run: EcoString,
    pub how: How,
}

/// See [`RunEnd`].
#[derive(Debug)]
pub enum How {
    Succeeded(Value),
    Failed(Failure),
    Cancelled,
    /// By this signal; 0: by none.
    Interrupted(i32),
    /// A person must answer.
    Waiting(Vec<OpenQuestion>),
    /// Nothing was begun.
    Refused(Refused),
    /// Nothing was begun: this is what would be.
    Previewed(Box<super::preview::Preview>),
    /// The record could not be read or written; what was recorded stands.
    Store(StoreError),
    /// The machine cannot run it now; what was recorded stands.
    Unable(String),
    /// The record cannot have come about: a fault of this program, or of whoever changed it.
    Broken(String),
}

impl RunEnd {
    /// The status of the process.
    pub fn exit_code(&self) -> u8 {
        match &self.how {
            How::Succeeded(_) | How::Previewed(_) => 0,
            How::Failed(_) | How::Cancelled => 1,
            How::Refused(refused) => {
                if refused.violated {
                    1
                } else {
                    2
                }
            }
            How::Waiting(_) => 3,
            How::Store(error) => error.exit_code(),
            How::Unable(_) => 6,
            How::Broken(_) => 5,
            How::Interrupted(signal) => u8::try_from(128 + signal.clamp(&0, &127)).unwrap_or(130),
        }
    }

    pub(super) fn refused(refused: Refused) -> RunEnd {
        RunEnd { run: EcoString::new(), how: How::Refused(refused) }
    }

    pub(super) fn store(run: &str, error: StoreError) -> RunEnd {
        RunEnd { run: run.into(), how: How::Store(error) }
    }
}

/// Runs a plan from its beginning.
pub fn start(
    plan: &Plan,
    given: &[(String, Given)],
    site: Site,
    options: &Options,
    company: Company<'_>,
) -> RunEnd {
    let inputs = match preflight::check(plan, given, &options.runtime) {
        Ok(inputs) => inputs,
        Err(refused) => return RunEnd::refused(refused),
    };
    let wall = Clock::start(0).wall();
    let Site { project, link } = site;
    let held = project.create_run(wall).and_then(|dir| {
        let lock = RunLock::acquire(&dir, wall)?;
        Ok((dir, lock))
    });
    let (dir, lock) = match held {
        Ok(held) => held,
        Err(error) => return RunEnd::store("", error),
    };
    if let Err(why) = share(link.as_ref(), &lock) {
        return RunEnd { run: EcoString::new(), how: How::Unable(why) };
    }
    let store = match RunStore::create(&dir, lock, options.durability) {
        Ok(store) => store,
        Err(error) => return RunEnd::store("", error),
    };
    in_runtime("", async {
        let workshop = Workshop::new(&project, &dir, plan, options);
        let hands = match Hands::local(workshop, &options.pass_env, link) {
            Ok(hands) => hands,
            Err(error) => return RunEnd { run: EcoString::new(), how: How::Unable(error.message) },
        };
        let parts = Parts {
            plan,
            project: &project,
            store,
            observer: company.observer,
            stays: options.wait || company.asker.is_some(),
            asker: company.asker,
            clock: Clock::start(0),
            limits: bounds(options),
            hands,
        };
        let mut driver = Driver::new(parts);
        driver.tally = Some(Tally::default());
        let left = match begin(&mut driver, inputs, options) {
            Ok(()) => driver.run().await,
            Err(halt) => Err(halt),
        };
        finish(driver, left)
    })
}

/// Lets the process that watches over this one share the lock: it falls when both are gone.
pub(super) fn share(link: Option<&Link>, lock: &RunLock) -> Result<(), String> {
    link.map_or(Ok(()), |link| link.share(lock.as_fd())).map_err(|why| why.message)
}

/// Runs the loop on this thread, which spawns all processes and must outlive them.
pub(super) fn in_runtime(run: &str, work: impl Future<Output = RunEnd>) -> RunEnd {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(source) => {
            RunEnd::store(run, StoreError::Io { doing: "start the event loop".to_owned(), source })
        }
    }
}

/// What is limited on this machine.
pub(super) fn bounds(options: &Options) -> Bounds {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let cores = i64::try_from(cores).unwrap_or(1);
    Bounds {
        parallel: options.parallel.unwrap_or_else(|| u32::try_from(cores.max(4)).unwrap_or(4)),
        policy: options.policy,
        machine: vec![cores, memory()],
        seed: u64::from(std::process::id()) ^ u64::from_ne_bytes(Clock::start(0).wall().to_ne_bytes()),
    }
}

/// Bytes of memory of the machine.
fn memory() -> i64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<i64>().ok()).map_or(i64::MAX, |kib| kib.saturating_mul(1024))
}

/// The settings of the started workflow, for the scheduler.
pub(super) fn limits_of(plan: &Plan, inputs: &[Value], bounds: &Bounds) -> Result<Limits, Halt> {
    let (parallel, deadline_ms) = limits(plan, &plan.settings, inputs)
        .map_err(|fault| Halt::Illegal(format!("{} ({})", fault.message, plan.place(fault.spot))))?;
    Ok(Limits { window: bounds.parallel, parallel, deadline_ms })
}

/// Records the beginning; the first turn commits it.
fn begin(driver: &mut Driver<'_>, inputs: Vec<Value>, options: &Options) -> Result<(), Halt> {
    let plan = driver.plan;
    let text = serde_json::to_vec(plan).map_err(|why| Halt::Illegal(why.to_string()))?;
    let limits = limits_of(plan, &inputs, &driver.limits)?;
    let mut kept = Vec::with_capacity(inputs.len());
    for input in &inputs {
        kept.push(codec::put(&mut driver.store, input).map_err(Halt::Store)?);
    }
    let started = RunStarted {
        workflow: plan.workflow.clone(),
        plan: driver.store.put_value(&text).map_err(Halt::Store)?,
        plan_hash: plan.hash.clone(),
        inputs: kept,
        flowc: env!("CARGO_PKG_VERSION").into(),
        durability: if options.durability == Durability::Power { "power" } else { "process" }.into(),
        cores: u32::try_from(driver.limits.machine[0]).unwrap_or(0),
        memory: u64::try_from(driver.limits.machine[1]).unwrap_or(0),
        strict: options.policy == Policy::Strict,
        limits,
    };
    driver.values.open_root(plan, inputs);
    driver.row(About::default(), &Record::RunStarted(Box::new(started)));
    let Limits { window, parallel, deadline_ms } = limits;
    driver.happen(Event::RunStarted { window, parallel, deadline_ms })?;
    driver.row(About::default(), &Record::SessionOpened(Box::new(session(plan, 0, 0))));
    driver.happen(Event::SessionOpened)?;
    let (workflow, tasks) = (plan.workflow.clone(), known_tasks(plan));
    let waves = plan.bodies.first().map_or(0, |body| body.waves);
    driver.tell(|_| What::RunStarted { workflow, tasks, waves });
    Ok(())
}

/// Tasks that the started workflow has by itself.
fn known_tasks(plan: &Plan) -> u64 {
    let nodes = plan.bodies.first().map(|body| body.nodes.as_slice()).unwrap_or_default();
    nodes.iter().filter(|node| matches!(node.kind, NodeKind::Task { .. })).count() as u64
}

/// What a runner says of itself when it takes a run.
pub(super) fn session(plan: &Plan, kept: u64, again: u64) -> SessionOpened {
    SessionOpened {
        host: crate::store::host().into(),
        pid: std::process::id(),
        boot: crate::store::boot_id().into(),
        plan_hash: plan.hash.clone(),
        kept,
        again,
    }
}

/// Closes the record and says how it ended.
pub(super) fn finish(mut driver: Driver<'_>, left: Result<Left, Halt>) -> RunEnd {
    // Before the first commit there is nothing to go on with.
    let begun = driver.store.head().seq > 0;
    let run: EcoString = if begun { driver.store.run().into() } else { EcoString::new() };
    let questions: Vec<OpenQuestion> = match &left {
        Ok(Left::Waiting(questions)) => questions.iter().map(Question::open).collect(),
        _ => Vec::new(),
    };
    let status = match &left {
        Ok(Left::Waiting(_)) => Some(RunStatus::Waiting),
        Ok(Left::Interrupted) | Err(Halt::Killed) => Some(RunStatus::Interrupted),
        Ok(Left::Ended(_)) | Err(_) => None,
    };
    if let Some(status) = status {
        let questions = questions.clone();
        driver.tell_now(What::RunStopped { status, questions });
    }
    let signal = driver.signal.unwrap_or(0);
    let failed = matches!(left, Err(Halt::Store(_)));
    let closed = if failed {
        Ok(None)
    } else {
        driver.note_end();
        driver.into_store().close()
    };
    let how = match left {
        Ok(Left::Ended(ended)) => match ended.status {
            RunStatus::Succeeded => How::Succeeded(ended.result.unwrap_or(Value::Unit)),
            RunStatus::Failed => {
                How::Failed(ended.error.unwrap_or_else(|| Failure::new("error", "the run failed")))
            }
            _ => How::Cancelled,
        },
        Ok(Left::Interrupted) | Err(Halt::Killed) => How::Interrupted(signal),
        Ok(Left::Waiting(_)) => How::Waiting(questions),
        Err(Halt::Store(error)) => How::Store(error),
        Err(Halt::NoRoom(why)) => How::Unable(why),
        Err(Halt::Illegal(why)) => How::Broken(why),
        Err(Halt::Refused(refused)) => How::Refused(refused),
        Err(Halt::Unfit(why)) => How::Refused(Refused { reasons: vec![why], violated: false }),
    };
    match closed {
        Ok(lock) => {
            // The lock falls last, when all of the session is over.
            drop(lock);
            RunEnd { run, how }
        }
        Err(error) => RunEnd::store(&run, error),
    }
}
