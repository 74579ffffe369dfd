//! Reports about RTP: packets that fill the datagram (RFC 3550 §6).

use super::reader::Reader;
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rtcp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Udp,
    depth: 0,
    ports: &[5005],
    about: "RTCP: reports about media (RFC 3550)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
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
