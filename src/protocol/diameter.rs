//! Who may connect, in telephone networks: a header that says its length (RFC 6733 §3).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("diameter");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Identity,
    over: Transports::Tcp,
    depth: 32,
    ports: &[3868],
    about: "Diameter: authentication in telephone networks (RFC 6733)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(head), Some(command)) = (be32(bytes, 0), be32(bytes, 4)) else {
        return if bytes.first().is_none_or(|&version| version == 1) && bytes.len() < 8 {
            Probe::Need
        } else {
            Probe::No
        };
    };
    let length = (head & 0x00ff_ffff) as usize;
    let known = matches!(command & 0x00ff_ffff, 257 | 258 | 265 | 271 | 272 | 274 | 275 | 280 | 282 | 300..=330 | 8_388_600..=8_388_700);
    let flags = (command >> 24).trailing_zeros() >= 4;
    Probe::when(
        head >> 24 == 1
            && length >= 20
            && length.is_multiple_of(4)
            && length <= bytes.len().max(4096)
            && known
            && flags,
        APPLICATION,
    )
}
