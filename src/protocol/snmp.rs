//! Management: a message with a version and a known operation (RFC 3416, RFC 3412).

use super::ber;
use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("snmp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[161, 162],
    about: "SNMP: versions 1, 2c and 3 (RFC 3416)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let fits = (|| {
        let length = ber::enter(&mut reader, 0x30)?;
        if segment.is_whole() && length > reader.len() {
            return None;
        }
        let [2, 1, version] = reader.array()? else { return None };
        if version == 3 {
            ber::enter(&mut reader, 0x30)?;
            return ber::enter(&mut reader, 0x02).map(|id| id <= 5);
        }
        let community = ber::enter(&mut reader, 0x04).filter(|_| version <= 1)?;
        reader.skip(community)?;
        Some(matches!(reader.u8()?, 0xa0..=0xa8))
    })();
    Probe::when(fits == Some(true), APPLICATION)
}
