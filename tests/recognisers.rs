//! Every recogniser: one exchange that it must know, and the same with one byte bent that it must not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/exchange.rs"]
mod exchange;
#[path = "support/fuzz_recognise.rs"]
mod fuzz_recognise;
#[path = "support/quic.rs"]
mod quic;
#[path = "support/variations.rs"]
mod variations;

use std::collections::BTreeSet;
use std::path::Path;

use egret::protocol::{RECOGNISERS, Transports};
use exchange::{Arrival, Exchange, Over, facts_of, tcp, udp};
use proptest::prelude::*;

/// An ASN.1 value: tag, short length, contents.
fn ber(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, contents.len() as u8][..], contents].concat()
}

/// Contents behind their length in four bytes.
fn long(contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u32).to_be_bytes()[..], contents].concat()
}

fn pad(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(length, 0);
    out
}

fn query(id: u8, name: &[u8]) -> Vec<u8> {
    [&[id, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 0, 1, 0, 1]].concat()
}

/// HTTP/2 from its preface to the first request: settings, then headers without Huffman coding.
fn h2(path: &[u8], content_type: &[u8]) -> Vec<u8> {
    let text = |text: &[u8]| [&[text.len() as u8][..], text].concat();
    let fields =
        [&[0x83, 0x86, 0x44][..], &text(path), &[0x41], &text(b"h.example"), &[0x5f], &text(content_type)].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let headers = [&[0, 0, fields.len() as u8, 1, 4, 0, 0, 0, 1][..], &fields].concat();
    [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0], &headers].concat()
}

