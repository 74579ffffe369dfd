//! Flow records: a version, a count, and a length or a time that fits (RFC 3954, RFC 7011).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("netflow");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[2055, 2056, 4739, 9995, 9996],
    about: "NetFlow and IPFIX: flow records (RFC 3954, RFC 7011)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(version), Some(count)) = (be16(bytes, 0), be16(bytes, 2)) else { return Probe::No };
    let records = usize::from(count);
    let fits = match version {
        1 => segment.wire_len == 16 + records * 52,
        5 => segment.wire_len == 24 + records * 48,
        7 => segment.wire_len == 24 + records * 52,
        // Seconds since 1970, later than 2000.
        9 => {
            (1..=512).contains(&count) && be32(bytes, 8).is_some_and(|time| time > 946_684_800) && segment.wire_len > 24
        }
        10 => records == segment.wire_len && be32(bytes, 4).is_some_and(|time| time > 946_684_800),
        _ => false,
    };
    Probe::when(fits && count > 0, APPLICATION)
}
