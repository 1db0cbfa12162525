//! The runtime `command([argv])`: any program as an agent.
//!
//! The prompt on standard input, the path of the result's JSON Schema in `FLOW_RESULT_SCHEMA` when there is one, the
//! answer on standard output: text, or exactly one JSON value.

use serde_json::Value;
use std::io::Write;

use super::{
    AgentError, AgentErrorKind, AgentOutcome, AgentRequest, Asked, MAX_ANSWER, ProcessOutcome,
    ProcessRequest, last_words, prompt,
};
use crate::exec::environment::EnvVar;
use crate::exec::{ExecError, Exit, Fault, own};

pub(super) fn prepare(
    request: &AgentRequest,
    argv: &[String],
    process: &mut ProcessRequest,
) -> Result<Asked, ExecError> {
    if argv.is_empty() {
        return Err(ExecError::new(Fault::Refused, format!("the agent `{}` names no program", request.name)));
    }
    process.argv = argv.to_vec();
    let mut text = prompt::text(request);
    if !request.system.is_empty() {
        text = format!("{}\n\n{text}", request.system.trim_end());
    }
    process.stdin = Some(text.into_bytes());
    if let Some(schema) = &request.schema {
        let path = request.out_dir.join("schema.json");
        own::file(&path)
            .and_then(|mut file| file.write_all(schema.to_string().as_bytes()))
            .map_err(|e| ExecError::own_file(format!("cannot write {}", path.display()), &e))?;
        process.env.push(EnvVar::new("FLOW_RESULT_SCHEMA", path.to_string_lossy()));
    }
    for (name, value) in [("FLOW_AGENT_MODEL", &request.model), ("FLOW_AGENT_SESSION", &request.resume)] {
        if let Some(value) = value {
            process.env.push(EnvVar::new(name, value));
        }
    }
    Ok(Asked::again(request))
}

pub(super) fn judge(asked: &Asked, process: ProcessOutcome) -> AgentOutcome {
    let mut outcome = AgentOutcome { error: None, ..AgentOutcome::failed(process, blank()) };
    outcome.session.clone_from(&asked.session);
    match answer(asked, &outcome.process) {
        Ok((text, json)) => {
            outcome.text = text;
            outcome.json = json;
        }
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

fn blank() -> AgentError {
    AgentError::new(AgentErrorKind::Other, "", false)
}

fn answer(asked: &Asked, process: &ProcessOutcome) -> Result<(String, Option<Value>), AgentError> {
    let words = last_words(process);
    match process.exit {
        Exit::Code(0) => {}
        _ if process.stopped => {
            return Err(AgentError::new(
                AgentErrorKind::Stopped,
                "the agent was stopped before it had answered",
                true,
            ));
        }
        Exit::Code(code) => {
            return Err(AgentError::new(
                AgentErrorKind::Exit,
                format!("the agent's program ended with exit code {code}{words}"),
                true,
            ));
        }
        Exit::Signal(signal) => {
            return Err(AgentError::new(
                AgentErrorKind::Exit,
                format!("signal {signal} ended the agent's program{words}"),
                true,
            ));
        }
    }
    let decode = |message: String| AgentError::new(AgentErrorKind::Decode, message, true);
    if process.stdout.truncated() || process.stdout.total > MAX_ANSWER as u64 {
        return Err(decode(format!(
            "the agent's answer of {} bytes was truncated; {MAX_ANSWER} are the most that is taken",
            process.stdout.total
        )));
    }
    let bytes = process.stdout.read(MAX_ANSWER).map_err(|e| super::unread(&e))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|e| decode(format!("the agent's answer is not UTF-8 (byte {})", e.valid_up_to())))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    if asked.schema.is_none() {
        return Ok((text.to_owned(), None));
    }
    if text.trim().is_empty() {
        return Err(decode("the agent answered nothing, and JSON was asked for".into()));
    }
    let json = serde_json::from_str(text)
        .map_err(|e| decode(format!("the agent's answer is not one JSON value: {e}")))?;
    Ok((text.to_owned(), Some(json)))
}
