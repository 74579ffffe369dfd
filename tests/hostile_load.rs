//! Load made to break a monitor, over the real ring: floods, scans and a reader that is held up. Everything sent is
//! accounted for, memory has its bound, and the flows that matter stay.
//!
//! `EGRET_LOAD=20` makes the floods twenty times as large; `cargo test --release --test hostile_load -- --nocapture`
//! prints the figures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/netns.rs"]
#[allow(dead_code, reason = "shared with other tests, each of which uses a part")]
mod support;

use std::collections::HashMap;
use std::time::Duration;

use egret::capture::live::LiveOptions;
use egret::capture::wall::{self, Stopwatch};
use egret::capture::{Capture, backends};
use egret::engine::{Engine, Outside, Parts};
use egret::flow::FlowConfig;
use egret::model::Losses;
use egret::snapshot::Snapshot;
use pnet::datalink::{self, Channel, Config, DataLinkSender};
use support::{ENOUGH, Lab, Own, feed, inside, read_all};

/// Frames sent between two looks at the ring, which has room for many more.
const BETWEEN: usize = 512;
const OURS: [u8; 4] = [10, 77, 0, 1];
/// Flows that carry something.
const REAL: u16 = 100;

fn times() -> usize {
    std::env::var("EGRET_LOAD").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// An Ethernet frame with IPv4 in it: no host here has its hardware address, so that nobody answers.
fn frame(to: u32, protocol: u8, id: u16, fragment: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 9, 9, 2, 0, 0, 0, 9, 8, 8, 0, 0x45, 0];
    bytes.extend(u16::try_from(20 + body.len()).unwrap().to_be_bytes());
    bytes.extend(id.to_be_bytes());
    bytes.extend(fragment.to_be_bytes());
    bytes.extend([64, protocol, 0, 0]);
    bytes.extend(OURS);
    bytes.extend(to.to_be_bytes());
    bytes.extend(body);
    bytes
}

fn syn(to: u32, port: u16) -> Vec<u8> {
    let mut tcp = [0_u8; 20];
    tcp[..2].copy_from_slice(&40_000_u16.to_be_bytes());
    tcp[2..4].copy_from_slice(&port.to_be_bytes());
    tcp[4..8].copy_from_slice(&to.to_be_bytes());
    (tcp[12], tcp[13]) = (5 << 4, 2);
    frame(to, 6, 0, 0, &tcp)
}

fn udp(to: u32, port: u16, payload: usize) -> Vec<u8> {
    let mut body = vec![0x5a; 8 + payload];
    body[..2].copy_from_slice(&port.to_be_bytes());
    body[2..4].copy_from_slice(&4_000_u16.to_be_bytes());
    body[4..6].copy_from_slice(&u16::try_from(8 + payload).unwrap().to_be_bytes());
    frame(to, 17, 0, 0, &body)
}

/// The ring and the engine on one side, a sender on the other, in one thread: nothing is lost unless it is meant to be.
struct Bench {
    capture: Box<dyn Capture>,
    engine: Engine,
    sender: Box<dyn DataLinkSender>,
    frames: u64,
    bytes: u64,
    _lab: Lab,
}

impl Bench {
    fn new(limit: usize) -> Self {
        let lab = Lab::new();
        let interfaces = vec!["near0".to_owned()];
        // What neighbours say of their own accord is not IPv4.
        let filter = "ip".to_owned();
        let capture =
            backends::open(&LiveOptions { interfaces, backend: "ring".into(), filter, ..LiveOptions::default() });
        let flow = FlowConfig { limit, rows: limit, ..FlowConfig::default() };
        let near = datalink::interfaces().into_iter().find(|one| one.name == "near0").unwrap();
        let Channel::Ethernet(sender, _) = datalink::channel(&near, Config::default()).unwrap() else {
            panic!("no Ethernet channel")
        };
        let engine = Engine::new(Parts { flow, ..Parts::default() });
        let mut bench = Self { capture: capture.unwrap(), engine, sender, frames: 0, bytes: 0, _lab: lab };
        bench.settle();
        bench
    }

    fn give(&mut self, frame: &[u8]) {
        let clock = Stopwatch::start();
        // The queue of the interface may be full for a moment.
        while !self.sender.send_to(frame, None).unwrap().is_ok_and(|()| true) {
            assert!(clock.elapsed() < ENOUGH, "the interface takes nothing");
        }
        self.frames += 1;
        self.bytes += frame.len() as u64;
    }

