//! Trivial file transfer: a request with a name and a mode (RFC 1350).

use super::reader::be16;
use super::text::is_text;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("tftp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Udp,
    depth: 0,
    ports: &[69],
    about: "TFTP: request for a file (RFC 1350)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let [0, 1 | 2, rest @ ..] = bytes else { return transfer(segment) };
    let mut words = rest.split(|&b| b == 0);
    let (Some(file), Some(mode)) = (words.next(), words.next()) else { return Probe::No };
    let known = [&b"octet"[..], b"netascii", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known));
    if known && !file.is_empty() && is_text(file) { Probe::with_detail(APPLICATION, file) } else { Probe::No }
}

/// The server answers from another port than it was asked on (RFC 1350 §4), so there a block and its
/// acknowledgement must do.
fn transfer(segment: &Segment<'_>) -> Probe {
    let number = be16(segment.payload, 2);
    let fits = |bytes: &[u8], kind: u8| matches!(bytes, [0, found, ..] if *found == kind) && bytes.len() <= 1468 + 4;
    let (this, other) = (segment.payload, segment.other);
    if segment.wire_len > 1468 + 4 || !(fits(this, 3) || fits(this, 4) && segment.wire_len == 4) || number.is_none() {
        return Probe::No;
    }
    if other.is_empty() {
        return Probe::Need;
    }
    // A number is acknowledged, or the next one follows.
    let near = be16(other, 2).zip(number).is_some_and(|(theirs, ours)| theirs.abs_diff(ours) <= 1);
    let pair = fits(this, 3) && fits(other, 4) && other.len() == 4 || fits(this, 4) && fits(other, 3);
    Probe::when(pair && near, APPLICATION)
}
