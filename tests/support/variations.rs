//! What the specifications allow besides the one exchange that each recogniser has: old versions, one side only,
//! the middle of a conversation. Each is named as what it is.

use crate::exchange::{Exchange, tcp, udp};
use crate::{ber, long, pad};

/// Whether the beginning of the stream is seen.
pub(crate) enum Seen {
    FromTheStart,
    Later,
}

/// One variation: what it is, the application, and the bytes.
pub(crate) type Variation = (&'static str, &'static str, Seen, Exchange);

/// The login of a MySQL client: abilities, largest packet, character set, zeros, name.
fn mysql_login(name: &[u8]) -> Vec<u8> {
    let body = [&[0x85, 0xa6, 0x3f, 0x20, 0, 0, 0, 1, 0x2d][..], &[0; 23], name, &[0, 0]].concat();
    [&[body.len() as u8, 0, 0, 1][..], &body].concat()
}

/// An answer of Kafka's that names the versions of its requests.
fn kafka_versions(flexible: bool) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 7, 0, 0];
    body.extend_from_slice(if flexible { &[21][..] } else { &[0, 0, 0, 20] });
    for kind in 0..20_u8 {
        body.extend_from_slice(&[0, kind, 0, 0, 0, 9]);
        body.extend_from_slice(if flexible { &[0][..] } else { &[] });
    }
    long(&body)
}

/// A datagram of QUIC after the handshake: the first byte is protected, the id is not.
fn quic_short(first: u8, id: [u8; 8], fill: u8) -> Vec<u8> {
    [&[first][..], &id, &[fill; 40]].concat()
}

/// The packet of an RTP source.
fn rtp(source: u8, sequence: u8) -> Vec<u8> {
    [&[0x80, 0x60, 1, sequence, 0, 0, sequence, 0, 1, 2, 3, source][..], &[7; 40]].concat()
}

/// An OpenVPN data packet: key and peer, then a number.
fn openvpn_data(peer: u8, number: u8) -> Vec<u8> {
    [&[0x48, 0, 0, peer, 0, 0, 0, number][..], &[9; 40]].concat()
}

