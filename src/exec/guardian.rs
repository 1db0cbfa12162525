//! The guardian of an agent: a small process that runs it and records how it ended.
//!
//! An agent is paid work. Its outputs go to files and its guardian writes `outcome.json` beside them (temporary file,
//! fsync, rename), so that an attempt that had ended when the runner died is *adopted* at resume instead of paid
//! again. What had not ended dies with the runner, guardian included.
//!
//! The guardian is this same binary, told its job on standard input (so that nothing of it stands in a command line
//! or on disk). It masks the outputs, because they reach the disk here.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::environment::EnvVar;
use super::process::{Hidden, Keep, Kept, Output, ProcessOutcome, ProcessRequest, Processes, StopSignal};
use super::sys::SignalFd;
use super::{Environment, ExecError, Exit, Fault, Ticket, own, sys};

/// The first argument that makes `flowc` a guardian.
pub const ARGUMENT: &str = "__guardian";
/// The record's name in the attempt's folder.
const RECORD: &str = "outcome.json";
const VERSION: u32 = 1;
/// How a guardian ends that could not read its job: nothing was asked of the agent.
const UNTOLD: u8 = 120;
/// The same of one that could not keep its record.
const UNRECORDED: u8 = 121;
/// How long an agent has to end after the runner asked its guardian; the runner kills both later.
const GRACE: Duration = Duration::from_secs(3600);

/// What a guardian is told.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    cwd: Option<PathBuf>,
    stdin: Option<String>,
    attempt: String,
    keep: Keep,
    out_dir: PathBuf,
    secrets: Vec<String>,
    stop_signal: StopSignal,
}

