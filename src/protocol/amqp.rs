//! AMQP: the protocol header, or a frame of version 0-9-1 (AMQP 0-9-1 §4.2, 1.0 §2.2).

use super::reader::be32;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("amqp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Queues,
    over: Transports::Tcp,
    depth: 16,
    ports: &[5672],
    about: "AMQP: protocol header (AMQP 0-9-1, ISO 19464)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"AMQP\0", b"AMQP\x01", b"AMQP\x02", b"AMQP\x03"]) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => frame(segment),
    }
}

/// Type, channel, length, then that many bytes and an end mark.
fn frame(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(1..=4), Some(length)) = (bytes.first(), be32(bytes, 3)) else { return Probe::No };
    let end = bytes.get(7 + length as usize);
    Probe::when(segment.on_port && end == Some(&0xce), APPLICATION)
}
