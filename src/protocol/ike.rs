//! Key exchange for IPsec: the header says how long it is (RFC 7296 §3.1, RFC 2408).

use super::reader::be32;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ike");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Tunnels,
    over: Transports::Udp,
    depth: 0,
    ports: &[500, 4500],
    about: "IKE: key exchange for IPsec (RFC 7296)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    // On port 4500 four zeros tell it from ESP (RFC 3948).
    let bytes = segment.payload.strip_prefix(&[0; 4]).unwrap_or(segment.payload);
    let Some(fixed) = bytes.get(..28) else { return Probe::No };
    let cut = segment.payload.len() - bytes.len();
    let length = be32(fixed, 24).is_some_and(|length| length as usize == segment.wire_len - cut);
    let exchange = match fixed.get(17..19) {
        Some([0x10 | 0x11, kind]) => matches!(kind, 1..=6 | 32..=33),
        Some([0x20 | 0x21, kind]) => matches!(kind, 34..=43),
        _ => false,
    };
    let opener = fixed.get(..8).is_some_and(|id| id != [0; 8]);
    Probe::when(length && exchange && opener, APPLICATION)
}
