//! Netlink sockets (netlink(7)) of the kinds that tell of sockets, processes, tracked connections, links and routes.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::checked;

/// What the kernel talks about on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Sockets: sock_diag(7).
    Sockets,
    /// Processes: the connector of linux/cn_proc.h.
    Processes,
    /// Tracked connections: linux/netfilter/nfnetlink.h.
    Netfilter,
    /// Links and routes: rtnetlink(7).
    Routes,
}

/// What one read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes put into the buffer.
    pub len: usize,
    /// The groups it was sent to, one bit each; 0 for an answer to us.
    pub groups: u32,
}

/// A netlink socket that never blocks and hears the kernel alone.
#[derive(Debug)]
pub struct Netlink(OwnedFd);

impl Netlink {
    /// Opens a socket of the calling thread's network namespace. Needs no rights.
    pub fn open(topic: Topic) -> io::Result<Self> {
        let protocol = match topic {
            Topic::Sockets => libc::NETLINK_SOCK_DIAG,
            Topic::Processes => libc::NETLINK_CONNECTOR,
            Topic::Netfilter => libc::NETLINK_NETFILTER,
            Topic::Routes => libc::NETLINK_ROUTE,
        };
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointers are passed.
        let fd = checked(unsafe { libc::socket(libc::AF_NETLINK, kind, protocol) })?;
        // SAFETY: the descriptor is new and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: all zeros is a valid `sockaddr_nl`: the kernel then chooses our address.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as u16;
        let len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: the address lives until the call returns and `len` is its size.
        checked(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) })?;
        Ok(Self(fd))
    }

    /// Listens to a group. Those of sockets are open to all (`NL_CFG_F_NONROOT_RECV` of net/core/sock_diag.c); those of
    /// processes needed `CAP_NET_ADMIN` before Linux 6.6.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.set(libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, group)
    }

    /// Asks for a receive buffer of so many bytes; gets what the system allows.
    pub fn grow_buffer(&self, bytes: u32) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
            .or_else(|_| self.set(libc::SOL_SOCKET, libc::SO_RCVBUF, bytes))
    }

    fn set(&self, level: libc::c_int, option: libc::c_int, value: u32) -> io::Result<()> {
        let len = size_of::<u32>() as libc::socklen_t;
        // SAFETY: the kernel reads `len` bytes, the size of `value`, which outlives the call.
        checked(unsafe { libc::setsockopt(self.0.as_raw_fd(), level, option, (&raw const value).cast(), len) })
            .map(drop)
    }

    /// Sends a message to the kernel, which has acted on it when this returns.
    pub fn send(&self, message: &[u8]) -> io::Result<()> {
        // SAFETY: the kernel reads at most the length of `message`.
        let sent = unsafe { libc::send(self.0.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Takes the next datagram; `None` when there is none now. `ENOBUFS` means that some were lost, and one that
    /// does not fit the buffer is an error. What other processes send is skipped.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        loop {
            // SAFETY: all zeros is a valid `sockaddr_nl`.
            let mut from: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
            let mut len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
            // SAFETY: the kernel writes at most the length of `buffer`, and at most `len` bytes to `from`.
            let read = unsafe {
                libc::recvfrom(
                    self.0.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    libc::MSG_TRUNC,
                    (&raw mut from).cast(),
                    &raw mut len,
                )
            };
            if read < 0 {
                let error = io::Error::last_os_error();
                match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    io::ErrorKind::Interrupted => continue,
                    _ => return Err(error),
                }
            }
            if from.nl_pid != 0 {
                continue;
            }
            let len = read as usize;
            if len > buffer.len() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message larger than the buffer"));
            }
            return Ok(Some(Received { len, groups: from.nl_groups }));
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
