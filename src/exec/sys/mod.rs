//! The system calls that the safe crates do not offer: the only module of the crate with `unsafe` in it.
//!
//! Takes prepared strings and descriptors, gives processes, exit statuses and what `/proc` says about them.
//! It knows nothing of tasks, requests or output. Why it may be unsafe: a child must set its death signal, its
//! process group and its signal mask between "new process" and "new program", in a process whose heap may be
//! large; only a raw `clone` that shares the memory until `execve` does that without copying page tables.
#![allow(unsafe_code)]

mod pass;
pub mod proc;
mod raw;
mod signals;
mod spawn;

pub use pass::{receive_fd, send_fd};
pub use signals::{SignalFd, SignalSeen, Split, default_signals, is_ignored, settle_signals, split_process};
pub use spawn::{Child, Image, Launch, SpawnFailure, Spawner, Stage, Stdio, Strings};

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How a process ended, with what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaped {
    pub exit: Exit,
    /// Processor time in user mode, its waited-for children included.
    pub user: Duration,
    /// Processor time in the kernel, its waited-for children included.
    pub system: Duration,
    /// Largest resident set, in bytes.
    pub max_rss: u64,
}

/// The exit status of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It called `exit` with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// The code a shell would show: the code itself, or 128 + the signal's number.
    pub fn shell_code(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        }
    }
}

/// Reaps the child behind `pidfd`, which has ended. It is waited for all the same: one that is being traced is its
/// tracer's first.
///
/// # Errors
/// What the system says, `ECHILD` when it is not a child of ours (any more).
pub fn reap(pidfd: BorrowedFd<'_>) -> rustix::io::Result<Reaped> {
    // SAFETY: all-zero is a valid value of these two plain C structures.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    let fd = libc::c_long::from(pidfd.as_raw_fd());
    loop {
        // SAFETY: both pointers are to live structures of the type the system call fills in.
        let result = unsafe {
            libc::syscall(
                libc::SYS_waitid,
                libc::c_long::from(libc::P_PIDFD),
                fd,
                &raw mut info,
                libc::c_long::from(libc::WEXITED),
                &raw mut usage,
            )
        };
        match if result < 0 { Err(last_errno()) } else { Ok(()) } {
            Ok(()) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    // SAFETY: the kernel filled in the SIGCHLD form of the structure.
    let status = unsafe { info.si_status() };
    let exit = if info.si_code == libc::CLD_EXITED { Exit::Code(status) } else { Exit::Signal(status) };
    Ok(Reaped {
        exit,
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
        max_rss: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    })
}

fn duration(time: libc::timeval) -> Duration {
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0)) + Duration::from_micros(micros)
}

fn last_errno() -> rustix::io::Errno {
    rustix::io::Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(rustix::io::Errno::IO)
}

/// Makes this process unreadable for its children through `/proc/PID/environ`, `/proc/PID/mem` and ptrace (fault
/// list, S10). A child gets back its own readability with its `execve`.
///
/// # Errors
/// What the system says.
pub fn hide_memory() -> rustix::io::Result<()> {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
}

/// Orphans below this process become its children, so that none of them can get away.
///
/// # Errors
/// What the system says.
pub fn adopt_orphans() -> rustix::io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
}

/// Whether the calling thread is the process's first.
pub fn on_main_thread() -> bool {
    // SAFETY: neither call has preconditions.
    unsafe { libc::gettid() == libc::getpid() }
}

/// Gives memory that was freed back to the system, where the C library keeps it: what a large program was checked with is
/// not held for as long as its run takes.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no preconditions; what is in use stays where it is.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Lets memory grow in large steps, which costs nothing until it is used: else every few pages are a call to the system that
/// all threads wait for. For a process that reads programs and does not live long.
pub fn grow_memory_in_steps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it has no preconditions; where it is refused nothing changes.
    unsafe {
        libc::mallopt(libc::M_TOP_PAD, 48 << 20);
    }
}

/// Time since the machine was started, sleep included.
///
/// By the C library: what reads the clock without it cannot run under the tools that count instructions.
pub fn since_boot() -> Duration {
    // SAFETY: all-zero is a valid time, and the pointer is to a live one.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time);
        time
    };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A descriptor in the event loop of the calling tokio runtime, watched for something to read.
///
/// # Errors
/// What the system says.
pub fn watch(fd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` names one open descriptor until it is dropped, and `AsyncFd` keeps it for as long.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}
