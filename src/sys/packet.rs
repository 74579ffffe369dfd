//! A packet socket (packet(7)): opened deaf, given its filter, and only then bound, so that nothing slips past the filter.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::checked;

/// One instruction of a classic BPF program (`struct sock_filter`, linux/filter.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub code: u16,
    /// Instructions to skip if a test holds.
    pub jt: u8,
    /// Instructions to skip if it does not.
    pub jf: u8,
    pub k: u32,
}

impl Instruction {
    /// `ret #k`: keep `bytes` of the frame; 0 drops it.
    pub const fn keep(bytes: u32) -> Self {
        Self { code: RETURN_K, jt: 0, jf: 0, k: bytes }
    }
}

/// `BPF_RET | BPF_K`.
const RETURN_K: u16 = 0x06;

/// Where a socket is bound, as `getsockname` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The interface; 0 is all of them; -1 is one that has vanished.
    pub ifindex: i32,
    /// `ARPHRD_` number of the interface; 0 where there is none.
    pub hardware: u16,
}

/// `PACKET_STATISTICS` since it was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Frames that passed the filter, the dropped ones included.
    pub packets: u32,
    pub drops: u32,
    /// Times a ring had no free block; 0 for sockets without a ring.
    pub freezes: u32,
}

/// An `AF_PACKET` socket for whole link-layer frames.
#[derive(Debug)]
pub struct PacketSocket(OwnedFd);

impl PacketSocket {
    /// Opens a socket that hears nothing before [`bind`](Self::bind). `PermissionDenied` without `CAP_NET_RAW`.
    pub fn open() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = checked(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// A second handle on the same socket.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Puts a filter in the kernel, in place of the one before.
    pub fn attach(&self, program: &[Instruction]) -> io::Result<()> {
        let mut code: Vec<libc::sock_filter> =
            program.iter().map(|one| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k }).collect();
        let len = u16::try_from(code.len()).map_err(io::Error::other)?;
        let program = libc::sock_fprog { len, filter: code.as_mut_ptr() };
        // The kernel copies the program that `filter` points to; `code` lives until after the call.
        self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }

    /// Listens to one interface, or to all with 0. May be called again for another one.
    pub fn bind(&self, ifindex: u32) -> io::Result<()> {
        // SAFETY: all zeros is a valid `sockaddr_ll`.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = i32::try_from(ifindex).map_err(io::Error::other)?;
        let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the address lives until the call returns and `len` is its size.
        checked(unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), len) }).map(drop)
    }

    pub fn bound(&self) -> io::Result<Bound> {
        // SAFETY: all zeros is a valid `sockaddr_ll`.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        let mut len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `len` bytes, the size of `address`.
        checked(unsafe { libc::getsockname(self.0.as_raw_fd(), (&raw mut address).cast(), &raw mut len) })?;
        Ok(Bound { ifindex: address.sll_ifindex, hardware: address.sll_hatype })
    }

    /// Asks the interface for everybody's frames, for as long as this socket lives.
    pub fn set_promiscuous(&self, ifindex: u32) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: i32::try_from(ifindex).map_err(io::Error::other)?,
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// Leaves out what this host sends. Linux 4.20 and later.
    pub fn ignore_outgoing(&self) -> io::Result<()> {
        self.set_number(libc::PACKET_IGNORE_OUTGOING, 1)
    }

    /// Asks for a receive buffer of so many bytes; gets what the system allows.
    pub fn grow_buffer(&self, bytes: i32) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &bytes)
            .or_else(|_| self.set(libc::SOL_SOCKET, libc::SO_RCVBUF, &bytes))
    }

    /// Counts since the last call: reading resets them.
    pub fn statistics(&self) -> io::Result<Statistics> {
        let mut raw = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        self.get(libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut raw)?;
        Ok(Statistics { packets: raw.tp_packets, drops: raw.tp_drops, freezes: raw.tp_freeze_q_cnt })
    }

    /// The error that waits on the socket, `ENETDOWN` say. Reading clears it; until then poll reports it again and again.
    pub fn take_error(&self) -> Option<io::Error> {
        let mut number: libc::c_int = 0;
        self.get(libc::SOL_SOCKET, libc::SO_ERROR, &mut number).ok()?;
        (number != 0).then(|| io::Error::from_raw_os_error(number))
    }

    /// Sets an option of packet(7) that is a number.
    pub(super) fn set_number(&self, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
        self.set(libc::SOL_PACKET, option, &value)
    }

    pub(super) fn set<T: Copy>(&self, level: libc::c_int, option: libc::c_int, value: &T) -> io::Result<()> {
        let len = size_of::<T>() as libc::socklen_t;
        // SAFETY: the kernel reads `len` bytes, the size of `value`, which outlives the call.
        let result =
            unsafe { libc::setsockopt(self.0.as_raw_fd(), level, option, std::ptr::from_ref(value).cast(), len) };
        checked(result).map(drop)
    }

    fn get<T: Copy>(&self, level: libc::c_int, option: libc::c_int, value: &mut T) -> io::Result<()> {
        let mut len = size_of::<T>() as libc::socklen_t;
        let place = std::ptr::from_mut(value).cast();
        // SAFETY: the kernel writes at most `len` bytes, the size of `value`; both callers pass plain numbers.
        checked(unsafe { libc::getsockopt(self.0.as_raw_fd(), level, option, place, &raw mut len) }).map(drop)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<PacketSocket> for OwnedFd {
    fn from(socket: PacketSocket) -> Self {
        socket.0
    }
}
