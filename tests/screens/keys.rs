//! Triples: keys, a part of a line that must be on screen, and one that must not be. A case for every key.

use std::collections::HashSet;
use std::time::Duration;

use egret::model::{Command, Direction, Label, Scope};
use egret::snapshot::Snapshot;
use egret::ui::{Effect, KEYMAP, UiOptions, VIEWS};

use super::sample;
use super::stage::{self, Stage};

/// On the afternoon at 120×40: keys, what is there afterwards, and what is not (empty: nothing to check).
const CASES: &[(&str, &str, &str)] = &[
    // General.
    ("h", "this help", ""),
    ("?", "Talkers: keys", ""),
    ("h x", "by score", "this help"),
    ("tab tab", "STATE", "DESTINATION"),
    ("tab tab tab", "STATE   WHAT", "DESTINATION"),
    ("S-tab", "WHERE EVERY FRAME WENT", "DESTINATION"),
    ("] ] ] ]", "Known-good marks: 3", "DESTINATION"),
    ("[ ]", "DESTINATION", ""),
    ("F3 F2", "DESTINATION", "STATE   WHAT"),
    ("F3", "alert 7: first-contact", ""),
    ("F4", "*.amazonaws.com", ""),
    ("F5", "every frame is accounted for", ""),
    ("F6", "OWNER by process", "DESTINATION"),
    ("F6 v", "owners by unit", "DESTINATION"),
    ("F6 j enter", "- unknown x55", ""),
    ("F6 j enter j enter j enter", "WHY    +60", ""),
    ("F7", "REMOTE", "DESTINATION"),
    ("F7 enter", "uid 1000, inode 77001", ""),
    ("F7 l", "listen", "established"),
    ("F7 a", " sockets by out", ""),
    ("F7 O", "sorted by in", ""),
    ("F7 r", "by out, reversed", ""),
    ("F7 <", "sorted by src", ""),
    ("F7 3", "sorted by out40", ""),
    ("F7 / u d p enter", "/udp", "tcp "),
    ("F7 l 0", "everything is shown", ""),
    ("i", "every frame is accounted for", ""),
    ("!", "no shell here", ""),
    ("J", "J does nothing here: h or ? for help", ""),
    ("C-l", "by score", ""),
    // Moving: the why-line follows the selection.
    ("j j", "▸! paste.example.net:443", ""),
    ("down down down", "▸* backups.s3", ""),
    ("j j k", "▸‼ 185.220.101.7:9001", ""),
    ("j j up", "▸‼ 185.220.101.7:9001", ""),
    ("end", "▸  192.0.2.1 ", ""),
    ("G g", "▸‼ 185.220.101.7:9001", ""),
    ("G home", "▸‼ 185.220.101.7:9001", ""),
    ("pgdn", "▸  192.0.2.1 ", ""),
    ("C-f C-b", "▸‼ 185.220.101.7:9001", ""),
    ("C-f pgup", "▸‼ 185.220.101.7:9001", ""),
    ("C-d", "▸  192.0.2.1 ", ""),
    ("C-d C-u", "▸‼ 185.220.101.7:9001", ""),
    ("j enter", "WHY    +60 first contact", ""),
    ("enter enter", "by score", "WHY    +60"),
    ("j z", "WHY    +60 first contact", "DESTINATION"),
    ("j z esc", "DESTINATION", ""),
    ("F3 z", "WHY    first contact", "STATE   WHAT"),
    ("j enter esc", "▸‼", "WHY    +60"),
    ("j esc", "by score", "▸"),
    ("F3 esc", "DESTINATION", ""),
    ("F3 enter", "▸‼ 185.220.101.7:9001", "STATE   WHAT"),
    ("F3 j j enter", "▸! paste.example.net:443", ""),
    ("j j j j right", "└ :443 established", ""),
    ("j j j j right left", "by score", "└"),
    // Order.
    ("1", "by out 2s", ""),
    ("2", "sorted by out 10s", ""),
    ("3", "by out 40s", ""),
    ("<", "by source", ""),
    (">", "by destination", ""),
    ("O j enter", "sorted by out 2s", "lit rows by score"),
    ("r", "total, reversed", ""),
    ("v", "one row for each remote host", ""),
    ("v v", "443/tcp https", "paste.example.net"),
    ("v v v", "amazonaws.com", "backups.s3"),
    ("v v v v", ".0/24 x", ""),
    ("v v v v v", "unknown x55", ""),
    ("o", "FROZEN", ""),
    ("o o", "order free again", "FROZEN"),
    ("P", "PAUSED", ""),
    ("space", "PAUSED", ""),
    ("P space", "running again", "PAUSED"),
    // What is shown.
    ("/ p o r t space = space 5 3 enter", "1 row by score", "paste.example.net"),
    ("/ p o r t space = space 5 3 esc", "9 rows by score", ""),
    ("/ p o r t space = space 5 3 enter / C-u enter", "9 rows by score", ""),
    ("/ d e b enter / up up enter", "1 row by score", "paste.example.net"),
    ("/ p o r t space = enter", " v ", ""),
    ("l D E B . A N enter", "1 row by score", "paste.example.net"),
    ("l ( enter", "unclosed group", ""),
    ("f p o r t space 8 0 enter", "capture filter: port 80", ""),
    ("j x", "hidden: 185.220.101.7:9001", "‼ 185.220"),
    ("j x 0", "everything is shown", ""),
    ("j j +", "only paste.example.net:443", "‼ 185.220"),
    ("0", "nothing was hidden", ""),
    ("K", "+1 known-good flow hidden (K), 1.90GB out", "backups.s3"),
    ("K K", "known-good rows shown", "hidden (K)"),
    ("e", "egress only", ">:443"),
    ("e e", "flows opened by others too", "egress only"),
    ("'", "only what came after 12:04:31", "paste.example.net"),
    ("' '", "what was there before, too", "hidden by"),
    // Judging.
    ("m", "Known-good: what?", ""),
    ("j m", "1 row and 1 alert become quiet; covers 1 flow", ""),
    ("j j m down down down", "*.paste.example.net", ""),
    ("m enter", "30 days", ""),
    ("m enter enter", "why?", ""),
    ("m esc", "by score", "Known-good:"),
    ("j m enter enter enter", "marked tcp 185.220.101.7:9001: 1 row and 1 alert become quiet", ""),
    ("M", "nothing was marked yet in this run: m", ""),
    ("j m enter enter enter j M", "marked tcp 203.0.113.77:443", ""),
    ("U", "taking back the last mark", ""),
    ("F4 j del", "no longer known-good: *.amazonaws.com", ""),
    ("F3 a", "acknowledged: first-contact", ""),
    ("F3 j j Z", "quiet for an hour: volume", ""),
    ("F3 m", "Known-good: what?", ""),
    // Display.
    ("n", "reverse DNS on", ""),
    ("n n", "203.0.113.77:443", "paste.example.net"),
    ("n n n", "as seen on the wire", ""),
    ("N", "paste.example.net:https", ""),
    ("s", "our side: added up", ""),
    ("d", "SOURCE", "DESTINATION"),
    ("S", "55 rows by score", "x24"),
    ("D", "paste.example.net sni", "paste.example.net:443"),
    ("p", "all ports: shown", "x24"),
    ("p p", "all ports: added up", ":443"),
    ("t", "what is received", "OUT 2s"),
    ("t t", "<= 10.0.0.5", ""),
    ("t t t", "both ways 10s", ""),
    ("T", "totals hidden", "60.1MB  "),
    ("b", "bars off", "├0b"),
    ("B", "bars: 40s average", ""),
    ("L", "logarithmic bars", "12.5Mb┤"),
    ("u", "6.01MB", "48.1Mb"),
    ("c j j j enter esc", "LOCAL", ""),
    ("C", "theme: light", ""),
    ("R", "R again resets", ""),
    ("j y", "copied", ""),
];

