//! Gnutella: the handshake of peers, and their marked messages by UDP.

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("gnutella");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Peers,
    over: Transports::Both,
    depth: 64,
    ports: &[6346, 6347],
    about: "Gnutella: peers (Gnutella 0.6)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if segment.is_tcp() {
        return match begins(bytes, &[b"GNUTELLA CONNECT/", b"GNUTELLA/", b"GET /get/", b"GET /uri-res/"]) {
            Begins::Yes => Probe::when(bytes.starts_with(b"GNUTELLA"), APPLICATION),
            Begins::Perhaps => Probe::Need,
            Begins::No => Probe::No,
        };
    }
    Probe::when(bytes.starts_with(b"GND") && segment.wire_len >= 8, APPLICATION)
}
