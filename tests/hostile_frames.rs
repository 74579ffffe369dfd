//! Frames made to break decoders, through the decoder, a file and the engine: each is counted once, somewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/hostile.rs"]
mod hostile;

use std::io::Write;
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, More};
use egret::decode::{Decoded, decode};
use egret::engine::{Engine, Outside, Parts};
use egret::model::{Event, Frame, Gso, Heading, InterfaceId, LinkType, Tally, Timestamp, VlanTag};
use hostile::Hostile;

fn frame(hostile: &Hostile, at: u64) -> Frame<'_> {
    Frame {
        at: Timestamp::from_micros(at),
        interface: InterfaceId(0),
        link: hostile.link,
        heading: Heading::Unknown,
        wire_len: hostile.wire_len,
        data: &hostile.data,
        vlan: None,
        gso: None,
    }
}

#[test]
fn there_are_two_hundred() {
    assert!(hostile::frames().len() >= 200, "{}", hostile::frames().len());
}

#[test]
fn each_is_a_packet_that_makes_sense_or_a_skip() {
    for one in &hostile::frames() {
        for inner in [false, true] {
            for (vlan, gso) in [(None, None), (Some(VlanTag { tpid: 0x8100, tci: 1 }), Some(Gso { size: 1 }))] {
                let frame = Frame { vlan, gso, ..frame(one, 0) };
                if let Decoded::Packet(packet) = decode(&frame, inner) {
                    let wire = one.wire_len.max(one.data.len() as u32);
                    assert!(packet.ip_len <= wire && packet.payload_len <= packet.ip_len, "{}: {packet:?}", one.name);
                    assert!(packet.payload.len() as u32 <= packet.payload_len, "{}: {packet:?}", one.name);
                }
            }
        }
    }
}

fn engine() -> Engine {
    Engine::new(Parts::default())
}

fn tally(engine: &mut Engine) -> Tally {
    engine.finish();
    engine.snapshot(Outside::default()).tally
}

fn pcapng(list: &[Hostile]) -> Vec<u8> {
    fn block(kind: u32, mut body: Vec<u8>) -> Vec<u8> {
        body.resize(body.len().next_multiple_of(4), 0);
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    }
    let links = [(LinkType::Ethernet, 1_u16), (LinkType::Raw, 101), (LinkType::Null, 0)];
    let links = [&links[..], &[(LinkType::Loop, 108), (LinkType::LinuxSll, 113), (LinkType::LinuxSll2, 276)]].concat();
    let mut out = block(0x0a0d_0d0a, [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    for (_, number) in &links {
        out.extend(block(1, [&number.to_le_bytes()[..], &[0; 6]].concat()));
    }
    for (at, one) in list.iter().enumerate() {
        let interface = links.iter().position(|(link, _)| *link == one.link).unwrap() as u32;
        let words = [interface, 0, at as u32, one.data.len() as u32, one.wire_len];
        let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        out.extend(block(6, [head, one.data.clone()].concat()));
    }
    out
}

#[test]
fn a_file_of_them_is_read_whole_and_every_byte_accounted_for() {
    let list = hostile::frames();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pcapng(&list)).unwrap();
    let mut capture = open(file.path(), FileOptions::default()).unwrap();
    let mut replayed = engine();
    while capture.read(Duration::ZERO, &mut |event| replayed.take(event)).unwrap() == More::Coming {}
    assert_eq!(capture.losses().damaged, 0);
    let mut direct = engine();
    for (at, one) in list.iter().enumerate() {
        direct.take(Event::Frames(&[frame(one, at as u64)]));
    }
    let (replayed, direct) = (tally(&mut replayed), tally(&mut direct));
    assert_eq!(replayed, direct, "a file of frames is those frames");
    assert_eq!(replayed.seen.frames, list.len() as u64);
    assert_eq!(replayed.seen.bytes, list.iter().map(|one| u64::from(one.wire_len)).sum::<u64>());
    let skipped = replayed.skipped_total();
    assert_eq!(replayed.packets.frames + skipped.frames, replayed.seen.frames);
    assert_eq!(replayed.packets.bytes + skipped.bytes, replayed.seen.bytes);
    assert!(skipped.frames > 50 && replayed.packets.frames > 50, "{replayed:?}");
}
