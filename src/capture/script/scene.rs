//! What happens in the demo, minute by minute. Addresses and names are those that RFC 5737 and RFC 2606 set aside.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::talk::{Tcp, lookup, receive, send, together};
use super::{Step, tls};
use crate::model::{Endpoint, InterfaceInfo, Label, Side, Timestamp};

/// Minutes of normal life before the first thing goes wrong.
pub(super) const NORMAL_MINUTES: u64 = 10;
/// Minutes after which things go wrong again, with other addresses.
pub(super) const ROUND: u64 = 5;

const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const DATABASE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 20);
const LOG_HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const TIME: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 123);
const PAYMENTS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 30);
const BACKUP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 70);
const MIRROR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

/// The web server's only interface.
pub(super) fn interface() -> InterfaceInfo {
    InterfaceInfo { name: Label::new("eth0"), addresses: vec![US.into()], is_up: true, ..InterfaceInfo::default() }
}

/// The steps of the scenario from some minute on, in the order of their time.
pub(super) struct Scenes {
    start: Timestamp,
    minute: u64,
    until: Option<u64>,
    pending: VecDeque<Step>,
}

impl Scenes {
    pub(super) const fn new(start: Timestamp, minute: u64) -> Self {
        Self { start, minute, until: None, pending: VecDeque::new() }
    }

    /// One round only.
    pub(super) const fn once(mut self) -> Self {
        self.until = Some(self.minute + ROUND);
        self
    }

    fn at(&self, minute: u64) -> Timestamp {
        self.start.plus(Duration::from_secs(minute * 60))
    }
}

impl Iterator for Scenes {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let is_over = |minute| self.until.is_some_and(|until| minute >= until);
        // What began in an earlier minute may go on in this one.
        while self.pending.front().is_none_or(|step| step.at() >= self.at(self.minute)) && !is_over(self.minute) {
            let mut talks = scene(self.at(self.minute), self.minute);
            talks.push(self.pending.drain(..).collect());
            self.pending = together(talks).into();
            self.minute += 1;
        }
        self.pending.pop_front()
    }
}

fn scene(at: Timestamp, minute: u64) -> Vec<Vec<Step>> {
    let mut talks = usual(at, minute);
    if minute >= NORMAL_MINUTES {
        let round = (minute - NORMAL_MINUTES) / ROUND;
        match (minute - NORMAL_MINUTES) % ROUND {
            0 => talks.extend([vendor(at, minute, round), smuggling(at, minute, round)].concat()),
            2 => talks.push(backup(at, minute, 14_000_000, Duration::from_secs(40))),
            3 => talks.push(other_port(at, minute)),
            4 => talks.push(call_home(at, minute, round)),
            _ => {}
        }
    }
    for step in talks.iter_mut().flatten() {
        keep_the_head(step);
    }
    talks
}

/// What a capture would keep: enough of each frame for its headers, and whole hellos and answers.
fn keep_the_head(step: &mut Step) {
    const KEPT: usize = 700;
    if let Step::Frame(shot) = step {
        shot.data.truncate(KEPT);
        shot.data.shrink_to_fit();
    }
}

fn after(at: Timestamp, millis: u64) -> Timestamp {
    at.plus(Duration::from_millis(millis))
}

/// A number that looks arbitrary and is the same every time (the finaliser of MurmurHash3).
const fn some(minute: u64, number: u64) -> u64 {
    let mut n = minute.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number.wrapping_mul(0xff51_afd7_ed55_8ccd));
    n ^= n >> 33;
    n = n.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    n ^ n >> 33
}

fn ours(minute: u64, number: u64) -> Endpoint {
    Endpoint::new(US.into(), 32_768 + (some(minute, number) % 28_000) as u16)
}

fn end(ip: Ipv4Addr, port: u16) -> Endpoint {
    Endpoint::new(ip.into(), port)
}

fn ask(minute: u64, number: u64, name: &str, ip: Ipv4Addr, at: Timestamp) -> Vec<Step> {
    lookup(ours(minute, number), end(RESOLVER, 53), name, &[IpAddr::V4(ip)], at)
}

/// A TLS connection of ours: hello, so many bytes out and back, goodbye.
fn tls_to(from: Endpoint, to: Endpoint, name: &str, (out, back): (usize, usize), at: Timestamp) -> Vec<Step> {
    Tcp::open(from, to, at)
        .say(Side::First, &tls::client_hello(name, &["h2", "http/1.1"]))
        .say(Side::Second, &tls::server_hello())
        .say(Side::First, &tls::data(out))
        .say(Side::Second, &tls::data(back))
        .close(Side::First)
}

fn usual(at: Timestamp, minute: u64) -> Vec<Vec<Step>> {
    let mut talks = Vec::new();
    talks.extend((0..15).map(|number| visitor(at, minute, number)));
    talks.push(database(at, minute));
    for number in 0..4 {
        let when = after(at, 3_000 + number * 15_000 + some(minute, number) % 2_000);
        talks.push(ask(minute, 100 + number, "api.payments.example", PAYMENTS, when));
        let size = (1_500 + (some(minute, 40 + number) % 1_200) as usize, 3_000);
        let from = ours(minute, 110 + number);
        talks.push(tls_to(from, end(PAYMENTS, 443), "api.payments.example", size, after(when, 8)));
    }
    let logs = (0..12).map(|number| {
        let line = format!("<134>1 - web nginx {} - - request served", some(minute, number) % 30_000);
        send(end(US, 514), end(LOG_HOST, 514), line.as_bytes(), after(at, 1_700 + number * 5_000))
    });
    talks.push(logs.collect());
    talks.push(time(at, minute));
    if minute % 2 == 1 {
        talks.push(backup(at, minute, 500_000 + (some(minute, 7) % 150_000) as usize, Duration::from_secs(9)));
    }
    if minute % 5 == 3 {
        talks.push(packages(at, minute));
    }
    talks
}

