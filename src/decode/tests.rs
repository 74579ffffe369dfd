//! Decoding, case by case.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::model::packet::{Fragment, tcp_flag};
use crate::model::{Gso, InterfaceId, LinkType, Protocol, Timestamp, VlanTag};

const ETHERNET: &str = "020000000002 020000000001";
/// 10.0.0.1 to 192.0.2.9, TCP, total length 44.
const V4: &str = "4500002c 0001 4000 40 06 0000 0a000001 c0000209";
/// 51000 to 443, SYN and ACK, sequence 7, no options.
const TCP: &str = "c738 01bb 00000007 00000000 5012 ffff 0000 0000";
const DATA: &str = "41424344";
/// 2001:db8::1 to 2001:db8::2 follow the eight bytes of the header.
const V6_ENDS: &str = "20010db8000000000000000000000001 20010db8000000000000000000000002";
const UDP: &str = "c738 0035 000c 0000";

fn bytes(parts: &[&str]) -> Vec<u8> {
    let digits: String = parts.concat().split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn frame(link: LinkType, data: &[u8]) -> Frame<'_> {
    Frame {
        at: Timestamp::from_secs(1),
        interface: InterfaceId(0),
        link,
        heading: Heading::Unknown,
        wire_len: data.len() as u32,
        data,
        vlan: None,
        gso: None,
    }
}

/// Source port, destination port, protocol, IP length, payload length; or the cause.
type Seen = Result<(u16, u16, u8, u32, u32), Skip>;

fn seen(frame: &Frame<'_>, inner: bool) -> Seen {
    match decode(frame, inner) {
        Decoded::Packet(packet) => Ok((
            packet.source_port,
            packet.destination_port,
            packet.protocol.number(),
            packet.ip_len,
            packet.payload_len,
        )),
        Decoded::Skipped(cause) => Err(cause),
    }
}

fn packet<'a>(frame: &Frame<'a>, inner: bool) -> Packet<'a> {
    match decode(frame, inner) {
        Decoded::Packet(packet) => packet,
        Decoded::Skipped(cause) => panic!("skipped: {cause:?}"),
    }
}

const FINE: Seen = Ok((51_000, 443, 6, 44, 4));

#[test]
fn reads_every_field() {
    let data = bytes(&[ETHERNET, "0800", V4, TCP, DATA, "0000"]);
    let got = packet(&frame(LinkType::Ethernet, &data), false);
    assert_eq!((got.from().ip, got.to().ip), (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(192, 0, 2, 9).into()));
    assert_eq!((got.from().port, got.to().port, got.protocol), (51_000, 443, Protocol::TCP));
    assert_eq!((got.frame_len, got.ip_len, got.payload_len, got.payload), (60, 44, 4, &b"ABCD"[..]));
    assert_eq!((got.tcp_flags, got.tcp_sequence), (tcp_flag::SYN | tcp_flag::ACK, 7));
    assert_eq!((got.segments, got.segment_headers, got.fragment, got.v6), (1, 0, None, false));
    assert_eq!((got.at, got.heading), (Timestamp::from_secs(1), Heading::Unknown));
}

/// The short way answers as the long way would, or not at all.
fn assert_same(data: &[u8], wire_len: u32) -> bool {
    let one = Frame { wire_len, ..frame(LinkType::Ethernet, data) };
    let Some(short) = plain::read(&one) else { return false };
    let long = decode_any(&one, false);
    let Decoded::Packet(long) = long else { panic!("{long:?}, but the short way gave {short:?}") };
    assert_eq!(format!("{short:?}"), format!("{long:?}"));
    assert_eq!(short.payload.as_ptr(), long.payload.as_ptr());
    true
}

const PADDING: &str = "0000000000000000";

