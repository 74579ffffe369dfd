//! What a command line means.

use std::path::{Path, PathBuf};

use super::job::{
    Backend, Baseline, Counting, Form, KnownGood, LineDisplay, PortDisplay, Source, Speed, TextMode, Theme,
};
use super::*;
use crate::model::Scope;
use crate::snapshot::{Grouping, Unit};

/// Places where nothing is.
fn places() -> Places {
    Places {
        configs: vec![PathBuf::from("/nonexistent/config.toml")],
        state: PathBuf::from("/nonexistent/state"),
        known_good: PathBuf::from("/nonexistent/known-good.toml"),
        geo: Vec::new(),
        who: vec![0],
    }
}

fn parsed(line: &str) -> Result<Job, Error> {
    parse(std::iter::once("egret").chain(line.split_whitespace()).map(OsString::from), &places())
}

fn dashboard(line: &str) -> (job::Setup, job::Display) {
    match parsed(line) {
        Ok(Job::Dashboard(setup, display)) => (setup, display),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    page::command().debug_assert();
}

#[test]
fn every_setting_is_an_option_too() {
    let command = page::command();
    for setting in SETTINGS.iter().filter(|setting| setting.key != "filter") {
        let option = command.get_arguments().find(|arg| arg.get_long() == Some(setting.key));
        assert!(option.is_some(), "--{} is missing", setting.key);
    }
}

#[test]
fn a_switch_of_the_configuration_can_be_turned_off() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"use-bytes = true\nno-curses = true\nshow-bars = false\n").unwrap();
    let who = std::os::unix::fs::MetadataExt::uid(&file.as_file().metadata().unwrap());
    let places = Places { configs: vec![file.path().to_owned()], who: vec![who], ..places() };
    let parsed = |line: &str| {
        parse(std::iter::once("egret").chain(line.split_whitespace()).map(OsString::from), &places).unwrap()
    };
    assert!(matches!(parsed(""), Job::Text(_, display, _) if display.unit == Unit::Bytes && !display.bars));
    let off = parsed("--no-curses=no --use-bytes=no --show-bars");
    assert!(matches!(off, Job::Dashboard(_, display) if display.unit == Unit::Bits && display.bars));
}

#[test]
fn alone_it_opens_the_dashboard_on_the_default_route() {
    let (setup, display) = dashboard("");
    let source = Source::Live { interfaces: vec![], backend: Backend::Auto, promiscuous: false, filter: String::new() };
    assert_eq!(setup.source, source);
    assert_eq!(setup.state.as_deref(), Some(Path::new("/nonexistent/state")));
    assert_eq!((setup.resolve, setup.learn_for), (false, Duration::from_hours(24)));
    assert_eq!((display.unit, display.lines, display.bars), (Unit::Bits, LineDisplay::OneLineSent, true));
    assert!(display.filter.is_everything());
}

#[test]
fn the_letters_of_iftop_keep_their_meaning() {
    let (setup, display) =
        dashboard("-i eth0 -i wg0 -f udp -F 10.0.0.0/255.0.0.0 -G 2001:db8::/32 -n -N -p -P -b -B -l -m 10M -o 40s");
    let source = Source::Live {
        interfaces: vec!["eth0".into(), "wg0".into()],
        backend: Backend::Auto,
        promiscuous: true,
        filter: "udp".into(),
    };
    assert_eq!(setup.source, source);
    assert_eq!(setup.boundary.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "2001:db8::/32"]);
    assert!(!setup.resolve && !display.port_names && !display.bars && display.link_local);
    assert_eq!((display.ports, display.unit, display.max_bandwidth), (PortDisplay::On, Unit::Bytes, Some(10_000_000)));
    assert_eq!(display.sort.map(|sort| (sort.field.id, sort.descending)), Some(("out40", true)));
}

#[test]
fn text_mode_has_its_time_and_its_lines() {
    let Ok(Job::Text(_, _, mode)) = parsed("-t -s 5 -L 20") else { panic!() };
    assert_eq!(mode, TextMode { once_after: Some(Duration::from_secs(5)), lines: Some(20) });
    assert!(parsed("-s 5").is_err() && parsed("-L 5").is_err());
}

fn file(path: &str, speed: Speed, filter: &str) -> Source {
    Source::File { path: path.into(), speed, filter: filter.into() }
}

#[test]
fn a_capture_file_goes_through_the_capture_filter() {
    let (setup, _) = dashboard("-r /x.pcap -f udp");
    assert_eq!(setup.source, file("/x.pcap", Speed::Max, "udp"));
}

