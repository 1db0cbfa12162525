//! F15, F16: clocks that jump, and a machine that slept. The wall clock decides only what a person dated (`sleep`, the time
//! for an answer); timeouts and backoffs go by the time since boot, which nobody sets and which counts while the machine sleeps.
//!
//! A library in front of the system's gives the program clocks that the test moves.

use super::*;
use std::path::PathBuf;

/// Adds to the clocks what a file says: seconds for the wall clock, then for those that count from the boot.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  long done = syscall(SYS_clock_gettime, id, at);
  const char *path = getenv("FLOW_TEST_CLOCK");
  if (done != 0 || path == 0) return (int)done;
  char text[64];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  long n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = 0;
  char *rest;
  long wall = strtol(text, &rest, 10), boot = strtol(rest, 0, 10);
  if (id == CLOCK_REALTIME) at->tv_sec += wall;
  if (id == CLOCK_BOOTTIME) at->tv_sec += boot;
  return 0;
}
"#;

struct Clocks {
    ground: Ground,
    shim: PathBuf,
    offsets: PathBuf,
}

impl Clocks {
    fn new(source: &str) -> Option<Clocks> {
        let compiler = program("cc")?;
        let ground = Ground::new(source, "process");
        let (shim, offsets) = (ground.root.join("shim.so"), ground.root.join("clock"));
        std::fs::write(ground.root.join("shim.c"), SHIM).unwrap();
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg("shim.c").current_dir(&ground.root);
        let made = ended(command, "cc");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let clocks = Clocks { ground, shim, offsets };
        clocks.set(0, 0);
        Some(clocks)
    }

    /// Moves the clocks: both by seconds from the true time.
    fn set(&self, wall: i64, boot: i64) {
        let new = self.offsets.with_extension("new");
        std::fs::write(&new, format!("{wall} {boot}")).unwrap();
        std::fs::rename(new, &self.offsets).unwrap();
    }

    fn start(&self, args: &[&str]) -> Child {
        let mut command = self.ground.command(args);
        command.env("LD_PRELOAD", &self.shim).env("FLOW_TEST_CLOCK", &self.offsets);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until a task has written this line.
    fn wait_for(&self, child: &mut Child, line: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.ground.log().lines().any(|l| l == line) {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "in vain for `{line}`: {ended:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What it said, when it has ended with this code within a time.
fn ends(mut child: Child, code: i32, within: Duration) -> String {
    let Some(status) = ended_within(&mut child, within) else {
        let _ = child.kill();
        panic!("it does not end within {within:?}");
    };
    let output = child.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(status.code(), Some(code), "{said}");
    said
}

const DAY: i64 = 86_400;

#[test]
fn f15_a_wall_clock_that_jumps_moves_no_backoff_and_no_timeout() {
    let jumps = [DAY, -60 * 365 * DAY, -DAY, 40 * 365 * DAY];
    for jump in jumps.into_iter().take(if whole("FLOW_FAULTS") { 4 } else { 2 }) {
        let Some(clocks) = Clocks::new(
            r##"
workflow main() -> String {
  task t {
    sh: "echo try-$FLOW_ATTEMPT >> log; if [ $FLOW_ATTEMPT -lt 2 ]; then exit 1; fi; sleep 0.6"
    retry: { max: 2, backoff: 2s, jitter: 0% }
    timeout: 30s
  }
  let at = now() with { after: [t] }
  at
}
"##,
        ) else {
            return;
        };
        let mut child = clocks.start(&["run", "main.flow", "-q"]);
        clocks.wait_for(&mut child, "try-1");
        let began = Instant::now();
        std::thread::sleep(Duration::from_millis(300));
        clocks.set(jump, 0);
        clocks.wait_for(&mut child, "try-2");
        let waited = began.elapsed();
        clocks.set(-jump, 0);
        assert!(waited >= Duration::from_millis(1500), "{jump}: the backoff took {waited:?}");
        ends(child, 0, Duration::from_secs(20));
        // Nothing of what is shown has a length below nothing, and the order is that of the numbers.
        let shown = clocks.ground.shown();
        assert_eq!(shown["status"], "succeeded", "{shown:#}");
        let human = clocks.ground.flowc(&["show"]);
        assert!(!String::from_utf8_lossy(&human.stdout).contains(" -"), "{human:?}");
        for command in ["runs", "logs", "fsck"] {
            let output = clocks.ground.flowc(&[command]);
            assert_eq!(output.status.code(), Some(0), "{command}: {output:?}");
        }
    }
}

#[test]
fn f15_what_a_person_dated_goes_by_the_wall_clock() {
    let Some(clocks) = Clocks::new(
        r##"
workflow main() -> String {
  task a { sh: "echo a >> log" }
  let slept = sleep(1h) with { after: [a] }
  task b { sh: "echo b >> log" after: [slept] }
  let ok = try { approve("Ship?", timeout: 24h, after: [b]).by } catch e { "#{e.kind}" }
  ok
}
"##,
    ) else {
        return;
    };
    let mut child = clocks.start(&["run", "main.flow", "-q", "--wait"]);
    clocks.wait_for(&mut child, "a");
    std::thread::sleep(Duration::from_millis(300));
    clocks.set(3_700, 0);
    clocks.wait_for(&mut child, "b");
    // An hour back: it is not asked twice, and nothing is slept again.
    clocks.set(0, 0);
    std::thread::sleep(Duration::from_millis(500));
    clocks.set(3 * DAY, 0);
    let said = ends(child, 0, Duration::from_secs(20));
    assert_eq!(said, "timeout\n");
    assert_eq!(clocks.ground.log(), "a\nb\n");
}

#[test]
fn f16_time_that_the_machine_slept_counts_for_timeouts_and_backoffs() {
    let Some(clocks) = Clocks::new(
        r##"
workflow main() -> String {
  let slow = try { task t { sh: "echo up >> log; exec sleep 300" timeout: 2h } "done" } catch e { "#{e.kind}" }
  task again {
    sh: "echo try-$FLOW_ATTEMPT >> log; [ $FLOW_ATTEMPT -ge 2 ]"
    retry: { max: 2, backoff: 2h, jitter: 0% }
  }
  let ok = now() with { after: [again] }
  slow
}
"##,
    ) else {
        return;
    };
    let mut child = clocks.start(&["run", "main.flow", "-q", "-j", "4"]);
    clocks.wait_for(&mut child, "up");
    clocks.wait_for(&mut child, "try-1");
    std::thread::sleep(Duration::from_millis(300));
    clocks.set(8 * 3600, 8 * 3600);
    let said = ends(child, 0, Duration::from_secs(25));
    assert_eq!(said, "timeout\n");
    assert!(clocks.ground.log().contains("try-2"));
}
