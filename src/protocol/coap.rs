//! Small devices: a header, a token, and options in order (RFC 7252 §3).

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("coap");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Udp,
    depth: 0,
    ports: &[5683],
    about: "CoAP: small devices (RFC 7252)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(&[first, code, ..]) = bytes.first_chunk::<4>() else { return Probe::No };
    let token = usize::from(first & 0xf);
    let known = matches!(code, 0 | 1..=7 | 0x41..=0x45 | 0x5f | 0x80..=0x8f | 0xa0..=0xa5);
    let empty = code == 0 && bytes.len() > 4;
    let fits = first >> 6 == 1 && token <= 8 && known && !empty && bytes.len() >= 4 + token;
    if !fits || !options_fit(bytes.get(4 + token..).unwrap_or_default()) {
        return Probe::No;
    }
    // Elsewhere a request and what answers it are wanted: the same token, of some length.
    let pair =
        || token >= 2 && segment.other.len() > 4 + token && bytes.get(4..4 + token) == segment.other.get(4..4 + token);
    let answers = || segment.other.first().is_some_and(|other| other >> 6 == 1 && other & 0xf == first & 0xf);
    match (segment.on_port, segment.other.is_empty()) {
        (true, _) => Probe::of(APPLICATION),
        (false, true) if token >= 2 => Probe::Need,
        (false, _) => Probe::when(answers() && pair(), APPLICATION),
    }
}

fn options_fit(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while let Some(head) = reader.u8() {
        if head == 0xff {
            return !reader.is_empty();
        }
        let extended = |reader: &mut Reader<'_>, nibble: u8| match nibble {
            13 => reader.u8().map(|more| usize::from(more) + 13),
            14 => reader.u16().map(|more| usize::from(more) + 269),
            15 => None,
            small => Some(usize::from(small)),
        };
        let fits = extended(&mut reader, head >> 4).and_then(|_| extended(&mut reader, head & 0xf));
        if fits.and_then(|length| reader.skip(length)).is_none() {
            return false;
        }
    }
    true
}
