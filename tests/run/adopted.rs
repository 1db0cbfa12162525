//! Agents whose runner was killed: an answer that was given is taken, not paid for again. An attempt that is over and not
//! recorded is made by stopping the runner, so that only its guardian sees the agent's end, and then killing everything.

use super::place::{Place, kill_all, said, until};
use crate::support::{claude, model_stub::ModelStub};
use rustix::process::{Pid, Signal, kill_process};
use std::process::Child;

/// Stops the runner as soon as the log holds `asked`, waits until the guardian has recorded the end, then kills all.
fn die_between_end_and_record(place: &Place, child: &mut Child, asked: impl Fn() -> bool) {
    until(asked, "the agent");
    kill_process(runner(place), Signal::STOP).unwrap();
    let outputs = place.run_folder().join("out");
    let recorded = || {
        let attempts = std::fs::read_dir(&outputs).into_iter().flatten().flatten();
        attempts.map(|attempt| attempt.path().join("outcome.json")).any(|record| record.exists())
    };
    until(recorded, "the guardian's record");
    kill_all(child);
}

/// The runner, by what it noted in the run's lock.
fn runner(place: &Place) -> Pid {
    let note = std::fs::read_to_string(place.run_folder().join("lock")).unwrap();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap();
    let pid = note["processes"].as_array().unwrap().last().unwrap()["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// How many events of this kind the journal has.
fn events(place: &Place, kind: u16) -> i64 {
    let db = rusqlite::Connection::open(place.run_folder().join("run.db")).unwrap();
    db.query_row("SELECT count(*) FROM event WHERE kind=?1", [kind], |row| row.get(0)).unwrap()
}

const COMMAND: &str = r##"
agent worker { runtime: command(["sh", "-c", "echo asked >> log; sleep 0.4; echo answered >> log; ANSWER"]) tools: ["Bash"] }
task ask_it() -> Int { agent: worker prompt: "?" timeout: 1m RETRY }
task next(n: Int) -> Int { sh: "echo next >> log; echo #{n}" }
workflow main() -> Int {
  let n = ask_it()
  let m = next(n)
  m
}
"##;

fn command(answer: &str, retry: &str) -> Place {
    Place::new(&COMMAND.replace("ANSWER", answer).replace("RETRY", retry))
}

#[test]
fn an_answer_that_was_given_is_taken_at_resume() {
    let place = command("echo 42", "");
    let mut child = place.start(&["run", "main.flow"]);
    die_between_end_and_record(&place, &mut child, || place.log().contains(&"asked".into()));
    assert_eq!(place.log(), ["asked", "answered"]);
    let output = place.flowc(&["resume"]);
    assert_eq!(output.stdout, b"42\n", "{}", said(&output));
    assert_eq!(place.log(), ["asked", "answered", "next"]);
    assert_eq!(events(&place, flow::store::kinds::ATTEMPT_ADOPTED), 1);
    assert_eq!(place.show()["tasks"][0]["attempts"].as_array().unwrap().len(), 1);
    place.ends(&["fsck"], 0);
}

#[test]
fn a_bad_answer_that_was_given_counts_as_an_attempt() {
    let place = command("[ $FLOW_ATTEMPT -ge 2 ] && echo 7 || echo nonsense", "retry: 1");
    let mut child = place.start(&["run", "main.flow"]);
    die_between_end_and_record(&place, &mut child, || place.log().contains(&"asked".into()));
    let output = place.flowc(&["resume"]);
    assert_eq!(output.stdout, b"7\n", "{}", said(&output));
    assert_eq!(place.log(), ["asked", "answered", "asked", "answered", "next"]);
    let attempts = place.show()["tasks"][0]["attempts"].clone();
    assert_eq!(attempts[0]["error"]["kind"], "decode", "{attempts:#}");
    assert_eq!(attempts.as_array().unwrap().len(), 2);
}

#[test]
fn an_answer_whose_record_is_torn_is_none() {
    let place = command("echo 42", "");
    let mut child = place.start(&["run", "main.flow"]);
    die_between_end_and_record(&place, &mut child, || place.log().contains(&"asked".into()));
    let attempt = std::fs::read_dir(place.run_folder().join("out")).unwrap().next().unwrap().unwrap().path();
    let record = attempt.join("outcome.json");
    let text = std::fs::read(&record).unwrap();
    std::fs::write(&record, &text[..text.len() / 2]).unwrap();
    // An agent may have done anything: whoever pays is asked.
    let told = place.ends(&["resume"], 3);
    assert!(told.contains("--answer 'n=rerun'"), "{told}");
    assert_eq!(place.log(), ["asked", "answered"]);
    place.ends(&["resume", "--answer", "n=rerun"], 0);
    assert_eq!(place.log(), ["asked", "answered", "asked", "answered", "next"]);
}

#[test]
fn what_an_agent_had_not_answered_dies_with_its_runner_and_is_asked_about() {
    let place = command("sleep 60; echo 42", "");
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("answered");
    kill_all(&mut child);
    let mark = place.run_folder().file_name().unwrap().to_str().unwrap().to_owned();
    let alive = || {
        let of = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("environ")).ok();
        let texts = std::fs::read_dir("/proc").unwrap().flatten().filter_map(of);
        texts.filter(|text| String::from_utf8_lossy(text).contains(&mark)).count()
    };
    until(|| alive() == 0, "the end of the guardian and its agent");
    place.ends(&["resume"], 3);
    assert_eq!(events(&place, flow::store::kinds::ATTEMPT_ADOPTED), 0);
}

const GATED: &str = r##"
agent worker { runtime: command(["sh", "-c", "echo asked >> log; echo 42"]) tools: ["Bash"] }
task ask() -> Int {
  agent: worker
  prompt: "?"
  timeout: 1m
  verify: ["sh", "-c", "echo gate >> log; [ -e ok ] || sleep 60"]
}
task next(n: Int) -> Int { sh: "echo next >> log; echo #{n}" }
workflow main() -> Int {
  let n = ask()
  let m = next(n)
  m
}
"##;

/// Left while its gate judges an answer, by `leave`, it asks nobody again.
fn judges_again(leave: impl FnOnce(&Place, &mut Child), edit: Option<(&str, &str)>) {
    let place = Place::new(GATED);
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("gate");
    leave(&place, &mut child);
    std::fs::write(place.root.join("ok"), "").unwrap();
    if let Some((from, to)) = edit {
        place.edit(from, to);
    }
    let output = place.flowc(&["resume"]);
    assert_eq!(output.stdout, b"42\n", "{}", said(&output));
    assert_eq!(place.log(), ["asked", "gate", "gate", "next"]);
    assert_eq!(events(&place, flow::store::kinds::ATTEMPT_ADOPTED), 1);
    place.ends(&["fsck"], 0);
    let out = std::fs::read_dir(place.run_folder().join("out")).unwrap().flatten();
    let kept: Vec<_> = out.filter(|attempt| attempt.path().join("stdout").exists()).collect();
    assert!(kept.is_empty(), "what is recorded stays beside the record: {kept:?}");
}

fn interrupt(place: &Place, child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.log(), ["asked", "gate"]);
}

