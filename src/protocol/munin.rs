//! Munin: the greeting of a node.

use super::text::{Begins, begins, first_line};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("munin");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 64,
    ports: &[4949],
    about: "Munin: greeting of a node (Munin network protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"# munin node at "]) {
        Begins::Yes => Probe::with_detail(APPLICATION, first_line(segment.payload).0),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
