//! Standard input: what the pipe takes at once, and the rest as the program reads.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

/// Bytes on their way into a program.
#[derive(Debug)]
pub(super) struct Feed {
    pipe: OwnedFd,
    bytes: Vec<u8>,
    sent: usize,
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// The pipe is full.
    Some,
    /// All that the program wants.
    All,
    /// The system refused: the program was told a part of it.
    Refused(Errno),
}

impl Feed {
    pub(super) fn new(pipe: OwnedFd, bytes: Vec<u8>) -> Feed {
        Feed { pipe, bytes, sent: 0 }
    }

    /// Writes what fits. A program that reads no further (a closed pipe) is no error.
    pub(super) fn push(&mut self) -> Fed {
        while self.sent < self.bytes.len() {
            match rustix::io::write(&self.pipe, &self.bytes[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Fed::Some,
                Err(Errno::PIPE) => return Fed::All,
                Err(errno) => return Fed::Refused(errno),
            }
        }
        Fed::All
    }
}

impl AsFd for Feed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
