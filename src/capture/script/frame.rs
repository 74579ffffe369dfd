//! Frames built byte by byte, with checksums that other programs accept.

use std::net::IpAddr;

use crate::model::{Endpoint, Protocol};

/// The most bytes of payload that an Ethernet frame of TCP over IPv4 or IPv6 holds without options.
pub const SEGMENT: usize = 1_440;

/// An Ethernet frame of a TCP segment without options.
pub fn tcp(from: Endpoint, to: Endpoint, flags: u8, (sequence, acknowledged): (u32, u32), payload: &[u8]) -> Vec<u8> {
    let mut segment = Vec::with_capacity(20 + payload.len());
    segment.extend(from.port.to_be_bytes());
    segment.extend(to.port.to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledged.to_be_bytes());
    segment.extend([5 << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(payload);
    let sum = transport_checksum(from.ip, to.ip, Protocol::TCP, &segment);
    set(&mut segment, 16, sum);
    ip(from.ip, to.ip, Protocol::TCP, &segment)
}

/// An Ethernet frame of a UDP datagram.
pub fn udp(from: Endpoint, to: Endpoint, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend(from.port.to_be_bytes());
    datagram.extend(to.port.to_be_bytes());
    datagram.extend((payload.len() as u16 + 8).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let sum = transport_checksum(from.ip, to.ip, Protocol::UDP, &datagram);
    set(&mut datagram, 6, if sum == 0 { 0xffff } else { sum });
    ip(from.ip, to.ip, Protocol::UDP, &datagram)
}

/// An Ethernet frame of an ICMP or ICMPv6 echo, asked or answered.
pub fn echo(from: IpAddr, to: IpAddr, is_request: bool, (id, sequence): (u16, u16), payload: &[u8]) -> Vec<u8> {
    let (kind, protocol) = match (from.is_ipv4(), is_request) {
        (true, true) => (8, Protocol::ICMP),
        (true, false) => (0, Protocol::ICMP),
        (false, true) => (128, Protocol::ICMPV6),
        (false, false) => (129, Protocol::ICMPV6),
    };
    let mut message = vec![kind, 0, 0, 0];
    message.extend(id.to_be_bytes());
    message.extend(sequence.to_be_bytes());
    message.extend(payload);
    let sum = if from.is_ipv4() { checksum(0, &message) } else { transport_checksum(from, to, protocol, &message) };
    set(&mut message, 2, sum);
    ip(from, to, protocol, &message)
}

/// An Ethernet frame of an IP packet that carries `body`. Ends of different families give IPv6 with mapped addresses.
pub fn ip(from: IpAddr, to: IpAddr, protocol: Protocol, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(54 + body.len());
    frame.extend(mac(to));
    frame.extend(mac(from));
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00]);
            let mut header = vec![0x45, 0];
            header.extend((body.len() as u16 + 20).to_be_bytes());
            header.extend([0, 0, 0x40, 0, 64, protocol.number(), 0, 0]);
            header.extend(from.octets());
            header.extend(to.octets());
            let sum = checksum(0, &header);
            set(&mut header, 10, sum);
            frame.extend(header);
        }
        (from, to) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((body.len() as u16).to_be_bytes());
            frame.extend([protocol.number(), 64]);
            frame.extend(octets(from));
            frame.extend(octets(to));
        }
    }
    frame.extend(body);
    frame
}

/// A locally administered address made from an IP address, so that a host keeps its own.
fn mac(ip: IpAddr) -> [u8; 6] {
    let [.., a, b, c, d] = octets(ip);
    [0x02, 0, a, b, c, d]
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn set(bytes: &mut [u8], at: usize, word: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&word.to_be_bytes());
    }
}

/// The Internet checksum (RFC 1071) of `bytes`, on top of a partial sum.
fn checksum(start: u32, bytes: &[u8]) -> u16 {
    let mut sum = start;
    for pair in bytes.chunks(2) {
        let word = match *pair {
            [high, low] => u16::from_be_bytes([high, low]),
            [high] => u16::from_be_bytes([high, 0]),
            _ => 0,
        };
        sum += u32::from(word);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The checksum over a transport message and the pseudo-header before it (RFC 9293 §3.1, RFC 8200 §8.1).
fn transport_checksum(from: IpAddr, to: IpAddr, protocol: Protocol, message: &[u8]) -> u16 {
    let ends: Vec<u8> = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => [from.octets(), to.octets()].concat(),
        (from, to) => [octets(from), octets(to)].concat(),
    };
    let words = ends.chunks_exact(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    });
    checksum(words.sum::<u32>() + u32::from(protocol.number()) + message.len() as u32, message)
}
