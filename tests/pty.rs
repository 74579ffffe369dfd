//! The dashboard on a real terminal: whatever ends it, the terminal is as it was before.
//!
//! Each test runs this very program again, on a pseudo-terminal, as `the_dashboard`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test"
)]

#[path = "screens/sample.rs"]
#[expect(dead_code, reason = "the other tests use more of it")]
mod sample;
#[path = "pty/terminal.rs"]
mod terminal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use egret::capture::wall::Stopwatch;
use egret::model::Command;
use egret::snapshot::{Published, Snapshot};
use egret::sys::Wake;
use egret::ui::{self, UiOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use terminal::Pty;

/// Set in the environment of the program on the pseudo-terminal: how it is to behave.
const ROLE: &str = "EGRET_PTY_ROLE";

/// Not a test of its own: what the others run on a terminal.
#[test]
#[ignore = "the other tests run it on a terminal of its own"]
fn the_dashboard() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let stop = Arc::new(AtomicBool::new(false));
    let deaf = Arc::new(AtomicBool::new(false));
    let wake = Wake::new().unwrap();
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        let flag = if role == "deaf" { &deaf } else { &stop };
        signal_hook::flag::register(signal, Arc::clone(flag)).unwrap();
        wake.wake_on(signal).unwrap();
    }
    let published = Arc::new(Published::default());
    if role != "empty" {
        published.offer(Arc::new(Snapshot { ..sample::afternoon() })).unwrap();
    }
    let (send, receive) = crossbeam_channel::bounded(8);
    let engine = std::thread::spawn(move || {
        while let Ok(command) = receive.recv() {
            assert!(command != Command::Undo, "the engine has failed");
        }
    });
    let options = UiOptions { zone: Some(jiff::tz::TimeZone::UTC), ..UiOptions::default() };
    let door = ui::Door { published, commands: send, engine: Wake::new().unwrap(), wake, stop: Arc::clone(&stop) };
    let end = ui::run(door, options);
    let _ = engine.join();
    println!("ended {} {}", end.is_ok(), stop.load(Ordering::SeqCst));
    end.unwrap();
}

fn start(role: &str) -> Pty {
    let arguments = ["the_dashboard", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
    Pty::start(&std::env::current_exe().unwrap(), &arguments, &[(ROLE, role)])
}

/// On screen, with the terminal taken over.
fn shown(pty: &mut Pty) {
    pty.wait_for("h help  q quit");
    assert!(pty.screen().alternate_screen() && pty.screen().hide_cursor() && pty.screen().bracketed_paste());
    assert_ne!(pty.settings(), pty.before, "raw mode changes the settings");
}

/// As it was: settings, screen, cursor, paste.
fn restored(pty: &Pty) {
    let screen = pty.screen();
    assert_eq!(pty.settings(), pty.before, "the settings of the terminal");
    assert!(!screen.alternate_screen(), "the alternate screen");
    assert!(!screen.hide_cursor(), "the cursor");
    assert!(!screen.bracketed_paste(), "bracketed paste");
}

#[test]
fn q_quits_at_once_and_restores_the_terminal() {
    let mut pty = start("normal");
    shown(&mut pty);
    assert!(pty.text().contains("185.220.101.7:9001"));
    let clock = Stopwatch::start();
    pty.write(b"q");
    let code = pty.wait_for_end();
    let took = clock.elapsed();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(1), "{took:?}");
    println!("q took {took:?}");
    restored(&pty);
    assert!(pty.text().contains("ended true"));
}

#[test]
fn shift_q_leaves_the_last_screen() {
    let mut pty = start("normal");
    shown(&mut pty);
    pty.write(b"Q");
    assert_eq!(pty.wait_for_end(), 0);
    restored(&pty);
    assert!(pty.text().contains("185.220.101.7:9001"), "{}", pty.text());
}

#[test]
fn the_first_frame_needs_no_snapshot() {
    let mut pty = start("empty");
    shown(&mut pty);
    assert!(pty.text().contains("Opening the capture"));
    pty.write(b"q");
    assert_eq!(pty.wait_for_end(), 0);
    restored(&pty);
}

