//! An agent as a Markdown file: which keys of its front matter mean what.
//!
//! Takes a file's text and gives an [`AgentFile`], or says why it is none. What the file says to other programs is passed
//! over: silently where it is no matter (a colour), with a warning where a run would differ (hooks, permissions), or where a
//! key is nearly one that is read.

use super::front_matter::{self, Head, Pair, Yaml};
use super::{AgentFile, errors};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};

/// What a Markdown file turned out to be.
#[derive(Debug)]
pub(super) enum Found {
    Agent(Box<AgentFile>),
    /// A text of another kind, like notes that agents share; with the reason.
    Other(&'static str),
}

/// Reads one file of an agent folder.
pub(super) fn read(path: &str, file: FileId, text: &str, out: &mut Vec<Diagnostic>) -> Found {
    let mut odd = Vec::new();
    let (pairs, body) = match front_matter::read(file, text, &mut odd) {
        Head::Absent => return Found::Other("it has no front matter"),
        Head::Unclosed(span) => {
            out.push(errors::odd_agent(
                span,
                "the front matter has no closing `---`: the file is passed over",
            ));
            return Found::Other("its front matter is not closed");
        }
        Head::Found(pairs, body) => (pairs, body),
    };
    if !pairs.iter().any(|p| matches!(p.key.as_str(), "name" | "description")) {
        return Found::Other("its front matter has neither a name nor a description");
    }
    let head = Span::new(file, 0, body as u32);
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md");
    let mut agent = AgentFile {
        file: Some(file),
        path: path.to_string(),
        body: text[body..].trim().to_string(),
        span: Some(Span::new(file, 0, 3.min(body as u32))),
        ..AgentFile::default()
    };
    for pair in pairs {
        take(&mut agent, &pair, &mut odd);
    }
    if flow_name(&agent.name).is_none() {
        let message = if agent.name.is_empty() {
            format!("the agent has no `name`: it is called `{stem}` after its file")
        } else {
            format!("`{}` cannot be a name in Flow: the agent is called `{stem}` after its file", agent.name)
        };
        odd.push(errors::odd_agent(agent.span.unwrap_or(head), message));
        agent.name = stem.to_string();
    }
    if agent.description.is_empty() {
        odd.push(errors::odd_agent(agent.span.unwrap_or(head), "the agent has no `description`"));
    }
    out.append(&mut odd);
    if flow_name(&agent.name).is_none() {
        Found::Other("it has no usable name")
    } else {
        Found::Agent(Box::new(agent))
    }
}

/// The name in a program: `backend-implementer` is `backend_implementer`. `None` when nothing of it can be a name.
pub fn flow_name(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            '-' | ' ' | '.' | '/' | ':' => out.push('_'),
            _ => return None,
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out.contains(|c: char| c.is_ascii_alphanumeric()).then_some(out)
}

fn take(agent: &mut AgentFile, pair: &Pair, odd: &mut Vec<Diagnostic>) {
    let value = &pair.value;
    match pair.key.as_str() {
        "name" => {
            agent.name = text(value).unwrap_or_default();
            if let Yaml::Text(_, span) = value {
                agent.span = Some(*span);
            }
        }
        "description" => agent.description = text(value).unwrap_or_default(),
        "model" => agent.model = text(value).filter(|m| m != "inherit"),
        "effort" => agent.effort = text(value),
        "tools" => {
            let (names, spans) = tools(pair, odd).unzip();
            (agent.tools, agent.tool_spans) = (names, spans.unwrap_or_default());
        }
        "disallowedTools" | "disallowed_tools" => {
            let rules = placed(value);
            for (rule, span) in rules.iter().filter(|(rule, _)| rule.contains('(')) {
                let name = rule.split('(').next().unwrap_or_default();
                odd.push(errors::odd_agent(
                    *span,
                    format!("`{rule}` takes all of `{name}` away: a tool is taken away whole"),
                ));
            }
            agent.disallowed_tools = rules
                .iter()
                .map(|(rule, _)| rule.split('(').next().unwrap_or_default().trim().to_string())
                .collect();
        }
        "skills" => agent.skills = list(value),
        "mcpServers" | "mcp_servers" => {
            agent.mcp = servers(value);
            agent.mcp_span = Some(pair.span);
        }
        "timeout_seconds" => agent.timeout_ms = seconds(pair, odd),
        "max_retries" => agent.retries = count(pair, odd),
        "maxTurns" | "max_turns" => agent.max_turns = count(pair, odd),
        "max_parallel" => agent.max_parallel = count(pair, odd),
        "priority" => agent.priority = priority(pair, odd),
        "orchestration" => {
            if let Yaml::Map(inner) = value {
                for pair in inner {
                    match pair.key.as_str() {
                        "max_parallel" | "priority" => take(agent, pair, odd),
                        "dependencies" if !list(&pair.value).is_empty() => {
                            odd.push(passed_over(pair, "what waits for what is said by the workflow"));
                        }
                        _ => {}
                    }
                }
            }
        }
        _ => other(pair, odd),
    }
}

/// Keys that are read.
const KEYS: &[&str] = &[
    "name",
    "description",
    "model",
    "effort",
    "tools",
    "disallowedTools",
    "skills",
    "mcpServers",
    "timeout_seconds",
    "max_retries",
    "maxTurns",
    "max_parallel",
    "priority",
    "orchestration",
];

/// Keys that other programs act on, and what does it in Flow.
const ELSEWHERE: &[(&str, &str)] = &[
    ("permissionMode", "an agent may do what its `tools` say, and nobody is asked"),
    ("isolation", "write `workspace: worktree` at the task"),
    ("hooks", "nothing is run at its tool calls"),
    ("memory", "an agent remembers within a `session` of a task"),
    ("background", "tasks run side by side unless one needs the other"),
    ("initialPrompt", "the task's `prompt` is all that it is told"),
];

/// A key that is not read.
fn other(pair: &Pair, odd: &mut Vec<Diagnostic>) {
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(key, _)| *key == pair.key) {
        if !matches!(pair.value, Yaml::Empty) {
            odd.push(passed_over(pair, instead));
        }
        return;
    }
    let plain = |key: &str| key.replace(['_', '-'], "").to_lowercase();
    let like = |key: &&&str| strsim::normalized_damerau_levenshtein(&plain(&pair.key), &plain(key)) >= 0.75;
    if let Some(near) = KEYS.iter().find(like) {
        let odd_key = errors::odd_agent(pair.span, format!("`{}` is passed over", pair.key));
        odd.push(odd_key.help(format!("did you mean `{near}`?")).fix(
            format!("write `{near}`"),
            pair.span,
            *near,
        ));
    }
}

