//! Packets inside packets: IPIP, 6in4, GRE, VXLAN, Geneve, GTP-U, AH in tunnel mode.

use crate::model::{Protocol, Skip};

use super::ip::{Ip, Kind};
use super::link;
use super::transport::Transport;
use super::walk::Walk;

/// VXLAN (RFC 7348) and the port Linux used before there was one.
const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
/// RFC 8926.
const GENEVE: u16 = 6081;
/// GTP-U, the user plane of mobile networks (3GPP TS 29.281).
const GTP_U: u16 = 2152;

/// Transparent Ethernet bridging, ERSPAN types I/II and III, PPP: what GRE carries besides EtherTypes of IP.
const BRIDGED: u16 = 0x6558;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
const GRE_PPP: u16 = 0x880b;

/// The IP packet carried by this one, if it carries one that can be found.
pub(super) fn enter<'a>(ip: &Ip<'a>, transport: &Transport<'a>) -> Option<(Kind, Walk<'a>)> {
    if ip.fragment.is_some_and(|fragment| !fragment.is_first) {
        return None;
    }
    let mut walk = transport.payload;
    let kind = match ip.protocol {
        Protocol::IPIP => Kind::V4,
        Protocol::IPV6 => Kind::V6,
        Protocol::AH => authenticated(&mut walk)?,
        Protocol::GRE => gre(&mut walk)?,
        Protocol::UDP => match transport.destination_port {
            VXLAN | VXLAN_LINUX => vxlan(&mut walk)?,
            GENEVE => geneve(&mut walk)?,
            GTP_U => gtp_u(&mut walk)?,
            _ => return None,
        },
        _ => return None,
    };
    Some((kind, walk))
}

/// RFC 4302: the header says what it covers and how long it is. Only a whole packet is one more level.
fn authenticated(walk: &mut Walk<'_>) -> Option<Kind> {
    let &[next, units] = walk.peek()?;
    walk.skip((u32::from(units) + 2) * 4);
    match Protocol::from_number(next) {
        Protocol::IPIP => Some(Kind::V4),
        Protocol::IPV6 => Some(Kind::V6),
        _ => None,
    }
}

/// RFC 2784 and 2890; version 1 of RFC 2637 (PPTP).
fn gre(walk: &mut Walk<'_>) -> Option<Kind> {
    let [flags, version, p0, p1] = *walk.take()?;
    let protocol = u16::from_be_bytes([p0, p1]);
    let (has_checksum, has_key, has_sequence) = (flags & 0x80 != 0, flags & 0x20 != 0, flags & 0x10 != 0);
    if flags & 0x40 != 0 {
        return None;
    }
    let has_acknowledgement = version & 0x87 == 0x81;
    if version & 7 > 1 {
        return None;
    }
    let words = [has_checksum, has_key, has_sequence, has_acknowledgement];
    walk.skip(words.iter().map(|&there| u32::from(there) * 4).sum());
    match protocol {
        BRIDGED => link::ethernet(walk).ok(),
        // Type I has no sequence number and no header of its own; type II has eight bytes, III twelve.
        ERSPAN => {
            walk.skip(if has_sequence { 8 } else { 0 });
            link::ethernet(walk).ok()
        }
        ERSPAN_III => {
            let &[_, _, _, _, _, _, _, _, _, _, _, last] = walk.take()?;
            walk.skip(u32::from(last & 1) * 8);
            link::ethernet(walk).ok()
        }
        GRE_PPP => link::ppp_link(walk).ok(),
        other => link::by_ether_type(other, walk).ok(),
    }
}

/// RFC 7348 §5: the flag says that the network identifier is valid.
fn vxlan(walk: &mut Walk<'_>) -> Option<Kind> {
    let [flags, ..] = *walk.take::<8>()?;
    if flags & 0x08 == 0 {
        return None;
    }
    link::ethernet(walk).ok()
}

/// RFC 8926 §3.4: options in words, then the EtherType's protocol.
fn geneve(walk: &mut Walk<'_>) -> Option<Kind> {
    let [first, _, p0, p1, ..] = *walk.take::<8>()?;
    if first >> 6 != 0 {
        return None;
    }
    walk.skip(u32::from(first & 0x3f) * 4);
    match u16::from_be_bytes([p0, p1]) {
        BRIDGED => link::ethernet(walk).ok(),
        other => link::by_ether_type(other, walk).ok(),
    }
}

/// 3GPP TS 29.281 §5: version 1 and a user packet; four more bytes where any of three flags is set, then extension
/// headers that say their length in words.
fn gtp_u(walk: &mut Walk<'_>) -> Option<Kind> {
    let [flags, kind, ..] = *walk.take::<8>()?;
    if flags >> 4 != 3 || kind != 0xff {
        return None;
    }
    if flags & 7 != 0 {
        let [_, _, _, mut next] = *walk.take()?;
        while next != 0 {
            let [words] = *walk.peek()?;
            let length = usize::from(words) * 4;
            next = *walk.rest().get(length.checked_sub(1)?)?;
            walk.skip(length as u32);
        }
    }
    link::by_version(walk, Skip::Short).ok()
}
