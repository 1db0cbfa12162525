//! The faults F3, F17–F22, F32: what a process may do wrong, and what must happen.

use super::*;
use flow::exec::Fault;

#[test]
fn f3_a_killed_task_is_told_from_a_stopped_one() {
    let mut bench = Bench::new();
    let begun = bench.start(command(["sleep", "100"])).unwrap();
    let pid = rustix::process::Pid::from_raw(begun.pid.unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let outcome = bench.end();
    assert_eq!(outcome.exit, Exit::Signal(9));
    assert!(!outcome.stopped && !outcome.killed);
    assert_eq!(bench.local.running(), 0);
}

#[test]
fn exit_codes_are_outcomes() {
    let mut bench = Bench::new();
    for code in [0, 1, 7, 255] {
        assert_eq!(bench.run(sh(&format!("exit {code}"))).exit, Exit::Code(code));
    }
}

#[test]
fn f20_what_ignores_term_is_killed_after_the_grace() {
    let mut bench = Bench::new();
    let request = sh("trap '' TERM; echo ready; while :; do sleep 1; done");
    let attempt = request.attempt.clone();
    bench.start(request).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    bench.local.stop(Ticket(1), Duration::from_millis(400));
    let outcome = bench.end();
    assert!(outcome.stopped && outcome.killed);
    assert_eq!(outcome.exit, Exit::Signal(9));
    assert_eq!(text(&outcome.stdout), "ready\n");
    assert!(elapsed(begun) >= Duration::from_millis(400) && elapsed(begun) < Duration::from_millis(1400));
    assert!(survivors(&attempt).is_empty());
}

#[test]
fn what_heeds_term_ends_without_a_kill() {
    let mut bench = Bench::new();
    bench.start(sh("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done")).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    bench.local.stop(Ticket(1), Duration::from_secs(10));
    let outcome = bench.end();
    assert_eq!(outcome.exit, Exit::Code(3));
    assert!(outcome.stopped && !outcome.killed);
    assert_eq!(text(&outcome.stdout), "ready\nbye\n");
}

#[test]
fn a_stop_without_grace_kills_at_once() {
    let mut bench = Bench::new();
    bench.start(sh("trap '' TERM; sleep 100 & setsid sleep 100 & sleep 100")).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    bench.local.stop(Ticket(1), Duration::ZERO);
    assert!(bench.end().killed);
    assert!(elapsed(begun) < Duration::from_secs(1));
}

#[test]
fn f21_daemons_die_with_their_attempt() {
    let mut bench = Bench::new();
    for script in [
        "setsid sleep 100 >/dev/null 2>&1 </dev/null & sleep 0.1",
        "setsid sh -c 'setsid sleep 100 & sleep 100' >/dev/null 2>&1 & sleep 0.1",
        "(setsid sh -c 'sleep 100 & exit' >/dev/null 2>&1 &) ; sleep 0.1",
    ] {
        let request = sh(script);
        let attempt = request.attempt.clone();
        let outcome = bench.run(request);
        assert_eq!(outcome.exit, Exit::Code(0), "{script}");
        assert!(!outcome.cut_off, "{script}");
        assert!(survivors(&attempt).is_empty(), "{script}: {:?}", survivors(&attempt));
    }
}

#[test]
fn f21_daemons_die_when_stopped() {
    let mut bench = Bench::new();
    let request = sh(
        "trap '' TERM; (trap '' TERM; setsid sh -c \"trap '' TERM; sleep 100\" &); setsid sleep 100 & sleep 100",
    );
    let attempt = request.attempt.clone();
    bench.start(request).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(survivors(&attempt).len() >= 3);
    bench.local.stop(Ticket(1), Duration::from_millis(100));
    bench.end();
    assert!(survivors(&attempt).is_empty());
}

#[test]
fn f22_a_grandchild_with_the_pipe_delays_nobody() {
    let mut bench = Bench::new();
    let request = sh("sleep 600 & echo hi");
    let attempt = request.attempt.clone();
    let begun = Instant::now();
    let outcome = bench.run(request);
    assert!(elapsed(begun) < Duration::from_secs(3));
    assert!(outcome.cut_off);
    assert_eq!(outcome.exit, Exit::Code(0));
    assert_eq!(text(&outcome.stdout), "hi\n");
    assert!(survivors(&attempt).is_empty());
}

#[test]
fn what_writes_a_little_later_is_still_heard() {
    let mut bench = Bench::new();
    let outcome = bench.run(sh("(sleep 0.3; echo late) & echo soon"));
    assert_eq!(text(&outcome.stdout), "soon\nlate\n");
    assert!(!outcome.cut_off);
}

#[test]
fn f17_a_storm_of_forks_ends_with_its_attempt() {
    let mut bench = Bench::new();
    let request = sh("i=0; while [ $i -lt 200 ]; do sleep 100 & setsid sleep 100 & i=$((i+1)); done; wait");
    let attempt = request.attempt.clone();
    bench.start(request).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    bench.local.stop(Ticket(1), Duration::from_millis(100));
    bench.end();
    assert!(elapsed(begun) < Duration::from_secs(5));
    assert!(survivors(&attempt).is_empty());
}

#[test]
fn f32_programs_that_cannot_run_are_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8], mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let cases = [
        ("flow-surely-not-there".to_string(), "PATH"),
        ("/nowhere/at/all".to_string(), "no such file"),
        (write("plain", b"#!/bin/sh\n", 0o644), "may not be executed"),
        (write("text", b"hello\n", 0o755), "not a program for this machine"),
        (write("lost", b"#!/nowhere/sh\n", 0o755), "interpreter"),
        (folder.path().display().to_string(), "a folder"),
        (String::new(), "empty"),
    ];
    let mut bench = Bench::new();
    for (program, reason) in cases {
        let error = bench.start(command([&program])).unwrap_err();
        assert!(error.message.contains(reason), "{program}: {error}");
        assert!(matches!(error.fault, Fault::Missing | Fault::Refused), "{program}: {error:?}");
    }
    let mut request = command(["true"]);
    request.cwd = Some("/nowhere/at/all".into());
    let error = bench.start(request).unwrap_err();
    assert_eq!((error.fault, error.message.contains("folder")), (Fault::Missing, true), "{error}");
    assert_eq!(bench.local.running(), 0);
}

