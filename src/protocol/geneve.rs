//! Networks within UDP: version 0, options, and what is within (RFC 8926).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("geneve");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[6081],
    about: "Geneve: Ethernet within UDP (RFC 8926)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let head = bytes.first().is_some_and(|first| first >> 6 == 0)
        && bytes.get(1).is_some_and(|flags| flags.trailing_zeros() >= 6);
    let within = be16(bytes, 2).is_some_and(|kind| matches!(kind, 0x6558 | 0x0800 | 0x86dd));
    Probe::when(segment.on_port && head && within && bytes.get(7) == Some(&0), APPLICATION)
}