    /// Sends, and looks at the ring now and then.
    fn send(&mut self, frames: impl Iterator<Item = Vec<u8>>) {
        for (at, frame) in frames.enumerate() {
            self.give(&frame);
            if at % BETWEEN == 0 {
                self.look();
            }
        }
        self.look();
    }

    fn look(&mut self) {
        let engine = &mut self.engine;
        self.capture.read(Duration::ZERO, &mut |event| engine.take(event)).unwrap();
    }

    fn settle(&mut self) {
        let engine = &mut self.engine;
        read_all(&mut *self.capture, |event| feed(engine, event));
    }

    /// Goes on reading for so long.
    fn go_on(&mut self, span: Duration) {
        let end = wall::now().plus(span);
        while self.engine.now() < end {
            let engine = &mut self.engine;
            self.capture.read(Duration::from_millis(100), &mut |event| engine.take(event)).unwrap();
        }
    }

    /// Everything sent is on a row, in what no row shows, or among the drops.
    fn finish(mut self) -> (Snapshot, Losses, (u64, u64)) {
        self.settle();
        let losses = self.capture.losses();
        self.engine.finish();
        self.engine.show_all();
        let snapshot = self.engine.snapshot(Outside::default());
        let tally = snapshot.tally;
        let skipped = tally.skipped_total();
        let rows = snapshot.rows.iter().chain([&snapshot.other]);
        let kept = rows
            .fold((0, 0), |sum, row| (sum.0 + row.packets_out + row.packets_in, sum.1 + row.bytes_out + row.bytes_in));
        assert_eq!(kept, (tally.packets.frames, tally.packets.bytes), "rows and the rest are all packets");
        assert_eq!(tally.packets.frames + skipped.frames + losses.ring, self.frames, "{losses:?}");
        (snapshot, losses, (self.frames, self.bytes))
    }
}

fn raised(snapshot: &Snapshot) -> Vec<&'static str> {
    snapshot.alerts.iter().map(|alert| alert.finding.detector).collect()
}

/// KiB of memory of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// 20 packets of each flow that carries something.
fn real() -> impl Iterator<Item = Vec<u8>> {
    (0..20_u16).flat_map(|_| (0..REAL).map(|flow| udp(0x0a4d_0002, 5_000 + flow, 1_200)))
}

/// A flood between two spells of traffic of real flows. Gives the snapshot, and the memory in the middle and at the end.
fn flooded(limit: usize, flood: usize, make: impl Fn(u32) -> Vec<u8>) -> (Snapshot, (u64, u64), (u64, u64)) {
    let mut bench = Bench::new(limit);
    bench.send(real());
    let number = |from: usize, to: usize| from as u32..to as u32;
    bench.send(number(0, flood / 2).map(&make));
    let middle = resident();
    bench.send(number(flood / 2, flood).map(&make));
    let end = resident();
    // They have been quiet all the while, and come back.
    bench.send(real());
    let (snapshot, losses, sent) = bench.finish();
    println!("{sent:?} sent, {losses:?}, {middle} and {end} KiB, {:?}", snapshot.tally);
    assert_eq!(losses.ring, 0, "one thread sends and reads");
    (snapshot, (middle, end), sent)
}

fn real_flows_are_whole(snapshot: &Snapshot) {
    let of_port: HashMap<u16, u64> = snapshot
        .rows
        .iter()
        .filter(|row| row.remote.is_some_and(|end| end.port == 4_000))
        .map(|row| (row.local.unwrap().port, row.packets_out))
        .collect();
    for flow in 0..REAL {
        assert_eq!(of_port.get(&(5_000 + flow)), Some(&40), "flow {flow} of those that carry something");
    }
}

#[test]
fn a_flood_of_syns_to_as_many_hosts_leaves_the_real_flows_and_flat_memory() {
    let name = "a_flood_of_syns_to_as_many_hosts_leaves_the_real_flows_and_flat_memory";
    inside(name, &Own::Network, || {
        let (limit, flood) = (2_048 * times(), 50_000 * times());
        let (snapshot, (middle, end), sent) = flooded(limit, flood, |n| syn(0x2000_0000 + n, 443));
        assert_eq!((snapshot.tally.seen.frames, snapshot.tally.seen.bytes), sent);
        assert!(snapshot.rows.len() <= limit && snapshot.other.flows > (flood - limit) as u64 - 1_000);
        assert!(end <= middle + 6 * 1_024, "memory grew from {middle} to {end} KiB in the second half of the flood");
        real_flows_are_whole(&snapshot);
        assert!(raised(&snapshot).contains(&"table-pressure"), "{:?}", raised(&snapshot));
    });
}

