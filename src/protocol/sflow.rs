//! Samples of switches: version 5 and an address (sFlow version 5).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("sflow");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[6343],
    about: "sFlow: samples of switches (sFlow version 5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let word = |index: usize| be32(segment.payload, index * 4);
    // Version, kind of address, the address, sub-agent, sequence, up-time, samples.
    let samples = match word(1) {
        Some(1) => word(6),
        Some(2) => word(9),
        _ => None,
    };
    Probe::when(word(0) == Some(5) && samples.is_some_and(|count| (1..=256).contains(&count)), APPLICATION)
}
