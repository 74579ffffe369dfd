//! IPv6 through NAT: an IPv6 packet, perhaps behind an authentication, on its own port (RFC 4380).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("teredo");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[3544],
    about: "Teredo: IPv6 within UDP (RFC 4380)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let inner = match bytes {
        [0, 1, id, authentication, rest @ ..] => rest.get(usize::from(*id) + usize::from(*authentication) + 9..),
        _ => Some(bytes),
    };
    let Some([0, 0, _, _, _, _, _, _, inner @ ..] | inner) = inner else { return Probe::No };
    let length = be16(inner, 4).is_some_and(|length| usize::from(length) + 40 == inner.len());
    Probe::when(segment.on_port && inner.first().is_some_and(|first| first >> 4 == 6) && length, APPLICATION)
}
