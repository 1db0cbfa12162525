//! Interruptions and what resume makes of them.

use super::*;
use flow::run::{From, How, Reply, Resume, RunEnd};

fn succeeded(end: &RunEnd) -> serde_json::Value {
    match &end.how {
        How::Succeeded(value) => flow::value::json::to_tree(value).unwrap(),
        other => panic!("{other:?}"),
    }
}

const APPROVE: &str = r##"
task before() -> String { sh: "echo before >> log; echo b" }
task release(tag: String) -> String { sh: "echo release >> log; echo #{tag}" }
workflow main() -> String {
  let b = before()
  let ok = approve("Ship #{b}?")
  let tag = release("v1-#{b}-#{ok.by}")
  tag
}
"##;

fn reply(task: &str, answer: &str) -> Reply {
    Reply { task: task.into(), question: "".into(), by: "ann".into(), answer: answer.into(), note: "".into() }
}

#[test]
fn a_run_that_waits_for_a_person_stops_and_goes_on() {
    let ran = flow(APPROVE);
    match &ran.end.how {
        How::Waiting(questions) => {
            assert_eq!(questions.len(), 1);
            assert_eq!(questions[0].message, "Ship b?");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ran.end.exit_code(), 3);
    // Without an answer it waits again.
    assert_eq!(ran.resume().exit_code(), 3);
    let how = Resume { answers: vec![reply("ok", "yes")], ..Resume::default() };
    let (end, events) = ran.resume_with(how);
    assert_eq!(succeeded(&end), "v1-b-ann");
    assert_eq!(ran.log(), ["before", "release"]);
    assert_eq!(events[0].event, "run_resumed");
    assert_eq!(succeeded(&ran.resume()), "v1-b-ann");
}

#[test]
fn a_rejection_fails_the_run() {
    let ran = flow(APPROVE);
    let (end, _) = ran.resume_with(Resume { answers: vec![reply("ok", "no")], ..Resume::default() });
    match &end.how {
        How::Failed(f) => assert_eq!(f.kind, "rejected"),
        other => panic!("{other:?}"),
    }
    assert_eq!(ran.log(), ["before"]);
}

#[test]
fn an_answer_in_the_inbox_is_taken() {
    let ran = flow(APPROVE);
    let project = flow::store::Project::find(ran.folder.path()).unwrap();
    let dir = project.resolve(&ran.end.run).unwrap();
    flow::run::Message::from(reply("ok", "yes")).put(&dir).unwrap();
    assert_eq!(succeeded(&ran.resume()), "v1-b-ann");
}

const HALF: &str = r##"
task a() -> String { sh: "echo a >> log; echo A" }
task b(x: String) -> String { sh: "echo b >> log; test -f ready; echo #{x}B" }
workflow main() -> String {
  let x = a()
  let y = b(x)
  y
}
"##;

#[test]
fn a_failed_run_runs_again_only_what_failed() {
    let ran = flow(HALF);
    assert_eq!(ran.failure().1, "y");
    std::fs::write(ran.folder.path().join("ready"), "").unwrap();
    assert_eq!(succeeded(&ran.resume()), "AB");
    assert_eq!(ran.log(), ["a", "b", "b"]);
    assert_eq!(succeeded(&ran.resume()), "AB");
    assert_eq!(ran.log(), ["a", "b", "b"]);
}

#[test]
fn a_changed_program_keeps_what_still_fits() {
    let ran = flow(HALF);
    let changed = HALF.replace("test -f ready; echo #{x}B", "echo #{x}-changed");
    let how = Resume { plan: Some(compiled(&changed)), ..Resume::default() };
    let (end, _) = ran.resume_with(how);
    assert_eq!(succeeded(&end), "A-changed");
    assert_eq!(ran.log(), ["a", "b", "b"]);
}

#[test]
fn an_element_at_the_head_of_a_list_runs_alone() {
    let source = |list: &str| {
        format!(
            r##"
task one(x: String) -> String {{ sh: "echo #{{x}} >> log; echo #{{x}}" }}
workflow main() -> [String] {{
  let found = for x in {list} {{ one(x) }}
  found
}}
"##
        )
    };
    let ran = flow(&source("[\"a\", \"b\", \"c\"]"));
    ran.value();
    let how = Resume { plan: Some(compiled(&source("[\"z\", \"a\", \"b\", \"c\"]"))), ..Resume::default() };
    let (end, _) = ran.resume_with(how);
    assert_eq!(succeeded(&end), serde_json::json!(["z", "a", "b", "c"]));
    let mut log = ran.log();
    assert_eq!(log.pop().as_deref(), Some("z"));
    assert_eq!(log.len(), 3);
}

#[test]
fn going_back_to_a_task_runs_it_and_what_depends_on_it() {
    let source = r##"
task a() -> String { sh: "echo a >> log; echo A" }
task b(x: String) -> String { sh: "echo b >> log; echo #{x}B" }
task c() -> String { sh: "echo c >> log; echo C" }
workflow main() -> [String] {
  let x = a()
  let y = b(x)
  let z = c()
  [y, z]
}
"##;
    let ran = flow(source);
    ran.value();
    let how = Resume { from: Some(From::Task("x".into())), ..Resume::default() };
    assert_eq!(succeeded(&ran.resume_with(how).0), serde_json::json!(["AB", "C"]));
    let mut log = ran.log();
    log.sort();
    assert_eq!(log, ["a", "a", "b", "b", "c"]);
}

#[test]
fn a_failure_that_was_caught_is_kept() {
    let source = r##"
task bad() -> String { sh: "echo bad >> log; exit 1" }
task rest(x: String) -> String { sh: "echo rest >> log; test -f ready; echo #{x}" }
workflow main() -> String {
  let x = try { bad() } catch e { "caught" }
  let y = rest(x)
  y
}
"##;
    let ran = flow(source);
    assert_eq!(ran.failure().1, "y");
    std::fs::write(ran.folder.path().join("ready"), "").unwrap();
    let (end, events) = ran.resume_with(Resume::default());
    assert_eq!(succeeded(&end), "caught");
    assert_eq!(ran.log(), ["bad", "rest", "rest"]);
    assert_eq!(serde_json::to_value(&events[0]).unwrap()["again"], 1);
}
