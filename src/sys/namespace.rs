//! Network namespaces (network_namespaces(7)): a thread may leave for another one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::checked;

/// Moves the calling thread into the network namespace behind `/proc/PID/ns/net`. Needs `CAP_SYS_ADMIN`.
pub fn enter_network(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no pointers are passed.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// Moves the calling thread into a new, empty network namespace. Needs `CAP_SYS_ADMIN`.
pub fn new_network() -> io::Result<()> {
    // SAFETY: no pointers are passed.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNET) }).map(drop)
}