#[test]
fn path_is_searched_as_the_request_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-tool");
    std::fs::write(&path, "#!/bin/sh\necho mine\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut request = command(["my-tool"]);
    request.env.push(EnvVar::new("PATH", format!("/nowhere:{}:/usr/bin:/bin", folder.path().display())));
    let mut bench = Bench::new();
    assert_eq!(text(&bench.run(request).stdout), "mine\n");
}

#[test]
fn f19_without_descriptors_it_is_the_machines_fault_and_passes() {
    let Some(limited) = std::env::var_os("FLOW_TEST_FEW_FILES") else {
        // In a process of its own, since the limit is one of the process.
        let status = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 40; exec \"$0\" --exact exec::faults::f19_without_descriptors_it_is_the_machines_fault_and_passes"])
            .arg(std::env::current_exe().unwrap())
            .env("FLOW_TEST_FEW_FILES", "1")
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        return;
    };
    assert_eq!(limited, "1");
    let mut bench = Bench::new();
    let (mut next, mut ended, mut busy) = (0, 0, 0);
    while ended < 200 {
        while next < 200 {
            let started = bench.begin(Ticket(next), Request::Process(sh("echo $0")));
            match started {
                Ok(_) => next += 1,
                Err(error) => {
                    assert_eq!(error.fault, Fault::Busy, "{error}");
                    busy += 1;
                    break;
                }
            }
        }
        for done in bench.next() {
            assert_eq!(process(done).exit, Exit::Code(0));
            ended += 1;
        }
    }
    assert!(busy > 0, "the limit was never met");
}

#[test]
fn the_longest_wait_ends_when_everything_is_killed() {
    let mut bench = Bench::new();
    for ticket in 0..20 {
        bench.begin(Ticket(ticket), Request::Process(sh("trap '' TERM INT HUP; sleep 100"))).unwrap();
    }
    assert!(bench.within(Duration::from_millis(50)).is_none());
    bench.local.kill_all();
    let mut ended = 0;
    while ended < 20 {
        ended += bench.next().len();
    }
    assert_eq!(bench.local.running(), 0);
}

#[test]
fn f18_without_processes_it_is_the_machines_fault_and_passes() {
    const NAME: &str = "exec::faults::f18_without_processes_it_is_the_machines_fault_and_passes";
    if std::env::var_os("FLOW_TEST_NO_PROCESSES").is_none() {
        let Some(strace) = crate::support::program("strace") else { return };
        let output = std::process::Command::new(strace)
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=clone",
                "-e",
                "inject=clone:error=EAGAIN:when=1..5",
            ])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("FLOW_TEST_NO_PROCESSES", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let mut bench = Bench::new();
    let mut busy = 0;
    while let Err(error) = bench.start(sh("exit 6")) {
        assert_eq!(error.fault, Fault::Busy, "{error}");
        busy += 1;
    }
    assert_eq!(busy, 5);
    assert_eq!(bench.end().exit, Exit::Code(6));
}
