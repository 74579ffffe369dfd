//! What the filter language means, as tables of cases.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Application, Direction, Endpoint, Finding, Label, Mark, Name, NameSource, Owner, Protocol, Scope, Severity,
    Subject, TcpState, Value, Verdict,
};
use crate::snapshot::{FIELDS, Rates};

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// curl, to www.example.com on a public address, 12 MB out, five minutes old, new.
fn row() -> Row {
    let subject = Subject {
        host: "10.0.0.5".parse().unwrap(),
        remote: "93.184.216.34".parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        name: None,
        application: Application::new("tls"),
        flow: None,
    };
    let finding = Finding {
        detector: "first-contact",
        severity: Severity::Medium,
        score: 60,
        at: NOW,
        subject,
        observed: Value::Bytes(12_000_000),
        expected: Value::Bytes(0),
        basis: "3 d".to_owned(),
        why: "never sent here before".to_owned(),
    };
    Row {
        flows: 1,
        protocol: Some(Protocol::TCP),
        local: Some(Endpoint::new("10.0.0.5".parse().unwrap(), 51_000)),
        remote: Some(Endpoint::new("93.184.216.34".parse().unwrap(), 443)),
        direction: Direction::Out,
        wire_bytes_out: 12_000_000,
        wire_bytes_in: 400_000,
        payload_bytes_out: 11_000_000,
        payload_bytes_in: 500_000,
        rates_out: Rates { s2: 125_000, s10: 100_000, s40: 50_000 },
        first: NOW.minus(Duration::from_mins(5)),
        last: NOW.minus(Duration::from_secs(2)),
        state: TcpState::Established,
        application: Application::new("tls"),
        name: Some(Name { text: Label::new("www.example.com"), source: NameSource::Sni }),
        owner: Some(Arc::new(Owner {
            exe: Label::new("/usr/bin/curl"),
            comm: Label::new("curl"),
            pid: 4_411,
            uid: Some(33),
            unit: Some(Label::new("backup.service")),
            ..Owner::default()
        })),
        verdict: Verdict::Unusual,
        score: 60,
        findings: vec![Arc::new(finding)],
        ..Row::default()
    }
}

/// A marked, quiet IPv6 flow to a neighbour, of which little is known.
fn dull() -> Row {
    let scope = Scope::Host("fe80::2".parse().unwrap());
    let mark = Mark { id: Label::new("m1"), scope, expires: None, reason: None, made: NOW, by: Label::new("root") };
    Row {
        flows: 1,
        protocol: Some(Protocol::UDP),
        local: Some(Endpoint::new("fe80::1".parse().unwrap(), 5_353)),
        remote: Some(Endpoint::new("fe80::2".parse().unwrap(), 53)),
        direction: Direction::In,
        wire_bytes_out: 90,
        first: NOW.minus(Duration::from_hours(72)),
        last: NOW.minus(Duration::from_hours(1)),
        verdict: Verdict::Marked,
        mark: Some(Arc::new(mark)),
        ..Row::default()
    }
}

#[test]
fn each_filter_passes_what_it_says_and_its_twin_does_not() {
    // The first passes the row and not the dull one; the second passes neither.
    let cases = [
        ("curl", "wget"),
        ("CURL", "\"curl \""),
        ("\"www.example\"", "\"www example\""),
        ("port:443", "port:44"),
        ("port = 80,443", "port = 80,8080"),
        ("port=400..500", "port=444..500"),
        ("out > 10MB", "out > 12MB"),
        ("out >= 12MB", "out >= 12.1MB"),
        ("out > 11 MiB", "out > 12 MiB"),
        ("!known and out > 10MB", "known and out > 10MB"),
        ("new first < 10m and public", "new first < 1m and public"),
        ("age > 4m age < 6m", "age > 6m age < 1h"),
        ("idle < 1h", "idle > 2h"),
        ("proc:/^(curl|wget|python)/ and port != 80,22", "proc:/^(wget|python)/"),
        ("dst = 93.184.0.0/16 or unit:nginx.service", "dst = 10.0.0.0/8 or unit:nginx.service"),
        ("dst:93.184", "dst:93.185"),
        ("host = 93.184.216.30..93.184.216.40", "host = 93.184.216.35..93.184.216.40"),
        ("host:example.com", "host=example.com"),
        ("name=*.example.com", "name=*.example.net"),
        ("name ~ ^www", "name ~ ^ww$"),
        ("name !~ ^mail and app:tls", "name !~ ^www and app:tls"),
        ("src=10.0.0.0/8", "src=10.1.0.0/16"),
        ("93.184.216.34", "93.184.216.35"),
        ("10.0.0.0/8", "11.0.0.0/8"),
        ("ratio > 20 and out > 1MB", "ratio > 22 and out > 1MB"),
        ("out2 = 1Mbit", "out2 = 1MB/s"),
        ("outrate > 900kb", "outrate > 1.1Mb"),
        ("state:established", "state:establish"),
        ("exe:/usr/bin/curl", "exe:/usr/bin/wget"),
        ("alert:first-contact", "alert:volume"),
        ("reason:\"never sent\"", "reason:\"often sent\""),
        ("known:no", "known:no tls ssh"),
        ("out tls (udp or tcp)", "transit tls (udp or tcp)"),
        ("not (udp || icmp) && encrypted", "not (udp || tcp) && encrypted"),
        ("unusual", "closed"),
        ("lit", "lit bad"),
        ("first > 1970-01-12T13:00:00Z and first < 1970-01-13", "first > 1970-01-13"),
        ("user:33", "user:0"),
        ("tls sort:score-desc", "ssh sort:score-desc"),
    ];
    for (passes, blocks) in cases {
        let filter = |text| Filter::parse(text).unwrap_or_else(|why| panic!("{}", why.pointing(text)));
        assert!(filter(passes).matches_at(&row(), NOW), "{passes}");
        assert!(!filter(passes).matches_at(&dull(), NOW), "{passes} passes the other row");
        assert!(!filter(blocks).matches_at(&row(), NOW), "{blocks}");
        assert!(!filter(blocks).matches_at(&dull(), NOW), "{blocks} passes the other row");
    }
}

