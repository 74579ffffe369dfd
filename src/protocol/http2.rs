//! HTTP/2 in the clear: the preface of the client, the settings of the server (RFC 9113 §3.4). gRPC rides on it.

use super::text::{Begins, begins};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("http2");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 64,
    ports: &[80, 8080, 50051],
    about: "HTTP/2 with prior knowledge, gRPC (RFC 9113)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
