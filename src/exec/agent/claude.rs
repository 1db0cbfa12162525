//! The runtime `claude`: Claude Code, without a terminal.
//!
//! Its exit code says little (0 with an empty answer after SIGINT, 0 without the structured answer that was asked for,
//! 1 for everything else), so the outcome is judged by its own report. Nothing of the user's or the project's
//! settings takes part but the login.

use serde_json::{Map, Value, json};

use super::report::Report;
use super::{
    AgentError, AgentErrorKind, AgentOutcome, AgentRequest, Asked, ProcessOutcome, ProcessRequest,
    last_words, prompt,
};
use crate::exec::environment::EnvVar;
use crate::exec::{ExecError, Exit, Fault};

/// Variables of our own environment that reach and authorise the model.
const PASSED: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "CLAUDE_CODE_MAX_RETRIES",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    "CLOUD_ML_REGION",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// What we set unless the request does. Few retries of its own: the engine has its own, with backoff, and a refused
/// key would cost a minute of silence.
const SET: &[(&str, &str)] = &[
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("CLAUDE_CODE_MAX_RETRIES", "2"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("DISABLE_TELEMETRY", "1"),
];

/// What "all tools" means where nobody can be asked for permission.
const USUAL_TOOLS: &str =
    "Bash,Edit,Write,NotebookEdit,Read,Glob,Grep,WebFetch,WebSearch,Task,Agent,TodoWrite";

pub(super) fn prepare(
    request: &AgentRequest,
    program: &str,
    process: &mut ProcessRequest,
) -> Result<Asked, ExecError> {
    let mut asked = Asked::again(request);
    let session = request.resume.is_none().then(|| uuid::Uuid::new_v4().to_string());
    process.argv = argv(request, program, session.as_deref());
    if let Some(argument) = process.argv.iter().find(|argument| argument.len() > 120_000) {
        let length = argument.len();
        return Err(ExecError::new(
            Fault::Refused,
            format!(
                "the instructions or the result type of the agent `{}` are too long for its command line ({length} bytes)",
                request.name
            ),
        ));
    }
    process.stdin = Some(prompt::text(request).into_bytes());
    let given =
        |process: &ProcessRequest, name: &str| process.env.iter().any(|variable| variable.name == name);
    for name in PASSED {
        if let (false, Ok(value)) = (given(process, name), std::env::var(name)) {
            process.env.push(EnvVar::new(*name, value));
        }
    }
    for (name, value) in SET {
        if !given(process, name) {
            process.env.push(EnvVar::new(*name, *value));
        }
    }
    asked.session = asked.session.or(session);
    Ok(asked)
}

fn argv(request: &AgentRequest, program: &str, session: Option<&str>) -> Vec<String> {
    let mut argv: Vec<String> =
        [program, "-p", "--output-format", "stream-json", "--verbose"].map(str::to_owned).to_vec();
    // As `--name=value`, so that no value can be taken for a flag.
    let mut set = |name: &str, value: &str| argv.push(format!("--{name}={value}"));
    match (&request.resume, session) {
        (Some(id), _) => set("resume", id),
        (None, Some(id)) => set("session-id", id),
        (None, None) => {}
    }
    if let Some(model) = &request.model {
        set("model", model);
    }
    if let Some(effort) = &request.effort {
        set("effort", effort);
    }
    if let Some(turns) = request.max_turns {
        set("max-turns", &turns.to_string());
    }
    if let Some(budget) = request.budget_usd {
        set("max-budget-usd", &format!("{budget:.4}"));
    }
    if !request.system.is_empty() {
        let description = if request.description.is_empty() { &request.name } else { &request.description };
        let agents = json!({ &request.name: { "description": description, "prompt": request.system } });
        set("agents", &agents.to_string());
        set("agent", &request.name);
    }
    if let Some(tools) = &request.tools {
        set("tools", &built_in(tools).join(","));
    }
    let allowed = allowed(request).join(",");
    if !allowed.is_empty() {
        set("allowedTools", &allowed);
    }
    if !request.servers.is_empty() {
        set("mcp-config", &json!({ "mcpServers": request.servers }).to_string());
    }
    set("permission-mode", "dontAsk");
    set("setting-sources", "");
    if let Some(schema) = &request.schema {
        set("json-schema", &object_schema(schema).to_string());
    }
    argv.push("--strict-mcp-config".to_owned());
    argv
}

/// What the agent may use unasked: its tools, and all of a server of which it names none.
fn allowed(request: &AgentRequest) -> Vec<String> {
    let tools = request.tools.as_deref();
    let mut allowed: Vec<String> = match tools {
        None => vec![USUAL_TOOLS.to_owned()],
        Some(tools) => tools.to_vec(),
    };
    for server in request.servers.keys() {
        let all = format!("mcp__{server}");
        let named = |tool: &String| {
            tool.strip_prefix(&all).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
        };
        if !tools.unwrap_or_default().iter().any(named) {
            allowed.push(format!("{all}__*"));
        }
    }
    allowed
}

/// The names of tools without their rules (`Bash(git *)` is a rule on `Bash`) and without those of MCP servers.
fn built_in(tools: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for tool in tools {
        let name = tool.split('(').next().unwrap_or(tool).trim();
        if !name.starts_with("mcp__") && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether a schema is none of an object, which is all the runtime takes.
pub(super) fn needs_wrapping(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) != Some("object")
}

/// The schema, wrapped as `{"value": …}` where it must be. What it refers to stays at the root.
fn object_schema(schema: &Value) -> Value {
    if !needs_wrapping(schema) {
        return schema.clone();
    }
    let (mut inner, mut outer) = (schema.clone(), Map::new());
    if let Some(inner) = inner.as_object_mut() {
        for name in ["$schema", "$defs", "definitions"] {
            if let Some(value) = inner.remove(name) {
                outer.insert(name.to_owned(), value);
            }
        }
    }
    outer.insert("type".to_owned(), json!("object"));
    outer.insert("properties".to_owned(), json!({ "value": inner }));
    outer.insert("required".to_owned(), json!(["value"]));
    outer.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(outer)
}

pub(super) fn judge(asked: &Asked, process: ProcessOutcome) -> AgentOutcome {
    let report = match Report::read(&process.stdout) {
        Ok(report) => report,
        Err(error) => {
            return AgentOutcome::failed(process, super::unread(&error));
        }
    };
    let error = error(asked, &report, &process);
    let json = match (&error, report.structured()) {
        (None, Some(value)) if asked.wrapped => value.get("value").cloned(),
        (None, Some(value)) => Some(value.clone()),
        (Some(_), _) | (None, None) => None,
    };
    let text = match &json {
        Some(value) => value.to_string(),
        None => report.text("result").or(report.said.as_deref()).unwrap_or_default().to_owned(),
    };
    AgentOutcome {
        text,
        json,
        cost_usd: report.cost_usd(),
        tokens: report.tokens(),
        // Without an event there is no transcript either, and nothing to go on in.
        session: report.text("session_id").map(str::to_owned).or(report.session.clone()),
        turns: report.number("num_turns").and_then(|turns| u32::try_from(turns).ok()),
        denials: report.denials(),
        error,
        process,
    }
}

/// What is wrong, by the report first and the exit last.
fn error(asked: &Asked, report: &Report, process: &ProcessOutcome) -> Option<AgentError> {
    use AgentErrorKind as K;
    if report.result.is_none() {
        return Some(without_result(process));
    }
    if let Some(server) = report.failed_servers.first() {
        let why =
            format!("the mcp server `{server}` of the agent could not be reached: try its command by hand");
        return Some(AgentError::new(K::Other, why, true));
    }
    let detail =
        report.text("result").filter(|text| !text.is_empty()).map(str::to_owned).or_else(|| report.errors());
    let detail =
        detail.map_or_else(String::new, |text| format!(": {}", text.chars().take(500).collect::<String>()));
    let fail =
        |kind, message: &str, retryable| Some(AgentError::new(kind, format!("{message}{detail}"), retryable));
    if let Some(status) = report.number("api_error_status").and_then(|status| u16::try_from(status).ok()) {
        let retryable = status == 408 || status == 409 || status == 429 || status >= 500;
        return fail(
            K::Status(status),
            &format!("the model's service answered with status {status}"),
            retryable,
        );
    }
    match report.text("subtype") {
        Some("error_max_turns") => return fail(K::Turns, "the agent used up its turns", true),
        Some("error_max_budget_usd") => return fail(K::Budget, "the agent used up its budget", false),
        Some("error_max_structured_output_retries") => {
            let why = report
                .misfit
                .as_deref()
                .map_or(detail.clone(), |why| format!(": {}", located(why, asked.wrapped)));
            let message = format!("the agent's answers did not fit the result type{why}");
            return Some(AgentError::new(K::Decode, message, true));
        }
        Some(_) | None => {}
    }
    if report.text("stop_reason") == Some("refusal") {
        return fail(K::Refusal, "the model refused", false);
    }
    if report.is_error() || report.text("subtype").is_some_and(|subtype| subtype.starts_with("error")) {
        if process.stopped {
            return fail(K::Stopped, "the agent was stopped before it had answered", true);
        }
        let unreachable =
            ["onnect", "/login", "API key", "ENOTFOUND"].iter().any(|word| detail.contains(word));
        let kind = if unreachable { K::Unreachable } else { K::Other };
        return fail(kind, "the agent reports an error", true);
    }
    if process.exit != Exit::Code(0) && !process.stopped {
        return fail(K::Exit, &format!("`claude` ended with {}", process.exit.shell_code()), true);
    }
    if asked.schema.is_some() {
        let given = report.structured();
        if given.is_none() || asked.wrapped && given.is_some_and(|value| value.get("value").is_none()) {
            return fail(
                K::Decode,
                "the agent answered in prose where a structured answer was asked for",
                true,
            );
        }
    } else if process.stopped && report.text("result").is_none_or(str::is_empty) {
        return fail(K::Stopped, "the agent was stopped before it had answered", true);
    }
    None
}

/// What is wrong with a structured answer, with places as the language writes them: `/value/0/line: must be integer` is
/// ``at `[0].line`: must be integer``.
fn located(why: &str, wrapped: bool) -> String {
    let one = |part: &str| {
        let Some((pointer, what)) = part.strip_prefix('/').and_then(|rest| rest.split_once(": ")) else {
            return part.trim_start_matches("root: ").replace(" property '", " field '");
        };
        let steps = pointer.split('/').skip(usize::from(wrapped));
        let path: String = steps
            .map(|step| match step.parse::<u32>() {
                Ok(index) => format!("[{index}]"),
                Err(_) => format!(".{}", step.replace("~1", "/").replace("~0", "~")),
            })
            .collect();
        let what = what.replace(" property '", " field '");
        if path.is_empty() { what } else { format!("at `{path}`: {what}") }
    };
    let parts: Vec<String> = why
        .split(", /")
        .enumerate()
        .map(|(n, part)| match n {
            0 => one(part),
            _ => one(&format!("/{part}")),
        })
        .collect();
    parts.join("; ").chars().take(500).collect()
}

/// It ended without a report: stopped, killed, or unable to begin.
fn without_result(process: &ProcessOutcome) -> AgentError {
    use AgentErrorKind as K;
    if process.stopped {
        return AgentError::new(K::Stopped, "the agent was stopped before it had answered", true);
    }
    let words = last_words(process);
    match process.exit {
        Exit::Code(0) => AgentError::new(K::Decode, format!("`claude` ended without an answer{words}"), true),
        Exit::Code(code) => {
            AgentError::new(K::Exit, format!("`claude` ended with exit code {code}{words}"), true)
        }
        Exit::Signal(signal) => {
            AgentError::new(K::Exit, format!("signal {signal} ended `claude`{words}"), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_wrapped_and_keeps_its_definitions() {
        let list =
            json!({"type": "array", "items": {"$ref": "#/$defs/F"}, "$defs": {"F": {"type": "string"}}});
        let wrapped = object_schema(&list);
        assert_eq!(wrapped["properties"]["value"], json!({"type": "array", "items": {"$ref": "#/$defs/F"}}));
        assert_eq!(wrapped["$defs"]["F"]["type"], "string");
        assert_eq!(wrapped["required"], json!(["value"]));
        let object = json!({"type": "object", "properties": {}});
        assert_eq!(object_schema(&object), object);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let told = |why, wrapped, text| assert_eq!(located(why, wrapped), text);
        told("/value/0/line: must be integer", true, "at `[0].line`: must be integer");
        told(
            "/n: must be integer, /a~1b/2: must be string",
            false,
            "at `.n`: must be integer; at `.a/b[2]`: must be string",
        );
        told("root: must have required property 'n'", false, "must have required field 'n'");
        told("/value: must be array", true, "must be array");
        told("something else", true, "something else");
    }

    #[test]
    fn rules_on_tools_are_not_names_of_tools() {
        let tools = ["Bash(git *)", "Bash(ls)", "Read", "mcp__x__y"].map(str::to_owned);
        assert_eq!(built_in(&tools), ["Bash", "Read"]);
    }
}
