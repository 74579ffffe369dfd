//! Recognition of whole flows: split, late, doubled and hostile first segments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use egret::model::packet::tcp_flag;
use egret::model::{Application, Facts, Packet, Protocol, Texture};
use sha2::{Digest, Sha256};

use egret::protocol::{Budget, Recognition, Verdict};

const START: u32 = u32::MAX - 5;

fn packet(protocol: Protocol, sequence: u32, flags: u8, payload: &[u8]) -> Packet<'_> {
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

/// A TCP flow to `port` of which only these pieces of the opener's stream arrive, by offset.
fn tcp(port: u16, pieces: &[(usize, &[u8])]) -> Verdict {
    let budget = Budget::default();
    let mut flow = Recognition::new(Protocol::TCP, 50_000, port, &budget).unwrap();
    flow.feed(&packet(Protocol::TCP, START, tcp_flag::SYN, &[]), true);
    for (offset, bytes) in pieces {
        let sequence = START.wrapping_add(1 + *offset as u32);
        let verdict = flow.feed(&packet(Protocol::TCP, sequence, tcp_flag::ACK, bytes), true);
        if verdict != Verdict::Pending {
            drop(flow);
            assert_eq!(budget.bytes(), 0, "what was kept is given back");
            return verdict;
        }
    }
    flow.finish()
}

fn udp(port: u16, datagrams: &[(bool, &[u8])]) -> Verdict {
    let mut flow = Recognition::new(Protocol::UDP, 50_000, port, &Budget::default()).unwrap();
    for (from_opener, bytes) in datagrams {
        let verdict = flow.feed(&packet(Protocol::UDP, 0, 0, bytes), *from_opener);
        if verdict != Verdict::Pending {
            return verdict;
        }
    }
    flow.finish()
}

