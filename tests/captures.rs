//! Every capture at hand, read whole: counts equal to those of other programs.
//!
//! The captures lie in the folder that the environment variable `EGRET_CAPTURES` names. They are not part of
//! this project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, CaptureError, More};
use egret::decode::{Decoded, decode};
use egret::model::Event;

/// Says why a test did not run; that is a failure where everything should run.
fn skip(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} was skipped: {why}");
}

/// Every capture file, in order; `None` where the folder is not named.
fn captures() -> Option<Vec<PathBuf>> {
    let root = PathBuf::from(std::env::var_os("EGRET_CAPTURES")?);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if [".pcap", ".pcapng", ".cap", ".gz"].iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no captures in the folder");
    Some(found)
}

/// What was read of one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    frames: u64,
    bytes: u64,
    packets: u64,
    skipped: u64,
    damaged: u64,
}

fn read(path: &Path) -> Result<Read, CaptureError> {
    let mut read = Read::default();
    let mut capture = open(path, FileOptions::default())?;
    loop {
        let more = capture.read(Duration::ZERO, &mut |event| {
            let Event::Frames(frames) = event else { return };
            for frame in frames {
                read.frames += 1;
                read.bytes += u64::from(frame.wire_len);
                for inner in [false, true] {
                    match decode(frame, inner) {
                        Decoded::Packet(_) => read.packets += 1,
                        Decoded::Skipped(_) => read.skipped += 1,
                    }
                }
            }
        })?;
        if more == More::Ended {
            read.damaged = capture.losses().damaged;
            return Ok(read);
        }
    }
}

/// Frames and bytes of files as capinfos counts them; files it cannot read are left out.
fn capinfos(files: &[PathBuf]) -> Option<HashMap<PathBuf, (u64, u64)>> {
    let output = Command::new("capinfos").args(["-T", "-m", "-r", "-c", "-d", "-M"]).args(files).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = |line: &str| {
        let mut fields = line.rsplitn(3, ',').map(|field| field.trim_matches('"').to_owned());
        let (bytes, frames, name) = (fields.next()?, fields.next()?, fields.next()?);
        Some((PathBuf::from(name), (frames.parse().ok()?, bytes.parse().ok()?)))
    };
    Some(text.lines().filter_map(numbers).collect())
}

#[test]
fn every_frame_and_every_byte_is_read() {
    let Some(files) = captures() else {
        return skip("every_frame_and_every_byte_is_read", "EGRET_CAPTURES is not set");
    };
    let Some(theirs) = capinfos(&files) else {
        return skip("every_frame_and_every_byte_is_read", "capinfos is not installed");
    };
    let mut differences = Vec::new();
    let mut agreed = 0;
    for path in &files {
        match (read(path), theirs.get(path)) {
            (Ok(ours), Some((frames, bytes))) if (ours.frames, ours.bytes) == (*frames, *bytes) => {
                assert_eq!(ours.packets + ours.skipped, ours.frames * 2, "{}", path.display());
                agreed += 1;
            }
            (ours, theirs) => differences.push(format!("{}: {ours:?}, capinfos {theirs:?}", path.display())),
        }
    }
    println!("{agreed} of {} files agree with capinfos", files.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Which captures were taken on which host: the columns `file` and `host` of `labels.tsv`.
fn labels() -> Option<Vec<(PathBuf, Vec<String>)>> {
    let root = PathBuf::from(std::env::var_os("EGRET_CAPTURES")?);
    let text = std::fs::read_to_string(root.join("labels.tsv")).ok()?;
    let line = |line: &str| {
        let mut fields = line.split('\t');
        let (file, hosts) = (fields.next()?, fields.nth(1)?);
        Some((root.join(file), hosts.split(',').map(str::to_owned).collect()))
    };
    Some(text.lines().skip(1).filter_map(line).collect())
}

#[test]
fn the_host_of_a_capture_is_found() {
    let Some(labels) = labels() else {
        return skip("the_host_of_a_capture_is_found", "EGRET_CAPTURES is not set or has no labels.tsv");
    };
    let mut wrong = Vec::new();
    for (path, hosts) in &labels {
        let capture = open(path, FileOptions::default()).unwrap();
        let found: Vec<String> = capture.vantage().addresses.iter().map(ToString::to_string).collect();
        if !hosts.iter().any(|host| found.contains(host)) {
            wrong.push(format!("{}: {hosts:?}, found {:?}", path.display(), capture.vantage()));
        }
    }
    println!("the host is found in {} of {}", labels.len() - wrong.len(), labels.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