/// What a guardian records.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    attempt: String,
    end: End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// It could not start.
    Refused { fault: FaultWord, message: String },
    Ended {
        code: Option<i32>,
        signal: Option<i32>,
        stopped: bool,
        killed: bool,
        cut_off: bool,
        duration_ms: u64,
        cpu_ms: u64,
        max_rss: u64,
        stdout: Stream,
        stderr: Stream,
    },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultWord {
    Refused,
    Missing,
    Busy,
    Failed,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stream {
    total: u64,
    dropped: u64,
    head: u64,
    trouble: Option<String>,
}

/// The request that runs `request` under the guardian `binary`, in its `out_dir`.
pub(super) fn wrap(request: ProcessRequest, binary: &Path) -> Result<ProcessRequest, ExecError> {
    let out_dir = request.out_dir.clone().unwrap_or_default();
    super::environment::Given::new(&request.env, &request.attempt)?; // computed names are known only here
    prepare_folder(&out_dir)?;
    let stdin = match request.stdin {
        None => None,
        Some(bytes) => Some(
            String::from_utf8(bytes)
                .map_err(|_| ExecError::new(Fault::Refused, "the prompt is not UTF-8"))?,
        ),
    };
    let job = Job {
        argv: request.argv,
        env: request.env.into_iter().map(|variable| (variable.name, variable.value)).collect(),
        cwd: request.cwd,
        stdin,
        attempt: request.attempt.clone(),
        keep: request.keep,
        out_dir,
        secrets: request.secrets.0,
        stop_signal: request.stop_signal,
    };
    let told = serde_json::to_vec(&job)
        .map_err(|e| ExecError::new(Fault::Failed, format!("cannot tell a guardian its job: {e}")))?;
    let mut outer =
        ProcessRequest::new(request.attempt, [binary.to_string_lossy().into_owned(), ARGUMENT.to_owned()]);
    outer.stdin = Some(told);
    outer.keep = Keep { memory: 16 * 1024, total: 16 * 1024 };
    outer.guarded = true;
    Ok(outer)
}

/// A folder without the record of an earlier try.
fn prepare_folder(folder: &Path) -> Result<(), ExecError> {
    let failed =
        |error: &std::io::Error| ExecError::own_file(format!("cannot prepare {}", folder.display()), error);
    own::folder(folder).map_err(|error| failed(&error))?;
    match fs::remove_file(folder.join(RECORD)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The outcome that a guardian recorded in `folder`, of its ended process `outer`.
pub(super) fn unwrap(folder: &Path, outer: ProcessOutcome) -> Result<ProcessOutcome, ExecError> {
    match read(folder, None) {
        Some(Ok(mut outcome)) => {
            outcome.stopped |= outer.stopped;
            Ok(outcome)
        }
        Some(Err(error)) => Err(error),
        None if outer.exit == Exit::Code(UNTOLD.into()) && !outer.stopped => {
            let why = "the agent's guardian could not read its job; nothing was asked of the agent";
            Err(ExecError::new(Fault::Busy, why))
        }
        None => Ok(unrecorded(folder, outer)),
    }
}

/// What is known of an agent whose guardian left no record that can be read: what the agent wrote so far. Where the guardian
/// ended by itself, that is the machine's fault and not the agent's.
fn unrecorded(folder: &Path, outer: ProcessOutcome) -> ProcessOutcome {
    let record = File::open(folder.join(RECORD));
    let unread = record.err().filter(|e| e.kind() != std::io::ErrorKind::NotFound);
    let trouble = match (unread, outer.exit) {
        (Some(e), _) => Some(format!("the record of how it ended cannot be read: {}", super::plain(&e))),
        // What kills a guardian may be the agent.
        (None, Exit::Signal(_)) => None,
        (None, Exit::Code(_)) if outer.stopped => None,
        (None, Exit::Code(code)) if code == i32::from(UNRECORDED) => {
            Some("how it ended could not be recorded: is there space left?".to_owned())
        }
        (None, Exit::Code(code)) => {
            Some(format!("its guardian ended with exit code {code} and recorded nothing"))
        }
    };
    let stream = |name: &str| {
        let path = folder.join(name);
        let total = fs::metadata(&path).map_or(0, |meta| meta.len());
        let output = Output { kept: Kept::File(path), total, dropped: 0, head: total, trouble: None };
        if total == 0 { Output::empty() } else { output }
    };
    let exit = if outer.exit == Exit::Code(0) { Exit::Code(1) } else { outer.exit };
    let stdout = Output { trouble, ..stream("stdout") };
    ProcessOutcome { exit, stdout, stderr: stream("stderr"), ..outer }
}

/// The outcome of an agent that had ended when its runner died. `None` when there is none that is complete and this
/// attempt's.
pub fn adopt(folder: &Path, attempt: &str) -> Option<ProcessOutcome> {
    read(folder, Some(attempt))?.ok().filter(|outcome| !outcome.stopped)
}

fn read(folder: &Path, attempt: Option<&str>) -> Option<Result<ProcessOutcome, ExecError>> {
    let mut text = Vec::new();
    File::open(folder.join(RECORD)).ok()?.take(1024 * 1024).read_to_end(&mut text).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    if record.version != VERSION || attempt.is_some_and(|id| id != record.attempt) {
        return None;
    }
    let (code, signal, stopped, killed, cut_off, duration_ms, cpu_ms, max_rss, stdout, stderr) =
        match record.end {
            End::Refused { fault, message } => return Some(Err(ExecError::new(fault.into(), message))),
            End::Ended {
                code,
                signal,
                stopped,
                killed,
                cut_off,
                duration_ms,
                cpu_ms,
                max_rss,
                stdout,
                stderr,
            } => (code, signal, stopped, killed, cut_off, duration_ms, cpu_ms, max_rss, stdout, stderr),
        };
    let exit = signal.map_or(Exit::Code(code.unwrap_or(-1)), Exit::Signal);
    Some(Ok(ProcessOutcome {
        exit,
        stopped,
        killed,
        cut_off,
        duration: Duration::from_millis(duration_ms),
        cpu: Duration::from_millis(cpu_ms),
        max_rss,
        stdout: stdout.output(folder.join("stdout"))?,
        stderr: stderr.output(folder.join("stderr"))?,
        unstarted: None,
    }))
}

impl Stream {
    /// The output kept at `path`; `None` when that is not whole.
    fn output(self, path: PathBuf) -> Option<Output> {
        let Stream { total, dropped, head, trouble } = self;
        if total == 0 {
            return Some(Output { trouble, ..Output::empty() });
        }
        let whole = fs::metadata(&path).is_ok_and(|meta| meta.len() == total.saturating_sub(dropped));
        (whole || trouble.is_some()).then_some(Output {
            kept: Kept::File(path),
            total,
            dropped,
            head,
            trouble,
        })
    }
}

/// Whether this process was started as a guardian.
pub fn asked() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// The whole life of a guardian: reads its job from standard input, runs it, records it. Gives the exit code.
pub fn run() -> u8 {
    let Some(job) = read_job() else { return UNTOLD };
    let end = guard(&job);
    let record = Record { version: VERSION, attempt: job.attempt, end };
    if write_record(&job.out_dir, &record).is_err() { UNRECORDED } else { 0 }
}

fn read_job() -> Option<Job> {
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn guard(job: &Job) -> End {
    match run_job(job) {
        Ok(outcome) => End::Ended {
            code: match outcome.exit {
                Exit::Code(code) => Some(code),
                Exit::Signal(_) => None,
            },
            signal: match outcome.exit {
                Exit::Code(_) => None,
                Exit::Signal(signal) => Some(signal),
            },
            stopped: outcome.stopped,
            killed: outcome.killed,
            cut_off: outcome.cut_off,
            duration_ms: millis(outcome.duration),
            cpu_ms: millis(outcome.cpu),
            max_rss: outcome.max_rss,
            stdout: keep(outcome.stdout, &job.out_dir, "stdout"),
            stderr: keep(outcome.stderr, &job.out_dir, "stderr"),
        },
        Err(ExecError { fault, message }) => End::Refused { fault: fault.into(), message },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn run_job(job: &Job) -> Result<ProcessOutcome, ExecError> {
    sys::settle_signals();
    sys::hide_memory().map_err(|e| ExecError::io("cannot hide a guardian's memory", &e.into()))?;
    sys::adopt_orphans().map_err(|e| ExecError::io("cannot adopt orphans", &e.into()))?;
    let signals = SignalFd::new(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP])
        .map_err(|e| ExecError::io("cannot wait for signals", &e.into()))?;
    // The whole environment came to us with the allowed part already in it; what else we carry passes on as is.
    let pass: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let mut processes = Processes::new(Environment::allowed(&pass), true)?;
    let mut request = ProcessRequest::new(job.attempt.clone(), job.argv.clone());
    request.env = job.env.iter().map(|(name, value)| EnvVar::new(name, value)).collect();
    request.cwd = job.cwd.clone();
    request.stdin = Some(job.stdin.clone().unwrap_or_default().into_bytes());
    request.keep = Keep { memory: 0, ..job.keep };
    request.out_dir = Some(job.out_dir.clone());
    request.secrets = Hidden(job.secrets.clone());
    request.stop_signal = job.stop_signal;
    processes.start(Ticket(0), request)?;
    let mut done = Vec::new();
    while done.is_empty() {
        processes.wait_beside(&signals);
        while signals.next().is_some() {
            processes.stop(Ticket(0), GRACE);
        }
        processes.turn(Some(Duration::ZERO), &mut done);
    }
    done.pop()
        .map(|(_, outcome)| outcome)
        .ok_or_else(|| ExecError::new(Fault::Failed, "the agent's end was lost"))
}

/// What the record says of an output. Its file is made durable first.
fn keep(output: Output, folder: &Path, name: &str) -> Stream {
    let mut trouble = output.trouble;
    if output.total > 0
        && let Err(error) = File::open(folder.join(name)).and_then(|file| file.sync_all())
    {
        trouble
            .get_or_insert_with(|| format!("the output could not be made durable: {}", super::plain(&error)));
    }
    Stream { total: output.total, dropped: output.dropped, head: output.head, trouble }
}

fn write_record(folder: &Path, record: &Record) -> std::io::Result<()> {
    let temporary = folder.join("outcome.json.tmp");
    let mut file = own::file(&temporary)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(RECORD))?;
    File::open(folder)?.sync_all()
}

impl From<FaultWord> for Fault {
    fn from(word: FaultWord) -> Fault {
        match word {
            FaultWord::Refused => Fault::Refused,
            FaultWord::Missing => Fault::Missing,
            FaultWord::Busy => Fault::Busy,
            FaultWord::Failed => Fault::Failed,
        }
    }
}

impl From<Fault> for FaultWord {
    fn from(fault: Fault) -> FaultWord {
        match fault {
            Fault::Refused => FaultWord::Refused,
            Fault::Missing => FaultWord::Missing,
            Fault::Busy => FaultWord::Busy,
            Fault::Failed => FaultWord::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit: Exit) -> ProcessOutcome {
        ProcessOutcome {
            exit,
            stopped: false,
            killed: false,
            stdout: Output::empty(),
            stderr: Output::empty(),
            cut_off: false,
            duration: Duration::ZERO,
            cpu: Duration::ZERO,
            max_rss: 0,
            unstarted: None,
        }
    }

    #[test]
    fn what_a_guardian_fails_in_is_not_its_agents_fault() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let untold = unwrap(folder, ended(Exit::Code(UNTOLD.into()))).unwrap_err();
        assert_eq!(untold.fault, Fault::Busy);
        fs::write(folder.join("stdout"), "an answer").unwrap();
        for (exit, trouble) in [
            (Exit::Code(UNRECORDED.into()), Some("could not be recorded")),
            (Exit::Code(101), Some("exit code 101 and recorded nothing")),
            (Exit::Signal(9), None),
        ] {
            let outcome = unwrap(folder, ended(exit)).unwrap();
            let told = outcome.stdout.trouble.clone().unwrap_or_default();
            assert_eq!(outcome.stdout.trouble.is_some(), trouble.is_some(), "{exit:?}: {told}");
            assert!(told.contains(trouble.unwrap_or_default()), "{exit:?}: {told}");
            assert_eq!(outcome.stdout.total, 9);
        }
        let stopped = ProcessOutcome { stopped: true, ..ended(Exit::Code(UNTOLD.into())) };
        assert_eq!(unwrap(folder, stopped).unwrap().stdout.trouble, None);
    }
}
