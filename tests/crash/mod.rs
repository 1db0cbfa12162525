//! What the engine does when it is killed, when the system refuses, and when somebody interrupts it.
//!
//! Everything here runs the real program in a folder of its own and then resumes it. What must hold afterwards is said
//! once, in [`Ground::holds`]: nothing that was recorded is gone or done again, nothing stands twice, nothing runs on.

#![allow(clippy::print_stderr, reason = "what is found is told at once: a whole sweep takes long")]

mod chance;
mod clocks;
mod errors;
mod kills;
mod limits;
mod power;
mod records;
mod signals;
mod tasks;

use crate::support::program;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Every task says when it begins and when it is done; one fails at first, one leaves a daemon, one gives a large value, one
/// is an agent's, one writes a file.
const PROGRAM: &str = r##"
agent helper {
  runtime: command(["/bin/sh", "-c", "cat > /dev/null; echo begin helped >> log; echo end helped >> log; echo help"])
}
task step(name: String) -> String {
  sh: "echo begin #{name} >> log; echo end #{name} >> log; echo #{name}"
  on_crash: rerun
}
task flaky() -> String {
  sh: "echo begin again >> log; if [ $FLOW_ATTEMPT -lt 2 ]; then exit 1; fi; echo end again >> log; echo ok"
  retry: { max: 3, backoff: 1ms }
  on_crash: rerun
}
task daemon() -> String {
  sh: "echo begin quiet >> log; setsid sleep 100 > /dev/null 2>&1 & echo end quiet >> log; echo quiet"
  on_crash: rerun
}
task large() -> String {
  sh: "echo begin big >> log; head -c 200000 /dev/zero | tr '\\0' x; echo end big >> log"
  on_crash: rerun
}
task help() -> String { agent: helper  prompt: "Help."  timeout: 1m  on_crash: rerun }

workflow main() -> String {
  let first = step("first")
  let many = for n in ["a", "b", "c", "d"] { step(n) with { after: [first] } }
  let again = flaky()
  let quiet = daemon()
  let big = large()
  let helped = help()
  write("note.txt", "#{again} #{quiet}")
  let last = step("#{join(many, "+")}-#{again}-#{quiet}-#{len(big)}-#{helped}")
  last
}
"##;

const LAST: &str = "a+b+c+d-ok-quiet-200000-help";
/// As the log names them.
const TASKS: &[&str] = &["first", "a", "b", "c", "d", "again", "quiet", "big", "helped", LAST];
/// Longer than anything here takes, on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with the program, in which it is run.
struct Ground {
    _dir: tempfile::TempDir,
    root: PathBuf,
    durability: &'static str,
}

/// What the record says before it is resumed, and how often each task has begun by then.
struct Before {
    succeeded: BTreeMap<String, Value>,
    begun: BTreeMap<String, usize>,
}

impl Ground {
    fn new(program: &str, durability: &'static str) -> Ground {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::write(root.join("main.flow"), program).unwrap();
        Ground { _dir: dir, root, durability }
    }

    fn command(&self, args: &[&str]) -> Command {
        self.prepared(Command::new(env!("CARGO_BIN_EXE_flowc")), args)
    }