#[test]
fn signals_end_it_and_restore_the_terminal() {
    for signal in ["TERM", "HUP", "INT"] {
        let mut pty = start("normal");
        shown(&mut pty);
        pty.signal(signal);
        assert_eq!(pty.wait_for_end(), 0, "{signal}");
        restored(&pty);
        assert!(pty.text().contains("ended true true"), "{signal}: {}", pty.text());
    }
}

#[test]
fn a_panic_anywhere_restores_the_terminal_and_ends_it() {
    let mut pty = start("normal");
    shown(&mut pty);
    pty.write(b"U");
    assert_ne!(pty.wait_for_end(), 0);
    restored(&pty);
    assert!(pty.text().contains("the engine has failed"), "{}", pty.text());
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let mut pty = start("normal");
    shown(&mut pty);
    pty.resize(120, 40);
    pty.wait_for("IN 10s");
    pty.resize(30, 5);
    pty.wait_for("needs 40x8");
    pty.resize(80, 24);
    pty.wait_for("TOTAL cum");
    pty.write(b"q");
    assert_eq!(pty.wait_for_end(), 0);
    restored(&pty);
}

#[test]
fn more_keys_than_fit_one_read_are_all_taken_and_so_is_one_beside_a_change_of_size() {
    let mut pty = start("normal");
    shown(&mut pty);
    pty.write(&[b'j'; 3000]);
    pty.write(b"h");
    pty.wait_for("Talkers: keys");
    pty.resize(100, 30);
    pty.write(b"qq");
    assert_eq!(pty.wait_for_end(), 0);
    restored(&pty);
}

#[test]
fn it_can_be_suspended_and_comes_back() {
    for by_key in [true, false] {
        let mut pty = start("normal");
        shown(&mut pty);
        if by_key {
            pty.write(&[0x1a]);
        } else {
            pty.signal("TSTP");
        }
        pty.wait_until_stopped();
        pty.wait_until(|pty| !pty.screen().alternate_screen());
        restored(&pty);
        pty.signal("CONT");
        pty.wait_until(|pty| pty.screen().alternate_screen());
        shown(&mut pty);
        pty.write(b"q");
        assert_eq!(pty.wait_for_end(), 0);
        restored(&pty);
    }
}

#[test]
fn it_ends_when_the_terminal_is_gone_even_if_nobody_tells_it() {
    for role in ["normal", "deaf"] {
        let mut pty = start(role);
        shown(&mut pty);
        let clock = Stopwatch::start();
        let pid = pty.pid();
        pty.hang_up(b"C");
        terminal::wait_until_gone(pid);
        assert!(clock.elapsed() < Duration::from_secs(2), "{role}: {:?}", clock.elapsed());
    }
}

#[test]
fn what_is_copied_goes_to_the_terminal_and_pastes_are_not_keys() {
    let mut pty = start("normal");
    shown(&mut pty);
    pty.write(b"\x0c");
    pty.write(b"y");
    pty.wait_until(|pty| pty.raw().windows(7).any(|bytes| bytes == b"\x1b]52;c;"));
    pty.write(b"\x1b[200~qqq\x1b[201~?");
    pty.wait_for("Talkers: keys");
    pty.write(b"qq");
    assert_eq!(pty.wait_for_end(), 0);
    restored(&pty);
}

#[test]
fn without_a_terminal_it_says_so() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["the_dashboard", "--exact", "--ignored", "--nocapture"]).env(ROLE, "normal");
    // `setsid` takes the controlling terminal away, so that there is no /dev/tty either.
    let mut command = {
        let mut with = std::process::Command::new("setsid");
        with.arg("--wait").arg(command.get_program()).args(command.get_args()).env(ROLE, "normal");
        with
    };
    let done = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success());
    assert!(text.contains("no terminal") && text.contains("egret -t"), "{text}");
}
