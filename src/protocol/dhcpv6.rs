//! Addresses for IPv6: a message type and options that fill the message (RFC 8415 §8).

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("dhcpv6");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[546, 547],
    about: "DHCPv6: leases of addresses (RFC 8415)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let kind = reader.u8().filter(|kind| segment.on_port && (1..=36).contains(kind));
    // Relayed messages carry two addresses before their options.
    let head = match kind {
        Some(12 | 13) => 33,
        Some(_) => 3,
        None => return Probe::No,
    };
    let fits = reader.skip(head).is_some() && options_fit(&mut reader);
    Probe::when(fits || !segment.is_whole(), APPLICATION)
}

fn options_fit(reader: &mut Reader<'_>) -> bool {
    while !reader.is_empty() {
        let (Some(_), Some(length)) = (reader.u16(), reader.u16()) else { return false };
        if reader.skip(usize::from(length)).is_none() {
            return false;
        }
    }
    true
}
