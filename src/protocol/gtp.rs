//! Telephone data: the header of the tunnel says its length (3GPP TS 29.060, TS 29.281).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("gtp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[2123, 2152, 3386],
    about: "GTP: tunnels of telephone networks (3GPP TS 29.060, 29.281)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(&first), Some(&kind), Some(length)) = (bytes.first(), bytes.get(1), be16(bytes, 2)) else {
        return Probe::No;
    };
    let head = match first >> 5 {
        1 => 8,
        2 => 4,
        // Charging, version 0 (3GPP TS 32.295): a header of 6 or 20 bytes, as its last bit says.
        0 if first & 0x1e == 0x0e => {
            if first & 1 == 1 {
                6
            } else {
                20
            }
        }
        _ => return Probe::No,
    };
    let known = matches!(kind, 1..=7 | 16..=70 | 95..=104 | 170..=180 | 240 | 241 | 254 | 255);
    Probe::when(segment.on_port && known && usize::from(length) + head == segment.wire_len, APPLICATION)
}
