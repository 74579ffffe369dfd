//! Internet relay chat: registration of the client, greeting of the server (RFC 2812).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("irc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Chat,
    over: Transports::Tcp,
    depth: 512,
    ports: &[6667, 6668, 6669, 194],
    about: "IRC: registration and greeting (RFC 2812)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (line, ended) = first_line(bytes);
    if begins(bytes, STARTS) == Begins::Perhaps {
        return Probe::Need;
    }
    if !ended {
        return if begins(bytes, STARTS) == Begins::Yes { Probe::Need } else { Probe::No };
    }
    // NICK alone could be anybody's; with USER beside it, it is IRC's.
    let lines = || bytes.split(|&b| b == b'\n');
    let nick = lines().any(|line| line.starts_with(b"NICK "));
    let user = lines().any(|line| line.starts_with(b"USER ") && line.split(|&b| b == b' ').count() >= 5);
    let server = line.starts_with(b"NOTICE AUTH :***")
        || line.starts_with(b":") && [&b" NOTICE "[..], b" 001 ", b" 020 "].iter().any(|word| contains(line, word));
    if nick && user
        || server
        || line.starts_with(b"CAP LS") && (nick || segment.on_port)
        || line.starts_with(b"CAP REQ :")
    {
        return Probe::of(APPLICATION);
    }
    if is_message(line, segment.on_port) {
        return Probe::of(APPLICATION);
    }
    if begins(bytes, STARTS) == Begins::Yes { Probe::Need } else { Probe::No }
}

/// A line in the middle of a talk: from whom, a command or a number, to whom (RFC 2812 §2.3.1).
fn is_message(line: &[u8], on_port: bool) -> bool {
    let mut words = line.split(|&b| b == b' ');
    let Some(b':') = words.clone().next().and_then(<[u8]>::first) else {
        return on_port && is_command(line, &[b"PING", b"PONG", b"JOIN", b"PRIVMSG", b"ERROR", b"QUIT", b"MODE"]);
    };
    let from = words.next().unwrap_or_default();
    let command = words.next().unwrap_or_default();
    let known = [&b"PRIVMSG"[..], b"NOTICE", b"JOIN", b"PART", b"QUIT", b"MODE", b"NICK", b"TOPIC", b"KICK", b"PONG"];
    let is_number = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
    let is_person = from.contains(&b'!') && from.contains(&b'@');
    (is_number || known.contains(&command)) && (on_port || is_person) && words.next().is_some_and(|to| !to.is_empty())
}

const STARTS: &[&[u8]] = &[b"NICK ", b"USER ", b"PASS ", b"CAP LS", b"CAP REQ :", b"NOTICE AUTH", b":"];
