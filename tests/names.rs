//! Names: who was told which name for which address, what that names, and what it says of names in requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::time::Duration;

use egret::baseline::Changes;
use egret::capture::script::{dns, frame, tls};
use egret::detect;
use egret::engine::{Engine, Outside, Parts};
use egret::flow::FlowConfig;
use egret::model::{
    Endpoint, Event, Frame, Heading, InterfaceCounters, InterfaceId, InterfaceInfo, LinkType, NameCheck, Severity,
    Timestamp,
};
use egret::protocol;
use egret::snapshot::Row;
use egret::store::{Batch, Store, Words};

const US: &str = "10.0.0.5";
const RESOLVER: &str = "10.0.0.2";
const START: u64 = 1_800_000_000;

fn end(ip: &str, port: u16) -> Endpoint {
    Endpoint::new(ip.parse().unwrap(), port)
}

/// Traffic by hand.
struct World {
    engine: Engine,
    secs: u64,
    port: u16,
}

impl World {
    /// Of a host with one address.
    fn new() -> Self {
        Self::of(FlowConfig::default(), &[US], false)
    }

    fn of(flow: FlowConfig, ours: &[&str], is_live: bool) -> Self {
        let mut engine = Engine::new(Parts { flow, ..Parts::default() });
        let info = InterfaceInfo {
            is_up: true,
            addresses: ours.iter().map(|ip| ip.parse().unwrap()).collect(),
            counters: is_live.then(InterfaceCounters::default),
            ..InterfaceInfo::default()
        };
        engine.take(Event::Interface(Timestamp::ZERO, info));
        Self { engine, secs: START, port: 40_000 }
    }

    fn send(&mut self, data: &[u8]) {
        self.engine.take(Event::Frames(&[Frame {
            at: Timestamp::from_secs(self.secs),
            interface: InterfaceId(0),
            link: LinkType::Ethernet,
            heading: Heading::Unknown,
            wire_len: data.len() as u32,
            data,
            vlan: None,
            gso: None,
        }]));
    }

    fn pass(&mut self, secs: u64) -> &mut Self {
        self.secs += secs;
        self
    }

    fn lookup(&mut self, asker: &str, name: &str, address: &str) -> &mut Self {
        self.port += 1;
        let (asker, resolver) = (end(asker, self.port), end(RESOLVER, 53));
        self.send(&frame::udp(asker, resolver, &dns::query(7, name, dns::A)));
        self.send(&frame::udp(resolver, asker, &dns::answer(7, name, dns::A, &[address.parse().unwrap()], 60)));
        self
    }

    /// A conversation that begins with this payload.
    fn talk(&mut self, from: &str, to: &str, port: u16, payload: &[u8]) -> &mut Self {
        self.port += 1;
        let (ours, theirs) = (end(from, self.port), end(to, port));
        let length = payload.len() as u32;
        self.send(&frame::tcp(ours, theirs, 2, (1, 0), b""));
        self.send(&frame::tcp(theirs, ours, 0x12, (1, 2), b""));
        self.send(&frame::tcp(ours, theirs, 0x18, (2, 2), payload));
        self.send(&frame::tcp(theirs, ours, 0x18, (2, 2 + length), &tls::data(400)));
        self
    }

    fn tls(&mut self, from: &str, to: &str, name: &str) -> &mut Self {
        self.talk(from, to, 443, &tls::client_hello(name, &["h2"]))
    }

    fn http(&mut self, to: &str, port: u16, target: &str, host: &str) -> &mut Self {
        let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {}\r\n\r\n", "x".repeat(100));
        self.talk(US, to, port, text.as_bytes())
    }

    /// The rows to an address, after the second has closed.
    fn rows(&mut self, to: &str) -> Vec<Row> {
        self.engine.finish();
        let rows = self.engine.snapshot(Outside::default()).rows;
        rows.into_iter().filter(|row| row.remote.is_some_and(|end| end.ip.to_string() == to)).collect()
    }