#[test]
fn addresses_of_ipv6_are_no_fields() {
    for text in ["fe80::2", "fe80::/10", "host:fe80::2", "host = fe80::/16", "src:fe80::1 in", "local known -"] {
        assert!(Filter::parse(text).unwrap().matches_at(&dull(), NOW), "{text}");
        assert!(!Filter::parse(text).unwrap().matches_at(&row(), NOW), "{text}");
    }
}

#[test]
fn what_is_not_known_is_unequal_to_everything_and_neither_above_nor_below() {
    for (text, passes) in [
        ("owner != curl", true),
        ("owner = curl", false),
        ("ratio > 0", false),
        ("ratio <= 1000", false),
        ("pid < 5", false),
        ("not pid < 5", true),
    ] {
        assert_eq!(Filter::parse(text).unwrap().matches_at(&dull(), NOW), passes, "{text}");
    }
}

#[test]
fn nothing_and_an_order_alone_pass_everything() {
    for text in ["", "   ", "sort:out"] {
        let filter = Filter::parse(text).unwrap();
        assert!(filter.matches(&row()) && filter.matches(&dull()) && filter.is_everything(), "{text:?}");
    }
    let sort = Filter::parse("sort:port-asc").unwrap().sort().unwrap();
    assert_eq!((sort.field.id, sort.descending), ("port", false));
    assert!(Filter::parse("tls").unwrap().sort().is_none());
}

#[test]
fn errors_say_what_and_at_which_character() {
    let cases = [
        ("prto:tcp", 0, "did you mean `proto`?"),
        ("tls and scoer > 3", 8, "did you mean `score`?"),
        ("zebra:1", 0, "put it in quotes"),
        ("out > 10parsecs", 6, "`parsecs` is not a unit"),
        ("out > many", 6, "not a number"),
        ("port = 80,,443", 10, "missing beside the comma"),
        ("first < soon", 8, "not a span of time"),
        ("(tls or ssh", 0, "bracket is not closed"),
        ("tls)", 3, "closes nothing"),
        ("tls and", 7, "missing here"),
        ("or tls", 0, "missing before `or`"),
        ("not", 3, "missing here"),
        ("/([/", 1, "not a regular expression"),
        ("name ~ *", 7, "not a regular expression"),
        ("\"open", 0, "quote is not closed"),
        ("out =", 5, "compared with nothing"),
        ("> 5", 0, "name of a field is missing"),
        ("name > b", 7, "has no size"),
        ("out ~ 5", 6, "is not text"),
        ("known = maybe", 8, "yes or no"),
        ("src = nowhere", 6, "not an address"),
        ("not sort:out", 0, "opposite"),
        ("sort:out sort:in", 9, "one order only"),
        ("é prto:tcp", 2, "did you mean"),
    ];
    for (text, at, part) in cases {
        let why = Filter::parse(text).expect_err(text);
        assert_eq!(why.at, at, "{text}: {why}");
        assert!(why.message.contains(part), "{text}: {why}");
        assert!(why.pointing(text).ends_with(&format!("\n{}^", " ".repeat(at))));
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = format!("{}tls{}", "(".repeat(60), ")".repeat(60));
    assert!(Filter::parse(&deep).is_ok());
    for text in ["(".repeat(4_000), "!".repeat(4_000), "not ".repeat(1_000), "x".repeat(5_000)] {
        assert!(Filter::parse(&text).is_err());
    }
}

#[test]
fn every_field_can_be_asked_for() {
    for field in FIELDS {
        let text = format!("{} = 1", field.id);
        match field.kind {
            crate::snapshot::Kind::Address => assert!(Filter::parse(&format!("{}=::1", field.id)).is_ok()),
            _ => assert!(Filter::parse(&text).is_ok(), "{text}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        if let Ok(filter) = Filter::parse(&text) {
            let _ = (filter.matches_at(&row(), NOW), filter.matches_at(&Row::default(), Timestamp::ZERO));
        }
    }

    #[test]
    fn no_mixture_of_its_own_words_makes_it_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "!", "not", "and", "or", "&&", "||", "=", "!=", "<", ">", "~", ":", "..", ",", "/", "\"", "\\",
                "out", "port", "name", "first", "dst", "known", "10", "1MiB", "5m", "10.0.0.0/8", "::1", "sort:", "*", "é",
            ]),
            0..24,
        ),
        blanks in any::<bool>(),
    ) {
        let text = parts.join(if blanks { " " } else { "" });
        match Filter::parse(&text) {
            Ok(filter) => { let _ = filter.matches_at(&row(), NOW); }
            Err(why) => prop_assert!(why.at <= text.chars().count(), "{text}: {why:?}"),
        }
    }
}
