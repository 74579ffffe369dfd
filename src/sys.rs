//! The only `unsafe`: what the Linux kernel offers in C, as safe types.
#![expect(unsafe_code, reason = "the kernel speaks C")]

pub mod conntrack;
pub mod diag;
pub mod links;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod netlink;
pub mod notices;
pub mod offload;
pub mod packet;
pub mod poll;
pub mod prefetch;
pub mod process;
pub mod ring;
pub mod slots;
pub mod wake;

pub use links::{Link, Routes};
pub use netlink::Netlink;
pub use notices::RouteNotices;
pub use packet::{Instruction, PacketSocket};
pub use poll::Poller;
pub use process::{Capabilities, Capability};
pub use ring::{Block, Ring, RingSize, Seen};
pub use slots::Slots;
pub use wake::Wake;

use std::io;

/// The result of a call that says -1 and sets `errno` when it fails.
fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