    fn name(&mut self, to: &str) -> String {
        let rows = self.rows(to);
        let name = rows.last().unwrap().name.clone();
        name.map_or_else(|| "-".to_owned(), |name| format!("{} by {}", name.text, name.source.id()))
    }

    fn check(&mut self, to: &str) -> NameCheck {
        self.rows(to).last().unwrap().facts.as_ref().unwrap().name_check.clone()
    }

    fn found(&mut self) -> Vec<(&'static str, Severity)> {
        self.engine.finish();
        let alerts = self.engine.book().alerts();
        let found = alerts.iter().map(|alert| (alert.finding.detector, alert.finding.severity));
        found.filter(|(detector, _)| *detector == "host-mismatch").collect()
    }
}

#[test]
fn an_answer_given_to_one_host_does_not_name_the_flow_of_another() {
    let (a, b, to) = ("10.0.0.5", "10.0.0.6", "192.0.2.1");
    // A router's view: both hosts are inside, or neither is.
    for ours in [&[a, b][..], &[]] {
        let mut world = World::of(FlowConfig::default(), ours, false);
        world.lookup(a, "www.example.com", to).talk(b, to, 9_000, b"\x01\x02\x03");
        assert_eq!(world.name(to), "-", "{ours:?}");
        world.pass(1).talk(a, to, 9_000, b"\x01\x02\x03").pass(1).talk(a, to, 9_001, b"\x01\x02\x03");
        assert_eq!(world.name(to), "www.example.com by dns", "{ours:?}");
    }
    // The same two addresses on one live machine: what it asked from one it may use from the other.
    let mut world = World::of(FlowConfig::default(), &[a, b], true);
    world.lookup(a, "www.example.com", to).talk(b, to, 9_000, b"\x01\x02\x03");
    assert_eq!(world.name(to), "www.example.com by dns");
}

#[test]
fn an_answer_that_nobody_asked_for_names_nothing() {
    let mut world = World::new();
    let answer = dns::answer(7, "www.example.com", dns::A, &["192.0.2.1".parse().unwrap()], 60);
    let forged = frame::udp(end(RESOLVER, 53), end(US, 40_000), &answer);
    world.send(&forged);
    world.talk(US, "192.0.2.1", 9_000, b"\x01\x02\x03");
    assert_eq!(world.name("192.0.2.1"), "-");
}

#[test]
fn a_name_is_believed_for_a_day_or_its_ttl() {
    let mut world = World::new();
    world.lookup(US, "www.example.com", "192.0.2.1").pass(86_000).talk(US, "192.0.2.1", 9_000, b"\x01\x02\x03");
    assert_eq!(world.name("192.0.2.1"), "www.example.com by dns");
    world.pass(1_000).talk(US, "192.0.2.1", 9_001, b"\x01\x02\x03");
    assert_eq!(world.name("192.0.2.1"), "-");
}

#[test]
fn after_a_restart_a_flow_seen_from_the_middle_has_its_name() {
    let home = tempfile::tempdir().unwrap();
    let words = Words { detector: |id| detect::spec(id).map(|spec| spec.id), application: protocol::application };
    let (mut store, _) = Store::open(home.path(), &words).unwrap();
    let mut first = World::new();
    first.lookup(US, "www.example.com", "192.0.2.1").lookup("10.0.0.9", "b.example.org", "192.0.2.2");
    let names = first.engine.names().take_changes();
    store.save(&Batch::new(Changes::default(), Vec::new()).with_names(names)).unwrap();
    drop(store);

    let (_, loaded) = Store::open(home.path(), &words).unwrap();
    assert_eq!((loaded.names.len(), loaded.unread), (2, 0));
    let mut second = World::new();
    second.engine.names().restore(loaded.names);
    second.pass(3_600);
    for to in ["192.0.2.1", "192.0.2.2"] {
        let running = frame::tcp(end(US, 50_000), end(to, 443), 0x18, (900, 900), b"\x17\x03\x03\x00\x02ab");
        second.send(&running);
    }
    assert_eq!(second.name("192.0.2.1"), "www.example.com by dns");
    assert_eq!(second.name("192.0.2.2"), "-", "that was told to another host");
}

