//! Scripts play what they were given, in order, and their frames read back.

use std::net::IpAddr;

use super::talk::{Tcp, lookup, ping, together};
use super::*;
use crate::decode::{Decoded, decode};
use crate::model::packet::tcp_flag;
use crate::model::{Endpoint, Label, Packet, Protocol, Side};

fn end(text: &str, port: u16) -> Endpoint {
    Endpoint::new(text.parse().unwrap(), port)
}

/// What came out of a script: frames, and the other events by name.
fn play(mut script: impl Capture) -> (Vec<Shot>, Vec<&'static str>) {
    let (mut shots, mut news) = (Vec::new(), Vec::new());
    loop {
        let more = script
            .read(Duration::ZERO, &mut |event| match event {
                Event::Frames(frames) => {
                    assert!(!frames.is_empty() && frames.len() <= BATCH);
                    shots.extend(frames.iter().map(|frame| Shot::new(frame.at, frame.heading, frame.data.to_vec())));
                }
                Event::Quiet(_) => news.push("quiet"),
                Event::Interface(..) => news.push("interface"),
                Event::Sockets(..) => news.push("sockets"),
                Event::Counted(..) => news.push("counted"),
            })
            .unwrap();
        if more == More::Ended {
            return (shots, news);
        }
    }
}

fn packet(shot: &Shot) -> Packet<'_> {
    match decode(Box::leak(Box::new(shot.frame())), false) {
        Decoded::Packet(packet) => packet,
        Decoded::Skipped(cause) => panic!("{cause:?}"),
    }
}

#[test]
fn plays_every_step_in_order() {
    let (client, server) = (end("10.0.0.1", 50_000), end("192.0.2.9", 443));
    let talk = Tcp::open(client, server, Timestamp::from_secs(5)).pour(Side::First, 200_000, Duration::from_secs(1));
    let mut steps = talk.leave();
    let count = steps.len();
    steps.push(Step::Quiet(Timestamp::from_secs(9)));
    let info = InterfaceInfo { name: Label::new("eth0"), is_up: true, ..InterfaceInfo::default() };
    steps.push(Step::Interface(Timestamp::from_secs(9), info.clone()));
    let (shots, news) = play(Script::new(vec![info], steps));
    assert_eq!(shots.len(), count);
    assert!(shots.is_sorted_by_key(|shot| shot.at));
    assert_eq!(news, ["interface", "quiet", "interface", "quiet"]);
    let sent: u64 = shots.iter().map(|shot| packet(shot)).map(|packet| u64::from(packet.payload_len)).sum();
    assert_eq!(sent, 200_000);
}

#[test]
fn an_empty_script_ends() {
    assert_eq!(play(Script::new(Vec::new(), Vec::new())), (Vec::new(), vec!["quiet"]));
}

#[test]
fn a_connection_is_one_that_tcp_could_make() {
    for (client, server) in
        [(end("10.0.0.1", 50_000), end("192.0.2.9", 80)), (end("2001:db8::1", 50_000), end("2001:db8::9", 80))]
    {
        let steps = Tcp::open(client, server, Timestamp::from_secs(5))
            .say(Side::First, &[b'x'; SEGMENTS_OF_TWO])
            .say(Side::Second, b"fine")
            .close(Side::First);
        let (shots, _) = play(Script::new(Vec::new(), steps));
        let mut next = [None, None];
        for packet in shots.iter().map(packet) {
            let side = usize::from(packet.from() != client);
            assert_eq!(packet.heading, if side == 0 { Heading::Outgoing } else { Heading::Host });
            assert!(next[side].is_none_or(|next| next == packet.tcp_sequence), "a hole in the sequence numbers");
            let is_counted = packet.tcp_flags & (tcp_flag::SYN | tcp_flag::FIN) != 0;
            next[side] = Some(packet.tcp_sequence + packet.payload_len + u32::from(is_counted));
        }
        let flags: Vec<u8> = shots.iter().map(|shot| packet(shot).tcp_flags).collect();
        let (syn, ack, fin) = (tcp_flag::SYN, tcp_flag::ACK, tcp_flag::FIN);
        assert_eq!(flags[..3], [syn, syn | ack, ack]);
        assert_eq!(flags[flags.len() - 3..], [fin | ack, fin | ack, ack]);
    }
}

