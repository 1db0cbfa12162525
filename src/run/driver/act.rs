//! Does what the scheduler commands, after the commit.

use super::{Driver, Halt};
use crate::exec::EnvVar;
use crate::exec::secret::Secrets;
use crate::plan::{Action, AgentId, Spot};
use crate::run::attempt::{self, Job, Work};
use crate::run::ending::Ending;
use crate::run::hands::{Doing, Finished, Order, Prompt};
use crate::run::record::{AttemptEnded, Failure};
use crate::run::task::called;
use crate::run::tasks::Task;
use crate::schedule::{Command, ErrorKind, Ms, Outcome, Place};
use crate::types::BuiltinTask;
use crate::value::{Value, text};

/// An attempt that has begun.
#[derive(Debug)]
pub(in crate::run) struct Live {
    pub(super) job: Job,
    /// Active ms when it is over at the latest, gates included.
    pub(super) deadline: Option<Ms>,
    /// The value that its gates are being asked about, and which gate runs.
    pub(super) trial: Option<(Value, usize)>,
    /// It is the probe of a lost attempt.
    pub(super) probing: bool,
    pub(super) vars: Vec<EnvVar>,
    /// Texts to mask.
    pub(super) secrets: Vec<String>,
    /// The name of its outputs' folder.
    pub(super) attempt: String,
    pub(super) ended: AttemptEnded,
    /// Files of an agent's answer: as long as it is being judged, it is adopted from them should this runner be lost.
    pub(super) files: Vec<std::path::PathBuf>,
}

impl Live {
    /// Whether no gate follows what is begun now.
    pub(super) fn is_last(&self) -> bool {
        self.job.verify.is_empty() && !self.probing
    }
}

