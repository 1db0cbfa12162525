//! The executors as the driver uses them: attempts begin, end, and are stopped when their time is over.

use super::driver::Came;
use super::ending::{Ending, answered, ended, refused};
use super::start::Options;
use crate::exec::agent::AgentRequest;
use crate::exec::process::Hidden;
use crate::exec::sys::since_boot;
use crate::exec::warden::{Interrupt, Interrupts, Link};
use crate::exec::{
    Done, EnvVar, ExecError, Executor, Fault, Keep, Local, Outcome, ProcessRequest, Request, Settings,
    Ticket, agent, builtin, guardian,
};
use crate::plan::{AgentId, Plan, Runtime};
use crate::schedule::{ErrorKind, Ms, NumMap, Place};
use crate::store::{Project, RunDir};
use crate::value::Value;
use ecow::EcoString;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long what is stopped may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How long the end of everything that was killed is waited for.
const LAST: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    Program(Vec<String>),
    Agent(Box<Prompt>),
    /// Path and text.
    Write(EcoString, EcoString),
    /// Until that wall time.
    Sleep(i64),
}

/// What an agent is asked.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub agent: AgentId,
    pub text: String,
    /// Values handed over, by name.
    pub context: Vec<(String, String)>,
    pub schema: Option<serde_json::Value>,
    /// To go on in.
    pub session: Option<EcoString>,
    /// Why its answer before did not do.
    pub told: Option<String>,
}

/// An attempt, or a gate of one.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub place: Place,
    /// Unique among all attempts of the run.
    pub attempt: String,
    /// Where its outputs go: a name of a folder. A gate has one of its own, for what its attempt gave is being recorded.
    pub folder: String,
    pub doing: Doing,
    pub cwd: PathBuf,
    pub env: Vec<EnvVar>,
    pub secrets: Vec<String>,
    pub stdin: Option<EcoString>,
    /// Ms from now.
    pub timeout: Option<Ms>,
}

#[derive(Debug)]
pub(super) struct Finished {
    pub place: Place,
    pub ending: Ending,
}

/// What all attempts share.
#[derive(Debug)]
pub(super) struct Workshop {
    pub root: PathBuf,
    pub outputs: PathBuf,
    pub runtime: Runtime,
    pub agents: Vec<crate::plan::Agent>,
}

impl Workshop {
    pub(super) fn new(project: &Project, dir: &RunDir, plan: &Plan, options: &Options) -> Workshop {
        Workshop {
            root: project.root().to_owned(),
            outputs: dir.outputs(),
            runtime: options.runtime.clone(),
            agents: plan.agents.clone(),
        }
    }
}

#[derive(Debug)]
struct Going {
    place: Place,
    deadline: Option<Duration>,
    timed_out: bool,
    write: bool,
}

/// See the module.
pub(super) struct Hands {
    workshop: Workshop,
    executor: Box<dyn Executor>,
    going: NumMap<Ticket, Going>,
    tickets: NumMap<Place, Ticket>,
    /// By time since boot, which counts while the machine sleeps.
    deadlines: BTreeSet<(Duration, Ticket)>,
    /// By wall time, with whether its timeout ends it.
    sleeps: BTreeMap<(i64, Place), bool>,
    ready: VecDeque<Finished>,
    done: Vec<Done>,
    next: u64,
    interrupts: Interrupts,
}

impl std::fmt::Debug for Hands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hands").field("going", &self.going).finish_non_exhaustive()
    }
}

impl Hands {
    /// Hands on this machine. Must be made inside the event loop, on the thread that stays.
    ///
    /// # Errors
    /// When the system has no room.
    pub(super) fn local(
        workshop: Workshop,
        pass_env: &[String],
        link: Option<Link>,
    ) -> Result<Hands, ExecError> {
        let pass_env = pass_env.to_vec();
        // Under a warden this process is nothing but a runner.
        let settings = match link {
            Some(_) => Settings::runner(pass_env),
            None => Settings { pass_env, sole_parent: false, guardian: None },
        };
        let interrupts = match link {
            Some(link) => link.listen()?,
            None => Interrupts::alone()?,
        };
        Ok(Hands::new(workshop, Box::new(Local::new(settings)?), interrupts))
    }

    fn new(workshop: Workshop, executor: Box<dyn Executor>, interrupts: Interrupts) -> Hands {
        Hands {
            workshop,
            executor,
            going: NumMap::default(),
            tickets: NumMap::default(),
            deadlines: BTreeSet::new(),
            sleeps: BTreeMap::new(),
            ready: VecDeque::new(),
            done: Vec::new(),
            next: 1,
            interrupts,
        }
    }

    /// The workspace.
    pub(super) fn root(&self) -> &Path {
        &self.workshop.root
    }

    /// Gives an end that is known already.
    pub(super) fn push(&mut self, finished: Finished) {
        self.ready.push_back(finished);
    }

