//! Screens of X: the byte order and version that a client says first (X11 protocol §8).

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("x11");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Tcp,
    depth: 16,
    ports: &[6000, 6001, 6010],
    about: "X11: opening of a connection (X11R7 protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let heads: [&[u8]; 2] = [b"l\0\x0b\0\0\0", b"B\0\0\x0b\0\0"];
    match begins(bytes, &heads) {
        Begins::Yes => Probe::when(bytes.len() >= 12, APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
