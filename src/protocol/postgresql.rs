//! PostgreSQL: the start-up message, or the wish for encryption (PostgreSQL §55.7).

use super::reader::be32;
use super::text::{Begins, begins};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("postgresql");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 64,
    ports: &[5432, 6432],
    about: "PostgreSQL: start-up message (PostgreSQL protocol 3)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(length), Some(code)) = (be32(bytes, 0), be32(bytes, 4)) else {
        return if be32(bytes, 0).is_none_or(|length| (8..10_000).contains(&length)) { Probe::Need } else { Probe::No };
    };
    match (length, code) {
        // SSLRequest, GSSENCRequest, CancelRequest.
        (8, 80_877_103 | 80_877_104) | (16, 80_877_102) => Probe::of(APPLICATION),
        (9..=9_999, 0x0003_0000..=0x0003_0002) => {
            let first = bytes.get(8..).unwrap_or_default();
            match begins(first, &[b"user\0", b"database\0", b"application_name\0", b"client_encoding\0"]) {
                Begins::Yes => Probe::of(APPLICATION),
                Begins::Perhaps => Probe::Need,
                Begins::No => Probe::No,
            }
        }
        _ => Probe::No,
    }
}
