//! Kafka: a request with a known key and the name of the client (Kafka protocol guide).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("kafka");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Queues,
    over: Transports::Tcp,
    depth: 128,
    ports: &[9092, 9093, 9094],
    about: "Kafka: header of a request (Kafka protocol guide)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if names_versions(bytes) {
        return Probe::of(APPLICATION);
    }
    let (Some(length), Some(key)) = (be32(bytes, 0), be16(bytes, 4)) else {
        return if be32(bytes, 0).is_none_or(|length| (10..1 << 20).contains(&length)) {
            Probe::Need
        } else {
            Probe::No
        };
    };
    if !(10..1 << 20).contains(&length) || key > 92 {
        return Probe::No;
    }
    let (Some(version), Some(name)) = (be16(bytes, 6), be16(bytes, 12)) else { return Probe::Need };
    let client = bytes.get(14..14 + usize::from(name)).unwrap_or_default();
    let whole = bytes.len() == 4 + length as usize;
    let is_part = bytes.len() < 4 + length as usize;
    let named = name > 0 && name < 256 && client.len() == usize::from(name) && client.iter().all(u8::is_ascii_graphic);
    // Old clients have no name.
    let named = named || segment.on_port && name == 0xffff;
    // The first request of a client asks for the versions that the broker speaks, or for its topics.
    let first = matches!(key, 3 | 18) || segment.on_port;
    let fits = version <= 20 && named && first;
    if fits && is_part && !segment.is_last { Probe::Need } else { Probe::when(fits && whole, APPLICATION) }
}

/// What a broker answers to the first request: the versions of each kind of request, from kind 0 on, in order.
fn names_versions(bytes: &[u8]) -> bool {
    let (Some(length), Some(0)) = (be32(bytes, 0), be16(bytes, 8)) else { return false };
    // Three numbers an entry behind a count of four bytes; since version 3 one of one byte, and tags.
    let (from, size) = if be16(bytes, 10) == Some(0) { (14, 6) } else { (11, 7) };
    let entries = (0..4).map_while(|index| {
        let at = from + index * size;
        Some((be16(bytes, at)?, be16(bytes, at + 2)?, be16(bytes, at + 4)?))
    });
    let mut least = 0;
    let fits = entries.filter(|&(kind, low, high)| {
        let next = kind >= least && kind <= least.saturating_add(1) && low <= high && high <= 40;
        least = kind.saturating_add(1);
        next
    });
    (64..1 << 14).contains(&length) && fits.count() == 4 && be16(bytes, from) == Some(0)
}
