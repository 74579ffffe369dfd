//! Elasticsearch between nodes: the mark of its transport.

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("elasticsearch");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 32,
    ports: &[9300],
    about: "Elasticsearch: transport between nodes (Elasticsearch TcpHeader)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"ES\0"]) {
        Begins::Yes => Probe::when(segment.payload.len() >= 6, APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
