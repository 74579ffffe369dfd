//! Redis: commands as arrays of strings (RESP).

use super::text::{first_line, is_command, is_text};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("redis");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 256,
    ports: &[6379],
    about: "Redis: commands in RESP (Redis RESP specification)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    if !segment.payload.starts_with(b"*") {
        // An answer that nobody else gives; on its port any, or a command typed in.
        let sure = SURE.iter().any(|word| segment.payload.starts_with(word));
        return Probe::when(ended && (sure || segment.on_port && is_line(line)), APPLICATION);
    }
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

const SURE: &[&[u8]] =
    &[b"-NOAUTH ", b"-WRONGPASS ", b"-WRONGTYPE ", b"-DENIED Redis ", b"+PONG\r\n", b"%7\r\n$6\r\nserver\r\n"];

/// A status, an error, a number, a length, or one of the commands that are typed without their lengths.
fn is_line(line: &[u8]) -> bool {
    match line.split_first() {
        Some((b'+' | b'-', text)) => !text.is_empty() && is_text(text),
        Some((b':' | b'$' | b'*' | b'%' | b'~', number)) => {
            let digits = number.strip_prefix(b"-").unwrap_or(number);
            (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => {
            is_text(line) && is_command(line, &[b"PING", b"INFO", b"AUTH", b"GET", b"SET", b"KEYS", b"CONFIG", b"QUIT"])
        }
    }
}
