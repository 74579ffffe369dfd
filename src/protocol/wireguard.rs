//! WireGuard: messages of fixed sizes (Donenfeld, "WireGuard", §5.4).

use super::reader::le32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("wireguard");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[51820],
    about: "WireGuard: handshake and data by type and size (WireGuard paper 5.4)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match (bytes, segment.wire_len) {
        ([1, 0, 0, 0, ..], 148) | ([2, 0, 0, 0, ..], 92) | ([3, 0, 0, 0, ..], 64) => Probe::of(APPLICATION),
        ([4, 0, 0, 0, ..], length) if length >= 32 && length.is_multiple_of(16) => data(segment),
        _ => Probe::No,
    }
}

/// Data alone: the same receiver and a counter that counts, in two datagrams.
fn data(segment: &Segment<'_>) -> Probe {
    let counter = |bytes: &[u8]| Some((le32(bytes, 4)?, le32(bytes, 8)?, le32(bytes, 12)?));
    let Some((receiver, low, 0)) = counter(segment.payload) else { return Probe::No };
    match segment.earlier.filter_map(counter).last() {
        Some((before, earlier, 0)) => {
            Probe::when(before == receiver && low.wrapping_sub(earlier).wrapping_sub(1) < 64, APPLICATION)
        }
        Some(_) => Probe::No,
        None => Probe::Need,
    }
}
