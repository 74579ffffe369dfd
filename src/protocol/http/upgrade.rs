//! What a server answers to a client that asked for another protocol on the same connection (RFC 9110 §7.8).

use super::super::text::{Begins, begins, contains, header};
use super::super::{Probe, Segment, http2, websocket};
use crate::model::{Application, Facts};

/// Bytes of an answer that are waited for.
const LONGEST_HEAD: usize = 4096;

/// The protocols that are told apart behind an upgrade, by their token.
const UPGRADES: &[(&[u8], Application)] = &[(b"websocket", websocket::APPLICATION), (b"h2c", http2::APPLICATION)];

/// Whether the value of an `Upgrade` header is worth an answer.
pub(super) fn is_asked(token: &[u8]) -> bool {
    UPGRADES.iter().any(|(word, _)| contains(token, word))
}

pub(super) fn read(segment: &Segment<'_>, known: &Facts) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, &[b"HTTP/1.1 101"]) {
        Begins::No => return Probe::No,
        Begins::Perhaps => return Probe::Need,
        Begins::Yes => {}
    }
    let ended = bytes.windows(4).any(|four| four == b"\r\n\r\n");
    if !ended && !segment.is_last && bytes.len() < LONGEST_HEAD {
        return Probe::Need;
    }
    let token = header(bytes, b"upgrade").unwrap_or_default();
    match UPGRADES.iter().find(|(word, _)| contains(token, word)) {
        Some((_, application)) => Probe::Match(Facts { application: *application, ..known.clone() }),
        None => Probe::No,
    }
}
