//! A frame that decoded as IP: what the flow table needs of it, borrowed from the frame.

use super::endpoint::{AddressWords, Endpoint, FlowKey};
use super::event::Heading;
use super::interface::InterfaceId;
use super::protocol::Protocol;
use super::time::Timestamp;

/// One IP packet as it was on the wire. Borrowed, never stored.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    pub at: Timestamp,
    pub interface: InterfaceId,
    pub heading: Heading,
    pub v6: bool,
    pub protocol: Protocol,
    pub source: AddressWords,
    pub destination: AddressWords,
    /// 0 where the protocol has no ports, or this is a fragment after the first.
    pub source_port: u16,
    pub destination_port: u16,
    /// Link-layer bytes, as the kernel or the file reports them.
    pub frame_len: u32,
    /// Bytes that segmentation will add: one copy of all headers for each segment after the first.
    pub segment_headers: u32,
    /// How many packets this is on the wire: 1, or the segments of a super-packet.
    pub segments: u32,
    /// IP bytes: header and everything the header says follows it.
    pub ip_len: u32,
    /// Bytes after the transport header; for protocols without one, after the IP header.
    pub payload_len: u32,
    /// [`tcp_flag`] bits; 0 for other protocols.
    pub tcp_flags: u8,
    /// TCP sequence number; 0 for other protocols.
    pub tcp_sequence: u32,
    /// What was captured of the payload.
    pub payload: &'a [u8],
    /// Set on every fragment of a fragmented packet, the first included.
    pub fragment: Option<Fragment>,
}

/// The TCP flags (RFC 9293 §3.1) that say how a connection stands.
pub mod tcp_flag {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

/// What ties the fragments of one packet together (RFC 791, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fragment {
    pub id: u32,
    /// Holds the transport header, so the ports are known.
    pub is_first: bool,
    pub is_last: bool,
}

impl Packet<'_> {
    /// A packet of nothing, to fill a batch with.
    pub const EMPTY: Self = Self {
        at: Timestamp::ZERO,
        interface: InterfaceId(0),
        heading: Heading::Unknown,
        v6: false,
        protocol: Protocol::from_number(0),
        source: [0; 2],
        destination: [0; 2],
        source_port: 0,
        destination_port: 0,
        frame_len: 0,
        segment_headers: 0,
        segments: 1,
        ip_len: 0,
        payload_len: 0,
        tcp_flags: 0,
        tcp_sequence: 0,
        payload: &[],
        fragment: None,
    };

    /// A packet with nothing in it, sent by the first end of `key`.
    pub const fn bare(at: Timestamp, interface: InterfaceId, heading: Heading, key: &FlowKey) -> Self {
        let [s0, s1, d0, d1, _] = *key.words();
        Self {
            at,
            interface,
            heading,
            v6: key.is_v6(),
            protocol: key.protocol(),
            source: [s0, s1],
            destination: [d0, d1],
            source_port: key.first().port,
            destination_port: key.second().port,
            ..Self::EMPTY
        }
    }

    /// The conversation with the sender as the first end.
    pub const fn key(&self) -> FlowKey {
        FlowKey::from_words(
            self.protocol,
            self.v6,
            self.source,
            self.source_port,
            self.destination,
            self.destination_port,
        )
    }

    pub const fn from(&self) -> Endpoint {
        self.key().first()
    }

    pub const fn to(&self) -> Endpoint {
        self.key().second()
    }
}
