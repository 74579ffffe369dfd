//! Web servers to Tomcat: a magic number and a length (AJP 1.3).

use super::reader::be16;
use super::text::{Begins, begins};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ajp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
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
                let fits = bytes.len() <= usize::from(length) + 4 && length > 0 && matches!(kind, 2..=10);
                Probe::when(fits, APPLICATION)
            }
            _ => Probe::Need,
        },
    }
}
