//! Trivial file transfer: a request with a name and a mode (RFC 1350).

use super::text::is_text;
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("tftp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Udp,
    depth: 0,
    ports: &[69],
    about: "TFTP: request for a file (RFC 1350)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let [0, 1 | 2, rest @ ..] = bytes else { return Probe::No };
    let mut words = rest.split(|&b| b == 0);
    let (Some(file), Some(mode)) = (words.next(), words.next()) else { return Probe::No };
    let known = [&b"octet"[..], b"netascii", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known));
    if known && !file.is_empty() && is_text(file) { Probe::with_detail(APPLICATION, file) } else { Probe::No }
}
