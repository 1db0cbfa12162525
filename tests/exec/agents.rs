//! Agents: the runtime `command` in its malformed modes (F26, bad input 37) and the guardian's record.

use super::*;
use flow::exec::agent::{AgentErrorKind, Runtime};
use flow::exec::{AgentOutcome, AgentRequest, guardian};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The settings with which agents run under a guardian.
pub fn guarded() -> Settings {
    Settings { guardian: Some(PathBuf::from(env!("CARGO_BIN_EXE_flowc"))), ..Settings::default() }
}

pub fn ask(folder: &Path, runtime: Runtime, prompt: &str, schema: Option<Value>) -> AgentRequest {
    AgentRequest {
        attempt: id(),
        runtime,
        name: "tester".into(),
        description: String::new(),
        system: String::new(),
        model: None,
        effort: None,
        servers: Default::default(),
        tools: None,
        max_turns: None,
        budget_usd: None,
        prompt: prompt.into(),
        context: Vec::new(),
        schema,
        resume: None,
        cwd: folder.to_owned(),
        env: Vec::new(),
        secrets: Hidden::default(),
        keep: Keep::default(),
        out_dir: folder.join("out"),
    }
}

pub fn answer(bench: &mut Bench, request: AgentRequest) -> AgentOutcome {
    bench.begin(Ticket(9), Request::Agent(Box::new(request))).unwrap();
    agent(bench.next().remove(0))
}

pub fn agent(done: Done) -> AgentOutcome {
    match done.outcome.unwrap() {
        Outcome::Agent(outcome) => *outcome,
        other => panic!("not an agent's: {other:?}"),
    }
}

fn program(script: &str) -> Runtime {
    Runtime::Command { argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec() }
}

#[test]
fn a_command_agent_answers_text_or_json() {
    let folder = tempfile::tempdir().unwrap();
    for settings in [Settings::default(), guarded()] {
        let mut bench = Bench::with(settings);
        let mut request =
            ask(folder.path(), program("cat; echo; echo \"${FLOW_RESULT_SCHEMA-none}\""), "Hi 🦀", None);
        request.system = "Be brief.".into();
        let outcome = answer(&mut bench, request);
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.text, "Be brief.\n\nHi 🦀\nnone");
        let schema = json!({"type": "array", "items": {"type": "integer"}});
        let request = ask(
            folder.path(),
            program("cat $FLOW_RESULT_SCHEMA >&2; echo '[1, 2]'"),
            "x",
            Some(schema.clone()),
        );
        let outcome = answer(&mut bench, request);
        assert_eq!((outcome.error, outcome.json), (None, Some(json!([1, 2]))));
        assert_eq!(serde_json::from_str::<Value>(&text(&outcome.process.stderr)).unwrap(), schema);
    }
}

#[test]
fn f26_what_is_no_answer_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(guarded());
    let json = Some(json!({"type": "object"}));
    for (script, kind) in [
        ("true", AgentErrorKind::Decode),
        ("echo '{\"a\": 1} and that is my answer'", AgentErrorKind::Decode),
        ("echo '{\"a\": 1}{\"b\": 2}'", AgentErrorKind::Decode),
        ("echo '{\"a\": '", AgentErrorKind::Decode),
        ("printf '\\377'", AgentErrorKind::Decode),
        ("printf '\"\\ud800\"'", AgentErrorKind::Decode),
        ("head -c 1000000 /dev/zero | tr '\\0' '['", AgentErrorKind::Decode),
        ("head -c 30000000 /dev/zero | tr '\\0' ' '; echo '{}'", AgentErrorKind::Decode),
        ("echo '{}'; exit 3", AgentErrorKind::Exit),
        ("echo '{}'; kill -9 $$", AgentErrorKind::Exit),
    ] {
        let outcome = answer(&mut bench, ask(folder.path(), program(script), "x", json.clone()));
        assert_eq!(outcome.error.as_ref().map(|e| e.kind), Some(kind), "{script}: {:?}", outcome.error);
        assert_eq!(outcome.json, None, "{script}");
    }
    let refused =
        bench.begin(Ticket(1), Request::Agent(Box::new(ask(folder.path(), program("\0"), "x", None))));
    let error = match refused {
        Err(error) => error,
        Ok(_) => bench.next().remove(0).outcome.unwrap_err(), // the guardian says so
    };
    assert!(error.message.contains("NUL"), "{error}");
}

