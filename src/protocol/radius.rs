//! Who may connect: a packet that says its length, with attributes that fill it (RFC 2865 §3).

use super::reader::{Reader, be16};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("radius");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Identity,
    over: Transports::Udp,
    depth: 0,
    ports: &[1812, 1813, 1645, 1646, 3799],
    about: "RADIUS: authentication and accounting (RFC 2865)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(&code), Some(length)) = (bytes.first(), be16(bytes, 2)) else { return Probe::No };
    let length = usize::from(length);
    if !matches!(code, 1..=5 | 11..=13 | 40..=45) || length < 20 || length > segment.wire_len {
        return Probe::No;
    }
    let attributes = bytes.get(20..length.min(bytes.len())).unwrap_or_default();
    // Away from its ports an answer with the same id is wanted, too.
    let fits = !attributes.is_empty() && attributes_fit(attributes) && length == segment.wire_len;
    match (segment.on_port, fits, segment.other) {
        (true, ..) => Probe::of(APPLICATION),
        (false, false, _) => Probe::No,
        (false, true, []) => Probe::Need,
        (false, true, other) => Probe::when(other.get(1) == bytes.get(1), APPLICATION),
    }
}

fn attributes_fit(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (Some(kind), Some(length)) = (reader.u8(), reader.u8()) else { return false };
        if kind == 0 || length < 2 || reader.skip(usize::from(length) - 2).is_none() {
            return false;
        }
    }
    true
}
