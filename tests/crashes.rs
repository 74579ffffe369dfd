//! Seeds of the fuzz targets and inputs that once broke something, replayed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/fuzzed.rs"]
mod fuzzed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use egret::capture::script::talk::{Tcp, lookup, ping, together};
use egret::capture::script::{Shot, Step, tls};
use egret::model::{Endpoint, LinkType, Side, Timestamp};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn replay(target: &str, run: fn(&[u8])) {
    let all = [files(&format!("fuzz/seeds/{target}")), files(&format!("tests/crashes/{target}"))].concat();
    for path in all {
        println!("{}", path.display());
        run(&std::fs::read(&path).unwrap());
    }
}

#[test]
fn frames_are_survived() {
    replay("frame", fuzzed::frame);
}

#[test]
fn capture_files_are_survived() {
    replay("capture_file", fuzzed::capture_file);
}

#[test]
fn filters_are_survived() {
    replay("filter", fuzzed::filter);
}

fn end(text: &str, port: u16) -> Endpoint {
    Endpoint::new(text.parse().unwrap(), port)
}

fn shots() -> Vec<Shot> {
    let at = Timestamp::from_secs(1_700_000_000);
    let (us, there) = (end("10.0.0.1", 40_000), end("192.0.2.9", 443));
    let (us6, there6) = (end("2001:db8::1", 40_000), end("2001:db8::9", 443));
    let hello = tls::client_hello("www.example.com", &["h2"]);
    let steps = together([
        lookup(us, end("10.0.0.53", 53), "www.example.com", &[there.ip], at),
        Tcp::open(us, there, at.plus(Duration::from_secs(1))).say(Side::First, &hello).close(Side::First),
        Tcp::refused(us6, there6, at.plus(Duration::from_secs(2))),
        ping(us.ip, there.ip, (1, 1), b"abcdefgh", at.plus(Duration::from_secs(3))),
    ]);
    steps.into_iter().filter_map(|step| if let Step::Frame(shot) = step { Some(shot) } else { None }).collect()
}

/// A filter for each rule of the language.
const FILTERS: [&str; 6] = [
    "!known and out > 10MB",
    "new first < 10m and (public or multicast)",
    "proc:/^(curl|wget)/ && port != 80,443",
    "dst = 10.0.0.0/8 || host=10.0.0.1..10.0.0.9 or fe80::1",
    "name ~ ^www name !~ x out2 > 12Mbit \"quoted\" bare sort:score-desc",
    "first > 2026-01-02T03:04:05Z not unit:*.service lasted = 1h30m..2h total = 1 MiB",
];

/// What the seeds are: made by the project's own builders.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let shots = shots();
    let mut seeds = Vec::new();
    for (number, shot) in shots.iter().enumerate() {
        seeds.push((format!("frame/ethernet-{number:02}"), [&[0, 0, 0, 0][..], &shot.data].concat()));
    }
    let ip = &shots[2].data[14..];
    let link = |link: LinkType| fuzzed::LINKS.iter().position(|one| *one == link).unwrap() as u8;
    let tagged = [&shots[2].data[..12], &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2], &shots[2].data[12..]].concat();
    let mpls = [&shots[2].data[..12], &[0x88, 0x47, 0, 1, 1, 64], ip].concat();
    let pppoe = [&shots[2].data[..12], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0, 0x21], ip].concat();
    let cooked = [&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0][..], ip].concat();
    let gre = [&[0x45, 0, 0, 64, 0, 0, 0, 0, 64, 47, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 8, 0][..], ip].concat();
    for (name, kind, flags, data) in [
        ("tagged", LinkType::Ethernet, 0, &tagged[..]),
        ("mpls", LinkType::Ethernet, 0, &mpls),
        ("pppoe", LinkType::Ethernet, 0, &pppoe),
        ("super-packet", LinkType::Ethernet, 6, &shots[2].data),
        ("cooked", LinkType::LinuxSll, 0, &cooked),
        ("gre", LinkType::Raw, 1, &gre),
    ] {
        seeds.push((format!("frame/{name}"), [&[link(kind), flags, 0, 0][..], data].concat()));
    }
    seeds.push(("capture_file/pcap".to_owned(), pcap(&shots)));
    for (number, text) in FILTERS.iter().enumerate() {
        seeds.push((format!("filter/{number}"), text.as_bytes().to_vec()));
    }
    seeds.push(("capture_file/pcapng".to_owned(), pcapng(&shots)));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &pcap(&shots[..3])).unwrap();
    seeds.push(("capture_file/gzip".to_owned(), packed.finish().unwrap()));
    seeds
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn pcap(shots: &[Shot]) -> Vec<u8> {
    let mut out = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1]);
    for shot in shots {
        let micros = (shot.at.nanos() % 1_000_000_000 / 1_000) as u32;
        out.extend(words(&[shot.at.secs() as u32, micros, shot.data.len() as u32, shot.wire_len]));
        out.extend(&shot.data);
    }
    out
}

fn pcapng(shots: &[Shot]) -> Vec<u8> {
    let block = |kind: u32, mut body: Vec<u8>| {
        body.resize(body.len().next_multiple_of(4), 0);
        let length = body.len() as u32 + 12;
        [words(&[kind, length]), body, words(&[length])].concat()
    };
    let name = [&[2, 0, 4, 0][..], b"eth0", &[9, 0, 1, 0, 9, 0, 0, 0]].concat();
    let mut out = block(0x0a0d_0d0a, words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
    out.extend(block(1, [words(&[1, 65_535]), name].concat()));
    for shot in shots {
        let (high, low) = ((shot.at.nanos() >> 32) as u32, shot.at.nanos() as u32);
        let mut body = words(&[0, high, low, shot.data.len() as u32, shot.wire_len]);
        body.extend(&shot.data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend([2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(block(6, body));
    }
    out
}

/// What a compressor makes of the same bytes differs from version to version.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
    out
}

/// The committed seeds are those that the builders make. `EGRET_BLESS=1` writes them anew.
#[test]
fn seeds_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    if !folder.exists() {
        // A published package has no fuzz folder.
        println!("SKIPPED seeds_are_up_to_date: there is no fuzz/seeds");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"));
        return;
    }
    for (name, bytes) in seeds() {
        let path = folder.join(&name);
        if std::env::var_os("EGRET_BLESS").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        let is_same = std::fs::read(&path).is_ok_and(|found| unpacked(&found) == unpacked(&bytes));
        assert!(is_same, "{name}: run with EGRET_BLESS=1");
        match name.split('/').next() {
            Some("frame") => fuzzed::frame(&bytes),
            Some("filter") => fuzzed::filter(&bytes),
            _ => fuzzed::capture_file(&bytes),
        }
    }
}
