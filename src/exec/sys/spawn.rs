//! Starting a program at the price of `posix_spawn`, with what `posix_spawn` cannot set.
//!
//! `clone(CLONE_VM | CLONE_VFORK)`: the child runs on a small stack of its own inside our memory while this thread
//! waits, so nothing of our heap is copied; it only makes system calls and then becomes the program. What went
//! wrong it writes into the shared memory. The one `Spawner` belongs to one thread, because the death signal of a
//! child is tied to the *thread* that made it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::Pid;

const STACK: usize = 64 * 1024;
const GUARD: usize = 4096;

/// Signals that this process may have given a handler or ignore, and that a program expects at their defaults.
const RESET: [c_int; 9] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGTERM,
    libc::SIGCHLD,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
];

/// A program to start, with everything evaluated.
#[derive(Debug)]
pub struct Image<'a> {
    /// Files to try in turn, as a search of PATH would.
    pub programs: &'a [CString],
    pub argv: &'a [CString],
    /// The whole environment, as `NAME=value`.
    pub env: &'a [&'a CStr],
    /// The working folder, else ours.
    pub cwd: Option<&'a CStr>,
    /// What becomes 0, 1 and 2. Each is 3 or above and closed on exec.
    pub stdio: [BorrowedFd<'a>; 3],
}

/// A process that runs.
#[derive(Debug)]
pub struct Child {
    /// Its process id, and its process group's.
    pub pid: Pid,
    /// Readable when it has ended.
    pub pidfd: OwnedFd,
}

/// At which step a start failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No process could be made.
    Clone,
    /// The working folder could not be entered.
    Cwd,
    /// A descriptor or the process group could not be set.
    Setup,
    /// The program could not be executed.
    Exec,
}

/// Why a start failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpawnFailure {
    pub stage: Stage,
    pub errno: Errno,
}

/// Starts programs from one thread.
#[derive(Debug)]
pub struct Spawner {
    stack: *mut c_void,
    parent: libc::pid_t,
    // Kept between starts, so that a start allocates no table.
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
}

/// What the child reads, and where it leaves its error. Lives on the parent's stack while the parent waits.
struct Order {
    programs: *const CString,
    program_count: usize,
    argv: *const *const c_char,
    env: *const *const c_char,
    cwd: *const c_char,
    stdio: [RawFd; 3],
    parent: libc::pid_t,
    stage: Stage,
    errno: c_int,
}

