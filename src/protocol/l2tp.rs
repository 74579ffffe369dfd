//! L2TP: control messages that say their length (RFC 2661 §3.1).

use super::reader::be16;
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("l2tp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Udp,
    depth: 0,
    ports: &[1701],
    about: "L2TP: control messages (RFC 2661)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let control = bytes.starts_with(&[0xc8, 2]);
    let length = be16(bytes, 2).is_some_and(|length| usize::from(length) == segment.wire_len);
    Probe::when(control && length && segment.wire_len >= 12, APPLICATION)
}
