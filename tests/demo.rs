//! The demo shows what it promises: what is normal stays dark, and what goes wrong is lit for the right reasons.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use egret::baseline::{Baseline, BaselineConfig};
use egret::capture::script::demo::{LEARN_FOR, demo};
use egret::capture::{Capture, More};
use egret::engine::{Engine, Outside, Parts};
use egret::snapshot::Snapshot;

/// The last moment of one round, all flows included.
fn round() -> Snapshot {
    let config = BaselineConfig { learn_for: LEARN_FOR, ..BaselineConfig::default() };
    let mut engine = Engine::new(Parts { baseline: Baseline::new(config), ..Parts::default() });
    engine.show_all();
    let mut source = demo(None);
    while source.read(Duration::ZERO, &mut |event| engine.take(event)).unwrap() == More::Coming {}
    engine.finish();
    engine.snapshot(Outside::default())
}

#[test]
fn what_goes_wrong_is_lit_and_what_is_normal_is_not() {
    let snapshot = round();
    let lit: BTreeSet<(String, &str)> = snapshot
        .alerts
        .iter()
        .map(|alert| (alert.finding.subject.remote.to_string(), alert.finding.detector))
        .collect();
    for expected in [
        ("203.0.113.10", "first-contact"),
        ("203.0.113.66", "first-contact"),
        ("203.0.113.66", "upload"),
        ("203.0.113.200", "first-contact"),
        ("192.0.2.70", "volume"),
        ("192.0.2.30", "new-service"),
    ] {
        assert!(lit.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} is missing in {lit:?}");
    }
    let normal = ["10.0.0.2", "10.0.0.9", "10.0.0.20", "192.0.2.80", "192.0.2.123"];
    for (remote, detector) in &lit {
        assert!(!normal.contains(&remote.as_str()) && !remote.starts_with("198.51.100."), "{detector} lights {remote}");
    }
    let worst = snapshot.rows.iter().max_by_key(|row| row.score).unwrap();
    assert_eq!(worst.remote.unwrap().ip.to_string(), "203.0.113.66", "{:?}", worst.findings);
    assert_eq!(snapshot.tally.seen.frames, snapshot.tally.packets.frames);
}