fn bitcoin(mark: [u8; 4]) -> Vec<u8> {
    [&mark[..], b"version\0\0\0\0\0", &[102, 0, 0, 0, 1, 2, 3, 4], &[0; 102]].concat()
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn variations() -> Vec<Variation> {
    use Seen::{FromTheStart, Later};
    let record = |length: u16| [&[23, 3, 3][..], &length.to_be_bytes(), &vec![0xa5; length.into()]].concat();
    let ids = ([1, 2, 3, 4, 5, 6, 7, 8], [9, 9, 3, 4, 5, 6, 7, 8]);
    let cql = |version: u8, operation: u8, body: &[u8]| {
        let head = if version & 0x7f <= 2 { vec![version, 0, 1, operation] } else { vec![version, 0, 0, 1, operation] };
        [head, long(body)].concat()
    };
    let levin = [&[1, 0x21, 1, 1, 1, 1, 1, 1][..], &[0xe2, 0, 0, 0, 0, 0, 0, 0, 1, 0xe9, 3, 0, 0], &[0; 12]].concat();
    let socks = [&[5, 1, 0][..], &[5, 1, 0, 3, 9], b"a.example", &[0, 80]].concat();
    let startup = [&[0, 3, 0, 0][..], b"client_encoding\0UTF8\0DateStyle\0ISO\0user\0lab\0database\0lab\0\0"].concat();
    let startup = [&(startup.len() as u32 + 4).to_be_bytes()[..], &startup].concat();
    let other_order = [&[0, 3, 0, 0][..], b"TimeZone\0UTC\0user\0lab\0\0"].concat();
    let other_order = [&(other_order.len() as u32 + 4).to_be_bytes()[..], &other_order].concat();
    let reply = |operation: &[u8]| [&[57, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0], operation, &[0; 41]].concat();
    vec![
        (
            "a late half of a TLS stream",
            "tls",
            Later,
            tcp(443, &[(false, &[&[7; 500][..], &record(300), &record(40)].concat())]),
        ),
        ("TLS 1.2 from the server's side alone", "tls", FromTheStart, tcp(443, &[(false, &server_hello())])),
        (
            "the request comes after its answer",
            "http",
            FromTheStart,
            tcp(80, &[(false, b"HTTP/1.1 200 OK\r\n\r\n"), (true, b"GET / HTTP/1.1\r\nHost: late.example\r\n\r\n")]),
        ),
        (
            "HTTP from the server's side alone",
            "http",
            FromTheStart,
            tcp(8081, &[(false, b"HTTP/1.1 404 Not Found\r\n\r\n")]),
        ),
        (
            "a method that few know",
            "http",
            FromTheStart,
            tcp(80, &[(true, b"BPROPPATCH /a HTTP/1.1\r\nHost: a\r\n\r\n")]),
        ),
        (
            "a line end before the request",
            "http",
            FromTheStart,
            tcp(80, &[(true, b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]),
        ),
        ("Icecast's answer", "http", FromTheStart, tcp(8000, &[(false, b"ICY 200 OK\r\nicy-name:x\r\n\r\n")])),
        (
            "HTTP/2 from the server's side alone",
            "http2",
            FromTheStart,
            tcp(8080, &[(false, &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])]),
        ),
        (
            "QUIC after its handshake",
            "quic",
            FromTheStart,
            udp(
                443,
                &[
                    (true, &quic_short(0x41, ids.0, 1)),
                    (true, &quic_short(0x5c, ids.0, 2)),
                    (false, &quic_short(0x47, ids.1, 3)),
                    (true, &quic_short(0x50, ids.0, 4)),
                    (true, &quic_short(0x4e, ids.0, 5)),
                ],
            ),
        ),
        (
            "Google's server alone",
            "quic",
            FromTheStart,
            udp(
                443,
                &[(
                    false,
                    &[
                        &[8, 1, 2, 3, 4, 5, 6, 7, 8, 1][..],
                        &[3; 12],
                        b"\xa4\x01\0\x03\xa5\x01\0\x06\0\x01\xa0\x01\x25REJ\0\x07\0\0\0STK\0\x38\0\0\0",
                    ]
                    .concat(),
                )],
            ),
        ),
        (
            "DTLS with connection ids",
            "dtls",
            FromTheStart,
            udp(
                5684,
                &[(true, &[&[25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1][..], &[7, 7, 7, 7], &[0, 24], &[5; 24]].concat())],
            ),
        ),
        (
            "DNS over TCP in pieces",
            "dns",
            FromTheStart,
            tcp(
                53,
                &[
                    (true, &[0, 29, 9, 1, 1]),
                    (true, &[0, 0, 1, 0, 0, 0, 0, 0, 0, 3, b'w']),
                    (true, b"ww\x07example\x03com\0\0\x01\0\x01"),
                ],
            ),
        ),
        ("SMTP in the middle", "smtp", Later, tcp(25, &[(true, b"MAIL FROM:<a@example.com>\r\n")])),
        ("SMTP's answers in the middle", "smtp", Later, tcp(587, &[(false, b"250-mx.example\r\n250 STARTTLS\r\n")])),
        ("POP3's client alone", "pop3", FromTheStart, tcp(110, &[(true, b"USER lab\r\n")])),
        ("IMAP in the middle", "imap", Later, tcp(143, &[(false, b"a7 OK NOOP completed\r\n")])),
        (
            "FTP in the middle",
            "ftp",
            Later,
            tcp(21, &[(true, b"PASV\r\n"), (false, b"227 Entering Passive Mode (192,0,2,1,4,1)\r\n")]),
        ),
        ("NNTP without its name", "nntp", FromTheStart, tcp(119, &[(false, b"200 welcome\r\n")])),
        ("IRC in the middle", "irc", Later, tcp(7000, &[(false, b":a!b@c.example PRIVMSG #lab :hello\r\n")])),
        ("IRC's numbers", "irc", FromTheStart, tcp(6667, &[(false, b":irc.example 372 me :- hello\r\n")])),
        (
            "XMPP in the middle",
            "xmpp",
            Later,
            tcp(5222, &[(true, b"<message to='a@b' type='chat'><body>x</body></message>")]),
        ),
        ("Apple's screen sharing", "vnc", FromTheStart, tcp(5900, &[(false, b"RFB 003.889\n")])),
        (
            "git's server alone",
            "git",
            FromTheStart,
            tcp(9418, &[(false, &[&b"0042"[..], &[b'a'; 40], b" HEAD\0multi_ack thin-pack\n"].concat())]),
        ),
        (
            "Subversion's client alone",
            "svn",
            FromTheStart,
            tcp(3690, &[(true, b"( 2 ( edit-pipeline svndiff1 ) 20:svn://x )")]),
        ),
        ("Munin's client alone", "munin", FromTheStart, tcp(4949, &[(true, b"cap multigraph dirtyconfig\n")])),
        ("MySQL's client alone", "mysql", FromTheStart, tcp(13306, &[(true, &mysql_login(b"lab"))])),
        (
            "MySQL's client that asks for TLS",
            "mysql",
            FromTheStart,
            tcp(3306, &[(true, &[&[32, 0, 0, 1, 5, 0xae, 3, 0, 0, 0, 0, 1, 33][..], &[0; 23]].concat())]),
        ),
        ("PostgreSQL's parameters in any order", "postgresql", FromTheStart, tcp(6432, &[(true, &startup)])),
        (
            "PostgreSQL's parameters, an unusual one first",
            "postgresql",
            FromTheStart,
            tcp(6432, &[(true, &other_order)]),
        ),
        (
            "PostgreSQL's server alone",
            "postgresql",
            FromTheStart,
            tcp(6432, &[(false, b"R\0\0\0\x08\0\0\0\0S\0\0\0\x1aserver_version\x0017.1\0\0\0")]),
        ),
        (
            "PostgreSQL asks for a password",
            "postgresql",
            FromTheStart,
            tcp(6432, &[(false, b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0")]),
        ),
        ("PostgreSQL in the middle", "postgresql", Later, tcp(5432, &[(true, b"Q\0\0\0\x0dselect 1\0")])),
        ("Redis without lengths", "redis", FromTheStart, tcp(6379, &[(true, b"PING\r\n"), (false, b"+PONG\r\n")])),
        ("Redis' server alone", "redis", FromTheStart, tcp(16379, &[(false, b"-NOAUTH Authentication required.\r\n")])),
        ("Redis' answers in the middle", "redis", Later, tcp(6379, &[(false, b"$5\r\nvalue\r\n")])),
        ("MongoDB's server alone", "mongodb", FromTheStart, tcp(27018, &[(false, &reply(&[1, 0, 0, 0]))])),
        (
            "MongoDB, compressed",
            "mongodb",
            Later,
            tcp(
                27017,
                &[(
                    true,
                    &[
                        &[60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdc, 7, 0, 0, 0xdd, 7, 0, 0, 90, 0, 0, 0, 1][..],
                        &[3; 35],
                    ]
                    .concat(),
                )],
            ),
        ),
        ("Cassandra 2", "cassandra", FromTheStart, tcp(9042, &[(true, &cql(2, 5, &[]))])),
        (
            "Cassandra's server alone",
            "cassandra",
            FromTheStart,
            tcp(9142, &[(false, &cql(0x84, 6, b"\0\x01\0\x0bcql_version\0\x01\0\x053.4.5"))]),
        ),
        (
            "Cassandra in the middle",
            "cassandra",
            Later,
            tcp(9042, &[(true, &cql(4, 7, b"\0\0\0\x08select 1\0\x01\0"))]),
        ),
        ("Kafka's broker alone", "kafka", FromTheStart, tcp(19092, &[(false, &kafka_versions(false))])),
        ("Kafka's broker alone, flexible", "kafka", FromTheStart, tcp(19092, &[(false, &kafka_versions(true))])),
        ("Memcached is asked", "memcached", FromTheStart, tcp(11211, &[(true, b"get key\r\n")])),
        (
            "Memcached elsewhere, asked and answered",
            "memcached",
            FromTheStart,
            tcp(22122, &[(true, b"get key\r\n"), (false, b"END\r\n")]),
        ),
        (
            "Memcached floods",
            "memcached",
            FromTheStart,
            udp(11211, &[(false, b"\0\x01\0\0\0\x02\0\0VALUE key 0 1024\r\nxxxxxxxx")]),
        ),
        (
            "ZooKeeper's server alone",
            "zookeeper",
            FromTheStart,
            tcp(
                12181,
                &[(
                    false,
                    &long(
                        &[&[0, 0, 0, 0, 0, 0, 0x75, 0x30, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 16][..], &[9; 17]].concat(),
                    ),
                )],
            ),
        ),
        ("MQTT in the middle", "mqtt", Later, tcp(1883, &[(true, b"\x30\x0c\0\x05lab/1hello"), (false, &[0xd0, 0])])),
        ("MQTT's broker alone", "mqtt", FromTheStart, tcp(1883, &[(false, &[0x20, 2, 0, 0])])),
        ("NATS in the middle", "nats", Later, tcp(4222, &[(true, b"PUB lab 5\r\nhello\r\n")])),
        (
            "TDS in the middle",
            "tds",
            Later,
            tcp(
                11433,
                &[(true, &[&[3, 1, 0, 60, 0, 0, 1, 0][..], &[22, 0, 0, 0, 18, 0, 0, 0, 2, 0], &[0; 42]].concat())],
            ),
        ),
        ("Oracle's server alone", "oracle", FromTheStart, tcp(1521, &[(false, &[0, 8, 0, 0, 11, 0, 0, 0])])),
        (
            "AJP's answer in three",
            "ajp",
            FromTheStart,
            tcp(8009, &[(false, b"AB\0\x08\x04\0\xc8\0\x02OK\0AB\0\x04\x03\0\x01xAB\0\x02\x05\x01")]),
        ),
        (
            "Modbus, two at once",
            "modbus",
            Later,
            tcp(502, &[(true, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10, 0, 2, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10])]),
        ),
        (
            "CoAP elsewhere, with its answer",
            "coap",
            FromTheStart,
            udp(
                61616,
                &[
                    (true, &[0x44, 1, 0, 1, 7, 8, 9, 10, 0xb4, b't', b'e', b's', b't']),
                    (false, &[0x64, 0x45, 0, 1, 7, 8, 9, 10, 0xff, b'x']),
                ],
            ),
        ),
        (
            "a peer of another currency",
            "stratum",
            FromTheStart,
            tcp(9999, &[(true, &bitcoin([0xbf, 0x0c, 0x6b, 0xbd]))]),
        ),
        ("Monero's peers", "stratum", FromTheStart, tcp(18080, &[(true, &levin)])),
        (
            "Monero's pool alone",
            "stratum",
            FromTheStart,
            tcp(
                3333,
                &[(
                    false,
                    b"{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"0e0e\",\"job_id\":\"1\"}}\n",
                )],
            ),
        ),
        ("SOCKS' client alone", "socks", FromTheStart, tcp(1080, &[(true, &socks)])),
        (
            "TFTP's data from another port",
            "tftp",
            FromTheStart,
            udp(40_001, &[(true, &[&[0, 3, 0, 1][..], &[5; 512]].concat()), (false, &[0, 4, 0, 1])]),
        ),
        (
            "the side channel of RDP",
            "rdp",
            FromTheStart,
            udp(3389, &[(true, &pad(&[0xff, 0xff, 0xff, 0xff, 0, 64, 0, 1, 1, 2, 3, 4, 4, 0xd0, 4, 0xd0], 1232))]),
        ),
        (
            "OpenVPN's data alone",
            "openvpn",
            FromTheStart,
            udp(443, &[(true, &openvpn_data(1, 1)), (true, &openvpn_data(1, 2)), (true, &openvpn_data(1, 3))]),
        ),
        (
            "L2TP's data alone",
            "l2tp",
            FromTheStart,
            udp(1701, &[(true, &[0, 2, 0, 7, 0, 9, 0xff, 3, 0, 0x21, 0x45, 0])]),
        ),
        (
            "L2TP 3",
            "l2tp",
            FromTheStart,
            udp(1701, &[(true, &[0xc8, 3, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1])]),
        ),
        (
            "two sources of RTP",
            "rtp",
            FromTheStart,
            udp(
                40_000,
                &[(true, &rtp(1, 1)), (true, &rtp(2, 70)), (true, &rtp(1, 2)), (true, &rtp(2, 71)), (true, &rtp(1, 3))],
            ),
        ),
        (
            "RTP out of order",
            "rtp",
            FromTheStart,
            udp(40_000, &[(true, &rtp(1, 3)), (true, &rtp(1, 1)), (true, &rtp(1, 2))]),
        ),
        (
            "a secured report",
            "rtcp",
            FromTheStart,
            udp(40_001, &[(true, &[&[0x80, 201, 0, 1, 1, 2, 3, 4][..], &[0x80, 0, 0, 5], &[6; 10]].concat())]),
        ),
        (
            "a peer's answer with our address",
            "bittorrent",
            FromTheStart,
            udp(40_000, &[(true, b"d2:ip6:\x01\x02\x03\x04\x05\x061:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t2:xx1:y1:re")]),
        ),
        (
            "uTP in the middle",
            "bittorrent",
            FromTheStart,
            udp(
                6881,
                &[
                    (true, &[1, 0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 50, 0, 90, 7]),
                    (false, &[0x21, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 91, 0, 50]),
                ],
            ),
        ),
        (
            "one ESP packet",
            "esp",
            FromTheStart,
            udp(4500, &[(true, &[&[1, 2, 3, 4, 0, 0, 0, 9][..], &[9; 60]].concat())]),
        ),
        (
            "what the server says tells it, though nobody knows what the client says",
            "ssh",
            FromTheStart,
            tcp(2022, &[(true, b"\x01\x02 what is this? \x80\x81\x82\x83"), (false, b"SSH-2.0-OpenSSH_9.6\r\n")]),
        ),
        (
            "a name of LDAP's over UDP",
            "ldap",
            FromTheStart,
            udp(
                389,
                &[(
                    true,
                    &ber(
                        0x30,
                        &[&ber(2, &[1])[..], &ber(0x63, &[4, 0, 10, 1, 0, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0])]
                            .concat(),
                    ),
                )],
            ),
        ),
    ]
}

/// A ServerHello of TLS 1.2 in one record.
fn server_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0]].concat();
    let message = [&[2, 0, 0, body.len() as u8][..], &body].concat();
    [&[22, 3, 3, 0, message.len() as u8][..], &message].concat()
}
