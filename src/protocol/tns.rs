//! Oracle databases: the packet that asks for a connection (Oracle Net).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("oracle");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 64,
    ports: &[1521, 1526],
    about: "Oracle: request for a connection (Oracle Net, Wireshark tns)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(head) = bytes.get(..8) else {
        let so_far =
            bytes.get(2..4).is_none_or(|sum| sum == [0, 0]) && bytes.get(4).is_none_or(|kind| (1..=19).contains(kind));
        return if so_far { Probe::Need } else { Probe::No };
    };
    // Length, checksum 0, kind 1 (connect), then versions around 300.
    let length = be16(head, 0).is_some_and(|length| usize::from(length) >= bytes.len().min(58) && length >= 58);
    let version = be16(bytes, 8).is_some_and(|version| (0x012c..=0x0140).contains(&version));
    let kind = matches!(head, [_, _, 0, 0, 1, _, 0, 0]);
    // On its port the others too: accept, refuse, data and so on, whose length is that of the bytes.
    let exact = be16(head, 0).is_some_and(|length| usize::from(length) == bytes.len());
    let other_kind = matches!(head, [_, _, 0, 0, 1..=19, _, 0, 0]);
    Probe::when(length && kind && version || segment.on_port && exact && other_kind, APPLICATION)
}
