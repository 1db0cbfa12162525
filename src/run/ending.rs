//! How an attempt ended, as the driver takes it: what an executor gave, read and told apart.
//!
//! Takes the outcomes of executors; gives an [`Ending`]. Whose fault it was is decided here, what follows from it is not.

use crate::exec;
use crate::exec::agent::{AgentErrorKind, AgentOutcome};
use crate::exec::{ExecError, Fault, Kept, Output, ProcessOutcome};
use crate::schedule::ErrorKind;
use ecow::EcoString;
use std::path::PathBuf;

/// Most bytes of an output that are decoded.
const MAX_DECODED: usize = 64 << 20;

/// Bytes of the end of an output that is not whole, for messages.
const SHOWN: usize = 8 << 10;

/// What is missing: a process that it left behind held an output open and was cut off.
pub(super) const CUT_OFF: &str = "a process that it left behind held its output open and was cut off";

/// What a process or an agent gave.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Its exit code, 128 + signal when one ended it.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Something of the standard output is missing, and why.
    pub lost: Option<String>,
    /// The same of the standard error.
    pub lost_stderr: Option<String>,
    /// The machine could not keep or read what it gave: not its fault.
    pub trouble: Option<String>,
    /// Of an output that is not whole, or too large for memory: the file with what was kept. Its end stands above.
    pub large: [Option<PathBuf>; 2],
    /// Files of the outputs, which may go when those are recorded.
    pub files: Vec<PathBuf>,
    /// See [`CUT_OFF`].
    pub cut_off: bool,
    /// Of an agent.
    pub report: Option<Report>,
}

/// What an agent's runtime reported.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub text: String,
    /// Where a structured answer was asked for.
    pub answer: Option<serde_json::Value>,
    pub session: Option<EcoString>,
    /// Ten-thousandths of a dollar.
    pub cost: Option<i64>,
    pub tokens: Option<u64>,
    /// Why it failed, when it did: kind and message.
    pub failed: Option<(ErrorKind, String)>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// By itself.
    Exited(Box<Given>),
    /// What has no result.
    Done,
    TimedOut(Box<Given>),
    /// It was stopped.
    Stopped(Box<Given>),
    /// It failed for a reason that was told already.
    Failed(ErrorKind),
    /// It failed before it began or while it was done.
    Refused(ErrorKind, String),
    /// The machine cannot run it now.
    Unable(String),
}

/// What a refusal of the executor is for the task. What is not there is not there the next time either.
pub(super) fn refused(error: ExecError) -> Ending {
    match error.fault {
        Fault::Busy => Ending::Unable(error.message),
        Fault::Missing | Fault::Refused => Ending::Refused(ErrorKind::Denied, error.message),
        Fault::Failed => Ending::Refused(ErrorKind::Error, error.message),
    }
}

pub(super) fn ended(outcome: ProcessOutcome, timed_out: bool) -> Ending {
    let (stopped, code) = (outcome.stopped, outcome.exit.shell_code());
    let given = Box::new(given(outcome, code));
    match (stopped, timed_out) {
        (true, true) => Ending::TimedOut(given),
        (true, false) => Ending::Stopped(given),
        // It ended by itself before the signal reached it.
        (false, _) => Ending::Exited(given),
    }
}

pub(super) fn answered(outcome: AgentOutcome, timed_out: bool) -> Ending {
    let AgentOutcome { text, json, cost_usd, tokens, session, error, process, .. } = outcome;
    let (stopped, code) = (process.stopped, process.exit.shell_code());
    let mut given = Box::new(given(process, code));
    let tokens = tokens.map(|of| of.input + of.output + of.cache_read + of.cache_write);
    let interrupted = error.as_ref().is_some_and(|error| error.kind == AgentErrorKind::Stopped);
    let failed = error.map(|error| (kind_of(error.kind), error.message, error.kind));
    if let Some((_, why, AgentErrorKind::Unkept)) = &failed {
        given.trouble.get_or_insert_with(|| why.clone());
    }
    let failed = failed.map(|(kind, why, _)| (kind, why));
    let done = failed.is_none();
    let cost = cost_usd.map(|usd| (usd * 10_000.0).round() as i64);
    let session = session.map(EcoString::from);
    given.report = Some(Report { text, answer: json, session, cost, tokens, failed });
    match (stopped, timed_out) {
        // It answered before it was stopped: that is paid for.
        (true, _) if done && !interrupted => Ending::Exited(given),
        (true, true) => Ending::TimedOut(given),
        (true, false) => Ending::Stopped(given),
        (false, _) => Ending::Exited(given),
    }
}

/// The language's kind for what a runtime reports.
fn kind_of(kind: AgentErrorKind) -> ErrorKind {
    match kind {
        AgentErrorKind::Status(_) => ErrorKind::Status,
        AgentErrorKind::Budget => ErrorKind::Budget,
        AgentErrorKind::Decode => ErrorKind::Decode,
        AgentErrorKind::Exit => ErrorKind::Exit,
        AgentErrorKind::Unreachable
        | AgentErrorKind::Turns
        | AgentErrorKind::Refusal
        | AgentErrorKind::Stopped
        | AgentErrorKind::Unkept
        | AgentErrorKind::Other => ErrorKind::Error,
    }
}

fn given(outcome: ProcessOutcome, code: i32) -> Given {
    let mut given = Given { code, cut_off: outcome.cut_off, ..Given::default() };
    let (stdout, stderr) = (taken(outcome.stdout, &mut given), taken(outcome.stderr, &mut given));
    let (first, second);
    (given.stdout, given.lost, first) = stdout;
    (given.stderr, given.lost_stderr, second) = stderr;
    given.large = [first, second];
    given
}

/// The bytes of an output, why some of them are missing, and the file with all that was kept where they are its end only.
fn taken(output: Output, given: &mut Given) -> (Vec<u8>, Option<String>, Option<PathBuf>) {
    let mut lost = output.trouble.clone();
    if given.trouble.is_none() {
        given.trouble.clone_from(&output.trouble);
    }
    if output.truncated() {
        lost.get_or_insert(format!("only {} of its {} bytes were kept", output.kept_len(), output.total));
    } else if output.kept_len() > MAX_DECODED as u64 {
        lost.get_or_insert(format!("it is longer than {MAX_DECODED} bytes"));
    }
    let path = match &output.kept {
        Kept::Memory(_) => None,
        Kept::File(path) => Some(path.clone()),
    };
    given.files.extend(path.clone());
    if path.is_some() && lost.is_some() {
        return (output.tail(SHOWN).into_bytes(), lost, path);
    }
    if let Kept::Memory(bytes) = output.kept {
        return (bytes, lost, None);
    }
    match output.read(MAX_DECODED).map(std::borrow::Cow::into_owned) {
        Ok(bytes) => (bytes, lost, None),
        Err(why) => {
            let unread = format!("its file cannot be read: {}", exec::plain(&why));
            given.trouble.get_or_insert_with(|| unread.clone());
            (Vec::new(), Some(lost.unwrap_or(unread)), None)
        }
    }
}
