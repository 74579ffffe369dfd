//! Transport headers: ports, TCP flags, where the payload starts.

use crate::model::{Protocol, Skip};

use super::ip::Ip;
use super::walk::Walk;

/// A transport header, read; all zero where the protocol has none or this is a later fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transport<'a> {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) tcp_flags: u8,
    pub(super) tcp_sequence: u32,
    /// What follows the header.
    pub(super) payload: Walk<'a>,
}

/// Reads the transport header behind `ip`. A header that is cut off behind its ports is still an answer.
#[inline]
pub(super) fn read<'a>(ip: &Ip<'a>) -> Result<Transport<'a>, Skip> {
    let mut payload = ip.body;
    let is_later = ip.fragment.is_some_and(|fragment| !fragment.is_first);
    if is_later || !ip.protocol.has_ports() {
        return Ok(Transport { source_port: 0, destination_port: 0, tcp_flags: 0, tcp_sequence: 0, payload });
    }
    let [s0, s1, d0, d1] = *payload.peek().ok_or(Skip::BadTransport)?;
    let (mut tcp_flags, mut tcp_sequence) = (0, 0);
    match ip.protocol {
        Protocol::TCP => (tcp_flags, tcp_sequence) = tcp(&mut payload),
        Protocol::UDP => udp(&mut payload),
        Protocol::UDPLITE => payload.skip(8),
        Protocol::SCTP => payload.skip(12),
        // RFC 4340 §5.1: the offset to the data is the fifth byte, in words.
        _ => {
            let words = payload.peek().map_or(3, |&[_, _, _, _, words]| words);
            payload.skip((u32::from(words) * 4).max(12));
        }
    }
    Ok(Transport {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        tcp_flags,
        tcp_sequence,
        payload,
    })
}

/// RFC 9293 §3.1. An offset below five words makes no sense; the fixed header is there all the same.
#[inline]
fn tcp(payload: &mut Walk<'_>) -> (u8, u32) {
    if let Some(&[_, _, _, _, q0, q1, q2, q3, _, _, _, _, offset, flags]) = payload.peek() {
        payload.skip((u32::from(offset >> 4) * 4).max(20));
        return (flags, u32::from_be_bytes([q0, q1, q2, q3]));
    }
    let sequence = payload.peek().map_or(0, |&[_, _, _, _, q0, q1, q2, q3]| u32::from_be_bytes([q0, q1, q2, q3]));
    payload.skip(20);
    (0, sequence)
}

/// RFC 768. A length that cannot be is passed over: zero in super-packets, too long in a first fragment.
#[inline]
fn udp(payload: &mut Walk<'_>) {
    let length = payload.peek().map_or(0, |&[_, _, _, _, l0, l1]| u32::from(u16::from_be_bytes([l0, l1])));
    payload.skip(8);
    if length >= 8 {
        payload.limit(length - 8);
    }
}