    /// Begins. An attempt that cannot begin ends at once.
    pub(super) fn start(&mut self, order: Order) {
        let place = order.place;
        if let Doing::Sleep(until) = order.doing {
            let limit = order.timeout.map(|ms| super::clock::wall_now().saturating_add(ms));
            let timed_out = limit.is_some_and(|limit| limit < until);
            self.sleeps.insert((limit.unwrap_or(until).min(until), place), timed_out);
            return;
        }
        let write = matches!(order.doing, Doing::Write(..));
        let deadline = order.timeout.map(|ms| since_boot() + Duration::from_millis(ms.max(0).unsigned_abs()));
        let ticket = Ticket(self.next);
        self.next += 1;
        let begun = self.request(order).and_then(|request| self.executor.start(ticket, request));
        match begun {
            Ok(_) => {
                self.going.insert(ticket, Going { place, deadline, timed_out: false, write });
                self.tickets.insert(place, ticket);
                if let Some(deadline) = deadline {
                    self.deadlines.insert((deadline, ticket));
                }
            }
            Err(error) => self.push(Finished { place, ending: refused(error) }),
        }
    }

    fn request(&self, order: Order) -> Result<Request, ExecError> {
        let Order { attempt, folder, doing, cwd, env, secrets, stdin, .. } = order;
        match doing {
            Doing::Program(argv) => {
                let mut request = ProcessRequest::new(attempt.clone(), argv);
                request.env = env;
                request.cwd = Some(cwd);
                request.stdin = stdin.map(|text| text.as_bytes().to_vec());
                request.out_dir = Some(self.workshop.outputs.join(folder));
                request.secrets = Hidden(secrets);
                Ok(Request::Process(request))
            }
            Doing::Write(path, text) => {
                Ok(Request::Write { root: self.workshop.root.clone(), path: path.into(), text: text.into() })
            }
            Doing::Agent(prompt) => self.agent_request(*prompt, attempt, cwd, env, secrets),
            Doing::Sleep(_) => Err(ExecError::new(Fault::Refused, "a sleep needs no executor")),
        }
    }

    fn agent_request(
        &self,
        prompt: Prompt,
        attempt: String,
        cwd: PathBuf,
        env: Vec<EnvVar>,
        secrets: Vec<String>,
    ) -> Result<Request, ExecError> {
        let unknown = || ExecError::new(Fault::Refused, "the plan has no such agent");
        let agent = self.workshop.agents.get(prompt.agent.index()).ok_or_else(unknown)?;
        let name = agent.name.to_string();
        let runtime = match agent.runtime.as_ref().unwrap_or(&self.workshop.runtime) {
            Runtime::Claude => agent::Runtime::Claude { program: "claude".to_owned() },
            Runtime::Command(argv) => {
                agent::Runtime::Command { argv: argv.iter().map(ToString::to_string).collect() }
            }
            Runtime::Codex | Runtime::Acp(_) => {
                let why = format!("this version of flowc does not run the runtime of agent `{name}` yet");
                return Err(ExecError::new(Fault::Refused, why));
            }
        };
        // A runtime with sessions is told only what was wrong; one without is asked again, with the reason.
        let again = prompt.told.map(|told| {
            format!(
                "Your answer did not do: {told}\nMend it, and answer again in the same form as asked for."
            )
        });
        let (text, context) = match (&prompt.session, again) {
            (Some(_), Some(again)) => (again, Vec::new()),
            (None, Some(again)) => (format!("{}\n\n{again}", prompt.text), prompt.context),
            (_, None) => (prompt.text, prompt.context),
        };
        let out_dir = self.workshop.outputs.join(&attempt);
        Ok(Request::Agent(Box::new(AgentRequest {
            attempt,
            runtime,
            name,
            description: agent.description.to_string(),
            system: agent.system.to_string(),
            model: agent.model.as_ref().map(ToString::to_string),
            effort: agent.effort.as_ref().map(ToString::to_string),
            tools: agent.tools.as_ref().map(|tools| tools.iter().map(ToString::to_string).collect()),
            servers: super::servers::config(agent),
            max_turns: agent.max_turns.and_then(|turns| u32::try_from(turns).ok()),
            budget_usd: agent.budget.map(super::view::dollars),
            prompt: text,
            context,
            schema: prompt.schema,
            resume: prompt.session.map(String::from),
            cwd,
            env,
            secrets: Hidden(secrets),
            keep: Keep::default(),
            out_dir,
        })))
    }

    /// How an agent's attempt ended that went on without its runner; `None` when it has not, or is no agent's.
    pub(super) fn adopt(&self, order: Order) -> Option<Ending> {
        let Ok(Request::Agent(request)) = self.request(order) else { return None };
        let outcome = guardian::adopt(&request.out_dir, &request.attempt)?;
        Some(answered(agent::Asked::again(&request).judge(outcome), false))
    }

