//! Peers by TCP, the distributed table (BEP 5), trackers (BEP 15) and uTP (BEP 29) by UDP.

use super::reader::be16;
use super::text::{Begins, begins, contains};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("bittorrent");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Peers,
    over: Transports::Both,
    depth: 20,
    ports: &[6881, 6882, 6883, 51413],
    about: "BitTorrent: peers, DHT, trackers, uTP (BEP 3, 5, 15, 29)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if segment.is_tcp() {
        return match begins(bytes, &[b"\x13BitTorrent protocol"]) {
            Begins::Yes => Probe::of(APPLICATION),
            Begins::Perhaps => Probe::Need,
            Begins::No => Probe::No,
        };
    }
    // An answer may begin with the address it goes to (BEP 42).
    let dht = (bytes.starts_with(b"d1:") || bytes.starts_with(b"d2:ip"))
        && (contains(bytes, b"1:y1:q") || contains(bytes, b"1:y1:r") || contains(bytes, b"1:y1:e"));
    let search = bytes.starts_with(b"BT-SEARCH * HTTP/1.1");
    let handshake = bytes.get(20..).is_some_and(|inner| inner.starts_with(b"\x13BitTorrent protocol"));
    if dht || search || handshake || bytes.starts_with(TRACKER) {
        return Probe::of(APPLICATION);
    }
    utp(segment)
}

/// The number that every request for a connection to a tracker begins with.
const TRACKER: &[u8] = b"\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0";

/// A uTP packet says little that is its own, so two of them must fit: an opening, or a packet, and its answer.
fn utp(segment: &Segment<'_>) -> Probe {
    let Some(kind) = utp_kind(segment.payload) else { return Probe::No };
    let Some(other) = utp_kind(segment.other).filter(|_| !segment.other.is_empty()) else {
        return if kind == SYN || segment.on_port { Probe::Need } else { Probe::No };
    };
    let ids = (be16(segment.payload, 2), be16(segment.other, 2));
    let (Some(ours), Some(theirs)) = ids else { return Probe::No };
    // The opener receives on an id, the other side sends on that id plus one (BEP 29).
    let fits = ours == theirs || ours == theirs.wrapping_add(1) || theirs == ours.wrapping_add(1);
    let opens = kind == SYN || other == SYN;
    // In the middle each acknowledges about what the other sends.
    let near = |one: &[u8], other: &[u8]| {
        be16(one, 18).zip(be16(other, 16)).is_some_and(|(heard, sent)| {
            let behind = sent.wrapping_sub(heard);
            behind.min(behind.wrapping_neg()) <= 64
        })
    };
    let goes_on = ours != theirs && (near(segment.payload, segment.other) || near(segment.other, segment.payload));
    if fits && (opens || goes_on) { Probe::of(APPLICATION) } else { Probe::No }
}

const SYN: u8 = 4;

fn utp_kind(bytes: &[u8]) -> Option<u8> {
    let first = *bytes.first()?;
    let (kind, version, extension) = (first >> 4, first & 0xf, *bytes.get(1)?);
    let fits = version == 1 && kind <= SYN && extension <= 2 && bytes.len() >= 20;
    let bare = kind != SYN || bytes.len() <= 32;
    (fits && bare).then_some(kind)
}
