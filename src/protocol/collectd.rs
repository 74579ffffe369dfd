//! Measurements of collectd: parts with type and length that fill the datagram (collectd binary protocol).

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("collectd");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[25826],
    about: "collectd: measurements (collectd binary protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let mut reader = Reader::new(segment.payload);
    let mut parts = 0;
    let mut first = None;
    while !reader.is_empty() {
        let (Some(kind), Some(length)) = (reader.u16(), reader.u16()) else { return Probe::No };
        let known = matches!(kind, 0..=9 | 0x100 | 0x101 | 0x200 | 0x210);
        let Some(body) = usize::from(length).checked_sub(4).filter(|&body| known && body > 0) else { return Probe::No };
        let Some(body) = reader.take(body) else {
            return Probe::when(parts >= 2 && !segment.is_whole(), APPLICATION);
        };
        // Host, plugin and so on are strings with a zero at their end; times and intervals have eight bytes.
        let fits = match kind {
            0 | 2..=5 | 0x100 => body.last() == Some(&0),
            1 | 7..=9 | 0x101 => body.len() == 8,
            _ => true,
        };
        if !fits {
            return Probe::No;
        }
        first.get_or_insert(kind);
        parts += 1;
    }
    // Signed and encrypted packets have one part that holds all.
    Probe::when(parts >= 3 || matches!(first, Some(0x200 | 0x210)) && segment.on_port, APPLICATION)
}
