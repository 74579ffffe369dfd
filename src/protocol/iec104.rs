//! Power grid telecontrol: a frame that says its length (IEC 60870-5-104).

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("iec104");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Industry,
    over: Transports::Tcp,
    depth: 16,
    ports: &[2404],
    about: "IEC 60870-5-104: telecontrol (IEC 60870-5-104)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let mut frames = 0;
    while let Some([0x68, length]) = reader.array() {
        if !(4..=253).contains(&length) {
            return Probe::No;
        }
        if reader.skip(usize::from(length)).is_none() {
            // The last one may be cut, others before it may not.
            return Probe::when(frames > 0 && segment.on_port, APPLICATION);
        }
        frames += 1;
    }
    let control = matches!(segment.payload, [0x68, 4, 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83, 0, 0, 0, ..]);
    Probe::when(reader.is_empty() && frames > 0 && (control || segment.on_port), APPLICATION)
}
