//! Networks within UDP: flags, a network number, and an Ethernet frame (RFC 7348).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("vxlan");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[4789, 8472],
    about: "VXLAN: Ethernet within UDP (RFC 7348)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let head = matches!(bytes, [8, 0, 0, 0, _, _, _, 0, ..]);
    // The frame within: IPv4, ARP, IPv6, or a VLAN tag.
    let frame = be16(bytes, 20).is_some_and(|kind| matches!(kind, 0x0800 | 0x0806 | 0x86dd | 0x8100 | 0x88a8));
    Probe::when(segment.on_port && head && (frame || !segment.is_whole()), APPLICATION)
}
