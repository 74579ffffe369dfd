//! Addresses: a BOOTP header with the magic cookie (RFC 2131 §2).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("dhcp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[67, 68],
    about: "DHCP: leases of addresses (RFC 2131)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let head = matches!(bytes, [1 | 2, 1..=32, 0..=16, ..]);
    Probe::when(head && be32(bytes, 236) == Some(0x6382_5363), APPLICATION)
}
