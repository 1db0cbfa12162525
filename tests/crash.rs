//! Killed at a system call: whatever the engine was about to write, sync, rename or start, `resume` goes on from there.
//!
//! The kernel delivers the kill (`strace -e inject`), so no line of the engine knows of it. A short sweep runs always;
//! `FLOW_CRASH=all` tries every call of each kind.

use crate::support::program;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Every task writes its name and attempt to a file before it is done; one fails at first, one gives a large value.
const PROGRAM: &str = r##"
task step(name: String) -> String { sh: "echo #{name} >> log; echo #{name}"  on_crash: rerun }
task flaky() -> String {
  sh: "echo flaky >> log; if [ $FLOW_ATTEMPT -lt 2 ]; then exit 1; fi; echo ok"
  retry: { max: 3, backoff: 1ms }
  on_crash: rerun
}
task large() -> String { sh: "echo large >> log; head -c 200000 /dev/zero | tr '\\0' x"  on_crash: rerun }

workflow main() -> String {
  let first = step("first")
  let many = for n in ["a", "b", "c", "d"] { step("#{first}-#{n}") }
  let again = flaky()
  let big = large()
  let last = step("#{join(many, "+")}-#{again}-#{len(big)}")
  last
}
"##;

const RESULT: &str = "first-a+first-b+first-c+first-d-ok-200000\n";

/// System calls that only the engine makes here, not the tasks' shells.
const CALLS: &[&str] = &["pwrite64", "fdatasync", "fsync", "rename", "clone"];

struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Ground {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.flow"), PROGRAM).unwrap();
        Ground { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn flowc(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowc"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs it with the n-th such call of a process turned into its death; whether that came to pass.
    fn killed_at(&self, strace: &Path, call: &str, n: u32) -> bool {
        let status = Command::new(strace)
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=KILL:when={n}"), env!("CARGO_BIN_EXE_flowc")])
            .args(["run", "main.flow", "-q", "-j", "2"])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        !status.success()
    }

    fn runs(&self) -> usize {
        std::fs::read_dir(self.path().join(".flow/runs")).map_or(0, |dir| dir.count())
    }

    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_string).collect()
    }
}

/// What was recorded as done before the crash must not have been done again; nothing is lost, nothing stands twice.
fn holds(ground: &Ground, what: &str) {
    let before: Value =
        serde_json::from_slice(&ground.flowc(&["show", "--format", "json"]).stdout).unwrap_or(Value::Null);
    let done = |shown: &Value| -> Vec<(String, Value)> {
        let tasks = shown["tasks"].as_array().cloned().unwrap_or_default();
        tasks
            .into_iter()
            .filter(|t| t["status"] == "succeeded")
            .map(|t| (t["id"].as_str().unwrap_or_default().to_string(), t["value"].clone()))
            .collect()
    };
    let recorded = done(&before);
    let executed = ground.log().len();
    let resumed = ground.flowc(&["resume", "-q"]);
    let said = String::from_utf8_lossy(&resumed.stderr);
    assert_eq!(String::from_utf8_lossy(&resumed.stdout), RESULT, "{what}: {said}");
    let after: Value = serde_json::from_slice(&ground.flowc(&["show", "--format", "json"]).stdout).unwrap();
    let now = done(&after);
    assert!(recorded.iter().all(|r| now.contains(r)), "{what}: a recorded result is gone or changed");
    // 8 tasks and one failed attempt make 9 executions; each attempt in flight at the crash may add one.
    let lost = 9 + 2;
    let total = ground.log().len();
    assert!(total <= lost, "{what}: {total} executions ({executed} before the crash): {:?}", ground.log());
    for (id, _) in recorded.iter().filter(|(id, _)| id == "first" || id == "big") {
        let name = if id == "big" { "large" } else { id };
        let times = ground.log().iter().filter(|l| *l == name).count();
        assert_eq!(times, 1, "{what}: `{id}` was done and is done again");
    }
    let fsck = ground.flowc(&["fsck"]);
    assert_eq!(fsck.status.code(), Some(0), "{what}: {}", String::from_utf8_lossy(&fsck.stderr));
}

#[test]
fn a_kill_at_any_system_call_loses_nothing() {
    let Some(strace) = program("strace") else { return };
    let all = std::env::var("FLOW_CRASH").is_ok_and(|v| v == "all");
    let mut crashes = 0;
    for call in CALLS {
        let mut n = 1;
        loop {
            let ground = Ground::new();
            if !ground.killed_at(&strace, call, n) {
                break;
            }
            // Killed before there was a run: nothing to resume, and nothing was done.
            if ground.runs() > 0 {
                let unfinished = ground.flowc(&["runs", "--format", "json"]);
                let runs: Value = serde_json::from_slice(&unfinished.stdout).unwrap_or(Value::Null);
                match runs["runs"][0]["status"].as_str() {
                    Some(_)
                        if runs["runs"][0]["tasks"].as_u64().unwrap_or(0) > 0 || !ground.log().is_empty() =>
                    {
                        holds(&ground, &format!("{call} {n}"));
                    }
                    _ => assert!(ground.log().is_empty(), "{call} {n}: something was done without a record"),
                }
            }
            crashes += 1;
            n = if all { n + 1 } else { n * 3 };
            if n > 400 {
                break;
            }
        }
    }
    assert!(crashes > 10, "only {crashes} kills came to pass");
}
