//! NetBIOS names and datagrams (RFC 1002 §4.2, §4.4).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("netbios");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Names,
    over: Transports::Udp,
    depth: 0,
    ports: &[137, 138],
    about: "NetBIOS: names and datagrams (RFC 1002)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let name = names(bytes);
    // A datagram service packet: type, flags, id, the address that the sender believes to have.
    let datagram = matches!(bytes.first(), Some(0x10..=0x16)) && segment.on_port && bytes.len() >= 14;
    if let Some(name) = name {
        return Probe::with_detail(APPLICATION, name.trim_ascii());
    }
    let asks = segment.on_port && be16(bytes, 4) == Some(1) && bytes.get(12) == Some(&32) && bytes.len() >= 50;
    Probe::when(asks || datagram && [segment.server_port, segment.client_port].contains(&138), APPLICATION)
}

/// The name that a packet of the name service asks for: two letters for each byte.
fn names(bytes: &[u8]) -> Option<Vec<u8>> {
    let operation = be16(bytes, 2)? >> 11 & 0xf;
    let counts = (be16(bytes, 4)?, be16(bytes, 6)?);
    let encoded = bytes.get(12..45)?;
    let (length, letters) = encoded.split_first()?;
    let fits = *length == 32 && letters.iter().all(|letter| (b'A'..=b'P').contains(letter));
    let pairs = letters.as_chunks::<2>().0.iter().take(15);
    let name = pairs.map(|[high, low]| (high.wrapping_sub(b'A') << 4) | low.wrapping_sub(b'A') & 0xf).collect();
    (fits && operation <= 9 && counts.0 <= 1 && counts.1 <= 8).then_some(name)
}
