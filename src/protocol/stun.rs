//! STUN and TURN: a magic cookie and attributes that fill the message (RFC 8489, RFC 8656).

use super::reader::{Reader, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("stun");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Both,
    depth: 64,
    ports: &[3478, 19302, 5349],
    about: "STUN and TURN (RFC 8489, RFC 8656)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut bytes = segment.payload;
    // Over TCP, and with some over UDP too, messages stand behind their length (RFC 4571).
    if let Some((length, rest)) = bytes.split_first_chunk()
        && usize::from(u16::from_be_bytes(*length)) == rest.len()
        && be32(rest, 4) == Some(COOKIE)
    {
        bytes = rest;
    }
    if segment.is_tcp() && bytes.len() < 20 && bytes.first().is_none_or(|first| first & 0xfe == 0) {
        return Probe::Need;
    }
    let Some((kind, length, cookie)) = head(bytes) else { return Probe::No };
    let whole = bytes.len() == 20 + usize::from(length);
    let method = kind & 0x0f | (kind & 0xe0) >> 1 | (kind & 0x3e00) >> 2;
    if kind & 0xc000 != 0 || length % 4 != 0 {
        return Probe::No;
    }
    if cookie == COOKIE {
        return Probe::when(whole || segment.is_tcp() || !segment.is_whole(), APPLICATION);
    }
    // The first STUN (RFC 3489) had no cookie: its attributes must fit to the last byte.
    let classic = whole && matches!(method, 1 | 2) && attributes_fit(bytes.get(20..).unwrap_or_default());
    Probe::when(classic && (length > 0 || segment.on_port), APPLICATION)
}

const COOKIE: u32 = 0x2112_a442;

fn head(bytes: &[u8]) -> Option<(u16, u16, u32)> {
    let mut reader = Reader::new(bytes);
    let head = (reader.u16()?, reader.u16()?, reader.u32()?);
    (bytes.len() >= 20).then_some(head)
}

fn attributes_fit(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (Some(kind), Some(length)) = (reader.u16(), reader.u16()) else { return false };
        let known = matches!(kind, 1..=0x0020 | 0x8000..=0x80ff);
        if !known || reader.skip(usize::from(length).next_multiple_of(4)).is_none() {
            return false;
        }
    }
    true
}
