//! PostgreSQL: the start-up message, or the wish for encryption (PostgreSQL §55.7).

use super::reader::{Reader, be32};
use super::text::{Begins, begins, is_text};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("postgresql");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 64,
    ports: &[5432, 6432],
    about: "PostgreSQL: start-up message (PostgreSQL protocol 3)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if bytes.first().is_some_and(u8::is_ascii_uppercase) {
        return later(segment);
    }
    let (Some(length), Some(code)) = (be32(bytes, 0), be32(bytes, 4)) else {
        return if be32(bytes, 0).is_none_or(|length| (8..10_000).contains(&length)) { Probe::Need } else { Probe::No };
    };
    match (length, code) {
        // SSLRequest, GSSENCRequest, CancelRequest; before 2003 version 2, with names of fixed lengths.
        (8, 80_877_103 | 80_877_104) | (16, 80_877_102) | (296, 0x0002_0000) => Probe::of(APPLICATION),
        (9..=9_999, 0x0003_0000..=0x0003_0002) => {
            let body = bytes.get(8..).unwrap_or_default();
            match begins(body, &[b"user\0", b"database\0", b"application_name\0", b"client_encoding\0"]) {
                Begins::Yes => Probe::of(APPLICATION),
                Begins::Perhaps => Probe::Need,
                // In any order; one of them is the user.
                Begins::No if bytes.len() < length as usize && is_text(body.get(..1).unwrap_or_default()) => {
                    Probe::Need
                }
                Begins::No => Probe::when(body.windows(6).any(|six| six == b"\0user\0"), APPLICATION),
            }
        }
        _ => Probe::No,
    }
}

/// Kind in one letter and length, one message after the other: an answer to the login, or later ones on its port.
fn later(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    // One letter says whether there will be TLS.
    if matches!(bytes, b"S" | b"N") {
        let asked = segment.other.starts_with(&[0, 0, 0, 8, 4, 0xd2, 0x16]);
        return if asked { Probe::of(APPLICATION) } else { Probe::Need };
    }
    let mut reader = Reader::new(bytes);
    let mut messages = 0;
    while let Some(kind) = reader.u8() {
        let Some(length) = reader.u32().filter(|length| (4..1 << 24).contains(length)) else { break };
        let known = b"RSKZTDCENIGHWdcfVAtn123sQPBEDCFXHp".contains(&kind);
        if !known {
            return Probe::No;
        }
        messages += 1;
        if reader.skip(length as usize - 4).is_none() {
            break;
        }
    }
    // Asks for a password, or is content: 0 and 3 to 12 (PostgreSQL 17 §53.7).
    let login = matches!(bytes, [b'R', 0, 0, 0, 8..=64, 0, 0, 0, 0 | 3 | 5..=12, ..]);
    let is_text = bytes.starts_with(b"R\0\0\0") && bytes.windows(5).any(|five| five == b"SCRAM");
    Probe::when(
        messages >= 1 && (segment.on_port && reader.is_empty() || login && messages >= 2 || is_text),
        APPLICATION,
    )
}
