//! The built program, session after session: who holds a run, what people answer, what a lost attempt becomes.

use super::place::{Place, kill_all, said, until};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

const PAY: &str = r##"
task before() -> String { sh: "echo before >> log; echo b" }
task pay(x: String) -> String { sh: "echo pay >> log; test -f ready || sleep 60; echo paid-#{x}" on_crash: ask }
task after(x: String) -> String { sh: "echo after >> log; echo #{x}!" }
workflow main() -> String {
  let b = before()
  let p = pay(b)
  let a = after(p)
  a
}
"##;

#[test]
fn a_lost_attempt_is_asked_about_also_when_the_program_has_changed() {
    for edit in [("", ""), ("echo #{x}!", "echo #{x}?"), ("task after", "// a comment\ntask after")] {
        let place = Place::new(PAY);
        let mut child = place.start(&["run", "main.flow"]);
        place.wait_for_log("pay");
        kill_all(&mut child);
        place.edit(edit.0, edit.1);
        std::fs::write(place.root.join("ready"), "").unwrap();
        let dry = place.ends(&["resume", "--dry-run"], 0);
        assert!(dry.contains("ask p: A") && dry.contains("--answer 'p=rerun'"), "{dry}");
        assert!(!dry.contains("ttempt 0"), "{dry}");
        let said = place.ends(&["resume"], 3);
        assert!(said.contains("--answer 'p=rerun'"), "{said}");
        assert_eq!(place.log(), ["before", "pay"]);
        // Asked again after another edit, too.
        place.edit("echo before >> log; echo b", "echo before >> log; echo bb");
        let dry = place.ends(&["resume", "--dry-run"], 0);
        assert!(dry.contains("nothing was started"), "{dry}");
        assert_eq!(place.log(), ["before", "pay"]);
        place.ends(&["resume"], 3);
        assert_eq!(place.log(), ["before", "pay", "before"]);
        place.ends(&["resume", "--answer", "p=rerun"], 0);
        assert_eq!(place.log(), ["before", "pay", "before", "pay", "after"]);
    }
}

#[test]
fn what_was_paid_is_not_paid_again_unasked() {
    let place = Place::new(PAY);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["run", "main.flow"], 0);
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    let told = place.ends(&["resume", run, "--from", "wave:9"], 2);
    assert!(told.contains("there is no wave 9: the last is 2"), "{told}");
    let dry = place.ends(&["resume", run, "--from", "task:b", "--dry-run"], 0);
    assert!(dry.contains("ask p:"), "{dry}");
    assert_eq!(place.log(), ["before", "pay", "after"]);
    place.ends(&["resume", run, "--from", "task:b"], 3);
    assert_eq!(place.log(), ["before", "pay", "after", "before"]);
    // An edit does not make the question go away.
    place.edit("echo b\"", "echo c\"");
    place.ends(&["resume", run], 3);
    let wrong = place.ends(&["resume", run, "--answer", "nobody=done"], 2);
    assert!(wrong.contains("nobody"), "{wrong}");
    let said = place.ends(&["resume", run, "--answer", "p=done"], 0);
    assert!(said.contains("paid-b!"), "what it gave stands: {said}");
    // And so does what depends on it alone.
    assert_eq!(place.log(), ["before", "pay", "after", "before", "before"]);
    let said = place.ends(&["resume", run, "--from", "task:p", "--answer", "p=fail"], 1);
    assert!(said.contains("crash"), "{said}");
    // It counts as failed now: running it again is what a resume of a failed run does.
    let said = place.ends(&["resume", run], 0);
    assert!(said.contains("paid-c!"), "{said}");
}

#[test]
fn a_preview_is_as_documented() {
    let place = Place::new(PAY);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["run", "main.flow"], 0);
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    for args in [
        &["resume", run, "--dry-run", "--format", "json"][..],
        &["resume", run, "--from", "task:p", "--dry-run", "--format", "json"],
    ] {
        let output = place.flowc(args);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas/resume.schema.json");
        let schema: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} {document:#}");
        let questions = document["questions"].as_array().unwrap().len();
        assert_eq!(questions, usize::from(args.len() > 5), "{document:#}");
    }
    assert_eq!(place.log(), ["before", "pay", "after"]);
}

