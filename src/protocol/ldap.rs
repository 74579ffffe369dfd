//! Directories: a message with a known operation (RFC 4511 §4.1.1).

use super::ber;
use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ldap");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Identity,
    over: Transports::Both,
    depth: 64,
    ports: &[389, 3268],
    about: "LDAP: message with a known operation (RFC 4511)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let mut reader = Reader::new(bytes);
    let parsed = (|| {
        let length = ber::enter(&mut reader, 0x30)?;
        let id = ber::enter(&mut reader, 0x02)?;
        let id_fits = (1..=4).contains(&id);
        reader.skip(id)?;
        let operation = reader.u8()?;
        Some((length, id_fits, operation, ber::length(&mut reader)?))
    })();
    let Some((length, id_fits, operation, _)) = parsed else {
        return if bytes.first().is_none_or(|&first| first == 0x30) && bytes.len() < 16 && segment.is_tcp() {
            Probe::Need
        } else {
            Probe::No
        };
    };
    let known = match operation {
        // A bind says a version, an extended request the name of what it wants.
        0x60 => reader.rest().starts_with(&[2, 1, 3]) || reader.rest().starts_with(&[2, 1, 2]),
        0x77 => reader.rest().first() == Some(&0x80),
        0x61 | 0x65 | 0x78 => reader.rest().first() == Some(&0x0a),
        0x63 | 0x64 => reader.rest().first() == Some(&0x04),
        0x42 => true,
        _ => false,
    };
    Probe::when(id_fits && known && length <= 1 << 24, APPLICATION)
}
