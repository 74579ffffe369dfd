//! Fetching mail: the greeting of the server, the first command of the client (RFC 1939).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("pop3");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Mail,
    over: Transports::Tcp,
    depth: 512,
    ports: &[110],
    about: "POP3: greeting and first command (RFC 1939)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    if is_command(line, &[b"CAPA", b"USER", b"APOP", b"STLS", b"AUTH"]) && ended {
        let unheard = segment.on_port && segment.other.is_empty();
        return Probe::when(segment.other.starts_with(b"+OK") || unheard, APPLICATION);
    }
    match begins(segment.payload, &[b"+OK"]) {
        Begins::No => Probe::No,
        Begins::Yes if ended && (contains(line, b"pop") || segment.on_port) => Probe::with_detail(APPLICATION, line),
        Begins::Yes | Begins::Perhaps => Probe::Need,
    }
}
