//! Counters of statsd: lines such as `requests:1|c`.

use super::text::first_line;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("statsd");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Udp,
    depth: 0,
    ports: &[8125],
    about: "statsd: counters in lines (statsd metric types)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, _) = first_line(segment.payload);
    let parsed = (|| {
        let colon = line.iter().position(|&b| b == b':')?;
        let (name, rest) = line.split_at(colon);
        let bar = rest.iter().position(|&b| b == b'|')?;
        let (value, kind) = rest.split_at(bar);
        let name = !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b"._-,=/".contains(&b));
        let value = value.len() > 1 && value.iter().skip(1).all(|b| b.is_ascii_digit() || b"+-.e:".contains(b));
        let kind = kind.split(|&b| b == b'|').nth(1)?;
        Some(name && value && matches!(kind, b"c" | b"g" | b"ms" | b"s" | b"h" | b"d" | b"kv" | b"m"))
    })();
    Probe::when(parsed == Some(true), APPLICATION)
}