/// The exchanges, by the id of the application. The number is the byte of the first message that the twin bends.
#[expect(clippy::too_many_lines, reason = "a table")]
fn samples() -> Vec<(&'static str, Exchange, usize)> {
    let hello = exchange::hello(b"www.example.com");
    let name = b"\x03www\x07example\x03com";
    let kerberos = |sequence: &[u8]| ber(0x6a, &ber(0x30, sequence));
    let crc = |head: &[u8]| {
        let crc = head.iter().fold(0_u16, |crc, &byte| {
            (0..8).fold(crc ^ u16::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 })
        });
        [head, &(!crc).to_le_bytes()].concat()
    };
    let rtp = |sequence: u8| [&[0x80, 0x60, 1, sequence, 0, 0, sequence, 0, 1, 2, 3, 4][..], &[7; 40]].concat();
    let esp = |number: u8| [&[1, 2, 3, 4, 0, 0, 0, number][..], &[9; 60]].concat();
    let fragment = |call: &[u8]| [&(0x8000_0000 | call.len() as u32).to_be_bytes()[..], call].concat();
    vec![
        ("tls", tcp(443, &[(true, &hello)]), 0),
        ("dot", tcp(853, &[(true, &hello)]), 0),
        ("quic", udp(443, &[(true, &quic::initials("www.example.com", &quic::Shape::default())[0])]), 4),
        ("dtls", udp(5000, &[(true, &exchange::dtls_hello(b"www.example.com"))]), 1),
        ("dnscrypt", udp(443, &[(true, &query(1, b"\x012\x0ddnscrypt-cert\x07example\x03com"))]), 14),
        ("dns", udp(53, &[(true, &query(1, name))]), 2),
        ("mdns", udp(5353, &[(true, &query(0, name))]), 12),
        ("llmnr", udp(5355, &[(true, &query(0, name))]), 12),
        (
            "netbios",
            udp(
                137,
                &[(true, &[&[1, 2, 1, 16, 0, 1, 0, 0, 0, 0, 0, 0, 32][..], &[b'A'; 32], &[0, 0, 32, 0, 1]].concat())],
            ),
            12,
        ),
        ("http-proxy", tcp(3128, &[(true, b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")]), 0),
        ("http", tcp(80, &[(true, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")]), 0),
        ("http2", tcp(50051, &[(true, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04")]), 0),
        (
            "websocket",
            tcp(
                8080,
                &[
                    (true, b"GET /live HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n"),
                    (false, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
                ],
            ),
            44,
        ),
        ("grpc", tcp(50051, &[(true, &h2(b"/helloworld.Greeter/SayHello", b"application/grpc"))]), 98),
        ("etcd", tcp(2379, &[(true, &h2(b"/etcdserverpb.KV/Range", b"application/grpc"))]), 50),
        ("docker", tcp(2375, &[(true, b"GET /v1.43/containers/json HTTP/1.1\r\nHost: d\r\n\r\n")]), 6),
        (
            "prometheus-write",
            tcp(
                9090,
                &[(
                    true,
                    b"POST /api/v1/write HTTP/1.1\r\nHost: p\r\nContent-Encoding: snappy\r\n\
                      Content-Type: application/x-protobuf\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\r\n",
                )],
            ),
            55,
        ),
        ("doh", tcp(443, &[(true, &exchange::hello(b"dns.google"))]), 62),
        (
            "doq",
            udp(
                853,
                &[(true, &quic::initials("a.example", &quic::Shape { alpn: b"doq", ..quic::Shape::default() })[0])],
            ),
            4,
        ),
        ("ssh", tcp(22, &[(true, b"SSH-2.0-OpenSSH_9.6\r\n")]), 0),
        ("rtsp", tcp(554, &[(true, b"DESCRIBE rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n")]), 0),
        ("sip", udp(5060, &[(true, b"REGISTER sip:example.com SIP/2.0\r\nVia: x\r\n\r\n")]), 0),
        ("ssdp", udp(1900, &[(true, b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n")]), 0),
        ("smtp", tcp(25, &[(false, b"220 mx.example ESMTP ready\r\n")]), 0),
        ("ftp", tcp(21, &[(false, b"220 ready\r\n"), (true, b"USER anonymous\r\n")]), 0),
        ("imap", tcp(143, &[(false, b"* OK IMAP4rev1 ready\r\n")]), 0),
        ("pop3", tcp(110, &[(false, b"+OK POP3 ready\r\n"), (true, b"CAPA\r\n")]), 0),
        ("nntp", tcp(119, &[(false, b"200 news.example NNTP ready\r\n")]), 0),
        ("irc", tcp(6667, &[(true, b"NICK me\r\nUSER me 0 * :me\r\n")]), 0),
        ("xmpp", tcp(5222, &[(true, b"<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client'>")]), 0),
        ("telnet", tcp(23, &[(false, &[0xff, 0xfd, 0x18, 0xff, 0xfd, 0x20, 0xff, 0xfb, 0x03])]), 0),
        ("vnc", tcp(5900, &[(false, b"RFB 003.008\n")]), 0),
        ("rsync", tcp(873, &[(false, b"@RSYNCD: 31.0\n")]), 0),
        ("git", tcp(9418, &[(true, b"0033git-upload-pack /x.git\0host=git.example\0")]), 4),
        ("svn", tcp(3690, &[(false, b"( success ( 2 2 ( ) ( edit-pipeline ) ) )")]), 2),
        ("bittorrent", tcp(6881, &[(true, b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0")]), 1),
        ("gnutella", tcp(6346, &[(true, b"GNUTELLA CONNECT/0.6\r\n\r\n")]), 0),
        ("stratum", tcp(3333, &[(true, b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")]), 20),
        ("smb", tcp(445, &[(true, &pad(b"\0\0\0\x44\xfeSMB\x40", 72))]), 4),
        ("rdp", tcp(3389, &[(true, &[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0])]), 0),
        (
            "s7",
            tcp(
                102,
                &[(true, &[3, 0, 0, 25, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0xf0, 0, 0, 1, 0, 1, 3, 0xc0])],
            ),
            7,
        ),
        (
            "ldap",
            tcp(389, &[(true, &ber(0x30, &[&ber(2, &[1])[..], &ber(0x60, &[2, 1, 3, 4, 0, 0x80, 0])].concat()))]),
            5,
        ),
        ("kerberos", udp(88, &[(true, &kerberos(&[0xa1, 3, 2, 1, 5, 0xa2, 3, 2, 1, 10]))]), 8),
        (
            "rpc",
            tcp(
                2049,
                &[(
                    true,
                    &fragment(
                        &[[0, 0, 0, 9], [0; 4], [0, 0, 0, 2], [0, 1, 0x86, 0xa3], [0, 0, 0, 4], [0; 4], [0; 4]]
                            .concat(),
                    ),
                )],
            ),
            11,
        ),
        ("dcerpc", tcp(135, &[(true, &pad(&[5, 0, 11, 3, 16, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0], 72))]), 0),
        ("mysql", tcp(3306, &[(false, &[&[60, 0, 0, 0, 10][..], b"8.0.36-debian\0", &[1; 45]].concat())]), 4),
        ("postgresql", tcp(5432, &[(true, &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])]), 4),
        ("tds", tcp(1433, &[(true, &pad(&[0x12, 1, 0, 41, 0, 0, 0, 0, 0, 0, 26, 0, 6, 1, 0, 32, 0, 1, 0xff], 41))]), 0),
        ("redis", tcp(6379, &[(true, b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n")]), 0),
        (
            "mongodb",
            tcp(27017, &[(true, &pad(&[58, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0, 0, 0, 0, 0, 0], 58))]),
            13,
        ),
        ("cassandra", tcp(9042, &[(true, &[4, 0, 0, 0, 5, 0, 0, 0, 0])]), 4),
        ("kafka", tcp(9092, &[(true, &long(&[&[0, 18, 0, 3, 0, 0, 0, 1, 0, 6][..], b"client", &[0]].concat()))]), 4),
        ("memcached", tcp(11211, &[(true, b"set key 0 60 2\r\nhi\r\n")]), 0),
        ("nats", tcp(4222, &[(false, b"INFO {\"server_id\":\"N\",\"version\":\"2.10\"}\r\n")]), 0),
        (
            "zookeeper",
            tcp(2181, &[(true, &long(&pad(&[&[0; 16][..], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]].concat(), 45)))]),
            31,
        ),
        ("stomp", tcp(61613, &[(true, b"CONNECT\naccept-version:1.2\n\n\0")]), 0),
        ("mqtt", tcp(1883, &[(true, b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd")]), 4),
        ("amqp", tcp(5672, &[(true, b"AMQP\0\0\x09\x01")]), 0),
        ("elasticsearch", tcp(9300, &[(true, b"ES\0\0\0\x40\0\0\0\0\0\0\0\x01\x08")]), 0),
        (
            "iscsi",
            tcp(
                3260,
                &[(true, &[&pad(&[0x43, 0x87], 48)[..], b"InitiatorName=iqn.1993-08.org.debian:01:x\0"].concat())],
            ),
            0,
        ),
        ("stun", udp(3478, &[(true, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])]), 0),
        ("wireguard", udp(51820, &[(true, &pad(&[1, 0, 0, 0, 7], 148))]), 0),
        ("openvpn", udp(1194, &[(true, &[0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0])]), 0),
        (
            "ike",
            udp(
                500,
                &[(
                    true,
                    &[
                        &[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 60][..],
                        &[1; 32],
                    ]
                    .concat(),
                )],
            ),
            17,
        ),
        ("l2tp", udp(1701, &[(true, &[0xc8, 2, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1])]), 0),
        ("pptp", tcp(1723, &[(true, &pad(&[0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1], 156))]), 4),
        ("socks", tcp(1080, &[(true, &[5, 2, 0, 2]), (false, &[5, 0])]), 1),
        ("teredo", udp(3544, &[(true, &[&[0x60, 0, 0, 0, 0, 8, 58, 64][..], &[1; 40]].concat())]), 0),
        ("gtp", udp(2152, &[(true, &[0x30, 255, 0, 4, 0, 0, 0, 1, 0x45, 0, 0, 4])]), 0),
        (
            "dhcp",
            udp(67, &[(true, &[&pad(&[1, 1, 6, 0], 236)[..], &[0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]].concat())]),
            236,
        ),
        ("dhcpv6", udp(547, &[(true, &[1, 1, 2, 3, 0, 1, 0, 4, 1, 2, 3, 4])]), 0),
        (
            "snmp",
            udp(
                161,
                &[(
                    true,
                    &ber(
                        0x30,
                        &[&ber(2, &[1])[..], &ber(4, b"public"), &ber(0xa0, &[2, 1, 1, 2, 1, 0, 2, 1, 0, 0x30, 0])]
                            .concat(),
                    ),
                )],
            ),
            0,
        ),
        ("ntp", udp(123, &[(true, &pad(&[0x23], 48))]), 0),
        ("radius", udp(1812, &[(true, &pad(&[1, 7, 0, 26, 1], 26))]), 0),
        ("tftp", udp(69, &[(true, b"\0\x01boot.img\0octet\0")]), 1),
        ("syslog", udp(514, &[(true, b"<34>Oct 11 22:14:15 host su: failed")]), 0),
        (
            "collectd",
            udp(25826, &[(true, b"\0\0\0\x09host\0\0\x08\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x02\0\x08cpu\0")]),
            0,
        ),
        ("zabbix", tcp(10051, &[(true, b"ZBXD\x01\x10\0\0\0\0\0\0\0{\"request\":\"x\"}")]), 0),
        ("munin", tcp(4949, &[(false, b"# munin node at host.example\n")]), 0),
        ("statsd", udp(8125, &[(true, b"page.views:1|c\n")]), 10),
        ("gelf", udp(12201, &[(true, b"{\"version\":\"1.1\",\"host\":\"a\",\"short_message\":\"x\"}")]), 0),
        ("netflow", udp(2055, &[(true, &pad(&[0, 5, 0, 1], 72))]), 1),
        (
            "sflow",
            udp(
                6343,
                &[(
                    true,
                    &pad(&[0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], 60),
                )],
            ),
            3,
        ),
        (
            "bgp",
            tcp(179, &[(true, &[&[0xff; 16][..], &[0, 29, 1, 4, 0xfd, 0xe8, 0, 180, 10, 0, 0, 1, 0]].concat())]),
            0,
        ),
        ("diameter", tcp(3868, &[(true, &pad(&[1, 0, 0, 40, 0x80, 0, 1, 1], 40))]), 0),
        ("oracle", tcp(1521, &[(true, &pad(&[0, 60, 0, 0, 1, 0, 0, 0, 1, 0x39, 1, 0x2c], 60))]), 4),
        ("opcua", tcp(4840, &[(true, &pad(b"HELF\x20\0\0\0", 32))]), 0),
        ("enip", tcp(44818, &[(true, &pad(&[0x65, 0, 4, 0], 28))]), 2),
        ("adb", tcp(5555, &[(true, b"CNXN\0\0\0\x01\0\0\x04\0\x07\0\0\0\x32\x02\0\0\xbc\xb1\xa7\xb1host::\0")]), 20),
        (
            "vxlan",
            udp(4789, &[(true, &pad(&[8, 0, 0, 0, 0, 0, 1, 0, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 0], 60))]),
            0,
        ),
        ("geneve", udp(6081, &[(true, &pad(&[0, 0, 0x65, 0x58, 0, 0, 1, 0], 60))]), 2),
        ("dnp3", tcp(20000, &[(true, &crc(&[5, 0x64, 5, 0xc0, 1, 0, 0, 4]))]), 9),
        ("bacnet", udp(47808, &[(true, &[0x81, 0x0a, 0, 8, 1, 0, 16, 8])]), 3),
        ("iec104", tcp(2404, &[(true, &[0x68, 4, 7, 0, 0, 0])]), 0),
        ("modbus", tcp(502, &[(true, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10])]), 2),
        ("coap", udp(5683, &[(true, &[0x41, 1, 0, 1, 7, 0xb4, b't', b'e', b's', b't'])]), 0),
        ("slp", udp(427, &[(true, &[2, 1, 0, 0, 20, 0, 0, 0, 0, 0, 0, 1, 0, 2, b'e', b'n', 0, 0, 0, 0])]), 4),
        (
            "wsd",
            udp(
                3702,
                &[(
                    true,
                    b"<?xml version='1.0'?><soap:Envelope xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'>",
                )],
            ),
            0,
        ),
        ("nat-pmp", udp(5351, &[(true, &[0, 0])]), 1),
        ("someip", udp(30490, &[(true, &pad(&[0xff, 0xff, 0x81, 0, 0, 0, 0, 20, 0, 0, 0, 1, 1, 1, 2, 0], 28))]), 12),
        ("iax", udp(4569, &[(true, &[0x80, 1, 0, 0, 0, 0, 0, 1, 0, 0, 6, 1])]), 10),
        ("xdmcp", udp(177, &[(true, &[0, 1, 0, 2, 0, 1, 0])]), 1),
        ("x11", tcp(6000, &[(true, b"l\0\x0b\0\0\0\0\0\0\0\0\0")]), 0),
        ("rtmp", tcp(1935, &[(true, &pad(&[3, 0, 0, 0, 9, 0, 0, 0, 0], 1537))]), 0),
        ("fastcgi", tcp(9000, &[(true, &[1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])]), 1),
        ("ajp", tcp(8009, &[(true, &[0x12, 0x34, 0, 3, 2, 2, 2])]), 0),
        ("thrift", tcp(9090, &[(true, &[&[0x80, 1, 0, 1, 0, 0, 0, 4][..], b"ping", &[0, 0, 0, 1, 0]].concat())]), 0),
        ("openflow", tcp(6653, &[(true, &[4, 0, 0, 8, 0, 0, 0, 1])]), 3),
        ("rtcp", udp(5005, &[(true, &pad(&[0x80, 200, 0, 6, 1, 2, 3, 4], 28))]), 1),
        ("rtp", udp(40000, &[(true, &rtp(1)), (true, &rtp(2)), (true, &rtp(3))]), 0),
        ("esp", udp(4500, &[(true, &esp(1)), (true, &esp(2))]), 0),
    ]
}

#[test]
fn every_recogniser_knows_its_own_and_only_that() {
    let samples = samples();
    for (id, exchange, bent) in &samples {
        let app = |exchange: &Exchange| facts_of(exchange).application.id();
        assert_eq!(app(exchange), *id, "{exchange:?}");
        let mut twin = exchange.clone();
        twin.messages[0].1[*bent] ^= 0x55;
        assert_ne!(app(&twin), *id, "bent at {bent}: {twin:?}");
    }
    let tested: BTreeSet<_> = samples.iter().map(|(id, ..)| *id).collect();
    // Told by what another flow said, or by a certificate: tests/golden.rs and the room's own tests have those.
    let elsewhere = ["ftp-data", "tor"];
    let tested: BTreeSet<_> = tested.into_iter().chain(elsewhere).collect();
    let all: BTreeSet<_> = RECOGNISERS.iter().map(|recogniser| recogniser.application.id()).collect();
    assert_eq!(tested, all);
}

/// Old versions, one side only, the middle of a conversation. A twin whose bytes are all inverted is nothing.
#[test]
fn variations_are_known_too() {
    use variations::{Seen, variations};
    let mut wrong = Vec::new();
    for (what, id, seen, exchange) in variations() {
        let app = |exchange: &Exchange| match seen {
            Seen::FromTheStart => facts_of(exchange).application.id(),
            Seen::Later => exchange::facts_in_the_middle(exchange).application.id(),
        };
        let mut twin = exchange.clone();
        twin.messages.iter_mut().for_each(|(_, bytes)| bytes.iter_mut().for_each(|byte| *byte = !*byte));
        let (found, inverted) = (app(&exchange), app(&twin));
        if found != id || inverted == id {
            wrong.push(format!("{what}: {found} instead of {id}; inverted: {inverted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// However a network cuts, doubles or delays the segments of a stream.
#[test]
fn samples_are_known_however_they_come() {
    let mut wrong = Vec::new();
    for (id, exchange, _) in samples().into_iter().filter(|(_, exchange, _)| exchange.over == Over::Tcp) {
        for arrival in [Arrival::Pieces(5), Arrival::Pieces(9), Arrival::Swapped, Arrival::Doubled] {
            let found = exchange::facts_as(&exchange, arrival).application.id();
            if found != id {
                wrong.push(format!("{id} came as {arrival:?} and is {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_in_order() {
    let mut seen = BTreeSet::new();
    for recogniser in RECOGNISERS {
        let id = recogniser.application.id();
        assert!(seen.insert(id), "{id} twice");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        let about = recogniser.about;
        // What it is, and the source that it follows.
        assert!((10..=88).contains(&about.len()) && about.contains(" (") && about.ends_with(')'), "{id}: {about}");
        assert!(recogniser.over == Transports::Udp || recogniser.depth > 0, "{id} needs a depth over TCP");
    }
    assert!(RECOGNISERS.len() <= 256, "the set of open recognisers has room for 256");
}

#[test]
fn samples_cut_short_anywhere_are_survived() {
    for (_, exchange, _) in samples() {
        for length in 0..exchange.messages[0].1.len().min(300) {
            let mut cut = exchange.clone();
            cut.messages[0].1.truncate(length);
            let _ = facts_of(&cut);
        }
    }
}

#[test]
fn mail_within_tls_stays_mail_and_gets_its_name() {
    let hello = exchange::hello(b"mx.example");
    let talk = tcp(
        25,
        &[
            (false, b"220 mx.example ESMTP\r\n"),
            (true, b"EHLO me\r\n"),
            (false, b"250 STARTTLS\r\n"),
            (true, b"STARTTLS\r\n"),
            (false, b"220 go\r\n"),
            (true, &hello),
        ],
    );
    let facts = facts_of(&talk);
    assert_eq!((facts.application.id(), facts.sni.unwrap().as_str()), ("smtp", "mx.example"));
    assert!(facts.ja4.is_some());
    let without =
        tcp(25, &[(false, b"220 mx.example ESMTP\r\n"), (true, b"EHLO me\r\n"), (true, b"MAIL FROM:<a@b>\r\n")]);
    assert_eq!(facts_of(&without).sni, None);
    let proxied = tcp(
        3128,
        &[(true, b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"), (false, b"HTTP/1.1 200 OK\r\n\r\n"), (true, &hello)],
    );
    let facts = facts_of(&proxied);
    assert_eq!((facts.application.id(), facts.host.unwrap().as_str()), ("http-proxy", "a.example"));
    assert_eq!(facts.sni.unwrap().as_str(), "mx.example");
}

#[test]
fn a_call_set_up_by_stun_is_what_it_then_speaks() {
    let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let facts = facts_of(&udp(3478, &[(true, &stun), (true, &exchange::dtls_hello(b"call.example"))]));
    assert_eq!((facts.application.id(), facts.sni.unwrap().as_str()), ("dtls", "call.example"));
}

#[test]
fn dns_away_from_its_port_needs_its_answer() {
    let name = b"\x03www\x07example\x03com";
    let answer = [&[9, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 0, 1, 0, 1]].concat();
    let other = [&[8][..], &answer[1..]].concat();
    assert_eq!(facts_of(&udp(9999, &[(true, &query(9, name)), (false, &answer)])).application.id(), "dns");
    assert_eq!(facts_of(&udp(9999, &[(true, &query(9, name)), (false, &other)])).application.id(), "unknown");
    assert_eq!(facts_of(&udp(9999, &[(true, &query(9, name))])).application.id(), "unknown");
}

#[test]
fn quic_is_read_from_several_initials_in_any_shape() {
    for (size, shuffled, overlapping) in [(2000, false, false), (150, true, false), (97, true, true), (40, false, true)]
    {
        let shape = quic::Shape { crypto_size: size, shuffled, overlapping, ..quic::Shape::default() };
        let datagrams = quic::initials("quic.example", &shape);
        let messages: Vec<(bool, &[u8])> = datagrams.iter().map(|datagram| (true, &datagram[..])).collect();
        let facts = facts_of(&udp(443, &messages));
        assert_eq!(facts.sni.unwrap().as_str(), "quic.example");
        assert!(facts.ja4.unwrap().as_str().starts_with("q13d0103h3_"));
        let mut late = messages.clone();
        late.rotate_left(1);
        if datagrams.len() > 1 {
            assert_eq!(facts_of(&udp(443, &late)).sni.unwrap().as_str(), "quic.example");
        }
    }
}

#[test]
fn a_quic_initial_that_cannot_be_opened_is_quic_without_a_name() {
    let shape = quic::Shape { wrong_id: true, ..quic::Shape::default() };
    let datagrams = quic::initials("quic.example", &shape);
    let facts = facts_of(&udp(443, &[(true, &datagrams[0])]));
    assert_eq!((facts.application.id(), facts.sni), ("quic", None));
    let far = quic::Shape { offset: (1 << 62) - 1, ..quic::Shape::default() };
    assert_eq!(facts_of(&udp(443, &[(true, &quic::initials("x.example", &far)[0])])).sni, None);
    let mut long_id = datagrams[0].clone();
    long_id[5] = 21;
    assert_eq!(facts_of(&udp(443, &[(true, &long_id)])).application.id(), "unknown");
}

/// The seeds of the fuzz target are these samples and variations. `EGRET_BLESS=1` writes them anew.
#[test]
fn the_fuzz_seeds_are_the_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/recognise");
    if !folder.exists() {
        // A published package has no fuzz folder.
        println!("SKIPPED the_fuzz_seeds_are_the_samples: there is no fuzz/seeds");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"));
        return;
    }
    let plain = samples().into_iter().map(|(id, exchange, _)| (id.to_owned(), exchange));
    // Behind a tilde: what else the fuzzer begins with for the same recogniser.
    let others = variations::variations().into_iter().map(|(what, id, _, exchange)| {
        let words: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        (format!("{id}~{}", words.to_ascii_lowercase()), exchange)
    });
    for (id, exchange) in plain.chain(others) {
        let bytes = fuzz_recognise::write(&exchange);
        fuzz_recognise::recognise(&bytes);
        let path = folder.join(&id);
        if std::env::var_os("EGRET_BLESS").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap_or_default(), bytes, "{id}: run with EGRET_BLESS=1");
    }
}

/// Each recogniser is in one of the groups that the fuzzer is run over.
#[test]
fn every_recogniser_is_in_one_fuzz_group() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/groups");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // A published package has no fuzz folder.
        println!("SKIPPED every_recogniser_is_in_one_fuzz_group: there is no fuzz/groups");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"));
        return;
    };
    let mut grouped: Vec<&str> = text.lines().flat_map(|line| line.split_whitespace().skip(1)).collect();
    grouped.sort_unstable();
    let mut all: Vec<&str> = RECOGNISERS.iter().map(|recogniser| recogniser.application.id()).collect();
    all.sort_unstable();
    assert_eq!(grouped, all);
}

/// Inputs that once broke something.
#[test]
fn crashes_are_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crashes/recognise");
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        fuzz_recognise::recognise(&std::fs::read(path).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(
        port in prop_oneof![Just(443_u16), Just(53), Just(25), 1_u16..],
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..2000)), 1..6),
        over in prop_oneof![Just(Over::Tcp), Just(Over::Udp)],
    ) {
        facts_of(&Exchange { over, port, messages });
    }

    #[test]
    fn bent_samples_are_survived(
        index in 0_usize..90,
        bends in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        more in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let samples = samples();
        let mut exchange = samples[index % samples.len()].1.clone();
        for message in &mut exchange.messages {
            for (at, value) in &bends {
                let at = at.index(message.1.len());
                message.1[at] = *value;
            }
            message.1.extend_from_slice(&more);
        }
        facts_of(&exchange);
    }
}

/// Numbers that look random and are the same in each run (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Lines of words, as people and simple programs write them.
    fn text(&mut self, length: usize) -> Vec<u8> {
        const BETWEEN: &[&[u8]] = &[b" ", b" ", b" ", b", ", b": ", b"=", b"\r\n", b"\n", b"/", b"{\"", b"\":\""];
        let mut out = Vec::new();
        while out.len() < length {
            for _ in 0..=self.below(9) {
                let shift = if self.below(6) == 0 { b'A' } else { b'a' };
                out.push(shift + self.below(26) as u8);
            }
            out.extend_from_slice(self.pick(BETWEEN));
        }
        out.truncate(length);
        out
    }
}

/// What nobody speaks must get no name: bytes and text out of a hat, on any port and on those of the recognisers.
/// `EGRET_RANDOM=1000000` throws as often as that.
#[test]
fn what_comes_out_of_a_hat_has_no_name() {
    const LENGTHS: &[usize] = &[1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 100, 148, 300, 700, 1200, 1400];
    let throws = std::env::var("EGRET_RANDOM").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000_usize);
    let ports: Vec<u16> = RECOGNISERS.iter().flat_map(|one| one.ports.iter().copied()).collect();
    let mut dice = Dice(7);
    for (kind, at_home, most) in
        [("bytes", false, 0.000_05_f64), ("text", false, 0.000_05), ("bytes", true, 0.002), ("text", true, 0.002)]
    {
        let mut named: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for _ in 0..throws {
            let over = dice.pick(&[Over::Tcp, Over::Udp]);
            let port = if at_home { dice.pick(&ports) } else { 50_001 };
            let messages = (0..=dice.below(3)).map(|_| {
                let length = dice.pick(LENGTHS);
                let bytes = if kind == "text" { dice.text(length) } else { dice.bytes(length) };
                (dice.below(2) == 0, bytes)
            });
            let exchange = Exchange { over, port, messages: messages.collect() };
            let id = facts_of(&exchange).application.id();
            if !matches!(id, "-" | "unknown") {
                *named.entry(id).or_default() += 1;
            }
        }
        let count: usize = named.values().sum();
        let share = count as f64 / throws as f64;
        println!("{kind}, {}: {count} of {throws} named: {named:?}", if at_home { "at home" } else { "elsewhere" });
        // A weak sign on its port needs no more than one in some hundreds; anywhere else next to nothing may do.
        assert!(share <= most.max(1.0 / throws as f64), "{named:?}");
    }
}
