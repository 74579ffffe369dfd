//! Reading mail: the greeting of the server, the first command of the client (RFC 9051).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("imap");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Mail,
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
        Begins::No => Probe::when(segment.on_port && ended && is_reply(line), APPLICATION),
        Begins::Yes if ended && (contains(line, b"imap") || segment.on_port) => Probe::with_detail(APPLICATION, line),
        Begins::Yes | Begins::Perhaps => Probe::Need,
    }
}

const COMMANDS: &[&[u8]] =
    &[b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"NOOP", b"ID", b"LOGOUT", b"SELECT"];

/// What a server says later: without a tag, or with that of the command (RFC 9051 §7).
fn is_reply(line: &[u8]) -> bool {
    let mut words = line.split(|&b| b == b' ');
    let (tag, word) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_tag = (1..=16).contains(&tag.len()) && tag.iter().all(u8::is_ascii_alphanumeric);
    match tag {
        b"*" => [&b"CAPABILITY"[..], b"LIST", b"FLAGS", b"BYE", b"SEARCH", b"STATUS", b"NO", b"BAD"].contains(&word),
        _ => is_tag && [&b"OK"[..], b"NO", b"BAD"].contains(&word) && words.next().is_some(),
    }
}
