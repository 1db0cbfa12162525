//! F1: killed at a system call: whatever the engine was about to write, sync, rename or start, `resume` goes on from there.
//!
//! The kernel delivers the kill (`strace -e inject`), so no line of the engine knows of it. A few run always;
//! `FLOW_CRASH=all` tries every call of each kind.

use super::*;

/// Where a death may make a difference.
const CALLS: &[&str] = &[
    "pwrite64",
    "fdatasync",
    "fsync",
    "rename",
    "clone",
    "clone3",
    "write",
    "ftruncate",
    "mkdir",
    "unlink",
    "openat",
    "sendmsg",
    "fallocate",
];

#[test]
fn a_kill_at_any_system_call_loses_nothing() {
    let Some(strace) = program("strace") else { return };
    let mut cases = Vec::new();
    for durability in ["power", "process"] {
        for (call, times) in calls_made(&strace, CALLS, durability) {
            // A little more than were counted: no two runs make quite as many.
            let every: Vec<u32> = (1..=times + 3).collect();
            cases.extend(every.into_iter().map(|n| (durability, call.clone(), n)));
        }
    }
    if !whole("FLOW_CRASH") {
        let mut random = fastrand::Rng::with_seed(11);
        random.shuffle(&mut cases);
        cases.truncate(24);
    }
    let deaths = AtomicUsize::new(0);
    all_hold(&cases, |(durability, call, n)| {
        let ground = Ground::new(PROGRAM, durability);
        let inject = format!("inject={call}:signal=KILL:when={n}");
        let output = ground.traced(&strace, &[format!("trace={call}"), inject.clone()]);
        deaths.fetch_add(usize::from(!output.status.success()), Ordering::Relaxed);
        ground.holds(LAST, 1).map_err(|why| format!("{durability} {inject}: {why}"))
    });
    let deaths = deaths.into_inner();
    assert!(deaths * 2 > cases.len(), "only {deaths} of {} kills came to pass", cases.len());
}

/// Its answer is paid for, so nobody runs it again unasked.
const PAID: &str = r##"
agent worker {
  runtime: command(["/bin/sh", "-c", "cat > /dev/null; echo asked >> log; head -c 30000 /dev/zero | tr '\\0' x"])
}
task ask() -> String { agent: worker  prompt: "?"  timeout: 1m }
workflow main() -> Int {
  let answer = ask()
  len(answer)
}
"##;

#[test]
fn an_agent_that_has_answered_is_never_asked_again() {
    let Some(strace) = program("strace") else { return };
    let calls = ["unlink", "unlinkat", "rename", "fdatasync", "fsync", "pwrite64", "openat", "write"];
    let mut cases = Vec::new();
    for durability in ["power", "process"] {
        for (call, times) in calls_made_by(&strace, PAID, "30000", &calls, durability) {
            cases.extend((1..=times + 2).map(|n| (durability, call.clone(), n)));
        }
    }
    if !whole("FLOW_CRASH") {
        cases.retain(|(_, call, n)| call.starts_with("unlink") || call.ends_with("sync") || n % 5 == 0);
    }
    let adopted = AtomicUsize::new(0);
    all_hold(&cases, |(durability, call, n)| {
        let ground = Ground::new(PAID, durability);
        let inject = format!("inject={call}:signal=KILL:when={n}");
        ground.traced(&strace, &[format!("trace={call}"), inject.clone()]);
        ground.is_quiet()?;
        if !ground.has_answer() {
            return Ok(());
        }
        let resumed = ground.flowc(&["resume", &ground.newest().unwrap_or_default(), "-q"]);
        let got = String::from_utf8_lossy(&resumed.stdout).into_owned();
        if got != "30000\n" || ground.log() != "asked\n" {
            let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
            return Err(format!("{durability} {inject}: {got:?} {said} {:?}", ground.log()));
        }
        adopted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    assert!(adopted.into_inner() > 3, "no kill came after an answer");
}

/// The answer is of a program that was changed elsewhere since: its taking is interrupted in turn.
#[test]
fn an_answer_of_an_earlier_program_is_taken_however_often_its_resume_is_cut_short() {
    let Some(strace) = program("strace") else { return };
    let source = "task after(n: Int) -> Int { sh: \"echo #{n}\" }\n".to_owned()
        + &PAID.replace("len(answer)\n", "let end = after(len(answer))\n  end\n");
    // Its runner dies when the agent has answered and nothing of that is recorded.
    let ground = Ground::new(&source.replace("head -c", "sleep 0.3; head -c"), "power");
    let mut child = ground.command(&["run", "main.flow", "-q"]).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while ground.log().is_empty() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
    let lock = ground.run_folder().join("lock");
    let note: Value = serde_json::from_str(&std::fs::read_to_string(lock).unwrap()).unwrap();
    let runner = note["processes"].as_array().unwrap().last().unwrap()["pid"].as_i64().unwrap();
    let runner = rustix::process::Pid::from_raw(i32::try_from(runner).unwrap()).unwrap();
    rustix::process::kill_process(runner, rustix::process::Signal::STOP).unwrap();
    while !ground.has_answer() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
    rustix::process::kill_process(runner, rustix::process::Signal::KILL).unwrap();
    assert!(ended_within(&mut child, PATIENCE).is_some());
    let edited =
        std::fs::read_to_string(ground.root.join("main.flow")).unwrap().replace("echo #{n}", "printf #{n}");
    std::fs::write(ground.root.join("main.flow"), edited).unwrap();
    let mut cases = vec![("", "", 0)];
    for signal in ["KILL", "INT"] {
        for (call, times) in [("fdatasync", 4), ("unlink", 4), ("pwrite64", 40)] {
            let step = if whole("FLOW_CRASH") || times < 10 { 1 } else { 9 };
            cases.extend((1..=times).step_by(step).map(|n| (signal, call, n)));
        }
    }
    all_hold(&cases, |(signal, call, n)| {
        let other = Ground::new(&std::fs::read_to_string(ground.root.join("main.flow")).unwrap(), "power");
        let copied = Command::new("cp")
            .args(["-a", ".flow", "log"])
            .arg(&other.root)
            .current_dir(&ground.root)
            .status();
        assert!(copied.unwrap().success());
        if !signal.is_empty() {
            let mut command = Command::new(&strace);
            command.args(["-f", "-b", "execve", "-qqq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            command.args([
                "-e",
                &format!("inject={call}:signal={signal}:when={n}"),
                env!("CARGO_BIN_EXE_flowc"),
            ]);
            ended(other.prepared(command, &["resume", "-q"]), "resume");
            other.is_quiet()?;
        }
        let resumed = other.flowc(&["resume", &other.newest().unwrap_or_default(), "-q"]);
        let got = String::from_utf8_lossy(&resumed.stdout).into_owned();
        if got.trim_end() != "30000" || other.log() != "asked\n" {
            let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
            return Err(format!("{signal} {call} {n}: {got:?} {said} {:?}", other.log()));
        }
        Ok(())
    });
}
