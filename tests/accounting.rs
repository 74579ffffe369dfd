//! The accounting law: every frame and every byte is on a flow, evicted, or skipped by cause, whatever comes
//! in and however it is cut into batches.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use egret::engine::{Engine, Outside, Parts};
use egret::flow::FlowConfig;
use egret::model::{
    Event, Frame, Heading, InterfaceCounters, InterfaceId, InterfaceInfo, Label, LinkType, Skip, Standing, Timestamp,
};
use egret::snapshot::Snapshot;
use proptest::prelude::*;

fn engine(limit: usize) -> Engine {
    let mut engine = Engine::new(Parts { flow: FlowConfig { limit, ..FlowConfig::default() }, ..Parts::default() });
    let us = InterfaceInfo {
        name: Label::new("eth0"),
        addresses: vec!["10.0.0.1".parse().unwrap()],
        is_up: true,
        ..InterfaceInfo::default()
    };
    engine.take(Event::Interface(Timestamp::from_secs(1_000), us));
    engine
}

#[derive(Clone, Debug)]
struct Bytes {
    at: u64,
    data: Vec<u8>,
    extra: u32,
    heading: Heading,
}

/// An Ethernet frame with an IPv4 packet whose fields are near enough to sense to be interesting.
fn ipv4() -> impl Strategy<Value = Vec<u8>> {
    let protocol = prop_oneof![Just(6_u8), Just(17), Just(1), Just(47), any::<u8>()];
    (protocol, 0_u8..6, 0_u8..6, 0_u16..5, 0_u16..5, any::<u8>(), prop::collection::vec(any::<u8>(), 0..80)).prop_map(
        |(protocol, from, to, source, destination, flags, payload)| {
            let mut frame = vec![0; 12];
            frame.extend([8, 0, 0x45, 0]);
            let length = 20 + 20 + payload.len() as u16;
            frame.extend(length.to_be_bytes());
            frame.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
            frame.extend(source.to_be_bytes());
            frame.extend(destination.to_be_bytes());
            frame.extend([0; 8]);
            frame.extend([0x50, flags & 0x17, 0, 0, 0, 0, 0, 0]);
            frame.extend(payload);
            frame
        },
    )
}

fn frames() -> impl Strategy<Value = Vec<Bytes>> {
    let data = prop_oneof![4 => ipv4(), 1 => prop::collection::vec(any::<u8>(), 0..90)];
    let heading = prop_oneof![Just(Heading::Unknown), Just(Heading::Outgoing), Just(Heading::Host)];
    let one = (0_u64..3_000_000, data, 0_u32..70_000, heading);
    prop::collection::vec(one, 0..200).prop_map(|list| {
        let mut at = 1_000_000_000;
        list.into_iter()
            .map(|(step, data, extra, heading)| {
                at += step;
                Bytes { at, data, extra, heading }
            })
            .collect()
    })
}

fn frame(one: &Bytes) -> Frame<'_> {
    Frame {
        at: Timestamp::from_micros(one.at),
        interface: InterfaceId(0),
        link: LinkType::Ethernet,
        heading: one.heading,
        wire_len: one.data.len() as u32 + one.extra,
        data: &one.data,
        vlan: None,
        gso: None,
    }
}

fn run(list: &[Bytes], batch: usize, limit: usize) -> Snapshot {
    let mut engine = engine(limit);
    let frames: Vec<Frame<'_>> = list.iter().map(frame).collect();
    for batch in frames.chunks(batch) {
        engine.take(Event::Frames(batch));
    }
    engine.finish();
    engine.show_all();
    engine.snapshot(Outside::default())
}

fn rows_in_bytes_and_packets(snapshot: &Snapshot) -> (u64, u64) {
    snapshot
        .rows
        .iter()
        .chain([&snapshot.other])
        .fold((0, 0), |sum, row| (sum.0 + row.bytes_out + row.bytes_in, sum.1 + row.packets_out + row.packets_in))
}