    fn prepared(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).current_dir(&self.root).stdin(Stdio::null());
        if matches!(args[0], "run" | "resume") {
            command.args(["--durability", self.durability]);
        }
        command
    }

    /// Runs to its end.
    fn flowc(&self, args: &[&str]) -> Output {
        ended(self.command(args), args[0])
    }

    /// The first run under `strace` with these expressions, which apply to the engine's own processes and not to the tasks.
    fn traced(&self, strace: &Path, expressions: &[String]) -> Output {
        let mut command = Command::new(strace);
        command.args(["-f", "-b", "execve", "-qqq", "-o", "/dev/null"]);
        command.args(expressions.iter().flat_map(|e| ["-e", e.as_str()]));
        command.arg(env!("CARGO_BIN_EXE_flowc"));
        ended(self.prepared(command, &["run", "main.flow", "-q", "-j", "2"]), "run")
    }

    /// The output of a shell command in which `$FLOWC` is the program.
    fn shell(&self, script: &str) -> Output {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(&self.root).stdin(Stdio::null());
        command.env("FLOWC", env!("CARGO_BIN_EXE_flowc"));
        ended(command, script)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.root.join("log")).unwrap_or_default()
    }

    /// How often each line stands in the log.
    fn counted(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        self.log().lines().for_each(|line| *times.entry(line.to_string()).or_default() += 1);
        times
    }

    /// Processes that some task here left behind.
    fn survivors(&self) -> Vec<String> {
        let of = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.ok()?.path();
            let environ = std::fs::read(path.join("environ")).ok()?;
            let line = std::fs::read(path.join("cmdline")).ok()?;
            let cwd = std::fs::read_link(path.join("cwd")).ok()?;
            let ours =
                String::from_utf8_lossy(&environ).contains("FLOW_ATTEMPT_ID") && cwd.starts_with(&self.root);
            ours.then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        };
        std::fs::read_dir("/proc").unwrap().filter_map(of).collect()
    }

    /// Whether nothing of a task lives any more, after a moment for the kernel.
    fn is_quiet(&self) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let left = self.survivors();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("left behind: {left:?}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The folder of the newest run.
    fn run_folder(&self) -> PathBuf {
        let runs = std::fs::read_dir(self.root.join(".flow/runs")).unwrap();
        runs.map(|run| run.unwrap().path()).max().unwrap()
    }

    /// Whether the guardian of an agent has recorded an end.
    fn has_answer(&self) -> bool {
        let runs = std::fs::read_dir(self.root.join(".flow/runs")).into_iter().flatten().flatten();
        runs.flat_map(|run| std::fs::read_dir(run.path().join("out")).into_iter().flatten().flatten())
            .any(|attempt| attempt.path().join("outcome.json").exists())
    }

    /// The newest run in which something was recorded.
    fn newest(&self) -> Option<String> {
        let runs: Value = serde_json::from_slice(&self.flowc(&["runs", "--format", "json"]).stdout).ok()?;
        Some(runs["runs"][0]["id"].as_str()?.to_string())
    }

    fn shown(&self) -> Value {
        serde_json::from_slice(&self.flowc(&["show", "--format", "json"]).stdout).unwrap_or(Value::Null)
    }

    /// The tasks that have failed.
    fn failed(&self) -> Vec<String> {
        let tasks = self.shown()["tasks"].as_array().cloned().unwrap_or_default();
        let failed = tasks.iter().filter(|task| task["status"] == "failed");
        failed.map(|task| task["id"].as_str().unwrap_or_default().to_string()).collect()
    }

    fn before(&self) -> Before {
        Before { succeeded: succeeded(&self.shown()), begun: self.counted() }
    }

    /// Resumes (or begins anew what left no record) and looks whether all is as it must be. `crashes`: how many attempts may
    /// have been lost on the way.
    fn holds(&self, result: &str, crashes: usize) -> Result<(), String> {
        self.holds_of(result, crashes, TASKS)
    }

    /// The same, of these tasks.
    fn holds_of(&self, result: &str, crashes: usize, tasks: &[&str]) -> Result<(), String> {
        self.is_quiet()?;
        let before = self.before();
        let mut resumed = self.flowc(&["resume", "-q"]);
        if resumed.status.code() == Some(2) {
            resumed = match self.newest() {
                // It is over, and gives its result again.
                Some(run) if !self.log().is_empty() => self.flowc(&["resume", &run, "-q"]),
                // It came to an end before there was anything to resume.
                _ if self.log().is_empty() => self.flowc(&["run", "main.flow", "-q"]),
                _ => resumed,
            };
        }
        let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
        let got = String::from_utf8_lossy(&resumed.stdout).into_owned();
        if got.trim_end() != result || resumed.status.code() != Some(0) {
            return Err(format!("resume gave {:?} {got:?} and said: {said}", resumed.status.code()));
        }
        self.is_quiet()?;
        let (now, after) = (self.counted(), succeeded(&self.shown()));
        for (id, value) in &before.succeeded {
            if after.get(id) != Some(value) {
                return Err(format!("the recorded result of `{id}` is gone or changed"));
            }
        }
        for name in tasks {
            let times = |counts: &BTreeMap<String, usize>, what: &str| {
                counts.get(&format!("{what} {name}")).copied().unwrap_or(0)
            };
            let ends = times(&now, "end");
            if ends == 0 || ends > 1 + crashes {
                return Err(format!("`{name}` was done {ends} times after {crashes} crashes: {now:?}"));
            }
            let recorded = before.succeeded.keys().any(|id| self.names(id) == *name);
            if recorded && times(&now, "begin") != times(&before.begun, "begin") {
                return Err(format!("`{name}` was recorded as done and was begun again"));
            }
        }
        if std::fs::read_to_string(self.root.join("note.txt")).unwrap_or_default() != "ok quiet" {
            return Err("the file that a task writes is not what it should be".into());
        }
        self.recorded_once()?;
        let fsck = self.flowc(&["fsck"]);
        if fsck.status.code() != Some(0) {
            return Err(format!("fsck: {}", String::from_utf8_lossy(&fsck.stderr)));
        }
        Ok(())
    }

    /// The log's name for a task id.
    fn names<'a>(&self, id: &'a str) -> &'a str {
        match id {
            "many[0]" => "a",
            "many[1]" => "b",
            "many[2]" => "c",
            "many[3]" => "d",
            "last" if self.log().contains(LAST) => LAST,
            id => id,
        }
    }

    /// No task is settled twice in one generation.
    fn recorded_once(&self) -> Result<(), String> {
        let Some(run) = self.newest() else { return Err("there is no run".into()) };
        let path = self.root.join(".flow/runs").join(run).join("run.db");
        let db = rusqlite::Connection::open(path).map_err(|e| e.to_string())?;
        let twice = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM event \
                     WHERE kind = 30 GROUP BY task, generation)";
        match db.query_row(twice, (), |row| row.get::<_, i64>(0)) {
            Ok(0 | 1) => Ok(()),
            other => Err(format!("settled more than once: {other:?}")),
        }
    }
}

