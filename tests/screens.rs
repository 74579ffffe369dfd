//! What the dashboard shows, at several sizes, and what each key changes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test"
)]

#[path = "screens/keys.rs"]
mod keys;
#[path = "screens/laws.rs"]
mod laws;
#[path = "screens/sample.rs"]
mod sample;
#[path = "screens/stage.rs"]
mod stage;

use egret::model::Command;
use egret::ui::Effect;
use stage::Stage;

#[test]
fn talkers_at_every_size() {
    for (width, height) in [(40, 8), (80, 24), (120, 40), (160, 45)] {
        let stage = Stage::new(width, height, sample::afternoon());
        insta::assert_snapshot!(format!("talkers_{width}x{height}"), stage.text());
    }
}

#[test]
fn talkers_with_owners_and_details() {
    for (width, height) in [(80, 24), (120, 40), (160, 45)] {
        let mut stage = Stage::new(width, height, sample::owned());
        stage.keys("enter");
        insta::assert_snapshot!(format!("details_{width}x{height}"), stage.text());
    }
}

#[test]
fn details_on_the_whole_screen() {
    let mut stage = Stage::new(80, 24, sample::owned());
    stage.keys("z");
    insta::assert_snapshot!("zoomed_80x24", stage.text());
}

#[test]
fn the_other_views() {
    for (key, name) in [("F3", "alerts"), ("F4", "baseline"), ("F5", "interfaces")] {
        for (width, height) in [(40, 8), (80, 24), (160, 45)] {
            let mut stage = Stage::new(width, height, sample::afternoon());
            stage.keys(key);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.text());
        }
    }
}

#[test]
fn connections_at_every_size() {
    for (width, height) in [(40, 8), (80, 24), (160, 45)] {
        let mut stage = Stage::new(width, height, sample::afternoon());
        stage.keys("F7 a j");
        insta::assert_snapshot!(format!("connections_{width}x{height}"), stage.text());
    }
    let mut stage = Stage::new(80, 24, sample::afternoon());
    stage.keys("F7 enter");
    insta::assert_snapshot!("connections_details_80x24", stage.text());
}

#[test]
fn sockets_are_listed_only_while_somebody_looks() {
    let mut stage = Stage::new(80, 24, sample::afternoon());
    stage.keys("F7 j a F2 j");
    let sent = [true, false].map(|looks| Effect::Send(Command::ListConnections(looks)));
    assert_eq!(stage.effects, sent);
}

#[test]
fn owners_as_a_tree() {
    for (width, height) in [(40, 8), (80, 24), (160, 45)] {
        let mut stage = Stage::new(width, height, sample::owned());
        stage.keys("F6");
        insta::assert_snapshot!(format!("owners_{width}x{height}"), stage.text());
        stage.keys("j enter j enter j enter");
        insta::assert_snapshot!(format!("owners_unfolded_{width}x{height}"), stage.text());
    }
}

#[test]
fn owners_fold_go_round_and_keep_what_is_unknown() {
    let mut stage = Stage::new(100, 30, sample::owned());
    stage.keys("F6 j");
    let folded = stage.text();
    assert!(folded.contains("unknown x"), "{folded}");
    stage.keys("right");
    assert_ne!(stage.text(), folded);
    // A destination folds up with its owner, which is selected then.
    stage.keys("j left");
    assert_eq!(stage.text(), folded);
    for (by, told) in
        [("unit", "app.service"), ("container", "no container"), ("user", "uid 33"), ("process", "python3")]
    {
        let text = stage.keys("v j").text();
        assert!(text.contains(&format!("OWNER by {by}")) && text.contains(told) && text.contains("unknown"), "{text}");
    }
    // The filter is the same as in Talkers, and nothing is unknown then; it is said all the same.
    let text = stage.keys("/ p i d = 4 4 1 1 enter").text();
    assert!(text.contains("nc uid 33") && !text.contains("python3"), "{text}");
    assert!(text.contains("unknown owner: 0 of 1 flows"), "{text}");
}

