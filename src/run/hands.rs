//! The executors as the driver uses them: attempts begin, end, and are stopped when their time is over.

use super::attempt::Given;
use super::driver::Came;
use super::start::Options;
use crate::exec::builtin;
use crate::plan::{AgentId, Plan};
use crate::schedule::{ErrorKind, Ms, Place};
use crate::store::{Project, RunDir};
use crate::value::Value;
use ecow::EcoString;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is to be done.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    Program(Vec<String>),
    Script(String),
    Agent {
        agent: AgentId,
        prompt: String,
        schema: Option<String>,
        session: Option<EcoString>,
        told: Option<String>,
    },
    Write(EcoString, EcoString),
    Sleep(i64),
}

/// An attempt, or a gate of one.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub place: Place,
    pub doing: Doing,
    pub cwd: PathBuf,
    pub env: Vec<(String, String)>,
    pub secrets: Vec<String>,
    pub stdin: Option<EcoString>,
    /// Ms from now.
    pub timeout: Option<Ms>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// By itself, with an exit code and outputs, or an agent's answer.
    Exited(Given),
    /// What has no result.
    Done,
    TimedOut,
    /// It was stopped.
    Stopped,
    /// It failed for a reason that was told already.
    Failed(ErrorKind),
    /// It failed before it began, for good.
    Refused(ErrorKind, String),
    /// The machine cannot run it now.
    Unable(String),
}

#[derive(Debug)]
pub(super) struct Finished {
    pub place: Place,
    pub ending: Ending,
}

/// What all attempts share.
#[derive(Debug)]
pub(super) struct Workshop {
    root: PathBuf,
}

impl Workshop {
    pub(super) fn new(project: &Project, _dir: &RunDir, _plan: &Plan, _options: &Options) -> Workshop {
        Workshop { root: project.root().to_owned() }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hands {
    workshop: Workshop,
    ready: VecDeque<Finished>,
    to: UnboundedSender<Finished>,
    from: UnboundedReceiver<Finished>,
}

impl Hands {
    pub(super) fn new(workshop: Workshop) -> Hands {
        let (to, from) = unbounded_channel();
        Hands { workshop, ready: VecDeque::new(), to, from }
    }

    pub(super) fn root(&self) -> &Path {
        &self.workshop.root
    }

    pub(super) fn push(&mut self, finished: Finished) {
        self.ready.push_back(finished);
    }

    pub(super) fn start(&mut self, order: Order) {
        let to = self.to.clone();
        let root = self.workshop.root.clone();
        std::thread::spawn(move || {
            let place = order.place;
            let mut command = match &order.doing {
                Doing::Program(argv) => {
                    let mut command = std::process::Command::new(&argv[0]);
                    command.args(&argv[1..]);
                    command
                }
                Doing::Script(script) => {
                    let mut command = std::process::Command::new("/bin/sh");
                    command.args(["-euc", script]);
                    command
                }
                Doing::Write(path, text) => {
                    let ending = match crate::exec::builtin::write(&root, path, text) {
                        Ok(()) => Ending::Done,
                        Err(why) => Ending::Refused(ErrorKind::Error, why),
                    };
                    let _ = to.send(Finished { place, ending });
                    return;
                }
                Doing::Sleep(until) => {
                    let now = super::clock::Clock::start(0).wall();
                    std::thread::sleep(std::time::Duration::from_millis((until - now).max(0) as u64));
                    let _ = to.send(Finished { place, ending: Ending::Done });
                    return;
                }
                Doing::Agent { .. } => return,
            };
            command.current_dir(&order.cwd).envs(order.env);
            let ending = match command.output() {
                Ok(out) => Ending::Exited(Given {
                    code: out.status.code().unwrap_or(137),
                    stdout: out.stdout,
                    stderr: out.stderr,
                    truncated: false,
                    answer: None,
                }),
                Err(why) => Ending::Refused(ErrorKind::Error, why.to_string()),
            };
            let _ = to.send(Finished { place, ending });
        });
    }

    pub(super) fn stop(&mut self, _place: Place) {}

    pub(super) async fn kill_all(&mut self) {}

    pub(super) async fn next(&mut self) -> Came {
        if let Some(ready) = self.ready.pop_front() {
            return Came::Finished(ready);
        }
        match self.from.recv().await {
            Some(finished) => Came::Finished(finished),
            None => std::future::pending().await,
        }
    }

    pub(super) fn try_next(&mut self) -> Option<Finished> {
        self.ready.pop_front().or_else(|| self.from.try_recv().ok())
    }

    pub(super) fn env(&self, name: &str) -> Result<Value, String> {
        builtin::env(name).map(|text| Value::Str(text.into()))
    }

    pub(super) fn glob(&self, pattern: &str) -> Result<Value, String> {
        let paths = builtin::glob(&self.workshop.root, pattern)?;
        Ok(Value::list(paths.into_iter().map(|path| Value::Str(path.into())).collect()))
    }

    pub(super) fn read(&self, path: &str) -> Result<Value, String> {
        builtin::read(&self.workshop.root, path).map(|text| Value::Str(text.into()))
    }
}
