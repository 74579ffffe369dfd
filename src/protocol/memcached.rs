//! Memcached: text commands and answers, the binary form, and UDP (memcached protocol.txt).

use super::reader::{be16, be32};
use super::text::{Begins, begins, first_line, is_command, is_text};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("memcached");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Both,
    depth: 512,
    ports: &[11211],
    about: "Memcached: commands in text or binary (memcached protocol.txt)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if !segment.is_tcp() {
        // Request, sequence 0, one datagram in all, reserved; then text.
        let fits = matches!(bytes, [_, _, 0, 0, _, _, 0, 0, ..]);
        return Probe::when(fits && is_text_command(bytes.get(8..).unwrap_or_default()), APPLICATION);
    }
    if matches!(bytes.first(), Some(0x80 | 0x81)) {
        return binary(bytes);
    }
    let (line, ended) = first_line(bytes);
    if ended && is_text_command(bytes) {
        return Probe::of(APPLICATION);
    }
    match begins(bytes, ANSWERS) {
        Begins::Yes => Probe::when(segment.on_port && ended, APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No if !ended && is_command(line, COMMANDS) => Probe::Need,
        Begins::No => Probe::No,
    }
}

const COMMANDS: &[&[u8]] =
    &[b"get", b"gets", b"set", b"add", b"replace", b"delete", b"incr", b"stats", b"version", b"flush_all"];
const ANSWERS: &[&[u8]] = &[b"VALUE ", b"STORED\r\n", b"STAT pid "];

fn is_text_command(bytes: &[u8]) -> bool {
    let (line, ended) = first_line(bytes);
    let words: Vec<&[u8]> = line.split(|&b| b == b' ').filter(|word| !word.is_empty()).take(7).collect();
    let numbers = |from: usize| words.iter().skip(from).take(3).all(|word| word.iter().all(u8::is_ascii_digit));
    ended
        && is_text(line)
        && match words.as_slice() {
            [b"set" | b"add" | b"replace" | b"append" | b"prepend", _, _, _, _, ..] => numbers(2),
            [b"stats"] | [b"stats", b"items" | b"slabs" | b"settings"] | [b"flush_all", ..] => true,
            _ => false,
        }
}

/// Magic, opcode, key length, extras length, data type 0, status, body length.
fn binary(bytes: &[u8]) -> Probe {
    let Some(head) = bytes.get(..24) else { return Probe::Need };
    let (Some(key), Some(body), Some(&opcode)) = (be16(head, 2), be32(head, 8), head.get(1)) else { return Probe::No };
    let extras = head.get(4).copied().unwrap_or(0);
    let fits =
        opcode <= 0x2c && head.get(5) == Some(&0) && u32::from(key) + u32::from(extras) <= body && body < 1 << 20;
    Probe::when(fits && bytes.len() == 24 + body as usize, APPLICATION)
}
