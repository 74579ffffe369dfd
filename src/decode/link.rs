//! Link-layer headers, tags and label stacks: down to the byte where IP starts.

use crate::model::event::Heading;
use crate::model::{LinkType, Skip};

use super::ip::Kind;
use super::walk::Walk;

/// Numbers of the EtherType field (IEEE 802 numbers, IANA).
pub(super) mod ether_type {
    pub(in crate::decode) const IPV4: u16 = 0x0800;
    pub(in crate::decode) const IPV6: u16 = 0x86dd;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const SERVICE_VLAN: u16 = 0x88a8;
    pub(super) const OLD_QINQ: u16 = 0x9100;
    pub(super) const OLDER_QINQ: u16 = 0x9200;
    pub(super) const MPLS: u16 = 0x8847;
    pub(super) const MPLS_MULTICAST: u16 = 0x8848;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    /// Below this the field is a length (IEEE 802.3) and LLC follows.
    pub(super) const LEAST: u16 = 0x0600;
}

/// `LINKTYPE_PPP` and `LINKTYPE_C_HDLC` (tcpdump.org): IP behind two or four bytes.
const LINK_PPP: u16 = 9;
const LINK_C_HDLC: u16 = 104;
/// `LINKTYPE_PPI`: notes of the capturing card, then a frame of a link type that is told.
const LINK_PPI: u16 = 192;

/// Tags or labels in a row that are followed; more of them is an attack or a loop.
const DEEPEST_TAGS: usize = 8;
const DEEPEST_LABELS: usize = 16;

/// Moves to the IP header. Says which IP the link layer promises, and what it knows of the heading.
#[inline]
pub(super) fn read(link: LinkType, walk: &mut Walk<'_>) -> Result<(Kind, Heading), Skip> {
    if link == LinkType::Ethernet {
        return Ok((ethernet(walk)?, Heading::Unknown));
    }
    apart(walk, |walk| other(link, walk))
}

/// Lets `read` move a copy: what a call that is not inlined gets a reference to would have to live in memory,
/// and the path that nearly all frames take has it in registers.
#[inline]
fn apart<'a, T>(walk: &mut Walk<'a>, read: impl FnOnce(&mut Walk<'a>) -> T) -> T {
    let mut copy = *walk;
    let result = read(&mut copy);
    *walk = copy;
    result
}

#[cold]
fn other(link: LinkType, walk: &mut Walk<'_>) -> Result<(Kind, Heading), Skip> {
    let kind = match link {
        LinkType::Ethernet => ethernet(walk)?,
        LinkType::Raw => by_version(walk, Skip::Short)?,
        LinkType::Null | LinkType::Loop => loopback(walk)?,
        LinkType::LinuxSll => return cooked(walk),
        LinkType::LinuxSll2 => return cooked_v2(walk),
        LinkType::Other(LINK_PPP) => ppp_link(walk)?,
        LinkType::Other(LINK_C_HDLC) => {
            let [_, _, a, b] = *walk.take().ok_or(Skip::Short)?;
            by_ether_type(u16::from_be_bytes([a, b]), walk)?
        }
        LinkType::Other(LINK_PPI) => {
            let [_, _, l0, l1, a, b, c, d] = *walk.take().ok_or(Skip::Short)?;
            walk.skip(u32::from(u16::from_le_bytes([l0, l1])).saturating_sub(8));
            return match LinkType::from_number(u32::from_le_bytes([a, b, c, d]) as u16) {
                LinkType::Other(_) => Err(Skip::LinkType),
                inside => other(inside, walk),
            };
        }
        LinkType::Other(_) => return Err(Skip::LinkType),
    };
    Ok((kind, Heading::Unknown))
}

/// Ethernet II, or 802.3 with LLC/SNAP.
#[inline]
pub(super) fn ethernet(walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    let [_, _, _, _, _, _, _, _, _, _, _, _, a, b] = *walk.take().ok_or(Skip::Short)?;
    match u16::from_be_bytes([a, b]) {
        ether_type::IPV4 => Ok(Kind::V4),
        ether_type::IPV6 => Ok(Kind::V6),
        number => apart(walk, |walk| by_ether_type(number, walk)),
    }
}

/// Follows tags, labels and sessions from an EtherType to IP.
#[cold]
pub(super) fn by_ether_type(mut number: u16, walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    for _ in 0..=DEEPEST_TAGS {
        match number {
            ether_type::IPV4 => return Ok(Kind::V4),
            ether_type::IPV6 => return Ok(Kind::V6),
            ether_type::VLAN | ether_type::SERVICE_VLAN | ether_type::OLD_QINQ | ether_type::OLDER_QINQ => {
                let [_, _, a, b] = *walk.take().ok_or(Skip::Short)?;
                number = u16::from_be_bytes([a, b]);
            }
            ether_type::MPLS | ether_type::MPLS_MULTICAST => match mpls(walk)? {
                Labelled::Ip(kind) => return Ok(kind),
                Labelled::Ethernet(inside) => number = inside,
            },
            ether_type::PPPOE_SESSION => return pppoe(walk),
            length if length < ether_type::LEAST => {
                let Some([0xaa, 0xaa, 0x03, _, _, _, a, b]) = walk.take::<8>() else { return Err(Skip::NotIp) };
                number = u16::from_be_bytes([*a, *b]);
                if number < ether_type::LEAST {
                    return Err(Skip::NotIp);
                }
            }
            _ => return Err(Skip::NotIp),
        }
    }
    Err(Skip::NotIp)
}

