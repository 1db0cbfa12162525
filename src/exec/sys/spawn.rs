//! Starting a program at the price of `posix_spawn`, with what `posix_spawn` cannot set.
//!
//! `clone(CLONE_VM)`: the child runs on a small stack of its own inside our memory, so nothing of our heap is copied; it
//! only makes system calls and then becomes the program. What went wrong it writes into the shared memory. Usually this
//! thread waits until it is the program; with all cores busy that may take long, and a *launch* is not waited for. The
//! one `Spawner` belongs to one thread, because the death signal of a child is tied to the *thread* that made it.

mod child;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Pid;

use super::raw;
use child::{Address, Letter, child_main};

const STACK: usize = 64 * 1024;
const GUARD: usize = 4096;
/// Stacks that are kept for further launches.
const MOST_SPENT: usize = 64;

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
}

/// What becomes 0, 1 and 2. Each is 3 or above and closed on exec.
pub type Stdio<'a> = [BorrowedFd<'a>; 3];

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

/// The strings of a program, which stay where they are as long as this does.
pub trait Strings {
    /// Files to try in turn.
    fn programs(&self) -> &[CString];
    fn argv(&self) -> &[CString];
    fn env(&self) -> Vec<&CStr>;
    fn cwd(&self) -> Option<&CStr>;
}

/// A letter that a child may be reading: dropped, it waits until it is not.
#[derive(Debug)]
struct Sealed(Box<Letter>);

/// A child on its way into its program, with what it reads until it is there.
#[derive(Debug)]
pub struct Launch<S> {
    // First: the child is gone from the others when it has been dropped.
    letter: Sealed,
    stack: Stack,
    strings: Box<S>,
    _argv: Vec<*const c_char>,
    _env: Vec<*const c_char>,
}

/// Starts programs from one thread.
#[derive(Debug)]
pub struct Spawner {
    stack: Stack,
    /// Stacks of launches that are over.
    spent: Vec<Stack>,
    parent: libc::pid_t,
    /// The terminal of this process's session, for children to leave.
    terminal: Option<OwnedFd>,
    // Kept between starts, so that a start allocates no table.
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
}

impl Spawner {
    /// Whether a child can run beside its parent on this machine.
    pub const BESIDE: bool = raw::ALONE;

    /// A spawner for the calling thread.
    ///
    /// # Errors
    /// When there is no memory for its stack.
    pub fn new() -> Result<Spawner, Errno> {
        // SAFETY: getpid has no preconditions.
        let parent = unsafe { libc::getpid() };
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty());
        Ok(Spawner {
            stack: Stack::new()?,
            spent: Vec::new(),
            parent,
            terminal: terminal.ok(),
            argv: Vec::new(),
            env: Vec::new(),
        })
    }

    /// A letter that says nothing yet of the program.
    fn letter(&self, stdio: Stdio<'_>) -> Letter {
        let terminal = self.terminal.as_ref().map_or(-1, |fd| fd.as_raw_fd());
        Letter::new(self.parent, terminal, stdio.map(|fd| fd.as_raw_fd()))
    }

    /// Starts `image` as the leader of its own process group, without a terminal, to be killed when this thread dies. Returns
    /// when the program runs.
    ///
    /// # Errors
    /// The step that failed and what the system said; no process is left then.
    pub fn spawn(&mut self, image: &Image<'_>, stdio: Stdio<'_>) -> Result<Child, SpawnFailure> {
        let letter = self.letter(stdio);
        self.address(&letter, image);
        let child = clone_with(&letter, &self.stack, libc::CLONE_VFORK)?;
        reaped_if_failed(&letter, child)
    }

    /// Starts a program without waiting until it runs. What went wrong is in the launch when the child has ended.
    ///
    /// # Errors
    /// When no process can be made: gives the strings back. `ENOSYS` where it is not [`Spawner::BESIDE`].
    pub fn launch<S: Strings>(
        &mut self,
        strings: S,
        stdio: Stdio<'_>,
    ) -> Result<(Child, Launch<S>), (S, SpawnFailure)> {
        let failed = |errno| SpawnFailure { stage: Stage::Clone, errno };
        if !Spawner::BESIDE {
            return Err((strings, failed(Errno::NOSYS)));
        }
        let stack = match self.spent.pop().map_or_else(Stack::new, Ok) {
            Ok(stack) => stack,
            Err(errno) => return Err((strings, failed(errno))),
        };
        let launch = Launch::new(Sealed(Box::new(self.letter(stdio))), stack, strings);
        match clone_with(&launch.letter.0, &launch.stack, libc::CLONE_CHILD_CLEARTID) {
            Ok(child) => Ok((child, launch)),
            Err(failure) => Err((*launch.strings, failure)),
        }
    }

    /// Takes back what a launch used.
    pub fn take_back<S>(&mut self, launch: Launch<S>) {
        let Launch { letter, stack, .. } = launch;
        drop(letter);
        if self.spent.len() < MOST_SPENT {
            self.spent.push(stack);
        }
    }

    /// Writes what the child is to become into its letter; the image outlives its reading, for its start is waited for.
    fn address(&mut self, letter: &Letter, image: &Image<'_>) {
        fill(&mut self.argv, image.argv.iter().map(|text| text.as_ptr()));
        fill(&mut self.env, image.env.iter().map(|text| text.as_ptr()));
        letter.address(&Address {
            programs: image.programs,
            argv: self.argv.as_ptr(),
            env: self.env.as_ptr(),
            cwd: image.cwd.map_or(ptr::null(), CStr::as_ptr),
        });
    }
}

