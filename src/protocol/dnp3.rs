//! Power grid control: a link header with its checksum (IEEE 1815).

use super::reader::le16;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("dnp3");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Both,
    depth: 16,
    ports: &[20000],
    about: "DNP3: link header and checksum (IEEE 1815)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, &[&[0x05, 0x64]]) {
        Begins::Perhaps if segment.is_tcp() => Probe::Need,
        Begins::No | Begins::Perhaps => Probe::No,
        Begins::Yes => match (bytes.get(..8), le16(bytes, 8)) {
            (Some(head), Some(sum)) => Probe::when(checksum(head) == sum, APPLICATION),
            _ => Probe::Need,
        },
    }
}

/// The CRC of the standard: polynomial 0x3d65, reflected, inverted.
fn checksum(bytes: &[u8]) -> u16 {
    let crc = bytes.iter().fold(0_u16, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 })
    });
    !crc
}
