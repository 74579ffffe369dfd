//! The house rules: which room may use which, where `unsafe` may stand, how long a file may be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may use. A new edge is a reviewed line here, not an accident.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("error", &[]),
    ("sys", &["model", "error"]),
    ("capture", &["model", "error", "sys", "decode"]),
    ("decode", &["model"]),
    ("protocol", &["model"]),
    ("snapshot", &["model"]),
    ("filter", &["model", "snapshot"]),
    ("flow", &["model", "sys", "protocol", "snapshot"]),
    ("geo", &["model", "error"]),
    ("host", &["model", "error", "sys", "capture"]),
    ("baseline", &["model", "flow"]),
    ("marks", &["model", "error", "snapshot"]),
    ("detect", &["model", "protocol", "flow", "baseline", "marks", "snapshot"]),
    ("engine", &["model", "decode", "protocol", "snapshot", "flow", "geo", "baseline", "marks", "detect"]),
    ("store", &["model", "error", "baseline"]),
    ("report", &["model", "error", "snapshot", "filter"]),
    ("ui", &["model", "error", "snapshot", "filter", "capture", "sys"]),
    ("cli", &["model", "error", "snapshot", "filter", "marks", "capture", "protocol", "detect", "ui"]),
    (
        "app",
        &[
            "model", "error", "sys", "capture", "decode", "protocol", "snapshot", "filter", "flow", "geo", "host",
            "baseline", "marks", "detect", "engine", "store", "report", "ui", "cli",
        ],
    ),
    ("lib", &["app", "error"]),
    ("main", &["app"]),
];

/// Lines of code that are not tests, in one file. Tables may be longer.
const LONGEST: usize = 400;
const TABLES: &[(&str, usize)] = &[];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    found
        .into_iter()
        .map(|path| {
            let short = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let room = short.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (room, short, text)
        })
        .collect()
}

/// The part of a file before its in-file tests.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// Every `crate::room` on a line of code.
fn used_rooms(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or(line);
    code.match_indices("crate::")
        .map(|(at, word)| {
            let rest = &code[at + word.len()..];
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("")
        })
        .filter(|used| !used.is_empty())
        .collect()
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    for (room, short, text) in all() {
        let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            panic!("{short}: room `{room}` is not in the table");
        };
        for (number, line) in production(&text).lines().enumerate() {
            for used in used_rooms(line) {
                assert!(
                    used == room || may.contains(&used),
                    "src/{short}:{}: room `{room}` may not use `{used}`",
                    number + 1
                );
            }
        }
    }
}

#[test]
fn unsafe_stands_in_sys_alone() {
    for (room, short, text) in all() {
        if room == "sys" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let found = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "unsafe");
            assert!(!found, "src/{short}:{}: `unsafe` outside src/sys", number + 1);
        }
    }
}

#[test]
fn files_stay_short() {
    for (_, short, text) in all() {
        let limit = TABLES.iter().find(|(name, _)| *name == short).map_or(LONGEST, |(_, limit)| *limit);
        let lines = production(&text).lines().count();
        assert!(lines <= limit, "src/{short}: {lines} lines, at most {limit}: find the second job and give it a file");
    }
}

#[test]
fn every_file_says_its_job() {
    for (_, short, text) in all() {
        assert!(text.starts_with("//!"), "src/{short}: the first line is not a `//!` that says its one job");
    }
}
