//! Siemens controllers: S7 over COTP (ISO 8073), the connection between two TSAPs.

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("s7");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Tcp,
    depth: 64,
    ports: &[102],
    about: "S7: Siemens controllers (RFC 1006, Wireshark s7comm)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if bytes.len() < 8 {
        let so_far = bytes.iter().zip([3_u8, 0, 0]).all(|(have, want)| *have == want);
        return if so_far { Probe::Need } else { Probe::No };
    }
    match bytes {
        // Data with the mark of S7 in it.
        [3, 0, _, _, 2, 0xf0, 0x80, 0x32 | 0x72, ..] => Probe::of(APPLICATION),
        // The request for a connection, whose answer is awaited.
        [3, 0, _, _, _, 0xe0 | 0xd0, ..] if segment.on_port && !segment.is_last => Probe::Need,
        _ => Probe::No,
    }
}