impl Sealed {
    /// Waits until the child has left our memory: it runs or has ended.
    fn wait(&self) {
        while self.0.alive.load(Ordering::Acquire) != 0 {
            // The kernel sets it to zero and wakes us then.
            sleep_while_shared(&self.0.alive);
        }
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.wait();
    }
}

impl<S: Strings> Launch<S> {
    fn new(letter: Sealed, stack: Stack, strings: S) -> Launch<S> {
        let strings = Box::new(strings);
        let (mut argv, mut env) = (Vec::new(), Vec::new());
        fill(&mut argv, strings.argv().iter().map(|text| text.as_ptr()));
        fill(&mut env, strings.env().iter().map(|text| text.as_ptr()));
        letter.0.address(&Address {
            programs: strings.programs(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            cwd: strings.cwd().map_or(ptr::null(), CStr::as_ptr),
        });
        Launch { letter, stack, strings, _argv: argv, _env: env }
    }
}

impl<S> Launch<S> {
    /// Waits until the child has left our memory, and says what it failed at.
    pub fn failure(&self) -> Option<SpawnFailure> {
        self.wait();
        self.letter.0.failure()
    }

    pub fn strings(&self) -> &S {
        &self.strings
    }

    /// Waits until the child has left our memory: it runs or has ended.
    pub fn wait(&self) {
        self.letter.wait();
    }
}

/// The child, unless it has left a failure.
fn reaped_if_failed(letter: &Letter, child: Child) -> Result<Child, SpawnFailure> {
    match letter.failure() {
        None => Ok(child),
        Some(failure) => {
            reap_now(&child);
            Err(failure)
        }
    }
}

/// Waits for a child that is about to leave by `exit`.
fn reap_now(child: &Child) {
    let which = rustix::process::WaitId::PidFd(child.pidfd.as_fd());
    while let Err(Errno::INTR) =
        rustix::process::waitid(which.clone(), rustix::process::WaitIdOptions::EXITED)
    {}
}

fn clone_with(letter: &Letter, stack: &Stack, how: c_int) -> Result<Child, SpawnFailure> {
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_PIDFD | libc::SIGCHLD | how;
    // SAFETY: zeroed signal sets are valid, and are filled before use. With every signal blocked no handler of
    // ours can run in the child, which shares our memory. The child gets a stack that only it uses, whose end is aligned
    // to a page, and a pointer to `letter`; both outlive it: this thread sleeps until it is gone (`CLONE_VFORK`), or the
    // caller keeps them until the kernel has cleared `alive`.
    let (pid, failed) = unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) =
            (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let pid = libc::clone(
            child_main,
            stack.top(),
            flags,
            ptr::from_ref(letter).cast_mut().cast(),
            &raw mut pidfd,
            ptr::null_mut::<c_void>(),
            letter.alive.as_ptr(),
        );
        let failed = super::last_errno();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        (pid, failed)
    };
    if pid < 0 {
        letter.alive.store(0, Ordering::Release);
        return Err(SpawnFailure { stage: Stage::Clone, errno: failed });
    }
    // SAFETY: the kernel just made this descriptor for us, and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let no_process = SpawnFailure { stage: Stage::Clone, errno: Errno::IO };
    Pid::from_raw(pid).map(|pid| Child { pid, pidfd }).ok_or(no_process)
}

fn fill(table: &mut Vec<*const c_char>, items: impl Iterator<Item = *const c_char>) {
    table.clear();
    table.extend(items);
    table.push(ptr::null());
}

/// Sleeps while `word` is 1, until the kernel wakes it.
fn sleep_while_shared(word: &AtomicU32) {
    futex(word, libc::FUTEX_WAIT, 1);
}

fn futex(word: &AtomicU32, what: c_int, value: u32) {
    // SAFETY: `word` lives during the call, and there is no time limit. Whatever it returns, the caller looks at the word
    // again.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), what, value, ptr::null::<libc::timespec>()) };
}

/// Memory for the stack of a child.
#[derive(Debug)]
struct Stack(*mut c_void);

impl Stack {
    fn new() -> Result<Stack, Errno> {
        // SAFETY: an anonymous mapping at a place the kernel chooses; nothing else refers to it.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                STACK + GUARD,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(super::last_errno());
        }
        // SAFETY: the first page of the mapping just made; an overflow of the stack faults there.
        unsafe { libc::mprotect(base, GUARD, libc::PROT_NONE) };
        Ok(Stack(base))
    }

    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.0.byte_add(STACK + GUARD) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`; no child uses it any more.
        unsafe { libc::munmap(self.0, STACK + GUARD) };
    }
}
