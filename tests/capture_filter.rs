//! Capture filters against libpcap and the kernel: the same frames match, every program is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "capture_filter/corpus.rs"]
mod corpus;
#[path = "capture_filter/expressions.rs"]
mod expressions;
#[path = "capture_filter/kernel.rs"]
mod kernel;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use corpus::{Record, corpus, number_of, pcap, records};
use egret::capture::CaptureError;
use egret::capture::filter::{Instruction, Program, Tags, Target, compile, compile_for, compile_for_file};
use egret::model::{Frame, Heading, InterfaceId, LinkType, Timestamp, VlanTag};
use expressions::{EXPRESSIONS, OWN, REFUSED_BY_BOTH};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Says why a test did nothing; under `CI=true` that is a failure.
fn skipped(name: &str, why: &str) {
    println!("SKIPPED {name}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{name} was skipped: {why}");
}

fn has_tcpdump() -> bool {
    Command::new("tcpdump").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn frame(record: &Record, link: LinkType) -> Frame<'_> {
    Frame {
        at: Timestamp::from_nanos(0),
        interface: InterfaceId(0),
        link,
        heading: Heading::Unknown,
        wire_len: record.wire_len,
        data: &record.data,
        vlan: None,
        gso: None,
    }
}

/// The stamps of what libpcap takes of a capture file, or why it does not take the expression.
fn oracle(path: &Path, expression: &str, more: &[&str]) -> Result<BTreeSet<u32>, String> {
    let mut command = Command::new("tcpdump");
    command.args(more).args(["-n", "-w", "-", "-r"]).arg(path).arg(expression);
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(records(&output.stdout).unwrap().1.iter().map(|record| record.stamp).collect())
}

/// The frames on which egret stands alone. libpcap's optimiser moves loads, and a load past the end of a frame
/// that was cut short refuses it, so libpcap has two answers to some of those: with the optimiser and without.
fn alone(path: &Path, expression: &str, ours: &BTreeSet<u32>, theirs: &BTreeSet<u32>) -> Vec<u32> {
    if ours == theirs {
        return Vec::new();
    }
    let plain = oracle(path, expression, &["-O"]).unwrap();
    let agrees = |stamp: &u32| [theirs, &plain].iter().any(|other| other.contains(stamp) == ours.contains(stamp));
    ours.union(theirs).filter(|stamp| !agrees(stamp)).copied().collect()
}

