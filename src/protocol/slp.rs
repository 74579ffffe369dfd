//! Service location: a header that says its length (RFC 2608 §8, RFC 2165).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("slp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Both,
    depth: 32,
    ports: &[427],
    about: "SLP: service location (RFC 2608)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let fits = match bytes {
        [2, 1..=11, ..] => {
            let length = be32(bytes, 1).is_some_and(|word| (word & 0x00ff_ffff) as usize == segment.wire_len);
            length && be16(bytes, 12).is_some_and(|language| (1..=8).contains(&language))
        }
        [1, 1..=10, ..] => {
            be16(bytes, 2).is_some_and(|length| usize::from(length) == segment.wire_len) && bytes.len() >= 12
        }
        _ => false,
    };
    Probe::when(fits && segment.on_port, APPLICATION)
}
