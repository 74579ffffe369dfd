//! Kafka: a request with a known key and the name of the client (Kafka protocol guide).

use super::reader::{be16, be32};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("kafka");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 128,
    ports: &[9092, 9093, 9094],
    about: "Kafka: header of a request (Kafka protocol guide)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
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
    let named = name > 0 && name < 256 && client.len() == usize::from(name) && client.iter().all(u8::is_ascii_graphic);
    // Old clients have no name.
    let named = named || segment.on_port && name == 0xffff;
    // The first request of a client asks for the versions that the broker speaks, or for its topics.
    let first = matches!(key, 3 | 18) || segment.on_port;
    Probe::when(version <= 20 && named && whole && first, APPLICATION)
}