impl Driver<'_> {
    /// Does a command.
    pub(super) fn act(&mut self, command: Command) -> Result<(), Halt> {
        match command {
            Command::StartAttempt { place, agent, redo, inline: false, .. } => {
                self.start_attempt(place, agent, redo)
            }
            Command::StopAttempt { place } => {
                self.hands.stop(place);
                Ok(())
            }
            Command::Ask { place, .. } => {
                let id = self.questions.get(&place).map(|question| question.task.clone());
                match self.held.iter().position(|reply| Some(&reply.task) == id.as_ref()) {
                    Some(held) => {
                        let reply = self.held.remove(held);
                        self.stirred = true;
                        let task = reply.task.clone();
                        // What runs goes on: the question stays open, and is shown.
                        if let Err(why) = self.take_reply(reply)? {
                            self.observer.unfit(&task, &why);
                        }
                        Ok(())
                    }
                    None => {
                        self.ask(place, None);
                        Ok(())
                    }
                }
            }
            // Done in the turn itself, or told by the state.
            Command::Evaluate { .. }
            | Command::StartAttempt { .. }
            | Command::Close(_)
            | Command::Finish(_) => Ok(()),
        }
    }

    fn start_attempt(&mut self, place: Place, agent: Option<AgentId>, redo: bool) -> Result<(), Halt> {
        if self.take_earlier(place, agent) {
            return Ok(());
        }
        match self.prepare(place, agent, redo) {
            Ok((live, order)) => {
                self.live.insert(place, live);
                self.hands.start(order);
                Ok(())
            }
            Err((kind, failure)) => {
                self.told.insert(place, failure);
                self.hands.push(Finished { place, ending: Ending::Failed(kind) });
                Ok(())
            }
        }
    }

    pub(super) fn prepare(
        &mut self,
        place: Place,
        agent: Option<AgentId>,
        redo: bool,
    ) -> Result<(Live, Order), (ErrorKind, Failure)> {
        let sleep_until = self.sleeps.remove(&place).unwrap_or_else(|| self.clock.wall());
        let made = called(self.plan, &self.values, place).and_then(|task| {
            let root = self.hands.root().to_owned();
            let job = attempt::prepare(&task, &mut self.values, &root, agent, redo, sleep_until)?;
            Ok((task, job))
        });
        let (_, job) = match made {
            Ok(made) => made,
            Err(fault) => {
                let kind = ErrorKind::parse(fault.kind.name()).unwrap_or(ErrorKind::Error);
                return Err((kind, self.failure(kind, fault.message, fault.spot)));
            }
        };
        let id = self.state.id_of(self.plan, place);
        let number = self.tasks.attempts(place);
        let Task { key, answered, .. } = self.tasks.of(place);
        let (mut key, answered) = (key.clone(), *answered);
        if key.is_empty() {
            // Of an attempt that began before this session.
            key = self.idempotency_key(&id, answered);
        }
        let run = self.store.run();
        let names = job.env.iter().flat_map(|(_, value)| attempt::secret_names(value));
        let secrets = Secrets::resolve(names).map_err(|errors| {
            let why: Vec<String> = errors.iter().map(ToString::to_string).collect();
            (ErrorKind::Denied, self.plain_failure(ErrorKind::Denied, why.join("; ")))
        })?;
        let reveal = |(name, value): &(_, Value)| EnvVar::new(name, attempt::revealed(value, &secrets));
        let mut vars: Vec<EnvVar> = job.env.iter().map(reveal).collect();
        let secrets: Vec<String> = job
            .env
            .iter()
            .flat_map(|(_, value)| attempt::secret_names(value))
            .filter_map(|name| secrets.get(name).map(str::to_owned))
            .collect();
        vars.extend(attempt::flow_vars(run, &id, number, &key));
        let generation = self.state.generation();
        let tries = self.tasks.of(place).tries;
        let attempt = attempt::attempt_id(self.store.run(), generation, &id, number, tries);
        let deadline = job.timeout.map(|timeout| self.clock.active().saturating_add(timeout));
        let mut live = Live {
            deadline,
            trial: None,
            probing: job.probe.is_some(),
            vars,
            secrets,
            attempt,
            ended: AttemptEnded::new(Outcome::Done),
            files: Vec::new(),
            job,
        };
        let doing = match live.job.probe.clone() {
            Some(argv) => Doing::Program(argv),
            None => self.doing(place, &mut live),
        };
        let order = if live.is_last() {
            // Nothing of it is needed again.
            let (env, secrets) = (std::mem::take(&mut live.vars), std::mem::take(&mut live.secrets));
            Order { env, secrets, ..self.order(place, &live, doing) }
        } else {
            self.order(place, &live, doing)
        };
        Ok((live, order))
    }

    /// The main part of an attempt.
    pub(super) fn doing(&mut self, place: Place, live: &mut Live) -> Doing {
        if live.is_last()
            && let Work::Run { argv } = &mut live.job.work
        {
            return Doing::Program(std::mem::take(argv));
        }
        match &live.job.work {
            Work::Run { argv } => Doing::Program(argv.clone()),
            Work::Write { path, text } => Doing::Write(path.clone(), text.clone()),
            Work::Sleep { until } => Doing::Sleep(*until),
            Work::Agent { agent, prompt, context, schema } => {
                let task = self.tasks.of(place);
                Doing::Agent(Box::new(Prompt {
                    agent: *agent,
                    text: prompt.clone(),
                    context: context.clone(),
                    schema: schema.clone(),
                    session: task.session.clone().filter(|_| task.told.is_some()),
                    told: task.told.clone(),
                }))
            }
        }
    }

    pub(super) fn order(&self, place: Place, live: &Live, doing: Doing) -> Order {
        Order {
            place,
            attempt: live.attempt.clone(),
            folder: if live.probing { format!("{}.probe", live.attempt) } else { live.attempt.clone() },
            doing,
            cwd: live.job.cwd.clone(),
            env: live.vars.clone(),
            secrets: live.secrets.clone(),
            stdin: live.job.stdin.clone(),
            timeout: live.deadline.map(|deadline| (deadline - self.clock.active()).max(0)),
        }
    }

    /// Does what is done in process: `now`, `env`, `glob`, `read`.
    pub(super) fn do_inline(&mut self, place: Place) -> Result<Value, Failure> {
        let task = called(self.plan, &self.values, place)
            .map_err(|fault| self.failure(ErrorKind::Error, fault.message, fault.spot))?;
        let Action::Builtin { task: builtin, args } = &task.def.action else {
            return Err(self.plain_failure(ErrorKind::Error, "it cannot be done in process"));
        };
        let argument = match args.first().and_then(Option::as_ref) {
            Some(expr) => task.within(&self.values, |env| env.eval(expr)),
            None => Ok(Value::None),
        };
        let argument = argument.map_err(|fault| self.failure(ErrorKind::Error, fault.message, fault.spot))?;
        let argument = text::interpolated(&argument).unwrap_or_default();
        let done = match builtin {
            BuiltinTask::Now => Ok(Value::Str(crate::run::clock::rfc3339(self.clock.wall()).into())),
            BuiltinTask::Env => self.hands.env(&argument),
            BuiltinTask::Glob => self.hands.glob(&argument),
            BuiltinTask::Read => self.hands.read(&argument),
            BuiltinTask::Approve
            | BuiltinTask::Input
            | BuiltinTask::Sleep
            | BuiltinTask::Write
            | BuiltinTask::PlanOf => Err("it cannot be done in process".to_owned()),
        };
        let value = done.map_err(|why| self.failure(ErrorKind::Error, why, task.spot))?;
        attempt::accept(&task, &mut self.values, &value)
            .map_err(|(kind, why)| self.failure(kind, why, Spot::default()))?;
        Ok(value)
    }

    /// The wall time until which a `sleep` sleeps, known from its beginning on.
    pub(super) fn sleep_until(&mut self, place: Place) -> Option<i64> {
        let task = called(self.plan, &self.values, place).ok()?;
        let Action::Builtin { task: BuiltinTask::Sleep, args } = &task.def.action else { return None };
        let wall = self.clock.wall();
        let expr = args.first().and_then(Option::as_ref)?;
        let length = match task.within(&self.values, |env| env.eval(expr)) {
            Ok(Value::Duration(ms)) => ms.max(0),
            _ => 0,
        };
        Some(*self.sleeps.entry(place).or_insert_with(|| wall.saturating_add(length)))
    }
}
