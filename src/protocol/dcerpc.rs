//! Windows remote procedures: a header that says its length (C706 §12.6).

use super::reader::{be16, le16};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("dcerpc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Both,
    depth: 64,
    ports: &[135, 593],
    about: "DCE/RPC: header of a call (C706)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if !segment.is_tcp() {
        return datagram(segment);
    }
    let Some(head) = bytes.get(..16) else {
        return if bytes.first().is_none_or(|&first| first == 5) { Probe::Need } else { Probe::No };
    };
    let little = head.get(4).is_some_and(|order| order & 0x10 != 0);
    let length = if little { le16(head, 8) } else { be16(head, 8) };
    let fits = matches!(head, [5, 0 | 1, 0..=20, flags, 0 | 0x10, 0, 0, 0, ..] if flags & 0x03 != 0);
    let length_fits = length.is_some_and(|length| usize::from(length) >= 16 && bytes.len() <= usize::from(length) * 4);
    // In the middle of a stream elsewhere only what opens a session counts.
    let opens = matches!(head.get(2), Some(11..=15)) || !segment.is_midstream || segment.on_port;
    Probe::when(fits && length_fits && opens, APPLICATION)
}

/// Version 4, over datagrams: an 80 byte header and the length of what follows.
fn datagram(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(head) = bytes.get(..80) else { return Probe::No };
    let little = head.get(4).is_some_and(|order| order & 0x10 != 0);
    let length = if little { le16(head, 74) } else { be16(head, 74) };
    let fits = matches!(head, [4, 0..=10, _, 0..=1, 0 | 0x10, 0, 0, ..]);
    Probe::when(fits && length.is_some_and(|length| usize::from(length) + 80 == segment.wire_len), APPLICATION)
}
