//! One runner at a time: a lock on `RUN/lock` that the kernel frees when the last process that shares it is dead.
//!
//! It is a `flock`, which belongs to the *open file description*: a process that inherits the descriptor shares the lock,
//! and no exit path can leave it behind. (`F_OFD_SETLK` has the same meaning for one file but needs an unsafe call.) What is
//! written *in* the file (process, host, boot, since when) is for messages, and for the forced take-over, which checks it
//! against the kernel; it never decides who holds the lock.

use std::fmt;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};

use super::disk;
use super::error::StoreError;
use super::project::RunDir;

/// Bytes of the lock file that are read.
const NOTE: u64 = 4096;

/// A lock that looks taken is tried again for this long: somebody may only have looked whether it is free.
const GLANCE: Duration = Duration::from_millis(30);

/// How long a lock is waited for whose noted processes are dead: what they left is being ended, and then it falls.
const DYING: Duration = Duration::from_secs(5);

/// Who says to hold a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Its processes, the first one first.
    pub processes: Vec<LockProcess>,
    pub host: String,
    /// The kernel's id of this boot.
    pub boot: String,
    /// Since when, ms since 1970.
    pub since: i64,
}

/// A process, told from later ones with the same number by its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockProcess {
    pub pid: u32,
    /// Clock ticks between the boot and its start.
    pub start: u64,
}

impl LockHolder {
    /// Whether all of its processes were of this machine and boot, and have ended.
    fn is_dead(&self) -> bool {
        let lives = |process: &LockProcess| {
            started(process.pid)
                .is_some_and(|(state, start)| start == process.start && !matches!(state, 'Z' | 'X'))
        };
        let known = !self.processes.is_empty() && self.host == host() && self.boot == boot_id();
        known && !self.processes.iter().any(lives)
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.processes.first() else { return f.write_str("a process that left no name") };
        let since = jiff::Timestamp::from_millisecond(self.since).unwrap_or_default();
        let host: String = self.host.chars().filter(|c| !c.is_control()).take(64).collect();
        write!(f, "process {} on {host} since {}", first.pid, since.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}

/// The lock of a run, held until this and every descriptor that was inherited from it are closed.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    run: String,
}

impl RunLock {
    /// Takes the lock and notes this process in it.
    ///
    /// # Errors
    /// `Locked` with the holder.
    pub fn acquire(dir: &RunDir, now: i64) -> Result<RunLock, StoreError> {
        let lock = match RunLock::wait(dir, GLANCE) {
            Err(StoreError::Locked(holder)) if holder.is_dead() => RunLock::wait(dir, DYING)?,
            other => other?,
        };
        let holder =
            LockHolder { processes: vec![this_process()], host: host(), boot: boot_id(), since: now };
        lock.write_note(&holder);
        Ok(lock)
    }

    /// Adopts a descriptor that was inherited from the process that called [`RunLock::acquire`], and notes this process
    /// beside that one.
    ///
    /// # Errors
    /// `Locked` when the descriptor is not one of the run's lock.
    pub fn inherited(fd: OwnedFd, dir: &RunDir) -> Result<RunLock, StoreError> {
        let lock = RunLock { file: File::from(fd), run: dir.id().to_owned() };
        let held = rustix::fs::flock(&lock.file, FlockOperation::NonBlockingLockExclusive).is_ok();
        let mut holder = lock.read_note();
        if !held || !lock.is_at(&dir.lock_file()) {
            return Err(StoreError::Locked(Box::new(holder)));
        }
        holder.processes.push(this_process());
        lock.write_note(&holder);
        Ok(lock)
    }

    /// Kills the processes that hold the run, when they are of this machine and this boot and no others have their
    /// numbers, and takes the lock as soon as it is free.
    ///
    /// # Errors
    /// `Locked` when it is not free after `patience`.
    pub fn take_over(dir: &RunDir, now: i64, patience: Duration) -> Result<RunLock, StoreError> {
        match RunLock::acquire(dir, now) {
            Err(StoreError::Locked(holder)) if holder.host == host() && holder.boot == boot_id() => {
                holder.processes.iter().for_each(kill);
            }
            other => return other,
        }
        drop(RunLock::wait(dir, patience)?);
        RunLock::acquire(dir, now)
    }

