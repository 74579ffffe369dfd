//! Apache Thrift: a call with a name, strict or compact, framed or not.

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("thrift");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Both,
    depth: 64,
    ports: &[9090],
    about: "Thrift: remote calls (Apache Thrift binary protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let frame = be32(bytes, 0).is_some_and(|length| length as usize + 4 == bytes.len());
    // The frame may come before what it holds.
    let is_part = be32(bytes, 0).is_some_and(|length| (bytes.len()..1 << 16).contains(&(length as usize + 4)));
    if is_part && !frame && !segment.is_last && matches!(bytes.get(4..), Some([] | [0x80 | 0x82] | [0x80, 1, ..])) {
        return Probe::Need;
    }
    let bytes = if frame { bytes.get(4..).unwrap_or_default() } else { bytes };
    // Version 1 of the strict form, a call or its answer, and the name of the method.
    if let [0x82, kind, ..] = bytes
        && matches!(kind, 0x21 | 0x41 | 0x61 | 0x81)
    {
        return compact(bytes.get(2..).unwrap_or_default());
    }
    let strict = matches!(bytes, [0x80, 1, 0, 1..=4, ..]);
    let Some(length) = be32(bytes, 4).filter(|&length| strict && (1..=256).contains(&length)) else { return Probe::No };
    let name = bytes.get(8..8 + length as usize).unwrap_or_default();
    Probe::when(!name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b"_:.".contains(&b)), APPLICATION)
}

/// A sequence number and a length, seven bits in each byte, then the name.
fn compact(bytes: &[u8]) -> Probe {
    let behind = bytes.iter().take(5).take_while(|&&b| b & 0x80 != 0).count() + 1;
    let Some((&length, rest)) = bytes.get(behind..).and_then(<[u8]>::split_first) else { return Probe::No };
    let name = rest.get(..usize::from(length)).unwrap_or_default();
    Probe::when(length & 0x80 == 0 && name.len() >= 3 && name.iter().all(u8::is_ascii_alphanumeric), APPLICATION)
}
