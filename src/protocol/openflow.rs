//! Switches to their controller: the hello that says its length (OpenFlow §A.1).

use super::reader::be16;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("openflow");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Tcp,
    depth: 16,
    ports: &[6633, 6653],
    about: "OpenFlow: switches and controllers (ONF OpenFlow 1.5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let (Some(&version), Some(&kind)) = (bytes.first(), bytes.get(1)) else { return Probe::No };
    let length = be16(bytes, 2).is_some_and(|length| usize::from(length) == bytes.len() && length >= 8);
    // The hello of version 1.3 and later says which versions there are, perhaps in a segment of its own.
    if !segment.is_last
        && kind == 0
        && be16(bytes, 2).is_some_and(|length| (8..=64).contains(&length) && usize::from(length) > bytes.len())
    {
        return Probe::Need;
    }
    let hello = kind == 0 && (bytes.len() == 8 || version >= 4 && bytes.get(8..10) == Some(&[0, 1]));
    Probe::when((1..=6).contains(&version) && (hello || segment.on_port && kind <= 30) && length, APPLICATION)
}
