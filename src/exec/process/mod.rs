//! A command: what is asked, what it gave.
//!
//! Takes a [`ProcessRequest`], gives a [`ProcessOutcome`]; [`Processes`] runs any number of them on one thread. It
//! must not know what the command is for.

mod capture;
mod feed;
mod image;
mod pipes;
mod pool;
mod slot;
mod stray;

pub use capture::{Keep, Kept, Output};
pub use pool::Processes;

use std::path::PathBuf;
use std::time::Duration;

use super::environment::EnvVar;
use super::sys::Exit;

/// How long what holds an output open may go on after the main process has ended.
pub const DRAIN: Duration = Duration::from_secs(2);

/// A command to run, fully evaluated.
#[derive(Debug, Clone)]
pub struct ProcessRequest {
    /// The program and its arguments, each passed byte for byte. A program without `/` is sought in PATH.
    pub argv: Vec<String>,
    /// Beside the allowed part of our own environment.
    pub env: Vec<EnvVar>,
    /// The working folder; `None`: the runner's.
    pub cwd: Option<PathBuf>,
    /// What stands on its standard input; `None` is `/dev/null`.
    pub stdin: Option<Vec<u8>>,
    /// The attempt's id: every process of it carries it as `FLOW_ATTEMPT_ID`.
    pub attempt: String,
    /// How much of each output is kept.
    pub keep: Keep,
    /// Where an output that outgrows memory goes, as `stdout` and `stderr`. Made when needed. `None`: only memory.
    pub out_dir: Option<PathBuf>,
    /// What is masked in the outputs, before anything reaches memory or disk.
    pub secrets: Hidden,
    /// What a stop begins with.
    pub stop_signal: StopSignal,
    /// Run it under a guardian that writes its outcome into `out_dir` (see [`super::guardian`]).
    pub guarded: bool,
}

impl ProcessRequest {
    /// A request with the usual settings for `argv`.
    pub fn new<S: Into<String>>(
        attempt: impl Into<String>,
        argv: impl IntoIterator<Item = S>,
    ) -> ProcessRequest {
        ProcessRequest {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: None,
            stdin: None,
            attempt: attempt.into(),
            keep: Keep::default(),
            out_dir: None,
            secrets: Hidden::default(),
            stop_signal: StopSignal::Terminate,
            guarded: false,
        }
    }
}

/// Texts of secrets. They have no display.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(pub Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hidden({})", self.0.len())
    }
}

/// Which signal a stop begins with; SIGKILL follows after the grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopSignal {
    /// SIGTERM.
    Terminate,
    /// SIGINT: agents write their result on it, and orphan their tools on SIGTERM.
    Interrupt,
}

/// What a command gave.
#[derive(Debug)]
pub struct ProcessOutcome {
    pub exit: Exit,
    /// We asked it to end before it had; what it answered may be incomplete.
    pub stopped: bool,
    /// SIGKILL was needed.
    pub killed: bool,
    pub stdout: Output,
    pub stderr: Output,
    /// Something it left behind held an output open for more than [`DRAIN`] and was cut off.
    pub cut_off: bool,
    /// From its start to the end of its main process.
    pub duration: Duration,
    /// Processor time of it and the children it waited for.
    pub cpu: Duration,
    /// Largest resident set of one of its processes, in bytes.
    pub max_rss: u64,
    /// It could not become its program; nothing ran.
    pub unstarted: Option<super::ExecError>,
}
