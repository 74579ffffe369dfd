//! Which offloads an interface has: whether frames are seen before they are cut, or after they are glued.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::checked;

/// Offloads of an interface that change what a capture sees (ethtool(8)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Offloads {
    /// TCP segmentation: outgoing frames are seen before they are cut.
    pub tso: bool,
    /// Generic segmentation: the same in software.
    pub gso: bool,
    /// Generic receive offload: incoming frames are seen after they were glued.
    pub gro: bool,
    /// Large receive offload: the same in hardware, without a trace of the lengths.
    pub lro: bool,
}

/// Commands of `SIOCETHTOOL` (linux/ethtool.h).
const GET_TSO: u32 = 0x1e;
const GET_GSO: u32 = 0x23;
const GET_GRO: u32 = 0x2b;
const GET_FLAGS: u32 = 0x25;
const FLAG_LRO: u32 = 1 << 15;

/// `struct ethtool_value`.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Asks the driver of an interface. Needs no rights.
pub fn offloads(interface: &str) -> io::Result<Offloads> {
    // SAFETY: no pointers are passed.
    let socket = checked(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let is_on = |command| Ok::<_, io::Error>(ask(&socket, interface, command)? != 0);
    Ok(Offloads {
        tso: is_on(GET_TSO)?,
        gso: is_on(GET_GSO)?,
        gro: is_on(GET_GRO)?,
        lro: ask(&socket, interface, GET_FLAGS)? & FLAG_LRO != 0,
    })
}

fn ask(socket: &OwnedFd, interface: &str, command: u32) -> io::Result<u32> {
    let mut value = Value { command, data: 0 };
    // SAFETY: an ifreq of zeros is a valid one: a name of no characters and a null pointer.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays 0: the kernel reads the name up to it.
    let room = request.ifr_name.len() - 1;
    if interface.len() > room {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: `request` holds a name that ends with 0 and a pointer to `value`, and both live until the call returns.
    checked(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request) })?;
    Ok(value.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_interface_is_an_error_and_a_long_name_too() {
        assert_eq!(offloads("nosuch0").unwrap_err().raw_os_error(), Some(libc::ENODEV));
        assert_eq!(offloads("a-name-that-is-too-long").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
