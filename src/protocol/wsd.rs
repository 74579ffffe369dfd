//! Discovery of devices by SOAP over UDP (WS-Discovery).

use super::text::contains;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("wsd");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[3702],
    about: "WS-Discovery: devices by SOAP over UDP (OASIS WS-Discovery 1.1)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let envelope =
        bytes.starts_with(b"<?xml") || bytes.starts_with(b"<soap:Envelope") || bytes.starts_with(b"<s:Envelope");
    Probe::when(envelope && contains(bytes, b"discovery") && contains(bytes, b"envelope"), APPLICATION)
}
