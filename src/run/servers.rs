//! The MCP servers of an agent, as the runtime `claude` takes them.
//!
//! It fills `${NAME}` in these texts from its environment, so that is how a secret reaches a server: what is written on
//! its command line, which others can read, is the name only. A text that holds `${` itself goes the same way.

use crate::plan::{Agent, Server};
use crate::value::{Value, text};
use ecow::{EcoString, eco_format};
use serde_json::{Map, Value as Json, json};

/// The servers by name.
pub(super) fn config(agent: &Agent) -> Map<String, Json> {
    let mut names = Names::default();
    let mut servers = Map::new();
    for server in &agent.mcp {
        servers.insert(server.name.to_string(), entry(server, &mut names));
    }
    servers
}

/// What the texts of [`config`] refer to.
pub(super) fn variables(agent: &Agent) -> Vec<(EcoString, Value)> {
    let mut names = Names::default();
    agent.mcp.iter().for_each(|server| drop(entry(server, &mut names)));
    names.0
}

/// Variables, numbered in the order of their use.
#[derive(Default)]
struct Names(Vec<(EcoString, Value)>);

impl Names {
    fn text(&mut self, value: &Value) -> Json {
        match text::interpolated(value) {
            Some(plain) if !value.has_secret() && !plain.contains("${") => Json::from(plain.as_str()),
            _ => {
                let name = eco_format!("FLOW_MCP_{}", self.0.len() + 1);
                let reference = format!("${{{name}}}");
                self.0.push((name, value.clone()));
                Json::from(reference)
            }
        }
    }

    fn word(&mut self, word: &EcoString) -> Json {
        self.text(&Value::Str(word.clone()))
    }

    fn fields(&mut self, fields: &[(EcoString, Value)]) -> Json {
        fields.iter().map(|(name, value)| (name.to_string(), self.text(value))).collect::<Map<_, _>>().into()
    }
}

fn entry(server: &Server, names: &mut Names) -> Json {
    let Server { command, env, url, headers, .. } = server;
    match command.split_first() {
        Some((program, rest)) => {
            let program = names.word(program);
            let args: Vec<Json> = rest.iter().map(|word| names.word(word)).collect();
            json!({ "type": "stdio", "command": program, "args": args, "env": names.fields(env) })
        }
        None => json!({ "type": "http", "url": names.word(url), "headers": names.fields(headers) }),
    }
}
