//! Gnutella: the handshake of peers, and messages between them by UDP.

use super::reader::le32;
use super::text::{Begins, begins, contains};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("gnutella");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Both,
    depth: 64,
    ports: &[6346, 6347],
    about: "Gnutella: peers",
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
    let marked = bytes.starts_with(b"GND") || contains(bytes.get(..96).unwrap_or(bytes), b"gtkg");
    // A message id, kind, time to live, hops, and the length of the rest.
    let framed = le32(bytes, 19).is_some_and(|length| length as usize + 23 == segment.wire_len)
        && matches!(bytes.get(16), Some(0 | 1 | 0x31 | 0x80 | 0x81))
        && bytes.get(17).zip(bytes.get(18)).is_some_and(|(ttl, hops)| ttl + hops <= 16 && (1..=8).contains(ttl));
    Probe::when(
        marked && segment.wire_len >= 8 || framed && contains(bytes, b"SCP") || framed && segment.on_port,
        APPLICATION,
    )
}
