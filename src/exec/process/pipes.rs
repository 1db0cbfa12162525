//! The pipes of a command.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::exec::sys::Stdio;
use crate::exec::{ExecError, Fault};

/// Descriptors that commands leave to the rest of this process: for the record, files that are read, pipes being made.
const RESERVE: u64 = 16;

/// The two outputs of a command.
#[derive(Debug)]
pub(super) struct Pipes {
    /// Where we read; that does not wait.
    pub(super) outputs: [OwnedFd; 2],
    /// Where it writes.
    pub(super) ends: [OwnedFd; 2],
}

impl Pipes {
    pub(super) fn new() -> Result<Pipes, ExecError> {
        let (out, out_end) = pipe_with(PipeFlags::CLOEXEC).map_err(busy)?;
        let (err, err_end) = pipe_with(PipeFlags::CLOEXEC).map_err(busy)?;
        // The lowest free numbers are given out: a high one says that few are left.
        if err_end.as_raw_fd() >= first_reserved() {
            return Err(busy(Errno::MFILE));
        }
        rustix::io::ioctl_fionbio(&out, true).map_err(busy)?;
        rustix::io::ioctl_fionbio(&err, true).map_err(busy)?;
        Ok(Pipes { outputs: [out, err], ends: [out_end, err_end] })
    }

    pub(super) fn stdio<'a>(&'a self, stdin: BorrowedFd<'a>) -> Stdio<'a> {
        [stdin, self.ends[0].as_fd(), self.ends[1].as_fd()]
    }
}

/// A pipe to feed a command: its end, and ours, which does not wait.
pub(super) fn feeding() -> Result<(OwnedFd, OwnedFd), ExecError> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).map_err(busy)?;
    rustix::io::ioctl_fionbio(&write, true).map_err(busy)?;
    Ok((read, write))
}

/// Where the reserve begins, of all that this process may have.
fn first_reserved() -> i32 {
    static FIRST: OnceLock<i32> = OnceLock::new();
    *FIRST.get_or_init(|| {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        limit.map_or(i32::MAX, |limit| i32::try_from(limit.saturating_sub(RESERVE)).unwrap_or(i32::MAX))
    })
}

fn busy(errno: Errno) -> ExecError {
    ExecError::new(Fault::Busy, format!("cannot make a pipe: {}", crate::exec::plain(&errno.into())))
}