#[test]
fn the_same_frames_match_as_with_libpcap() {
    if !has_tcpdump() {
        return skipped("the_same_frames_match_as_with_libpcap", "tcpdump is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut compared, mut both_refuse, mut matched) = (0, 0, 0_usize);
    let mut wrong = Vec::new();
    for (link, all) in corpus().into_values() {
        let path = dir.path().join(format!("{}.pcap", number_of(link)));
        fs::write(&path, pcap(link, &all)).unwrap();
        for expression in EXPRESSIONS {
            let ours = compile_for_file(expression, link);
            let theirs = oracle(&path, expression, &[]);
            match (ours, theirs) {
                (Ok(program), Ok(theirs)) => {
                    let taken = all.iter().filter(|record| program.matches(&frame(record, link)));
                    let ours: BTreeSet<u32> = taken.map(|record| record.stamp).collect();
                    compared += 1;
                    matched += ours.len();
                    let alone = alone(&path, expression, &ours, &theirs);
                    if let Some(first) = alone.first().and_then(|first| all.get(*first as usize)) {
                        wrong.push(format!("{link:?} `{expression}`: {} frames, {:02x?}", alone.len(), first.data));
                    }
                }
                (Err(_), Err(_)) => both_refuse += 1,
                (Ok(_), Err(why)) => wrong.push(format!("{link:?} `{expression}`: only libpcap refuses: {why}")),
                (Err(why), Ok(_)) => wrong.push(format!("{link:?} `{expression}`: only egret refuses: {why}")),
            }
        }
        println!("{link:?}: {} frames", all.len());
    }
    println!(
        "{} expressions: {compared} comparisons agree on {matched} matches; both refuse {both_refuse}",
        EXPRESSIONS.len()
    );
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(matched > 10_000, "the corpus is too thin to say anything: {matched} matches");
}

/// Filters made of the listed ones: two to five of them, joined, negated and grouped anyhow.
fn combined() -> impl Strategy<Value = String> {
    // After `pppoes` and `mpls` libpcap forgets the link layer and refuses what egret still takes.
    // Of `ip[0] - tcp[0]` it checks the first protocol only; egret checks both.
    let unlike = ["pppoes", "mpls", "((ip[2:2] -"];
    let fits = |text: &&&str| !text.is_empty() && !unlike.iter().any(|part| text.contains(part));
    let one = prop::sample::select(EXPRESSIONS.iter().filter(fits).copied().collect::<Vec<_>>());
    let part = (one, any::<bool>()).prop_map(|(text, not)| if not { format!("not ({text})") } else { text.to_owned() });
    let more = prop::collection::vec((any::<bool>(), any::<bool>(), part.clone()), 1..5);
    (part, more).prop_map(|(first, more)| {
        more.into_iter().fold(first, |left, (all, group, right)| {
            let word = if all { "and" } else { "or" };
            if group { format!("({left}) {word} ({right})") } else { format!("{left} {word} {right}") }
        })
    })
}

#[test]
fn combined_filters_match_as_with_libpcap() {
    if !has_tcpdump() {
        return skipped("combined_filters_match_as_with_libpcap", "tcpdump is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ethernet.pcap");
    let (link, all) = corpus().remove(&1).unwrap();
    let all: Vec<Record> = all.into_iter().step_by(3).collect();
    fs::write(&path, pcap(link, &all)).unwrap();
    let cases = std::env::var("EGRET_FILTER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let compared = Cell::new(0);
    let outcome = TestRunner::new(config).run(&combined(), |text| {
        // Both refuse what cannot match, but each sees it of other filters.
        let ours = match compile_for_file(&text, link) {
            Ok(program) => {
                let taken = all.iter().filter(|record| program.matches(&frame(record, link)));
                Ok(taken.map(|record| record.stamp).collect())
            }
            Err(why) if why.to_string().contains("no packet can match") => Ok(BTreeSet::new()),
            Err(why) => Err(why.to_string()),
        };
        let theirs = match oracle(&path, &text, &[]) {
            Err(why) if why.contains("rejects all packets") => Ok(BTreeSet::new()),
            other => other,
        };
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let alone = alone(&path, &text, &ours, &theirs);
                prop_assert!(alone.is_empty(), "`{}`: frames {:?}", text, alone);
                compared.set(compared.get() + 1);
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "`{}`: {:?}, libpcap {:?}", text, ours.err(), theirs.err()),
        }
        Ok(())
    });
    outcome.unwrap_or_else(|why| panic!("{why}"));
    println!("{} of {cases} filters compared", compared.get());
    assert!(compared.get() > cases / 2, "{} of {cases}", compared.get());
}

#[test]
fn what_only_egret_takes_means_what_its_longer_form_means() {
    let (link, all) = corpus().remove(&1).unwrap();
    for (own, longer) in [
        ("gre", "proto 47"),
        ("net 10/8", "net 10.0.0.0/8"),
        ("host 10.1.0.0/16", "net 10.1.0.0/16"),
        ("ip proto tcp", "ip proto \\tcp"),
        ("ether proto ip", "ip"),
        ("portrange ftp-data-ssh", "tcp portrange 20-22"),
        ("-ip[8] = -64", "ip[8] = 64"),
    ] {
        let (own, longer) = (compile_for_file(own, link).unwrap(), compile_for_file(longer, link).unwrap());
        let taken = |program: &Program| -> Vec<bool> {
            all.iter().map(|record| program.matches(&frame(record, link))).collect()
        };
        let found = taken(&own);
        assert_eq!(found, taken(&longer), "{own:?} {longer:?}");
        assert!(found.contains(&true) && found.contains(&false), "{own:?}");
    }
}

#[test]
fn what_libpcap_refuses_is_refused() {
    let links = [LinkType::Ethernet, LinkType::Raw, LinkType::LinuxSll];
    for expression in REFUSED_BY_BOTH {
        for link in links {
            let refused = compile_for_file(expression, link);
            assert!(matches!(refused, Err(CaptureError::Filter { .. })), "{link:?} takes `{expression}`");
        }
        if has_tcpdump() {
            let taken = Command::new("tcpdump").args(["-d", expression]).output().unwrap().status.success();
            assert!(!taken, "tcpdump takes `{expression}`");
        }
    }
}

/// The program that libpcap attaches to a live socket.
fn live_oracle(expression: &str, more: &[&str]) -> Option<Program> {
    let mut command = Command::new("tcpdump");
    let output = command.args(more).args(["-i", "lo", "-s", "262144", "-ddd", expression]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    lines.next()?;
    let instruction = |line: &str| {
        let numbers: Vec<u32> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [code, jt, jf, k] = numbers.try_into().ok()?;
        let (code, jt, jf) = (u16::try_from(code).ok()?, u8::try_from(jt).ok()?, u8::try_from(jf).ok()?);
        Some(Instruction { code, jt, jf, k })
    };
    output.status.success().then(|| lines.map(instruction).collect::<Option<Vec<_>>>()).flatten().map(Program)
}

/// A frame as a live socket gives it: the kernel has taken the outermost tag off.
fn taken_off(record: &Record) -> Option<(Record, VlanTag)> {
    let tpid = u16::from_be_bytes(*record.data.get(12..)?.first_chunk()?);
    let tci = u16::from_be_bytes(*record.data.get(14..)?.first_chunk()?);
    if ![0x8100, 0x88a8, 0x9100].contains(&tpid) {
        return None;
    }
    let mut data = record.data.clone();
    data.drain(12..16);
    Some((Record { data, ..record.clone() }, VlanTag { tpid, tci }))
}

#[test]
fn live_programs_agree_with_libpcap_on_tags_and_headings() {
    let name = "live_programs_agree_with_libpcap_on_tags_and_headings";
    if live_oracle("ip", &[]).is_none() {
        return skipped(name, "tcpdump cannot open lo here (needs CAP_NET_RAW)");
    }
    let all = corpus().remove(&1).map(|(_, all)| all).unwrap_or_default();
    let mut frames: Vec<(Record, Option<VlanTag>)> = Vec::new();
    for record in &all {
        frames.extend(taken_off(record).map(|(record, tag)| (record, Some(tag))));
        frames.push((record.clone(), None));
    }
    let headings = [Heading::Host, Heading::Outgoing, Heading::Multicast, Heading::Broadcast, Heading::OtherHost];
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for expression in EXPRESSIONS.iter().chain(expressions::LIVE) {
        let theirs: Vec<Program> = [&[][..], &["-O"]].iter().filter_map(|more| live_oracle(expression, more)).collect();
        let Ok(ours) = compile(expression, LinkType::Ethernet, 262_144) else {
            assert!(theirs.len() < 2, "only egret refuses `{expression}`");
            continue;
        };
        assert_eq!(theirs.len(), 2, "only libpcap refuses `{expression}`");
        compared += 1;
        let differs = frames.iter().enumerate().find(|(number, (record, tag))| {
            let heading = headings.get(number % headings.len()).copied().unwrap_or_default();
            let frame = Frame { vlan: *tag, heading, ..frame(record, LinkType::Ethernet) };
            theirs.iter().all(|theirs| ours.run(&frame) != theirs.run(&frame))
        });
        if let Some((_, (record, tag))) = differs {
            wrong.push(format!("`{expression}` on {tag:?} {:02x?}", record.data));
        }
    }
    println!("{compared} live programs agree on {} frames", frames.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 150, "{compared}");
}

#[test]
fn the_kernel_takes_every_program() {
    let (mut taken, mut longest) = (0, 0);
    for expression in EXPRESSIONS.iter().chain(OWN).chain(expressions::LIVE) {
        for tags in [Tags::InFrame, Tags::TakenOff] {
            for link in [LinkType::Ethernet, LinkType::Raw, LinkType::Null, LinkType::LinuxSll, LinkType::LinuxSll2] {
                let target = Target { link, snap_length: 2048, tags, netmask: None };
                let Ok(program) = compile_for(expression, &target) else { continue };
                kernel::check(&program).unwrap_or_else(|error| panic!("{link:?} `{expression}`: {error}"));
                taken += 1;
                longest = longest.max(program.0.len());
            }
        }
    }
    println!("{taken} programs taken, the longest of {longest} instructions");
    assert!(taken > 1000, "{taken}");
}

#[test]
fn the_kernel_takes_the_same_frames() {
    let corpus = corpus();
    let mut compared = 0;
    for (link, all) in corpus.values() {
        let step = (all.len() / 150).max(1);
        for expression in EXPRESSIONS {
            let Ok(program) = compile(expression, *link, 262_144) else { continue };
            let mut pair = kernel::Pair::new(&program);
            for record in all.iter().step_by(step).filter(|record| !record.data.is_empty()) {
                // The socket knows the captured bytes only, and frames on it are for this host.
                let wire_len = u32::try_from(record.data.len()).unwrap();
                let frame = Frame { wire_len, heading: Heading::Host, ..frame(record, *link) };
                let ours = program.matches(&frame);
                assert_eq!(pair.passes(&record.data), ours, "{link:?} `{expression}` on {:02x?}", record.data);
                compared += 1;
            }
        }
    }
    println!("{compared} runs in the kernel agree");
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn a_program_longer_than_short_jumps_still_decides_right() {
    let hosts: Vec<String> = (0..100).map(|n| format!("host 10.1.{}.{}", n / 50, n % 50)).collect();
    let text = format!("({}) and not (port 22 or portrange 6000-6010)", hosts.join(" or "));
    let program = compile(&text, LinkType::Ethernet, 96).unwrap();
    println!("{} instructions", program.0.len());
    assert!(program.0.len() > 600, "{}", program.0.len());
    kernel::check(&program).unwrap();
    let mut pair = kernel::Pair::new(&program);
    for (address, port, expected) in [
        ([10, 1, 0, 0], 443, true),
        ([10, 1, 1, 49], 443, true),
        ([10, 1, 1, 50], 443, false),
        ([10, 1, 1, 49], 22, false),
        ([10, 1, 0, 0], 6005, false),
        ([10, 1, 0, 0], 6011, true),
    ] {
        let data = corpus::tcp4([192, 0, 2, 1], address, 40_000, port);
        let record = Record::new(data.clone());
        assert_eq!(program.matches(&frame(&record, LinkType::Ethernet)), expected, "{address:?}:{port}");
        assert_eq!(pair.passes(&data), expected, "{address:?}:{port} in the kernel");
    }
}

#[test]
fn a_filter_too_long_for_the_kernel_is_refused() {
    let hosts: Vec<String> = (0..1200).map(|n| format!("host 10.{}.{}.1", n / 250, n % 250)).collect();
    let refused = compile(&hosts.join(" or ")[..16_000], LinkType::Ethernet, 96);
    assert!(matches!(refused, Err(CaptureError::Filter { .. })), "{refused:?}");
}

/// Texts made of words that mean something, in an order that need not.
fn soup() -> impl Strategy<Value = String> {
    let words = r"
        host net port portrange proto src dst and or not ( ) [ ] : tcp udp ip ip6 arp ether icmp vlan
        mpls pppoes 10.0.0.1 10.1 ::1 fe80::/10 80 443 20-25 1:2:3:4:5:6 & | = != < >> + - * / % 0x1f
        tcp[13] len less greater multicast broadcast inbound outbound tcp-syn http mask ! \tcp
    ";
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 0..14).prop_map(|words| words.join(" "))
}

fn check_text(text: &str, frames: &[Record]) {
    for link in [LinkType::Ethernet, LinkType::Raw, LinkType::LinuxSll2, LinkType::Other(9)] {
        for compiled in [compile(text, link, 96), compile_for_file(text, link)] {
            match compiled {
                Ok(program) => {
                    kernel::check(&program).unwrap_or_else(|error| panic!("`{text}`: {error}"));
                    for record in frames {
                        program.matches(&frame(record, link));
                    }
                }
                Err(CaptureError::Filter { message, at }) => {
                    assert!(!message.is_empty());
                    assert!(at <= text.chars().count(), "`{text}`: {at} is behind the end");
                }
                Err(other) => panic!("`{text}`: {other}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_compiles_or_points_into_itself(text in ".{0,60}") {
        check_text(&text, &[]);
    }

    #[test]
    fn any_words_compile_or_point_into_themselves(text in soup(), data in prop::collection::vec(any::<u8>(), 0..80)) {
        check_text(&text, &[Record::new(data)]);
    }
}

#[test]
fn deep_and_long_texts_are_refused_in_time() {
    let deep = |part: &str| part.repeat(8_000);
    let texts = [
        deep("("),
        deep("not "),
        deep("!"),
        format!("port {}", deep("(")),
        format!("ip[{}", deep("(")),
        format!("len > {}1", deep("-")),
        format!("len > 1{}", deep("+1")),
        "ip and ip or ".repeat(1_000),
        "tcp or ".repeat(2_000),
        "tcp[0] & 1 = ".repeat(1_000),
        "x".repeat(100_000),
    ];
    for text in &texts {
        check_text(text, &[]);
    }
}

#[test]
fn corpus_covers_every_link_type() {
    let links: BTreeMap<u16, usize> = corpus().into_iter().map(|(number, (_, all))| (number, all.len())).collect();
    for number in [0, 1, 101, 113, 276] {
        assert!(links.get(&number).is_some_and(|frames| *frames > 10), "link type {number}: {links:?}");
    }
}