#[test]
fn an_answer_whose_gate_was_cut_short_is_judged_and_not_asked_for_again() {
    judges_again(|_, child| kill_all(child), None);
    judges_again(interrupt, None);
}

#[test]
fn so_is_one_in_a_program_that_was_changed_elsewhere() {
    let edit = Some(("echo next >> log; echo", "echo next >> log; printf '%s' "));
    judges_again(|_, child| kill_all(child), edit);
    judges_again(interrupt, edit);
}

#[test]
fn interrupted_twice_in_its_gate_it_was_still_asked_once() {
    let place = Place::new(GATED);
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("gate");
    interrupt(&place, &mut child);
    let mut child = place.start(&["resume"]);
    until(|| place.log().len() == 3, "the gate");
    kill_all(&mut child);
    std::fs::write(place.root.join("ok"), "").unwrap();
    assert_eq!(place.flowc(&["resume"]).stdout, b"42\n");
    assert_eq!(place.log(), ["asked", "gate", "gate", "gate", "next"]);
}

/// A runtime that reports what it has cost when it is asked to end.
const COSTLY: &str = r##"#!/bin/sh
cat > /dev/null
trap 'echo "{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"is_error\":true,\"session_id\":\"s-9\",\"total_cost_usd\":0.5,\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}"; exit 1' INT
echo asked >> log
while :; do sleep 0.02; done
"##;

