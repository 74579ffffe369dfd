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
use std::sync::OnceLock;
use std::time::Duration;

use egret::baseline::{Baseline, BaselineConfig, Changes};
use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture as _, More};
use egret::engine::{Engine, Parts};
use egret::flow::FlowConfig;
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
        baseline: Baseline::new(BaselineConfig { learn_for, ..BaselineConfig::default() }),
        ..Parts::default()
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

/// Captures of attacks whose target must be named by a finding of medium severity or above.
const FOUND: &[&str] = &[
    "caldera_manx_tcp",
    "cs2_amazon_https_14s",
    "cs_default_https_10s",
    "dcrat_7084",
    "dns_dns2tcp_key",
    "dns_dnscat2_txt",
    "dns_dnscat_nodomain",
    "dns_iodine_null",
    "emotet_2021-01-06_snap640",
    "icmp_tunnel",
    "iot_pi_hns_scan",
    "long_connection_nc",
    "mining_stratum",
    "quasarrat",
    "rat_upload_4433",
    "rita_http_beacon_client_72h",
    "ssh_bruteforce_902",
    "strrat",
    "synscan_vertical",
    "tor",
];

#[test]
fn attacks_are_found() {
    let Some(root) = folder() else { return skip("attacks_are_found", "EGRET_CAPTURES is not set") };
    let mut all = labelled(&root, "malicious");
    all.retain(|one| one.file.starts_with("malicious/"));
    let mut found = 0;
    for one in &all {
        let alerts = serious(&mut judge(&root, one));
        let hit = alerts.iter().find(|alert| is_true(alert, &one.truth));
        let must = FOUND.iter().any(|name| one.file.starts_with(&format!("malicious/{name}.")));
        println!("{} {}", one.file, hit.map_or("MISSED", |alert| &alert.finding.why));
        for other in alerts.iter().filter(|alert| !is_true(alert, &one.truth)) {
            println!("    besides: {}", other.finding.why);
        }
        assert!(hit.is_some() || !must, "{} was found before", one.file);
        found += usize::from(hit.is_some());
    }
    println!("{found} of {} captures", all.len());
}

#[test]
fn benign_traffic_raises_no_alarm() {
    let Some(root) = folder() else { return skip("benign_traffic_raises_no_alarm", "EGRET_CAPTURES is not set") };
    for one in labelled(&root, "benign").iter().filter(|one| one.file.starts_with("benign/")) {
        let alerts = serious(&mut judge(&root, one));
        let said: Vec<&str> = alerts.iter().map(|alert| alert.finding.why.as_str()).collect();
        assert_eq!(said, Vec::<&str>::new(), "{}", one.file);
    }
}

const DROPLET: &str = "64.225.56.201";

/// What a real server is like after a day of learning.
fn learnt(root: &Path) -> Changes {
    static LEARNT: OnceLock<Changes> = OnceLock::new();
    let learn = || {
        let host: IpAddr = DROPLET.parse().unwrap();
        let mut engine = engine(&[host], Duration::from_hours(23));
        play(&mut engine, &frames(&root.join("benign/droplet_day0.pcap.gz"), &[host]));
        engine.finish();
        engine.baseline().take_changes()
    };
    LEARNT.get_or_init(learn).clone()
}

/// That server's next day, with something merged into it.
fn second_day(root: &Path, with: Option<&str>) -> Engine {
    let host: IpAddr = DROPLET.parse().unwrap();
    let mut engine = engine(&[host], Duration::from_hours(23));
    engine.baseline().restore(learnt(root));
    assert!(!engine.baseline().is_learning());
    let mut second = frames(&root.join("benign/droplet_day1.pcap.gz"), &[host]);
    if let Some(with) = with {
        second.extend(frames(&root.join(with), &[host]));
        second.sort_by_key(|frame| frame.at);
    }
    play(&mut engine, &second);
    engine.finish();
    engine
}

#[test]
fn after_a_day_of_learning_a_usual_day_is_quiet() {
    let Some(root) = folder() else {
        return skip("after_a_day_of_learning_a_usual_day_is_quiet", "EGRET_CAPTURES is not set");
    };
    let mut engine = second_day(&root, None);
    let alerts = engine.book().alerts();
    for alert in &alerts {
        println!("{} {}", alert.finding.severity.id(), alert.finding.why);
    }
    assert_eq!(serious(&mut engine).len(), 0);
    assert!(alerts.len() <= 5, "{} notices in a day", alerts.len());
}

#[test]
fn after_a_day_of_learning_what_was_added_is_found() {
    let Some(root) = folder() else {
        return skip("after_a_day_of_learning_what_was_added_is_found", "EGRET_CAPTURES is not set");
    };
    for (file, truth, must) in [
        ("E1_burst_exfil_new_dst.pcap.gz", "203.0.113.77", true),
        ("E4_icmp_exfil.pcap", "192.0.2.66", true),
        ("E6_beacon_300s_j20.pcap", "203.0.113.20", true),
        ("E8_inflow_beacon_60s_j30.pcap", "203.0.113.40", true),
        ("E10_shell_on_443.pcap", "203.0.113.50", true),
        ("E3_slow_dns_exfil.pcap", "example-telemetry.net", true),
    ] {
        let alerts = serious(&mut second_day(&root, Some(&format!("synthetic/{file}"))));
        for alert in &alerts {
            println!("{file}: {} x{} {}", alert.finding.severity.id(), alert.count, alert.finding.why);
        }
        let truth = [truth.to_owned()];
        let hits = alerts.iter().filter(|alert| is_true(alert, &truth)).count();
        assert_eq!(hits, alerts.len(), "{file}: something else was found");
        assert!(hits > 0 || !must, "{file}");
    }
}
