//! Real servers and clients of Debian, recorded once by `tests/golden/record`: every flow must be named as what it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, More};
use egret::decode::{Decoded, decode};
use egret::model::packet::tcp_flag;
use egret::model::{Endpoint, Event, Facts, FlowKey, Label, Packet, Protocol};
use egret::protocol::{Budget, RECOGNISERS, Recognition, Verdict, application};

type Golden = (&'static str, &'static str, u16, &'static str, &'static str);

/// Capture, who spoke, the port that answers, what the flow is, and a word that its facts must hold.
#[rustfmt::skip]
const GOLDENS: &[Golden] = &[
    ("amqp", "RabbitMQ and amqp-declare-queue", 5672, "amqp", ""),
    ("dns", "dnsmasq and dig over UDP and TCP", 53, "dns", "www.lab.example"),
    ("docker", "Docker's daemon and client", 2375, "docker", "Docker-Client"),
    ("doh", "BIND and dig +http-plain", 8053, "doh", "/dns-query"),
    ("doq", "kdig and Python's aioquic", 853, "doq", "QUIC v1"),
    ("dot", "BIND and dig +tls", 853, "dot", "TLS 1.3"),
    ("dtls", "openssl s_server and s_client", 4433, "dtls", ""),
    ("etcd", "etcd and etcdctl", 2379, "etcd", "/etcdserverpb.KV/Put"),
    ("ftp", "vsftpd and curl, the control connection", 21, "ftp", "vsFTPd"),
    ("git", "git daemon and git ls-remote", 9418, "git", ""),
    ("grpc", "Python's grpc both ends", 50051, "grpc", "/lab.Greeter/SayHello"),
    ("http", "nginx and curl", 80, "http", "www.lab.example"),
    ("http2", "nginx and curl with prior knowledge", 8080, "http2", "www.lab.example"),
    ("http_proxy", "tinyproxy and curl, TLS within", 3128, "http-proxy", "www.lab.example"),
    ("imap", "Dovecot and curl", 143, "imap", "Dovecot"),
    ("irc", "ngIRCd and a typed session", 6667, "irc", ""),
    ("kerberos", "MIT krb5kdc and kinit", 88, "kerberos", ""),
    ("ldap", "slapd and ldapsearch", 389, "ldap", ""),
    ("memcached", "memcached and a typed session", 11211, "memcached", ""),
    ("mqtt", "mosquitto and mosquitto_pub", 1883, "mqtt", ""),
    ("mysql", "MariaDB server and client", 3306, "mysql", "MariaDB"),
    ("nats", "nats-server and a typed session", 4222, "nats", ""),
    ("ntp", "chronyd both ends", 123, "ntp", ""),
    ("pop3", "Dovecot and curl", 110, "pop3", "Dovecot"),
    ("postgresql", "PostgreSQL and psql", 5432, "postgresql", ""),
    ("prometheus_write", "Prometheus both ends", 9091, "prometheus-write", "/api/v1/write"),
    ("radius", "FreeRADIUS and radtest", 1812, "radius", ""),
    ("redis", "redis-server and redis-cli", 6379, "redis", ""),
    ("rsync", "rsync both ends", 873, "rsync", ""),
    ("smb", "Samba and smbclient", 445, "smb", ""),
    ("smtp", "Postfix and curl with STARTTLS", 25, "smtp", "CN=www.lab.example"),
    ("snmp", "snmpd and snmpget", 161, "snmp", ""),
    ("socks", "Dante and curl", 1080, "socks", ""),
    ("ssh", "OpenSSH both ends", 22, "ssh", "OpenSSH"),
    ("svn", "svnserve and svn", 3690, "svn", ""),
    ("tftp", "tftpd-hpa and curl", 69, "tftp", ""),
    ("tls12", "nginx and curl, TLS 1.2", 443, "tls", "O=Egret Lab, CN=www.lab.example"),
    ("tls13", "nginx and curl, TLS 1.3", 443, "tls", "TLS 1.3"),
    ("tor", "Tor both ends, held to TLS 1.2", 9001, "tor", "CN=www."),
    ("websocket", "Python's websockets both ends", 8765, "websocket", "/live"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[derive(Default)]
struct Flow {
    recognition: Option<Recognition>,
    opener: Option<Endpoint>,
    facts: Option<Facts>,
}

impl Flow {
    fn note(&mut self, verdict: Verdict) {
        if let Verdict::Known(facts) | Verdict::Unknown(facts) = verdict {
            self.facts = Some(facts);
        }
    }
}

/// Every flow of a capture and what became of it. `lost`: every packet of that number is left out.
fn flows(name: &str, lost: Option<usize>) -> HashMap<FlowKey, Flow> {
    let mut number = 0;
    flows_of(name, &mut |packet, pass| {
        number += 1;
        if lost != Some(number) {
            pass(packet);
        }
    })
}

/// Hands on what is to be seen of a packet: nothing, it, or others.
type Change<'a> = &'a mut dyn FnMut(&Packet<'_>, &mut dyn FnMut(&Packet<'_>));

fn flows_of(name: &str, change: Change<'_>) -> HashMap<FlowKey, Flow> {
    let path = folder().join(format!("{name}.pcap"));
    let mut flows: HashMap<FlowKey, Flow> = HashMap::new();
    let mut source = open(&path, FileOptions::default()).unwrap();
    let budget = Budget::default();
    loop {
        let more = source.read(Duration::ZERO, &mut |event| {
            let Event::Frames(frames) = event else { return };
            for frame in frames {
                let Decoded::Packet(packet) = decode(frame, false) else { continue };
                change(&packet, &mut |packet| take(&mut flows, packet, &budget));
            }
        });
        if !matches!(more, Ok(More::Coming)) {
            break;
        }
    }
    for flow in flows.values_mut() {
        if let Some(mut recognition) = flow.recognition.take() {
            flow.note(recognition.finish());
        }
    }
    flows
}

fn take(flows: &mut HashMap<FlowKey, Flow>, packet: &Packet<'_>, budget: &Budget) {
    let flow = flows.entry(packet.key().canonical().0).or_default();
    if flow.opener.is_none() {
        let is_answer = packet.tcp_flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN | tcp_flag::ACK;
        let (opener, answerer) = if is_answer { (packet.to(), packet.from()) } else { (packet.from(), packet.to()) };
        flow.opener = Some(opener);
        flow.recognition = Recognition::new(packet.protocol, opener.port, answerer.port, budget);
    }
    if let Some(mut recognition) = flow.recognition.take() {
        flow.note(recognition.feed(packet, flow.opener == Some(packet.from())));
        flow.recognition = (!recognition.is_finished()).then_some(recognition);
    }
}

/// Everything that is known, in one text.
fn told(facts: &Facts) -> String {
    let tls = facts.tls.as_deref().cloned().unwrap_or_default();
    let certificate = tls.certificate.clone().unwrap_or_default();
    let labels = [&facts.sni, &facts.host, &facts.detail, &tls.alpn];
    let texts = labels.into_iter().flatten().chain([&certificate.subject, &certificate.issuer]);
    texts.chain(&certificate.names).map(Label::as_str).chain([tls.version]).collect::<Vec<_>>().join("|")
}

#[test]
fn every_capture_is_named_as_what_it_is() {
    let mut wrong = Vec::new();
    for (name, who, port, app, word) in GOLDENS {
        let at_port: Vec<_> = flows(name, None)
            .into_iter()
            .filter(|(key, _)| [key.first().port, key.second().port].contains(port))
            .collect();
        // A client may open a second connection and ask nothing there: that one is only what carries it.
        let mut right = 0;
        for (_, flow) in at_port {
            let facts = flow.facts.unwrap_or_default();
            let (id, text) = (facts.application.id(), told(&facts));
            let is_right = id == *app && text.contains(word);
            right += usize::from(is_right);
            if !is_right && !is_carrier(app, id) {
                wrong.push(format!("{name} ({who}): {id} instead of {app}, {text:?} holds no {word:?}"));
            }
        }
        if right == 0 {
            wrong.push(format!("{name} ({who}): no flow at port {port} is {app} with {word:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// EPSV, PASV, EPRT and PORT, one after the other: all four data connections, and nothing else, are FTP's data.
#[test]
fn the_data_connections_of_ftp_are_told_by_the_control_connection() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_egret"))
        .args(["flows", "--json", "--read"])
        .arg(folder().join("ftp.pcap"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let apps: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|flow| flow["app"].as_str().unwrap_or("-").to_owned())
        .collect();
    let count = |app: &str| apps.iter().filter(|one| *one == app).count();
    assert_eq!((count("ftp"), count("ftp-data"), count("-") + 8), (4, 4, apps.len()), "{apps:?}");
}

/// Where each recogniser's own exchange comes from: a real server and client here, or bytes written by this project
/// after the specification (`fuzz/seeds/recognise`, kept equal to them by tests/recognisers.rs).
#[test]
fn every_recogniser_has_an_exchange_and_it_is_said_whose() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/recognise");
    if !seeds.exists() {
        println!(
            "SKIPPED every_recogniser_has_an_exchange_and_it_is_said_whose: a published package has no fuzz folder"
        );
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"));
        return;
    }
    // The connections that the golden of FTP opens beside its own.
    let real: BTreeSet<&str> = GOLDENS.iter().map(|(_, _, _, app, _)| *app).chain(["ftp-data"]).collect();
    let all: BTreeSet<&str> = RECOGNISERS.iter().map(|one| one.application.id()).collect();
    let built: BTreeSet<&str> = all.difference(&real).copied().collect();
    println!("real programs ({}): {}", real.len(), real.iter().copied().collect::<Vec<_>>().join(" "));
    println!(
        "written after the specification ({}): {}",
        built.len(),
        built.iter().copied().collect::<Vec<_>>().join(" ")
    );
    let without: Vec<_> = built.iter().filter(|id| !seeds.join(id).exists()).collect();
    assert!(without.is_empty() && real.is_subset(&all), "no exchange for {without:?}");
}

/// A capture that nobody looks at proves nothing, and the repository has room for little.
#[test]
fn the_table_and_the_folder_are_the_same() {
    let mut size = 0;
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
        .map(|path| {
            size += path.metadata().unwrap().len();
            path.file_stem().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    let table: BTreeSet<String> = GOLDENS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(files, table);
    assert!(size < 1_500_000, "{size} bytes");
    let apps: BTreeSet<&str> = GOLDENS.iter().map(|(_, _, _, app, _)| *app).collect();
    assert!(apps.len() >= 30 && apps.iter().all(|app| application(app).is_some()), "{apps:?}");
}

/// The lost packet must cost what is known of a flow at most, never give it a wrong name.
#[test]
fn a_lost_packet_never_makes_a_wrong_name() {
    for (name, _, port, app, _) in GOLDENS {
        for lost in 1..=20 {
            for (key, flow) in flows(name, Some(lost)) {
                let id = flow.facts.unwrap_or_default().application.id();
                let is_near = matches!(id, "-" | "unknown") || id == *app || is_carrier(app, id);
                let is_ours = [key.first().port, key.second().port].contains(port);
                assert!(!is_ours || is_near, "{name} without packet {lost}: {id} instead of {app}");
            }
        }
    }
}

/// What an application looks like when its own sign is lost.
fn is_carrier(app: &str, id: &str) -> bool {
    matches!(
        (app, id),
        ("etcd" | "grpc" | "doh", "http2" | "grpc")
            | ("websocket" | "prometheus-write" | "docker", "http" | "websocket")
            | ("doq", "quic")
            | ("smtp" | "http-proxy" | "tor", "tls")
            | ("http-proxy" | "socks", "http")
    )
}

/// Bytes of a segment, and where they stand in the stream.
fn part<'a>(packet: &Packet<'a>, from: usize, to: usize) -> Packet<'a> {
    let payload = &packet.payload[from..to.min(packet.payload.len())];
    Packet {
        payload,
        payload_len: payload.len() as u32,
        tcp_sequence: packet.tcp_sequence.wrapping_add(from as u32),
        tcp_flags: packet.tcp_flags & !(tcp_flag::SYN | tcp_flag::FIN),
        ..*packet
    }
}

/// Hands on each segment in pieces of that size.
fn cut(size: usize) -> impl FnMut(&Packet<'_>, &mut dyn FnMut(&Packet<'_>)) {
    move |packet, pass| {
        if packet.protocol != Protocol::TCP || packet.payload.is_empty() {
            return pass(packet);
        }
        for from in (0..packet.payload.len()).step_by(size) {
            pass(&part(packet, from, from + size));
        }
    }
}

/// The second half of each segment before the first.
fn swap(packet: &Packet<'_>, pass: &mut dyn FnMut(&Packet<'_>)) {
    if packet.protocol != Protocol::TCP || packet.payload.len() < 2 {
        return pass(packet);
    }
    let half = packet.payload.len() / 2;
    pass(&part(packet, half, packet.payload.len()));
    pass(&part(packet, 0, half));
}

/// The applications of the flows at the golden's port, once each.
fn apps_of(golden: &Golden, change: Change<'_>) -> BTreeSet<&'static str> {
    let (name, _, port, ..) = golden;
    let at_port =
        flows_of(name, change).into_iter().filter(|(key, _)| [key.first().port, key.second().port].contains(port));
    at_port.map(|(_, flow)| flow.facts.unwrap_or_default().application.id()).collect()
}

/// A network may cut, swap and double segments, and a watcher may come after the handshake: nothing of it changes a name.
#[test]
fn names_stand_whatever_the_network_does() {
    let mut wrong = Vec::new();
    for golden in GOLDENS {
        let plain = apps_of(golden, &mut |packet, pass| pass(packet));
        let double: Change<'_> = &mut |packet, pass| (0..2).for_each(|_| pass(packet));
        let no_syn: Change<'_> = &mut |packet, pass| {
            if packet.tcp_flags & tcp_flag::SYN == 0 {
                pass(packet);
            }
        };
        let changes: [(&str, Change<'_>); 4] =
            [("cut", &mut cut(7)), ("swapped", &mut swap), ("doubled", double), ("without a handshake", no_syn)];
        for (how, change) in changes {
            let apps = apps_of(golden, change);
            if apps != plain {
                wrong.push(format!("{} {how}: {apps:?} instead of {plain:?}", golden.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cannot be told by the answers alone: a request names it, or a server may be anything's.
const BY_THE_CLIENT: &[&str] = &["doh", "doq", "etcd", "grpc", "http-proxy", "prometheus-write", "socks", "tftp"];
/// What cannot be told by the client alone: whether it gets what it asks for.
const BY_THE_SERVER: &[&str] = &["websocket", "tor"];

/// Where the way back is another, only one side is seen.
#[test]
fn one_side_is_enough() {
    let mut wrong = Vec::new();
    for golden in GOLDENS {
        let (name, _, port, app, _) = golden;
        for (is_server, others) in [(true, BY_THE_CLIENT), (false, BY_THE_SERVER)] {
            let mut one_side = |packet: &Packet<'_>, pass: &mut dyn FnMut(&Packet<'_>)| {
                if (packet.source_port == *port) == is_server {
                    pass(packet);
                }
            };
            let apps = apps_of(golden, &mut one_side);
            let right = apps.contains(app) != others.contains(app);
            let near = apps.iter().all(|id| id == app || matches!(*id, "-" | "unknown") || is_carrier(app, id));
            if !right || !near {
                wrong.push(format!("{name}, {}: {apps:?}", if is_server { "server" } else { "client" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
