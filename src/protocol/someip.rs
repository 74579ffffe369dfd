//! Cars: a header that says its length (AUTOSAR SOME/IP).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("someip");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Both,
    depth: 32,
    ports: &[30490, 30491, 30501],
    about: "SOME/IP: services in cars (AUTOSAR SOME/IP)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(head) = bytes.get(..16) else { return Probe::No };
    let length =
        be32(head, 4).is_some_and(|length| (8..=1 << 16).contains(&length) && length as usize + 8 <= segment.wire_len);
    let fits =
        matches!(head.get(12..16), Some([1, _, 0..=2 | 0x20..=0x22 | 0x40..=0x42 | 0x80 | 0x81 | 0xa0 | 0xa1, 0..=10]));
    // Away from its ports the length must be that of the datagram, to the byte.
    let exact = be32(head, 4).is_some_and(|length| length as usize + 8 == segment.wire_len) && !segment.is_tcp();
    let discovery = head.starts_with(&[0xff, 0xff, 0x81, 0]);
    Probe::when(length && fits && (discovery || segment.on_port || exact), APPLICATION)
}
