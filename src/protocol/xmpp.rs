//! Messages and presence: the opening of a stream (RFC 6120).

use super::text::{Begins, begins, contains};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("xmpp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Chat,
    over: Transports::Tcp,
    depth: 512,
    ports: &[5222, 5269],
    about: "XMPP: opening of a stream (RFC 6120)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, &[b"<?xml ", b"<stream:stream"]) {
        Begins::No => return stanza(segment),
        Begins::Perhaps => return Probe::Need,
        Begins::Yes => {}
    }
    if !contains(bytes, b"<stream:stream") {
        return if bytes.len() < 128 { Probe::Need } else { Probe::No };
    }
    let to = contains(bytes, b"jabber:") || contains(bytes, b"etherx.jabber.org");
    if to { Probe::of(APPLICATION) } else { Probe::Need }
}

/// One of the three kinds of stanza, where the opening of the stream was missed (RFC 6120 §8).
fn stanza(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"<message ", b"<presence", b"<iq ", b"<auth xmlns", b"<stream:"]) {
        Begins::Yes => Probe::when(segment.on_port, APPLICATION),
        Begins::Perhaps if segment.on_port => Probe::Need,
        Begins::No | Begins::Perhaps => Probe::No,
    }
}
