//! OpenVPN: the reset that opens a session, and the answer to it (openvpn(8), ssl_pkt.h).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("openvpn");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Both,
    depth: 128,
    ports: &[1194, 443],
    about: "OpenVPN: session resets of client and server (OpenVPN ssl_pkt.h)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let Some(first) = packet(segment, segment.payload) else {
        return if segment.is_tcp() && segment.payload.len() < 3 { Probe::Need } else { Probe::No };
    };
    let Some(&opcode) = first.first() else { return Probe::Need };
    if opcode & 0xf8 == DATA_V2 && !segment.is_tcp() {
        return data(segment);
    }
    if first.len() < LEAST {
        return Probe::No;
    }
    let answered = packet(segment, segment.other).and_then(|other| other.first()).copied();
    match (opcode, answered) {
        (CLIENT_V2 | CLIENT_V3 | CLIENT_V1, Some(SERVER_V2 | SERVER_V1))
        | (SERVER_V2 | SERVER_V1, Some(CLIENT_V2 | CLIENT_V3 | CLIENT_V1)) => Probe::of(APPLICATION),
        // Without a key of its own: session id, no acknowledgement, packet number 0.
        (CLIENT_V2, _) if first.len() == LEAST && first.ends_with(&[0; 5]) => Probe::of(APPLICATION),
        // The answer to it: one acknowledgement, of packet 0.
        (SERVER_V2, _) if first.len() == 26 && first.get(9) == Some(&1) && first.ends_with(&[0; 4]) => {
            Probe::of(APPLICATION)
        }
        (CLIENT_V2 | CLIENT_V3 | CLIENT_V1, None) if first.len() <= 128 || opcode == CLIENT_V3 => Probe::Need,
        (SERVER_V2, None) if first.len() <= 128 => Probe::Need,
        _ => Probe::No,
    }
}

/// Opcode and key 0 in one byte.
const CLIENT_V1: u8 = 1 << 3;
const SERVER_V1: u8 = 2 << 3;
const CLIENT_V2: u8 = 7 << 3;
const SERVER_V2: u8 = 8 << 3;
const DATA_V2: u8 = 9 << 3;
const CLIENT_V3: u8 = 10 << 3;
/// Opcode, session id, number of acknowledgements, packet number.
const LEAST: usize = 14;

/// Over TCP each packet stands behind its length, and the first must be there whole.
fn packet<'a>(segment: &Segment<'_>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    if !segment.is_tcp() {
        return Some(bytes).filter(|bytes| !bytes.is_empty());
    }
    let length = usize::from(be16(bytes, 0)?);
    bytes.get(2..2 + length)
}

/// Data alone, in the middle: three datagrams of the same key and peer, whose number counts (openvpn-rfc §6.2).
fn data(segment: &Segment<'_>) -> Probe {
    let head = |bytes: &[u8]| Some((be32(bytes, 0)?, be32(bytes, 4)?));
    let Some((peer, number)) = head(segment.payload).filter(|_| segment.wire_len >= 24) else { return Probe::No };
    let mut run = 0;
    for (before, earlier) in segment.earlier.filter_map(head) {
        if before != peer || number.wrapping_sub(earlier).wrapping_sub(1) >= 64 {
            return Probe::No;
        }
        run += 1;
    }
    if run >= 2 { Probe::of(APPLICATION) } else { Probe::Need }
}
