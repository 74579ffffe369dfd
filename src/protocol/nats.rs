//! NATS: the greeting of the server, the commands of the client (NATS client protocol).

use super::text::{Begins, begins, contains, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("nats");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Queues,
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
        Begins::No => Probe::when(segment.on_port && ended && is_later(line), APPLICATION),
    }
}

/// A line of a conversation that has begun (NATS client protocol).
fn is_later(line: &[u8]) -> bool {
    matches!(line, b"PING" | b"PONG" | b"+OK")
        || [&b"PUB "[..], b"HPUB ", b"SUB ", b"UNSUB ", b"MSG ", b"HMSG ", b"-ERR '"]
            .iter()
            .any(|word| line.starts_with(word))
}
