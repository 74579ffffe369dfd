//! Kerberos: messages that say what they are (RFC 4120 §5.10, §7.2.2).

use super::ber;
use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("kerberos");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Identity,
    over: Transports::Both,
    depth: 64,
    ports: &[88, 464],
    about: "Kerberos: messages of client and server (RFC 4120)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut bytes = segment.payload;
    if segment.is_tcp() {
        let Some((length, rest)) = bytes.split_first_chunk() else { return Probe::Need };
        if u32::from_be_bytes(*length) > 1 << 20 {
            return Probe::No;
        }
        bytes = rest;
    }
    let mut reader = Reader::new(bytes);
    let Some(tag) = reader.u8() else { return if segment.is_tcp() { Probe::Need } else { Probe::No } };
    if !matches!(tag, 0x6a..=0x6f | 0x74..=0x76 | 0x7e) {
        return Probe::No;
    }
    // A sequence whose first field is the version, 5; a request for tickets has it as field 1.
    let fits = (|| {
        ber::length(&mut reader)?;
        ber::enter(&mut reader, 0x30)?;
        let field = reader.u8()?;
        ber::length(&mut reader)?;
        Some(matches!(field, 0xa0 | 0xa1) && reader.rest().starts_with(&[2, 1, 5]))
    })();
    match fits {
        Some(fits) => Probe::when(fits, APPLICATION),
        None if segment.is_tcp() && bytes.len() < 16 => Probe::Need,
        None => Probe::No,
    }
}
