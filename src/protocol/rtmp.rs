//! Video streams of Flash: the first block of the handshake (RTMP §5.2).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rtmp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Tcp,
    depth: 2048,
    ports: &[1935],
    about: "RTMP: handshake (Adobe RTMP 1.0)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    // Version 3, a time, then zero or the version of the player; 1536 bytes in all.
    match bytes.first() {
        None => Probe::Need,
        Some(3) if bytes.get(1..4) == Some(&[0, 0, 11]) && segment.payload.get(4) == Some(&6) => Probe::No,
        Some(3) if bytes.len() < 9 => Probe::Need,
        Some(3) => {
            // Version 9 and up of the player: nobody else's first bytes.
            let named = be32(bytes, 5).is_some_and(|version| (9..0x81).contains(&(version >> 24)));
            let player =
                be32(bytes, 5).is_some_and(|version| version == 0 || version >> 24 >= 9 && version >> 24 < 0x81);
            match (player, bytes.len() >= 1537) {
                (true, true) => Probe::of(APPLICATION),
                (true, false) if bytes.first() == Some(&3) && bytes.get(1) != Some(&0) || named || segment.on_port => {
                    Probe::Need
                }
                _ => Probe::No,
            }
        }
        Some(_) => Probe::No,
    }
}
