//! Asterisk to Asterisk: a full frame of the IAX kind (RFC 5456 §8.1.1).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("iax");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Udp,
    depth: 0,
    ports: &[4569],
    about: "IAX2: calls between Asterisk servers (RFC 5456)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let full = be16(bytes, 0).is_some_and(|source| source & 0x8000 != 0);
    // Kind 6 is IAX control; NEW, PING, REGREQ and so on.
    let control = matches!(bytes.get(10..12), Some([6, 1..=0x28]));
    Probe::when(segment.on_port && full && control && bytes.len() >= 12, APPLICATION)
}
