//! Agents: a request to a model's runtime, and what came of it.
//!
//! Takes the agent's definition with an evaluated prompt and the result's JSON Schema; gives text or JSON, the
//! runtime's own report of cost, tokens and session, and an error that is classified from that report, never from the
//! exit code alone. Whether the JSON fits the type, and what a retry does, is the caller's to say.
//!
//! A runtime is a file here with two functions: one makes the process request, one judges its outcome.

mod claude;
mod command;
mod prompt;
mod report;

use std::path::PathBuf;

use serde_json::Value;

use super::ExecError;
use super::environment::EnvVar;
use super::own;
use super::process::{Hidden, Keep, ProcessOutcome, ProcessRequest, StopSignal};

/// Largest answer that is taken, in bytes.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// How an agent is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// Claude Code; the program, usually `claude`.
    Claude { program: String },
    /// Any program: prompt on standard input, `FLOW_RESULT_SCHEMA`, answer on standard output.
    Command { argv: Vec<String> },
}

/// A question to an agent, fully evaluated.
#[derive(Debug, Clone)]
pub struct AgentRequest {
    /// The attempt's id, unique over all tries.
    pub attempt: String,
    pub runtime: Runtime,
    /// The agent's name in the program.
    pub name: String,
    /// What the runtime's model is told of the agent; may be empty.
    pub description: String,
    /// The agent's own instructions; empty: the runtime's usual ones.
    pub system: String,
    pub model: Option<String>,
    pub effort: Option<String>,
    /// The tools it may use; `None`: the usual ones.
    pub tools: Option<Vec<String>>,
    /// The MCP servers that it is given, by name, as the runtime takes them.
    pub servers: serde_json::Map<String, Value>,
    pub max_turns: Option<u32>,
    /// In dollars.
    pub budget_usd: Option<f64>,
    pub prompt: String,
    /// Values handed over, by name: they follow the prompt as data.
    pub context: Vec<(String, String)>,
    /// The JSON Schema of the result; `None`: plain text.
    pub schema: Option<Value>,
    /// A session to go on in, and there `prompt` is what to say next (that a gate failed, and why).
    pub resume: Option<String>,
    /// The working folder.
    pub cwd: PathBuf,
    pub env: Vec<EnvVar>,
    pub secrets: Hidden,
    pub keep: Keep,
    /// The attempt's own folder, for outputs, schema and the guardian's record.
    pub out_dir: PathBuf,
}

/// What an agent gave.
#[derive(Debug)]
pub struct AgentOutcome {
    /// Its answer as text; of a structured one its JSON.
    pub text: String,
    /// Its structured answer, when a schema was given and it gave one.
    pub json: Option<Value>,
    /// What the runtime says it cost, in dollars.
    pub cost_usd: Option<f64>,
    pub tokens: Option<Tokens>,
    /// The session, to go on in.
    pub session: Option<String>,
    pub turns: Option<u32>,
    /// Tools whose use was denied, in order.
    pub denials: Vec<String>,
    /// Why it is no answer.
    pub error: Option<AgentError>,
    /// Its process, with all it wrote.
    pub process: ProcessOutcome,
}

/// Tokens as the runtime counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

/// Why an agent gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentError {
    pub kind: AgentErrorKind,
    /// One line that stands alone.
    pub message: String,
    /// Whether the same request may do better later or in another session.
    pub retryable: bool,
}

/// Kinds of [`AgentError`], from the runtime's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentErrorKind {
    /// The model's service answered with this HTTP status.
    Status(u16),
    /// Its service could not be reached, or there is no key.
    Unreachable,
    /// The turns were used up.
    Turns,
    /// The budget was used up.
    Budget,
    /// No structured answer, or one that is not JSON.
    Decode,
    /// The model refused.
    Refusal,
    /// It ended without an answer because it was asked to end.
    Stopped,
    /// What it answered could not be kept or read on this machine.
    Unkept,
    /// The program failed: its exit status is in the outcome.
    Exit,
    /// Anything else the runtime reports as an error.
    Other,
}

/// What has to be remembered between request and outcome.
#[derive(Debug)]
pub struct Asked {
    runtime: Runtime,
    schema: Option<Value>,
    wrapped: bool,
    session: Option<String>,
}

/// The process that asks, and what is needed to judge its outcome.
///
/// # Errors
/// When the request cannot be put to this runtime, or its files cannot be written.
pub fn prepare(request: AgentRequest) -> Result<(ProcessRequest, Asked), ExecError> {
    let folder = &request.out_dir;
    own::folder(folder).map_err(|e| ExecError::own_file(format!("cannot make {}", folder.display()), &e))?;
    let mut process = ProcessRequest::new(request.attempt.clone(), Vec::<String>::new());
    process.cwd = Some(request.cwd.clone());
    process.env.clone_from(&request.env);
    process.secrets = request.secrets.clone();
    process.keep = request.keep;
    process.out_dir = Some(folder.clone());
    process.stop_signal = StopSignal::Interrupt;
    process.guarded = true;
    let asked = match &request.runtime {
        Runtime::Claude { program } => claude::prepare(&request, program, &mut process)?,
        Runtime::Command { argv } => command::prepare(&request, argv, &mut process)?,
    };
    Ok((process, asked))
}

impl Asked {
    /// What remains known of a request when its runner has died, for [`Asked::judge`] of an adopted outcome.
    pub fn again(request: &AgentRequest) -> Asked {
        let wrapped = match &request.runtime {
            Runtime::Claude { .. } => request.schema.as_ref().is_some_and(claude::needs_wrapping),
            Runtime::Command { .. } => false,
        };
        let session = request.resume.clone();
        Asked { runtime: request.runtime.clone(), schema: request.schema.clone(), wrapped, session }
    }

    /// What the ended process amounts to.
    pub fn judge(self, process: ProcessOutcome) -> AgentOutcome {
        if let Some(trouble) = &process.stdout.trouble {
            let error = AgentError::new(AgentErrorKind::Unkept, trouble.clone(), true);
            return AgentOutcome::failed(process, error);
        }
        match self.runtime {
            Runtime::Claude { .. } => claude::judge(&self, process),
            Runtime::Command { .. } => command::judge(&self, process),
        }
    }
}

/// The answer's file cannot be read: not the agent's fault.
fn unread(error: &std::io::Error) -> AgentError {
    let message = format!("the agent's answer cannot be read: {}", super::plain(error));
    AgentError::new(AgentErrorKind::Unkept, message, true)
}

impl AgentError {
    fn new(kind: AgentErrorKind, message: impl Into<String>, retryable: bool) -> AgentError {
        AgentError { kind, message: message.into(), retryable }
    }
}

impl AgentOutcome {
    fn failed(process: ProcessOutcome, error: AgentError) -> AgentOutcome {
        AgentOutcome {
            text: String::new(),
            json: None,
            cost_usd: None,
            tokens: None,
            session: None,
            turns: None,
            denials: Vec::new(),
            error: Some(error),
            process,
        }
    }
}

/// The end of what a program said on standard error, for a message.
fn last_words(process: &ProcessOutcome) -> String {
    let text = process.stderr.tail(2000);
    let last = text
        .trim()
        .lines()
        .rev()
        .take(5)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
        .join("\n");
    if last.is_empty() { String::new() } else { format!(": {last}") }
}