#[test]
fn both_ways_agree() {
    let tcp = bytes(&[ETHERNET, "0800", V4, TCP, DATA, "0000"]);
    let udp = bytes(&[ETHERNET, "0800 45000020 0001 4000 40 11 0000 0a000001 c0000209", UDP, DATA, PADDING]);
    let tcp6 = bytes(&[ETHERNET, "86dd 60000000 0018 06 40", V6_ENDS, TCP, DATA]);
    let udp6 = bytes(&[ETHERNET, "86dd 60000000 000c 11 40", V6_ENDS, UDP, DATA, PADDING]);
    for sound in [tcp, udp, tcp6, udp6] {
        assert!(assert_same(&sound, sound.len() as u32), "the short way is for these");
        for cut in 0..sound.len() {
            assert_same(&sound[..cut], sound.len() as u32);
            assert_same(&sound[..cut], cut as u32);
        }
        for at in 12..sound.len() {
            for byte in 0..=255 {
                let mut changed = sound.clone();
                changed[at] = byte;
                assert_same(&changed, sound.len() as u32);
                assert_same(&changed, 20);
                assert_same(&changed, 100_000);
            }
        }
    }
}

#[test]
fn reads_every_link_layer() {
    use LinkType::{Ethernet, LinuxSll, LinuxSll2, Loop, Null, Other, Raw};
    let tag = "8100 0005";
    let cases: &[(&str, LinkType, Vec<&str>, Seen)] = &[
        ("plain", Ethernet, vec![ETHERNET, "0800"], FINE),
        ("one tag", Ethernet, vec![ETHERNET, tag, "0800"], FINE),
        ("802.1ad and 802.1Q", Ethernet, vec![ETHERNET, "88a8 0064", tag, "0800"], FINE),
        ("old QinQ", Ethernet, vec![ETHERNET, "9100 0064 9200 0001", tag, "0800"], FINE),
        ("eight tags", Ethernet, vec![ETHERNET, tag, tag, tag, tag, tag, tag, tag, tag, "0800"], FINE),
        ("nine tags", Ethernet, vec![ETHERNET, tag, tag, tag, tag, tag, tag, tag, tag, tag, "0800"], Err(Skip::NotIp)),
        ("pppoe", Ethernet, vec![ETHERNET, "8864 1100 0001 002e 0021"], FINE),
        ("pppoe discovery", Ethernet, vec![ETHERNET, "8864 1109 0001 002e 0021"], Err(Skip::NotIp)),
        ("tag and pppoe", Ethernet, vec![ETHERNET, tag, "8864 1100 0001 002e 0021"], FINE),
        ("mpls", Ethernet, vec![ETHERNET, "8847 00010040 00020140"], FINE),
        ("pseudowire", Ethernet, vec![ETHERNET, "8847 00020140 00000000", ETHERNET, "0800"], FINE),
        ("snap", Ethernet, vec![ETHERNET, "0034 aaaa03 000000 0800"], FINE),
        ("llc", Ethernet, vec![ETHERNET, "0034 424203 000000 0800"], Err(Skip::NotIp)),
        ("arp", Ethernet, vec![ETHERNET, "0806"], Err(Skip::NotIp)),
        ("lldp", Ethernet, vec![ETHERNET, "88cc"], Err(Skip::NotIp)),
        ("v6 promised", Ethernet, vec![ETHERNET, "86dd"], Err(Skip::BadIp)),
        ("raw", Raw, vec![], FINE),
        ("raw nonsense", Raw, vec!["f0"], Err(Skip::NotIp)),
        ("null, little endian", Null, vec!["02000000"], FINE),
        ("null, big endian", Null, vec!["00000002"], FINE),
        ("loop", Loop, vec!["00000002"], FINE),
        ("null, no ip", Null, vec!["07000000"], Err(Skip::NotIp)),
        ("cooked", LinuxSll, vec!["0004 0001 0006 0200000000010000 0800"], FINE),
        ("cooked, tag", LinuxSll, vec!["0004 0001 0006 0200000000010000", tag, "0800"], FINE),
        ("cooked v2", LinuxSll2, vec!["0800 0000 00000002 0001 04 06 0200000000010000"], FINE),
        ("ppp", Other(9), vec!["ff03 0021"], FINE),
        ("ppp, compressed", Other(9), vec!["21"], FINE),
        ("c-hdlc", Other(104), vec!["0f00 0800"], FINE),
        ("ppi", Other(192), vec!["0000 0c00 01000000 00000000", ETHERNET, "0800"], FINE),
        ("ppi of wifi", Other(192), vec!["0000 0800 69000000"], Err(Skip::LinkType)),
        ("wifi", Other(105), vec![], Err(Skip::LinkType)),
    ];
    for (name, link, head, want) in cases {
        let data = bytes(&[&head.concat(), V4, TCP, DATA]);
        assert_eq!(seen(&frame(*link, &data), false), *want, "{name}");
        assert_eq!(seen(&frame(*link, &data), true), *want, "{name}, inner");
    }
    for link in [Ethernet, LinuxSll, LinuxSll2, Loop, Null, Raw] {
        assert_eq!(seen(&frame(link, &[]), false), Err(Skip::Short), "{link:?}");
    }
}

