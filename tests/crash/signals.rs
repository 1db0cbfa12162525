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

/// A signal that reaches the group in the moment in which a program exists and has no group of its own yet was meant for us.
#[test]
fn f35_what_is_sent_to_the_group_does_not_reach_the_programs() {
    let program = "workflow main() { for n in range(0, 3000) { task say { sh: \"echo #{n} >> log\" } } }\n";
    let ground = Ground::new(program, "process");
    let mut command = ground.command(&["run", "main.flow"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    while ground.log().is_empty() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // One that the runner ignores and that ends a program.
    let until = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        let _ = kill_process_group(pid, Signal::PIPE);
        assert!(Instant::now() < until, "it does not end");
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(ground.log().lines().count(), 3000);
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

/// Many events: more than a pipe holds, and than waits for a reader.
const MANY: &str = "workflow main() -> Int { let all = for n in range(0, 30000) { now() } len(all) }\n";

#[test]
fn f36_a_reader_that_stands_still_does_not_hold_the_run_up() {
    let ground = Ground::new(MANY, "process");
    let mut command = ground.command(&["run", "main.flow", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while ground.shown()["status"] != "succeeded" {
        assert!(Instant::now() < until, "nobody reads, and the run stands still");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Read at last: every line is whole, the first and the last are there.
    let mut stderr = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        said
    });
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut lines).unwrap();
    assert_eq!(ended_within(&mut child, PATIENCE).and_then(|status| status.code()), Some(0));
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "run_started");
    assert_eq!(events.last().unwrap()["event"], "run_finished");
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted());
    let said = said.join().unwrap();
    assert!(events.len() < 30_000 && said.contains("events are missing"), "{} {}", events.len(), said.len());
    assert_eq!(ground.flowc(&["fsck"]).status.code(), Some(0));

    // A file is a reader too, and one that keeps up gets all.
    let file = ground.root.join("events");
    let args = ["run", "main.flow", "-q", "--events", file.to_str().unwrap()];
    let output = ground.flowc(&args);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "30000\n");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.lines().count() >= 30_000 && text.lines().last().unwrap().contains("run_finished"));
}
