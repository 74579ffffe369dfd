//! Memcached: text commands and answers, the binary form, and UDP (memcached protocol.txt).

use super::reader::{be16, be32};
use super::text::{Begins, begins, first_line, is_command, is_text};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("memcached");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
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
        let text = bytes.get(8..).unwrap_or_default();
        let at_home = || segment.on_port && (begins(text, ANSWERS) == Begins::Yes || is_any_command(text));
        return Probe::when(fits && (is_text_command(text) || at_home()), APPLICATION);
    }
    if matches!(bytes.first(), Some(0x80 | 0x81)) {
        return binary(bytes);
    }
    let (line, ended) = first_line(bytes);
    // What other protocols might say too needs its port, or its answer.
    let sure = segment.on_port || begins(segment.other, ANSWERS) == Begins::Yes;
    if ended && (is_text_command(bytes) || sure && is_any_command(bytes)) {
        return Probe::of(APPLICATION);
    }
    if ended && segment.other.is_empty() && is_any_command(bytes) {
        return Probe::Need;
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
/// All that begins a line of a client (memcached protocol.txt), in small letters only.
const ALL_COMMANDS: &[&[u8]] = &[
    b"get",
    b"gets",
    b"gat",
    b"gats",
    b"cas",
    b"append",
    b"prepend",
    b"delete",
    b"incr",
    b"decr",
    b"touch",
    b"mg",
    b"ms",
    b"md",
    b"ma",
    b"mn",
    b"version",
    b"verbosity",
];
const ANSWERS: &[&[u8]] = &[
    b"VALUE ",
    b"STORED\r\n",
    b"STAT ",
    b"END\r\n",
    b"NOT_STORED\r\n",
    b"EXISTS\r\n",
    b"NOT_FOUND\r\n",
    b"DELETED\r\n",
    b"TOUCHED\r\n",
    b"VERSION ",
    b"CLIENT_ERROR ",
    b"SERVER_ERROR ",
];

/// A line that is one of them with a key or number behind it, or one that has none.
fn is_any_command(bytes: &[u8]) -> bool {
    let (line, ended) = first_line(bytes);
    let mut words = line.split(|&b| b == b' ');
    let command = words.next().unwrap_or_default();
    let alone = matches!(command, b"version" | b"mn");
    ended && is_text(line) && ALL_COMMANDS.contains(&command) && words.next().is_some() != alone
}

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
    // Quiet requests come several in one segment.
    let behind = bytes.get(24 + body as usize..);
    if fits && behind.is_none() && body < 8192 {
        return Probe::Need;
    }
    let follows = behind.is_some_and(|behind| matches!(behind, [] | [0x80 | 0x81, 0..=0x2c, ..]));
    Probe::when(fits && follows, APPLICATION)
}
