//! A transmit ring of a packet socket (`PACKET_TX_RING`, Documentation/networking/packet_mmap.rst).

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes for one frame with its header, and frames in the ring.
const SLOT: usize = 2048;
const SLOTS: usize = 1024;
/// Where the frame begins in its slot: after `tpacket2_hdr`.
const DATA: usize = 32;

/// Room for a frame behind its `tpacket2_hdr`, which begins with status and length.
#[repr(C, align(16))]
struct Slot([u32; SLOT / 4]);

/// Frames that are handed to the kernel without copying.
pub(crate) struct Ring {
    socket: OwnedFd,
    memory: *mut Slot,
    next: usize,
}

impl Ring {
    /// The longest frame of a ring.
    pub(crate) const LONGEST: usize = SLOT - DATA;

    pub(crate) fn open(interface: &str) -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = checked(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: the descriptor is new and nobody else's.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        set(&socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as libc::c_int))?;
        // A frame that cannot be sent is dropped like on a full queue instead of stopping the ring.
        set(&socket, libc::PACKET_LOSS, &1_i32)?;
        let block = 1 << 16;
        let request = libc::tpacket_req {
            tp_block_size: block as u32,
            tp_block_nr: (SLOT * SLOTS / block) as u32,
            tp_frame_size: SLOT as u32,
            tp_frame_nr: SLOTS as u32,
        };
        set(&socket, libc::PACKET_TX_RING, &request)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, of the size that the ring was just given.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), SLOT * SLOTS, access, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        bind(&socket, interface)?;
        Ok(Self { socket, memory: memory.cast(), next: 0 })
    }

    /// Puts one frame of `length` bytes into the ring, made by `fill`. False if the ring is full.
    pub(crate) fn put(&mut self, length: usize, fill: impl FnOnce(&mut [u8])) -> bool {
        let length = length.min(Self::LONGEST);
        // SAFETY: `next` is less than SLOTS, so the slot is inside the mapping, which lives as long as `self`.
        let slot = unsafe { self.memory.add(self.next) };
        // SAFETY: a slot begins with `tp_status`, aligned, which the kernel changes behind our back: an atomic.
        let status = unsafe { AtomicU32::from_ptr(slot.cast()) };
        if status.load(Ordering::Acquire) != libc::TP_STATUS_AVAILABLE {
            return false;
        }
        // SAFETY: the kernel has given the slot back, and DATA + length is at most its size.
        fill(unsafe { std::slice::from_raw_parts_mut(slot.cast::<u8>().add(DATA), length) });
        // SAFETY: the second word of `tpacket2_hdr` is `tp_len`.
        unsafe { slot.cast::<u32>().add(1).write(length as u32) };
        status.store(libc::TP_STATUS_SEND_REQUEST, Ordering::Release);
        self.next = (self.next + 1) % SLOTS;
        true
    }

    /// Sends what is in the ring, and waits until it is out.
    pub(crate) fn flush(&self) -> io::Result<()> {
        // SAFETY: an empty message; the ring says what to send.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), std::ptr::null(), 0, 0) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this size and nothing refers to it any more.
        unsafe { libc::munmap(self.memory.cast(), SLOT * SLOTS) };
    }
}

fn bind(socket: &OwnedFd, interface: &str) -> io::Result<()> {
    let name = CString::new(interface)?;
    // SAFETY: a string that ends in 0 and lives until the call returns.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeros is a valid `sockaddr_ll`. Protocol 0: the socket hears nothing.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index.cast_signed();
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address lives until the call returns and `length` is its size.
    checked(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
}

fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    let value = (&raw const *value).cast();
    // SAFETY: the value lives until the call returns and `length` is its size.
    checked(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, value, length) }).map(drop)
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
