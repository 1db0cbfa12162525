//! The child between `clone` and `execve`: system calls only, no allocation, no lock, no panic, no C library.

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::RawFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use rustix::io::Errno;

use super::{SpawnFailure, Stage};
use crate::exec::sys::raw::call;

/// Signals that this process may have given a handler or ignore, and that a program expects at their defaults; and those that
/// a terminal sends to a whole group.
const RESET: [c_int; 11] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGCHLD,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGXFSZ,
];

/// Bytes in the kernel's set of signals.
const SET: usize = 8;

/// What the child reads, and where it leaves its error. It stays where it is until the child has left our memory.
#[derive(Debug)]
pub(super) struct Letter {
    /// 1 until the kernel has seen the child leave our memory.
    pub(super) alive: AtomicU32,
    stage: AtomicU32,
    errno: AtomicI32,
    parent: libc::pid_t,
    /// The terminal of this process, or -1.
    terminal: RawFd,
    stdio: [RawFd; 3],
    programs: AtomicPtr<CString>,
    program_count: AtomicUsize,
    argv: AtomicPtr<*const c_char>,
    env: AtomicPtr<*const c_char>,
    cwd: AtomicPtr<c_char>,
}

/// What the child is to become. All of it must stay where it is until the child has left our memory.
pub(super) struct Address<'a> {
    pub(super) programs: &'a [CString],
    /// Ended by null, as is the next.
    pub(super) argv: *const *const c_char,
    pub(super) env: *const *const c_char,
    pub(super) cwd: *const c_char,
}

impl Letter {
    pub(super) fn new(parent: libc::pid_t, terminal: RawFd, stdio: [RawFd; 3]) -> Letter {
        Letter {
            alive: AtomicU32::new(1),
            stage: AtomicU32::new(0),
            errno: AtomicI32::new(0),
            parent,
            terminal,
            stdio,
            programs: AtomicPtr::new(null_mut()),
            program_count: AtomicUsize::new(0),
            argv: AtomicPtr::new(null_mut()),
            env: AtomicPtr::new(null_mut()),
            cwd: AtomicPtr::new(null_mut()),
        }
    }

    /// Writes what the child is to become.
    pub(super) fn address(&self, to: &Address<'_>) {
        self.programs.store(to.programs.as_ptr().cast_mut(), Ordering::Relaxed);
        self.program_count.store(to.programs.len(), Ordering::Relaxed);
        self.argv.store(to.argv.cast_mut(), Ordering::Relaxed);
        self.env.store(to.env.cast_mut(), Ordering::Relaxed);
        self.cwd.store(to.cwd.cast_mut(), Ordering::Relaxed);
    }

    /// What the child left, once it is gone from our memory.
    pub(super) fn failure(&self) -> Option<SpawnFailure> {
        let errno = self.errno.load(Ordering::Acquire);
        let stage = match self.stage.load(Ordering::Acquire) {
            0 => Stage::Setup,
            1 => Stage::Cwd,
            _ => Stage::Exec,
        };
        (errno != 0).then(|| SpawnFailure { stage, errno: Errno::from_raw_os_error(errno) })
    }

    fn leave(&self, stage: Stage, errno: i32) {
        let stage = match stage {
            Stage::Clone | Stage::Setup => 0,
            Stage::Cwd => 1,
            Stage::Exec => 2,
        };
        self.stage.store(stage, Ordering::Release);
        self.errno.store(errno, Ordering::Release);
    }
}

/// What the child does.
pub(super) extern "C" fn child_main(letter: *mut c_void) -> c_int {
    // SAFETY: the parent keeps the letter and all it points to alive while the child is in its memory; the calls below are system calls on values of the right types.
    unsafe {
        let letter: &Letter = &*letter.cast_const().cast();
        if let Err(errno) = prepare(letter) {
            letter.leave(Stage::Setup, errno);
        } else {
            let (stage, errno) = become_program(letter);
            letter.leave(stage, errno);
        }
        loop {
            call(libc::SYS_exit_group, [127, 0, 0, 0, 0]);
        }
    }
}

