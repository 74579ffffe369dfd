//! Time: a header of 48 bytes whose fields make sense (RFC 5905 §7.3).

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ntp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[123],
    about: "NTP: versions 1 to 4 (RFC 5905)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(&first) = bytes.first().filter(|_| segment.on_port) else { return Probe::No };
    let (version, mode) = (first >> 3 & 7, first & 7);
    let length = segment.wire_len;
    let fits = match mode {
        // Control and private messages (mode 7, the one that is abused for reflection).
        6 => length >= 12 && bytes.get(1).is_some_and(|operation| matches!(operation & 0x1f, 0..=12 | 31)),
        7 => length >= 8 && matches!(bytes.get(2), Some(0 | 2 | 3)),
        1..=5 => length >= 48 && length.is_multiple_of(4) && bytes.get(1).is_some_and(|&stratum| stratum <= 16),
        _ => false,
    };
    Probe::when(fits && (1..=4).contains(&version), APPLICATION)
}
