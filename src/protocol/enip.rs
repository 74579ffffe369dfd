//! Factories: the header of EtherNet/IP (ODVA EtherNet/IP §2-3).

use super::reader::{le16, le32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("enip");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Both,
    depth: 32,
    ports: &[44818],
    about: "EtherNet/IP: header of a command (ODVA CIP vol. 2)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(head) = bytes.get(..24) else {
        let known = le16(bytes, 0).is_none_or(is_command);
        return if known && segment.is_tcp() { Probe::Need } else { Probe::No };
    };
    let known = le16(head, 0).is_some_and(is_command);
    let length = le16(head, 2).is_some_and(|length| usize::from(length) + 24 == bytes.len());
    let is_part = le16(head, 2).is_some_and(|length| (bytes.len()..=600).contains(&(usize::from(length) + 24)));
    if known && is_part && !length && segment.is_tcp() && !segment.is_last && le32(head, 20) == Some(0) {
        return Probe::Need;
    }
    // Status is zero in requests, and options are always.
    Probe::when(
        known && length && le32(head, 20) == Some(0) && le32(head, 8).is_some_and(|status| status <= 0x69),
        APPLICATION,
    )
}

const fn is_command(command: u16) -> bool {
    matches!(command, 0x04 | 0x63..=0x66 | 0x6f | 0x70)
}
