//! Kills the real program at random times and resumes it, until it has finished; then looks whether anything was lost.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SOURCE: &str = r##"
task start() -> [Int] { sh: "echo start >> log; sleep 0.02; echo '[1, 2, 3, 4]'" }
task square(n: Int) -> Int { sh: "echo square-#{n} >> log; sleep 0.03; n=#{n}; echo $((n * n))" retry: 2 }
task flaky() -> Int { sh: "echo flaky >> log; sleep 0.01; test $FLOW_ATTEMPT = 2; echo 10" retry: 3 }
task total(all: [Int], more: Int) -> Int { sh: "echo total >> log; echo #{sum(all) + more}" }
workflow main() -> Int {
  let list = start()
  let squares = for n in list { square(n) }
  let more = flaky()
  let t = total(squares, more)
  t
}
"##;

fn flowc(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowc"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    // A group of its own, so that a kill takes warden and runner together.
    command.process_group(0);
    command
}

/// Processes whose environment names the folder's run.
fn survivors(folder: &Path) -> Vec<String> {
    let mark = folder.to_string_lossy().into_owned();
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let environ = std::fs::read(path.join("environ")).ok()?;
        let line = std::fs::read(path.join("cmdline")).ok()?;
        let cwd = std::fs::read_link(path.join("cwd")).ok()?;
        let ours = String::from_utf8_lossy(&environ).contains("FLOW_ATTEMPT_ID")
            && cwd.to_string_lossy().starts_with(&mark);
        ours.then(|| String::from_utf8_lossy(&line).into_owned())
    };
    std::fs::read_dir("/proc").unwrap().filter_map(of).collect()
}

#[test]
fn killed_again_and_again_it_still_finishes_with_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("main.flow"), SOURCE).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let began = Instant::now();
    let (mut kills, mut args) = (0, vec!["run", "main.flow"]);
    let result = loop {
        assert!(began.elapsed() < Duration::from_secs(100), "no progress after {kills} kills");
        let mut child = flowc(&root, &args).spawn().unwrap();
        let until = Instant::now() + Duration::from_millis(random.u64(10..60 + 30 * kills));
        let ended = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if Instant::now() >= until {
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        if ended {
            let out = child.wait_with_output().unwrap();
            let code = out.status.code().unwrap();
            // A run that was killed before its first record is begun anew.
            if code == 2 && args[0] == "resume" {
                args = vec!["run", "main.flow"];
                continue;
            }
            assert_eq!(code, 0, "after {kills} kills");
            break String::from_utf8(out.stdout).unwrap();
        }
        let group = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
        kills += 1;
        args = vec!["resume"];
    };
    assert_eq!(result, "40\n");
    assert!(kills > 0);
    let log = std::fs::read_to_string(root.join("log")).unwrap();
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    log.lines().for_each(|line| *times.entry(line).or_default() += 1);
    for id in ["start", "square-1", "square-2", "square-3", "square-4", "total"] {
        let n = times.get(id).copied().unwrap_or(0);
        assert!((1..=1 + kills).contains(&n), "{id} ran {n} times after {kills} kills: {times:?}");
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(survivors(&root), Vec::<String>::new());
    let fsck = flowc(&root, &["fsck"]).output().unwrap();
    assert!(fsck.status.success());
}

#[test]
fn a_signal_interrupts_and_resume_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let source = r##"
workflow main() -> String {
  task first -> String { sh: "echo first >> log; echo one" }
  task long -> String { sh: "echo #{first} >> log; test -f go || sleep 30; echo done" }
  long
}
"##;
    std::fs::write(root.join("main.flow"), source).unwrap();
    let child = flowc(&root, &["run", "main.flow"]).spawn().unwrap();
    let began = Instant::now();
    while std::fs::read_to_string(root.join("log")).unwrap_or_default().lines().count() < 2 {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(20));
    std::fs::write(root.join("go"), "").unwrap();
    let out = flowc(&root, &["resume"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "done\n");
    let log = std::fs::read_to_string(root.join("log")).unwrap();
    assert_eq!(log.lines().collect::<Vec<_>>(), ["first", "one", "one"]);
    assert_eq!(survivors(&root), Vec::<String>::new());
}
