//! Internet relay chat: registration of the client, greeting of the server (RFC 2812).

use super::text::{Begins, begins, contains, first_line};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("irc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
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
    if begins(bytes, STARTS) == Begins::Yes { Probe::Need } else { Probe::No }
}

const STARTS: &[&[u8]] = &[b"NICK ", b"USER ", b"PASS ", b"CAP LS", b"CAP REQ :", b"NOTICE AUTH", b":"];
