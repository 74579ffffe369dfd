//! Redis: commands as arrays of strings (RESP).

use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("redis");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 256,
    ports: &[6379],
    about: "Redis: commands in RESP (Redis RESP specification)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    // *2\r\n$4\r\nPING...
    let mut bytes = segment.payload;
    for mark in [b'*', b'$'] {
        let Some((&first, rest)) = bytes.split_first() else { return Probe::Need };
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let end = rest.get(digits..).unwrap_or_default();
        if first != mark || digits > 9 || digits == 0 && !rest.is_empty() {
            return Probe::No;
        }
        match end {
            [b'\r', b'\n', behind @ ..] if digits > 0 => bytes = behind,
            [] | [b'\r'] => return Probe::Need,
            _ => return Probe::No,
        }
    }
    Probe::of(APPLICATION)
}
