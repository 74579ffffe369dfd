//! Cassandra: a frame header with a known operation (CQL binary protocol).

use super::reader::be32;
use super::text::contains;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("cassandra");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 32,
    ports: &[9042],
    about: "Cassandra: header of a frame (CQL native protocol v5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let version = bytes.first().map_or(1, |first| first & 0x7f);
    if !(1..=6).contains(&version) {
        return Probe::No;
    }
    // Until version 2 a stream had one byte (CQL native protocol v2 §2).
    let head = if version <= 2 { 8 } else { 9 };
    let (Some(&[first, flags, ..]), Some(&operation), Some(length)) =
        (bytes.first_chunk::<2>(), bytes.get(head - 5), be32(bytes, head - 4))
    else {
        return Probe::Need;
    };
    let body = bytes.get(head..).unwrap_or_default();
    let whole = body.len() == length as usize;
    // OPTIONS has no body, STARTUP a map of strings with the version of the language; their answers name it too,
    // or a class that knows who may come in.
    let opens = match (first & 0x80, operation) {
        (0, 5) => length == 0,
        (0, 1) | (0x80, 6) => contains(body, b"cql_version"),
        (0x80, 3) => contains(body, b"authenticator"),
        _ => false,
    };
    let later = segment.on_port && matches!(operation, 0..=3 | 5..=16);
    if flags <= 0x1f && body.len() < length as usize && length < 4096 && operation <= 16 && !segment.is_last {
        return Probe::Need;
    }
    Probe::when(flags <= 0x1f && whole && (opens || later), APPLICATION)
}
