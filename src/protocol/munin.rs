//! Munin: the greeting of a node.

use super::text::{Begins, begins, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("munin");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Tcp,
    depth: 64,
    ports: &[4949],
    about: "Munin: greeting of a node (Munin network protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"# munin node at ", b"cap multigraph "]) {
        Begins::Yes => {
            let greeting = if segment.payload.starts_with(b"#") { first_line(segment.payload).0 } else { b"" };
            Probe::with_detail(APPLICATION, greeting)
        }
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
