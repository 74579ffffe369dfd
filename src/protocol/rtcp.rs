//! Reports about RTP: packets that fill the datagram (RFC 3550 §6).

use super::reader::{Reader, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rtcp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Udp,
    depth: 0,
    ports: &[5005],
    about: "RTCP: reports about media (RFC 3550)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    if is_secured(segment.payload) && segment.is_whole() {
        return Probe::of(APPLICATION);
    }
    let mut reader = Reader::new(segment.payload);
    let mut first = None;
    while !reader.is_empty() {
        let Some([head, kind, high, low]) = reader.array() else { return Probe::No };
        let words = usize::from(u16::from_be_bytes([high, low]));
        if head & 0xc0 != 0x80 || !(200..=207).contains(&kind) || words == 0 || reader.skip(words * 4).is_none() {
            return Probe::No;
        }
        first.get_or_insert(kind);
    }
    // A compound begins with a report of a sender or receiver.
    Probe::when(matches!(first, Some(200 | 201 | 205 | 206)) && segment.is_whole(), APPLICATION)
}

/// One report behind whose plain header all is encrypted (RFC 3711 §3.4): the last 14 bytes are an index that
/// is still small, with its top bit set, and a tag.
fn is_secured(bytes: &[u8]) -> bool {
    let [head, kind @ (200 | 201), high, low, ..] = bytes else { return false };
    let words = u16::from_be_bytes([*high, *low]);
    // A sender's report has at least six words, each block of a report six more.
    let blocks = u16::from(head & 0x1f);
    let least = if *kind == 200 { 6 } else { 1 } + blocks * 6;
    let index = bytes.len().checked_sub(14).and_then(|at| be32(bytes, at));
    let whole = bytes.len() >= usize::from(words) * 4 + 4 + 14;
    head & 0xe0 == 0x80
        && words == least
        && whole
        && index.is_some_and(|index| (0x8000_0000..0x8001_0000).contains(&index))
}
