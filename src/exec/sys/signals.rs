//! Signals as readable events, and the split of a process into two.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::Pid;

/// A set of blocked signals that is read like a file.
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

/// One signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalSeen {
    pub signal: i32,
}

impl SignalFd {
    /// Blocks `signals` in this thread and reads them from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(signals: &[i32]) -> Result<SignalFd, Errno> {
        // SAFETY: the set is made empty before it is used, and outlives the calls.
        let fd = unsafe {
            let set = set_of(signals);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
            libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        // SAFETY: a fresh descriptor that nobody else owns.
        if fd < 0 { Err(super::last_errno()) } else { Ok(SignalFd(unsafe { OwnedFd::from_raw_fd(fd) })) }
    }

    /// The next signal that waits, if any.
    pub fn next(&self) -> Option<SignalSeen> {
        // SAFETY: all-zero is a valid value of the plain C structure, and the read is bounded by its size.
        unsafe {
            let mut info: libc::signalfd_siginfo = std::mem::zeroed();
            let size = size_of::<libc::signalfd_siginfo>();
            let got = libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size);
            (got == size as isize).then(|| SignalSeen { signal: info.ssi_signo.cast_signed() })
        }
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a parent may have left otherwise: the ends of children are told of, and a file that grows over a limit gives an
/// error and no signal. What this process starts has the defaults again.
pub fn settle_signals() {
    // SAFETY: neither a default nor ignoring installs code.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// Whether whoever started this process had it ignore the signal.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: all-zero is a valid value of the plain C structure; without a new action the call only fills it in.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Gives these signals their defaults again, whatever has listened to them.
pub fn default_signals(signals: &[i32]) {
    for signal in signals {
        // SAFETY: a default installs no code.
        unsafe { libc::signal(*signal, libc::SIG_DFL) };
    }
}

/// Which of the two a process is after [`split_process`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The first process; the other's id.
    First(Pid),
    /// The new one.
    Second,
}

/// Splits this process into two. Refused with `EBUSY` when it has more than one thread, because only the calling
/// one would exist in the second. `blocked` signals are blocked in the first from before the split, so that none
/// is lost, and unblocked in the second.
///
/// # Errors
/// What the system says.
pub fn split_process(blocked: &[i32]) -> Result<Split, Errno> {
    let threads = std::fs::read_dir("/proc/self/task").map(Iterator::count);
    if threads.is_ok_and(|count| count != 1) {
        return Err(Errno::BUSY);
    }
    // SAFETY: the process has one thread, so the copy is whole: no lock can be held by a thread that is missing.
    unsafe {
        let set = set_of(blocked);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        let pid = libc::fork();
        if pid < 0 {
            let errno = super::last_errno();
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
            return Err(errno);
        }
        match Pid::from_raw(pid) {
            Some(pid) => Ok(Split::First(pid)),
            None => {
                libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
                Ok(Split::Second)
            }
        }
    }
}

/// # Safety
/// None beyond valid signal numbers, which the C library checks.
unsafe fn set_of(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: a zeroed set is valid memory for the calls that define it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        set
    }
}