#[test]
fn a_host_name_that_dns_has_differently_is_a_fact_and_a_finding() {
    let mut world = World::new();
    world.lookup(US, "cdn.evil-example.com", "192.0.2.1").pass(700).lookup(US, "www.example.org", "192.0.2.9");
    world.http("192.0.2.1", 80, "/s/ref=nb", "www.amazon.com");
    assert_eq!(world.check("192.0.2.1"), NameCheck::Conflict(egret::model::Label::new("cdn.evil-example.com")));
    assert_eq!(world.found(), [("host-mismatch", Severity::Medium)]);

    // The twin looked the name up.
    let mut twin = World::new();
    twin.lookup(US, "www.amazon.com", "192.0.2.1").pass(700).lookup(US, "www.example.org", "192.0.2.9");
    twin.http("192.0.2.1", 80, "/s/ref=nb", "www.amazon.com");
    assert_eq!((twin.check("192.0.2.1"), twin.found()), (NameCheck::Agrees, vec![]));
}

#[test]
fn a_server_name_that_never_came_up_is_a_fact_and_a_mild_finding() {
    let mut world = World::new();
    world.lookup(US, "www.example.org", "192.0.2.9").pass(700).tls(US, "192.0.2.1", "www.amazon.com");
    assert_eq!(world.check("192.0.2.1"), NameCheck::Never);
    assert_eq!(world.found(), [("host-mismatch", Severity::Low)]);
}

/// What happens in a world.
type Act = fn(&mut World);

#[test]
fn where_nobody_can_know_nothing_is_judged() {
    let cases: [(&str, Act); 5] = [
        ("no DNS is seen", |world| {
            world.pass(700).tls(US, "192.0.2.1", "www.amazon.com");
        }),
        ("DNS is seen since a moment ago", |world| {
            world.lookup(US, "www.example.org", "192.0.2.9").pass(5).tls(US, "192.0.2.1", "www.amazon.com");
        }),
        ("only another host is seen to ask", |world| {
            world.lookup("10.0.0.9", "www.example.org", "192.0.2.9").pass(700);
            world.tls(US, "192.0.2.1", "www.amazon.com");
        }),
        ("it asks over HTTPS as well", |world| {
            world.lookup(US, "www.example.org", "192.0.2.9").tls(US, "192.0.2.8", "dns.google");
            world.pass(700).tls(US, "192.0.2.1", "www.amazon.com");
        }),
        ("it asks a proxy", |world| {
            world.lookup(US, "proxy.example.org", "192.0.2.1").pass(700);
            world.http("192.0.2.1", 3_128, "http://www.amazon.com/", "www.amazon.com");
        }),
    ];
    for (what, play) in cases {
        let mut world = World::new();
        play(&mut world);
        assert_eq!((world.check("192.0.2.1"), world.found()), (NameCheck::Unknown, vec![]), "{what}");
    }
}

#[test]
fn without_recognition_there_are_the_same_counts_and_no_names() {
    let play = |recognise: bool| {
        let mut world = World::of(FlowConfig { recognise, ..FlowConfig::default() }, &[US], false);
        world.lookup(US, "www.example.org", "192.0.2.1").tls(US, "192.0.2.1", "www.example.org");
        world.pass(Duration::from_mins(1).as_secs());
        let row = world.rows("192.0.2.1").pop().unwrap();
        ((row.bytes_out, row.bytes_in, row.packets_out), row.name.is_some(), row.application.is_known())
    };
    let (with, without) = (play(true), play(false));
    assert_eq!(with.0, without.0);
    assert_eq!((with.1, with.2, without.1, without.2), (true, true, false, false));
}
