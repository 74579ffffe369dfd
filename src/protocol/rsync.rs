//! The rsync daemon: both sides say their version first.

use super::text::{Begins, begins, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rsync");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 32,
    ports: &[873],
    about: "rsync daemon: version line (rsync clientserver.c)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"@RSYNCD: "]) {
        Begins::Yes => Probe::with_detail(APPLICATION, first_line(segment.payload).0),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