/// What a reader can see of the flows, as text.
fn seen(snapshot: &Snapshot) -> Vec<String> {
    let mut lines: Vec<String> = snapshot
        .rows
        .iter()
        .map(|row| {
            let values = egret::snapshot::FIELDS.iter().map(|field| (field.get)(row).text());
            values.collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_frame_is_accounted_for(list in frames(), limit in prop_oneof![Just(64_usize), Just(100_000)]) {
        let total: u64 = list.iter().map(|one| one.data.len() as u64 + u64::from(one.extra)).sum();
        let snapshot = run(&list, 32, limit);
        let tally = snapshot.tally;
        prop_assert_eq!(tally.seen.frames, list.len() as u64);
        prop_assert_eq!(tally.seen.bytes, total);
        let skipped = tally.skipped_total();
        prop_assert_eq!(tally.packets.frames + skipped.frames, tally.seen.frames);
        prop_assert_eq!(tally.packets.bytes + skipped.bytes, tally.seen.bytes);
        prop_assert_eq!(rows_in_bytes_and_packets(&snapshot), (tally.packets.bytes, tally.packets.frames));
        prop_assert_eq!(
            snapshot.totals.packets_out + snapshot.totals.packets_in,
            tally.packets.frames
        );
    }

    #[test]
    fn what_others_carry_is_accounted_for(list in frames(), places in prop::collection::vec(0_u16..4, 200)) {
        let mut engine = engine(100_000);
        let standings = [Standing::Counted, Standing::Counted, Standing::Within(vec![]), Standing::Repeats(vec![])];
        for (number, standing) in standings.into_iter().enumerate() {
            let info = InterfaceInfo {
                id: InterfaceId(number as u16),
                addresses: vec!["10.0.0.1".parse().unwrap()],
                counters: Some(InterfaceCounters::default()),
                standing,
                ..InterfaceInfo::default()
            };
            engine.take(Event::Interface(Timestamp::from_secs(1_000), info));
        }
        let mut counted = 0;
        for (one, place) in list.iter().zip(&places) {
            engine.take(Event::Frames(&[Frame { interface: InterfaceId(*place), ..frame(one) }]));
            counted += u64::from(*place < 2);
        }
        engine.finish();
        engine.show_all();
        let snapshot = engine.snapshot(Outside::default());
        let tally = snapshot.tally;
        let skipped = tally.skipped_total();
        prop_assert_eq!(tally.seen.frames, list.len() as u64);
        prop_assert_eq!(tally.packets.frames + skipped.frames, tally.seen.frames);
        prop_assert_eq!(tally.packets.bytes + skipped.bytes, tally.seen.bytes);
        prop_assert_eq!(rows_in_bytes_and_packets(&snapshot), (tally.packets.bytes, tally.packets.frames));
        let shown = snapshot.totals.packets_out + snapshot.totals.packets_in;
        prop_assert_eq!(shown + tally.carried.frames, tally.packets.frames);
        prop_assert!(shown <= counted);
        let rows = snapshot.rows.iter().filter(|row| row.is_carried);
        prop_assert_eq!(rows.map(|row| row.packets_out + row.packets_in).sum::<u64>(), tally.carried.frames);
        prop_assert!(tally.skipped(Skip::Carried).frames <= list.len() as u64);
    }

    #[test]
    fn the_size_of_a_batch_changes_nothing(list in frames()) {
        let expected = run(&list, 32, 100_000);
        for batch in [1, 7, 1_000] {
            let snapshot = run(&list, batch, 100_000);
            prop_assert_eq!(seen(&snapshot), seen(&expected));
            prop_assert_eq!(snapshot.tally, expected.tally);
            prop_assert_eq!(snapshot.graph, expected.graph.clone());
            prop_assert_eq!(snapshot.alerts.len(), expected.alerts.len());
        }
    }
}
