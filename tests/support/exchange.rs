//! Exchanges of bytes between two ends, fed to a recognition as packets.
#![allow(dead_code, reason = "each test file uses a part of it")]

use egret::model::packet::tcp_flag;
use egret::model::{Facts, Packet, Protocol};
use egret::protocol::{Budget, Recognition, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Tcp,
    Udp,
}

/// Who says what, in order. True: the side that opened it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub over: Over,
    pub port: u16,
    pub messages: Vec<(bool, Vec<u8>)>,
}

pub(crate) fn tcp(port: u16, messages: &[(bool, &[u8])]) -> Exchange {
    exchange(Over::Tcp, port, messages)
}

pub(crate) fn udp(port: u16, messages: &[(bool, &[u8])]) -> Exchange {
    exchange(Over::Udp, port, messages)
}

fn exchange(over: Over, port: u16, messages: &[(bool, &[u8])]) -> Exchange {
    Exchange { over, port, messages: messages.iter().map(|(opener, bytes)| (*opener, bytes.to_vec())).collect() }
}

pub(crate) fn packet(protocol: Protocol, sequence: u32, flags: u8, payload: &[u8]) -> Packet<'_> {
    Packet {
        protocol,
        source: [0, 1],
        destination: [0, 2],
        source_port: 50_000,
        destination_port: 50_001,
        frame_len: 54 + payload.len() as u32,
        ip_len: 40 + payload.len() as u32,
        payload_len: payload.len() as u32,
        tcp_flags: flags,
        tcp_sequence: sequence,
        payload,
        ..Packet::EMPTY
    }
}

/// What is known of an exchange at its end. What was kept is given back, whatever the bytes.
pub(crate) fn facts_of(exchange: &Exchange) -> Facts {
    facts_from(exchange, true, Arrival::Whole)
}

/// The same where the beginning of the stream was not seen.
pub(crate) fn facts_in_the_middle(exchange: &Exchange) -> Facts {
    facts_from(exchange, false, Arrival::Whole)
}

/// How the bytes of a message come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Whole,
    /// In segments of that many bytes.
    Pieces(usize),
    /// The second half first.
    Swapped,
    /// Each segment twice.
    Doubled,
}

/// The same with its segments cut, swapped or doubled.
pub(crate) fn facts_as(exchange: &Exchange, arrival: Arrival) -> Facts {
    facts_from(exchange, true, arrival)
}

/// Where the segments of a message begin, and their bytes.
fn segments(bytes: &[u8], arrival: Arrival) -> Vec<(usize, &[u8])> {
    match arrival {
        Arrival::Whole => vec![(0, bytes)],
        Arrival::Pieces(size) => bytes.chunks(size).enumerate().map(|(n, piece)| (n * size, piece)).collect(),
        Arrival::Swapped => vec![(bytes.len() / 2, &bytes[bytes.len() / 2..]), (0, &bytes[..bytes.len() / 2])],
        Arrival::Doubled => vec![(0, bytes), (0, bytes)],
    }
}

fn facts_from(exchange: &Exchange, handshake: bool, arrival: Arrival) -> Facts {
    let budget = Budget::default();
    let protocol = if exchange.over == Over::Tcp { Protocol::TCP } else { Protocol::UDP };
    let mut flow = Recognition::new(protocol, 50_000, exchange.port, &budget).unwrap();
    let mut facts = Facts::default();
    let mut note = |verdict| {
        if let Verdict::Known(found) | Verdict::Unknown(found) = verdict {
            facts = found;
        }
    };
    let mut next = [1_000_u32, 2_000];
    if exchange.over == Over::Tcp && handshake {
        for (opener, start) in [(true, next[0]), (false, next[1])] {
            note(flow.feed(&packet(protocol, start - 1, tcp_flag::SYN, &[]), opener));
        }
    }
    for (opener, bytes) in &exchange.messages {
        let sequence = &mut next[usize::from(!opener)];
        for (offset, piece) in segments(bytes, arrival) {
            note(flow.feed(&packet(protocol, *sequence + offset as u32, tcp_flag::ACK, piece), *opener));
        }
        *sequence += bytes.len() as u32;
        assert!(budget.bytes() <= 80_000, "{} bytes kept for one flow", budget.bytes());
        if flow.is_finished() {
            break;
        }
    }
    note(flow.finish());
    drop(flow);
    assert_eq!(budget.bytes(), 0);
    facts
}

/// The extensions of a ClientHello: a name, an ALPN, a version.
fn extensions(name: &[u8], alpn: &[u8]) -> Vec<u8> {
    let entry = [&[0][..], &(name.len() as u16).to_be_bytes(), name].concat();
    let list = [&(entry.len() as u16).to_be_bytes()[..], &entry].concat();
    let alpn = [&[alpn.len() as u8][..], alpn].concat();
    let alpn = [&(alpn.len() as u16).to_be_bytes()[..], &alpn].concat();
    let extension = |kind: u8, body: &[u8]| [&[0, kind][..], &(body.len() as u16).to_be_bytes(), body].concat();
    [extension(0, &list), extension(16, &alpn), extension(43, &[2, 3, 4])].concat()
}

/// The handshake message of a ClientHello.
pub(crate) fn hello_message(version: [u8; 2], name: &[u8], alpn: &[u8], cookie: &[u8]) -> Vec<u8> {
    let extensions = extensions(name, alpn);
    let length = (extensions.len() as u16).to_be_bytes();
    [&version[..], &[7; 32], &[0], cookie, &[0, 2, 0x13, 1, 1, 0], &length, &extensions].concat()
}

/// A ClientHello in one TLS record.
pub(crate) fn hello(name: &[u8]) -> Vec<u8> {
    let body = hello_message([3, 3], name, b"h2", &[]);
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

/// A ClientHello in one DTLS record.
pub(crate) fn dtls_hello(name: &[u8]) -> Vec<u8> {
    let body = hello_message([0xfe, 0xfd], name, b"x", &[0]);
    let length = [&[0][..], &(body.len() as u16).to_be_bytes()].concat();
    // Type, length, sequence, fragment offset, fragment length.
    let message = [&[1][..], &length, &[0, 0], &[0, 0, 0], &length, &body].concat();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}
