//! IPv4 and IPv6 headers, extension chain included, down to the transport.

use crate::model::endpoint::AddressWords;
use crate::model::packet::Fragment;
use crate::model::{Protocol, Skip};

use super::walk::Walk;

/// Which IP a lower layer promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    V4,
    V6,
}

/// An IP header, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip<'a> {
    pub(super) v6: bool,
    pub(super) protocol: Protocol,
    pub(super) source: AddressWords,
    pub(super) destination: AddressWords,
    /// Header and all that follows it, in bytes on the wire.
    pub(super) len: u32,
    pub(super) fragment: Option<Fragment>,
    /// What follows the header and its extensions.
    pub(super) body: Walk<'a>,
}

/// Extension headers in a row that are followed; more of them is an attack.
const LONGEST_CHAIN: usize = 32;

/// Reads the IP header at `walk`.
#[inline]
pub(super) fn read(kind: Kind, walk: Walk<'_>) -> Result<Ip<'_>, Skip> {
    match kind {
        Kind::V4 => v4(walk),
        Kind::V6 => v6(walk),
    }
}

/// RFC 791.
#[inline]
fn v4(mut walk: Walk<'_>) -> Result<Ip<'_>, Skip> {
    let whole = walk.wire();
    let [first, _, l0, l1, i0, i1, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        *walk.take().ok_or(Skip::BadIp)?;
    let header = u32::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 {
        return Err(Skip::BadIp);
    }
    let total = u32::from(u16::from_be_bytes([l0, l1]));
    // Zero: the sender leaves the length to segmentation in hardware, so the frame says how long it is.
    let len = if total == 0 { whole } else { total.min(whole) };
    if len < header {
        return Err(Skip::BadIp);
    }
    walk.limit(len - 20);
    if header > 20 {
        let options = header - 20;
        if walk.rest().len() < options as usize {
            return Err(Skip::BadIp);
        }
        walk.skip(options);
    }
    let flags = u16::from_be_bytes([f0, f1]);
    let (more, offset) = (flags & 0x2000 != 0, flags & 0x1fff);
    let fragment = (more || offset != 0).then(|| Fragment {
        id: u32::from(u16::from_be_bytes([i0, i1])),
        is_first: offset == 0,
        is_last: !more,
    });
    Ok(Ip {
        v6: false,
        protocol: Protocol::from_number(protocol),
        source: [0, u64::from(u32::from_be_bytes([s0, s1, s2, s3]))],
        destination: [0, u64::from(u32::from_be_bytes([d0, d1, d2, d3]))],
        len,
        fragment,
        body: walk,
    })
}

/// RFC 8200.
#[inline]
fn v6(mut walk: Walk<'_>) -> Result<Ip<'_>, Skip> {
    let [first, _, _, _, l0, l1, next, _] = *walk.take().ok_or(Skip::BadIp)?;
    if first >> 4 != 6 {
        return Err(Skip::BadIp);
    }
    let source = words(walk.take().ok_or(Skip::BadIp)?);
    let destination = words(walk.take().ok_or(Skip::BadIp)?);
    let length = u32::from(u16::from_be_bytes([l0, l1]));
    // Zero before another header: a jumbogram (RFC 2675) or a super-packet of the sender's kernel ("BIG TCP").
    if length != 0 || next == header::NONE {
        walk.limit(length);
    } else if next == header::HOP_BY_HOP
        && let Some(jumbo) = jumbo_length(walk.rest())
    {
        walk.limit(jumbo);
    }
    let len = walk.wire().saturating_add(40);
    let ip =
        Ip { v6: true, protocol: Protocol::from_number(next), source, destination, len, fragment: None, body: walk };
    if is_extension(next) { follow_chain(ip) } else { Ok(ip) }
}

/// An address as two big-endian words.
#[inline]
const fn words(bytes: &[u8; 16]) -> AddressWords {
    let bits = u128::from_be_bytes(*bytes);
    [(bits >> 64) as u64, bits as u64]
}

/// IANA "IPv6 Extension Header Types".
mod header {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const NONE: u8 = 59;
    pub(super) const DESTINATION: u8 = 60;
    pub(super) const MOBILITY: u8 = 135;
    pub(super) const HIP: u8 = 139;
    pub(super) const SHIM6: u8 = 140;
}

#[inline]
const fn is_extension(number: u8) -> bool {
    use header::{AUTHENTICATION, DESTINATION, FRAGMENT, HIP, HOP_BY_HOP, MOBILITY, ROUTING, SHIM6};
    matches!(number, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HIP | SHIM6)
}

/// Moves past the extension headers. A chain longer than [`LONGEST_CHAIN`] ends at the number it came to.
#[cold]
fn follow_chain(mut ip: Ip<'_>) -> Result<Ip<'_>, Skip> {
    for _ in 0..LONGEST_CHAIN {
        let number = ip.protocol.number();
        if !is_extension(number) {
            return Ok(ip);
        }
        let [next, units, o0, o1, i0, i1, i2, i3] = *ip.body.peek().ok_or(Skip::BadIp)?;
        if next == header::NONE && matches!(number, header::MOBILITY | header::HIP | header::SHIM6) {
            // Nothing ever follows these in practice (RFC 6275 §6.1.1): the header is the message.
            return Ok(ip);
        }
        let length = match number {
            header::FRAGMENT => 8,
            header::AUTHENTICATION => (u32::from(units) + 2) * 4,
            _ => (u32::from(units) + 1) * 8,
        };
        if length as usize > ip.body.rest().len() {
            return Err(Skip::BadIp);
        }
        ip.body.skip(length);
        ip.protocol = Protocol::from_number(next);
        if number == header::FRAGMENT {
            let flags = u16::from_be_bytes([o0, o1]);
            let (more, offset) = (flags & 1 != 0, flags >> 3);
            // Neither: an "atomic fragment" (RFC 6946), whole in itself.
            if more || offset != 0 {
                let id = u32::from_be_bytes([i0, i1, i2, i3]);
                ip.fragment = Some(Fragment { id, is_first: offset == 0, is_last: !more });
            }
            if offset != 0 {
                return Ok(ip);
            }
        }
    }
    Ok(ip)
}

/// The length in a jumbo payload option of the hop-by-hop header that `bytes` start with (RFC 2675 §2).
#[cold]
fn jumbo_length(bytes: &[u8]) -> Option<u32> {
    let [_, units] = *bytes.first_chunk()?;
    let mut options = bytes.get(2..(usize::from(units) + 1) * 8)?;
    loop {
        let (&kind, rest) = options.split_first()?;
        if kind == 0 {
            options = rest;
            continue;
        }
        let (&length, rest) = rest.split_first()?;
        if kind == 0xc2 && length == 4 {
            return rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        }
        options = rest.get(usize::from(length)..)?;
    }
}
