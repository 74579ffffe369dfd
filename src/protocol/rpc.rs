//! Sun remote procedures, NFS and the port mapper among them (RFC 5531 §9).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rpc");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Both,
    depth: 64,
    ports: &[111, 2049],
    about: "ONC RPC: NFS, port mapper, mount (RFC 5531)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut bytes = segment.payload;
    if segment.is_tcp() {
        // Calls over streams stand behind a fragment header; the top bit marks the last.
        let Some((mark, rest)) = bytes.split_first_chunk() else { return Probe::Need };
        let length = u32::from_be_bytes(*mark) & 0x7fff_ffff;
        if !(24..1 << 21).contains(&length) {
            return Probe::No;
        }
        bytes = rest;
    }
    let word = |index: usize| be32(bytes, index * 4);
    let (Some(kind), Some(second), Some(program)) = (word(1), word(2), word(3)) else {
        return if segment.is_tcp() && word(1).is_none_or(|kind| kind <= 1) { Probe::Need } else { Probe::No };
    };
    let call = kind == 0
        && second == 2
        && (100_000..=100_400).contains(&program)
        && word(4).is_some_and(|version| version <= 4)
        && word(5).is_some_and(|procedure| procedure < 100);
    // An accepted reply with a verifier, and a call seen before.
    let reply = kind == 1 && second <= 1 && segment.on_port && program <= 6;
    if !call {
        return Probe::when(reply, APPLICATION);
    }
    Probe::with_detail(
        APPLICATION,
        match program {
            100_000 => b"portmapper",
            100_003 => b"nfs",
            100_005 => b"mount",
            100_021 => b"nlockmgr",
            100_024 => b"status",
            _ => b"",
        },
    )
}
