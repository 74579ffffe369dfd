//! What a capture hands to the engine: frames, and the news that nothing came.

use super::endpoint::FlowKey;
use super::flow::{Measure, TcpState};
use super::interface::{InterfaceId, InterfaceInfo};
use super::time::Timestamp;

/// Everything that can reach the engine from a capture. An event carries its own moment.
#[derive(Debug)]
pub enum Event<'a> {
    /// Frames in the order they were seen, at most [`BATCH`] of them. Borrowed: gone when the call returns.
    Frames(&'a [Frame<'a>]),
    /// Nothing came, and nothing older than this can still come. Only live sources say it.
    Quiet(Timestamp),
    /// An interface appeared, changed its addresses, went down or vanished. The whole present state of it.
    Interface(Timestamp, InterfaceInfo),
    /// What sockets did since the last time, from a source that sees no frames.
    Sockets(Timestamp, &'a [SocketNews]),
    /// What flows did since the last time whose frames were counted in the kernel (see [`Busy`]). Their frames came
    /// after the last of these events and before this moment.
    Counted(Timestamp, &'a [Counted]),
}

/// One direction of a flow of which nothing is left to learn but how much it carries: no payload is wanted of it and
/// its connection is open. A source may count its ordinary frames where they pass and tell [`Counted`] instead of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub interface: InterfaceId,
    pub heading: Heading,
    /// The sender first.
    pub key: FlowKey,
}

/// Frames of one direction of a flow that were counted instead of captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub flow: Busy,
    pub frames: u64,
    /// Link-layer and payload bytes, as [`super::Packet`] has them.
    pub bytes: u64,
    pub payload: u64,
}

impl Counted {
    /// IP bytes: only frames of an Ethernet header and a packet, with nothing behind it, are counted so.
    pub const fn ip_bytes(&self) -> u64 {
        const HEADER: u64 = 14;
        self.bytes.saturating_sub(HEADER * self.frames)
    }
}

/// What one socket did since it was last told of, as the kernel counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketNews {
    /// Our end first.
    pub key: FlowKey,
    pub interface: InterfaceId,
    /// The remote end opened it.
    pub is_served: bool,
    /// It was made since the last time.
    pub is_new: bool,
    pub state: TcpState,
    pub measure: Measure,
    /// What it had carried before anybody looked; told once.
    pub before: Moved,
    pub moved: Moved,
}

/// Payload bytes and segments, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub segments_out: u64,
    pub segments_in: u64,
}

impl Moved {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The most frames in one [`Event::Frames`]: enough to hide a cache miss behind the work of the others.
pub const BATCH: usize = 32;

/// One captured unit, exactly as it was on the link, perhaps cut short.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub at: Timestamp,
    pub interface: InterfaceId,
    pub link: LinkType,
    /// The kernel's word on where the frame was going, where there is one.
    pub heading: Heading,
    /// Link-layer length in bytes as the kernel or the file reports it: never the captured length.
    /// A VLAN tag that the kernel took off is counted here.
    pub wire_len: u32,
    /// The bytes, from the link-layer header on; may be fewer than `wire_len`.
    pub data: &'a [u8],
    /// The tag that the kernel took off the frame (`PACKET_AUXDATA`).
    pub vlan: Option<VlanTag>,
    /// Set when this is a super-packet that will be cut into segments (`PACKET_VNET_HDR`).
    pub gso: Option<Gso>,
}

/// `sll_pkttype` of packet(7): what the kernel says about a frame's destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Heading {
    /// Addressed to us.
    Host,
    Broadcast,
    Multicast,
    /// To somebody else; seen because the interface is promiscuous.
    OtherHost,
    /// Sent by us.
    Outgoing,
    /// A file without the mark, or a backend that drops it.
    #[default]
    Unknown,
}

impl Heading {
    /// From `sll_pkttype` (packet(7)) or the SLL header's packet type, which use the same numbers.
    pub const fn from_packet_type(number: u16) -> Self {
        match number {
            0 => Self::Host,
            1 => Self::Broadcast,
            2 => Self::Multicast,
            3 => Self::OtherHost,
            4 => Self::Outgoing,
            _ => Self::Unknown,
        }
    }

    /// The number that stands for it, where there is one.
    pub const fn packet_type(self) -> Option<u16> {
        match self {
            Self::Host => Some(0),
            Self::Broadcast => Some(1),
            Self::Multicast => Some(2),
            Self::OtherHost => Some(3),
            Self::Outgoing => Some(4),
            Self::Unknown => None,
        }
    }
}

/// A VLAN tag: tag protocol identifier and tag control information (IEEE 802.1Q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    pub tpid: u16,
    pub tci: u16,
}

/// How a super-packet will be cut: payload bytes in each segment (`virtio_net_hdr.gso_size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    pub size: u16,
}

/// What the first byte of a frame is. Numbers are the `LINKTYPE_` values of pcap files (tcpdump.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// BSD loopback, address family in host byte order of the writer.
    Null,
    Ethernet,
    /// Raw IP, version in the first nibble (101, 12, 14, 228, 229).
    Raw,
    /// BSD loopback, address family in network byte order (108).
    Loop,
    /// Linux "cooked" v1 (113).
    LinuxSll,
    /// Linux "cooked" v2 (276).
    LinuxSll2,
    /// Another number; its frames are counted as skipped.
    Other(u16),
}

impl LinkType {
    /// From a file's link-type number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            108 => Self::Loop,
            113 => Self::LinuxSll,
            276 => Self::LinuxSll2,
            other => Self::Other(other),
        }
    }
}
