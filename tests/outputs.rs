//! What machines read is held against its JSON Schemas, and standard output carries results only.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = r#"
enum Mood { good, bad(why: String) }
type Item = { name: String, mood: Mood }

task make(n: Int) -> Item { sh: "printf '{\"name\": \"%s\", \"mood\": {\"bad\": {\"why\": \"x\"}}}' #{n}" }
task fails() -> Int { run: ["sh", "-c", "echo broken >&2; exit 3"]  retry: 1 }

workflow main(count: Int = 3) -> [Item] {
  let items = for n in range(0, count) { make(n) }
  let caught = try { fails() } catch e { e.exit_code ?? 0 }
  stage second { task done { run: ["true"]  after: [items, caught] } }
  if count > 100 { approve("Really?") }
  items
}
"#;

fn flowc(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.flow"), PROGRAM).unwrap();
    dir
}

fn holds(schema: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn check_tells_everything_as_documented() {
    let dir = project();
    std::fs::write(dir.path().join("bad.flow"), "workflow main() -> Int { let x = nme\n  \"text\" }\n")
        .unwrap();
    let output = flowc(dir.path(), &["check", "main.flow", "bad.flow", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let document = json(&output);
    holds("check", &document);
    assert_eq!(document["errors"], 2, "{document:#}");
    assert_eq!(document["diagnostics"][0]["file"], "bad.flow");
    assert_eq!(document["diagnostics"][0]["span"]["start"]["column"], 34);
}

#[test]
fn run_show_and_runs_hold_their_schemas() {
    let dir = project();
    let output = flowc(dir.path(), &["run", "main.flow", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    events.iter().for_each(|e| holds("events", e));
    assert_eq!(events[0]["event"], "run_started");
    assert_eq!(events[0]["version"], 1);
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["status"]), (&"run_finished".into(), &"succeeded".into()));
    assert_eq!(last["result"][2]["mood"]["bad"]["why"], "x");
    assert!(events.windows(2).all(|w| w[0]["seq"].as_u64() <= w[1]["seq"].as_u64()));
    let count = |word: &str| events.iter().filter(|e| e["event"] == word).count();
    assert_eq!(count("attempt_started"), 3 + 2 + 1);
    assert_eq!(count("attempt_ended"), 6);
    let shown = json(&flowc(dir.path(), &["show", "--format", "json"]));
    holds("show", &shown);
    assert_eq!(shown["tasks"].as_array().unwrap().iter().filter(|t| t["status"] == "failed").count(), 1);
    let runs = json(&flowc(dir.path(), &["runs", "--format", "json"]));
    holds("runs", &runs);
    assert_eq!(runs["runs"][0]["status"], "succeeded");
}

#[test]
fn plan_holds_its_schema() {
    let dir = project();
    let plan = json(&flowc(dir.path(), &["plan", "main.flow", "--format", "json"]));
    holds("plan", &plan);
    assert_eq!(plan["workflow"], "main");
    let saved = flowc(dir.path(), &["compile", "main.flow"]);
    holds("plan-file", &json(&saved));
    let again = flowc(dir.path(), &["compile", "main.flow"]);
    assert_eq!(saved.stdout, again.stdout, "the same source gives the same bytes");
}

#[test]
fn a_saved_plan_runs_without_its_source() {
    let dir = project();
    let plan = flowc(dir.path(), &["compile", "main.flow", "-o", "x.plan.json"]);
    assert_eq!(plan.status.code(), Some(0), "{plan:?}");
    std::fs::remove_file(dir.path().join("main.flow")).unwrap();
    let output = flowc(dir.path(), &["run", "x.plan.json", "-i", "count=1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "[{\"name\":\"0\",\"mood\":{\"bad\":{\"why\":\"x\"}}}]\n"
    );
}

#[test]
fn wrong_use_is_told_apart_from_failure() {
    let dir = project();
    let says = |args: &[&str], code: i32, word: &str| {
        let output = flowc(dir.path(), args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{args:?}: {said}");
        assert!(said.contains(word), "{args:?}: {said}");
    };
    says(&["run", "gone.flow"], 2, "there is no file gone.flow");
    says(&["run", "main.flow", "-i", "count=many"], 2, "count");
    says(&["run", "main.flow", "-i", "cuont=1"], 2, "count");
    says(&["run", "main.flow", "-i", "count"], 2, "NAME=VALUE");
    says(&["run", "main.flow", "-w", "mian"], 1, "main");
    says(&["resume"], 2, "no unfinished run");
    says(&["show", "01ABC"], 2, "01ABC");
    says(&["explain", "F9999"], 2, "F9999");
    says(&["frobnicate"], 2, "frobnicate");
}

/// Lists and records on the command line may be JSON or literals of the language; a text is taken as it is.
#[test]
fn inputs_are_json_or_literals() {
    let dir = tempfile::tempdir().unwrap();
    let program = "type Job = { at: Duration, cost: Money, tag: String? }\n\
        workflow main(jobs: [Job], note: String) -> { jobs: [Job], note: String } { { jobs: jobs, note: note } }\n";
    std::fs::write(dir.path().join("main.flow"), program).unwrap();
    let run = |jobs: &str| {
        let jobs = format!("jobs={jobs}");
        flowc(dir.path(), &["run", "main.flow", "-q", "-i", &jobs, "-i", "note=[1"])
    };
    let wanted = serde_json::json!({ "jobs": [{ "at": 90, "cost": 2.5, "tag": "x" }], "note": "[1" });
    for jobs in [r#"[{ at: 1m30s, cost: $2.50, tag: "x" }]"#, r#"[{"at": 90, "cost": 2.5, "tag": "x"}]"#] {
        assert_eq!(json(&run(jobs)), wanted, "{jobs}");
    }
    let wrong = run("[{ at: 1m30s");
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("input `jobs` must be [Job]: `[{ at: 1m30s` is not"), "{said}");
}

#[test]
fn an_input_that_is_no_variant_is_told_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let program = "enum Mood { good, bad }\nworkflow main(mood: Mood) -> String { to_string(mood) }\n";
    std::fs::write(dir.path().join("main.flow"), program).unwrap();
    let wrong = flowc(dir.path(), &["run", "main.flow", "-i", "mood=goood"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("it has `good`, `bad`"), "{said}");
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn plans_and_drawings_are_known_by_what_they_are() {
    let dir = project();
    let saved = flowc(dir.path(), &["compile", "main.flow", "-o", "saved.plan"]);
    assert_eq!(saved.status.code(), Some(0));
    assert_eq!(json(&flowc(dir.path(), &["run", "saved.plan", "-q", "-i", "count=1"]))[0]["name"], "0");
    let pass = |name: &str| flowc(dir.path(), &["compile", "main.flow", "--emit", name]);
    assert!(String::from_utf8_lossy(&pass("help").stdout).contains("lower, waves"));
    assert_eq!((pass("help").status.code(), pass("nix").status.code()), (Some(0), Some(2)));
    let dot = flowc(dir.path(), &["graph", "main.flow", "--format", "dot"]);
    assert!(dot.stdout.starts_with(b"digraph"));
    let png = flowc(dir.path(), &["graph", "main.flow", "-o", "plan.png"]);
    assert_eq!(png.status.code(), Some(2));
    assert!(!dir.path().join("plan.png").exists());
}

/// `script` runs a command on a terminal of its own and says what is printed there.
fn on_a_terminal(script: &Path, dir: &Path, command: &str) -> String {
    let mut child = Command::new(script)
        .args(["-qec", command, "/dev/null"])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let keys = child.stdin.take(); // open until the command has ended: its end would be typed, too
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    drop(keys);
    child.wait().unwrap();
    said
}

#[test]
fn a_command_has_a_group_of_its_own_and_no_terminal() {
    let Some(script) = crate::support::program("script") else { return };
    let dir = tempfile::tempdir().unwrap();
    let look = "if (: > /dev/tty) 2> /dev/null; then echo terminal; else echo none; fi";
    assert_eq!(on_a_terminal(&script, dir.path(), &format!("sh -c '{look}'")).trim(), "terminal");
    let program = format!(
        "task look() -> String {{\n  sh: \"{look}; cut -d' ' -f5,7 /proc/$$/stat; echo $$ 0\"\n}}\nworkflow main() -> String {{ look() }}\n"
    );
    std::fs::write(dir.path().join("main.flow"), program).unwrap();
    let run = format!("'{}' run main.flow -q", env!("CARGO_BIN_EXE_flowc"));
    let said = on_a_terminal(&script, dir.path(), &run);
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let [terminal, seen, expected] = lines[..] else { panic!("{said}") };
    assert_eq!(terminal, "none");
    assert_eq!(seen, expected, "its group is its own, and its terminal has no number");
}
