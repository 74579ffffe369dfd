//! Snapshots that look like a server's afternoon, built by hand.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use egret::model::{
    Alert, AlertState, Application, Confidence, Connection, Connections, Direction, Endpoint, Facts, Finding, FlowKey,
    Health, InterfaceId, InterfaceInfo, Label, Losses, Mark, Name, NameSource, Owner, Parent, Protocol, Scope,
    Severity, Skip, SocketKind, SocketState, Subject, Tally, TcpNumbers, TcpState, Timestamp, Value, Verdict,
};
use egret::snapshot::{Agreement, Learning, Rates, Row, RowId, SPARK, Snapshot, Totals};

/// 12:04:31 UTC on an autumn day.
pub const NOW: Timestamp = Timestamp::from_secs(1_795_435_471);

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A flow of ours that was opened from here.
pub fn flow(local_port: u16, remote: &str, port: u16, protocol: Protocol) -> Row {
    let here = if ip(remote).is_ipv6() { "2001:db8:5::5" } else { "10.0.0.5" };
    let (local, remote) = (Endpoint::new(ip(here), local_port), Endpoint::new(ip(remote), port));
    Row {
        id: RowId::Flow(FlowKey::new(protocol, local, remote).canonical().0),
        flows: 1,
        protocol: Some(protocol),
        local: Some(local),
        remote: Some(remote),
        interface: Some(InterfaceId(0)),
        direction: Direction::Out,
        opened: 1,
        first: NOW.minus(Duration::from_hours(1)),
        last: NOW,
        state: if protocol == Protocol::TCP { TcpState::Established } else { TcpState::None },
        verdict: Verdict::Usual,
        ..Row::default()
    }
}

/// The same with some traffic on it: three averages out, one in, and totals.
pub fn busy(mut row: Row, out: [u64; 3], back: u64, total_out: u64, total_in: u64) -> Row {
    row.rates_out = Rates { s2: out[0], s10: out[1], s40: out[2] };
    row.rates_in = Rates { s2: back, s10: back, s40: back };
    for (bytes, value) in [
        (&mut row.bytes_out, total_out),
        (&mut row.wire_bytes_out, total_out),
        (&mut row.bytes_in, total_in),
        (&mut row.wire_bytes_in, total_in),
    ] {
        *bytes = value;
    }
    (row.payload_bytes_out, row.payload_bytes_in) = (total_out * 95 / 100, total_in * 90 / 100);
    (row.packets_out, row.packets_in) = (total_out / 1_400 + 1, total_in / 900 + 1);
    row.peak_out = out.into_iter().max().unwrap_or(0) * 2;
    row.peak_in = back * 2;
    for (step, value) in row.spark.iter_mut().enumerate() {
        let wave = [4, 7, 9, 6, 3, 5, 8, 10, 7, 5][step % 10];
        *value = u32::try_from(out[2] * 2 * wave / 7).unwrap();
    }
    row
}

pub fn named(mut row: Row, text: &str, source: NameSource, application: &'static str) -> Row {
    row.name = Some(Name { text: Label::new(text), source });
    row.application = Application::new(application);
    row
}

fn finding(row: &Row, detector: &'static str, severity: Severity, score: u8, why: &str) -> Finding {
    let (local, remote) = (row.local.unwrap(), row.remote.unwrap());
    Finding {
        detector,
        severity,
        score,
        at: NOW.minus(Duration::from_secs(10)),
        subject: Subject {
            host: local.ip,
            remote: remote.ip,
            port: remote.port,
            protocol: row.protocol.unwrap(),
            name: row.name.as_ref().map(|name| name.text.clone()),
            application: row.application,
            flow: match row.id {
                RowId::Flow(key) => Some(key),
                _ => None,
            },
        },
        observed: Value::Bytes(row.wire_bytes_out),
        expected: Value::None,
        basis: "3 d 4 h, 212 destinations".to_owned(),
        why: why.to_owned(),
    }
}

