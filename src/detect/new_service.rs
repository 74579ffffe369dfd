//! New service: a port or protocol that this host, or this destination, was never seen to use.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Ledger, Service};
use crate::model::{Finding, Label, Opener, Protocol, Severity, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "new-service",
    title: "New service or protocol",
    about: "A known destination is contacted on a port that it was never contacted on, this host speaks a protocol or \
            uses a port for the first time, a known service suddenly speaks another protocol, or this host answers on \
            a port that it never answered on. Remote shells, mail, file sharing and mining are taken more seriously.",
    needs_baseline: true,
    build: || Box::new(NewService { told: Recent::new(4_096, Duration::from_hours(1)) }),
};

/// Said again after this long while it is still not usual.
const AGAIN: Duration = Duration::from_mins(1);
/// Ports that systems hand out for the near end (Linux: `ip_local_port_range`).
const EPHEMERAL: u16 = 32_768;
/// Intervals after which it is clear what a service speaks.
const CLEAR: u64 = 10;

/// Services that most servers have no business to use on the Internet, by port (IANA).
const WATCHED: &[(u16, &str)] = &[
    (21, "FTP"),
    (23, "Telnet"),
    (25, "SMTP"),
    (135, "RPC"),
    (139, "NetBIOS"),
    (445, "SMB"),
    (465, "SMTP"),
    (587, "SMTP"),
    (1080, "SOCKS"),
    (2323, "Telnet"),
    (3333, "Stratum"),
    (3389, "RDP"),
    (4444, "a port that remote shells like"),
    (5900, "VNC"),
    (6667, "IRC"),
    (6697, "IRC"),
    (9001, "Tor"),
    (14444, "Stratum"),
];

struct NewService {
    told: Recent<(Ledger, IpAddr, Service, &'static str), Timestamp>,
}

/// What is new about it.
struct News {
    severity: Severity,
    score: u8,
    /// What was seen, for the finding.
    observed: Value,
    expected: Value,
    what: String,
}

impl Detector for NewService {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.told.sweep(seen.at);
        for moved in &seen.moved {
            let news = match moved.contact.ledger {
                Ledger::Initiated if moved.is_ours => ours(moved, usual),
                Ledger::Initiated => None,
                Ledger::Replies => theirs(moved, usual),
            };
            let Some(news) = news else { continue };
            let contact = &moved.contact;
            let application = moved.top.subject.application.id();
            let address = if contact.ledger == Ledger::Replies { IpAddr::from([0, 0, 0, 0]) } else { contact.address };
            let key = (contact.ledger, address, contact.destination.service, application);
            let told = self.told.entry(seen.at, key, || Timestamp::ZERO);
            if told.nanos() == 0 || seen.at.since(*told) >= AGAIN {
                *told = seen.at;
                out.push(news.finding(seen.at, moved, usual));
            }
        }
    }
}

/// What we start.
fn ours(moved: &Moved<'_>, usual: &Baseline) -> Option<News> {
    let subject = &moved.top.subject;
    let service = moved.contact.destination.service;
    let to = words::destination(&moved.contact);
    let is_new_port = usual.service(Ledger::Initiated, service).is_none();
    let is_new_host = usual.host(subject.name.as_ref(), subject.remote).is_none();
    let watched = WATCHED.iter().find(|(port, _)| *port == service.port && service.protocol == Protocol::TCP);
    if let Some((_, what)) = watched
        && is_new_port
        && words::is_public(subject.remote)
    {
        return Some(News::of(
            Severity::Medium,
            55,
            port_value(service),
            format!("first use of {what} by this host: {to}"),
        ));
    }
    if is_new_host {
        return None; // `first-contact` says it, and knows that the port is new as well.
    }
    if usual.service_at(&moved.contact).is_none() {
        return Some(if is_new_port {
            let what = format!("first use of {service} by this host: {to}, a known destination");
            News::of(Severity::Low, 40, port_value(service), what)
        } else {
            let what = format!("new port for a known destination: {to}; {service} is used with others");
            News::of(Severity::Info, 20, port_value(service), what)
        });
    }
    spoken(moved, usual, &to)
}

/// A protocol that was never heard, here or there.
fn spoken(moved: &Moved<'_>, usual: &Baseline, to: &str) -> Option<News> {
    let application = moved.top.subject.application;
    if !application.is_known() {
        return None;
    }
    let observed = Value::Word(application.id());
    if usual.application(Ledger::Initiated, application.id()).is_none() {
        let what = format!("this host speaks {application} for the first time: {to}");
        return Some(News::of(Severity::Low, 35, observed, what));
    }
    let record = usual.record(&moved.contact)?;
    if record.applications.is_empty() || record.speaks(application.id()) || record.known.times < CLEAR {
        return None;
    }
    let before = record.applications_text();
    let mut news =
        News::of(Severity::Low, 35, observed, format!("{to} spoke {before} until now, and speaks {application}"));
    news.expected = Value::Text(Label::new(&before));
    Some(news)
}

/// What we answer: a port that never answered before and now sends something.
fn theirs(moved: &Moved<'_>, usual: &Baseline) -> Option<News> {
    let service = moved.contact.destination.service;
    let is_session = moved.top.opener == Opener::Handshake && moved.bytes_out > 0;
    if service.protocol != Protocol::TCP || !is_session || usual.service(Ledger::Replies, service).is_some() {
        return None;
    }
    let what = format!(
        "this host answers on {service} for the first time; {} sent to {}",
        words::bytes(moved.bytes_out),
        moved.contact.address
    );
    let (severity, score) = if service.port < EPHEMERAL { (Severity::Low, 35) } else { (Severity::Info, 20) };
    Some(News::of(severity, score, port_value(service), what))
}

const fn port_value(service: Service) -> Value {
    Value::Count(service.port as u64)
}

impl News {
    const fn of(severity: Severity, score: u8, observed: Value, what: String) -> Self {
        Self { severity, score, observed, expected: Value::None, what }
    }

    fn finding(self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Finding {
        let known = usual
            .host(moved.top.subject.name.as_ref(), moved.contact.address)
            .filter(|_| moved.contact.ledger == Ledger::Initiated)
            .map_or_else(String::new, |known| format!(", known for {}", words::span(known.age(at))));
        Finding {
            detector: SPEC.id,
            severity: self.severity,
            score: self.score,
            at,
            subject: words::subject_of(&moved.contact, moved.top),
            observed: self.observed,
            expected: self.expected,
            basis: words::basis(usual),
            why: format!("{}{known}; sent {} so far", self.what, words::bytes(moved.top.total_payload_out)),
        }
    }
}
