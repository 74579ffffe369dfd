//! DTLS over UDP: ClientHello and other records (RFC 6347, RFC 9147).

use super::reader::{Reader, be16};
use super::tls::hello::ClientHello;
use super::tls::ja4;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::{Application, Label};

const DTLS: Application = Application::new("dtls");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: DTLS,
    group: Group::Encrypted,
    over: Transports::Udp,
    depth: 0,
    ports: &[443, 2221, 5349, 5684],
    about: "DTLS: server name, ALPN, JA4 (RFC 6347, RFC 9147)",
    probe,
};

const HEADER: usize = 13;
const HANDSHAKE: u8 = 22;
/// A record with a connection id, whose length only the two ends know (RFC 9146 §4).
const WITH_ID: u8 = 25;

/// One record with an id of some length that fills the datagram.
fn has_id(segment: &Segment<'_>) -> bool {
    let fits = |id: usize| {
        be16(segment.payload, 11 + id).is_some_and(|length| HEADER + id + usize::from(length) == segment.wire_len)
    };
    be16(segment.payload, 1) == Some(0xfefd) && (1..=20).any(fits)
}

/// Records one after the other that fill the datagram to its end; the first says what it is.
fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(kind) = bytes.first().copied().filter(|kind| (20..=25).contains(kind)) else { return Probe::No };
    if kind == WITH_ID {
        return Probe::when(has_id(segment), DTLS);
    }
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let record = reader.rest();
        let version = be16(record, 1).is_some_and(|version| matches!(version, 0xfeff | 0xfefd | 0x0100));
        let Some(length) = be16(record, 11).filter(|&length| version && length > 0) else { return Probe::No };
        if reader.len() < HEADER + usize::from(length) && segment.is_whole() {
            return Probe::No;
        }
        reader.take_up_to(HEADER + usize::from(length));
    }
    let message = bytes.get(HEADER..).unwrap_or_default();
    match message.first() {
        Some(1) if kind == HANDSHAKE => client(message),
        _ => Probe::of(DTLS),
    }
}

/// Type, length, sequence, fragment offset and length, then the hello (RFC 6347 §4.2.2).
fn client(message: &[u8]) -> Probe {
    let mut reader = Reader::new(message);
    let parts = (|| {
        reader.skip(1)?;
        let length = reader.u24()?;
        reader.skip(2)?;
        Some((length, reader.u24()?, reader.u24()?))
    })();
    let Some((length, offset, part)) = parts else { return Probe::No };
    let body = reader.take_up_to(part as usize);
    let Some(hello) = (offset == 0).then(|| ClientHello::parse_dtls(body)).flatten() else { return Probe::of(DTLS) };
    let mut facts = hello.facts(DTLS);
    if hello.is_whole && part == length {
        facts.ja4 = Some(Label::new(&ja4::of(&hello, ja4::Carrier::Dtls)));
    }
    Probe::Match(facts)
}
