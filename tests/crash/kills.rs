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
        let attempts = std::fs::read_dir(ground.root.join(".flow/runs")).into_iter().flatten().flatten();
        let answered = attempts
            .flat_map(|run| std::fs::read_dir(run.path().join("out")).into_iter().flatten().flatten())
            .any(|attempt| attempt.path().join("outcome.json").exists());
        if !answered {
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