/// Lights a row.
pub fn lit(mut row: Row, findings: &[(&'static str, Severity, u8, &str)]) -> Row {
    row.findings =
        findings.iter().map(|(id, severity, score, why)| Arc::new(finding(&row, id, *severity, *score, why))).collect();
    row.score = findings.iter().map(|(_, _, score, _)| *score).fold(0, u8::saturating_add).min(100);
    let worst = findings.iter().map(|(_, severity, _, _)| *severity).max().unwrap();
    row.verdict = if worst == Severity::High { Verdict::Bad } else { Verdict::Unusual };
    row
}

pub fn mark(id: &str, scope: Scope, days: Option<u64>, reason: Option<&str>) -> Arc<Mark> {
    Arc::new(Mark {
        id: Label::new(id),
        scope,
        expires: days.map(|days| NOW.plus(Duration::from_secs(days * 86_400))),
        reason: reason.map(Label::new),
        made: NOW.minus(Duration::from_hours(24)),
        by: Label::new("anna"),
    })
}

fn alert(id: u64, state: AlertState, count: u64, row: &Row) -> Arc<Alert> {
    let finding = row.reason().unwrap().clone();
    Arc::new(Alert {
        id,
        state,
        first: NOW.minus(Duration::from_secs(39)),
        last: finding.at,
        count,
        finding,
        owner: None,
    })
}

fn exfiltration() -> Row {
    let mut row =
        busy(flow(51_812, "185.220.101.7", 9_001, Protocol::TCP), [0, 6_012_000, 1_503_000], 0, 60_120_400, 182_310);
    row.spark = [0; SPARK];
    row.spark[14] = 60_120_400;
    row.first = NOW.minus(Duration::from_secs(12));
    row.last = NOW.minus(Duration::from_secs(10));
    row.state = TcpState::Closed;
    row.peak_out = 60_120_400;
    row.application = Application::UNKNOWN;
    lit(
        row,
        &[
            (
                "first-contact",
                Severity::High,
                60,
                "first contact with 185.220.101.7:9001: sent 60.1 MB, received 182 kB; 212 destinations known after 3 d 4 h",
            ),
            ("upload", Severity::High, 32, "60.1 MB to 185.220.101.7 in a minute, 1500 times the usual; usually 40 kB"),
        ],
    )
}

fn rows() -> Vec<Row> {
    let tcp = Protocol::TCP;
    let paste = lit(
        named(
            busy(flow(40_110, "203.0.113.77", 443, tcp), [152_000, 114_000, 41_000], 2_100, 6_200_400, 88_000),
            "paste.example.net",
            NameSource::Sni,
            "tls",
        ),
        &[(
            "volume",
            Severity::Medium,
            61,
            "6.20 MB to paste.example.net in an hour, 14 times the usual; usually 440 kB, never more than 1.1 MB",
        )],
    );
    let mut backup = named(
        busy(flow(38_022, "198.51.100.20", 443, tcp), [251_000, 302_000, 268_000], 9_000, 1_900_000_000, 21_400_000),
        "backups.s3.eu-1.amazonaws.com",
        NameSource::Sni,
        "tls",
    );
    backup.mark = Some(mark("k1", Scope::Name(Label::new("amazonaws.com")), Some(30), Some("nightly backup")));
    backup.verdict = Verdict::Marked;
    backup.facts = Some(Arc::new(Facts {
        application: Application::new("tls"),
        sni: Some(Label::new("backups.s3.eu-1.amazonaws.com")),
        alpn: vec![Label::new("h2"), Label::new("http/1.1")],
        ja4: Some(Label::new("t13d1516h2_8daaf6152771_b186095e22b6")),
        ..Facts::default()
    }));
    let mut rows = vec![exfiltration(), paste, backup];
    rows.push(named(
        busy(flow(60_100, "151.101.2.132", 80, tcp), [0, 1_400, 5_250], 190_000, 1_100_000, 48_000_000),
        "deb.debian.org",
        NameSource::Dns,
        "http",
    ));
    rows.push(busy(flow(53_011, "10.0.0.2", 53, Protocol::UDP), [250, 240, 130], 410, 41_200, 96_000));
    rows[4].application = Application::new("dns");
    rows.push(named(
        busy(flow(44_000, "2001:db8:9::7", 443, tcp), [0, 900, 700], 2_000, 812_000, 4_100_000),
        "api.example.com",
        NameSource::Sni,
        "tls",
    ));
    // Two dozen clients of the web server here, and as many short runs of curl.
    for n in 0..24_u16 {
        let mut client = busy(flow(443, "192.0.2.61", 50_000 + n, tcp), [1_000, 900, 800], 150, 120_000, 9_000);
        client.direction = Direction::In;
        client.application = Application::new("tls");
        rows.push(client);
        let run = busy(flow(41_000 + n, "198.51.100.7", 443, tcp), [40, 60, 50], 300, 1_900, 14_000);
        let mut run = named(run, "mirror.example.org", NameSource::Sni, "tls");
        run.state = TcpState::Closed;
        rows.push(run);
    }
    let icmp = busy(flow(0, "192.0.2.1", 0, Protocol::ICMP), [98, 98, 98], 98, 35_280, 35_280);
    rows.push(icmp);
    rows
}

fn graph() -> Vec<(u64, u64)> {
    let mut graph: Vec<(u64, u64)> = (0..300_u64)
        .map(|n| {
            (380_000 + (n * 7_919) % 90_000 + (n % 40) * 6_000, 120_000 + (n * 104_729) % 60_000 + (n % 90) * 1_500)
        })
        .collect();
    graph[288] = (2_100_000, 310_000);
    graph[289] = (3_900_000, 420_000);
    graph
}

/// An afternoon with two lit rows, after learning.
/// The sockets of the afternoon: two connections, one of which was never seen on the wire, and some that wait.
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn sockets(rows: &[Row]) -> Connections {
    let owner = Owner { exe: Label::new("/usr/sbin/sshd"), comm: Label::new("sshd"), pid: 812, ..Owner::default() };
    let tcp = TcpNumbers {
        bytes_acked: 60_100_000,
        bytes_received: 182_000,
        bytes_sent: 60_500_000,
        rtt: Duration::from_micros(23_400),
        retransmits: 276,
        window: 42,
        segment_size: 1_448,
        ..TcpNumbers::default()
    };
    let us = |port| Endpoint::new(ip("10.0.0.5"), port);
    let seen = Connection {
        state: SocketState::Established,
        local: rows[0].local.unwrap(),
        remote: rows[0].remote.unwrap(),
        send_queue: 48_112,
        uid: 1000,
        inode: 77_001,
        cookie: 1,
        tcp: Some(tcp),
        ..Connection::new(SocketKind::Tcp)
    };
    let unseen = Connection {
        local: us(22),
        remote: Endpoint::new(ip("198.51.100.99"), 50_022),
        cookie: 2,
        inode: 77_002,
        tcp: Some(TcpNumbers { bytes_acked: 5_120, ..TcpNumbers::default() }),
        holders: vec![Arc::new(owner.clone())],
        ..seen.clone()
    };
    let listener = Connection {
        state: SocketState::Listen,
        is_v6: true,
        is_dual: true,
        local: Endpoint::new(ip("::"), 22),
        receive_queue: 1,
        send_queue: 128,
        cookie: 3,
        inode: 77_003,
        holders: vec![Arc::new(owner)],
        ..Connection::new(SocketKind::Tcp)
    };
    let udp = Connection { local: us(40_000), cookie: 4, inode: 77_004, uid: 102, ..Connection::new(SocketKind::Udp) };
    let asks = Connection {
        state: SocketState::Established,
        remote: Endpoint::new(ip("198.51.100.123"), 123),
        cookie: 5,
        ..udp.clone()
    };
    // Of all that was seen, one flow has no socket.
    let others = rows.iter().enumerate().skip(2).filter(|(_, row)| row.state == TcpState::Established);
    let others = others.map(|(at, row)| Connection {
        local: row.local.unwrap(),
        remote: row.remote.unwrap(),
        send_queue: 0,
        cookie: 100 + at as u64,
        tcp: Some(TcpNumbers { bytes_acked: row.payload_bytes_out, retransmits: 0, ..tcp }),
        ..seen.clone()
    });
    let others: Vec<Connection> = others.collect();
    let list = [seen, unseen, listener, udp, asks].into_iter().chain(others).map(Arc::new).collect();
    Connections { at: NOW, list, closed: 12, ..Connections::default() }
}

pub fn afternoon() -> Snapshot {
    let rows = rows();
    let connections = Some(Arc::new(sockets(&rows)));
    let alerts = vec![
        alert(7, AlertState::New, 3, &rows[0]),
        alert(8, AlertState::New, 12, &rows[1]),
        alert(5, AlertState::Acknowledged, 1, &rows[1]),
    ];
    let mut tally = Tally { flows: 1_841, ..Tally::default() };
    (tally.seen.frames, tally.seen.bytes) = (1_204_331, 2_300_110_420);
    (tally.packets.frames, tally.packets.bytes) = (1_203_900, 2_300_091_020);
    (tally.skipped[Skip::NotIp as usize].frames, tally.skipped[Skip::NotIp as usize].bytes) = (431, 19_400);
    Snapshot {
        seq: 412,
        at: NOW,
        since: NOW.minus(Duration::from_secs(412)),
        interfaces: vec![eth0()],
        rows,
        connections,
        totals: Totals {
            bytes_out: 1_970_400_000,
            bytes_in: 329_000_000,
            packets_out: 1_400_000,
            packets_in: 402_000,
            peak_out: 61_300_000,
            peak_in: 1_250_000,
            peak: 61_900_000,
            rates_out: Rates { s2: 405_000, s10: 6_430_000, s40: 1_820_000 },
            rates_in: Rates { s2: 201_000, s10: 203_000, s40: 198_000 },
        },
        graph: graph(),
        tally,
        losses: Losses::default(),
        agreement: vec![Agreement {
            interface: Label::new("eth0"),
            seen_bytes_out: 1_970_400_000,
            kernel_bytes_out: 1_970_800_000,
            seen_bytes_in: 329_000_000,
            kernel_bytes_in: 329_000_000,
        }],
        learning: Learning { observed: Duration::from_hours(76), wanted: Duration::from_hours(24), destinations: 212 },
        alerts,
        marks: vec![
            mark("k1", Scope::Name(Label::new("amazonaws.com")), Some(30), Some("nightly backup")),
            mark("k2", Scope::Service { protocol: Protocol::UDP, host: ip("10.0.0.2"), port: 53 }, None, None),
            mark("k3", Scope::Network("198.51.100.0/24".parse().unwrap()), Some(1), Some("migration until Friday")),
        ],
        flows_kept: 55,
        flows_limit: 200_000,
        vantage: "from the kernel",
        ..Snapshot::default()
    }
}

pub fn eth0() -> InterfaceInfo {
    InterfaceInfo {
        id: InterfaceId(0),
        name: Label::new("eth0"),
        addresses: vec![ip("10.0.0.5"), ip("2001:db8:5::5")],
        is_up: true,
        ..InterfaceInfo::default()
    }
}

fn parent((comm, pid): (&str, u32)) -> Parent {
    Parent { pid, comm: Label::new(comm), exe: Label::new(&format!("/usr/bin/{comm}")) }
}

/// The same afternoon where it is known who sends.
pub fn owned() -> Snapshot {
    let mut snapshot = afternoon();
    let owners = [("nc", 4_411, None), ("python3", 911, Some("app.service")), ("restic", 777, Some("backup.service"))];
    for (row, (comm, pid, unit)) in snapshot.rows.iter_mut().zip(owners) {
        row.owner = Some(Arc::new(Owner {
            exe: Label::new(&format!("/usr/bin/{comm}")),
            comm: Label::new(comm),
            pid,
            uid: Some(33),
            unit: unit.map(Label::new),
            confidence: Confidence::Exact,
            cmdline: Label::new(&format!("{comm} --to the-usual-place")),
            parents: [("sh", 700), ("systemd", 1)].map(parent).into(),
            ..Owner::default()
        }));
    }
    snapshot
}

/// Twelve quiet seconds, still learning.
pub fn idle() -> Snapshot {
    Snapshot {
        seq: 12,
        at: NOW,
        since: NOW.minus(Duration::from_secs(12)),
        interfaces: vec![eth0()],
        graph: vec![(0, 0); 12],
        learning: Learning { observed: Duration::from_secs(12), wanted: Duration::from_hours(24), destinations: 0 },
        flows_limit: 200_000,
        ..Snapshot::default()
    }
}

/// What egret cannot do, on a machine where it has few rights.
pub fn unwell() -> Snapshot {
    let mut snapshot = afternoon();
    snapshot.health = vec![
        Health {
            part: "known-good",
            about: Label::new("/etc/egret/known-good.toml"),
            what: Label::new("others may write it, so it is not read; chmod go-w"),
        },
        Health { part: "store", about: Label::new("disk full"), what: Label::new("the baseline is not being saved") },
    ];
    snapshot.losses.ring = 17;
    snapshot
}
