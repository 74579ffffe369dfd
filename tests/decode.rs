//! Decoding as a property: of any bytes, of every truncation, and against another decoder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::net::IpAddr;

use egret::decode::{Decoded, decode};
use egret::model::{Frame, Gso, Heading, InterfaceId, LinkType, Packet, Timestamp, VlanTag};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const LINKS: [LinkType; 9] = [
    LinkType::Ethernet,
    LinkType::Raw,
    LinkType::Null,
    LinkType::Loop,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Other(9),
    LinkType::Other(104),
    LinkType::Other(105),
];

fn frame(link: LinkType, data: &[u8], wire_len: u32) -> Frame<'_> {
    Frame {
        at: Timestamp::from_secs(1),
        interface: InterfaceId(3),
        link,
        heading: Heading::Unknown,
        wire_len,
        data,
        vlan: None,
        gso: None,
    }
}

fn packet<'a>(frame: &Frame<'a>, inner: bool) -> Option<Packet<'a>> {
    match decode(frame, inner) {
        Decoded::Packet(packet) => Some(packet),
        Decoded::Skipped(_) => None,
    }
}

/// What holds of every packet, whatever the bytes were.
fn check(frame: &Frame<'_>, packet: &Packet<'_>) {
    let wire = frame.wire_len.max(frame.data.len() as u32);
    assert_eq!((packet.frame_len, packet.at, packet.interface), (frame.wire_len, frame.at, frame.interface));
    assert!(packet.ip_len <= wire, "{packet:?}");
    assert!(packet.payload_len <= packet.ip_len.saturating_sub(20), "{packet:?}");
    assert!(packet.payload.len() as u32 <= packet.payload_len, "{packet:?}");
    let (start, end) = (frame.data.as_ptr() as usize, frame.data.as_ptr() as usize + frame.data.len());
    let at = packet.payload.as_ptr() as usize;
    assert!(packet.payload.is_empty() || (start <= at && at + packet.payload.len() <= end), "bytes of another frame");
    assert!(packet.segments >= 1);
    let has_ports = packet.source_port != 0 || packet.destination_port != 0;
    assert!(!has_ports || packet.protocol.has_ports());
    assert!(packet.fragment.is_none_or(|fragment| fragment.is_first || !has_ports));
}

/// IPv4 with options and any fragment word, around a body.
fn v4(options: &[u8], fragment: u16, ends: [u32; 2], (protocol, body): (u8, Vec<u8>)) -> Vec<u8> {
    let words = options.len() / 4;
    let mut out = vec![0x45 + words as u8, 0];
    out.extend((20 + words as u16 * 4 + body.len() as u16).to_be_bytes());
    out.extend([0x12, 0x34]);
    out.extend(fragment.to_be_bytes());
    out.extend([64, protocol, 0, 0]);
    out.extend(ends.iter().flat_map(|end| end.to_be_bytes()));
    out.extend(&options[..words * 4]);
    out.extend(body);
    out
}

