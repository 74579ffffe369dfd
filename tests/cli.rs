//! The program as a person or a script calls it: help, mistakes, exit codes, and the files made from its tables.
//!
//! `EGRET_BLESS=1 cargo test --test cli` rewrites the files in `assets/` and the tables in `README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use egret::protocol::RECOGNISERS;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use egret::cli::tables::listings;

/// The program, at home in an empty directory.
fn egret(home: &Path, args: &[&str]) -> Output {
    command(home, args).output().unwrap()
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    command.args(args).env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    command.env("COLUMNS", "100").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code 2, nothing on standard output, and a message that starts as all do; gives the message.
fn mistake(home: &Path, args: &[&str]) -> String {
    let output = egret(home, args);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(output.stdout.is_empty(), "{args:?} prints {}", text(&output.stdout));
    assert!(message.starts_with("egret: "), "{args:?}: {message}");
    assert!(!message.contains("panicked"), "{args:?}: {message}");
    message
}

/// A capture file of Ethernet frames, in microseconds.
fn pcap(frames: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for (number, frame) in frames.iter().enumerate() {
        for word in [1_700_000_000 + number as u32, 0, frame.len() as u32, frame.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(*frame);
    }
    file
}

/// A look-up, its answer, and a frame that is not IP.
fn lookup() -> Vec<u8> {
    use egret::capture::script::{Step, talk};
    let end = |ip: &str, port| egret::model::Endpoint::new(ip.parse().unwrap(), port);
    let (us, resolver) = (end("10.0.0.5", 40_000), end("10.0.0.2", 53));
    let addresses = ["192.0.2.7".parse().unwrap()];
    let steps = talk::lookup(us, resolver, "www.example.com", &addresses, egret::model::Timestamp::from_secs(1));
    let arp = [&[0xff; 6][..], &[2; 6], &[0x08, 0x06], &[0; 28]].concat();
    let frames: Vec<Vec<u8>> = steps
        .into_iter()
        .filter_map(|step| if let Step::Frame(shot) = step { Some(shot.data) } else { None })
        .chain([arp])
        .collect();
    pcap(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn file(home: &Path, name: &str, bytes: &[u8]) -> String {
    let path = home.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_and_version_go_to_standard_output() {
    let home = tempfile::tempdir().unwrap();
    for (args, part) in [
        (&["--help"][..], "Filter language:"),
        (&["-h"], "Usage: egret [OPTIONS] [FILTER]"),
        (&["--version"], concat!("egret ", env!("CARGO_PKG_VERSION"))),
        (&["flows", "--help"], "--fail-on"),
        (&["known-good", "add", "--help"], "--expires"),
    ] {
        let output = egret(home.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).contains(part) && output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn mistakes_are_told_once_with_what_to_try() {
    let home = tempfile::tempdir().unwrap();
    let garbage = file(home.path(), "garbage.pcap", b"this is not a capture file, whatever it is called");
    let empty = file(home.path(), "empty.pcap", b"");
    let short = file(home.path(), "short.pcap", &pcap(&[])[..10]);
    let missing = home.path().join("missing.pcap").to_str().unwrap().to_owned();
    for (args, part) in [
        (&["--intrface", "lo"][..], "unexpected argument '--intrface'"),
        (&["dmeo"], "try: egret demo"),
        (&["flows", "-r", &garbage], "garbage.pcap"),
        (&["flows", "-r", &empty], "empty.pcap"),
        (&["flows", "-r", &short], "short.pcap"),
        (&["flows", "-r", &missing], "No such file"),
        (&["detect", "-r", &garbage, "--json"], "garbage.pcap"),
        (&["flows", "-r", &garbage, "prto:tcp"], "did you mean `proto`?"),
        (&["known-good", "add", "192.0.2"], "192.0.2.0/24"),
        (&["baseline", "reset", "--state", "/nonexistent"], "try: egret baseline reset --yes"),
    ] {
        let message = mistake(home.path(), args);
        assert!(message.contains(part), "{args:?}: {message}");
        assert_eq!(message.matches("egret: ").count(), 1, "{args:?}: {message}");
    }
}

#[test]
fn an_unknown_interface_lists_those_there_are() {
    let home = tempfile::tempdir().unwrap();
    let message = mistake(home.path(), &["flows", "-i", "nosuch0", "--for", "1s"]);
    assert!(message.contains("nosuch0") && message.contains("lo"), "{message}");
}

#[test]
fn a_configuration_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path(), "mine.toml", b"show-bars = false\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let capture = file(home.path(), "a.pcap", &lookup());
    let message = mistake(home.path(), &["flows", "-r", &capture, "-c", &path]);
    assert!(message.contains("others can write to it (mode 0666)") && message.contains("chmod go-w"), "{message}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(egret(home.path(), &["flows", "-r", &capture, "-c", &path]).status.code(), Some(0));
    let wrong = file(home.path(), "wrong.toml", b"\nshow-bar = false\n");
    let message = mistake(home.path(), &["flows", "-r", &capture, "-c", &wrong]);
    assert!(message.contains("line 2: there is no setting `show-bar`; did you mean `show-bars`?"), "{message}");
}

#[test]
fn flows_of_a_file_in_each_form() {
    let home = tempfile::tempdir().unwrap();
    let capture = file(home.path(), "a.pcap", &lookup());
    let output = egret(home.path(), &["flows", "-r", &capture, "--json"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["type"], &lines[0]["remote_ip"]), (&"flow".into(), &"10.0.0.2".into()));
    assert_eq!(
        (&lines[0]["packets_out"], &lines[0]["packets_in"], &lines[0]["app"]),
        (&1.into(), &1.into(), &"dns".into())
    );
    assert_eq!((&lines[1]["frames"], &lines[1]["skipped"]["not_ip"]["frames"]), (&3.into(), &1.into()));
    let csv = text(&egret(home.path(), &["flows", "-r", &capture, "--csv", "--columns", "host,port,app"]).stdout);
    assert_eq!(csv, "host,port,app\r\n10.0.0.2,53,dns\r\n");
    let table = text(&egret(home.path(), &["flows", "-r", &capture]).stdout);
    assert!(table.starts_with("DESTINATION") && table.contains("skipped 1 not_ip 1"), "{table}");
    let none = text(&egret(home.path(), &["flows", "-r", &capture, "port:443", "--json"]).stdout);
    assert_eq!(none.lines().count(), 1);
}

#[test]
fn detect_says_by_its_exit_code_whether_something_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let capture = file(home.path(), "a.pcap", &lookup());
    let output = egret(home.path(), &["detect", "-r", &capture]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("nothing found in 3 frames"), "{}", text(&output.stdout));
    // Whatever is not learnt first is new.
    let output = egret(home.path(), &["detect", "-r", &capture, "--learn-for", "0s", "--json"]);
    let found = text(&output.stdout).lines().filter(|line| line.contains("\"type\":\"finding\"")).count();
    assert_eq!(output.status.code(), Some(i32::from(found > 0)), "{}", text(&output.stdout));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), &["--help"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn marks_are_added_listed_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let marks = home.path().join("known-good.toml");
    let marks = marks.to_str().unwrap();
    let run = |args: &[&str]| {
        let output = egret(home.path(), &[&["known-good"], args, &["--known-good", marks]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    run(&["add", "*.example.com", "--expires", "30d", "--reason", "our CDN"]);
    let listed: serde_json::Value = serde_json::from_str(run(&["list", "--json"]).trim()).unwrap();
    assert_eq!((&listed["covers"], &listed["reason"]), (&"*.example.com".into(), &"our CDN".into()));
    let table = run(&["list"]);
    assert!(table.contains("*.example.com") && table.contains("our CDN"), "{table}");
    run(&["remove", listed["id"].as_str().unwrap()]);
    assert_eq!(run(&["list", "--json"]), "");
    let message = mistake(home.path(), &["known-good", "remove", "nosuch", "--known-good", marks]);
    assert!(message.contains("nosuch"), "{message}");
}

#[test]
fn doctor_looks_at_everything() {
    let home = tempfile::tempdir().unwrap();
    let output = egret(home.path(), &["doctor", "--json"]);
    let parts: Vec<String> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["part"].as_str().unwrap().to_owned())
        .collect();
    for part in ["capture", "interface", "state", "known-good", "terminal", "names"] {
        assert!(parts.iter().any(|one| one == part), "{part} is missing in {parts:?}");
    }
    let output = egret(home.path(), &["doctor", "-i", "nosuch0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("there is no such interface; there are"), "{}", text(&output.stdout));
}

/// Holds what the program says beside a checked-in file.
fn same(path: &Path, now: &str) {
    if std::env::var_os("EGRET_BLESS").is_some() {
        fs::File::create(path).unwrap().write_all(now.as_bytes()).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == now, "{} is not what the program says; EGRET_BLESS=1 rewrites it", path.display());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_manual_page_the_completions_and_the_configuration_are_those_of_the_tables() {
    let home = tempfile::tempdir().unwrap();
    for (args, name) in [
        (&["man"][..], "egret.1"),
        (&["completions", "bash"], "egret.bash"),
        (&["completions", "zsh"], "_egret"),
        (&["completions", "fish"], "egret.fish"),
        (&["config", "--print-default"], "config.toml"),
    ] {
        let output = egret(home.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        same(&root().join("assets").join(name), &text(&output.stdout));
    }
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_program() {
    let path = root().join("README.md");
    let mut readme = fs::read_to_string(&path).unwrap();
    let mut shown = 0;
    for listing in listings() {
        let start = format!("<!-- table: {} -->\n", listing.id);
        let Some((before, rest)) = readme.split_once(&start) else { continue };
        let (_, after) = rest.split_once("<!-- end -->").expect("a table that ends");
        readme = format!("{before}{start}{}\n<!-- end -->{after}", listing.markdown());
        shown += 1;
    }
    assert!(shown >= 6, "only {shown} tables in the README");
    same(&path, &readme);
}

#[test]
fn the_protocols_are_listed_one_by_one() {
    let home = tempfile::tempdir().unwrap();
    let listed = text(&egret(home.path(), &["protocols", "--json"]).stdout);
    let mut ids = Vec::new();
    for line in listed.lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_text = |key: &str| one[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(is_text("group") && is_text("about") && one["ports"].is_array() && one["over"].is_array(), "{line}");
        ids.push(one["app"].as_str().unwrap().to_owned());
    }
    ids.sort_unstable();
    let mut all: Vec<_> = RECOGNISERS.iter().map(|one| one.application.id()).collect();
    all.sort_unstable();
    assert_eq!(ids, all);
    let shown = text(&egret(home.path(), &["protocols"]).stdout);
    assert!(all.iter().all(|id| shown.contains(&format!("\n  {id} "))), "{shown}");
}
