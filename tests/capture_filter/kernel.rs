//! The kernel as judge: it checks programs, and runs them on bytes written to a datagram socket.
//!
//! Needs no rights: any socket takes a filter, and a pair of local datagram sockets runs it on what is sent.

#![allow(unsafe_code, reason = "a socket option of the kernel")]

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;

use egret::capture::filter::Program;

fn attach(socket: &impl AsRawFd, program: &Program) -> io::Result<()> {
    let code: Vec<libc::sock_filter> =
        program.0.iter().map(|one| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k }).collect();
    let filter =
        libc::sock_fprog { len: u16::try_from(code.len()).unwrap_or(u16::MAX), filter: code.as_ptr().cast_mut() };
    let length = libc::socklen_t::try_from(size_of::<libc::sock_fprog>()).unwrap();
    // SAFETY: `filter` and the instructions that it points to live until the call returns; the kernel only reads them.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const filter).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the kernel accepts a program.
pub(crate) fn check(program: &Program) -> io::Result<()> {
    attach(&UdpSocket::bind("127.0.0.1:0")?, program)
}

/// A local socket behind a filter.
pub(crate) struct Pair {
    sender: UnixDatagram,
    receiver: UnixDatagram,
    buffer: Vec<u8>,
}

impl Pair {
    pub(crate) fn new(program: &Program) -> Self {
        let (sender, receiver) = UnixDatagram::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        attach(&receiver, program).unwrap();
        Self { sender, receiver, buffer: vec![0; 1 << 17] }
    }

    /// Whether the kernel lets these bytes through the filter.
    pub(crate) fn passes(&mut self, data: &[u8]) -> bool {
        self.sender.send(data).unwrap();
        match self.receiver.recv(&mut self.buffer) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }
}