#[test]
fn a_capture_file_leaves_nothing_behind_unless_told() {
    let (setup, _) = dashboard("-r /x.pcap");
    assert_eq!(setup.source, file("/x.pcap", Speed::Max, ""));
    assert_eq!((setup.state, setup.known_good), (None, None));
    let (setup, _) = dashboard("-r /x.pcap --speed 10 --state /s --known-good /k.toml --count ip --max-flows 7");
    assert_eq!(setup.source, file("/x.pcap", Speed::Times(10.0), ""));
    assert_eq!((setup.state, setup.known_good), (Some("/s".into()), Some("/k.toml".into())));
    assert_eq!((setup.counting, setup.max_flows), (Counting::Ip, 7));
    assert!(parsed("-r /x.pcap -i eth0").is_err() && parsed("--speed 2").is_err());
}

#[test]
fn words_after_the_options_are_a_filter() {
    let (_, display) = dashboard("-n out > 10MB and !known sort:port-asc");
    assert_eq!(display.filter.text(), "out > 10MB and !known sort:port-asc");
    assert_eq!(display.sort.map(|sort| sort.field.id), Some("port"));
    let why = parsed("tls prto:tcp").unwrap_err();
    assert!(why.why.contains("did you mean `proto`?") && why.why.ends_with("    tls prto:tcp\n        ^"), "{why}");
}

#[test]
fn a_mistyped_command_is_not_taken_for_a_filter() {
    let why = parsed("dmeo").unwrap_err();
    assert!(why.hint.starts_with("egret demo"), "{why}");
    let (_, display) = dashboard("\"dmeo\"");
    assert_eq!(display.filter.text(), "\"dmeo\"");
    dashboard("curl");
}

#[test]
fn the_commands_give_their_jobs() {
    let Ok(Job::Flows(setup, flows)) = parsed("flows -r /x.pcap --json --by host --fail-on found port:443") else {
        panic!()
    };
    assert_eq!(setup.source, file("/x.pcap", Speed::Max, ""));
    assert_eq!((flows.form, flows.by, flows.fail_on_found), (Form::Json, Grouping::Host, true));
    assert_eq!((flows.filter.text(), flows.listen_for), ("port:443", None));
    let Ok(Job::Flows(_, flows)) = parsed("flows -i eth0 --csv") else { panic!() };
    assert_eq!((flows.form, flows.listen_for), (Form::Csv, Some(Duration::from_secs(10))));
    let Ok(Job::Detect(_, detect)) = parsed("detect -r /x.pcap --json") else { panic!() };
    assert!(detect.json);
    let Ok(Job::Dashboard(setup, display)) = parsed("demo --theme mono") else { panic!() };
    assert_eq!((setup.source, display.theme), (Source::Demo { speed: Speed::Times(1.0) }, Theme::Mono));
    assert_eq!((setup.state, setup.known_good), (None, None));
    let Ok(Job::Doctor(doctor)) = parsed("doctor -i eth0") else { panic!() };
    assert_eq!(doctor.interfaces, ["eth0"]);
    let Ok(Job::KnownGood(file, KnownGood::Add { scope, lasting, .. })) =
        parsed("known-good add 192.0.2.7 --expires 30d")
    else {
        panic!()
    };
    assert_eq!(file, places().known_good);
    assert_eq!((scope, lasting), (Scope::Host("192.0.2.7".parse().unwrap()), Some(Duration::from_hours(720))));
    let Ok(Job::Baseline(state, Baseline::Reset { sure: false })) = parsed("baseline reset") else { panic!() };
    assert_eq!(state, places().state);
}

#[test]
fn what_prints_and_ends_is_text() {
    for (line, part) in [
        ("--help", "Filter language"),
        ("-h", "Exit codes"),
        ("--version", env!("CARGO_PKG_VERSION")),
        ("flows --help", "--fail-on"),
        ("completions bash", "_egret"),
        ("man", "FILTER LANGUAGE"),
        ("config --print-default", "# show-bars = true"),
    ] {
        let Ok(Job::Print(text)) = parsed(line) else { panic!("{line}") };
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn mistakes_say_what_is_wrong_and_what_to_try() {
    for (line, part) in [
        ("--intrface eth0", "unexpected argument '--intrface'"),
        ("-m fast", "`fast` is not a bandwidth"),
        ("-o scoer", "did you mean `score`?"),
        ("--theme drak", "invalid value 'drak'"),
        ("flows --by hots", "did you mean `host`?"),
        ("flows --json --csv", "cannot be used with"),
        ("detect", "--read <FILE>"),
        ("known-good add 192.0.2", "is none of 192.0.2.7, 192.0.2.0/24"),
        ("-c /nonexistent/x.toml", "cannot read /nonexistent/x.toml"),
        ("--screen-filter (", "not a regular expression"),
        ("completions ksh", "invalid value 'ksh'"),
        ("--learn-for soon", "is not a span of time"),
    ] {
        let why = parsed(line).expect_err(line);
        assert!(why.to_string().contains(part), "{line}: {why}");
        assert_eq!(why.exit, crate::error::exit::ERROR);
    }
}
