//! QUIC whose handshake was not seen: short headers alone (RFC 9000 §17.3.1).

use super::super::{Probe, Segment};
use super::bare;

/// The fixed bit, and the five bits that header protection makes random (RFC 9001 §5.4.1).
const FIXED: u8 = 0x40;
const PROTECTED: u8 = 0x1f;
/// Datagrams of one side that must agree, and the bytes of the connection id that are looked at.
const LEAST: usize = 4;
const ID: usize = 4;

/// On its port: the same connection id again and again behind a first byte that changes. Random bytes do not do
/// the one, and headers that are not protected do not do the other.
pub(super) fn probe(segment: &Segment<'_>) -> Probe {
    let id = segment.payload.get(1..=ID);
    let is_short = |bytes: &[u8]| bytes.first().is_some_and(|first| first & 0xc0 == FIXED) && bytes.len() >= 21;
    let fits = segment.on_port && is_short(segment.payload) && id.is_some_and(|id| id.iter().any(|&b| b != 0));
    let agrees = |bytes: &[u8]| is_short(bytes) && bytes.get(1..=ID) == id;
    let mut earlier = segment.earlier;
    if !fits || !earlier.all(agrees) {
        return Probe::No;
    }
    let firsts = segment.earlier.chain([segment.payload]).filter_map(|bytes| bytes.first().copied());
    let (mut count, mut seen) = (0, 0_u32);
    for first in firsts {
        count += 1;
        seen |= 1 << (first & PROTECTED);
    }
    match (count >= LEAST, seen.count_ones()) {
        (true, 3..) => bare("short headers"),
        (true, _) => Probe::No,
        (false, _) => Probe::Need,
    }
}
