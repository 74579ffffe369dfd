//! L2TP: control messages that say their length (RFC 2661 §3.1).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("l2tp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[1701],
    about: "L2TP: control messages (RFC 2661)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let control = matches!(bytes, [0xc8, 2 | 3, ..]);
    let length = be16(bytes, 2).is_some_and(|length| usize::from(length) == segment.wire_len);
    Probe::when(control && length && segment.wire_len >= 12 || segment.on_port && is_data(bytes), APPLICATION)
}

/// PPP in a tunnel that stands already: flags, perhaps a length, tunnel, session, numbers, an offset (RFC 2661 §3.1).
fn is_data(bytes: &[u8]) -> bool {
    let Some(&[flags, 2]) = bytes.first_chunk() else { return false };
    let has = |bit: u8, size: usize| if flags & bit == 0 { 0 } else { size };
    let head = 6 + has(0x40, 2) + has(0x08, 4) + has(0x02, 2);
    flags & 0xb4 == 0 && bytes.get(head..head + 2) == Some(&[0xff, 3])
}
