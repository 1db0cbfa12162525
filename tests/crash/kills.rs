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
