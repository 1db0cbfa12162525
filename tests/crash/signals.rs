//! F35, F36: interrupted by signals at random times, and talking to somebody who has gone away.

use super::*;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::os::unix::process::CommandExt;

#[test]
fn f35_signals_at_any_time_interrupt_and_lose_nothing() {
    let times: u64 = if whole("FLOW_CRASH") { 200 } else { 6 };
    let signals = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];
    let cases: Vec<(Signal, u64)> =
        signals.into_iter().flat_map(|signal| (0..times).map(move |seed| (signal, seed))).collect();
    let interrupted = AtomicUsize::new(0);
    all_hold(&cases, |(signal, seed)| {
        let mut random = fastrand::Rng::with_seed(*seed ^ (signal.as_raw() as u64) << 32);
        let ground = Ground::new(PROGRAM, if seed % 2 == 0 { "power" } else { "process" });
        let mut command = ground.command(&["run", "main.flow", "-j", "2"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        let (count, group) = (random.usize(1..=3), random.bool());
        let mut early = true;
        for _ in 0..count {
            std::thread::sleep(Duration::from_millis(random.u64(0..if early { 250 } else { 30 })));
            early = false;
            let _ = if group { kill_process_group(pid, *signal) } else { kill_process(pid, *signal) };
        }
        let what = format!("{signal:?} seed {seed} x{count} group {group}");
        if ended_within(&mut child, PATIENCE).is_none() {
            return Err(format!("{what}: it does not end"));
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        use std::os::unix::process::ExitStatusExt;
        match (output.status.code(), output.status.signal()) {
            (Some(0), _) => {}
            (Some(code), _) if code == 128 + signal.as_raw() => {
                interrupted.fetch_add(1, Ordering::Relaxed);
                // Only where there is a run to go on with.
                if !ground.log().is_empty() && !said.contains("flowc resume") {
                    return Err(format!("{what}: it does not say how to go on: {said}"));
                }
            }
            // Before it had begun to listen.
            (None, Some(number)) if number == signal.as_raw() && ground.log().is_empty() => {}
            other => return Err(format!("{what}: {other:?}: {said}")),
        }
        ground.holds(LAST, 1).map_err(|why| format!("{what}: {why}"))
    });
    assert!(interrupted.into_inner() > cases.len() / 8, "hardly any signal came to pass");
}

#[test]
fn f36_a_reader_that_has_gone_away_costs_the_output_and_nothing_else() {
    let cases = [
        "\"$FLOWC\" run main.flow --format json --durability process | head -1 > /dev/null",
        "\"$FLOWC\" run main.flow --durability process 2>&1 | true",
        "\"$FLOWC\" run main.flow --durability process 2>&-",
        "\"$FLOWC\" run main.flow --durability process >&-",
        "\"$FLOWC\" run main.flow --durability process >&- 2>&- <&-",
        "\"$FLOWC\" run main.flow --durability process > /dev/full 2>&1",
        "\"$FLOWC\" run main.flow --durability process --format json --events /dev/full > /dev/full",
    ];
    all_hold(&cases, |script| {
        let ground = Ground::new(PROGRAM, "process");
        let output = ground.shell(script);
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("panicked") {
            return Err(format!("{script}: {said}"));
        }
        let shown = ground.shown();
        if shown["status"] != "succeeded" {
            return Err(format!("{script}: {} {said}", shown["status"]));
        }
        ground.holds(LAST, 0).map_err(|why| format!("{script}: {why}"))
    });
}