#[test]
fn a_missing_agent_is_told_through_its_guardian() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(guarded());
    let runtime = Runtime::Command { argv: vec!["flow-no-such-agent".into()] };
    bench.begin(Ticket(2), Request::Agent(Box::new(ask(folder.path(), runtime, "x", None)))).unwrap();
    let error = bench.next().remove(0).outcome.unwrap_err();
    assert!(error.message.contains("no such program in PATH"), "{error}");
    assert_eq!(error.fault, Fault::Missing);
}

#[test]
fn a_stopped_agent_is_asked_by_int_and_nothing_of_it_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo got-int; exit 0' INT; setsid sleep 100 & sleep 100 & echo ready > ready; while :; do sleep 0.05; done";
    for settings in [Settings::default(), guarded()] {
        let mut bench = Bench::with(settings);
        let request = ask(folder.path(), program(script), "x", Some(json!({})));
        let attempt = request.attempt.clone();
        bench.begin(Ticket(3), Request::Agent(Box::new(request))).unwrap();
        while !folder.path().join("ready").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        bench.local.stop(Ticket(3), Duration::from_secs(10));
        let outcome = agent(bench.next().remove(0));
        assert!(outcome.process.stopped && !outcome.process.killed, "{:?}", outcome.process);
        assert!(text(&outcome.process.stdout).contains("got-int"));
        assert!(outcome.error.is_some());
        assert!(survivors(&attempt).is_empty());
        std::fs::remove_file(folder.path().join("ready")).unwrap();
    }
}

#[test]
fn a_killed_guardian_takes_its_agent_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(guarded());
    let script = "trap '' TERM INT; setsid sleep 100 & sleep 100 & echo part; touch ready; sleep 100";
    let request = ask(folder.path(), program(script), "x", None);
    let attempt = request.attempt.clone();
    let begun = bench.begin(Ticket(4), Request::Agent(Box::new(request))).unwrap();
    while !folder.path().join("ready").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let guardian = rustix::process::Pid::from_raw(begun.pid.unwrap()).unwrap();
    rustix::process::kill_process(guardian, rustix::process::Signal::KILL).unwrap();
    let outcome = agent(bench.next().remove(0));
    assert_eq!(outcome.error.unwrap().kind, AgentErrorKind::Exit);
    assert!(survivors(&attempt).is_empty());
    assert!(guardian::adopt(&folder.path().join("out"), &attempt).is_none());
}

#[test]
fn a_guardian_that_ends_by_itself_without_a_record_is_the_machines_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(Settings { guardian: Some("/bin/false".into()), ..Settings::default() });
    bench
        .begin(Ticket(6), Request::Agent(Box::new(ask(folder.path(), program("echo 1"), "x", None))))
        .unwrap();
    let error = agent(bench.next().remove(0)).error.unwrap();
    assert_eq!(error.kind, AgentErrorKind::Unkept, "{error:?}");
    assert!(error.message.contains("guardian"), "{error:?}");
}

#[test]
fn an_ended_agent_is_adopted_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut bench = Bench::with(guarded());
    let request =
        ask(folder.path(), program("echo '[1]'; echo note >&2"), "x", Some(json!({"type": "array"})));
    let attempt = request.attempt.clone();
    let again = agent::Asked::again(&request);
    answer(&mut bench, request);
    let adopted = guardian::adopt(&out, &attempt).unwrap();
    assert_eq!(adopted.exit, Exit::Code(0));
    assert_eq!(again.judge(adopted).json, Some(json!([1])));
    assert!(guardian::adopt(&out, "another").is_none());
    let whole = std::fs::read(out.join("outcome.json")).unwrap();
    for length in 0..whole.len() {
        std::fs::write(out.join("outcome.json"), &whole[..length]).unwrap();
        assert!(guardian::adopt(&out, &attempt).is_none(), "cut at {length}");
    }
    std::fs::write(out.join("outcome.json"), &whole).unwrap();
    std::fs::write(out.join("stdout"), "[").unwrap();
    assert!(guardian::adopt(&out, &attempt).is_none(), "its output is cut");
}

#[test]
fn a_secret_reaches_the_agent_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(guarded());
    let secret = "hunter2-hunter2-hunter2";
    let mut request = ask(folder.path(), program("printf %s \"$TOKEN\" | wc -c; echo $TOKEN"), "x", None);
    request.env.push(EnvVar::new("TOKEN", secret));
    request.secrets = Hidden(vec![secret.into()]);
    assert_eq!(answer(&mut bench, request).text, "23\n***");
    for entry in std::fs::read_dir(folder.path().join("out")).unwrap().flatten() {
        assert!(!std::fs::read_to_string(entry.path()).unwrap().contains("hunter2"), "{:?}", entry.path());
    }
}