#[test]
fn each_key_does_what_its_help_says() {
    let mut wrong = Vec::new();
    for (keys, there, absent) in CASES {
        let mut stage = Stage::new(120, 40, sample::afternoon());
        stage.keys(keys);
        let text = stage.text();
        if !text.contains(there) {
            wrong.push(format!("`{keys}`: `{there}` is not on\n{text}"));
        }
        if !absent.is_empty() && text.contains(absent) {
            wrong.push(format!("`{keys}`: `{absent}` is still on\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_of_the_table_has_a_case() {
    // These leave or pause the program, or are cases of their own below.
    let elsewhere = ["q", "Q", "C-c", "C-t", "C-z"];
    let pressed: HashSet<&str> = CASES.iter().flat_map(|(keys, _, _)| keys.split(' ')).chain(elsewhere).collect();
    for binding in KEYMAP {
        assert!(pressed.contains(binding.key), "no case presses {}", binding.key);
    }
    assert_eq!(VIEWS.len(), 6);
}

fn effects(keys: &str) -> Vec<Effect> {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys(keys);
    stage.effects
}

#[test]
fn keys_ask_the_engine_for_what_they_say() {
    let service =
        Scope::Service { protocol: egret::model::Protocol::TCP, host: sample::ip("185.220.101.7"), port: 9_001 };
    let mark = |scope: &Scope, lasting, reason: Option<&str>| {
        let (scope, reason) = (scope.clone(), reason.map(Label::new));
        Effect::Send(Command::Mark { scope, lasting, reason, by: Label::new("anna") })
    };
    let month = Some(Duration::from_hours(30 * 24));
    let cases = [
        ("q", vec![Effect::Quit { keep: false }]),
        ("C-c", vec![Effect::Quit { keep: false }]),
        ("Q", vec![Effect::Quit { keep: true }]),
        ("C-z", vec![Effect::Suspend]),
        ("C-l", vec![Effect::Repaint]),
        ("C-t C-t", vec![Effect::Mouse(true), Effect::Mouse(false)]),
        ("m enter enter enter", vec![mark(&service, month, None)]),
        ("m enter down enter o k enter", vec![mark(&service, None, Some("ok"))]),
        (
            "m down enter up up enter enter",
            vec![mark(&Scope::Host(sample::ip("185.220.101.7")), Some(Duration::from_hours(1)), None)],
        ),
        ("U", vec![Effect::Send(Command::Undo)]),
        ("F4 j del", vec![Effect::Send(Command::Unmark(Label::new("k1")))]),
        ("F3 a", vec![Effect::Send(Command::Acknowledge(7))]),
        ("F3 j j Z", vec![Effect::Send(Command::Snooze(8, Duration::from_hours(1)))]),
        ("R", vec![]),
        ("R R", vec![Effect::Send(Command::ResetTotals)]),
        ("n", vec![Effect::Send(Command::ResolveNames(true))]),
        ("n n", vec![Effect::Send(Command::ResolveNames(true)), Effect::Send(Command::ResolveNames(false))]),
        ("f t c p enter", vec![Effect::Send(Command::CaptureFilter("tcp".to_owned()))]),
        ("f t c p esc", vec![]),
        ("P", vec![]),
    ];
    for (keys, expected) in cases {
        assert_eq!(effects(keys), expected, "`{keys}`");
    }
    assert!(matches!(effects("j y").as_slice(), [Effect::Copy(text)] if text.contains("185.220.101.7:9001/tcp")));
}

#[test]
fn the_selection_stays_with_its_row_when_the_order_changes() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("j j");
    let mut next = sample::afternoon();
    next.rows.reverse();
    next.rows.iter_mut().for_each(|row| row.score = 0);
    next.seq += 1;
    stage.app.tick(100);
    stage.observe(next);
    assert!(stage.line("▸").unwrap().contains("paste.example.net"));
}

#[test]
fn a_row_that_goes_hands_the_selection_to_its_neighbour_and_says_so() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("j j");
    let mut next = sample::afternoon();
    next.rows.remove(1);
    stage.observe(next);
    assert!(stage.line("▸").unwrap().contains("backups.s3"), "{}", stage.text());
    assert!(stage.text().contains("its neighbour is selected"));
}

#[test]
fn rows_keep_still_for_two_seconds_after_the_cursor_moved() {
    let mut busier = sample::afternoon();
    busier.rows[5].score = 99;
    let first_row = |stage: &Stage| stage.text().lines().nth(10).unwrap().to_owned();
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("j j");
    stage.observe(busier.clone());
    assert!(first_row(&stage).contains("185.220.101.7"), "{}", stage.text());
    stage.app.tick(21);
    stage.observe(busier);
    assert!(first_row(&stage).contains("api.example.com"), "{}", stage.text());
}

#[test]
fn a_frozen_order_hides_new_rows_and_says_how_much_they_send() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("o");
    let mut next = sample::afternoon();
    let new = sample::flow(1, "203.0.113.200", 80, egret::model::Protocol::TCP);
    next.rows.push(sample::busy(new, [9_000_000; 3], 0, 5_000_000, 0));
    stage.observe(next);
    assert!(stage.text().contains("+1 row hidden since the freeze (o), 5.00MB out"), "{}", stage.text());
    assert!(!stage.text().contains("203.0.113.200"));
    stage.keys("o");
    assert!(stage.text().contains("203.0.113.200"));
}

#[test]
fn notices_go_after_two_seconds() {
    let mut stage = Stage::new(80, 24, sample::afternoon());
    stage.keys("C");
    assert!(stage.text().contains("theme: light"));
    assert!(!stage.app.tick(19) && stage.text().contains("theme: light"));
    assert!(stage.app.tick(20) && !stage.text().contains("theme: light"));
}

#[test]
fn a_closed_flow_of_an_alert_is_said_to_be_closed() {
    let mut snapshot = sample::afternoon();
    snapshot.rows.remove(0);
    let mut stage = Stage::new(120, 40, snapshot);
    stage.keys("F3 enter");
    assert!(stage.text().contains("its flow is closed"));
}

#[test]
fn going_to_the_flow_of_an_alert_takes_filters_away_that_hide_it() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("/ d e b enter F3 enter");
    assert!(stage.line("▸").unwrap().contains("185.220.101.7:9001"));
}