#[test]
fn a_cooked_header_says_where_the_frame_goes_unless_the_kernel_did() {
    for (number, want) in [("0000", Heading::Host), ("0004", Heading::Outgoing), ("0009", Heading::Unknown)] {
        let data = bytes(&[number, "0001 0006 0200000000010000 0800", V4, TCP, DATA]);
        let mut one = frame(LinkType::LinuxSll, &data);
        assert_eq!(packet(&one, false).heading, want);
        one.heading = Heading::Broadcast;
        assert_eq!(packet(&one, false).heading, Heading::Broadcast);
    }
}

#[test]
fn reads_ipv4_lengths_as_the_wire_can_have_them() {
    let cases: &[(&str, &str, Seen)] = &[
        ("padding is not payload", "4500002a 0001 4000 40 06 0000 0a000001 c0000209", Ok((51_000, 443, 6, 42, 2))),
        ("zero: as long as the frame", "45000000 0001 4000 40 06 0000 0a000001 c0000209", Ok((51_000, 443, 6, 44, 4))),
        ("more than the wire had", "4500ffff 0001 4000 40 06 0000 0a000001 c0000209", Ok((51_000, 443, 6, 44, 4))),
        ("less than the header", "45000013 0001 4000 40 06 0000 0a000001 c0000209", Err(Skip::BadIp)),
        ("header of 16 bytes", "4400002c 0001 4000 40 06 0000 0a000001 c0000209", Err(Skip::BadIp)),
        ("options beyond the packet", "4f00002c 0001 4000 40 06 0000 0a000001 c0000209", Err(Skip::BadIp)),
        ("no room for ports", "45000016 0001 4000 40 06 0000 0a000001 c0000209", Err(Skip::BadTransport)),
        ("version 5", "5500002c 0001 4000 40 06 0000 0a000001 c0000209", Err(Skip::BadIp)),
        ("options", "46000030 0001 4000 40 06 0000 0a000001 c0000209 01010100", Ok((51_000, 443, 6, 48, 4))),
    ];
    for (name, header, want) in cases {
        let data = bytes(&[ETHERNET, "0800", header, TCP, DATA]);
        assert_eq!(seen(&frame(LinkType::Ethernet, &data), false), *want, "{name}");
    }
}

#[test]
fn the_captured_part_may_end_anywhere_behind_the_ports() {
    let data = bytes(&[ETHERNET, "0800", V4, TCP, DATA]);
    for captured in 0..=data.len() {
        let mut one = frame(LinkType::Ethernet, &data[..captured]);
        one.wire_len = data.len() as u32;
        let want = match captured {
            0..14 => Err(Skip::Short),
            14..34 => Err(Skip::BadIp),
            34..38 => Err(Skip::BadTransport),
            _ => FINE,
        };
        assert_eq!(seen(&one, false), want, "{captured} bytes");
        if captured >= 54 {
            assert_eq!(packet(&one, false).payload, &DATA_BYTES[..captured - 54]);
        }
    }
}

const DATA_BYTES: &[u8] = b"ABCD";

#[test]
fn fragments_after_the_first_have_no_ports() {
    let at = |word: &str| bytes(&[ETHERNET, "0800 4500002c 0009", word, "40 06 0000 0a000001 c0000209", TCP, DATA]);
    let cases = [
        ("4000", None, 51_000, 4),
        ("2000", Some(Fragment { id: 9, is_first: true, is_last: false }), 51_000, 4),
        ("2003", Some(Fragment { id: 9, is_first: false, is_last: false }), 0, 24),
        ("0003", Some(Fragment { id: 9, is_first: false, is_last: true }), 0, 24),
    ];
    for (word, fragment, port, payload) in cases {
        let data = at(word);
        let got = packet(&frame(LinkType::Ethernet, &data), false);
        assert_eq!(
            (got.fragment, got.source_port, got.payload_len, got.protocol),
            (fragment, port, payload, Protocol::TCP)
        );
    }
}

