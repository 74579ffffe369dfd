//! Remote screens over RFB: both sides say their version first (RFC 6143).

use super::text::{Begins, begins, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("vnc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Tcp,
    depth: 12,
    ports: &[5900, 5901],
    about: "VNC: version of the RFB protocol (RFC 6143)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"RFB 003.", b"RFB 004.", b"RFB 005."]) {
        Begins::Yes => Probe::with_detail(APPLICATION, first_line(segment.payload).0),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