#[test]
fn what_fits_the_table_is_no_pressure() {
    inside("what_fits_the_table_is_no_pressure", &Own::Network, || {
        let (snapshot, _, sent) = flooded(2_048, 500, |n| syn(0x2000_0000 + n, 443));
        assert_eq!((snapshot.tally.seen.frames, snapshot.tally.flows_evicted), (sent.0, 0));
        real_flows_are_whole(&snapshot);
        assert!(!raised(&snapshot).contains(&"table-pressure"), "{:?}", raised(&snapshot));
    });
}

#[test]
fn a_flood_of_fragments_that_are_never_whole_is_accounted_for() {
    inside("a_flood_of_fragments_that_are_never_whole_is_accounted_for", &Own::Network, || {
        let (limit, flood) = (2_048 * times(), 50_000 * times());
        // First fragments whose rest never comes, and later ones whose first never came.
        let (first, later) = (0x2000, 0x00b9);
        let piece = |n: u32| {
            frame(0x2000_0000 + n / 2, 17, n as u16, if n.is_multiple_of(2) { first } else { later }, &[7; 24])
        };
        let (snapshot, (middle, end), sent) = flooded(limit, flood, piece);
        assert_eq!((snapshot.tally.seen.frames, snapshot.tally.seen.bytes), sent);
        assert!(end <= middle + 6 * 1_024, "memory grew from {middle} to {end} KiB in the second half of the flood");
        real_flows_are_whole(&snapshot);
    });
}

/// So many attempts that nobody answers, each to the port that `port` says; what was raised, and the rows.
fn attempts(port: impl Fn(u16) -> u16) -> (Vec<&'static str>, usize) {
    let ports = (3_000 * times()).min(65_000) as u16;
    let mut bench = Bench::new(131_072);
    bench.send((1..=ports).map(|n| syn(0x0a4d_0002, port(n))));
    // An answer may take three seconds.
    bench.go_on(Duration::from_millis(3_300));
    bench.send((ports + 1..=ports + 20).map(|n| syn(0x0a4d_0002, port(n))));
    bench.go_on(Duration::from_millis(1_100));
    let (snapshot, losses, sent) = bench.finish();
    println!("{ports} ports: {sent:?} sent, {losses:?}, {} rows, {:?}", snapshot.rows.len(), raised(&snapshot));
    assert_eq!(snapshot.tally.seen.frames, sent.0);
    (raised(&snapshot), snapshot.rows.len())
}

#[test]
fn a_scan_of_ports_is_found() {
    inside("a_scan_of_ports_is_found", &Own::Network, || {
        let (raised, rows) = attempts(|n| n);
        assert!(raised.contains(&"scan"), "{raised:?}");
        assert_eq!(rows, (3_000 * times()).min(65_000) + 20);
    });
}

#[test]
fn as_many_attempts_at_one_service_are_no_scan() {
    inside("as_many_attempts_at_one_service_are_no_scan", &Own::Network, || {
        let (raised, rows) = attempts(|_| 443);
        assert!(!raised.contains(&"scan"), "{raised:?}");
        assert_eq!(rows, 1);
    });
}

#[test]
fn a_reader_that_is_held_up_tells_what_it_missed() {
    inside("a_reader_that_is_held_up_tells_what_it_missed", &Own::Network, || {
        let mut bench = Bench::new(131_072);
        let flood = 150_000 * times();
        // Nobody looks at the ring meanwhile, as if the process had been stopped.
        for n in 0..flood {
            bench.give(&udp(0x0a4d_0002, (n % 1_000) as u16 + 1_000, 18));
        }
        bench.send(real());
        let (snapshot, losses, sent) = bench.finish();
        println!("{sent:?} sent, {losses:?}, {:?}", snapshot.tally.seen);
        assert!(losses.ring > 0, "the ring has room for all of it: the flood was too small");
        assert_eq!(snapshot.tally.seen.frames + losses.ring, sent.0);
    });
}
