//! NATS: the greeting of the server, the commands of the client (NATS client protocol).

use super::text::{Begins, begins, contains, first_line};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("nats");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 256,
    ports: &[4222],
    about: "NATS: greeting and commands (NATS client protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    match begins(segment.payload, &[b"INFO {\"", b"CONNECT {\""]) {
        Begins::Yes
            if contains(line, b"\"server_id\"") || contains(line, b"\"verbose\"") || contains(line, b"\"lang\"") =>
        {
            Probe::of(APPLICATION)
        }
        Begins::Yes if ended => Probe::No,
        Begins::Yes | Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
