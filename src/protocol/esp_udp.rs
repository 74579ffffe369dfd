//! IPsec data within UDP: a security parameter index and a number that counts (RFC 3948).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("esp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[4500],
    about: "IPsec ESP within UDP (RFC 3948)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let head = |bytes: &[u8]| Some((be32(bytes, 0)?, be32(bytes, 4)?));
    let Some((index, number)) = head(segment.payload).filter(|_| segment.on_port) else { return Probe::No };
    if index < 256 || number == 0 || segment.wire_len < 28 {
        return Probe::No;
    }
    match segment.earlier.filter_map(head).last() {
        Some((before, earlier)) => Probe::when(before == index && number.wrapping_sub(earlier) <= 64, APPLICATION),
        // One alone, of a tunnel that is young: blocks of four bytes (RFC 4303 §2.4).
        None if segment.is_last => Probe::when(number < 1 << 24 && segment.wire_len.is_multiple_of(4), APPLICATION),
        None => Probe::Need,
    }
}
