//! Attempts on this machine: commands and agents as processes, files on a thread beside the loop.
//!
//! Takes requests, gives what ended; runs on the thread that made it.

use std::collections::HashMap;
use std::future::Future;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Sleep;

use super::process::{ProcessOutcome, ProcessRequest, Processes};
use super::{Begun, Done, Environment, ExecError, Executor, Fault, Outcome, Request, Ticket};
use super::{agent, builtin, guardian, sys};

/// Turns in a row before others on the thread get theirs.
const TURNS: usize = 32;

/// How a [`Local`] works.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Variables of our environment that programs get beside the usual ones.
    pub pass_env: Vec<String>,
    /// Nothing else in this process starts programs: every other child is an attempt's stray. True in a runner.
    pub sole_parent: bool,
    /// The `flowc` binary, to run as the guardian of agents; `None`: they run without one and cannot be adopted.
    pub guardian: Option<PathBuf>,
}

impl Settings {
    /// The settings of a runner. Its guardian is the very file that runs, even when that has been replaced meanwhile.
    pub fn runner(pass_env: Vec<String>) -> Settings {
        Settings { pass_env, sole_parent: true, guardian: Some(PathBuf::from("/proc/self/exe")) }
    }
}

/// Does attempts on this machine.
#[derive(Debug)]
pub struct Local {
    processes: Processes,
    guardian: Option<PathBuf>,
    /// What has to be made of a process's outcome.
    after: HashMap<Ticket, After>,
    ended: Vec<(Ticket, ProcessOutcome)>,
    finished: Vec<Done>,
    writes: usize,
    to: UnboundedSender<Done>,
    from: UnboundedReceiver<Done>,
    /// The processes' descriptor, as the event loop sees it; registered when first polled.
    watched: Option<AsyncFd<OwnedFd>>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The last turn left something to do.
    more: bool,
}

/// What follows the end of a process.
#[derive(Debug)]
struct After {
    guarded: Option<PathBuf>,
    agent: Option<agent::Asked>,
}

impl Local {
    /// Prepares to do attempts on the calling thread, which must live as long as the process.
    ///
    /// # Errors
    /// When the system has no descriptor or memory left.
    pub fn new(settings: Settings) -> Result<Local, ExecError> {
        sys::adopt_orphans().map_err(|e| ExecError::io("cannot adopt orphans", &e.into()))?;
        let environment = Environment::allowed(&settings.pass_env);
        let (to, from) = unbounded_channel();
        Ok(Local {
            processes: Processes::new(environment, settings.sole_parent)?,
            guardian: settings.guardian,
            after: HashMap::new(),
            ended: Vec::new(),
            finished: Vec::new(),
            writes: 0,
            to,
            from,
            watched: None,
            timer: None,
            more: false,
        })
    }

    fn start_process(
        &mut self,
        ticket: Ticket,
        request: ProcessRequest,
        asked: Option<agent::Asked>,
    ) -> Result<Begun, ExecError> {
        let guardian = self.guardian.as_deref().filter(|_| request.guarded);
        let (request, guarded) = match (guardian, request.out_dir.clone()) {
            (Some(binary), Some(folder)) => (guardian::wrap(request, binary)?, Some(folder)),
            (Some(_) | None, _) => (ProcessRequest { guarded: false, ..request }, None),
        };
        let begun = self.processes.start(ticket, request)?;
        if guarded.is_some() || asked.is_some() {
            self.after.insert(ticket, After { guarded, agent: asked });
        }
        Ok(begun)
    }

    fn start_write(
        &mut self,
        ticket: Ticket,
        root: PathBuf,
        path: String,
        text: String,
    ) -> Result<Begun, ExecError> {
        let to = self.to.clone();
        let work = move || {
            let written = std::panic::catch_unwind(|| builtin::write(&root, &path, &text));
            let written = written
                .unwrap_or_else(|_| Err(ExecError::new(Fault::Failed, format!("cannot write {path}"))));
            let outcome = written.map(|()| Outcome::Written);
            // The receiver is gone only when the loop is.
            let _ = to.send(Done { ticket, outcome });
        };
        let spawned = std::thread::Builder::new().name("write".to_owned()).spawn(work);
        spawned.map_err(|e| ExecError::io("cannot write a file now", &e))?;
        self.writes += 1;
        Ok(Begun { pid: None })
    }

