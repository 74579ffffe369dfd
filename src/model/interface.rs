//! Interfaces: what they are called, which addresses are ours, what the kernel counted on them.

use std::net::IpAddr;

use super::label::Label;

/// A small number for an interface within one run: an index into the list of interfaces, not the kernel's ifindex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u16);

/// The present state of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceInfo {
    pub id: InterfaceId,
    pub name: Label,
    /// Addresses of ours on it. Frames from these leave; frames to these arrive.
    pub addresses: Vec<IpAddr>,
    pub is_loopback: bool,
    /// Exists, is up and has carrier.
    pub is_up: bool,
    /// What the kernel counted, where it can be read (`/sys/class/net/IF/statistics`).
    pub counters: Option<InterfaceCounters>,
}

/// The kernel's own counters of an interface, in packets and bytes since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub packets_in: u64,
}