/// IPv6 with a chain of extension headers, around a body.
fn v6(chain: &[u8], ends: [u128; 2], (protocol, body): (u8, Vec<u8>)) -> Vec<u8> {
    let mut payload = Vec::new();
    for (place, kind) in chain.iter().enumerate() {
        let next = chain.get(place + 1).copied().unwrap_or(protocol);
        match kind {
            44 => payload.extend([next, 0, 0, 0, 0, 0, 0, 9]),
            51 => payload.extend([next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
            _ => payload.extend([next, 0, 1, 4, 0, 0, 0, 0]),
        }
    }
    payload.extend(body);
    let mut out = vec![0x60, 0, 0, 0];
    out.extend((payload.len() as u16).to_be_bytes());
    out.extend([chain.first().copied().unwrap_or(protocol), 64]);
    out.extend(ends.iter().flat_map(|end| end.to_be_bytes()));
    out.extend(payload);
    out
}

fn transport() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let ports = || (any::<u16>(), any::<u16>()).prop_map(|(a, b)| [a.to_be_bytes(), b.to_be_bytes()].concat());
    let payload = || vec(any::<u8>(), 0..60);
    prop_oneof![
        (ports(), any::<[u8; 8]>(), 5..9_u8, any::<u8>(), vec(any::<u8>(), 22..80)).prop_map(
            |(ports, numbers, words, flags, rest)| (6, [&ports[..], &numbers, &[words << 4, flags], &rest].concat())
        ),
        (ports(), payload()).prop_map(|(ports, payload)| {
            let length = (payload.len() as u16 + 8).to_be_bytes();
            (17, [&ports[..], &length, &[0, 0], &payload].concat())
        }),
        (select(vec![1_u8, 33, 47, 50, 58, 89, 132, 136]), vec(any::<u8>(), 16..80)),
    ]
}

fn ip() -> impl Strategy<Value = Vec<u8>> {
    let fragment = select(vec![0_u16, 0x4000, 0x2000, 0x2010, 0x0010]);
    let chain = vec(select(vec![0_u8, 43, 44, 51, 60]), 0..3);
    prop_oneof![
        (vec(any::<u8>(), 0..40), fragment, any::<[u32; 2]>(), transport())
            .prop_map(|(options, fragment, ends, body)| v4(&options, fragment, ends, body)),
        (chain, any::<[u128; 2]>(), transport()).prop_map(|(chain, ends, body)| v6(&chain, ends, body)),
    ]
}

/// Ethernet with up to three tags, and perhaps padding behind.
fn ethernet() -> impl Strategy<Value = Vec<u8>> {
    let tags = vec((select(vec![0x8100_u16, 0x88a8, 0x9100]), any::<u16>()), 0..=3);
    (any::<[u8; 12]>(), tags, ip(), vec(Just(0_u8), 0..8)).prop_map(|(addresses, tags, ip, padding)| {
        let mut out = addresses.to_vec();
        for (kind, tag) in tags {
            out.extend([kind.to_be_bytes(), tag.to_be_bytes()].concat());
        }
        out.extend(if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] });
        out.extend(ip);
        out.extend(padding);
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_survived(
        link in select(LINKS.to_vec()),
        data in vec(any::<u8>(), 0..200),
        extra in 0..100_000_u32,
        tag in any::<bool>(),
        gso in proptest::option::of(any::<u16>()),
        inner in any::<bool>(),
    ) {
        let mut one = frame(link, &data, (data.len() as u32 + extra).saturating_sub(50));
        one.vlan = tag.then_some(VlanTag { tpid: 0x8100, tci: 1 });
        one.gso = gso.map(|size| Gso { size });
        if let Some(packet) = packet(&one, inner) {
            check(&one, &packet);
        }
    }

    #[test]
    fn a_changed_byte_is_survived(mut data in ethernet(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        *at.get_mut(&mut data[12..]) = byte;
        for inner in [false, true] {
            let one = frame(LinkType::Ethernet, &data, data.len() as u32);
            if let Some(packet) = packet(&one, inner) {
                check(&one, &packet);
            }
        }
    }

    /// What was captured less of a frame says less, never something else.
    #[test]
    fn a_cut_changes_nothing_that_was_read(data in ethernet()) {
        let wire_len = data.len() as u32;
        let whole = frame(LinkType::Ethernet, &data, wire_len);
        let whole = packet(&whole, false).expect("a sound frame");
        let mut seen_before = false;
        for cut in 0..data.len() {
            let part = frame(LinkType::Ethernet, &data[..cut], wire_len);
            let Some(part) = packet(&part, false) else {
                prop_assert!(!seen_before, "more bytes gave less");
                continue;
            };
            seen_before = true;
            prop_assert_eq!(part.key(), whole.key());
            prop_assert_eq!(
                (part.frame_len, part.ip_len, part.fragment, part.v6),
                (whole.frame_len, whole.ip_len, whole.fragment, whole.v6)
            );
            prop_assert!(part.tcp_flags == whole.tcp_flags || part.tcp_flags == 0);
            prop_assert!(part.tcp_sequence == whole.tcp_sequence || part.tcp_sequence == 0);
            prop_assert!(whole.payload.starts_with(part.payload) || part.tcp_flags == 0);
        }
    }

    /// etherparse, which is strict, reads the same wherever it reads anything.
    #[test]
    fn another_decoder_agrees(mut data in ethernet(), changed in proptest::option::of((any::<prop::sample::Index>(), any::<u8>()))) {
        if let Some((at, byte)) = changed {
            *at.get_mut(&mut data[14..]) = byte;
        }
        agree_with_etherparse(&data)?;
    }
}

fn agree_with_etherparse(data: &[u8]) -> Result<(), TestCaseError> {
    let Ok(theirs) = SlicedPacket::from_ethernet(data) else { return Ok(()) };
    let one = frame(LinkType::Ethernet, data, data.len() as u32);
    let (from, to, number, fragmented, body): (IpAddr, IpAddr, u8, bool, &[u8]) = match &theirs.net {
        Some(NetSlice::Ipv4(v4)) => {
            // There the authentication header is passed over; here it is a protocol.
            if v4.extensions().auth.is_some() {
                return Ok(());
            }
            let (head, body) = (v4.header(), v4.payload());
            let ends = (head.source_addr().into(), head.destination_addr().into());
            (ends.0, ends.1, body.ip_number.0, body.fragmented, body.payload)
        }
        Some(NetSlice::Ipv6(v6)) => {
            let (head, body) = (v6.header(), v6.payload());
            // Zero means that the frame knows; there is also a message in the headers that nothing follows.
            let is_message = matches!(body.ip_number.0, 59) && !v6.extensions().is_empty();
            if head.payload_length() == 0 || is_message {
                return Ok(());
            }
            let ends = (head.source_addr().into(), head.destination_addr().into());
            (ends.0, ends.1, body.ip_number.0, body.fragmented, body.payload)
        }
        Some(NetSlice::Arp(_)) => {
            prop_assert!(packet(&one, false).is_none());
            return Ok(());
        }
        // It stops at tags it has no room for, and at what is not IP.
        None => return Ok(()),
    };
    let Some(ours) = packet(&one, false) else {
        prop_assert!(theirs.transport.is_none(), "they read {:?}", theirs.transport);
        return Ok(());
    };
    prop_assert_eq!((ours.from().ip, ours.to().ip), (from, to));
    prop_assert_eq!(ours.fragment.is_some(), fragmented);
    if ours.fragment.is_some_and(|fragment| !fragment.is_first) {
        return Ok(());
    }
    prop_assert_eq!(ours.protocol.number(), number);
    match &theirs.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            prop_assert_eq!((ours.source_port, ours.destination_port), (tcp.source_port(), tcp.destination_port()));
            prop_assert_eq!((ours.tcp_sequence, ours.payload), (tcp.sequence_number(), tcp.payload()));
            prop_assert_eq!(ours.payload_len as usize, tcp.payload().len());
        }
        Some(TransportSlice::Udp(udp)) => {
            prop_assert_eq!((ours.source_port, ours.destination_port), (udp.source_port(), udp.destination_port()));
            prop_assert_eq!(ours.payload, udp.payload());
        }
        _ if !ours.protocol.has_ports() => prop_assert_eq!(ours.payload, body),
        _ => {}
    }
    Ok(())
}

/// The other decoder really is asked: most frames that are made here it reads down to the transport.
#[test]
fn the_comparison_compares() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = ethernet();
    let read = (0..200)
        .filter(|_| {
            let data = strategy.new_tree(&mut runner).unwrap().current();
            SlicedPacket::from_ethernet(&data).is_ok_and(|sliced| sliced.net.is_some())
        })
        .count();
    assert!(read > 100, "{read} of 200");
}
