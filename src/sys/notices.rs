//! News that links or addresses changed (rtnetlink(7)): only that they did; what they are now is read afresh.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::checked;

/// Messages read in one go, so that a storm of changes cannot hold the reader.
const MOST_READS: usize = 256;

/// A subscription to link and address changes of the network namespace it was opened in. Needs no rights.
#[derive(Debug)]
pub struct RouteNotices(OwnedFd);

impl RouteNotices {
    pub fn open() -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointers are passed.
        let fd = checked(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })?;
        // SAFETY: the descriptor is new and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: all zeros is a valid `sockaddr_nl`.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as u16;
        address.nl_groups = (libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR) as u32;
        let len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: the address lives until the call returns and `len` is its size.
        checked(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) })?;
        Ok(Self(fd))
    }

    /// Reads away what has come; whether anything had. An overrun is news too.
    pub fn drain(&self) -> bool {
        let mut buffer = [0_u8; 8192];
        let mut news = false;
        for _ in 0..MOST_READS {
            // SAFETY: the kernel writes at most the length of `buffer`.
            let read = unsafe { libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
            if read > 0 {
                news = true;
                continue;
            }
            let overrun = read < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS);
            if !overrun {
                break;
            }
            news = true;
        }
        news
    }
}

impl AsFd for RouteNotices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
