//! What is left behind when a part of a run is stopped: questions that nobody need answer any more, readers that stand still,
//! signals that come late.

use super::place::{Place, kill_all, said, until};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A race in which the question loses; then something that can be killed.
const RACE: &str = r##"
task quick() -> String { sh: "echo quick >> log; echo q" }
task slow(x: String) -> String { sh: "echo slow >> log; test -f ready || sleep 60; echo #{x}s" on_crash: rerun }
workflow main() -> String {
  let r = race { input<String>("Name?") quick() }
  slow(r)
}
"##;

fn status_of(place: &Place, task: &str) -> String {
    let tasks = place.show()["tasks"].as_array().unwrap().clone();
    let found = tasks
        .iter()
        .find(|one| one["id"].as_str().unwrap().ends_with(task))
        .unwrap_or_else(|| panic!("{task}: {tasks:#?}"));
    found["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_question_that_lost_its_race_needs_no_answer() {
    let place = Place::new(RACE);
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("slow");
    let late = place.flowc(&["approve", "--task", "r.input", "--value", "Ann"]);
    assert_eq!(late.status.code(), Some(2), "{}", said(&late));
    kill_all(&mut child);
    std::fs::write(place.root.join("ready"), "").unwrap();
    let output = place.flowc(&["resume"]);
    assert_eq!(output.stdout, b"qs\n", "{}", said(&output));
    assert_eq!(status_of(&place, "input"), "cancelled");
    place.ends(&["fsck"], 0);
}

#[test]
fn a_run_that_was_cancelled_while_it_asked_is_over() {
    let place = Place::new("task one() { sh: \"true\" }\nworkflow main() { approve(\"Go?\") one() }\n");
    place.ends(&["run", "main.flow", "--no-wait"], 3);
    place.ends(&["cancel"], 0);
    // Neither a resume nor a cancel takes it for unfinished, whatever has become of its program.
    place.edit("Go?", "Go on?");
    for command in ["resume", "cancel"] {
        let told = place.ends(&[command], 2);
        assert!(told.contains("there is no unfinished run"), "{told}");
    }
    place.ends(&["fsck"], 0);
    let told = place.ends(&["gc", "--keep", "0"], 0);
    assert!(told.contains("deleted 1 run,"), "{told}");
}

#[test]
fn an_answer_that_comes_with_the_cancel_changes_nothing() {
    let place = Place::new(
        r##"
task tidy() { sh: "echo tidy >> log" }
workflow main() -> String { try { input<String>("Name?") } finally { tidy() } }
"##,
    );
    let waits = place.ends(&["run", "main.flow"], 3);
    assert!(waits.contains("Name?"), "{waits}");
    place.ends(&["approve", "--task", "input", "--value", "Ann"], 0);
    let run = place.run_folder();
    place.ends(&["cancel", run.file_name().unwrap().to_str().unwrap()], 0);
    assert_eq!(status_of(&place, "input"), "cancelled");
    assert_eq!(place.log(), ["tidy"]);
    place.ends(&["fsck"], 0);
}

/// What runs beside a question, and a question that is asked later.
const ASKS: &str = r##"
task work(name: String) -> String {
  sh: "echo #{name} >> log; test -f ready || sleep 60; sleep 0.3; echo #{name} done >> log; echo w"
  on_crash: rerun
}
workflow main() -> Int {
  let first = work("first")
  let beside = work("beside")
  let a = input<Int>("How many?")
  assert first == "w", "it worked"
  let b = input<Int>("How many more?")
  a + b + len(beside)
}
"##;

#[test]
fn an_answer_that_does_not_do_begins_nothing_and_stops_nothing() {
    let place = Place::new(ASKS);
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("first");
    place.wait_for_log("beside");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    std::fs::write(place.root.join("ready"), "").unwrap();
    let (seq, log) = (last_event(&place), place.log());
    let told = place.ends(&["resume", "--answer", "a=many"], 2);
    assert!(told.contains("`many` is not"), "{told}");
    assert_eq!((last_event(&place), place.log()), (seq, log), "something was begun");
    // Nobody knows yet what `b` takes: it is asked when all that runs beside it has long begun.
    let told = place.ends(&["resume", "--answer", "a=1", "--answer", "b=many"], 3);
    assert!(told.contains("the answer for `b` does not do"), "{told}");
    let done = place.log().iter().filter(|line| line.ends_with("done")).count();
    assert_eq!((done, place.log().len()), (2, 6), "{:?}", place.log());
    assert_eq!(place.flowc(&["resume", "--answer", "b=2"]).stdout, b"4\n");
    assert_eq!(place.log().len(), 6);
}

fn last_event(place: &Place) -> i64 {
    let db = rusqlite::Connection::open(place.run_folder().join("run.db")).unwrap();
    db.query_row("SELECT max(seq) FROM event", (), |row| row.get(0)).unwrap()
}

/// Says more than a pipe holds, then waits.
const LOUD: &str = r##"
workflow main() {
  let all = for n in range(0, 6000) { now() }
  task last { sh: "echo #{len(all)} >> log; echo waiting >> log; sleep 60" on_crash: rerun }
}
"##;

#[test]
fn with_one_place_the_members_of_a_race_go_one_after_the_other() {
    let member = |name: &str| {
        format!("task {name}() -> String {{ sh: \"echo {name} >> log; echo {name}\" on_crash: rerun }}\n")
    };
    let race = "workflow main() -> String { race { a(), b() } }\n";
    let place = Place::new(&(member("a") + &member("b") + race));
    assert_eq!(place.flowc(&["run", "main.flow", "-q", "-j", "1"]).stdout, b"a\n");
    assert_eq!(place.log(), ["a"]);
}

#[test]
fn interrupted_while_nobody_reads_what_it_says_it_ends_all_the_same() {
    let place = Place::new(LOUD);
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("waiting");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let began = Instant::now();
    until(|| child.try_wait().unwrap().is_some(), "the end of the interrupted run");
    assert!(
        began.elapsed() < Duration::from_secs(14),
        "it took a second signal's patience: {:?}",
        began.elapsed()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut text = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut text).unwrap();
    assert!(text.len() >= 40_000, "the pipe was not full: {}", text.len());
}

#[test]
fn a_run_that_is_over_and_waits_for_its_reader_can_be_ended_by_a_signal() {
    let place =
        Place::new("workflow main() -> Int { let all = for n in range(0, 3000) { now() } len(all) }\n");
    let mut child = place.start(&["run", "main.flow", "--format", "json"]);
    until(|| place.flowc(&["runs"]).stdout.windows(9).any(|w| w == b"succeeded"), "the end of the run");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "all that it said fits into a pipe");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let began = Instant::now();
    until(|| child.try_wait().unwrap().is_some(), "the end");
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn with_nohup_it_outlives_its_terminal() {
    let place = Place::new(
        "task slow() -> String { sh: \"echo slow >> log; sleep 0.5; echo done\" }\nworkflow main() -> String { slow() }\n",
    );
    for (nohup, code) in [(true, 0), (false, 129)] {
        let _ = std::fs::remove_file(place.root.join("log"));
        let mut command = std::process::Command::new("/bin/sh");
        let trap = if nohup { "trap '' HUP; " } else { "" };
        command.args(["-c", &format!("{trap}exec \"$FLOWC\" run main.flow -q")]);
        command.env("FLOWC", env!("CARGO_BIN_EXE_flowc")).current_dir(&place.root);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        place.wait_for_log("slow");
        kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "nohup: {nohup}");
    }
}
