//! DNSCrypt: the certificate asked for in plain DNS, and the answers of its resolvers.

use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("dnscrypt");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Names,
    over: Transports::Both,
    depth: 1024,
    ports: &[53, 443, 5353],
    about: "DNSCrypt: certificates and answers (DNSCrypt protocol v2)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let magic = bytes.starts_with(b"r6fnvWj8");
    let plain = if segment.is_tcp() { bytes.get(2..).unwrap_or_default() } else { bytes };
    let asks = plain.get(12..).is_some_and(|question| question.starts_with(b"\x012\x0ddnscrypt-cert"));
    Probe::when(magic || asks, APPLICATION)
}