#[test]
fn walks_the_ipv6_chain() {
    let pad = "0104 00000000";
    let hop = |next: &str| format!("{next}00 {pad}");
    let many = format!("{} 11 00 {pad}", hop("3c").repeat(31));
    let too_many = format!("{} 11 00 {pad}", hop("3c").repeat(40));
    let cases: &[(&str, &str, &str, Seen)] = &[
        ("none", "11", "", Ok((51_000, 53, 17, 52, 4))),
        ("hop-by-hop", "00", &hop("11"), Ok((51_000, 53, 17, 60, 4))),
        ("routing, destination", "2b", &format!("{}{}", hop("3c"), hop("11")), Ok((51_000, 53, 17, 68, 4))),
        ("authentication", "33", "1104 0000 00000001 00000001 000000000000000000000000", Ok((51_000, 53, 17, 76, 4))),
        ("mobility, nothing follows", "87", "3b00 0000 00000000", Ok((0, 0, 135, 60, 20))),
        ("atomic fragment", "2c", "1100 0000 00000007", Ok((51_000, 53, 17, 60, 4))),
        ("later fragment", "2c", "1100 0008 00000007", Ok((0, 0, 17, 60, 12))),
        ("thirty-two headers", "3c", &many, Ok((51_000, 53, 17, 308, 4))),
        ("forty-one headers", "3c", &too_many, Ok((0, 0, 60, 380, 84))),
        ("header beyond the packet", "00", "11ff 0104 00000000", Err(Skip::BadIp)),
        ("nothing", "3b", "", Ok((0, 0, 59, 52, 12))),
    ];
    for (name, next, chain, want) in cases {
        let chain = bytes(&[chain]);
        let length = format!("{:04x}", chain.len() + 12);
        let mut data = bytes(&[ETHERNET, "86dd 60000000", &length, next, "40", V6_ENDS]);
        data.extend(chain);
        data.extend(bytes(&[UDP, DATA, "0000"]));
        assert_eq!(seen(&frame(LinkType::Ethernet, &data), false), *want, "{name}");
    }
}

/// An outer IPv4 header of 10.9.0.1 to 10.9.0.2 whose length is the frame's.
fn outer(protocol: &str) -> String {
    format!("45000000 0001 0000 40 {protocol} 0000 0a090001 0a090002")
}

/// The port and the protocol of the outer packet.
type Outside = Option<(u16, u8)>;

