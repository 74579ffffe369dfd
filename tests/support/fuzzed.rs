//! What the fuzz targets do with their bytes; `cargo test` does the same with seeds and found crashes.

use std::io::Write;
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, More};
use egret::decode::{Decoded, decode};
use egret::filter::Filter;
use egret::model::event::BATCH;
use egret::model::{Event, Frame, Gso, Heading, InterfaceId, LinkType, Timestamp, VlanTag};
use egret::snapshot::Row;

/// Text of the filter language; a mistake must lie within it.
pub(crate) fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Filter::parse(&text) {
        Ok(filter) => {
            let _ = filter.matches(&Row::default());
        }
        Err(why) => assert!(why.at <= text.chars().count(), "{why:?}"),
    }
}

/// The first byte chooses among these.
pub(crate) const LINKS: [LinkType; 9] = [
    LinkType::Ethernet,
    LinkType::Raw,
    LinkType::Null,
    LinkType::Loop,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Other(9),
    LinkType::Other(104),
    LinkType::Other(105),
];

/// A frame: a link type, a byte of flags (1 inner, 2 a stripped tag, 4 a super-packet), two bytes of length that
/// was not captured, then the bytes.
pub(crate) fn frame(bytes: &[u8]) {
    let [link, flags, low, high, data @ ..] = bytes else { return };
    let frame = Frame {
        at: Timestamp::from_secs(1),
        interface: InterfaceId(0),
        link: LINKS[usize::from(*link) % LINKS.len()],
        heading: Heading::Unknown,
        wire_len: data.len() as u32 + u32::from(u16::from_le_bytes([*low, *high])),
        data,
        vlan: (flags & 2 != 0).then_some(VlanTag { tpid: 0x8100, tci: 1 }),
        gso: (flags & 4 != 0).then_some(Gso { size: 1_448 }),
    };
    if let Decoded::Packet(packet) = decode(&frame, flags & 1 != 0) {
        assert!(packet.ip_len <= frame.wire_len && packet.payload_len <= packet.ip_len, "{packet:?}");
        assert!(packet.payload.len() <= packet.payload_len as usize, "{packet:?}");
        assert!(packet.segments >= 1 && packet.frame_len == frame.wire_len, "{packet:?}");
    }
}

/// A capture file: read to its end, never more than it holds.
pub(crate) fn capture_file(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let Ok(mut capture) = open(file.path(), FileOptions::default()) else { return };
    let is_compressed = bytes.starts_with(&[0x1f, 0x8b]);
    let (mut captured, mut quiet) = (0, 0);
    loop {
        let more = capture.read(Duration::ZERO, &mut |event| match event {
            Event::Frames(frames) => {
                assert!(!frames.is_empty() && frames.len() <= BATCH);
                captured += frames.iter().map(|frame| frame.data.len()).sum::<usize>();
            }
            Event::Quiet(_) => quiet += 1,
            Event::Interface(..) | Event::Sockets(..) | Event::Counted(..) => {}
        });
        if more.unwrap() == More::Ended {
            break;
        }
    }
    assert!(is_compressed || captured <= bytes.len(), "{captured} bytes out of {}", bytes.len());
    assert_eq!(quiet, 1, "the end is said once");
    assert!(capture.progress().is_none_or(|progress| progress.done <= progress.total));
}
