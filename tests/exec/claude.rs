//! The runtime `claude`: the real program against a model on loopback.

use super::agents::{agent, answer, ask, guarded};
use super::*;
use crate::support::{claude, model_stub::ModelStub};
use flow::exec::AgentRequest;
use flow::exec::agent::{AgentErrorKind, Runtime};
use serde_json::{Value, json};
use std::path::PathBuf;

struct World {
    stub: ModelStub,
    folder: tempfile::TempDir,
    claude: PathBuf,
    bench: Bench,
}

impl World {
    fn new() -> Option<World> {
        let claude = claude()?;
        let folder = tempfile::tempdir().unwrap();
        Some(World { stub: ModelStub::start(), folder, claude, bench: Bench::with(guarded()) })
    }

    fn request(&self, prompt: &str, schema: Option<Value>) -> AgentRequest {
        let runtime = Runtime::Claude { program: self.claude.display().to_string() };
        let work = self.folder.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        let mut request = ask(&work, runtime, prompt, schema);
        request.out_dir = self.folder.path().join(&request.attempt);
        let variables = self.stub.env(&self.folder.path().join("config"));
        request.env = variables.into_iter().map(|(name, value)| EnvVar::new(name, value)).collect();
        request.env.push(EnvVar::new("CLAUDE_CODE_MAX_RETRIES", "1"));
        request.max_turns = Some(6);
        request
    }

    fn answer(&mut self, request: AgentRequest) -> flow::exec::AgentOutcome {
        answer(&mut self.bench, request)
    }

    /// The last body that carried tools: what the agent was given.
    fn last(&self) -> Value {
        self.stub.requests().into_iter().rfind(|body| body["tools"].is_array()).unwrap()
    }
}

#[test]
fn a_text_with_its_cost_tokens_and_session() {
    let Some(mut world) = World::new() else { return };
    let mut request = world.request(
        "Say it. STUB[{\"text\":\"hello there\",\"usage\":{\"input_tokens\":100,\"output_tokens\":20}}]",
        None,
    );
    request.system = "You are a parrot.".into();
    request.tools = Some(vec!["Read".into(), "Bash(git status)".into()]);
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.text.as_str()), (None, "hello there"));
    assert!(outcome.cost_usd.unwrap() > 0.0);
    let tokens = outcome.tokens.unwrap();
    assert_eq!((tokens.input, tokens.output), (100, 20));
    assert_eq!(outcome.turns, Some(1));
    assert!(uuid::Uuid::parse_str(&outcome.session.unwrap()).is_ok());
    let sent = world.last();
    let mut tools: Vec<&str> =
        sent["tools"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    tools.sort_unstable();
    assert_eq!(tools, ["Bash", "Read"], "tools are limited to the agent's");
    assert!(sent["system"].to_string().contains("You are a parrot."));
}

#[test]
fn a_structured_answer_wrapped_or_not_bad_first_or_not() {
    let Some(mut world) = World::new() else { return };
    let object = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let request = world.request("STUB[{\"json\":{\"n\":7}}]", Some(object.clone()));
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.json), (None, Some(json!({"n": 7}))));
    let list = json!({"type": "array", "items": {"type": "integer"}});
    let request = world.request("STUB[{\"json\":{\"value\":[1,2]}}]", Some(list));
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.json), (None, Some(json!([1, 2]))));
    let request = world.request("STUB[{\"json\":{\"n\":\"bad\"}},{\"json\":{\"n\":8}}]", Some(object));
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.json), (None, Some(json!({"n": 8}))));
}

#[test]
fn prose_instead_of_structure_is_a_decode_error() {
    let Some(mut world) = World::new() else { return };
    let object = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let outcome = world.answer(world.request("STUB[{\"text\":\"I will not\"}]", Some(object.clone())));
    assert_eq!(outcome.error.as_ref().map(|e| e.kind), Some(AgentErrorKind::Decode), "{:?}", outcome.error);
    assert_eq!(outcome.json, None);
    assert!(outcome.session.is_some(), "it can be told why and go on");
    let outcome = world.answer(world.request("STUB[{\"json\":{\"n\":\"bad\"}}]", Some(object)));
    assert_eq!(outcome.error.as_ref().map(|e| e.kind), Some(AgentErrorKind::Decode), "{:?}", outcome.error);
    let told = outcome.error.unwrap().message;
    assert_eq!(told, "the agent's answers did not fit the result type: at `.n`: must be integer");
}

