//! Remote screens of X: a header that says its length (XDMCP).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("xdmcp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Udp,
    depth: 0,
    ports: &[177],
    about: "XDMCP: remote X sessions (X.Org XDMCP 1.1)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let fits = be16(bytes, 0) == Some(1) && be16(bytes, 2).is_some_and(|code| (1..=14).contains(&code));
    let length = be16(bytes, 4).is_some_and(|length| usize::from(length) + 6 == segment.wire_len);
    Probe::when(fits && length, APPLICATION)
}