fn failed(result: isize) -> Result<(), i32> {
    if result < 0 { Err(i32::try_from(-result).unwrap_or(libc::EIO)) } else { Ok(()) }
}

/// What every program needs.
///
/// # Safety
/// Only in a fresh child that shares the parent's memory and has its own stack.
unsafe fn prepare(letter: &Letter) -> Result<(), i32> {
    // SAFETY: as the function's.
    unsafe {
        failed(leave_terminal(letter.terminal))?;
        call(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as usize, libc::SIGKILL as usize, 0, 0, 0]);
        if call(libc::SYS_getppid, [0; 5]) != letter.parent as isize {
            return Err(libc::ESRCH); // the parent died before the death signal was set
        }
        for (target, source) in letter.stdio.iter().enumerate() {
            failed(call(libc::SYS_dup3, [*source as usize, target, 0, 0, 0]))?;
        }
        // Those of ours are closed by `execve`; what we inherited may not be. A kernel without this call leaves them open.
        call(libc::SYS_close_range, [3, u32::MAX as usize, 0, 0, 0]);
        // What was sent to the group of this process before the child had its own is blocked and pending: to be ignored
        // for a moment discards it. The kernel's record of an action is its handler, flags, restorer and mask.
        let (ignored, default) = ([libc::SIG_IGN as u64, 0, 0, 0], [libc::SIG_DFL as u64, 0, 0, 0]);
        for signal in RESET {
            for action in [&ignored, &default] {
                call(libc::SYS_rt_sigaction, [signal as usize, action.as_ptr() as usize, 0, SET, 0]);
            }
        }
    }
    Ok(())
}

/// A process group of its own, without a terminal: what asks a person there fails at once instead of being stopped. A
/// session of its own would do both, but the kernel makes a scheduling group for each, which costs more than all the rest.
///
/// # Safety
/// As [`prepare`].
unsafe fn leave_terminal(terminal: RawFd) -> isize {
    // SAFETY: as the function's.
    unsafe {
        if terminal < 0 || call(libc::SYS_ioctl, [terminal as usize, libc::TIOCNOTTY as usize, 0, 0, 0]) == 0
        {
            return call(libc::SYS_setpgid, [0; 5]);
        }
        call(libc::SYS_setsid, [0; 5])
    }
}

/// # Safety
/// As [`prepare`]; what `letter` points to is written.
unsafe fn become_program(letter: &Letter) -> (Stage, i32) {
    // SAFETY: as the function's.
    unsafe {
        let cwd = letter.cwd.load(Ordering::Relaxed);
        if !cwd.is_null()
            && let Err(errno) = failed(call(libc::SYS_chdir, [cwd as usize, 0, 0, 0, 0]))
        {
            return (Stage::Cwd, errno);
        }
        let none = 0u64;
        let set = &raw const none as usize;
        call(libc::SYS_rt_sigprocmask, [libc::SIG_SETMASK as usize, set, 0, SET, 0]);
        (Stage::Exec, execute(letter))
    }
}

/// Tries the candidates as `execvp` does and returns the error that tells most.
///
/// # Safety
/// As [`become_program`].
unsafe fn execute(letter: &Letter) -> i32 {
    let (argv, env) = (letter.argv.load(Ordering::Relaxed), letter.env.load(Ordering::Relaxed));
    let programs = letter.programs.load(Ordering::Relaxed);
    let mut told = libc::ENOENT;
    for index in 0..letter.program_count.load(Ordering::Relaxed) {
        // SAFETY: `index` is inside the table; the strings and tables are ended by NUL.
        let result = unsafe {
            let program = (*programs.add(index)).as_ptr();
            call(libc::SYS_execve, [program as usize, argv as usize, env as usize, 0, 0])
        };
        match i32::try_from(-result).unwrap_or(libc::EIO) {
            libc::ENOENT | libc::ENOTDIR => {}
            libc::EACCES => told = libc::EACCES,
            errno => return errno,
        }
    }
    told
}
