//! ZooKeeper: the request for a session, and its four-letter words.

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("zookeeper");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 64,
    ports: &[2181],
    about: "ZooKeeper: request for a session (ZooKeeper zookeeper.jute)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if segment.on_port && matches!(bytes, b"ruok" | b"stat" | b"srvr" | b"mntr" | b"conf" | b"cons" | b"envi") {
        return Probe::of(APPLICATION);
    }
    // Length, version 0, last transaction, timeout, session, password of 16 bytes.
    let Some(length) = be32(bytes, 0) else { return Probe::Need };
    // The answer: version 0, timeout, session, password.
    if matches!(length, 36 | 37) && be32(bytes, 4) == Some(0) && bytes.len() == 4 + length as usize {
        return Probe::when(be32(bytes, 20) == Some(16), APPLICATION);
    }
    if !matches!(length, 44 | 45) || be32(bytes, 4).is_some_and(|version| version != 0) {
        return Probe::No;
    }
    if bytes.len() < 4 + length as usize {
        return Probe::Need;
    }
    Probe::when(be32(bytes, 28) == Some(16), APPLICATION)
}
