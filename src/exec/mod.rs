//! One attempt of one task: processes, agents and built-in tasks.
//!
//! Takes requests in which everything is evaluated (argv, environment, prompt, schema), gives outcomes. It must not
//! know the plan, the scheduler or the store: retries, timeouts, gates, decoding and recording are its caller's.
//!
//! The caller is one thread with an event loop:
//!
//! ```no_run
//! # use flow::exec::*;
//! # async fn turn() -> Result<(), ExecError> {
//! let mut work = Local::new(Settings::default())?;             // on the thread that will start everything
//! let mut request = ProcessRequest::new("run-1/build/1", ["cargo", "build"]);
//! request.cwd = Some("/workspace".into());
//! let begun = work.start(Ticket(7), Request::Process(request))?;   // returns when the program runs
//! let mut done = Vec::new();
//! std::future::poll_fn(|cx| work.poll_done(cx, &mut done)).await; // one arm of the loop's `select!`
//! for Done { ticket, outcome } in done { /* record it */ }
//! work.stop(Ticket(7), std::time::Duration::from_secs(10));       // a timeout or a cancel; it still ends in `done`
//! # Ok(()) }
//! ```
//!
//! - A started attempt gives exactly one [`Done`], whatever happens to it; a refused start gives none.
//! - [`Fault`] says whose fault a refusal is: `Busy` is the machine's (wait, start again, use no retry), the other
//!   kinds are the attempt's and do not mend themselves.
//! - When `Done` comes, no process of the attempt lives any more: its group, its daemons, all of it.
//! - Only the thread that made the [`Local`] may use it, and it must live as long as the process: the kernel kills
//!   the children when it ends. Nothing else in the process may start programs while `Settings::sole_parent` holds.
//!
//! A shell script becomes an argv by [`shell::argv`]; secrets come from [`secret::Secrets::resolve`], whose texts a request
//! carries so that they are masked; the two-process scheme that leaves no orphan is [`warden`].

pub mod agent;
pub mod builtin;
pub mod environment;
pub mod fake;
pub mod guardian;
mod keeper;
mod local;
pub mod mask;
mod own;
pub mod process;
pub mod secret;
pub mod shell;
pub mod sys;
pub mod warden;

pub use agent::{AgentOutcome, AgentRequest};
pub use environment::{EnvVar, Environment};
pub use local::{Local, Settings};
pub use process::{Hidden, Keep, Kept, Output, ProcessOutcome, ProcessRequest, StopSignal};
pub use sys::Exit;

use std::fmt;
use std::path::PathBuf;
use std::task::{Context, Poll};
use std::time::Duration;

/// The caller's name for a running attempt, unique among those that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What to do.
#[derive(Debug)]
pub enum Request {
    /// A command: `run`, `sh`, a `verify` gate, a probe.
    Process(ProcessRequest),
    /// A model's agent through its runtime.
    Agent(Box<AgentRequest>),
    /// The built-in task `write`: the disk may take its time, so it is done beside the loop.
    Write { root: PathBuf, path: String, text: String },
}

/// What an attempt gave. Of a command any exit is an outcome; what counts as failure is the caller's to say.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "commands are the many: no allocation for each")]
pub enum Outcome {
    Process(ProcessOutcome),
    Agent(Box<AgentOutcome>),
    /// The file is there, and survives a loss of power.
    Written,
}

/// An attempt that has ended, with everything that belonged to it.
#[derive(Debug)]
pub struct Done {
    pub ticket: Ticket,
    /// An error here is one of doing the work at all (a full disk under the output, say).
    pub outcome: Result<Outcome, ExecError>,
}

/// What is known of an attempt once it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The main process, and the id of its process group; `None` for what needs no process.
    pub pid: Option<i32>,
}

/// Whose fault it is that an attempt could not start or be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request itself cannot be done: a NUL in an argument, an argument list too long, a forbidden variable, a
    /// path outside the workspace. The same request never succeeds.
    Refused,
    /// Something named is not there or not usable: no such program or folder, not executable, an unset secret.
    Missing,
    /// The machine has no room now: processes, descriptors, memory, disk. Not the task's fault: uses no retry.
    Busy,
    /// It was tried and failed: an unreadable file, a text that is not UTF-8.
    Failed,
}

/// Why an attempt could not start or be finished. The message stands alone, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecError {
    pub fault: Fault,
    pub message: String,
}

impl ExecError {
    /// An error with the reason said.
    pub fn new(fault: Fault, message: impl Into<String>) -> ExecError {
        ExecError { fault, message: message.into() }
    }

    /// An error of the system while doing `what` ("cannot write `x`").
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> ExecError {
        use std::io::ErrorKind as K;
        let fault = match error.kind() {
            K::StorageFull | K::QuotaExceeded | K::OutOfMemory | K::ResourceBusy | K::WouldBlock => {
                Fault::Busy
            }
            K::NotFound | K::PermissionDenied | K::NotADirectory | K::IsADirectory => Fault::Missing,
            _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => Fault::Busy,
            _ => Fault::Failed,
        };
        ExecError::new(fault, format!("{what}: {}", plain(error)))
    }

    /// An error of the system with a file that is ours: whatever it is, it is the machine's trouble and not the task's.
    pub fn own_file(what: impl fmt::Display, error: &std::io::Error) -> ExecError {
        ExecError::new(Fault::Busy, format!("{what}: {}", plain(error)))
    }
}

/// The system's words without Rust's "(os error 2)".
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExecError {}

/// Does attempts. The driver sees this; tests put [`fake::Fake`] behind it.
pub trait Executor {
    /// Begins an attempt. Returns when its process runs (or its built-in has been handed on).
    ///
    /// # Errors
    /// When it cannot begin; then nothing has been left behind and no [`Done`] follows.
    fn start(&mut self, ticket: Ticket, request: Request) -> Result<Begun, ExecError>;

    /// Asks an attempt to end: a signal to all of it, and SIGKILL to what is left after `grace` (at once when zero).
    /// Its [`Done`] follows as ever, with `stopped` set. Unknown tickets are ignored: it may just have ended.
    fn stop(&mut self, ticket: Ticket, grace: Duration);

    /// Kills everything now. Each attempt's [`Done`] still follows.
    fn kill_all(&mut self);

    /// How many attempts run.
    fn running(&self) -> usize;

    /// Puts what has ended into `done`: ready as soon as that is at least one, never ready while nothing runs.
    fn poll_done(&mut self, context: &mut Context<'_>, done: &mut Vec<Done>) -> Poll<()>;
}
