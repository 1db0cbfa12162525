//! Agents with MCP servers: the real `claude` with a small server, against a model on loopback.

use super::place::{Place, said};
use crate::support::model_stub::ModelStub;
use crate::support::{claude, program};
use std::process::Output;

/// A server with the tools `note` and `other`; what `note` is given stands in `noted`, with a variable of its environment.
const SERVER: &str = r#"
import json, os, sys
for line in sys.stdin:
    call = json.loads(line)
    if "id" not in call:
        continue
    if call["method"] == "initialize":
        result = {"protocolVersion": call["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "notes", "version": "1"}}
    elif call["method"] == "tools/list":
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        result = {"tools": [{"name": name, "description": name, "inputSchema": schema} for name in ["note", "other"]]}
    elif call["method"] == "tools/call":
        text = call["params"]["arguments"].get("text", "")
        with open("noted", "a") as file:
            file.write(" ".join([text, os.environ["TOKEN"], os.environ["PLAIN"], sys.argv[1]]) + "\n")
        result = {"content": [{"type": "text", "text": "noted"}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}), flush=True)
"#;

fn flow(agent: &str) -> String {
    let script =
        r#"[{"tool":"mcp__notes__note","input":{"text":"hi"}},{"text":"done"}]"#.replace('"', "\\\"");
    format!(
        r##"
mcp notes {{ command: ["python3", "server.py", "$${{HOME}}"] env: {{ TOKEN: secret("NOTES_TOKEN"), PLAIN: "${{NO}}" }} }}
agent writer {{ {agent} timeout: 2m }}
task write_it() -> String {{ agent: writer prompt: "STUB{script}" on_crash: rerun }}
workflow main() -> String {{ let w = write_it() w }}
"##
    )
}

fn run(agent: &str, server: &str) -> Option<(Place, ModelStub, Output)> {
    let claude = claude()?;
    program("python3")?;
    let stub = ModelStub::start();
    let place = Place::new(&flow(agent));
    std::fs::write(place.root.join("server.py"), server).unwrap();
    let path = format!("{}:{}", claude.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = place.command(&["run", "main.flow", "-q"]);
    command
        .env("PATH", path)
        .env("NOTES_TOKEN", "very-secret-token")
        .envs(stub.env(&place.root.join("config")));
    let output = command.output().unwrap();
    Some((place, stub, output))
}

fn tools(stub: &ModelStub) -> Vec<String> {
    let body = stub.requests().into_iter().rfind(|body| body["tools"].is_array()).unwrap();
    let names = body["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_agent_calls_the_tools_of_its_servers() {
    for agent in ["tools: [\"Read\"] mcp: [notes]", "tools: [\"Read\", \"mcp__notes__note\"]", "mcp: [notes]"]
    {
        let Some((place, stub, output)) = run(agent, SERVER) else { return };
        assert!(output.status.success(), "{agent}: {}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "done");
        let noted = std::fs::read_to_string(place.root.join("noted")).unwrap_or_default();
        assert_eq!(noted, "hi very-secret-token ${NO} $${HOME}\n", "{agent}");
        let tools = tools(&stub);
        assert!(tools.iter().any(|tool| tool == "mcp__notes__note"), "{agent}: {tools:?}");
        assert_eq!(tools.iter().any(|tool| tool == "Bash"), agent == "mcp: [notes]", "{agent}: {tools:?}");
    }
}

#[test]
fn a_server_that_does_not_start_fails_the_attempt_by_its_name() {
    let Some((_place, _stub, output)) = run("mcp: [notes] retry: 0", "import sys\nsys.exit(3)\n") else {
        return;
    };
    let said = said(&output);
    assert!(!output.status.success() && said.contains("mcp server `notes`"), "{said}");
}

#[test]
fn what_cannot_be_given_servers_is_refused_before_anything_runs() {
    let place = Place::new(&flow("runtime: command([\"cat\"]) mcp: [notes]"));
    let refused = |place: &Place| {
        let output = place.command(&["run", "main.flow"]).env("NOTES_TOKEN", "long-enough").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let why = refused(&place);
    assert!(why.contains("agent `writer` has mcp servers"), "{why}");
    let place =
        Place::new(&flow("runtime: claude mcp: [notes]").replace("\"python3\"", "\"surely-no-such-server\""));
    let why = refused(&place);
    assert!(why.contains("`surely-no-such-server` of mcp server `notes` of agent `writer`"), "{why}");
    let output = place.flowc(&["run", "main.flow"]);
    assert!(said(&output).contains("NOTES_TOKEN"), "{}", said(&output));
}
