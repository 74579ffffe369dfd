//! The attributes behind a socket's message (linux/inet_diag.h), and `struct tcp_info` among them.

use std::time::Duration;

use crate::model::TcpNumbers;

/// `INET_DIAG_INFO`, `INET_DIAG_SKMEMINFO` and `INET_DIAG_SKV6ONLY`.
pub(super) const INFO: u16 = 2;
pub(super) const SKMEMINFO: u16 = 7;
pub(super) const SKV6ONLY: u16 = 11;
/// `SK_MEMINFO_DROPS` of linux/sock_diag.h.
const DROPS: usize = 8;

/// The attributes of a message: type and value.
pub(in crate::sys) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(rest.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?);
        let value = rest.get(4..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// A number of 32 bits at a place; 0 where an older kernel tells less.
pub(in crate::sys) fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_ne_bytes)
}

/// Packets that a socket had no room for.
pub(super) fn drops(memory: &[u8]) -> u32 {
    word(memory, DROPS * 4)
}

/// Reads a `struct tcp_info` of any length: what an older kernel does not tell is 0. One without byte counts
/// (before Linux 4.2) is none.
pub(super) fn tcp(info: &[u8]) -> Option<TcpNumbers> {
    if info.len() < 144 {
        return None;
    }
    let micros = |at| Duration::from_micros(word(info, at).into());
    let millis = |at| Duration::from_millis(word(info, at).into());
    let least = word(info, 148);
    Some(TcpNumbers {
        bytes_acked: long(info, 120),
        bytes_received: long(info, 128),
        bytes_sent: long(info, 200),
        bytes_retrans: long(info, 208),
        segments_out: word(info, 136),
        segments_in: word(info, 140),
        retransmits: word(info, 100),
        rtt: micros(68),
        rtt_variance: micros(72),
        // All ones before there was a measurement.
        rtt_least: if least == u32::MAX { Duration::ZERO } else { Duration::from_micros(least.into()) },
        timeout: micros(8),
        window: word(info, 80),
        segment_size: word(info, 16),
        path_mtu: word(info, 60),
        unacknowledged: word(info, 24),
        lost: word(info, 32),
        not_sent: word(info, 144),
        delivery_rate: long(info, 160),
        idle_out: millis(44),
        idle_in: millis(52),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_there_is_of_tcp_info() {
        let mut info = vec![0_u8; 232];
        info[120..128].copy_from_slice(&5_000_000_000_u64.to_ne_bytes());
        info[128..136].copy_from_slice(&77_u64.to_ne_bytes());
        info[68..72].copy_from_slice(&1_500_u32.to_ne_bytes());
        info[148..152].copy_from_slice(&u32::MAX.to_ne_bytes());
        info[200..208].copy_from_slice(&9_u64.to_ne_bytes());
        let told = tcp(&info).unwrap();
        assert_eq!((told.bytes_acked, told.bytes_received, told.bytes_sent), (5_000_000_000, 77, 9));
        assert_eq!((told.rtt, told.rtt_least), (Duration::from_micros(1_500), Duration::ZERO));
        // Linux 4.2 knew nothing behind the segments.
        assert_eq!(tcp(&info[..144]).unwrap().bytes_sent, 0);
        for len in 0..144 {
            assert_eq!(tcp(&info[..len]), None, "{len}");
        }
    }

    #[test]
    fn walks_attributes_and_stops_at_a_lie() {
        let mut bytes = Vec::new();
        for (kind, value) in [(INFO, &b"abcde"[..]), (SKV6ONLY, b"x")] {
            bytes.extend((4 + value.len() as u16).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        assert_eq!(attributes(&bytes).collect::<Vec<_>>(), [(INFO, &b"abcde"[..]), (SKV6ONLY, b"x")]);
        for lie in [0_u16, 3, 500] {
            bytes[..2].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(attributes(&bytes).count(), 0, "length {lie}");
        }
    }
}