#[test]
fn a_destination_in_the_tree_can_be_marked() {
    let mut stage = Stage::new(100, 30, sample::owned());
    stage.keys("F6 j right j m enter enter enter");
    assert!(
        matches!(stage.effects.as_slice(), [egret::ui::Effect::Send(egret::model::Command::Mark { .. })]),
        "{:?}",
        stage.effects
    );
}

#[test]
fn the_mouse_selects_opens_sorts_scrolls_and_changes_the_view() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind as Kind};
    let mut stage = Stage::new(80, 24, sample::owned());
    let mouse = |stage: &mut Stage, kind, column, row| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        assert_eq!(egret::ui::mouse(&mut stage.app, event, &stage.snapshot), None);
    };
    let click = Kind::Down(MouseButton::Left);
    let line_of = |stage: &Stage, part: &str| stage.text().lines().position(|line| line.contains(part)).unwrap() as u16;
    let second = line_of(&stage, "paste.example.net");
    mouse(&mut stage, click, 20, second);
    assert!(stage.text().contains("▸! paste.example.net"), "{}", stage.text());
    mouse(&mut stage, Kind::ScrollDown, 20, second);
    assert!(!stage.text().contains("▸! paste.example.net"), "{}", stage.text());
    mouse(&mut stage, click, 20, second);
    mouse(&mut stage, click, 20, second);
    assert!(stage.text().contains("── paste.example.net:443"), "a second click opens the details: {}", stage.text());
    stage.keys("esc");
    let heads = line_of(&stage, "DESTINATION");
    mouse(&mut stage, click, 5, heads);
    assert!(stage.text().contains("rows by destination"), "{}", stage.text());
    mouse(&mut stage, click, 5, heads);
    assert!(stage.text().contains("by destination, reversed"), "{}", stage.text());
    // Nothing is where nothing stands, nor under what is laid over the screen.
    mouse(&mut stage, click, 5, 23);
    stage.keys("h");
    mouse(&mut stage, click, 10, 0);
    stage.keys("q");
    assert!(stage.text().contains("DESTINATION"));
    mouse(&mut stage, click, 20, 0);
    assert!(stage.text().contains("OWNER by process"), "{}", stage.text());
}

#[test]
fn what_is_laid_over_the_screen() {
    for (keys, name) in [
        ("h", "help"),
        ("m", "mark_scope"),
        ("m enter", "mark_expiry"),
        ("m enter enter b a c k u p", "mark_reason"),
        ("O", "sort"),
        ("c", "columns"),
        ("/ o u t space > space 1 X B", "filter_fault"),
        ("l d e b", "pattern"),
    ] {
        let mut stage = Stage::new(80, 24, sample::afternoon());
        stage.keys(keys);
        insta::assert_snapshot!(format!("over_{name}"), stage.text());
    }
}

#[test]
fn what_an_empty_or_unwell_screen_says() {
    insta::assert_snapshot!("idle_80x24", Stage::new(80, 24, sample::idle()).text());
    insta::assert_snapshot!("first_frame_80x24", Stage::new(80, 24, egret::snapshot::Snapshot::default()).text());
    insta::assert_snapshot!("unwell_80x24", Stage::new(80, 24, sample::unwell()).text());
    insta::assert_snapshot!("too_small_30x6", Stage::new(30, 6, sample::afternoon()).text());
}

#[test]
fn two_lines_for_each_row_and_plain_characters() {
    let mut stage = Stage::new(80, 24, sample::afternoon());
    stage.keys("t t");
    insta::assert_snapshot!("two_lines_80x24", stage.text());
    let look = egret::ui::Look { theme: egret::ui::Theme::named("mono").unwrap(), glyphs: egret::ui::Glyphs::Ascii };
    let options = egret::ui::UiOptions { look, ..stage::options() };
    let stage = Stage::with(80, 24, options, sample::afternoon());
    assert!(stage.text().is_ascii() || stage.text().contains('…'));
    insta::assert_snapshot!("ascii_80x24", stage.text());
}
