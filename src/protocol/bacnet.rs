//! Building control over UDP: a header that says its length (ASHRAE 135 annex J).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("bacnet");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Udp,
    depth: 0,
    ports: &[47808],
    about: "BACnet: building control (ASHRAE 135 annex J)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let length = be16(bytes, 2).is_some_and(|length| usize::from(length) == segment.wire_len && length >= 4);
    let known = matches!(bytes, [0x81, 0..=0x0b, ..]);
    let network = bytes.get(4) == Some(&1) || !matches!(bytes.get(1), Some(0x0a | 0x0b));
    Probe::when(known && length && network, APPLICATION)
}