#[test]
fn a_faulty_filter_leaves_the_last_good_one_in_force() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    stage.keys("/ d e b enter / space ( enter");
    assert!(stage.text().contains("1 row by score"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.text().contains("1 row by score"));
}

#[test]
fn filters_given_at_the_start_are_in_force_and_faults_in_them_are_said() {
    let options = UiOptions { filter: "deb".to_owned(), ..stage::options() };
    assert!(Stage::with(120, 40, options, sample::afternoon()).text().contains("1 row by score"));
    let options = UiOptions { filter: "port =".to_owned(), ..stage::options() };
    let stage = Stage::with(120, 40, options, sample::afternoon());
    assert!(stage.text().contains("filter: ") && stage.text().contains("9 rows by score"), "{}", stage.text());
}

#[test]
fn what_is_pasted_goes_into_the_line_and_nowhere_else() {
    let mut stage = Stage::new(120, 40, sample::afternoon());
    egret::ui::paste(&mut stage.app, "qQ", &stage.snapshot);
    assert!(stage.text().contains("9 rows by score"));
    stage.keys("/");
    egret::ui::paste(&mut stage.app, "deb\u{1b}\n", &stage.snapshot);
    assert!(stage.text().contains("/deb\\u{1b}"), "{}", stage.text());
}