/// By the version in the first nibble. `empty` is the cause when there is no first byte.
pub(super) fn by_version(walk: &Walk<'_>, empty: Skip) -> Result<Kind, Skip> {
    let [first] = *walk.peek().ok_or(empty)?;
    match first >> 4 {
        4 => Ok(Kind::V4),
        6 => Ok(Kind::V6),
        _ => Err(Skip::NotIp),
    }
}

/// What an MPLS label stack covers.
enum Labelled {
    Ip(Kind),
    /// A customer's Ethernet frame, and its EtherType.
    Ethernet(u16),
}

/// An MPLS label stack (RFC 3032). What follows it is not said: the first nibble tells (RFC 4928).
fn mpls(walk: &mut Walk<'_>) -> Result<Labelled, Skip> {
    for _ in 0..DEEPEST_LABELS {
        let [_, _, third, _] = *walk.take().ok_or(Skip::Short)?;
        if third & 1 == 0 {
            continue;
        }
        let [first] = *walk.peek().ok_or(Skip::Short)?;
        if first >> 4 != 0 {
            return by_version(walk, Skip::Short).map(Labelled::Ip);
        }
        // A pseudowire's control word (RFC 4385), then Ethernet.
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, a, b] = *walk.take().ok_or(Skip::Short)?;
        return Ok(Labelled::Ethernet(u16::from_be_bytes([a, b])));
    }
    Err(Skip::NotIp)
}

/// A PPPoE session (RFC 2516): six bytes, then PPP.
fn pppoe(walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    let [_, code, _, _, a, b] = *walk.take().ok_or(Skip::Short)?;
    if code != 0 {
        return Err(Skip::NotIp);
    }
    walk.limit(u32::from(u16::from_be_bytes([a, b])));
    ppp(walk)
}

/// PPP in HDLC-like framing (RFC 1662); the address and control bytes may be left out.
pub(super) fn ppp_link(walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    if let Some([0xff, 0x03]) = walk.peek() {
        walk.skip(2);
    }
    ppp(walk)
}

/// A PPP protocol number (RFC 1661), perhaps compressed to one byte.
fn ppp(walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    let [first] = *walk.take().ok_or(Skip::Short)?;
    let number = if first & 1 == 1 {
        u16::from(first)
    } else {
        let [second] = *walk.take().ok_or(Skip::Short)?;
        u16::from_be_bytes([first, second])
    };
    match number {
        0x0021 => Ok(Kind::V4),
        0x0057 => Ok(Kind::V6),
        0x0281 | 0x0283 => match mpls(walk)? {
            Labelled::Ip(kind) => Ok(kind),
            Labelled::Ethernet(_) => Err(Skip::NotIp),
        },
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_NULL` and `LINKTYPE_LOOP`: an address family in the writer's byte order. Families of IPv6 differ
/// between systems (10 Linux, 24 NetBSD and OpenBSD, 28 FreeBSD, 30 macOS).
fn loopback(walk: &mut Walk<'_>) -> Result<Kind, Skip> {
    let bytes = *walk.take().ok_or(Skip::Short)?;
    let family = u32::from_le_bytes(bytes).min(u32::from_be_bytes(bytes));
    match family {
        2 => Ok(Kind::V4),
        10 | 24 | 28 | 30 => Ok(Kind::V6),
        _ => Err(Skip::NotIp),
    }
}

/// `LINKTYPE_LINUX_SLL`.
fn cooked(walk: &mut Walk<'_>) -> Result<(Kind, Heading), Skip> {
    let [a, b, _, _, _, _, _, _, _, _, _, _, _, _, c, d] = *walk.take().ok_or(Skip::Short)?;
    let heading = Heading::from_packet_type(u16::from_be_bytes([a, b]));
    Ok((by_ether_type(u16::from_be_bytes([c, d]), walk)?, heading))
}

/// `LINKTYPE_LINUX_SLL2`.
fn cooked_v2(walk: &mut Walk<'_>) -> Result<(Kind, Heading), Skip> {
    let [a, b, _, _, _, _, _, _, _, _, kind, _, _, _, _, _, _, _, _, _] = *walk.take().ok_or(Skip::Short)?;
    Ok((by_ether_type(u16::from_be_bytes([a, b]), walk)?, Heading::from_packet_type(u16::from(kind))))
}
