//! The sockets that egret lists, beside those that ss and netstat list, in a namespace of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    dead_code,
    reason = "a test"
)]

#[path = "support/netns.rs"]
mod netns;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use egret::capture::wall::Stopwatch;
use netns::{ENOUGH, Lab, NEAR, Own, inside, ip, skip};
use serde_json::Value as Json;

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).env("LC_ALL", "C").output().unwrap();
    let (text, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {args:?}: {text}{complaint}");
    text
}

fn is_there(program: &str, test: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        skip(test, &format!("{program} is not installed"));
    }
    there
}

/// The records that egret prints, without the summary.
fn records(args: &[&str]) -> Vec<Json> {
    let text = run(env!("CARGO_BIN_EXE_egret"), &[&["connections", "--json"], args].concat());
    let mut lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap();
    assert_eq!((summary["type"].as_str(), summary["listed"].as_u64()), (Some("summary"), Some(lines.len() as u64)));
    assert_eq!((&summary["interrupted"], &summary["left_out"]), (&Json::Bool(false), &0.into()));
    lines
}

/// An end as `1.2.3.4:5`, `::1:5` or `*`, whoever wrote it.
fn end(text: &str) -> String {
    let (address, port) = text.rsplit_once(':').unwrap_or((text, "*"));
    if port == "*" {
        return "*".to_owned();
    }
    let address = address.split('%').next().unwrap().trim_matches(['[', ']']);
    let address = address.strip_prefix("::ffff:").unwrap_or(address);
    let address = if address == "*" { "::" } else { address };
    format!("{address}:{port}")
}

fn ours(record: &Json, side: &str) -> String {
    let (ip, port) = (&record[format!("{side}_ip")], &record[format!("{side}_port")]);
    if ip.is_null() { "*".to_owned() } else { format!("{}:{port}", ip.as_str().unwrap()) }
}

/// ss writes `*` for an IPv6 socket that takes IPv4 too; egret says `dual`.
fn as_ss(record: &Json) -> String {
    let state = match record["state"].as_str().unwrap() {
        "established" => "ESTAB".to_owned(),
        "unconnected" => "UNCONN".to_owned(),
        "syn-received" => "SYN-RECV".to_owned(),
        other => other.to_uppercase(),
    };
    let (proto, local, remote) = (&record["proto"], ours(record, "local"), ours(record, "remote"));
    format!("{} {state} {} {} {local} {remote}", proto.as_str().unwrap(), record["recvq"], record["sendq"])
}

fn of_ss(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [proto, state, received, sent, local, remote, ..] = words[..] else { panic!("{line}") };
    format!("{proto} {state} {received} {sent} {} {}", end(local), end(remote))
}

fn as_netstat(record: &Json) -> String {
    let state = match record["state"].as_str().unwrap() {
        "syn-received" => "SYN_RECV".to_owned(),
        "fin-wait-1" => "FIN_WAIT1".to_owned(),
        "fin-wait-2" => "FIN_WAIT2".to_owned(),
        other => other.to_uppercase().replace('-', "_"),
    };
    let family = if record["family"] == "ipv6" { "6" } else { "" };
    let pid = record["pids"].get(0).map_or_else(|| "-".to_owned(), ToString::to_string);
    let (proto, local, remote) = (record["proto"].as_str().unwrap(), ours(record, "local"), ours(record, "remote"));
    format!("{proto}{family} {} {} {local} {remote} {state} {pid}", record["recvq"], record["sendq"])
}

fn of_netstat(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [proto, received, sent, local, remote, state, program, ..] = words[..] else { panic!("{line}") };
    let pid = program.split('/').next().unwrap();
    format!("{proto} {received} {sent} {} {} {state} {pid}", end(local), end(remote))
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Tries until both say the same: a segment may be under way between the two.
fn same(what: &str, mut both: impl FnMut() -> (Vec<String>, Vec<String>)) -> Vec<String> {
    let clock = Stopwatch::start();
    loop {
        let (mine, theirs) = both();
        if mine == theirs {
            return mine;
        }
        assert!(clock.elapsed() < ENOUGH, "{what}:\negret\n{}\nthe other\n{}", mine.join("\n"), theirs.join("\n"));
    }
}

/// Sockets in as many states as can be held still.
struct Held {
    _streams: Vec<TcpStream>,
    _listeners: Vec<TcpListener>,
    _datagrams: Vec<UdpSocket>,
}

fn pair(listener: &TcpListener, to: &str) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect((to, listener.local_addr().unwrap().port())).unwrap();
    (client, listener.accept().unwrap().0)
}