const SEGMENTS_OF_TWO: usize = frame::SEGMENT + 1;

/// The sum over a transport message and its pseudo-header is zero when the checksum in it is right.
#[test]
fn checksums_hold() {
    let sum = |bytes: &[u8]| {
        let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
        let sum: u32 = words.sum();
        (sum & 0xffff) + (sum >> 16)
    };
    let odd = b"seven b";
    let shots = [
        (17_u32, frame::udp(end("10.0.0.1", 5_000), end("192.0.2.9", 53), odd)),
        (6, frame::tcp(end("10.0.0.1", 5_000), end("192.0.2.9", 53), tcp_flag::ACK, (1, 2), odd)),
    ];
    for (protocol, data) in shots {
        assert_eq!(sum(&data[14..34]), 0xffff, "IPv4 header");
        let message = &data[34..];
        let pseudo = [&data[26..34], &(protocol + message.len() as u32).to_be_bytes(), message].concat();
        let whole = sum(&pseudo);
        assert_eq!((whole & 0xffff) + (whole >> 16), 0xffff, "protocol {protocol}");
    }
}

#[test]
fn lookups_and_pings_go_both_ways() {
    let us = end("10.0.0.1", 40_000);
    let there: IpAddr = "192.0.2.1".parse().unwrap();
    let steps = together([
        ping(us.ip, there, (1, 1), b"ping", Timestamp::from_secs(2)),
        lookup(us, end("10.0.0.53", 53), "www.example.com", &[there], Timestamp::from_secs(1)),
    ]);
    let (shots, _) = play(Script::new(Vec::new(), steps));
    let seen: Vec<(Protocol, bool)> =
        shots.iter().map(packet).map(|packet| (packet.protocol, packet.from().ip == us.ip)).collect();
    let (udp, icmp) = (Protocol::UDP, Protocol::ICMP);
    assert_eq!(seen, [(udp, true), (udp, false), (icmp, true), (icmp, false)]);
    let answer = packet(&shots[1]).payload;
    assert!(answer.ends_with(&[192, 0, 2, 1]));
    assert_eq!(answer[..12], [0xc6, 0x1a, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn hellos_have_the_lengths_they_claim() {
    let hello = tls::client_hello("www.example.com", &["h2", "http/1.1"]);
    let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
    let message = usize::from(hello[6]) << 16 | usize::from(hello[7]) << 8 | usize::from(hello[8]);
    assert_eq!((record, message), (hello.len() - 5, hello.len() - 9));
    assert!(hello.windows(15).any(|part| part == b"www.example.com"));
    assert!(!tls::client_hello("", &[]).windows(2).any(|part| part == b"h2"));
    assert_eq!(tls::data(20_000).len(), 20_010);
}

#[test]
fn a_script_at_a_speed_holds_its_frames_back() {
    let far = Timestamp::from_secs(1_000_000);
    let steps = [Step::Quiet(Timestamp::from_secs(1)), Step::Quiet(far)];
    let mut script = Script::new(Vec::new(), steps).at_speed(1.0);
    let mut moments = Vec::new();
    for _ in 0..3 {
        let more = script.read(Duration::ZERO, &mut |event| {
            if let Event::Quiet(at) = event {
                moments.push(at);
            }
        });
        assert_eq!(more.unwrap(), More::Coming);
    }
    assert!(moments.iter().all(|at| *at < far), "{moments:?}");
    assert_eq!(moments.len(), 3, "time goes on while nothing is due");
}
