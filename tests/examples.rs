//! Every example runs, on the built binary, and gives what it promises.

use crate::support::model_stub::ModelStub;
use crate::support::{claude, copy_folder};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// `flowc` in a copy of the examples.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"), dir.path());
        Bench { dir }
    }

    fn flowc(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowc"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .stdin(std::process::Stdio::null())
            .env("USER", "tester");
        command
    }

    fn run(&self, args: &[&str]) -> String {
        told(self.flowc(args).output().unwrap(), 0)
    }
}

/// Standard output of a command that must end with that code.
fn told(output: Output, code: i32) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout:\n{out}\nstderr:\n{err}");
    out.trim_end().to_string()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn hello() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["run", "01_hello.flow"]), "HELLO, WORLD!");
    assert_eq!(bench.run(&["run", "01_hello.flow", "-i", "name=$(id) '; x"]), "HELLO, $(ID) '; X!");
}

#[test]
fn word_count() {
    let out = Bench::new().run(&["run", "02_word_count.flow"]);
    assert!(out.contains("soup.md: 14") && out.ends_with("total: 25"), "{out}");
}

#[test]
fn mend() {
    let out = parsed(&Bench::new().run(&["run", "03_mend.flow"]));
    assert_eq!(out, json!({ "answer": 42, "numbers": [0], "why": "accept" }));
}

#[test]
fn approval_waits_and_goes_on() {
    let bench = Bench::new();
    let waits = bench.flowc(&["run", "04_approval.flow", "-i", "channel=stable"]).output().unwrap();
    let said = String::from_utf8_lossy(&waits.stderr).into_owned();
    assert_eq!(told(waits, 3), "");
    assert!(said.contains("Publish build-stable-1?") && said.contains("flowc approve"), "{said}");
    let out = bench.run(&["approve", "--resume", "--by", "ada"]);
    assert_eq!(out, "published build-stable-1 (approved by ada)");
    // What is over is told again, and nothing is asked.
    let shown = parsed(&bench.run(&["show", "--format", "json"]));
    assert_eq!(shown["status"], "succeeded");
    assert!(bench.flowc(&["approve"]).output().unwrap().status.code() == Some(2));
}

#[test]
fn a_rejection_fails_the_run() {
    let bench = Bench::new();
    told(bench.flowc(&["run", "04_approval.flow"]).output().unwrap(), 3);
    let rejected = bench.flowc(&["approve", "--reject", "--note", "too early", "--resume"]).output().unwrap();
    let said = String::from_utf8_lossy(&rejected.stderr).into_owned();
    told(rejected, 1);
    assert!(said.contains("too early"), "{said}");
}

#[test]
fn build_graph() {
    let bench = Bench::new();
    let out = parsed(&bench.run(&["run", "05_build_graph.flow"]));
    assert_eq!(out, json!(["fetched", "compiled", "linted", "packaged"]));
    let cycle =
        r#"steps=[{"name":"a","needs":["b"],"command":"true"},{"name":"b","needs":["a"],"command":"true"}]"#;
    let output = bench.flowc(&["run", "05_build_graph.flow", "-i", cycle]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    told(output, 1);
    assert!(said.contains("wait for each other: a → b → a"), "{said}");
    let output = bench.flowc(&["run", "05_build_graph.flow", "-i", "steps=[]"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    told(output, 1);
    assert!(said.contains("at least one step"), "{said}");
}

#[test]
fn fastest_mirror() {
    let started = std::time::Instant::now();
    assert_eq!(Bench::new().run(&["run", "06_fastest_mirror.flow"]), "near");
    assert!(started.elapsed().as_secs() < 15, "the slow mirror was waited for");
}

#[test]
fn refine() {
    let out = Bench::new().run(&["run", "07_refine.flow"]);
    assert_eq!(out, "A short text. And one more sentence. And one more sentence. And one more sentence.");
}

/// What the model would say of the two files.
fn reviewer(request: &Value) -> Value {
    let text = request["messages"].to_string();
    let found = |note: &str, severity: &str| json!({ "json": { "value": [{ "file": "x", "line": 5, "severity": severity, "note": note }] } });
    if text.contains("remove.py") {
        found("runs a shell with its input", "high")
    } else if text.contains("mean.py") {
        found("divides by zero for an empty list", "low")
    } else {
        json!({ "text": "One serious fault." })
    }
}

#[test]
fn review_fans_agents_out() {
    let Some(claude) = claude() else { return };
    let bench = Bench::new();
    let stub = ModelStub::answering(reviewer);
    let config = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", claude.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = bench
        .flowc(&["run", "08_review.flow"])
        .envs(stub.env(config.path()))
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(told(output, 0), "1");
    let report = std::fs::read_to_string(bench.dir.path().join("review.md")).unwrap();
    assert!(
        report.contains("One serious fault.") && report.contains("high: runs a shell with its input (x:5)"),
        "{report}"
    );
    let shown = parsed(&bench.run(&["show", "--format", "json"]));
    let attempts =
        shown["tasks"].as_array().unwrap().iter().filter(|t| t["id"].as_str().unwrap().starts_with("found["));
    let attempts: Vec<&Value> = attempts.flat_map(|t| t["attempts"].as_array().unwrap()).collect();
    assert_eq!(attempts.len(), 2);
    assert!(
        attempts.iter().all(|a| a["cost_usd"].as_f64().unwrap() > 0.0 && a["tokens"].as_u64().unwrap() > 0),
        "{shown}"
    );
}

/// A small repository with a git history, for the release report.
fn repository(dir: &Path) {
    std::fs::create_dir_all(dir.join("src")).unwrap();
    std::fs::write(
        dir.join("Cargo.toml"),
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    )
    .unwrap();
    std::fs::write(dir.join("src/lib.rs"), "/// Twice.\npub fn twice(n: u32) -> u32 {\n    n * 2\n}\n\n#[test]\nfn doubles() {\n    assert_eq!(twice(2), 4);\n}\n").unwrap();
    let git = |args: &[&str]| {
        let done = Command::new("git").args(args).current_dir(dir).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "--quiet"]);
    git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--allow-empty", "-m", "First"]);
    std::fs::write(dir.join(".gitignore"), "/target\n").unwrap();
    Command::new("cargo").args(["generate-lockfile", "--offline"]).current_dir(dir).output().unwrap();
    git(&["add", "-A"]);
    git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "Double numbers"]);
}

#[test]
fn release_report() {
    let bench = Bench::new();
    let repo = tempfile::tempdir().unwrap();
    repository(repo.path());
    let input = format!("repo={}", repo.path().display());
    let output = bench
        .flowc(&["run", "09_release_report.flow", "-i", &input, "-i", "version=1.2.3"])
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let out = parsed(&told(output, 0));
    assert_eq!(out, json!({ "ready": true, "file": "release-report.md", "failed": [] }));
    let report = std::fs::read_to_string(bench.dir.path().join("release-report.md")).unwrap();
    for part in
        ["# Release 1.2.3", "Ready.", "| tests | passed |", "lines of Rust in 1 files", "- Double numbers"]
    {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}