/// Runs an agent on [`COSTLY`], with that property, until it has been asked.
fn costly(property: &str) -> (Place, Child) {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&format!(
        "agent sage {{ model: \"haiku\" description: \"Knows.\" }}\n\
         task ask() -> String {{ agent: sage prompt: \"?\" {property} }}\n\
         workflow main() -> String {{ ask() }}\n"
    ));
    let program = place.root.join("bin/claude");
    std::fs::create_dir(place.root.join("bin")).unwrap();
    std::fs::write(&program, COSTLY).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.root.join("bin").display(), std::env::var("PATH").unwrap());
    let child = place.command(&["run", "main.flow"]).env("PATH", path).spawn().unwrap();
    place.wait_for_log("asked");
    (place, child)
}

fn cost_of(place: &Place) -> serde_json::Value {
    let attempt = &place.show()["tasks"][0]["attempts"][0];
    serde_json::json!([attempt["outcome"], attempt["cost_usd"], attempt["tokens"]])
}

#[test]
fn what_an_agent_cost_is_recorded_however_it_ended() {
    let (place, mut child) = costly("timeout: 1s");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(cost_of(&place), serde_json::json!(["timeout", 0.5, 15]));
    let (place, mut child) = costly("timeout: 1m");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(cost_of(&place), serde_json::json!(["interrupted", 0.5, 15]));
}

#[test]
fn so_is_the_answer_of_claude_with_its_cost() {
    let Some(claude) = claude() else { return };
    let stub = ModelStub::answering(|_| {
        let usage = serde_json::json!({ "input_tokens": 90_000, "output_tokens": 900 });
        serde_json::json!({ "text": "forty-two", "sleep": 1, "usage": usage })
    });
    let place = Place::new(
        r##"
agent sage { model: "haiku" description: "Knows." }
task ask() -> String { agent: sage prompt: "What is it?" timeout: 2m }
workflow main() -> String {
  let a = ask()
  "#{a}!"
}
"##,
    );
    let path = format!("{}:{}", claude.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let config = tempfile::tempdir().unwrap();
    let with = |args: &[&str]| {
        let mut command = place.command(args);
        command.env("PATH", &path).envs(stub.env(config.path()));
        command
    };
    let mut child = with(&["run", "main.flow"]).spawn().unwrap();
    die_between_end_and_record(&place, &mut child, || !stub.requests().is_empty());
    let asked = stub.requests().len();
    let output = with(&["resume"]).output().unwrap();
    assert_eq!(output.stdout, b"forty-two!\n", "{}", said(&output));
    assert_eq!(stub.requests().len(), asked, "it was asked again");
    assert_eq!(events(&place, flow::store::kinds::ATTEMPT_ADOPTED), 1);
    let attempt = &place.show()["tasks"][0]["attempts"][0];
    assert!(attempt["cost_usd"].as_f64().is_some_and(|cost| cost > 0.0), "{attempt:#}");
}

/// The runner finds the interruption and the answer when it wakes.
#[test]
fn an_answer_that_comes_with_the_interruption_is_taken_and_not_asked_about() {
    for rest in ["", "on_crash: ask", "on_crash: fail"] {
        let place = command("echo 42", rest);
        let mut child = place.start(&["run", "main.flow"]);
        place.wait_for_log("asked");
        let stopped = runner(&place);
        kill_process(stopped, Signal::STOP).unwrap();
        let recorded = || {
            let attempts = std::fs::read_dir(place.run_folder().join("out")).into_iter().flatten().flatten();
            attempts.map(|attempt| attempt.path().join("outcome.json")).any(|record| record.exists())
        };
        until(recorded, "the guardian's record");
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        kill_process(stopped, Signal::CONT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(place.log(), ["asked", "answered"]);
        let output = place.flowc(&["resume"]);
        assert_eq!(output.stdout, b"42\n", "{rest}: {}", said(&output));
        assert_eq!(place.log(), ["asked", "answered", "next"], "{rest}");
    }
}

/// What kills a guardian may be its agent: an attempt that ended by a signal, with what that does to retries.
#[test]
fn an_agent_that_kills_its_guardian_has_failed_an_attempt() {
    let place = command("[ $FLOW_ATTEMPT -ge 2 ] && echo 7 || kill -9 $PPID", "retry: 1");
    let output = place.flowc(&["run", "main.flow"]);
    assert_eq!(output.stdout, b"7\n", "{}", said(&output));
    let attempts = place.show()["tasks"][0]["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 2, "{attempts:#}");
    assert!(attempts[0]["error"]["message"].as_str().unwrap().contains("signal 9"), "{attempts:#}");
    let place = command("kill -9 $PPID", "");
    let told = place.ends(&["run", "main.flow"], 1);
    assert!(told.contains("signal 9"), "{told}");
}
