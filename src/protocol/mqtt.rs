//! MQTT: the packet that opens a session, with the name of the protocol (MQTT 3.1.1 §3.1).

use super::reader::Reader;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mqtt");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Queues,
    over: Transports::Tcp,
    depth: 32,
    ports: &[1883, 8883],
    about: "MQTT: opening of a session (OASIS MQTT 3.1.1, 5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some((0x10, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        return if bytes.is_empty() {
            Probe::Need
        } else {
            Probe::when(segment.on_port && packets_fit(bytes), APPLICATION)
        };
    };
    // A length of one to four bytes, seven bits each.
    let more = rest.iter().take(4).take_while(|&&b| b & 0x80 != 0).count();
    match begins(rest.get(more + 1..).unwrap_or_default(), &[b"\0\x04MQTT", b"\0\x06MQIsdp"]) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}

/// What comes later: packets that fill the bytes, each with the flags of its kind (MQTT 3.1.1 §2.2).
fn packets_fit(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let Some(head) = reader.u8() else { return false };
        let Some(length) = length(&mut reader) else { return false };
        let fits = match (head >> 4, head & 0xf) {
            // A text of at most two deliveries, behind the length of its topic.
            (3, flags) => flags & 6 != 6 && length >= 2,
            (2 | 4 | 5 | 7 | 9 | 11, 0) | (6, 2) => length >= 2,
            (8 | 10, 2) => length >= 5,
            (12 | 13, 0) => length == 0,
            (14, 0) => length <= 64,
            _ => false,
        };
        if !fits || reader.skip(length).is_none() {
            return false;
        }
    }
    true
}

/// A number of one to four bytes, seven bits each, the low ones first.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8()?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
    None
}
