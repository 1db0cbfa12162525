//! The keeper: the third process, which acts only when warden and runner die at once.
//!
//! Takes the end of a socket whose other end both of them hold, and the mark that every task of this run carries in
//! its environment. It sleeps in a session of its own, where no signal to a group and no terminal reaches it. When
//! both are dead the kernel has killed the tasks' main processes; the keeper kills whatever carries the mark until
//! nothing does, and only then lets go of its share of the run's lock. Otherwise the warden ends it.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::sys::{self, Split, proc};

/// The variable with which every process below a runner carries the runner's mark; a nested runner adds its own.
pub(super) const MARK_VARIABLE: &str = "FLOW_RUNNER";
/// How long it goes on killing what does not die (a process that hangs in the kernel).
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it looks what the runner has adopted.
const LOOK: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

static MARK: OnceLock<String> = OnceLock::new();

/// The mark of this process's runner, if it has one.
pub(super) fn mark() -> Option<&'static str> {
    MARK.get().map(String::as_str)
}

/// Splits off the keeper. Gives the other end of its socket, for warden and runner to hold; `None` when it cannot be
/// made: it is a second net, and a run works without.
pub(super) fn start() -> Option<UnixStream> {
    let own = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    let outer = std::env::var(MARK_VARIABLE).unwrap_or_default();
    MARK.set(format!("{outer}:{own}")).ok()?;
    let (theirs, ours) = UnixStream::pair().ok()?;
    match sys::split_process(&[]).ok()? {
        Split::First(_) => Some(theirs),
        Split::Second => {
            drop(theirs);
            keep(&ours, &own);
            std::process::exit(0);
        }
    }
}

fn keep(socket: &UnixStream, own: &str) {
    let _ = rustix::process::setsid();
    leave_the_terminal();
    let mut held: Vec<OwnedFd> = Vec::new();
    let mut strays = Strays::new();
    loop {
        let mut fds = [PollFd::new(socket, PollFlags::IN)];
        let news = poll(&mut fds, Some(&LOOK)).unwrap_or(1);
        if news == 0 {
            strays.look();
            continue;
        }
        match sys::receive_fd(socket.as_fd()) {
            Ok(Some((_, fd))) => held.extend(fd),
            Ok(None) => break,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
    strays.kill();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let left = proc::marked(MARK_VARIABLE, own);
        if left.is_empty() {
            return;
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Children that the runner adopted, which may have shed the mark: seen while it lived, since nothing tells them from
/// others' afterwards.
struct Strays {
    warden: i32,
    /// With the beginning of each, as a number may be given out again.
    seen: Vec<(i32, u64)>,
}

impl Strays {
    /// Of the warden that has just split this process off.
    fn new() -> Strays {
        Strays {
            warden: rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get()),
            seen: Vec::new(),
        }
    }

    fn look(&mut self) {
        let own = std::process::id().cast_signed();
        let runners = proc::adopted(self.warden).into_iter().filter(|pid| *pid != own);
        let adopted = runners.flat_map(proc::adopted);
        self.seen = adopted.filter_map(|pid| Some((pid, proc::stat(pid)?.start_ticks))).collect();
    }

    fn kill(&self) {
        for (pid, began) in &self.seen {
            let below = proc::descendants(*pid);
            if proc::kill_if_same(*pid, *began) {
                for pid in below.into_iter().filter_map(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
        }
    }
}

/// Whoever reads our outputs to their end must not wait for the keeper.
fn leave_the_terminal() {
    use rustix::fs::{Mode, OFlags};
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}
