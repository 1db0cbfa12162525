//! What one task can be told, and how it can fail.

use super::*;
use flow::run::How;
use serde_json::json;

#[test]
fn retries_use_their_number_and_tell_the_attempt() {
    let ran = flow(
        r##"
task flaky() -> Int { sh: "echo $FLOW_ATTEMPT >> log; test $FLOW_ATTEMPT = 3; echo $FLOW_ATTEMPT" retry: 3 }
workflow main() -> Int { flaky() }
"##,
    );
    assert_eq!(ran.value(), flow::value::Value::Int(3));
    assert_eq!(ran.log(), ["1", "2", "3"]);
}

#[test]
fn a_failure_counts_its_attempts() {
    let ran = flow(
        r##"
task bad() { sh: "exit 4" retry: 2 }
workflow main() { bad() }
"##,
    );
    match &ran.end.how {
        How::Failed(f) => assert_eq!((f.attempts, f.exit_code), (3, Some(4))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_timeout_stops_the_attempt() {
    let start = std::time::Instant::now();
    let ran = flow(
        r##"
task slow() { run: ["sleep", "60"] timeout: 200ms }
workflow main() { slow() }
"##,
    );
    assert_eq!(ran.failure().0, "timeout");
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn gates_judge_the_result() {
    let ran = flow(
        r##"
task short() -> String { sh: "echo abc" accept: len(result) > 5 }
workflow main() -> String { short() }
"##,
    );
    let (kind, _, message) = ran.failure();
    assert_eq!(kind, "accept");
    assert!(message.contains("len(result) > 5"), "{message}");
    let ran = flow(
        r##"
task checked() -> String { sh: "echo abc" verify: [["true"], ["false"]] }
workflow main() -> String { checked() }
"##,
    );
    assert_eq!(ran.failure().0, "verify");
}

#[test]
fn outputs_decode_by_the_type() {
    let given = json(
        r##"
type Out = { n: Int, f: Float, t: String? }
task record() -> Out { sh: "echo '{\"n\": 1, \"f\": 2}'" }
task whole() -> Exit { sh: "echo out; echo err >&2; exit 3" allow_exit: [3] }
task text() -> String { sh: "printf 'a\n\n'" }
task errors() -> String { sh: "echo no; echo yes >&2" output: stderr }
task from_file() -> [Int] { sh: "echo '[1, 2]' > out.json" output: file("out.json") writes: ["out.json"] }
workflow main() -> { r: Out, e: Exit, t: String, s: String, f: [Int] } {
  let r = record()
  let e = whole()
  let t = text()
  let s = errors()
  let f = from_file()
  { r: r, e: e, t: t, s: s, f: f }
}
"##,
    );
    assert_eq!(
        given,
        json!({
            "r": {"n": 1, "f": 2.0, "t": null},
            "e": {"code": 3, "stdout": "out\n", "stderr": "err\n"},
            "t": "a\n", "s": "yes", "f": [1, 2],
        })
    );
    let ran = flow("task bad() -> Int { sh: \"echo x\" }\nworkflow main() -> Int { bad() }");
    assert_eq!(ran.failure().0, "decode");
}

#[test]
fn built_in_tasks_work() {
    let ran = flow(
        r##"
workflow main() -> { text: String, found: [Path], at: String } {
  let w = write("a/b.txt", "hello")
  let text = read("a/b.txt") with { after: [w] }
  let found = glob("a/*.txt") with { after: [w] }
  let at = now()
  sleep(10ms)
  { text: text, found: found, at: at }
}
"##,
    );
    let given = flow::value::json::to_tree(&ran.value()).unwrap();
    assert_eq!((&given["text"], &given["found"]), (&json!("hello"), &json!(["a/b.txt"])));
}

#[test]
fn values_reach_the_process_and_nothing_is_script() {
    let given = json(
        r##"
task show(a: String, b: [String]) -> String {
  sh: "printf '<%s>' #{a} #{b}; cat; printf $EXTRA; pwd"
  stdin: "in"
  env: { EXTRA: "x" }
  cwd: "."
}
workflow main() -> String { show("$(touch pwned); `id`", ["a b", ""]) }
"##,
    );
    let text = given.as_str().unwrap();
    assert!(text.starts_with("<$(touch pwned); `id`><a b><>inx/"), "{text}");
}

#[test]
fn a_program_that_is_not_there_is_found_before_anything_runs() {
    let ran = flow(
        r##"
workflow main() {
  task first { sh: "echo first >> log" }
  task second { run: ["no-such-program-anywhere"] after: [first] }
}
"##,
    );
    assert!(matches!(ran.end.how, How::Refused(_)), "{:?}", ran.end.how);
    assert_eq!(ran.end.exit_code(), 2);
    assert!(ran.log().is_empty());
}

#[test]
fn contracts_are_all_checked_before_anything_runs() {
    let ran = flow(
        r##"
workflow main(a: Int = 1, b: Int = 2) {
  assert a > 1, "a is too small"
  assert b > 2, "b is too small"
  task t { sh: "echo t >> log" }
}
"##,
    );
    match &ran.end.how {
        How::Refused(refused) => {
            assert_eq!(refused.reasons.len(), 2, "{refused:?}");
            assert!(refused.violated);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ran.end.exit_code(), 1);
    assert!(ran.log().is_empty());
}

#[test]
fn an_agent_by_command_answers_with_json_and_is_told_why_it_failed() {
    let ran = flow(
        r##"
agent helper { runtime: command(["/bin/sh", "-c", "cat >> prompts; test $FLOW_ATTEMPT = 2 && echo '{\"ok\": true}' || echo nonsense"]) tools: [] }
task ask(q: String) -> { ok: Bool } { agent: helper prompt: "Is it #{q}?" retry: 1 }
workflow main() -> { ok: Bool } { ask("so") }
"##,
    );
    assert_eq!(flow::value::json::to_tree(&ran.value()).unwrap(), json!({"ok": true}));
    let prompts = std::fs::read_to_string(ran.folder.path().join("prompts")).unwrap();
    assert!(prompts.starts_with("Is it so?") && prompts.contains("did not do"), "{prompts}");
}
