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
    /// Addresses of this host on interfaces that are not watched: they may be used by this one too, as those of a
    /// bridge are by its ports.
    pub also_ours: Vec<IpAddr>,
    pub is_loopback: bool,
    /// Asked for by name, or the default: that it goes down is worth a word.
    pub is_named: bool,
    /// Exists, is up and has carrier.
    pub is_up: bool,
    /// What its driver calls itself: `bridge`, `veth`, `vxlan`. Empty for hardware, and where nobody knows.
    pub kind: Label,
    pub standing: Standing,
    /// The bond (the kernel's number) that it is a part of: all parts of one bond are one way out.
    pub bond: Option<u32>,
    /// The bridge (the kernel's number) that it is, or is a port of.
    pub bridge: Option<u32>,
    /// What the kernel counted, where it can be read (`/sys/class/net/IF/statistics`).
    pub counters: Option<InterfaceCounters>,
}

/// Whether what is seen on an interface is in the totals: what leaves by way of several watched interfaces is counted
/// once, on the one nearest to the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// In the totals. No other watched interface carries it.
    #[default]
    Counted,
    /// Every frame is seen again, as it is, on these interfaces, and counted there.
    Repeats(Vec<Label>),
    /// What it carries goes on by these interfaces, perhaps in other packets: inside a tunnel's, or under another
    /// address. Its flows are listed, but are not in the totals.
    Within(Vec<Label>),
}

impl Standing {
    /// The interfaces that carry it; none where it is in the totals itself.
    pub fn carriers(&self) -> &[Label] {
        match self {
            Self::Counted => &[],
            Self::Repeats(by) | Self::Within(by) => by,
        }
    }

    pub const fn is_counted(&self) -> bool {
        matches!(self, Self::Counted)
    }

    /// In reports.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Repeats(_) => "repeats",
            Self::Within(_) => "within",
        }
    }
}

/// The kernel's own counters of an interface, in packets and bytes since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceCounters {
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub packets_in: u64,
}