#[test]
fn looks_into_tunnels_only_when_asked() {
    let udp = |port: &str| format!("{} c000 {port} 0000 0000", outer("11"));
    let v6_of = |next: &str| format!("60000000 0000 {next} 40 {V6_ENDS}");
    let ethernet = format!("{ETHERNET} 0800");
    let out = |number: u8| -> Outside { Some((0, number)) };
    let into_udp = |port: u16| -> Outside { Some((port, 17)) };
    let cases: &[(&str, String, Outside)] = &[
        ("ipip", outer("04"), out(4)),
        ("4in6", v6_of("04"), out(4)),
        ("gre", format!("{} 0000 0800", outer("2f")), out(47)),
        ("gre, checksum, key, sequence", format!("{} b000 0800 00000000 00000001 00000002", outer("2f")), out(47)),
        ("gre, bridged", format!("{} 0000 6558 {ethernet}", outer("2f")), out(47)),
        ("gre, tagged", format!("{} 0000 6558 {ETHERNET} 8100 0001 0800", outer("2f")), out(47)),
        ("gre, pptp", format!("{} 3081 880b 00300001 00000001 00000002 ff03 0021", outer("2f")), out(47)),
        ("erspan", format!("{} 1000 88be 00000001 1001000000000000 {ethernet}", outer("2f")), out(47)),
        ("vxlan", format!("{} 08000000 00000100 {ethernet}", udp("12b5")), into_udp(4789)),
        ("vxlan, old port", format!("{} 08000000 00000100 {ethernet}", udp("2118")), into_udp(8472)),
        ("geneve", format!("{} 01000800 00000100 00000000", udp("17c1")), into_udp(6081)),
        ("gtp-u", format!("{} 34ff 0030 00000001 0000 00 85 01 000000", udp("0868")), into_udp(2152)),
        ("ah, whole packet", format!("{} 0404 0000 00000001 00000001 {}", outer("33"), "00".repeat(12)), out(51)),
        ("four deep", outer("04").repeat(4), out(4)),
    ];
    for (name, head, outside) in cases {
        let data = bytes(&[head, V4, TCP, DATA]);
        let one = frame(LinkType::Raw, &data);
        assert_eq!(seen(&one, true), FINE, "{name}");
        let got = packet(&one, false);
        assert_eq!(Some((got.destination_port, got.protocol.number())), *outside, "{name}");
        assert_eq!((got.frame_len, packet(&one, true).frame_len), (data.len() as u32, data.len() as u32), "{name}");
    }
    let same: &[(&str, String)] = &[
        ("five deep", outer("04").repeat(5)),
        ("arp in vxlan", format!("{} 08000000 00000100 {ETHERNET} 0806", udp("12b5"))),
        ("vxlan without its flag", format!("{} 00000000 00000100 {ethernet}", udp("12b5"))),
        ("another port", format!("{} 08000000 00000100 {ethernet}", udp("0035"))),
        ("a later fragment", "45000000 0001 0003 40 04 0000 0a090001 0a090002".to_owned()),
    ];
    for (name, head) in same {
        let data = bytes(&[head, V4, TCP, DATA]);
        let one = frame(LinkType::Raw, &data);
        assert_ne!(seen(&one, true), FINE, "{name}");
        assert!(packet(&one, true).ip_len >= 44, "{name}");
    }
}

#[test]
fn fragment_ids_of_ipv6_are_kept() {
    let data = bytes(&["60000000 0014 2c 40", V6_ENDS, "1100 0001 00000007", UDP, DATA]);
    let got = packet(&frame(LinkType::Raw, &data), false);
    assert_eq!(got.fragment, Some(Fragment { id: 7, is_first: true, is_last: false }));
    assert_eq!(got.from().ip, "2001:db8::1".parse::<IpAddr>().unwrap());
}

#[test]
fn super_packets_are_as_long_as_the_wire_says() {
    let big = 100_000;
    let plain = bytes(&["60000000 0000 06 40", V6_ENDS, TCP]);
    let jumbo = bytes(&["60000000 0000 00 40", V6_ENDS, "0600 c204 00018678", TCP]);
    for (data, want) in [(&plain, (big, big - 60)), (&jumbo, (99_960 + 40, 99_960 - 28))] {
        let mut one = frame(LinkType::Raw, data);
        one.wire_len = big;
        let got = packet(&one, false);
        assert_eq!((got.ip_len, got.payload_len, got.source_port), (want.0, want.1, 51_000));
    }
}

#[test]
fn segmentation_adds_a_copy_of_the_headers_for_each_segment_after_the_first() {
    let data = bytes(&[ETHERNET, "0800", "45000000 0001 4000 40 06 0000 0a000001 c0000209", TCP]);
    let mut one = frame(LinkType::Ethernet, &data);
    one.gso = Some(Gso { size: 1_448 });
    for (payload, segments) in [(0, 1), (1, 1), (1_448, 1), (1_449, 2), (65_160, 45)] {
        one.wire_len = 54 + payload;
        one.vlan = None;
        let got = packet(&one, false);
        assert_eq!((got.segments, got.segment_headers, got.payload_len), (segments, (segments - 1) * 54, payload));
        one.wire_len = 58 + payload;
        one.vlan = Some(VlanTag { tpid: 0x8100, tci: 5 });
        let got = packet(&one, false);
        assert_eq!((got.segments, got.segment_headers, got.payload_len), (segments, (segments - 1) * 58, payload));
    }
}
