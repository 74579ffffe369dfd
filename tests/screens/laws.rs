//! Laws: nothing that is pressed, on anything that is seen, at any size, makes the dashboard panic.

use std::time::Duration;

use egret::model::{Direction, Label, NameSource, Protocol, Severity, Timestamp, Value};
use egret::snapshot::{Grouping, Row, Snapshot};
use egret::ui::{Glyphs, KEYMAP, Look, THEMES, UiOptions};
use proptest::prelude::*;

use super::sample;
use super::stage::{self, Stage, event};

/// What can happen to a dashboard.
#[derive(Clone, Debug)]
enum Step {
    Key(usize),
    Letter(char),
    Paste(String),
    Size(u16, u16),
    Snapshot(Box<Snapshot>),
    Tick(u64),
}

fn row() -> impl Strategy<Value = Row> {
    let ends = (any::<[u8; 4]>(), any::<u16>(), any::<u16>(), prop_oneof![Just(6_u8), Just(17), Just(1), any::<u8>()]);
    let counts = (any::<u64>(), any::<u64>(), 0_u64..1 << 40, any::<u8>(), any::<u64>());
    let words = (prop::option::of(".{0,40}"), 0..5_usize, prop::option::of(".{0,60}"));
    (ends, counts, words).prop_map(
        |((host, port, local, protocol), (out, back, rate, score, at), (name, direction, why))| {
            let host = std::net::IpAddr::from([host[0] % 3, 0, 0, host[3] % 8]).to_string();
            let mut row = sample::flow(local % 16, &host, port % 16, Protocol::from_number(protocol));
            row.direction =
                [Direction::Out, Direction::In, Direction::Local, Direction::Transit, Direction::Unknown][direction];
            (row.wire_bytes_out, row.wire_bytes_in) = (out >> 16, back >> 16);
            (row.rates_out.s2, row.rates_out.s10, row.rates_in.s40) = (rate, rate / 3, rate / 7);
            row.spark[usize::from(local) % 20] = u32::try_from(rate % 1_000).unwrap();
            (row.first, row.last) = (Timestamp::from_nanos(at / 2), Timestamp::from_nanos(at));
            if let Some(name) = name {
                row = sample::named(row, &name, NameSource::Dns, "tls");
            }
            if let Some(why) = why {
                row = sample::lit(
                    row,
                    &[("first-contact", Severity::Medium, score, &why), ("volume", Severity::Info, 0, "")],
                );
            }
            row
        },
    )
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let rows = prop::collection::vec(row(), 0..30);
    let graph = prop::collection::vec((any::<u64>(), any::<u64>()), 0..400);
    (rows, graph, any::<[bool; 5]>(), any::<u32>()).prop_map(|(mut rows, graph, is, count)| {
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows.dedup_by(|a, b| a.id == b.id);
        let full = sample::unwell();
        Snapshot {
            seq: u64::from(count % 3),
            at: sample::NOW.plus(Duration::from_secs(count.into())),
            since: sample::NOW,
            rows,
            graph,
            hidden_flows: count.into(),
            alerts: if is[0] { full.alerts.clone() } else { Vec::new() },
            marks: if is[1] { full.marks.clone() } else { Vec::new() },
            health: if is[2] { full.health.clone() } else { Vec::new() },
            progress: is[3].then(|| f64::from(count) / f64::from(u32::MAX)),
            ended: is[4],
            ..full
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..KEYMAP.len()).prop_map(Step::Key),
        4 => any::<char>().prop_map(Step::Letter),
        1 => ".{0,30}".prop_map(Step::Paste),
        1 => (0_u16..200, 0_u16..60).prop_map(|(width, height)| Step::Size(width, height)),
        1 => snapshot().prop_map(|snapshot| Step::Snapshot(Box::new(snapshot))),
        1 => (0_u64..60).prop_map(Step::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(first in snapshot(), steps in prop::collection::vec(step(), 1..60), theme in 0..THEMES.len(), plain: bool, by in 0..5_usize) {
        let glyphs = if plain { Glyphs::Ascii } else { Glyphs::Unicode };
        let look = Look { theme: THEMES[theme], glyphs };
        let options = UiOptions { look, grouping: Grouping::ALL[by], ..stage::options() };
        let mut stage = Stage::with(80, 24, options, first);
        let mut tick = 0;
        for step in steps {
            match step {
                Step::Key(at) => stage.press(event(KEYMAP[at].key)),
                Step::Letter(c) => stage.press(event(&c.to_string())),
                Step::Paste(text) => egret::ui::paste(&mut stage.app, &text, &stage.snapshot),
                Step::Size(width, height) => stage.resize(width, height),
                Step::Snapshot(snapshot) => _ = stage.observe(*snapshot),
                Step::Tick(by) => {
                    tick += by;
                    stage.app.tick(tick);
                }
            }
            let text = stage.text();
            prop_assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
        }
    }
}

#[test]
fn one_cell_is_enough_to_be_told_that_it_is_too_small() {
    for (width, height) in [(0, 0), (1, 1), (2, 1), (1, 5), (39, 8), (40, 7), (5, 200), (300, 3)] {
        let stage = Stage::new(width, height, sample::unwell());
        assert_eq!(stage.text().lines().count(), usize::from(height));
    }
    assert!(Stage::new(39, 8, sample::afternoon()).text().contains("needs 40x8"));
    assert!(Stage::new(40, 8, sample::afternoon()).text().contains("185.22"));
}

#[test]
fn what_hosts_call_themselves_cannot_steer_the_terminal() {
    let mut snapshot = sample::afternoon();
    let hostile = "\u{1b}]0;PWN\u{7}\u{202e}moc.knab\u{9b}31m\r\n\t";
    snapshot.rows[1] = sample::named(snapshot.rows[1].clone(), hostile, NameSource::Sni, "tls");
    snapshot.rows[1].findings.clear();
    for keys in ["", "j j enter", "j j m", "F3", "v", "v v v"] {
        let mut stage = Stage::new(160, 45, snapshot.clone());
        stage.keys(keys);
        let text = stage.text();
        assert!(!text.chars().any(|c| (c != '\n' && c.is_control()) || c == '\u{202e}'), "{text}");
    }
    assert_eq!(Value::Text(Label::new("a\u{1b}b")).text(), "a\\u{1b}b");
}
