//! Cases for the table as a whole: facing, counting, eviction, intervals.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::endpoint::address_words;
use crate::model::event::BATCH;
use crate::model::packet::tcp_flag::{ACK, SYN};
use crate::model::{
    Confidence, Direction, Heading, InterfaceInfo, Label, Owner, Packet, Protocol, TcpState, Timestamp,
};

use super::{FlowConfig, FlowTable};

const US: &str = "10.0.0.5";
const THEM: &str = "192.0.2.9";

struct Line<'a> {
    from: (&'a str, u16),
    to: (&'a str, u16),
    flags: u8,
    payload: u32,
    heading: Heading,
}

fn packet(line: &Line<'_>, protocol: Protocol, at: Timestamp) -> Packet<'static> {
    let (from, to): (IpAddr, IpAddr) = (line.from.0.parse().unwrap(), line.to.0.parse().unwrap());
    Packet {
        at,
        v6: from.is_ipv6(),
        protocol,
        source: address_words(from),
        destination: address_words(to),
        source_port: line.from.1,
        destination_port: line.to.1,
        frame_len: line.payload + 54,
        ip_len: line.payload + 40,
        payload_len: line.payload,
        tcp_flags: line.flags,
        heading: line.heading,
        ..Packet::EMPTY
    }
}

fn line<'a>(from: (&'a str, u16), to: (&'a str, u16), flags: u8, payload: u32) -> Line<'a> {
    Line { from, to, flags, payload, heading: Heading::Unknown }
}

fn table(config: FlowConfig) -> FlowTable {
    let mut table = FlowTable::new(config);
    table.interface(&InterfaceInfo { addresses: vec![US.parse().unwrap()], is_up: true, ..InterfaceInfo::default() });
    table.advance(Timestamp::from_secs(1_000));
    table
}

#[test]
fn a_conversation_faces_outwards_whoever_speaks_first() {
    let open = [
        line((US, 50_000), (THEM, 443), SYN, 0),
        line((THEM, 443), (US, 50_000), SYN | ACK, 0),
        line((US, 50_000), (THEM, 443), ACK, 100),
        line((THEM, 443), (US, 50_000), ACK, 1_000),
    ];
    let mut table = table(FlowConfig::default());
    let mut packets: Vec<_> = open.iter().map(|l| packet(l, Protocol::TCP, Timestamp::from_secs(1_000))).collect();
    table.fold(&mut packets);
    let interval = table.close(Timestamp::from_secs(1_001));
    let [row] = &table.rows()[..] else { panic!("one row") };
    assert_eq!(row.local.unwrap().to_string(), "10.0.0.5:50000");
    assert_eq!(row.remote.unwrap().to_string(), "192.0.2.9:443");
    assert_eq!((row.direction, row.state), (Direction::Out, TcpState::Established));
    assert_eq!((row.bytes_out, row.bytes_in), (54 + 154, 54 + 1_054));
    assert_eq!((row.payload_bytes_out, row.payload_bytes_in, row.packets_out), (100, 1_000, 2));
    assert_eq!(row.rates_out.s2, 208 / 2);
    let [sample] = &interval.samples[..] else { panic!("one sample") };
    assert_eq!((sample.bytes_out, sample.bytes_in, sample.opened, sample.is_new), (208, 1_108, 1, true));
    assert!(sample.answered);
}

#[test]
fn who_is_ours_and_who_opened() {
    // First packet, its heading, then our end and the direction.
    let cases = [
        (line((US, 50_000), (THEM, 443), SYN, 0), "10.0.0.5:50000", Direction::Out),
        (line((THEM, 40_000), (US, 22), SYN, 0), "10.0.0.5:22", Direction::In),
        (line((THEM, 443), (US, 50_000), ACK, 9), "10.0.0.5:50000", Direction::Out),
        (line((US, 22), (THEM, 40_000), ACK, 9), "10.0.0.5:22", Direction::In),
        (line((US, 50_000), (US, 8_080), SYN, 0), "10.0.0.5:50000", Direction::Local),
        (line((THEM, 50_000), ("198.51.100.1", 80), SYN, 0), "192.0.2.9:50000", Direction::Transit),
        (
            Line { heading: Heading::Multicast, ..line((THEM, 5_353), ("224.0.0.251", 5_353), 0, 9) },
            "224.0.0.251:5353",
            Direction::In,
        ),
    ];
    for (first, ours, direction) in cases {
        let mut table = table(FlowConfig::default());
        table.fold(&mut [packet(&first, Protocol::TCP, Timestamp::from_secs(1_000))]);
        table.close(Timestamp::from_secs(1_001));
        let rows = table.rows();
        assert_eq!((rows[0].local.unwrap().to_string().as_str(), rows[0].direction), (ours, direction));
    }
}

#[test]
fn intervals_tell_only_what_is_new() {
    let mut table = table(FlowConfig::default());
    for second in 0..3 {
        let at = Timestamp::from_secs(1_000 + second);
        table.advance(at);
        table.fold(&mut [packet(&line((US, 5_000), (THEM, 53), 0, 10 + second as u32), Protocol::UDP, at)]);
        let interval = table.close(Timestamp::from_secs(1_001 + second));
        let sample = &interval.samples[0];
        assert_eq!(sample.payload_out, 10 + second);
        assert_eq!(sample.is_new, second == 0);
        assert_eq!(sample.total_payload_out, (0..=second).map(|s| 10 + s).sum::<u64>());
    }
    assert!(table.close(Timestamp::from_secs(1_004)).samples.is_empty());
}

#[test]
fn a_loopback_packet_counts_once() {
    let mut table = FlowTable::new(FlowConfig::default());
    table.interface(&InterfaceInfo {
        addresses: vec!["127.0.0.1".parse().unwrap()],
        is_loopback: true,
        ..InterfaceInfo::default()
    });
    let ends = (("127.0.0.1", 5_000), ("127.0.0.1", 80));
    for heading in [Heading::Outgoing, Heading::Host] {
        let sight = Line { heading, ..line(ends.0, ends.1, ACK, 10) };
        table.fold(&mut [packet(&sight, Protocol::TCP, Timestamp::from_secs(1))]);
    }
    assert_eq!(table.tally().packets.frames, 1);
    assert_eq!(table.tally().skipped_total().frames, 1);
}

#[test]
fn only_traffic_across_the_boundary_counts() {
    let config = FlowConfig { boundary: vec!["10.0.0.0/8".parse().unwrap()], ..FlowConfig::default() };
    let mut table = table(config);
    let at = Timestamp::from_secs(1_000);
    table.fold(&mut [
        packet(&line(("10.9.9.9", 5_000), (THEM, 53), 0, 10), Protocol::UDP, at),
        packet(&line(("10.9.9.9", 5_000), ("10.1.1.1", 53), 0, 10), Protocol::UDP, at),
    ]);
    table.close(Timestamp::from_secs(1_001));
    assert_eq!(table.rows()[0].local.unwrap().to_string(), "10.9.9.9:5000");
    assert_eq!((table.tally().packets.frames, table.tally().skipped_total().frames), (1, 1));
}

/// A flood of addresses never seen again, with real traffic in between: the real flows stay, nothing is lost.
#[test]
fn a_flood_pushes_out_only_itself() {
    let config = FlowConfig { limit: 1_024, rows: 256, ..FlowConfig::default() };
    let mut table = table(config);
    let mut sent = 0_u64;
    let mut noise = 0_u32;
    for second in 0..20_u64 {
        let at = Timestamp::from_secs(1_000 + second);
        table.advance(at);
        for _ in 0..200 {
            let mut batch: Vec<Packet<'_>> = Vec::new();
            for real in 0..2_u16 {
                let port = 1_000 + (noise as u16 / 31 + real) % 50;
                batch.push(packet(&line((US, port), (THEM, 443), ACK, 1_000), Protocol::TCP, at));
            }
            while batch.len() < BATCH {
                noise += 1;
                let mut one = packet(&line((US, 9), (THEM, 9), 0, 18), Protocol::UDP, at);
                one.destination = [0, u64::from(noise) | 0x0b00_0000];
                batch.push(one);
            }
            sent += batch.iter().map(|p| u64::from(p.frame_len)).sum::<u64>();
            table.fold(&mut batch);
        }
        table.close(Timestamp::from_secs(1_001 + second));
    }
    let rows = table.rows();
    let real: Vec<_> = rows.iter().filter(|row| row.protocol == Some(Protocol::TCP)).collect();
    assert_eq!(real.len(), 50, "every real flow is shown");
    let real_bytes: u64 = real.iter().map(|row| row.bytes_out).sum();
    assert_eq!(real_bytes, 20 * 200 * 2 * 1_054, "and none was ever evicted");
    let other = table.other(&rows);
    let shown: u64 = rows.iter().map(|row| row.bytes_out + row.bytes_in).sum();
    assert_eq!(shown + other.bytes_out + other.bytes_in, sent, "shown + other = sent");
    assert_eq!(table.tally().packets.bytes, sent);
    assert!(table.kept() <= 1_024);
    assert!(table.tally().flows_evicted > 100_000);
}

#[test]
fn judged_flows_stay_however_light() {
    let mut table = table(FlowConfig { limit: 64, ..FlowConfig::default() });
    let at = Timestamp::from_secs(1_000);
    let first = packet(&line((US, 7), (THEM, 7), 0, 1), Protocol::UDP, at);
    table.fold(&mut [first]);
    table.set_judged(&first.key().canonical().0, true);
    for noise in 0..10_000_u64 {
        let mut one = packet(&line((US, 9), (THEM, 9), 0, 1_000), Protocol::UDP, at);
        one.destination = [0, noise];
        table.fold(&mut [one]);
    }
    table.close(Timestamp::from_secs(1_001));
    assert!(table.rows().iter().any(|row| row.local.unwrap().port == 7));
}

#[test]
fn idle_flows_are_let_go_and_their_bytes_kept() {
    let mut table = table(FlowConfig { idle: Some(std::time::Duration::from_mins(1)), ..FlowConfig::default() });
    let at = Timestamp::from_secs(1_000);
    table.fold(&mut [packet(&line((US, 7), (THEM, 7), 0, 10), Protocol::UDP, at)]);
    table.close(Timestamp::from_secs(1_001));
    table.advance(Timestamp::from_secs(2_000));
    table.close(Timestamp::from_secs(2_001));
    assert_eq!(table.kept(), 0);
    assert_eq!(table.other(&table.rows()).bytes_out, 64);
    assert_eq!(table.tally().flows_evicted, 0, "leaving quietly is not eviction");
    table.fold(&mut [packet(&line((US, 7), (THEM, 7), 0, 10), Protocol::UDP, Timestamp::from_secs(2_000))]);
    assert_eq!(table.kept(), 1);
}

/// A request names the end that answers it: the remote one if we ask, our own if we are asked.
#[test]
fn a_request_names_the_end_that_answers() {
    let request = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    let cases = [((US, 50_000), (THEM, 80), Some("www.example.com")), ((THEM, 50_000), (US, 80), None)];
    for (client, server, name) in cases {
        let mut table = table(FlowConfig::default());
        let at = Timestamp::from_secs(1_000);
        let mut get = packet(&line(client, server, ACK, request.len() as u32), Protocol::TCP, at);
        get.payload = request;
        table.fold(&mut [packet(&line(client, server, SYN, 0), Protocol::TCP, at), get]);
        table.close(Timestamp::from_secs(1_001));
        let row = &table.rows()[0];
        assert_eq!(row.application.id(), "http");
        assert_eq!(row.name.as_ref().map(|name| name.text.as_str()), name);
        assert_eq!(row.facts.as_ref().unwrap().host.as_ref().unwrap().as_str(), "www.example.com");
    }
}

#[test]
fn what_is_shown_is_what_is_asked_for() {
    use crate::model::Counting;
    for (counting, out) in [(Counting::Wire, 154), (Counting::Ip, 140), (Counting::Payload, 100)] {
        let mut table = table(FlowConfig { counting, ..FlowConfig::default() });
        let at = Timestamp::from_secs(1_000);
        table.fold(&mut [packet(&line((US, 50_000), (THEM, 443), ACK, 100), Protocol::TCP, at)]);
        let interval = table.close(Timestamp::from_secs(1_001));
        let row = &table.rows()[0];
        assert_eq!((row.out(), row.received(), row.peak_out, row.rates_out.s2), (out, 0, out, out / 2));
        assert_eq!((table.totals().bytes_out, table.last_second().0), (out, out));
        assert_eq!((row.bytes_out, interval.bytes_out), (154, 154), "judges see the wire whatever is shown");
    }
}

#[test]
fn owners_that_come_late_are_told_of_and_doubted_when_nobody_goes_on() {
    let mut table = table(FlowConfig::default());
    let second = |table: &mut FlowTable, at: u64, sends: bool| {
        if sends {
            let line = line((US, 50_000), (THEM, 9_000), 0, 10);
            table.fold(&mut [packet(&line, Protocol::UDP, Timestamp::from_secs(at))]);
        }
        table.advance(Timestamp::from_secs(at + 1));
        table.close(Timestamp::from_secs(at + 1))
    };
    let first = second(&mut table, 1_000, true);
    let key = first.samples[0].key;
    assert!(first.samples[0].owner.is_none() && !first.samples[0].woke && first.owned.is_empty());
    let owner = Owner { comm: Label::new("curl"), confidence: Confidence::Exact, ..Owner::default() };
    table.hear_owner(&key, Some(Arc::new(owner)));
    let next = second(&mut table, 1_001, false);
    assert!(next.samples.is_empty());
    assert_eq!((next.owned.len(), next.owned[0].packets_out, next.owned[0].total_payload_out), (1, 0, 10));
    assert!(second(&mut table, 1_002, false).owned.is_empty(), "once");
    for at in 1_003..1_010 {
        second(&mut table, at, false);
    }
    assert!(second(&mut table, 1_010, true).samples[0].woke);
    assert!(!second(&mut table, 1_011, true).samples[0].woke);
    table.hear_owner(&key, None);
    let owner = second(&mut table, 1_012, true).samples[0].owner.clone().unwrap();
    assert_eq!((owner.comm.as_str(), owner.confidence), ("curl", Confidence::Guess));
}
