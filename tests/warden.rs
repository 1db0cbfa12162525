//! Warden and runner: nothing survives the death of one, or of both. A program of its own, because it splits itself
//! into two processes, which one with the test harness's threads cannot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and this one speaks for itself"
)]

use flow::exec::sys::proc;
use flow::exec::warden::{Interrupt, Link, kill_left, run_under_warden};
use flow::exec::{Executor, Local, ProcessRequest, Request, Settings, Ticket};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PROBE: &str = "FLOW_TEST_WARDEN_PROBE";

fn main() {
    if let Ok(lock) = std::env::var(PROBE) {
        let ended = run_under_warden(|link| probe(link, &lock)).unwrap();
        std::process::exit(i32::from(ended.code()));
    }
    if std::env::args().any(|argument| argument == "--list") {
        println!("warden: test");
        return;
    }
    let tests: [(&str, fn()); 8] = [
        ("the runner's code is passed on", codes),
        ("a dead runner leaves nothing", dead_runner),
        ("a dead warden ends the runner", dead_warden),
        ("both dead leave nothing", both_dead),
        ("a signal to the warden arrives once", signal_to_warden),
        ("a signal to both arrives once, and again when sent again", signal_to_group),
        ("a recycled id is not touched", decoys),
        ("a process with threads is not split", threads),
    ];
    // As the usual harness does: words choose tests by their names, and the last line sums up.
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let chosen =
        |name: &str| words.is_empty() || words.iter().any(|word| format!("warden: {name}").contains(word));
    let began = std::time::Instant::now();
    let (mut passed, mut left_out) = (0, 0);
    for (name, test) in tests {
        if !chosen(name) {
            left_out += 1;
            continue;
        }
        test();
        passed += 1;
        println!("test warden: {name} ... ok");
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "\ntest result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {took:.2}s\n"
    );
}

/// The runner under test: three processes of an attempt, a lock, and a word on each thing that happens.
fn probe(link: Link, lock: &str) -> u8 {
    let file = std::fs::File::create(lock).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    link.share(file.as_fd()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut interrupts = link.listen().unwrap();
        let mut local = Local::new(Settings { sole_parent: true, ..Settings::default() }).unwrap();
        let script =
            "trap '' TERM INT HUP; setsid sh -c 'sleep 300 & sleep 300' & sleep 300 & echo up >&2; sleep 300";
        let mut request = ProcessRequest::new(lock, ["/bin/sh", "-c", script]);
        request.env.push(flow::exec::EnvVar::new("MINE", lock));
        local.start(Ticket(1), Request::Process(request)).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        say(&format!("ready {}", std::process::id()));
        let mut line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            line.trim().parse::<u8>().ok()
        });
        let mut asked = 0;
        loop {
            tokio::select! {
                interrupt = interrupts.next() => match interrupt {
                    Interrupt::Signal(number) => {
                        asked += 1;
                        say(&format!("signal {number} {asked}"));
                    }
                    Interrupt::WardenDied => {
                        local.kill_all();
                        let mut done = Vec::new();
                        std::future::poll_fn(|cx| local.poll_done(cx, &mut done)).await;
                        say("warden died");
                        std::process::exit(70);
                    }
                },
                code = &mut line => if let Ok(Some(code)) = code {
                    local.kill_all();
                    return code;
                } else {
                    std::future::pending::<()>().await;
                },
            }
        }
    })
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A probe that runs.
struct Probe {
    warden: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    lock: std::path::PathBuf,
    runner: i32,
    _folder: tempfile::TempDir,
}