#[test]
fn help_and_quit_are_on_screen_at_every_width() {
    for width in (40..200).step_by(7) {
        for keys in ["", "F3", "F4", "F5", "C"] {
            let mut stage = Stage::new(width, 24, sample::owned());
            stage.keys(keys);
            assert!(stage.text().trim_end().ends_with("h help  q quit"), "{width} {keys}\n{}", stage.text());
        }
    }
}

#[test]
fn colour_says_how_bad_it_is_and_nothing_else() {
    use ratatui::style::Color;
    let stage = Stage::new(120, 40, sample::afternoon());
    let buffer = stage.buffer();
    let style = |part: &str| {
        let y = stage.text().lines().position(|line| line.contains(part)).unwrap() as u16;
        buffer[(4, y)].fg
    };
    assert_eq!(style("185.220.101.7:9001"), Color::LightRed);
    assert_eq!(style("paste.example.net"), Color::Yellow);
    assert_eq!(style("mirror.example.org"), Color::Reset);
}

#[test]
fn without_colour_no_cell_has_one_and_the_selection_still_shows() {
    use ratatui::style::{Color, Modifier};
    let look = egret::ui::Look::suited(Some("1"), None);
    for keys in ["j", "m", "h", "F3 j", "F5", "/ x"] {
        let mut stage = Stage::with(120, 40, UiOptions { look, ..stage::options() }, sample::unwell());
        stage.keys(keys);
        let buffer = stage.buffer();
        assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{keys}");
        assert!(buffer.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "{keys}");
    }
}

#[test]
fn an_own_server_s_clients_are_one_row_each() {
    let stage = Stage::new(120, 40, sample::afternoon());
    assert!(stage.snapshot.rows.iter().filter(|row| row.direction == Direction::In).count() == 24);
    assert!(stage.line("192.0.2.61 >:443 x24").is_some());
}

#[test]
fn a_burst_among_many_short_runs_stands_first_and_says_what_where_and_why() {
    let stage = Stage::new(80, 24, sample::owned());
    let text = stage.text();
    let first = text.lines().nth(7).unwrap();
    assert!(
        first.contains("‼ 185.220.101.7:9001") && first.contains("60.1MB") && first.contains("first-contact"),
        "{text}"
    );
    assert!(text.contains("‼ nc: first contact with 185.220.101.7:9001: sent 60.1 MB"), "{text}");
}

#[test]
fn an_empty_snapshot_is_drawn_in_every_view() {
    for view in VIEWS {
        let mut stage = Stage::new(80, 24, Snapshot::default());
        stage.keys(view.key).keys("j k enter m U del a Z G g pgdn x + right left y");
        assert!(stage.text().contains("h help  q quit"));
    }
}
