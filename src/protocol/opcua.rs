//! Factories: the hello of OPC UA, and the opening of a channel (OPC 10000-6 §7.1).

use super::reader::le32;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("opcua");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Tcp,
    depth: 32,
    ports: &[4840],
    about: "OPC UA: hello and opening of a channel (IEC 62541-6)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"HELF", b"ACKF", b"OPNF", b"RHEF"]) {
        Begins::Yes => match le32(segment.payload, 4) {
            Some(length) => Probe::when(
                (16..1 << 20).contains(&length) && length as usize >= segment.payload.len().min(28),
                APPLICATION,
            ),
            None => Probe::Need,
        },
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