fn passed_over(pair: &Pair, instead: &str) -> Diagnostic {
    errors::odd_agent(pair.span, format!("`{}` is passed over", pair.key)).help(instead)
}

fn text(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Text(text, _) => Some(text.trim().to_string()).filter(|t| !t.is_empty()),
        Yaml::Empty | Yaml::List(_) | Yaml::Map(_) => None,
    }
}

/// A list, or a text with commas.
fn list(value: &Yaml) -> Vec<String> {
    placed(value).into_iter().map(|(text, _)| text).collect()
}

/// The same with the places.
fn placed(value: &Yaml) -> Vec<(String, Span)> {
    let parts: Vec<(&str, Span)> = match value {
        Yaml::List(items) => items.iter().map(|(t, span)| (t.as_str(), *span)).collect(),
        Yaml::Text(text, span) => split(text, *span),
        Yaml::Map(pairs) => pairs.iter().map(|p| (p.key.as_str(), p.span)).collect(),
        Yaml::Empty => Vec::new(),
    };
    let parts = parts.into_iter().map(|(text, span)| (text.trim().to_string(), span));
    parts.filter(|(text, _)| !text.is_empty()).collect()
}

/// The parts of a text between its commas, each with its place where the text stands as it is written.
fn split(text: &str, span: Span) -> Vec<(&str, Span)> {
    let exact = (span.end - span.start) as usize == text.len();
    let mut at = 0;
    let mut parts = Vec::new();
    for part in text.split(',') {
        let from = at + (part.len() - part.trim_start().len());
        let start = span.start + from as u32;
        let place = Span { start, end: start + part.trim().len() as u32, ..span };
        parts.push((part, if exact { place } else { span }));
        at += part.len() + 1;
    }
    parts
}

/// `None` means all tools: nothing is said, or `*`.
fn tools(pair: &Pair, odd: &mut Vec<Diagnostic>) -> Option<(Vec<String>, Vec<Span>)> {
    match &pair.value {
        Yaml::Empty => None,
        Yaml::Map(_) => {
            odd.push(errors::odd_agent(
                pair.span,
                "`tools` is neither a list nor names with commas: it is passed over",
            ));
            None
        }
        value @ (Yaml::Text(..) | Yaml::List(_)) => {
            let mut names = placed(value);
            if names.iter().any(|(n, _)| n == "*") {
                return None;
            }
            let mut seen = foldhash::HashSet::default();
            names.retain(|(n, _)| seen.insert(n.clone()));
            Some(names.into_iter().unzip())
        }
    }
}

/// Names of servers: `- name`, `- name: {…}`, or a map.
fn servers(value: &Yaml) -> Vec<String> {
    let names = list(value);
    let name = |n: &String| match n.split_once(':') {
        Some(("name", value)) => value.trim().to_string(),
        Some((key, _)) => key.trim().to_string(),
        None => n.clone(),
    };
    names.iter().map(name).collect()
}

fn seconds(pair: &Pair, odd: &mut Vec<Diagnostic>) -> Option<i64> {
    let seconds = text(&pair.value).and_then(|t| t.parse::<f64>().ok()).filter(|s| *s > 0.0 && *s < 1e9);
    if seconds.is_none() {
        odd.push(errors::odd_agent(
            pair.span,
            format!("`{}` is not a number of seconds: it is passed over", pair.key),
        ));
    }
    seconds.map(|s| (s * 1000.0).round() as i64)
}

fn count(pair: &Pair, odd: &mut Vec<Diagnostic>) -> Option<i64> {
    let count = text(&pair.value).and_then(|t| t.parse::<i64>().ok()).filter(|n| (0..=1_000_000).contains(n));
    if count.is_none() {
        odd.push(errors::odd_agent(
            pair.span,
            format!("`{}` is not a whole number: it is passed over", pair.key),
        ));
    }
    count
}

/// A number, or one of the words that agent collections use.
fn priority(pair: &Pair, odd: &mut Vec<Diagnostic>) -> Option<i64> {
    let word = text(&pair.value).unwrap_or_default();
    let value = match word.to_ascii_lowercase().as_str() {
        "low" => Some(-10),
        "medium" | "normal" => Some(0),
        "high" => Some(10),
        "critical" => Some(20),
        number => number.parse().ok(),
    };
    if value.is_none() {
        odd.push(errors::odd_agent(
            pair.span,
            "`priority` is low, medium, high, critical or a number: it is passed over",
        ));
    }
    value
}