/// The tasks that are done, with their values.
fn succeeded(shown: &Value) -> BTreeMap<String, Value> {
    let tasks = shown["tasks"].as_array().cloned().unwrap_or_default();
    let done = tasks.into_iter().filter(|task| task["status"] == "succeeded");
    done.map(|task| (task["id"].as_str().unwrap_or_default().to_string(), task["value"].clone())).collect()
}

/// The output of a command. One that does not end is killed with all that is below it, and its standard error says so:
/// whoever judges it finds neither its result nor its exit code.
fn ended(mut command: Command, what: &str) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().cast_signed();
    let whole = |mut pipe: Box<dyn std::io::Read + Send>| {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.read_to_end(&mut text);
            let _ = tell.send(text);
        });
        told
    };
    let outputs =
        [whole(Box::new(child.stdout.take().unwrap())), whole(Box::new(child.stderr.take().unwrap()))];
    let until = Instant::now() + PATIENCE;
    let mut status = ended_within(&mut child, PATIENCE);
    let mut texts = outputs
        .iter()
        .map(|told| {
            told.recv_timeout(until.saturating_duration_since(Instant::now()) + Duration::from_secs(1)).ok()
        })
        .collect::<Vec<_>>();
    if let (Some(status), true) = (status, texts.iter().all(Option::is_some)) {
        let [stdout, stderr] = [0, 1].map(|at| texts[at].take().unwrap_or_default());
        return Output { status, stdout, stderr };
    }
    let tree = killed_tree(id);
    status = status.or_else(|| ended_within(&mut child, PATIENCE));
    for (text, told) in texts.iter_mut().zip(&outputs) {
        if text.is_none() {
            *text = told.recv_timeout(Duration::from_secs(2)).ok();
        }
    }
    let said = String::from_utf8_lossy(texts[1].as_deref().unwrap_or_default()).into_owned();
    let stderr = format!("HANGS: {what}\n{tree}\n{said}").into_bytes();
    let killed = std::os::unix::process::ExitStatusExt::from_raw(9);
    Output { status: status.filter(|status| !status.success()).unwrap_or(killed), stdout: Vec::new(), stderr }
}