impl Spawner {
    /// A spawner for the calling thread.
    ///
    /// # Errors
    /// When there is no memory for its stack.
    pub fn new() -> Result<Spawner, Errno> {
        // SAFETY: an anonymous mapping at a place the kernel chooses; nothing else refers to it.
        let stack = unsafe {
            libc::mmap(
                ptr::null_mut(),
                STACK + GUARD,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if stack == libc::MAP_FAILED {
            return Err(super::last_errno());
        }
        // SAFETY: the first page of the mapping just made; an overflow of the stack faults there.
        unsafe { libc::mprotect(stack, GUARD, libc::PROT_NONE) };
        // SAFETY: getpid has no preconditions.
        let parent = unsafe { libc::getpid() };
        Ok(Spawner { stack, parent, argv: Vec::new(), env: Vec::new() })
    }

    /// Starts `image` as the leader of its own process group, to be killed when this thread dies. Returns when the
    /// program runs.
    ///
    /// # Errors
    /// The step that failed and what the system said; no process is left then.
    pub fn spawn(&mut self, image: &Image<'_>) -> Result<Child, SpawnFailure> {
        fill(&mut self.argv, image.argv.iter().map(|text| text.as_ptr()));
        fill(&mut self.env, image.env.iter().map(|text| text.as_ptr()));
        let mut order = Order {
            programs: image.programs.as_ptr(),
            program_count: image.programs.len(),
            argv: self.argv.as_ptr(),
            env: self.env.as_ptr(),
            cwd: image.cwd.map_or(ptr::null(), CStr::as_ptr),
            stdio: [image.stdio[0].as_raw_fd(), image.stdio[1].as_raw_fd(), image.stdio[2].as_raw_fd()],
            parent: self.parent,
            stage: Stage::Clone,
            errno: 0,
        };
        let (pid, pidfd) = self.clone_with(&mut order)?;
        // SAFETY: the kernel just made this descriptor for us, and nobody else owns it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        // The child wrote through the pointer while this thread was suspended: read it as memory that can change.
        // SAFETY: `order` lives, and the child is gone from our memory (it has executed or ended).
        let (stage, errno) = unsafe {
            (ptr::read_volatile(&raw const order.stage), ptr::read_volatile(&raw const order.errno))
        };
        if errno != 0 {
            let mut status = 0;
            // SAFETY: waits for the child that has already left by `_exit`.
            unsafe { libc::waitpid(pid, &raw mut status, 0) };
            return Err(SpawnFailure { stage, errno: Errno::from_raw_os_error(errno) });
        }
        let Some(pid) = Pid::from_raw(pid) else {
            return Err(SpawnFailure { stage: Stage::Clone, errno: Errno::IO });
        };
        Ok(Child { pid, pidfd })
    }

    fn clone_with(&self, order: &mut Order) -> Result<(libc::pid_t, RawFd), SpawnFailure> {
        let mut pidfd: c_int = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        // SAFETY: zeroed signal sets are valid, and are filled before use. With every signal blocked no handler of
        // ours can run in the child, which shares our memory. The child gets its own stack (the mapping of `new`,
        // whose end is aligned to a page; only one child uses it, since this thread sleeps until it is free again)
        // and a pointer to `order`, which outlives it.
        let (pid, failed) = unsafe {
            let (mut all, mut before): (libc::sigset_t, libc::sigset_t) =
                (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            let top = self.stack.byte_add(STACK + GUARD);
            let pid = libc::clone(child_main, top, flags, ptr::from_mut(order).cast(), &raw mut pidfd);
            let failed = super::last_errno();
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
            (pid, failed)
        };
        if pid < 0 { Err(SpawnFailure { stage: Stage::Clone, errno: failed }) } else { Ok((pid, pidfd)) }
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`; no child uses it, since `spawn` returns only afterwards.
        unsafe { libc::munmap(self.stack, STACK + GUARD) };
    }
}

fn fill(table: &mut Vec<*const c_char>, items: impl Iterator<Item = *const c_char>) {
    table.clear();
    table.extend(items);
    table.push(ptr::null());
}

/// The child between `clone` and `execve`: system calls only, no allocation, no lock, no panic.
extern "C" fn child_main(order: *mut c_void) -> c_int {
    let order: *mut Order = order.cast();
    // SAFETY: the parent keeps `order` and all it points to alive while it waits for us; the calls below are
    // system calls on values of the right types, safe to make in a process that shares its parent's memory.
    unsafe {
        let (stage, errno) = become_program(&*order);
        ptr::write_volatile(&raw mut (*order).stage, stage);
        ptr::write_volatile(&raw mut (*order).errno, errno);
        libc::_exit(127)
    }
}

/// # Safety
/// Only in a fresh child that shares the parent's memory and has its own stack; `order` points to live data.
unsafe fn become_program(order: &Order) -> (Stage, c_int) {
    // SAFETY: as the function's.
    unsafe {
        if libc::setpgid(0, 0) != 0 {
            return (Stage::Setup, *libc::__errno_location());
        }
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != order.parent {
            libc::_exit(127); // the parent died before the death signal was set
        }
        for (target, source) in order.stdio.iter().enumerate() {
            // `target` is 0, 1 or 2: the cast keeps it.
            if libc::dup2(*source, target as c_int) < 0 {
                return (Stage::Setup, *libc::__errno_location());
            }
        }
        libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if !order.cwd.is_null() && libc::chdir(order.cwd) != 0 {
            return (Stage::Cwd, *libc::__errno_location());
        }
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        for signal in RESET {
            libc::sigaction(signal, &raw const default, ptr::null_mut());
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        (Stage::Exec, execute(order))
    }
}

/// Tries the candidates as `execvp` does and returns the error that tells most.
///
/// # Safety
/// As [`become_program`].
unsafe fn execute(order: &Order) -> c_int {
    let mut told = libc::ENOENT;
    for index in 0..order.program_count {
        // SAFETY: `index` is inside the table; the strings and tables are ended by NUL.
        let errno = unsafe {
            let program: *const CString = order.programs.add(index);
            libc::execve((*program).as_ptr(), order.argv, order.env);
            *libc::__errno_location()
        };
        match errno {
            libc::ENOENT | libc::ENOTDIR => {}
            libc::EACCES => told = errno,
            _ => return errno,
        }
    }
    told
}