impl Probe {
    fn start() -> Probe {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("lock");
        let mut warden = Command::new(std::env::current_exe().unwrap())
            .env(PROBE, &lock)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(warden.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let words: Vec<&str> = first.split(' ').collect();
        assert_eq!(words[0], "ready", "{first}");
        let number = |at: usize| words[at].parse().unwrap();
        let probe = Probe { runner: number(1), warden, lines, lock, _folder: folder };
        assert!(probe.survivors().len() >= 5, "{:?}", probe.survivors());
        assert!(!probe.lock_is_free());
        probe
    }

    fn attempt(&self) -> &str {
        self.lock.to_str().unwrap()
    }

    fn survivors(&self) -> Vec<i32> {
        proc::strangers(self.attempt())
    }

    fn lock_is_free(&self) -> bool {
        let file = std::fs::File::create(&self.lock).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    fn warden_pid(&self) -> i32 {
        i32::try_from(self.warden.id()).unwrap()
    }

    fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.warden.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the warden does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn say(&mut self, code: u8) {
        writeln!(self.warden.stdin.as_mut().unwrap(), "{code}").unwrap();
    }
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < end, "not within 5 s: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn codes() {
    for code in [0, 3, 143] {
        let mut probe = Probe::start();
        probe.say(code);
        assert_eq!(probe.wait().code(), Some(i32::from(code)));
        assert!(probe.survivors().is_empty(), "{:?}", probe.survivors());
        assert!(probe.lock_is_free());
    }
}

fn dead_runner() {
    for _ in 0..5 {
        let mut probe = Probe::start();
        signal(probe.runner, Signal::KILL);
        assert_eq!(probe.wait().code(), Some(137));
        assert!(probe.survivors().is_empty(), "{:?}", probe.survivors());
        assert!(probe.lock_is_free());
    }
}

fn dead_warden() {
    let mut probe = Probe::start();
    signal(probe.warden_pid(), Signal::KILL);
    probe.wait();
    eventually("no survivor", || probe.survivors().is_empty());
    eventually("the runner is gone", || proc::stat(probe.runner).is_none_or(|stat| stat.state == b'Z'));
    assert_eq!(probe.lines.next().unwrap().unwrap(), "warden died");
    eventually("the lock is free", || probe.lock_is_free());
}

fn both_dead() {
    let mut probe = Probe::start();
    kill_process_group(Pid::from_raw(probe.warden_pid()).unwrap(), Signal::KILL).unwrap();
    probe.wait();
    eventually("no survivor", || {
        let free = probe.lock_is_free();
        let left = probe.survivors();
        assert!(!free || left.is_empty(), "the lock fell before {left:?}");
        left.is_empty()
    });
    eventually("the lock is free", || probe.lock_is_free());
    assert!(!kill_left(probe.attempt()), "nothing is left to kill");
}

fn signal_to_warden() {
    let mut probe = Probe::start();
    signal(probe.warden_pid(), Signal::INT);
    assert_eq!(probe.lines.next().unwrap().unwrap(), "signal 2 1");
    signal(probe.warden_pid(), Signal::TERM);
    assert_eq!(probe.lines.next().unwrap().unwrap(), "signal 15 2");
    signal(probe.runner, Signal::HUP);
    assert_eq!(probe.lines.next().unwrap().unwrap(), "signal 1 3");
    probe.say(9);
    assert_eq!(probe.wait().code(), Some(9));
}

fn signal_to_group() {
    let mut probe = Probe::start();
    let group = Pid::from_raw(probe.warden_pid()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    assert_eq!(probe.lines.next().unwrap().unwrap(), "signal 2 1");
    std::thread::sleep(Duration::from_millis(300));
    kill_process_group(group, Signal::INT).unwrap();
    assert_eq!(probe.lines.next().unwrap().unwrap(), "signal 2 2");
    std::thread::sleep(Duration::from_millis(300));
    probe.say(0);
    assert_eq!(probe.wait().code(), Some(0));
    assert!(probe.lines.next().is_none(), "no third one");
}

fn decoys() {
    let mut decoy = Command::new("sleep").arg("100").env("FLOW_ATTEMPT_ID", "somebody's").spawn().unwrap();
    assert!(!kill_left("nobody's"));
    assert!(decoy.try_wait().unwrap().is_none(), "it lives");
    eventually("it is killed", || kill_left("somebody's"));
    assert!(!decoy.wait().unwrap().success());
}

fn threads() {
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let refused = run_under_warden(|_| 0);
    assert!(refused.unwrap_err().message.contains("several threads"));
    drop(stop);
    let _ = thread.join();
}