/// Somebody reads a page.
fn visitor(at: Timestamp, minute: u64, number: u64) -> Vec<Step> {
    let dice = some(minute, 1_000 + number);
    let from = end(Ipv4Addr::new(198, 51, 100, (10 + dice % 200) as u8), 40_000 + (dice >> 8) as u16 % 20_000);
    Tcp::accept(from, end(US, 443), after(at, number * 3_800 + dice % 2_000))
        .delay(Duration::from_millis(20 + dice % 60))
        .say(Side::First, &tls::client_hello("www.shop.example", &["h2"]))
        .say(Side::Second, &tls::server_hello())
        .say(Side::First, &tls::data(500))
        .say(Side::Second, &tls::data(4_000 + (dice % 18_000) as usize))
        .close(Side::First)
}

fn database(at: Timestamp, minute: u64) -> Vec<Step> {
    let mut talk = Tcp::midway(end(US, 45_432), end(DATABASE, 5_432), after(at, 500)).delay(Duration::from_millis(2));
    for number in 0..24 {
        let answer = 900 + (some(minute, number) % 4_000) as usize;
        talk = talk.say(Side::First, &[b'Q'; 220]).say(Side::Second, &vec![b'D'; answer]);
        talk = talk.wait(Duration::from_millis(2_300));
    }
    talk.leave()
}

fn time(at: Timestamp, minute: u64) -> Vec<Step> {
    let when = after(at, 20_000 + some(minute, 5) % 9_000);
    let mut packet = [0; 48];
    packet[0] = 0x23;
    let asked = send(end(US, 123), end(TIME, 123), &packet, when);
    packet[0] = 0x24;
    vec![asked, receive(end(TIME, 123), end(US, 123), &packet, after(when, 14))]
}

fn backup(at: Timestamp, minute: u64, bytes: usize, span: Duration) -> Vec<Step> {
    let name = "eu-1.backup.example";
    let mut steps = ask(minute, 200, name, BACKUP, after(at, 5_000));
    let talk = Tcp::open(ours(minute, 201), end(BACKUP, 443), after(at, 5_020))
        .say(Side::First, &tls::client_hello(name, &["http/1.1"]))
        .say(Side::Second, &tls::server_hello())
        .pour(Side::First, bytes, span)
        .say(Side::Second, &tls::data(300));
    steps.extend(talk.close(Side::First));
    steps
}

fn packages(at: Timestamp, minute: u64) -> Vec<Step> {
    let name = "deb.mirror.example";
    let mut steps = ask(minute, 210, name, MIRROR, after(at, 30_000));
    let request = format!("GET /pool/main/o/openssl.deb HTTP/1.1\r\nHost: {name}\r\nUser-Agent: apt\r\n\r\n");
    let talk = Tcp::open(ours(minute, 211), end(MIRROR, 80), after(at, 30_020))
        .say(Side::First, request.as_bytes())
        .say(Side::Second, b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
        .pour(Side::Second, 400_000, Duration::from_secs(4));
    steps.extend(talk.close(Side::Second));
    steps
}

/// A new place that gets little: worth a word.
fn vendor(at: Timestamp, minute: u64, round: u64) -> Vec<Vec<Step>> {
    let name = format!("telemetry-{}.vendor.example", round + 1);
    let ip = Ipv4Addr::new(203, 0, 113, 10 + (round % 40) as u8);
    let talk = tls_to(ours(minute, 301), end(ip, 443), &name, (30_000, 2_000), after(at, 12_020));
    vec![ask(minute, 300, &name, ip, after(at, 12_000)), talk]
}

/// A new place without a name that gets a lot.
fn smuggling(at: Timestamp, minute: u64, round: u64) -> Vec<Vec<Step>> {
    let to = end(Ipv4Addr::new(203, 0, 113, 66 + (round % 60) as u8), 443);
    let talk = Tcp::open(ours(minute, 310), to, after(at, 25_000))
        .say(Side::First, &tls::client_hello("", &[]))
        .say(Side::Second, &tls::server_hello())
        .pour(Side::First, 24_000_000, Duration::from_secs(70));
    vec![talk.close(Side::First)]
}

/// A place that is known, on a port that is not.
fn other_port(at: Timestamp, minute: u64) -> Vec<Step> {
    let talk = Tcp::open(ours(minute, 320), end(PAYMENTS, 2_222), after(at, 10_000))
        .say(Side::Second, b"SSH-2.0-OpenSSH_9.6\r\n")
        .say(Side::First, b"SSH-2.0-paramiko_3.4.0\r\n")
        .say(Side::First, &tls::data(90_000))
        .say(Side::Second, &tls::data(4_000));
    talk.close(Side::First)
}

/// A shell that somebody else types into.
fn call_home(at: Timestamp, minute: u64, round: u64) -> Vec<Step> {
    let to = end(Ipv4Addr::new(203, 0, 113, 200 + (round % 50) as u8), 4_444);
    let mut talk = Tcp::open(ours(minute, 330), to, after(at, 8_000)).say(Side::First, b"$ ");
    for line in ["id\n", "uname -a\n", "cat /etc/passwd\n", "ls -la /srv\n", "tar cz /srv/shop | head -c 40000\n"] {
        let answer = if line.starts_with("tar") { 40_000 } else { 60 + line.len() * 90 };
        talk =
            talk.wait(Duration::from_secs(5)).say(Side::Second, line.as_bytes()).say(Side::First, &vec![b'.'; answer]);
    }
    talk.leave()
}
