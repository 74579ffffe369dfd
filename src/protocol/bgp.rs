//! Routes between networks: sixteen bytes of ones, a length, a kind (RFC 4271 §4.1).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("bgp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Tcp,
    depth: 32,
    ports: &[179],
    about: "BGP: routes between networks (RFC 4271)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let ones = bytes.iter().take(16).all(|&b| b == 0xff);
    match (ones, be16(bytes, 16), bytes.get(18)) {
        (true, Some(19..=4096), Some(1..=5)) => Probe::of(APPLICATION),
        (true, None | Some(19..=4096), None) if bytes.len() < 19 => Probe::Need,
        _ => Probe::No,
    }
}