#[test]
fn a_probe_says_whether_a_lost_attempt_was_done() {
    let source = |probe: &str| {
        format!(
            r##"
task pay() {{ sh: "echo pay >> log; touch done; test -f ready || sleep 60" on_crash: probe(["test", "-f", "{probe}"]) }}
task after() {{ sh: "echo after >> log" after: [] }}
workflow main() {{
  task p {{ sh: "echo pay >> log; touch done; test -f ready || sleep 60" on_crash: probe(["test", "-f", "{probe}"]) }}
  task a {{ sh: "echo after >> log" after: [p] }}
}}
"##
        )
        .lines()
        .filter(|line| !line.starts_with("task"))
        .collect::<Vec<_>>()
        .join("\n")
    };
    for (probe, log) in [("done", &["pay", "after"][..]), ("other", &["pay", "pay", "after"])] {
        let place = Place::new(&source(probe));
        let mut child = place.start(&["run", "main.flow"]);
        place.wait_for_log("pay");
        until(|| place.root.join("done").exists(), "the effect");
        kill_all(&mut child);
        std::fs::write(place.root.join("ready"), "").unwrap();
        place.ends(&["resume"], 0);
        assert_eq!(place.log(), log);
    }
}

const APPROVE: &str = r##"
task release(tag: String) -> String { sh: "echo release-#{tag} >> log; echo #{tag}" }
workflow main() -> String {
  let ok = approve("Ship?")
  let tag = release(ok.by)
  tag
}
"##;

#[test]
fn a_running_run_is_answered_and_cancelled_through_its_inbox() {
    let place = Place::new(APPROVE);
    let child = place.start(&["run", "main.flow", "--wait"]);
    until(|| said(&place.flowc(&["show"])).contains("waiting"), "the question");
    let told = place.ends(&["approve"], 0);
    assert!(told.contains("takes it"), "{told}");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"ann\n"[..]));

    let place = Place::new(
        "workflow main() { try { task long { sh: \"echo up >> log; sleep 60\" } } finally { task end { sh: \"echo end >> log\" } } }\n",
    );
    let child = place.start(&["run", "main.flow"]);
    place.wait_for_log("up");
    let run = place.run_folder();
    let told = place.ends(&["cancel", "--why", "enough"], 0);
    assert!(told.contains("asked") && told.contains(run.file_name().unwrap().to_str().unwrap()), "{told}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
    assert_eq!(place.log(), ["up", "end"]);
    assert_eq!(place.show()["status"], "cancelled");
}

/// Without a run it is the newest that is not over, whether somebody runs it or not.
#[test]
fn a_cancel_takes_the_newest_unfinished_run() {
    let place = Place::new(APPROVE);
    let told = place.ends(&["cancel"], 2);
    assert!(told.contains("no unfinished run"), "{told}");
    place.ends(&["run", "main.flow"], 3);
    let told = place.ends(&["cancel"], 0);
    assert!(told.contains("was cancelled"), "{told}");
    assert_eq!(place.show()["status"], "cancelled");
    place.ends(&["cancel"], 2);
    let run = place.run_folder().file_name().unwrap().to_str().unwrap().to_owned();
    place.ends(&["cancel", &run], 2);
    // It stays cancelled, whatever becomes of its program, until somebody says from where.
    for edit in [("release-", "release-"), ("release-", "sent-")] {
        place.edit(edit.0, edit.1);
        let told = place.ends(&["resume", &run], 2);
        assert!(told.contains("--from"), "{told}");
    }
    place.ends(&["resume", &run, "--from", "wave:0"], 3);
}

#[test]
fn s18_a_task_cannot_approve_its_own_run() {
    let place = Place::new(
        r##"
task sly(flowc: String) {
  sh: """
    until #{flowc} show | grep -q waiting; do sleep 0.1; done
    #{flowc} approve --by boss 2>> told && echo direct >> log
    FLOWC=#{flowc} setsid sh -c 'unset FLOW_RUNNER; "$FLOWC" approve --by boss 2>> told && echo daemon >> log; touch tried' &
    until test -e tried; do sleep 0.1; done
    """
  on_crash: rerun
}
workflow main(flowc: String) -> String {
  sly(flowc)
  let ok = approve("Ship?")
  ok.by
}
"##,
    );
    let said = place.ends(&["run", "main.flow", "-i", &format!("flowc={}", env!("CARGO_BIN_EXE_flowc"))], 3);
    assert!(said.contains("waits for a person"), "{said}");
    assert!(place.log().is_empty(), "{:?}", place.log());
    let told = std::fs::read_to_string(place.root.join("told")).unwrap();
    assert_eq!(told.matches("cannot answer").count(), 2, "{told}");
    place.ends(&["approve", "--resume"], 0);
}

