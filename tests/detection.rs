//! How well the judges do on real traffic: what they find in captures of attacks, and what they must not
//! find in benign ones.
//!
//! The captures lie in the folder that the environment variable `EGRET_CAPTURES` names, with their truth in
//! `labels.tsv`. They are not part of this project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use egret::baseline::{Baseline, BaselineConfig};
use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture as _, More};
use egret::detect::{AlertBook, Judges};
use egret::engine::{Engine, Parts};
use egret::flow::FlowConfig;
use egret::marks::Marks;
use egret::model::{Alert, Event, Frame, Heading, InterfaceId, LinkType, Severity, Timestamp};

/// Says why a test did not run; that is a failure where everything should run.
fn skip(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} was skipped: {why}");
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("EGRET_CAPTURES").map(PathBuf::from)
}

/// A line of `labels.tsv`.
#[derive(Debug)]
struct Labelled {
    file: String,
    hosts: Vec<IpAddr>,
    truth: Vec<String>,
}

fn labelled(root: &Path, class: &str) -> Vec<Labelled> {
    let text = std::fs::read_to_string(root.join("labels.tsv")).unwrap();
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let [file, is, hosts, truth, ..] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
            (is == class).then(|| Labelled {
                file: file.to_owned(),
                hosts: hosts.split(',').map(|host| host.parse().unwrap()).collect(),
                truth: truth.split(',').map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// A frame out of its buffer, so that captures can be merged.
struct Kept {
    at: Timestamp,
    link: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

fn frames(path: &Path, hosts: &[IpAddr]) -> Vec<Kept> {
    let mut capture = open(path, FileOptions { local: Some(hosts.to_vec()), speed: None }).unwrap();
    let mut all = Vec::new();
    loop {
        let more = capture
            .read(Duration::ZERO, &mut |event| {
                if let Event::Frames(frames) = event {
                    all.extend(frames.iter().map(|frame| Kept {
                        at: frame.at,
                        link: frame.link,
                        wire_len: frame.wire_len,
                        data: frame.data.to_vec(),
                    }));
                }
            })
            .unwrap();
        if more == More::Ended {
            return all;
        }
    }
}

fn engine(hosts: &[IpAddr], learn_for: Duration) -> Engine {
    Engine::new(Parts {
        flow: FlowConfig {
            local: hosts.iter().map(|host| (*host).into()).collect(),
            // No screen: rows are not wanted.
            rows: 16,
            histories: 16,
            ..FlowConfig::default()
        },
        inner: false,
        baseline: Baseline::new(BaselineConfig { learn_for, ..BaselineConfig::default() }),
        marks: Marks::default(),
        book: AlertBook::default(),
        judges: Judges::default(),
    })
}

fn play(engine: &mut Engine, frames: &[Kept]) {
    for kept in frames {
        let frame = Frame {
            at: kept.at,
            interface: InterfaceId::default(),
            link: kept.link,
            heading: Heading::Unknown,
            wire_len: kept.wire_len,
            data: &kept.data,
            vlan: None,
            gso: None,
        };
        engine.take(Event::Frames(&[frame]));
    }
}

/// Alerts of medium severity and above.
fn serious(engine: &mut Engine) -> Vec<std::sync::Arc<Alert>> {
    engine.book().alerts().into_iter().filter(|alert| alert.finding.severity >= Severity::Medium).collect()
}

fn judge(root: &Path, of: &Labelled) -> Engine {
    let mut engine = engine(&of.hosts, Duration::from_hours(24));
    play(&mut engine, &frames(&root.join(&of.file), &of.hosts));
    engine.finish();
    engine
}

fn is_true(alert: &Alert, truth: &[String]) -> bool {
    let subject = &alert.finding.subject;
    truth.iter().any(|truth| {
        let name = subject.name.as_ref().map_or("", |name| name.as_str());
        truth == "many" && alert.finding.detector == "scan"
            || *truth == subject.remote.to_string()
            || *truth == format!("{}:{}", subject.remote, subject.port)
            || name == truth
            || name.ends_with(&format!(".{truth}"))
    })
}

#[test]
fn attacks_are_found() {
    let Some(root) = folder() else { return skip("attacks_are_found", "EGRET_CAPTURES is not set") };
    let all: Vec<_> =
        labelled(&root, "malicious").into_iter().filter(|one| one.file.starts_with("malicious/")).collect();
    let mut found = Vec::new();
    for one in &all {
        let mut engine = judge(&root, one);
        let alerts = serious(&mut engine);
        let hit = alerts.iter().find(|alert| is_true(alert, &one.truth));
        match hit {
            Some(alert) => found.push(one.file.as_str()),
            None => {}
        }
        println!(
            "{} {}: {}",
            if hit.is_some() { "found " } else { "missed" },
            one.file,
            hit.map_or("", |alert| &alert.finding.why)
        );
        for other in alerts.iter().filter(|alert| !is_true(alert, &one.truth)) {
            println!("        besides: {}", other.finding.why);
        }
    }
    println!("{} of {}", found.len(), all.len());
}

#[test]
fn benign_traffic_raises_no_alarm() {
    let Some(root) = folder() else { return skip("benign_traffic_raises_no_alarm", "EGRET_CAPTURES is not set") };
    for one in labelled(&root, "benign").iter().filter(|one| one.file.starts_with("benign/")) {
        let mut engine = judge(&root, one);
        let alerts = serious(&mut engine);
        println!("{} {}", alerts.len(), one.file);
        for alert in alerts {
            println!("        {}", alert.finding.why);
        }
    }
}

/// A server that learnt a day, and then has a day with something merged into it.
fn second_day(root: &Path, with: Option<&str>) -> Engine {
    let host: IpAddr = "64.225.56.201".parse().unwrap();
    let mut engine = engine(&[host], Duration::from_hours(23));
    play(&mut engine, &frames(&root.join("benign/droplet_day0.pcap.gz"), &[host]));
    let mut second = frames(&root.join("benign/droplet_day1.pcap.gz"), &[host]);
    if let Some(with) = with {
        second.extend(frames(&root.join(with), &[host]));
        second.sort_by_key(|frame| frame.at);
    }
    play(&mut engine, &second);
    engine.finish();
    assert!(!engine.baseline().is_learning());
    engine
}

#[test]
fn after_a_day_of_learning() {
    let Some(root) = folder() else { return skip("after_a_day_of_learning", "EGRET_CAPTURES is not set") };
    let mut plain = second_day(&root, None);
    println!("plain: {} alerts", plain.book().alerts().len());
    for alert in plain.book().alerts() {
        println!("        {} {} {}", alert.finding.severity.id(), alert.finding.score, alert.finding.why);
    }
    for one in labelled(&root, "malicious")
        .iter()
        .chain(&labelled(&root, "benign"))
        .filter(|one| one.file.starts_with("synthetic/"))
    {
        let mut engine = second_day(&root, Some(&one.file));
        println!("{}: {} alerts", one.file, engine.book().alerts().len());
        for alert in serious(&mut engine) {
            println!(
                "        {} x{} {} {}",
                alert.finding.severity.id(),
                alert.count,
                alert.finding.score,
                alert.finding.why
            );
        }
    }
}
