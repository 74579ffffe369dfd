//! PPTP: control messages with a magic number (RFC 2637 §1.4).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("pptp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Tcp,
    depth: 16,
    ports: &[1723],
    about: "PPTP: control messages (RFC 2637)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match (be16(bytes, 2), be32(bytes, 4)) {
        (Some(1 | 2), Some(0x1a2b_3c4d)) => Probe::of(APPLICATION),
        (None | Some(1 | 2), None) => Probe::Need,
        _ => Probe::No,
    }
}
