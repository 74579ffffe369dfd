//! Telephone calls: request or response (RFC 3261).

use super::text::{Begins, begins, contains, first_line, header};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("sip");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Both,
    depth: 2048,
    ports: &[5060, 5061],
    about: "SIP: request or response (RFC 3261)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    // Line ends alone keep a path through a NAT open (RFC 5626).
    let bytes = segment.payload.trim_ascii_start();
    let (line, ended) = first_line(bytes);
    match begins(bytes, STARTS) {
        Begins::Yes if bytes.starts_with(b"SIP/2.0 ") => Probe::of(APPLICATION),
        Begins::Yes if ended => {
            let agent = header(bytes, b"user-agent").unwrap_or_default();
            if line.ends_with(b" SIP/2.0") { Probe::with_detail(APPLICATION, agent) } else { Probe::No }
        }
        Begins::Yes | Begins::Perhaps if segment.is_tcp() => Probe::Need,
        Begins::Yes => Probe::when(contains(line, b" sip:"), APPLICATION),
        Begins::No | Begins::Perhaps => Probe::No,
    }
}

const STARTS: &[&[u8]] = &[
    b"SIP/2.0 ",
    b"INVITE ",
    b"REGISTER ",
    b"OPTIONS ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"NOTIFY ",
    b"SUBSCRIBE ",
    b"MESSAGE ",
    b"INFO ",
    b"PRACK ",
    b"UPDATE ",
    b"REFER ",
    b"PUBLISH ",
];
