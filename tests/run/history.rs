//! What is kept over runs: their heads, and how long their tasks took.

use super::place::{Place, kill_all, until};
use flow::store::{Index, Project};
use serde_json::Value;

/// Its tasks note when they begin; `slow` is last in the plan.
const UNEVEN: &str = r##"
agent good { runtime: command(["sh", "-c", "echo fine"]) }
agent bad { runtime: command(["sh", "-c", "exit 9"]) }
task quick(n: Int) { sh: "echo quick-#{n} >> log" }
task slow() { sh: "echo slow >> log; sleep 0.4" }
task ask() -> String { agent: [bad, good] prompt: "x" retry: 2 timeout: 1m }
task gate() { sh: "test -f ready" }
workflow main() -> String {
  for n in [1, 2, 3] { quick(n) }
  task last { sh: "echo slow >> log; sleep 0.4" }
  let a = ask()
  gate() with { after: [a] }
  a
}
"##;

fn json(place: &Place, args: &[&str]) -> Value {
    let output = place.flowc(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything in the index, table by table.
fn index(place: &Place) -> Vec<String> {
    let db = rusqlite::Connection::open(place.root.join(".flow/flow.db")).unwrap();
    let mut rows = Vec::new();
    for table in ["run_head", "duration"] {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query(()).unwrap();
        while let Some(row) = found.next().unwrap() {
            let row: Vec<String> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
            rows.push(format!("{table}: {}", row.join(" ")));
        }
    }
    rows
}

fn status_files(place: &Place) -> Vec<String> {
    let project = Project::find(&place.root).unwrap();
    let runs = project.runs().unwrap();
    runs.iter()
        .map(|id| project.root().join(".flow/runs").join(id).join("status.json"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

#[test]
fn a_rebuilt_index_is_the_same_row_for_row() {
    let place = Place::new(UNEVEN);
    place.ends(&["run", "main.flow", "-q"], 1);
    std::fs::write(place.root.join("ready"), "").unwrap();
    let run = place.run_folder();
    place.ends(&["resume", run.file_name().unwrap().to_str().unwrap(), "-q"], 0);
    place.ends(&["run", "main.flow", "-q"], 0);
    place.ends(&["run", "main.flow", "-q", "-j", "1"], 0);
    let (kept, files) = (index(&place), status_files(&place));
    assert_eq!(kept.iter().filter(|row| row.starts_with("run_head")).count(), 3, "{kept:#?}");
    assert!(kept.iter().filter(|row| row.starts_with("duration")).count() >= 9, "{kept:#?}");
    place.ends(&["fsck", "--rebuild"], 0);
    assert_eq!(index(&place), kept);
    assert_eq!(status_files(&place), files);
    std::fs::remove_file(place.root.join(".flow/flow.db")).unwrap();
    let listed = json(&place, &["runs", "--format", "json"]);
    place.ends(&["fsck", "--rebuild"], 0);
    assert_eq!(index(&place), kept);
    assert_eq!(json(&place, &["runs", "--format", "json"]), listed, "with the index and without it");
    place.ends(&["gc", "--keep", "1"], 0);
    assert_eq!(index(&place).iter().filter(|row| row.starts_with("run_head")).count(), 1);
    assert_eq!(json(&place, &["runs", "--format", "json"])["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_run_is_listed_as_it_is_also_when_its_runner_was_lost() {
    let place = Place::new("workflow main() { task a { sh: \"echo a >> log; test -f ready || sleep 60\" } }");
    let status =
        || json(&place, &["runs", "--format", "json"])["runs"][0]["status"].as_str().unwrap().to_owned();
    let file = || serde_json::from_str::<Value>(&status_files(&place)[0]).unwrap()["status"].clone();
    let mut child = place.start(&["run", "main.flow"]);
    place.wait_for_log("a");
    until(|| place.root.join(".flow/flow.db").exists(), "the index");
    assert_eq!(status(), "running");
    until(|| place.run_folder().join("status.json").exists(), "the status");
    assert_eq!(file(), "running");
    kill_all(&mut child);
    // Until the lock falls, somebody still has it.
    until(|| status() == "interrupted", "the run to be free");
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["resume", "-q"], 0);
    assert_eq!((status().as_str(), file()), ("succeeded", "succeeded".into()));
    // An index that lies is not believed: the journal has another head.
    let db = rusqlite::Connection::open(place.root.join(".flow/flow.db")).unwrap();
    db.execute("UPDATE run_head SET status='failed', seq=seq-1", ()).unwrap();
    assert_eq!(status(), "succeeded");
}

#[test]
fn a_run_that_waits_says_so() {
    let place = Place::new("workflow main() { approve(\"Go?\") }");
    place.ends(&["run", "main.flow", "--no-wait"], 3);
    let runs = json(&place, &["runs", "--format", "json"]);
    assert_eq!(runs["runs"][0]["status"], "waiting");
    assert_eq!(serde_json::from_str::<Value>(&status_files(&place)[0]).unwrap(), runs["runs"][0]);
}

#[test]
fn what_took_long_before_begins_first() {
    let place = Place::new(UNEVEN);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["run", "main.flow", "-q", "-j", "1"], 0);
    assert_eq!(place.log(), ["quick-1", "quick-2", "quick-3", "slow"], "in the order of the plan");
    std::fs::remove_file(place.root.join("log")).unwrap();
    place.ends(&["run", "main.flow", "-q", "-j", "1"], 0);
    assert_eq!(place.log()[0], "slow", "{:?}", place.log());
}

#[test]
fn the_agent_with_the_better_record_is_asked_first() {
    let place = Place::new(UNEVEN);
    std::fs::write(place.root.join("ready"), "").unwrap();
    place.ends(&["run", "main.flow", "-q", "-j", "1"], 0);
    let agents = |show: &Value| {
        let tasks = show["tasks"].as_array().unwrap().clone();
        let task = tasks.into_iter().find(|task| task["id"] == "a").unwrap();
        let attempts = task["attempts"].as_array().unwrap().clone();
        attempts.iter().map(|attempt| attempt["agent"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(agents(&place.show()), ["bad", "good"]);
    place.ends(&["run", "main.flow", "-q", "-j", "1"], 0);
    assert_eq!(agents(&place.show()), ["good"]);
}

#[test]
fn a_plan_is_shown_with_the_times_of_earlier_runs() {
    let place = Place::new(UNEVEN);
    std::fs::write(place.root.join("ready"), "").unwrap();
    let plan = json(&place, &["plan", "main.flow", "--format", "json"]);
    assert_eq!((&plan["estimate_ms"], plan.get("history")), (&0.into(), None));
    assert!(!place.root.join(".flow").exists(), "looking at a plan leaves nothing behind");
    place.ends(&["run", "main.flow", "-q"], 0);
    let plan = json(&place, &["plan", "main.flow", "--format", "json"]);
    let history = &plan["history"];
    assert!(plan["estimate_ms"].as_i64().unwrap() >= 400, "{plan}");
    assert!(history["p50_ms"].as_i64().unwrap() >= 400 && history["attempts"] == 6, "{plan}");
    assert_eq!(plan["critical_path"], serde_json::json!(["last"]));
    let shown = place.ends(&["plan", "main.flow"], 0);
    assert!(shown.contains("by 6 attempts of earlier runs"), "{shown}");
    assert!(Index::existing(&Project::find(&place.root).unwrap()).is_some());
}
