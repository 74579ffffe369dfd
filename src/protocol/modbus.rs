//! Modbus over TCP: a header that says its length, and a known function.

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("modbus");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Tcp,
    depth: 16,
    ports: &[502],
    about: "Modbus/TCP: header and function (Modbus TCP/IP guide V1.0b)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(protocol), Some(length)) = (be16(bytes, 2), be16(bytes, 4)) else {
        return if be16(bytes, 2).is_none_or(|protocol| protocol == 0) { Probe::Need } else { Probe::No };
    };
    let Some(&function) = bytes.get(7) else { return if protocol == 0 { Probe::Need } else { Probe::No } };
    let behind = bytes.get(6 + usize::from(length)..);
    // Another may follow in the same segment: protocol 0 again.
    let follows = behind.is_some_and(|behind| behind.is_empty() || be16(behind, 2) == Some(0));
    let whole = follows && (3..=254).contains(&length);
    let known = matches!(function & 0x7f, 1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43 | 90);
    Probe::when(protocol == 0 && whole && known && segment.on_port, APPLICATION)
}