    /// Turns the ends of processes into outcomes.
    fn settle(&mut self) {
        for (ticket, mut outcome) in self.ended.drain(..) {
            if let Some(error) = outcome.unstarted.take() {
                self.after.remove(&ticket);
                self.finished.push(Done { ticket, outcome: Err(error) });
                continue;
            }
            let outcome = match self.after.remove(&ticket) {
                None => Ok(Outcome::Process(outcome)),
                Some(After { guarded, agent }) => {
                    let outcome = match guarded {
                        Some(folder) => guardian::unwrap(&folder, outcome),
                        None => Ok(outcome),
                    };
                    outcome.map(|outcome| match agent {
                        Some(asked) => Outcome::Agent(Box::new(asked.judge(outcome))),
                        None => Outcome::Process(outcome),
                    })
                }
            };
            self.finished.push(Done { ticket, outcome });
        }
    }

    fn take_written(&mut self, context: &mut Context<'_>) {
        while self.writes > 0
            && let Poll::Ready(Some(done)) = self.from.poll_recv(context)
        {
            self.writes -= 1;
            self.finished.push(done);
        }
    }

    /// Does what the processes have to do now. Says whether there may be more at once.
    fn turn(&mut self) -> bool {
        let mut more = true;
        for _ in 0..TURNS {
            more = self.processes.turn(Some(Duration::ZERO), &mut self.ended);
            if !more {
                break;
            }
        }
        self.settle();
        more
    }

    /// Ready when the processes' descriptor is, or their time has come.
    fn poll_cause(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if std::mem::take(&mut self.more) {
            return Poll::Ready(Ok(()));
        }
        if self.watched.is_none() {
            let fd = self.processes.as_fd().try_clone_to_owned()?;
            self.watched = Some(sys::watch(fd)?);
        }
        if let Some(at) = self.processes.deadline() {
            if at <= Instant::now() {
                return Poll::Ready(Ok(()));
            }
            let at = tokio::time::Instant::from_std(at);
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
        }
        let Some(watched) = &self.watched else { return Poll::Pending };
        let ready = watched.poll_read_ready(context);
        if ready.is_pending() {
            // The thread is about to sleep.
            self.processes.bury();
            if self.processes.watch_out() {
                return Poll::Ready(Ok(()));
            }
        }
        ready!(ready)?.clear_ready();
        Poll::Ready(Ok(()))
    }
}

impl Executor for Local {
    fn start(&mut self, ticket: Ticket, request: Request) -> Result<Begun, ExecError> {
        match request {
            Request::Process(request) => self.start_process(ticket, request, None),
            Request::Agent(request) => {
                let (request, asked) = agent::prepare(*request)?;
                self.start_process(ticket, request, Some(asked))
            }
            Request::Write { root, path, text } => self.start_write(ticket, root, path, text),
        }
    }

    fn stop(&mut self, ticket: Ticket, grace: Duration) {
        self.processes.stop(ticket, grace);
    }

    fn kill_all(&mut self) {
        self.processes.kill_all();
    }

    fn running(&self) -> usize {
        self.processes.running() + self.writes + self.finished.len()
    }

    fn poll_done(&mut self, context: &mut Context<'_>, done: &mut Vec<Done>) -> Poll<()> {
        loop {
            self.take_written(context);
            if !self.finished.is_empty() {
                done.append(&mut self.finished);
                return Poll::Ready(());
            }
            match self.poll_cause(context) {
                Poll::Pending => return Poll::Pending,
                // Without its descriptor in the event loop it can only look again and again.
                Poll::Ready(Err(_)) => {
                    self.turn();
                    self.more = true;
                }
                Poll::Ready(Ok(())) => self.more = self.turn(),
            }
            if self.more && self.finished.is_empty() {
                // There is more to do at once: after the others' turn.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}
