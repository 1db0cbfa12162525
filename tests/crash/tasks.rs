//! What tasks may do to the engine that runs them, and to the machine: it neither hangs nor loses anything, and nothing of
//! them stays behind.

use super::*;

/// A program whose one task runs this script.
fn one(script: &str, properties: &str) -> Ground {
    let script = script.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!(
        "task t() -> String {{ sh: \"{script}\"  {properties} }}\nworkflow main() -> String {{ let x = t() x }}\n"
    );
    Ground::new(&text, "process")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Processes with these words in their command line.
fn running(words: &str) -> usize {
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).replace('\0', " ").contains(words).then_some(())
    };
    std::fs::read_dir("/proc").unwrap().filter_map(of).count()
}

#[test]
fn a_grandchild_that_writes_for_ever_delays_nobody() {
    let ground = one("yes >&2 & echo hi", "");
    let began = Instant::now();
    let output = ground.flowc(&["run", "main.flow", "-q"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n", "{}", said(&output));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    ground.is_quiet().unwrap();
}

#[test]
fn a_task_that_stops_itself_ends_by_its_timeout() {
    let ground = one("kill -STOP $$; echo never", "timeout: 500ms");
    let output = ground.flowc(&["run", "main.flow", "-q"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("timeout"), "{}", said(&output));
    ground.is_quiet().unwrap();
}

#[test]
fn a_task_that_kills_its_runner_does_not_loop_for_ever() {
    let ground = one("echo begin >> log; kill -9 $PPID; sleep 10", "on_crash: rerun");
    let first = ground.flowc(&["run", "main.flow", "-q"]);
    assert_eq!(first.status.code(), Some(137), "{}", said(&first));
    assert!(said(&first).contains("flowc resume"), "{}", said(&first));
    ground.is_quiet().unwrap();
    let mut last = first;
    for _ in 0..12 {
        last = ground.flowc(&["resume", "-q"]);
        if last.status.code() != Some(137) {
            break;
        }
    }
    assert_eq!(last.status.code(), Some(1), "{}", said(&last));
    assert!(ground.log().lines().count() <= 11, "{}", ground.log());
    ground.is_quiet().unwrap();
}

#[test]
fn a_task_has_no_terminal_to_wait_at() {
    let Some(script) = program("script") else { return };
    let ground = one("read line < /dev/tty || echo nobody", "");
    let mut command = Command::new(script);
    let run = format!("{} run main.flow -q --durability process", env!("CARGO_BIN_EXE_flowc"));
    command.args(["-qec", &run, "/dev/null"]).current_dir(&ground.root).stdin(Stdio::null());
    let output = ended(command, "script");
    assert!(said(&output).contains("nobody"), "{}", said(&output));
}

#[test]
fn signals_that_a_parent_ignores_are_not_ignored() {
    let ground = one("echo hi", "");
    let output = ground.shell("trap '' CHLD XFSZ; exec \"$FLOWC\" run main.flow -q");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n", "{}", said(&output));
}

#[test]
fn an_output_file_that_is_none_is_an_error() {
    for make in ["mkfifo out.json", "ln -s /dev/zero out.json", "mkdir out.json"] {
        let ground = one(make, "output: file(\"out.json\")");
        let output = ground.flowc(&["run", "main.flow", "-q"]);
        assert_eq!(output.status.code(), Some(1), "{make}: {}", said(&output));
        assert!(said(&output).contains("is not a file"), "{make}: {}", said(&output));
    }
}

#[test]
fn what_hops_from_process_to_process_or_sheds_its_name_is_caught() {
    let pid = std::process::id();
    for script in [
        "h() { if [ $1 -lt 5000 ]; then h $(($1 + 1)) & fi; }; h 0; echo hi".to_string(),
        "h() { if [ $1 -lt 300 ]; then setsid sh -c \"exit 0\" & h $(($1 + 1)) & fi; }; h 0; echo hi"
            .to_string(),
        format!("env -i setsid sleep 86399.{pid} > /dev/null 2>&1 & sleep 0.1; echo hi"),
        format!(
            "(env -i setsid sh -c \"sleep 86399.{pid} & sleep 86399.{pid}\" > /dev/null 2>&1 &); sleep 0.1; echo hi"
        ),
    ] {
        let ground = one(&script, "");
        let output = ground.flowc(&["run", "main.flow", "-q"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n", "{script}: {}", said(&output));
        ground.is_quiet().unwrap_or_else(|why| panic!("{script}: {why}"));
        assert_eq!(running(&format!("86399.{pid}")), 0, "{script}");
    }
}

#[test]
fn what_shed_its_name_dies_also_when_warden_and_runner_are_killed_at_once() {
    use std::os::unix::process::CommandExt;
    let mark = format!("86398.{}", std::process::id());
    let ground = one(
        &format!("(env -i setsid sleep {mark} > /dev/null 2>&1 &); sleep 1; echo ready >> log; sleep 60"),
        "",
    );
    let mut command = ground.command(&["run", "main.flow", "-q"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while !ground.log().contains("ready") {
        assert!(Instant::now() < until, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(running(&mark) > 0);
    let group = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    child.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while running(&mark) > 0 {
        assert!(Instant::now() < until, "it lives on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_signal_sent_twice_ends_even_what_does_not_listen() {
    let ground = one("trap '' TERM INT HUP; echo begin >> log; sleep 300", "");
    let mut command = ground.command(&["run", "main.flow", "-q"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while !ground.log().contains("begin") {
        assert!(Instant::now() < until, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    for _ in 0..2 {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    let status = ended_within(&mut child, Duration::from_secs(8)).expect("it ends at once");
    assert_eq!(status.code(), Some(143));
    ground.is_quiet().unwrap();
}
