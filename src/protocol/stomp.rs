//! STOMP: the frames that open a session (STOMP 1.2).

use super::text::{Begins, begins, contains};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("stomp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Queues,
    over: Transports::Tcp,
    depth: 256,
    ports: &[61613],
    about: "STOMP: opening of a session (STOMP 1.2)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(
        segment.payload,
        &[b"STOMP\n", b"STOMP\r\n", b"CONNECT\n", b"CONNECT\r\n", b"CONNECTED\n", b"CONNECTED\r\n"],
    ) {
        Begins::No => Probe::No,
        Begins::Perhaps => Probe::Need,
        Begins::Yes => {
            let known = [&b"accept-version:"[..], b"version:", b"login:", b"heart-beat:"];
            if known.iter().any(|word| contains(segment.payload, word)) { Probe::of(APPLICATION) } else { Probe::Need }
        }
    }
}
