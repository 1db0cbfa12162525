//! What Claude Code reports of itself, one JSON event a line.
//!
//! Takes the kept output, gives the few facts that count. Lines that are too long, cut or no JSON are passed over:
//! the last word is the `result` event, and without it there is no answer.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::Tokens;
use crate::exec::process::{Kept, Output};

/// Longest event that is read, in bytes.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// How the runtime begins to say what is wrong with a structured answer.
const MISFIT: &str = "Output does not match required schema:";

/// The facts of a session.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// From the first event.
    pub(super) session: Option<String>,
    /// MCP servers that did not start or did not answer.
    pub(super) failed_servers: Vec<String>,
    /// What was wrong with the last structured answer that was not taken.
    pub(super) misfit: Option<String>,
    /// The last text the model wrote.
    pub(super) said: Option<String>,
    /// The last event, if it came.
    pub(super) result: Option<Value>,
}

impl Report {
    pub(super) fn read(output: &Output) -> std::io::Result<Report> {
        match &output.kept {
            Kept::Memory(bytes) => Report::read_lines(bytes.as_slice()),
            Kept::File(path) => Report::read_lines(BufReader::new(std::fs::File::open(path)?)),
        }
    }

    fn read_lines(mut from: impl BufRead) -> std::io::Result<Report> {
        let mut report = Report::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(report);
            }
            // Only a few kinds matter: the others, which may be large, are not even parsed.
            if let Ok(event) = serde_json::from_slice::<Value>(&line) {
                report.note(event);
            }
        }
    }

    fn note(&mut self, event: Value) {
        match event.get("type").and_then(Value::as_str) {
            Some("system") => {
                if let Some(session) = event.get("session_id").and_then(Value::as_str) {
                    self.session.get_or_insert_with(|| session.to_owned());
                }
                let servers = event.get("mcp_servers").and_then(Value::as_array);
                let failed = servers.into_iter().flatten().filter(|server| server["status"] == "failed");
                let names = failed.filter_map(|server| server["name"].as_str().map(str::to_owned));
                self.failed_servers.extend(names);
            }
            Some("assistant") if event.get("parent_tool_use_id").is_none_or(Value::is_null) => {
                let blocks = event.pointer("/message/content").and_then(Value::as_array);
                let texts = blocks
                    .into_iter()
                    .flatten()
                    .filter_map(|block| block.get("text").and_then(Value::as_str));
                let text: String = texts.collect();
                if !text.is_empty() {
                    self.said = Some(text);
                }
            }
            Some("user") => {
                let blocks = event.pointer("/message/content").and_then(Value::as_array);
                let texts = blocks.into_iter().flatten().filter_map(|block| block["content"].as_str());
                if let Some(why) = texts.filter_map(|text| text.strip_prefix(MISFIT)).next_back() {
                    self.misfit = Some(why.trim().to_owned());
                }
            }
            Some("result") => self.result = Some(event),
            Some(_) | None => {}
        }
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.result.as_ref()?.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.as_u64()
    }

    pub(super) fn is_error(&self) -> bool {
        self.field("is_error").and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn cost_usd(&self) -> Option<f64> {
        self.field("total_cost_usd")?.as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0)
    }

    pub(super) fn structured(&self) -> Option<&Value> {
        self.field("structured_output").filter(|value| !value.is_null())
    }

    pub(super) fn tokens(&self) -> Option<Tokens> {
        let usage = self.field("usage")?.as_object()?;
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        Some(Tokens {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_input_tokens"),
            cache_write: count("cache_creation_input_tokens"),
        })
    }

    pub(super) fn denials(&self) -> Vec<String> {
        let list = self.field("permission_denials").and_then(Value::as_array);
        let names =
            list.into_iter().flatten().filter_map(|denial| denial.get("tool_name").and_then(Value::as_str));
        names.map(str::to_owned).collect()
    }

    pub(super) fn errors(&self) -> Option<String> {
        let list = self.field("errors")?.as_array()?;
        let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_lines_are_passed_over() {
        let lines = concat!(
            "\u{feff}garbage\n",
            "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s-1\"}\n",
            "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}}\n",
            "{\"type\":\"assistant\",\"parent_tool_use_id\":\"x\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"sub\"}]}}\n",
            "{\"type\":\"result\",\"is_error\":true,\"total_cost_usd\":-1,\"permission_denials\":[{\"tool_name\":\"Bash\"},3]}\n",
            "{\"type\":\"resu",
        );
        let report = Report::read_lines(lines.as_bytes()).unwrap();
        assert_eq!(report.session.as_deref(), Some("s-1"));
        assert_eq!(report.said.as_deref(), Some("hi"));
        assert!(report.is_error());
        assert_eq!(report.cost_usd(), None);
        assert_eq!(report.denials(), ["Bash"]);
    }
}
