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

impl Feed {
    pub(super) fn new(pipe: OwnedFd, bytes: Vec<u8>) -> Feed {
        Feed { pipe, bytes, sent: 0 }
    }

    /// Writes what fits; says whether that was all. A program that reads no further (a closed pipe) is no error.
    pub(super) fn push(&mut self) -> bool {
        while self.sent < self.bytes.len() {
            match rustix::io::write(&self.pipe, &self.bytes[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return false,
                Err(_) => return true,
            }
        }
        true
    }
}

impl AsFd for Feed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