    /// Whether an agent left a whole answer in the folder of that start.
    pub(super) fn has_answer(&self, attempt: &str) -> bool {
        let outcome = guardian::adopt(&self.workshop.outputs.join(attempt), attempt);
        outcome.is_some_and(|outcome| outcome.stdout.trouble.is_none())
    }

    /// How many attempts run.
    pub(super) fn running(&self) -> usize {
        self.going.len()
    }

    /// Asks an attempt to end.
    pub(super) fn stop(&mut self, place: Place) {
        if let Some(sleep) = self.sleeps.keys().find(|(_, at)| *at == place).copied() {
            self.sleeps.remove(&sleep);
            self.push(Finished { place, ending: Ending::Stopped(Box::default()) });
        } else if let Some(ticket) = self.tickets.get(&place) {
            self.executor.stop(*ticket, GRACE);
        }
    }

    /// Kills everything and waits until it is gone.
    pub(super) async fn kill_all(&mut self) {
        self.executor.kill_all();
        let gone = async {
            while self.executor.running() > 0 {
                std::future::poll_fn(|cx| self.executor.poll_done(cx, &mut self.done)).await;
                self.done.clear();
            }
        };
        // What is left after that cannot be killed; nothing more can be done about it.
        let _ = tokio::time::timeout(LAST, gone).await;
    }

    /// The next end, or a signal to this process. Ready only then.
    pub(super) async fn next(&mut self) -> Came {
        loop {
            if let Some(finished) = self.try_next() {
                return Came::Finished(finished);
            }
            let wake = self.wake();
            let Hands { executor, done, interrupts, .. } = self;
            tokio::select! {
                biased;
                interrupt = interrupts.next() => match interrupt {
                    Interrupt::Signal(number) => return Came::Signal(number),
                    Interrupt::WardenDied => return Came::Orphaned,
                },
                () = std::future::poll_fn(|cx| executor.poll_done(cx, done)) => self.take_done(),
                () = tokio::time::sleep(wake) => self.pass_time(),
            }
        }
    }

    /// An end that has come already.
    pub(super) fn try_next(&mut self) -> Option<Finished> {
        if self.ready.is_empty() {
            self.pass_time();
        }
        self.ready.pop_front()
    }

    /// How long until a sleep or a timeout is over.
    fn wake(&self) -> Duration {
        let sleep = self.sleeps.first_key_value().map(|((until, _), _)| {
            let left = until - super::clock::wall_now();
            Duration::from_millis(u64::try_from(left).unwrap_or(0))
        });
        let deadline = self.deadlines.first().map(|(at, _)| at.saturating_sub(since_boot()));
        sleep.into_iter().chain(deadline).min().unwrap_or(Duration::from_secs(3600))
    }

    fn pass_time(&mut self) {
        if !self.sleeps.is_empty() {
            let now = super::clock::wall_now();
            while let Some(first) = self.sleeps.first_entry()
                && first.key().0 <= now
            {
                let ((_, place), timed_out) = first.remove_entry();
                let ending = if timed_out { Ending::TimedOut(Box::default()) } else { Ending::Done };
                self.push(Finished { place, ending });
            }
        }
        if self.deadlines.is_empty() {
            return;
        }
        let now = since_boot();
        while let Some((at, ticket)) = self.deadlines.first().copied()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(going) = self.going.get_mut(&ticket) {
                going.timed_out = true;
                self.executor.stop(ticket, GRACE);
            }
        }
    }

    fn take_done(&mut self) {
        for done in std::mem::take(&mut self.done) {
            let Some(going) = self.going.remove(&done.ticket) else { continue };
            self.tickets.remove(&going.place);
            if let Some(deadline) = going.deadline {
                self.deadlines.remove(&(deadline, done.ticket));
            }
            let ending = match done.outcome {
                Ok(Outcome::Process(outcome)) => ended(outcome, going.timed_out),
                Ok(Outcome::Written) => Ending::Done,
                Ok(Outcome::Agent(outcome)) => answered(*outcome, going.timed_out),
                Err(error) if going.write && error.fault != Fault::Busy => {
                    Ending::Refused(ErrorKind::Error, error.message)
                }
                Err(error) => refused(error),
            };
            self.ready.push_back(Finished { place: going.place, ending });
        }
    }

    /// The built-in `env`.
    pub(super) fn env(&self, name: &str) -> Result<Value, String> {
        builtin::env(name).map(|text| Value::Str(text.into()))
    }

    /// The built-in `glob`.
    pub(super) fn glob(&self, pattern: &str) -> Result<Value, String> {
        let paths = builtin::glob(&self.workshop.root, pattern)?;
        Ok(Value::list(paths.into_iter().map(|path| Value::Str(path.into())).collect()))
    }

    /// The built-in `read`.
    pub(super) fn read(&self, path: &str) -> Result<Value, String> {
        builtin::read(&self.workshop.root, path).map(|text| Value::Str(text.into()))
    }
}
