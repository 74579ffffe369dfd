//! Openings in a home router: NAT-PMP and PCP, on their own port (RFC 6886, RFC 6887).

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("nat-pmp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[5351],
    about: "NAT-PMP and PCP: openings in a router (RFC 6886)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let fits = match (segment.payload, segment.wire_len) {
        ([0, 0, ..], 2) | ([0, 1 | 2, ..], 12) | ([0, 128, ..], 12 | 8) | ([0, 129 | 130, ..], 16) => true,
        ([2, operation, ..], length) => operation & 0x7f <= 3 && length >= 24 && length % 4 == 0,
        _ => false,
    };
    Probe::when(segment.on_port && fits, APPLICATION)
}
