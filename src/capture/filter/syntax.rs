//! What a capture filter says, as a tree: the result of parsing, the input of lowering.

use std::net::Ipv6Addr;

use super::words::Protocol;

/// A filter or a part of one.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A primitive and where it stands in the text.
    Primitive(Primitive, usize),
}

/// One statement about a packet.
#[derive(Clone, Debug)]
pub(super) enum Primitive {
    /// A protocol by its own word: `tcp`, `ip6`, `arp`.
    Protocol(&'static Protocol),
    /// An IPv4 address or net; the carrier narrows it to `ip`, `arp` or `rarp`.
    Net4 {
        carrier: Option<&'static Protocol>,
        side: Side,
        address: u32,
        mask: u32,
    },
    Net6 {
        side: Side,
        address: Ipv6Addr,
        mask: u128,
    },
    Mac {
        side: Side,
        mac: [u8; 6],
    },
    Ports {
        over: Vec<u8>,
        side: Side,
        low: u16,
        high: u16,
    },
    /// An IP protocol number, in IPv4, IPv6 or both.
    IpProtocol {
        v4: bool,
        v6: bool,
        number: u32,
    },
    EtherType(u32),
    EtherBroadcast,
    EtherMulticast,
    IpBroadcast,
    IpMulticast,
    Ip6Multicast,
    Vlan(Option<u32>),
    Mpls(Option<u32>),
    /// PPPoE discovery.
    PppoeDiscovery,
    /// PPPoE session, perhaps one of them.
    PppoeSession(Option<u32>),
    Outbound,
    Relation(Arith, Relation, Arith),
}

/// Which of the two ends has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
    Either,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number computed from a packet.
#[derive(Clone, Debug)]
pub(super) enum Arith {
    Number(u32),
    /// Length of the packet on the wire.
    Length,
    /// `tcp[index:size]`
    Bytes {
        of: &'static Protocol,
        index: Box<Self>,
        size: Size,
    },
    Binary(Math, Box<Self>, Box<Self>),
    Negate(Box<Self>),
}

/// How many bytes a load takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Byte,
    Half,
    Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Math {
    /// The result in 32 bits, wrapping; [`None`] for a division by zero.
    pub(super) fn apply(self, left: u32, right: u32) -> Option<u32> {
        Some(match self {
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide => left.checked_div(right)?,
            Self::Modulo => left.checked_rem(right)?,
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::ShiftLeft => left.checked_shl(right).unwrap_or(0),
            Self::ShiftRight => left.checked_shr(right).unwrap_or(0),
        })
    }
}