    /// Who holds the run now; `None` when nobody does.
    pub fn holder(dir: &RunDir) -> Result<Option<LockHolder>, StoreError> {
        let path = dir.lock_file();
        if disk::look(&path)?.is_none() {
            return Ok(None);
        }
        let lock = RunLock { file: disk::open_file(&path)?, run: dir.id().to_owned() };
        match rustix::fs::flock(&lock.file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(lock.read_note())),
            Err(error) => Err(StoreError::at("lock", &path, error.into())),
        }
    }

    /// The run that this is the lock of.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// A second descriptor of the same lock, to hand to a child. It is closed at `exec` unless the spawner clears that.
    pub fn share(&self) -> Result<OwnedFd, StoreError> {
        self.file.as_fd().try_clone_to_owned().map_err(|error| StoreError::io("share the lock", error))
    }

    fn wait(dir: &RunDir, patience: Duration) -> Result<RunLock, StoreError> {
        let path = dir.lock_file();
        let begun = Instant::now();
        loop {
            if disk::look(dir.path())?.is_none() {
                return Err(StoreError::NoSuchRun { name: dir.id().to_owned(), candidates: Vec::new() });
            }
            let lock = RunLock { file: disk::ensure_file(&path)?, run: dir.id().to_owned() };
            match rustix::fs::flock(&lock.file, FlockOperation::NonBlockingLockExclusive) {
                // The folder may have been taken away between the opening and the locking.
                Ok(()) if lock.is_at(&path) => return Ok(lock),
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() >= patience => {
                    return Err(StoreError::Locked(Box::new(lock.read_note())));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(StoreError::at("lock", &path, error.into())),
            }
        }
    }

    fn is_at(&self, path: &Path) -> bool {
        let (Ok(mine), Ok(there)) = (rustix::fs::fstat(&self.file), rustix::fs::lstat(path)) else {
            return false;
        };
        (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
    }

    fn read_note(&self) -> LockHolder {
        let mut bytes = vec![0; usize::try_from(NOTE).unwrap_or(0)];
        let length = self.file.read_at(&mut bytes, 0).unwrap_or(0);
        serde_json::from_slice(&bytes[..length]).unwrap_or_default()
    }

    /// Best effort: the note decides nothing.
    fn write_note(&self, holder: &LockHolder) {
        let Ok(text) = serde_json::to_vec(holder) else { return };
        let _ = self.file.set_len(0).and_then(|()| self.file.write_all_at(&text, 0));
    }
}

impl AsFd for RunLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Kills a process if it is still the one that was noted.
fn kill(process: &LockProcess) {
    let own = std::process::id();
    let Some(pid) = i32::try_from(process.pid).ok().filter(|_| process.pid != own).and_then(Pid::from_raw)
    else {
        return;
    };
    // The descriptor is taken first: once it is there, the number cannot pass to another process unseen.
    let Ok(fd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
    if start_of(process.pid) == Some(process.start) {
        let parent = parent_of(process.pid);
        let _ = rustix::process::pidfd_send_signal(&fd, Signal::KILL);
        // Its warden may stand still as it did (a paused machine, a stopped job): it must see the death to let go.
        if let Some(parent) = parent {
            let _ = rustix::process::kill_process(parent, Signal::CONT);
        }
    }
}

/// The parent of a process, but for init.
fn parent_of(pid: u32) -> Option<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent: i32 = text.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Pid::from_raw(parent).filter(|_| parent > 1)
}

fn this_process() -> LockProcess {
    let pid = std::process::id();
    LockProcess { pid, start: start_of(pid).unwrap_or(0) }
}

/// When a process started, in clock ticks after the boot; `None` when there is none with this number.
pub fn start_of(pid: u32) -> Option<u64> {
    started(pid).map(|(_, start)| start)
}

/// The letter of a process's state, and when it started.
fn started(pid: u32) -> Option<(char, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the first field after it is the state, the 20th the start.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// The kernel's id of this boot; empty when it does not say.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

/// The name of this machine.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |id| id.trim().to_owned())
}