fn known(verdict: Verdict) -> Facts {
    match verdict {
        Verdict::Known(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown(facts) if facts.application == Application::UNKNOWN)
}

/// A ClientHello with a server name, within records of at most `record` bytes.
fn hello(name: &[u8], record: usize) -> Vec<u8> {
    let entry = [&[0][..], &(name.len() as u16).to_be_bytes(), name].concat();
    let sni =
        [&[0, 0][..], &(entry.len() as u16 + 2).to_be_bytes(), &(entry.len() as u16).to_be_bytes(), &entry].concat();
    let alpn = b"\x00\x10\x00\x05\x00\x03\x02h2";
    let extensions = [&sni[..], alpn].concat();
    let body =
        [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &(extensions.len() as u16).to_be_bytes(), &extensions]
            .concat();
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    message
        .chunks(record)
        .flat_map(|part| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat())
        .collect()
}

#[test]
fn a_hello_is_read_however_it_is_cut() {
    let whole = hello(b"WWW.Example.com", 1 << 14);
    for bytes in [whole.clone(), hello(b"WWW.Example.com", 20), hello(b"WWW.Example.com", 1)] {
        for size in [1, 2, 5, 100, 4000] {
            let pieces: Vec<_> = bytes.chunks(size).enumerate().map(|(n, piece)| (n * size, piece)).collect();
            let facts = known(tcp(443, &pieces));
            assert_eq!(facts.application.id(), "tls");
            assert_eq!(facts.sni.unwrap().as_str(), "www.example.com");
            assert_eq!(facts.alpn[0].as_str(), "h2");
            assert!(facts.ja4.unwrap().as_str().starts_with("t12d0102h2_"));
        }
    }
}

#[test]
fn late_doubled_and_rewritten_segments_do_not_matter() {
    let bytes = hello(b"first.example", 1 << 14);
    let forged = hello(b"other.example", 1 << 14);
    let cut = bytes.len() - 3;
    let (front, back) = bytes.split_at(cut);
    let orders: [&[(usize, &[u8])]; 4] = [
        &[(cut, back), (0, front)],
        &[(0, front), (0, front), (cut, back)],
        &[(0, front), (0, &forged[..cut]), (cut, back)],
        &[(0, &front[..10]), (20, &bytes[20..60]), (60, &bytes[60..]), (10, &bytes[10..20])],
    ];
    for order in orders {
        assert_eq!(known(tcp(443, order)).sni.unwrap().as_str(), "first.example");
    }
}

#[test]
fn a_hello_in_the_middle_of_nowhere_is_put_together_too() {
    let bytes = hello(b"first.example", 1 << 14);
    let (front, back) = bytes.split_at(40);
    let mut flow = Recognition::new(Protocol::TCP, 50_000, 443, &Budget::default()).unwrap();
    assert_eq!(flow.feed(&packet(Protocol::TCP, 40, tcp_flag::ACK, back), true), Verdict::Pending);
    let facts = known(flow.feed(&packet(Protocol::TCP, 0, tcp_flag::ACK, front), true));
    assert!(facts.application.is_known());
}

#[test]
fn the_name_in_a_hello_cannot_touch_a_terminal() {
    for name in [&b"a\x1b]52;c;x\x07b"[..], "a\u{202e}b".as_bytes(), b"a\0b", b"\xff\xfe", b"10.0.0.1", &[b'x'; 9_000]]
    {
        let facts = known(tcp(443, &[(0, &hello(name, 1 << 14))]));
        let shown = facts.sni.unwrap();
        assert!(shown.as_str().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{shown}");
        assert!(shown.as_str().chars().count() <= 256);
    }
    assert_eq!(known(tcp(443, &[(0, &hello(b"", 1 << 14))])).sni, None);
}

#[test]
fn a_length_of_sixteen_megabytes_is_no_hello() {
    let mut bytes = hello(b"x.example", 1 << 14);
    bytes[6] = 0xff;
    assert!(is_unknown(&tcp(443, &[(0, &bytes)])));
}

#[test]
fn a_hello_that_never_ends_is_given_up() {
    let mut bytes = hello(b"x.example", 1 << 14);
    bytes[3..5].copy_from_slice(&[0x3f, 0xff]);
    bytes[6..9].copy_from_slice(&[0, 0x3f, 0xf0]);
    let more = vec![0; 60_000];
    let pieces: Vec<(usize, &[u8])> = std::iter::once((0, &bytes[..]))
        .chain(more.chunks(1400).enumerate().map(|(n, p)| (bytes.len() + n * 1400, p)))
        .collect();
    // It is TLS all the same: the name was there.
    assert_eq!(known(tcp(443, &pieces)).sni.unwrap().as_str(), "x.example");
}

#[test]
fn a_port_alone_decides_nothing() {
    for port in [443, 80, 22, 53] {
        assert!(is_unknown(&tcp(port, &[(0, b"\x01\x02\x03\x04 what is this? \x80\x81\x82\x83")])), "{port}");
        assert!(is_unknown(&tcp(port, &[(0, b"A text that no protocol begins with.\r\n")])), "{port}");
    }
}

#[test]
fn a_protocol_is_found_on_any_port() {
    assert_eq!(known(tcp(50_001, &[(0, b"SSH-2.0-OpenSSH_9.6\r\n")])).application.id(), "ssh");
    let facts = known(tcp(22, &[(0, b"GET /a HTTP/1.1\r\nHost: Shop.example:8080\r\nUser-Agent: curl/8\r\n\r\n")]));
    assert_eq!((facts.application.id(), facts.host.unwrap().as_str()), ("http", "shop.example"));
    assert_eq!(facts.detail.unwrap().as_str(), "GET /a, curl/8");
}

#[test]
fn an_endless_banner_or_header_is_bounded() {
    let banner = [&b"SSH-2.0-"[..], &vec![b'a'; 100_000]].concat();
    let pieces: Vec<_> = banner.chunks(1000).enumerate().map(|(n, piece)| (n * 1000, piece)).collect();
    let facts = known(tcp(22, &pieces));
    assert!(facts.detail.unwrap().as_str().len() <= 260);
    let host = [&b"GET / HTTP/1.1\r\nHost: "[..], &vec![b'h'; 1 << 20]].concat();
    let pieces: Vec<_> = host.chunks(1400).enumerate().map(|(n, piece)| (n * 1400, piece)).collect();
    let facts = known(tcp(80, &pieces));
    assert!(facts.host.unwrap().as_str().chars().count() <= 256);
}

#[test]
fn smuggled_requests_are_http_and_nothing_worse() {
    let forms: [&[u8]; 4] = [
        b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a.example\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a.example\n\n",
        b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    ];
    for form in forms {
        assert_eq!(known(tcp(80, &[(0, form)])).application.id(), "http");
    }
}

#[test]
fn dns_is_read_over_both() {
    let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03WwW\x07example\x03com\x00\x00\x01\x00\x01";
    let facts = known(udp(53, &[(true, query)]));
    assert_eq!((facts.application.id(), facts.detail.unwrap().as_str()), ("dns", "www.example.com"));
    let over_tcp = [&(query.len() as u16).to_be_bytes(), &query[..]].concat();
    let (front, back) = over_tcp.split_at(2);
    assert_eq!(known(tcp(50_001, &[(0, front), (2, back)])).application.id(), "dns");
    let mut bent = *query;
    bent[3] = 0x40;
    assert!(is_unknown(&udp(50_001, &[(true, &bent)])));
}

#[test]
fn what_nobody_knows_is_told_apart_by_its_texture() {
    let noise: Vec<u8> = (0..30_u8).flat_map(|n| Sha256::digest([n])).collect();
    for (bytes, texture) in [
        (&b"hello there, general\r\n"[..], Texture::Text),
        (&[0, 0, 0, 9, 1, 0, 0, 0, 2].repeat(20), Texture::Binary),
        (&noise, Texture::Random),
    ] {
        match udp(50_001, &[(true, bytes)]) {
            Verdict::Unknown(facts) => assert_eq!(facts.texture, Some(texture), "{bytes:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_budget_of_all_flows_is_kept() {
    let budget = Budget::new(10_000);
    let bytes = hello(&[b'x'; 3_000], 1 << 14);
    let mut flows: Vec<_> = (0..100).map(|n| Recognition::new(Protocol::TCP, n, 443, &budget).unwrap()).collect();
    for flow in &mut flows {
        flow.feed(&packet(Protocol::TCP, START, tcp_flag::SYN, &[]), true);
        flow.feed(&packet(Protocol::TCP, START.wrapping_add(1), tcp_flag::ACK, &bytes[..2_000]), true);
    }
    assert!(budget.bytes() <= 10_000 && budget.refused() == 95, "{budget:?}");
    drop(flows);
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn zeros_say_nothing_and_a_lost_beginning_is_got_over() {
    assert_eq!(udp(123, &[(true, &[0; 48]), (false, &[0; 48])]), Verdict::Pending);
    assert_eq!(tcp(443, &[(0, &[0; 100])]), Verdict::Pending);
    // Twenty bytes are missing, and nothing follows: at the end the segment counts for itself.
    assert_eq!(known(tcp(22, &[(20, b"SSH-2.0-client\r\n")])).application.id(), "ssh");
    let mut flow = Recognition::new(Protocol::TCP, 50_000, 22, &Budget::default()).unwrap();
    flow.feed(&packet(Protocol::TCP, START, tcp_flag::SYN, &[]), true);
    let bytes = b"SSH-2.0-client\r\n";
    let cut = Packet { payload_len: 1460, ..packet(Protocol::TCP, START.wrapping_add(21), tcp_flag::ACK, bytes) };
    assert_eq!(known(flow.feed(&cut, true)).application.id(), "ssh");
}

#[test]
fn another_connection_on_the_same_ports_begins_anew() {
    let mut flow = Recognition::new(Protocol::TCP, 50_000, 443, &Budget::default()).unwrap();
    let bytes = hello(b"second.example", 1 << 14);
    flow.feed(&packet(Protocol::TCP, 10, tcp_flag::SYN, &[]), true);
    assert_eq!(flow.feed(&packet(Protocol::TCP, 11, tcp_flag::ACK, &bytes[..30]), true), Verdict::Pending);
    flow.feed(&packet(Protocol::TCP, 9_000, tcp_flag::SYN, &[]), true);
    let facts = known(flow.feed(&packet(Protocol::TCP, 9_001, tcp_flag::ACK, &bytes), true));
    assert_eq!(facts.sni.unwrap().as_str(), "second.example");
}