#[test]
fn errors_of_the_service_keep_their_status() {
    let Some(mut world) = World::new() else { return };
    for (status, kind, retryable) in
        [(500, "api_error", true), (429, "rate_limit_error", true), (400, "invalid_request_error", false)]
    {
        let prompt = format!("STUB[{{\"status\":{status},\"type\":\"{kind}\"}}]");
        let outcome = world.answer(world.request(&prompt, None));
        let error = outcome.error.unwrap();
        assert_eq!(error.kind, AgentErrorKind::Status(status), "{error:?}");
        assert_eq!(error.retryable, retryable);
    }
    let mut request = world.request("hi", None);
    for variable in &mut request.env {
        if variable.name == "ANTHROPIC_BASE_URL" {
            variable.value = "http://127.0.0.1:9".into();
        }
    }
    let error = world.answer(request).error.unwrap();
    assert!(
        error.retryable && matches!(error.kind, AgentErrorKind::Unreachable | AgentErrorKind::Other),
        "{error:?}"
    );
}

#[test]
fn turns_are_limited_and_denials_noted() {
    let Some(mut world) = World::new() else { return };
    let mut request = world.request("STUB[{\"tool\":\"Bash\",\"input\":{\"command\":\"echo hi\"}}]", None);
    request.max_turns = Some(2);
    request.tools = Some(vec!["Bash".into()]);
    let outcome = world.answer(request);
    assert_eq!(outcome.error.unwrap().kind, AgentErrorKind::Turns);
    let prompt = "STUB[{\"tool\":\"Bash\",\"input\":{\"command\":\"touch pwned\"}},{\"text\":\"done\"}]";
    let mut request = world.request(prompt, None);
    request.tools = Some(vec!["Bash(git status)".into()]);
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.text.as_str()), (None, "done"));
    assert_eq!(outcome.denials, ["Bash"]);
    assert!(!world.folder.path().join("work/pwned").exists());
}

#[test]
fn a_session_is_gone_on_in() {
    let Some(mut world) = World::new() else { return };
    let first = world.answer(world.request("The word is xyzzy. STUB[{\"text\":\"noted\"}]", None));
    let session = first.session.unwrap();
    let mut request = world.request("The gate failed: too short. STUB[{\"text\":\"longer\"}]", None);
    request.resume = Some(session.clone());
    let outcome = world.answer(request);
    assert_eq!((outcome.error, outcome.text.as_str(), outcome.session), (None, "longer", Some(session)));
    assert!(world.last()["messages"].to_string().contains("xyzzy"), "the history is there");
    let mut request = world.request("x", None);
    request.resume = Some(uuid::Uuid::new_v4().to_string());
    let outcome = world.answer(request);
    assert!(outcome.error.is_some(), "an unknown session is an error");
}

#[test]
fn a_stop_leaves_nothing_behind() {
    let Some(mut world) = World::new() else { return };
    let prompts = [
        "STUB[{\"text\":\"late\",\"sleep\":60}]",
        "STUB[{\"tool\":\"Bash\",\"input\":{\"command\":\"touch began; setsid sleep 300 & sleep 300\"}},{\"text\":\"x\"}]",
    ];
    for (index, prompt) in prompts.into_iter().enumerate() {
        let mut request = world.request(prompt, None);
        request.tools = Some(vec!["Bash".into()]);
        let attempt = request.attempt.clone();
        let before = world.stub.requests().len();
        world.bench.begin(Ticket(3), Request::Agent(Box::new(request))).unwrap();
        let begun = Instant::now();
        let ready = |world: &World| match index {
            0 => world.stub.requests().len() > before,
            _ => world.folder.path().join("work/began").exists(),
        };
        while !ready(&world) && elapsed(begun) < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(ready(&world));
        world.bench.local.stop(Ticket(3), Duration::from_secs(10));
        let outcome = agent(world.bench.next().remove(0));
        assert_eq!(
            outcome.error.as_ref().map(|e| e.kind),
            Some(AgentErrorKind::Stopped),
            "{:?}",
            outcome.error
        );
        assert!(survivors(&attempt).is_empty());
    }
}
