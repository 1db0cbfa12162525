//! Handing an open file from one process to the other end of a socket.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::io::Errno;

const SPACE: usize = 64;

/// Room for one control message with one descriptor, aligned as the kernel wants it.
#[repr(align(8))]
struct Control([u8; SPACE]);

/// Sends `fd` over the connected socket `to`, with one byte that names what it is.
///
/// # Errors
/// What the system says.
pub fn send_fd(to: BorrowedFd<'_>, tag: u8, fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut byte = [tag];
    let mut control = Control([0; SPACE]);
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let size = size_of::<RawFd>() as libc::c_uint; // 4
    // SAFETY: the message refers to live buffers; `SPACE` exceeds `CMSG_SPACE` of one descriptor, so the first
    // header and its data lie inside `control`.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size) as _;
        ptr::write_unaligned(libc::CMSG_DATA(header).cast::<RawFd>(), fd.as_raw_fd());
        libc::sendmsg(to.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    if sent == 1 { Ok(()) } else { Err(super::last_errno()) }
}

/// Receives one byte and the descriptor that may come with it. `None` when the other end is closed.
///
/// # Errors
/// What the system says; `EAGAIN` when nothing is there.
pub fn receive_fd(from: BorrowedFd<'_>) -> Result<Option<(u8, Option<OwnedFd>)>, Errno> {
    let mut byte = [0u8];
    let mut control = Control([0; SPACE]);
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    // SAFETY: the message refers to live buffers with their true sizes; a descriptor that the kernel put into the
    // control buffer is ours alone.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = SPACE as _;
        let got =
            libc::recvmsg(from.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC);
        if got < 0 {
            return Err(super::last_errno());
        }
        if got == 0 {
            return Ok(None);
        }
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let mut fd = None;
        if !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
        {
            let raw = ptr::read_unaligned(libc::CMSG_DATA(header).cast::<RawFd>());
            fd = Some(OwnedFd::from_raw_fd(raw));
        }
        Ok(Some((byte[0], fd)))
    }
}
