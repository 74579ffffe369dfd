//! Reading mail: the greeting of the server, the first command of the client (RFC 9051).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("imap");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 512,
    ports: &[143],
    about: "IMAP: greeting and first command (RFC 9051)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    let greeted = segment.other.starts_with(b"* OK") || segment.other.starts_with(b"* PREAUTH");
    let command = line.iter().position(|&b| b == b' ').and_then(|space| line.get(space + 1..)).unwrap_or_default();
    if ended && is_command(command, COMMANDS) && (greeted || segment.on_port) {
        return Probe::with_detail(APPLICATION, first_line(segment.other).0);
    }
    match begins(segment.payload, &[b"* OK", b"* PREAUTH"]) {
        Begins::No => Probe::No,
        Begins::Yes if ended && (contains(line, b"imap") || segment.on_port) => Probe::with_detail(APPLICATION, line),
        Begins::Yes | Begins::Perhaps => Probe::Need,
    }
}

const COMMANDS: &[&[u8]] =
    &[b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"NOOP", b"ID", b"LOGOUT", b"SELECT"];