#[test]
fn of_two_answers_the_first_counts_and_a_stale_one_is_told_so() {
    let place = Place::new(APPROVE);
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["approve", "--by", "first"], 0);
    place.ends(&["approve", "--by", "second", "--reject"], 0);
    let said = place.ends(&["resume"], 0);
    assert!(said.contains("first"), "{said}");
    assert_eq!(place.log(), ["release-first"]);
    let late = place.ends(&["approve"], 2);
    assert!(late.contains("no unfinished run"), "{late}");

    // Who may answer is known in the next session too.
    let place = Place::new(&APPROVE.replace("\"Ship?\"", "\"Ship?\", by: [\"bob\"]"));
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["resume"], 3);
    let told = place.ends(&["approve"], 2);
    assert!(told.contains("`ann` may not answer this; ask bob"), "{told}");
    place.ends(&["resume"], 3);
    place.ends(&["approve", "--by", "bob"], 0);
    place.ends(&["resume"], 0);

    // An answer to a question that has changed meanwhile is no answer.
    let place = Place::new(APPROVE);
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["approve"], 0);
    place.edit("Ship?", "Ship it all?");
    place.ends(&["resume"], 3);
    assert!(place.log().is_empty());
}

#[test]
fn the_deadline_of_a_question_passes_without_a_runner() {
    let place = Place::new(
        r##"
workflow main() -> String {
  let name = input<String>("Name?", timeout: 300ms, default: "nobody")
  let ok = try { approve("Ship?", timeout: 300ms).by } catch e { "#{e.kind}" }
  "#{name} #{ok}"
}
"##,
    );
    place.ends(&["run", "main.flow", "--no-wait"], 3);
    std::thread::sleep(Duration::from_millis(350));
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    // Too late.
    place.ends(&["approve", run, "--task", "ok.approve"], 0);
    let said = place.ends(&["resume"], 0);
    assert!(said.contains("nobody timeout"), "{said}");
}

#[test]
fn a_rejection_that_may_be_retried_is_asked_about_again() {
    let place = Place::new(
        "workflow main() -> String {\n  approve(\"Ship?\") with { retry: { max: 1, on: [rejected] } }\n  \"ok\"\n}\n",
    );
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["approve", "--reject"], 0);
    place.ends(&["resume"], 3);
    place.ends(&["resume"], 3);
    place.ends(&["approve"], 0);
    let said = place.ends(&["resume"], 0);
    assert!(said.contains("ok"), "{said}");
    place.ends(&["fsck"], 0);
}

#[test]
fn a_sleep_has_a_timeout_too() {
    let place = Place::new("workflow main() { sleep(50s) with { timeout: 200ms } }\n");
    let said = place.ends(&["run", "main.flow"], 1);
    assert!(said.contains("(timeout)") && said.contains("200ms"), "{said}");
}

#[test]
fn an_answer_in_time_counts_however_late_the_run_goes_on() {
    let place = Place::new("workflow main() -> String { approve(\"Ship?\", timeout: 2s).by }\n");
    place.ends(&["run", "main.flow", "--no-wait"], 3);
    place.ends(&["approve", "--by", "ann"], 0);
    std::thread::sleep(Duration::from_millis(2100));
    let said = place.ends(&["resume"], 0);
    assert!(said.contains("ann"), "{said}");
}

#[test]
fn of_many_that_resume_at_once_one_wins() {
    let place = Place::new(APPROVE.replace("echo #{tag}", "sleep 2; echo #{tag}").as_str());
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["approve"], 0);
    let children: Vec<Child> = (0..50).map(|_| place.start(&["resume", "--quiet"])).collect();
    let codes: Vec<_> = children.into_iter().map(|c| c.wait_with_output().unwrap().status.code()).collect();
    let count = |code| codes.iter().filter(|c| **c == Some(code)).count();
    // Whoever came after the end finds nothing to resume, or the result.
    assert!(count(0) >= 1 && count(0) + count(4) + count(2) == 50, "{codes:?}");
    assert_eq!(place.log(), ["release-ann"]);
    place.ends(&["fsck"], 0);
}