/// Waits until it has ended, at most `patience`.
fn ended_within(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills what is at and below `root`, and says what that was.
fn killed_tree(root: i32) -> String {
    let tree = tree_below(root);
    for pid in flow::exec::sys::proc::descendants(root).into_iter().chain([root]) {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    tree
}

/// The processes at and below `root`: what each is, in which state, and where in the kernel it waits.
fn tree_below(root: i32) -> String {
    let line = |pid: i32| {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let state = flow::exec::sys::proc::stat(pid).map_or('?', |stat| char::from(stat.state));
        let parent = flow::exec::sys::proc::stat(pid).map_or(0, |stat| stat.parent);
        let words: String = read("cmdline").replace('\0', " ").chars().take(100).collect();
        format!("  {pid} of {parent} {state} {} [{}] {words}", read("wchan"), read("syscall").trim())
    };
    let mut all = vec![root];
    all.extend(flow::exec::sys::proc::descendants(root));
    all.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Tries every case, two at a time, and fails with all that were found.
fn all_hold<T: Send + Sync>(cases: &[T], holds: impl Fn(&T) -> Result<(), String> + Sync) {
    all_hold_by(2, cases, holds);
}

/// The same, so many at a time. A case that panics is a finding too.
fn all_hold_by<T: Send + Sync>(at_once: usize, cases: &[T], holds: impl Fn(&T) -> Result<(), String> + Sync) {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| holds(case)));
                    if let Err(why) = judged.unwrap_or_else(|why| Err(panicked(&*why))) {
                        eprintln!("FOUND {why}");
                        found.lock().unwrap().push(why);
                    }
                    if at % 100 == 99 {
                        eprintln!("{} of {} cases", at + 1, cases.len());
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} of {} cases:\n{}", found.len(), cases.len(), found.join("\n"));
}

fn panicked(why: &(dyn std::any::Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    format!(
        "the case panicked: {}",
        text.unwrap_or_else(|| why.downcast_ref::<&str>().unwrap_or(&"").to_string())
    )
}

/// How often the engine makes each of these calls, the most of any of its threads.
fn calls_made(strace: &Path, calls: &[&str], durability: &'static str) -> BTreeMap<String, u32> {
    calls_made_by(strace, PROGRAM, LAST, calls, durability)
}

/// The same of this program, which gives this result.
fn calls_made_by(
    strace: &Path,
    source: &str,
    result: &str,
    calls: &[&str],
    durability: &'static str,
) -> BTreeMap<String, u32> {
    let ground = Ground::new(source, durability);
    let trace = ground.root.join("trace");
    let mut command = Command::new(strace);
    command.args(["-f", "-b", "execve", "-qqq", "-o"]).arg(&trace);
    command.args(["-e", &format!("trace={}", calls.join(",")), env!("CARGO_BIN_EXE_flowc")]);
    let output = ended(ground.prepared(command, &["run", "main.flow", "-q", "-j", "2"]), "run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), result, "{said}");
    let mut by_thread: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        let mut words = line.split_whitespace();
        let (Some(thread), Some(rest)) = (words.next(), words.next()) else { continue };
        if let Some((call, _)) = rest.split_once('(') {
            *by_thread.entry((call.to_string(), thread.to_string())).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((call, _), times) in by_thread {
        let entry = most.entry(call).or_insert(0);
        *entry = times.max(*entry);
    }
    most
}

/// Whether the environment asks for every case and not a few.
fn whole(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == "all")
}
