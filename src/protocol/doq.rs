//! DNS over QUIC (RFC 9250): QUIC whose ClientHello offers `doq`.

use super::{Group, Recogniser, Transports};
use crate::model::{Application, Facts};

const APPLICATION: Application = Application::new("doq");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Names,
    over: Transports::Udp,
    depth: 0,
    ports: &[853],
    about: "DNS over QUIC: QUIC with ALPN doq (RFC 9250)",
    probe: super::told_by_another,
};

pub(super) fn by_alpn(facts: Facts) -> Facts {
    if facts.alpn.iter().any(|name| name.as_str() == "doq") {
        Facts { application: APPLICATION, ..facts }
    } else {
        facts
    }
}