#[test]
fn a_killed_run_is_resumed_at_once_without_flags() {
    let place = Place::new(PAY.replace("on_crash: ask", "on_crash: rerun").as_str());
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("pay");
    for _ in 0..8 {
        kill_all(&mut child);
        let before = place.log().len();
        child = place.start(&["resume"]);
        until(|| place.log().len() > before || matches!(child.try_wait(), Ok(Some(_))), "the next session");
        assert!(child.try_wait().unwrap().is_none(), "{}", said(&child.wait_with_output().unwrap()));
    }
    kill_all(&mut child);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["resume"], 0);
    assert_eq!(place.log().last().map(String::as_str), Some("after"));
}

#[test]
fn a_runner_that_stood_still_while_another_took_over_writes_nothing() {
    let place = Place::new(PAY.replace("on_crash: ask", "on_crash: rerun").as_str());
    let mut old = place.start(&["run", "main.flow"]);
    place.wait_for_log("pay");
    let locked = place.ends(&["resume"], 4);
    let pid = locked.split("process ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    let runner = pid.and_then(Pid::from_raw).unwrap_or_else(|| panic!("{locked}"));
    kill_process(runner, Signal::STOP).unwrap();
    kill_process(Pid::from_child(&old), Signal::STOP).unwrap();
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["resume", "--take-over"], 0);
    let _ = kill_process(Pid::from_child(&old), Signal::CONT);
    let _ = kill_process(runner, Signal::CONT);
    assert_ne!(old.wait().unwrap().code(), Some(0));
    assert_eq!(place.log(), ["before", "pay", "pay", "after"]);
    place.ends(&["fsck"], 0);
    assert_eq!(place.show()["status"], "succeeded");
}

#[test]
fn a_secret_that_is_gone_is_missed_before_anything_runs() {
    let place = Place::new(
        r##"
task first() -> String { sh: "echo first >> log; test -f ready; echo x" }
task second(x: String) -> String { sh: "echo second >> log; echo ${#TOKEN}" env: { TOKEN: secret("TOKEN_OF_TEST") } }
workflow main() -> String {
  let a = first()
  let b = second(a)
  b
}
"##,
    );
    let with = |args: &[&str]| place.command(args).env("TOKEN_OF_TEST", "0123456789").output().unwrap();
    assert_eq!(with(&["run", "main.flow"]).status.code(), Some(1));
    std::fs::write(place.root.join("ready"), "").unwrap();
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    let said_now = place.ends(&["resume", run], 2);
    assert!(said_now.contains("TOKEN_OF_TEST"), "{said_now}");
    assert_eq!(place.log(), ["first"]);
    let output = with(&["resume", run]);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"10\n"[..]), "{}", said(&output));
}

#[test]
fn a_record_that_is_taken_away_or_not_ours_is_never_begun_anew() {
    let place = Place::new(APPROVE);
    place.ends(&["run", "main.flow"], 3);
    let run = place.run_folder();
    let id = run.file_name().unwrap().to_str().unwrap();
    let db = run.join("run.db");
    let kept = std::fs::read(&db).unwrap();
    std::fs::write(&db, "a text").unwrap();
    place.ends(&["resume", id], 5);
    // Of a later version.
    let mut later = kept.clone();
    later[60..64].copy_from_slice(&99u32.to_be_bytes());
    std::fs::write(&db, &later).unwrap();
    let said = place.ends(&["resume", id], 5);
    assert!(said.contains("schema 99"), "{said}");
    std::fs::remove_file(&db).unwrap();
    let gone = place.flowc(&["resume", id]);
    assert!(matches!(gone.status.code(), Some(2 | 5)), "{gone:?}");
    assert!(!db.exists(), "no empty record in its place");
    std::fs::write(&db, kept).unwrap();
    place.ends(&["approve"], 0);
    place.ends(&["resume", id], 0);
}

#[test]
fn what_was_killed_before_its_first_event_is_no_run() {
    let place = Place::new(PAY);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["run", "main.flow"], 0);
    let begun = place.run_folder();
    // As a kill leaves it between the making of the journal and its first commit.
    let later = begun.with_file_name("991231-235959-zzzzzzz");
    let project = flow::store::Project::find(&place.root).unwrap();
    std::fs::create_dir(&later).unwrap();
    let dir = project.resolve("991231-235959-zzzzzzz").unwrap();
    let lock = flow::store::RunLock::acquire(&dir, 0).unwrap();
    drop(flow::store::RunStore::create(&dir, lock, flow::store::Durability::Process).unwrap());
    let runs = place.ends(&["runs"], 0);
    assert!(runs.contains("succeeded") && !runs.contains("zzzzzzz"), "{runs}");
    assert_eq!(place.show()["run"], begun.file_name().unwrap().to_str().unwrap());
    place.ends(&["fsck"], 0);
}