fn hold() -> Held {
    let plain = TcpListener::bind("127.0.0.1:7001").unwrap();
    let dual = TcpListener::bind("[::]:7002").unwrap();
    let six = TcpListener::bind("[::1]:7003").unwrap();
    let mut streams = Vec::new();
    let mut keep = |(a, b): (TcpStream, TcpStream)| streams.extend([a, b]);
    keep(pair(&plain, "127.0.0.1"));
    keep(pair(&dual, "127.0.0.1"));
    keep(pair(&six, "::1"));
    // Bytes that nobody reads.
    let (mut client, server) = pair(&plain, "127.0.0.1");
    client.write_all(&[7; 5_000]).unwrap();
    keep((client, server));
    // And more than fit there: they wait on our side.
    let (mut client, server) = pair(&dual, "127.0.0.1");
    client.set_nonblocking(true).unwrap();
    while client.write(&[7; 1 << 13]).is_ok() {}
    keep((client, server));
    // One end has closed: FIN-WAIT-2 and CLOSE-WAIT.
    let (client, mut server) = pair(&plain, "127.0.0.1");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
    keep((client, server));
    // Both have: TIME-WAIT at the end that was first.
    let (client, mut server) = pair(&plain, "127.0.0.1");
    drop(client);
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
    drop(server);
    // One that nobody accepts.
    streams.push(TcpStream::connect("[::1]:7003").unwrap());
    let datagrams = vec![
        UdpSocket::bind("0.0.0.0:7004").unwrap(),
        UdpSocket::bind("[::]:7005").unwrap(),
        UdpSocket::bind("127.0.0.1:7006").unwrap(),
        UdpSocket::bind("[::1]:7007").unwrap(),
    ];
    datagrams[2].connect("127.0.0.1:7004").unwrap();
    datagrams[2].send(&[7; 300]).unwrap();
    datagrams[3].connect("[::1]:7005").unwrap();
    Held { _streams: streams, _listeners: vec![plain, dual, six], _datagrams: datagrams }
}

#[test]
fn lists_what_ss_and_netstat_list() {
    let name = "lists_what_ss_and_netstat_list";
    if !is_there("ss", name) || !is_there("netstat", name) {
        return;
    }
    inside(name, &Own::Network, || {
        let _lab = Lab::new();
        // Somebody who never answers.
        ip("neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev near0");
        std::thread::spawn(|| drop(TcpStream::connect_timeout(&"10.77.0.9:9".parse().unwrap(), ENOUGH)));
        let _held = hold();
        let lines = same("ss -tuan", || {
            let mine = records(&["-a", "-t", "-u"]).iter().map(as_ss).collect();
            let theirs = run("ss", &["-tuanH"]).lines().map(of_ss).collect();
            (sorted(mine), sorted(theirs))
        });
        println!("{}", lines.join("\n"));
        for state in ["LISTEN", "ESTAB", "CLOSE-WAIT", "FIN-WAIT-2", "TIME-WAIT", "SYN-SENT", "UNCONN"] {
            assert!(lines.iter().any(|line| line.contains(&format!(" {state} "))), "no {state}");
        }
        assert!(lines.iter().any(|line| line.contains(" 5000 0 127.0.0.1:7001 ")), "bytes that wait to be read");
        let lines = same("netstat -tunp", || {
            let mine = records(&["-tunp"]).iter().map(as_netstat).collect();
            let theirs = run("netstat", &["-tunpW"]).lines().skip(2).map(of_netstat).collect();
            (sorted(mine), sorted(theirs))
        });
        println!("{}", lines.join("\n"));
        let me = std::process::id().to_string();
        assert!(lines.iter().filter(|line| line.ends_with(&format!(" {me}"))).count() > 10, "owners are missing");
        assert!(records(&["-l", "-t"]).iter().all(|one| one["state"] == "listen"));
    });
}

#[test]
fn counts_bytes_as_ss_does() {
    let name = "counts_bytes_as_ss_does";
    if !is_there("ss", name) {
        return;
    }
    inside(name, &Own::Network, || {
        let lab = Lab::new();
        let far = lab.at_far(|| TcpListener::bind("10.77.0.2:7100").unwrap());
        let mut client = TcpStream::connect("10.77.0.2:7100").unwrap();
        let (mut server, _) = far.accept().unwrap();
        server.write_all(&[7; 3_000]).unwrap();
        let mut taken = vec![0; 1 << 20];
        std::thread::scope(|scope| {
            scope.spawn(|| client.write_all(&vec![7; 1 << 20]).unwrap());
            server.read_exact(&mut taken).unwrap();
        });
        client.read_exact(&mut taken[..3_000]).unwrap();
        let told = same("ss -tin", || {
            let told = run("ss", &["-tinH", "dport", "=", ":7100"]);
            let number = |key: &str| {
                let word = told.split_whitespace().find_map(|word| word.strip_prefix(key)).unwrap_or("0");
                format!("{key}{word}")
            };
            let theirs =
                ["bytes_acked:", "bytes_received:", "bytes_sent:", "segs_out:", "segs_in:"].map(number).to_vec();
            let record = records(&["-t", "port:7100"]).remove(0);
            let tcp = &record["tcp"];
            let fields = ["bytes_acked", "bytes_received", "bytes_sent", "segments_out", "segments_in"];
            let names = ["bytes_acked:", "bytes_received:", "bytes_sent:", "segs_out:", "segs_in:"];
            let mine = names.iter().zip(fields).map(|(name, field)| format!("{name}{}", tcp[field])).collect();
            assert_eq!(record["local_ip"], NEAR);
            (mine, theirs)
        });
        // One more for the SYN.
        assert_eq!(told[0], format!("bytes_acked:{}", (1 << 20) + 1));
        assert_eq!(told[1], "bytes_received:3000");
        let shown = run(env!("CARGO_BIN_EXE_egret"), &["connections", "-i"]);
        assert!(shown.contains("RTT") && shown.contains("1.05MB"), "{shown}");
        assert!(Duration::from_micros(records(&["-t"])[0]["tcp"]["rtt_us"].as_u64().unwrap()) > Duration::ZERO);
    });
}
