//! News: the greeting of the server, the first command of the client (RFC 3977).

use super::text::{Begins, begins, contains, first_line, is_command};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("nntp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Mail,
    over: Transports::Tcp,
    depth: 512,
    ports: &[119],
    about: "NNTP: greeting and first command (RFC 3977)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    let greeted = segment.other.starts_with(b"200 ") || segment.other.starts_with(b"201 ");
    if ended
        && greeted
        && is_command(
            line,
            &[
                b"MODE",
                b"CAPABILITIES",
                b"GROUP",
                b"LIST",
                b"AUTHINFO",
                b"XOVER",
                b"ARTICLE",
                b"POST",
                b"IHAVE",
                b"CHECK",
                b"DATE",
            ],
        )
    {
        return Probe::of(APPLICATION);
    }
    match begins(segment.payload, &[b"200 ", b"201 "]) {
        Begins::Yes if ended && (contains(line, b"nntp") || contains(line, b"news")) => {
            Probe::with_detail(APPLICATION, line)
        }
        Begins::Yes if ended && segment.on_port && segment.is_last => Probe::with_detail(APPLICATION, line),
        Begins::Yes | Begins::Perhaps if segment.on_port => Probe::Need,
        Begins::Yes | Begins::Perhaps | Begins::No => Probe::No,
    }
}