#[test]
fn an_agent_that_had_finished_is_kept_also_when_the_program_has_changed() {
    let source = r##"
agent worker { runtime: command(["sh", "-c", "echo asked >> log; sleep 0.3; echo 42; echo answered >> log"]) tools: ["Bash"] }
task ask() -> Int { agent: worker prompt: "?" timeout: 1m }
workflow main() -> Int {
  let n = ask()
  n + 1
}
"##;
    // What is edited, what comes out, and how often the agent is asked.
    let edits = [("n + 1", "n + 2", 0, 1), ("timeout: 1m", "timeout: 2m", 0, 1), ("\"?\"", "\"!\"", 3, 1)];
    for (from, to, code, asked) in edits {
        let place = Place::new(source);
        let mut child = place.start(&["run", "main.flow"]);
        place.wait_for_log("asked");
        // Its runner sees nothing of how it ends.
        kill_process_group(Pid::from_child(&child), Signal::STOP).unwrap();
        place.wait_for_log("answered");
        let out = place.run_folder().join("out");
        let whole = || {
            let folder = std::fs::read_dir(&out).unwrap().next();
            folder.is_some_and(|folder| folder.unwrap().path().join("outcome.json").exists())
        };
        until(whole, "the outcome");
        kill_all(&mut child);
        place.edit(from, to);
        until(|| place.flowc(&["resume", "--dry-run"]).status.code() != Some(4), "the run to be free");
        assert_eq!(place.log(), ["asked", "answered"]);
        let said = place.ends(&["resume", "-q"], code);
        // A line of its own: the run's id holds digits too.
        let result = if to == "n + 2" { "44" } else { "43" };
        assert_eq!(said.lines().any(|line| line == result), code == 0, "{to}: {said}");
        assert_eq!(place.log().iter().filter(|line| *line == "asked").count(), asked, "{to}");
    }
}

const CHANGES: &str = r##"
task see(x: String) -> String {
  sh: "echo see >> log; until test -e ready; do sleep 0.02; done; echo #{x}"
  on_crash: rerun
}
task last(x: String, note: String) -> String { sh: "echo last >> log; echo #{x} #{note}" on_crash: rerun }
workflow main(v: String) -> String {
  let r = trim(read("data.txt"))
  let s = see("#{v}-#{r}")
  let t = last(s, trim(include("note.txt")))
  t
}
"##;

/// What a run was begun with is in its record: its program, its inputs, what it has read. Only a program that is another at its
/// resume makes a difference then, and to no more than what it changes.
#[test]
fn f31_what_changes_beside_a_run_changes_nothing_that_it_has_taken_in() {
    let place = || {
        let place = Place::new(CHANGES);
        for (name, text) in [("in.json", "{\"v\": \"in\"}"), ("data.txt", "data"), ("note.txt", "note")] {
            std::fs::write(place.root.join(name), text).unwrap();
        }
        place
    };
    let changed = |place: &Place, names: &[&str]| {
        for name in names {
            std::fs::write(place.root.join(name), "{\"v\": \"other\"}").unwrap();
        }
    };
    let ready = |place: &Place| std::fs::write(place.root.join("ready"), "").unwrap();
    let run = ["run", "main.flow", "-q", "--inputs", "in.json"];
    let all = place();
    let child = all.start(&run);
    all.wait_for_log("see");
    changed(&all, &["in.json", "data.txt", "note.txt"]);
    all.edit("let t = last", "let t = lost");
    ready(&all);
    assert_eq!(child.wait_with_output().unwrap().stdout, b"in-data note\n");
    for (names, result) in
        [(&["in.json", "data.txt"][..], "in-data note"), (&["note.txt"], "in-data {\"v\": \"other\"}")]
    {
        let place = place();
        let mut child = place.start(&run);
        place.wait_for_log("see");
        kill_all(&mut child);
        changed(&place, names);
        ready(&place);
        let output = place.flowc(&["resume", "-q"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), result, "{}", said(&output));
        assert_eq!(place.log(), ["see", "see", "last"]);
        // And it stays so.
        changed(&place, &["data.txt"]);
        let run = place.run_folder();
        let output = place.flowc(&["resume", run.file_name().unwrap().to_str().unwrap(), "-q"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), result);
    }
}
