//! Cassandra: a frame header with a known operation (CQL binary protocol).

use super::reader::be32;
use super::text::contains;
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("cassandra");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 32,
    ports: &[9042],
    about: "Cassandra: header of a frame (CQL native protocol v5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(&[version, flags, _, _, operation]) = bytes.first_chunk() else {
        return if matches!(bytes.first(), None | Some(1..=6)) { Probe::Need } else { Probe::No };
    };
    let Some(length) = be32(bytes, 5) else { return if matches!(version, 1..=6) { Probe::Need } else { Probe::No } };
    let whole = bytes.len() == 9 + length as usize;
    // OPTIONS has no body, STARTUP a map of strings with the version of the language.
    let fits = match operation {
        5 => length == 0,
        1 => contains(bytes, b"cql_version"),
        _ => false,
    };
    Probe::when((3..=6).contains(&version) && flags <= 0x1f && whole && fits, APPLICATION)
}
