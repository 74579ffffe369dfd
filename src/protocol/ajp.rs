//! Web servers to Tomcat: a magic number and a length (AJP 1.3).

use super::reader::be16;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ajp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Tcp,
    depth: 16,
    ports: &[8009],
    about: "AJP: web servers to Tomcat (Apache AJPv13)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, &[&[0x12, 0x34], b"AB"]) {
        Begins::No => Probe::No,
        Begins::Perhaps => Probe::Need,
        Begins::Yes => match (be16(bytes, 2), bytes.get(4)) {
            (Some(length), Some(kind)) => {
                // Head, body and end of an answer come in one segment.
                let behind = bytes.get(usize::from(length) + 4..).unwrap_or_default();
                let follows = begins(behind, &[bytes.get(..2).unwrap_or_default()]) != Begins::No;
                // Two bytes are a weak mark: elsewhere than on its port all of the first packet must be there.
                let is_there = segment.on_port || bytes.len() >= usize::from(length) + 4;
                Probe::when(follows && is_there && length > 0 && matches!(kind, 2..=10), APPLICATION)
            }
            _ => Probe::Need,
        },
    }
}
