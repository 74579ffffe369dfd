//! Graylog: chunks with a magic number, or a JSON object with a version and a host.

use super::text::contains;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("gelf");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[12201],
    about: "GELF: log messages for Graylog (GELF 1.1)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let chunk =
        matches!(bytes, [0x1e, 0x0f, _, _, _, _, _, _, _, _, index, count, ..] if index < count && *count <= 128);
    let json = bytes.starts_with(b"{") && contains(bytes, b"\"short_message\"") && contains(bytes, b"\"version\"");
    let packed = segment.on_port && (bytes.starts_with(&[0x1f, 0x8b, 8]) || bytes.starts_with(&[0x78, 0x9c]));
    Probe::when(chunk || json || packed, APPLICATION)
}
