//! The dashboard's source for people without rights: what egret counts of sockets is what ss shows.
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
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use egret::capture::wall::Stopwatch;
use netns::{ENOUGH, FAR, Lab, NEAR, Own, inside, skip};
use serde_json::Value as Json;

const BEFORE: usize = 300_000;
const DURING: usize = 700_000;

/// Whether there are other users than root here.
fn has_others() -> bool {
    std::fs::read_to_string("/proc/self/uid_map").unwrap().split_whitespace().nth(2) != Some("1")
}

/// A program without any rights: another user's where there are others, else root's without capabilities.
fn without_rights(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    if has_others() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--", program]);
    command
}

fn powerless(args: &[&str]) -> Command {
    let home = std::env::temp_dir();
    let mut command = without_rights(env!("CARGO_BIN_EXE_egret"));
    command.args(args);
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Network namespaces with as many users as there are: real root's, else one in which there is only one.
fn own() -> Own {
    let is_root = Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success());
    if is_root { Own::NetworkAlone } else { Own::Network }
}

fn is_possible(test: &str) -> bool {
    for program in ["ss", "setpriv"] {
        if Command::new(program).arg("--version").output().is_err() {
            skip(test, &format!("{program} is not installed"));
            return false;
        }
    }
    true
}

/// A far host that takes what comes, and a connection to it.
fn connect(lab: &Lab, port: u16) -> (TcpStream, TcpStream) {
    let listener = lab.at_far(move || TcpListener::bind((FAR, port)).unwrap());
    let ours = TcpStream::connect((FAR, port)).unwrap();
    (ours, listener.accept().unwrap().0)
}

fn send(ours: &mut TcpStream, theirs: &mut TcpStream, bytes: usize) {
    let mut taken = vec![0; bytes];
    std::thread::scope(|scope| {
        scope.spawn(|| ours.write_all(&vec![7; bytes]).unwrap());
        theirs.read_exact(&mut taken).unwrap();
    });
}

/// What ss says that was acknowledged, and received.
fn ss(port: u16) -> [u64; 2] {
    let told = Command::new("ss").args(["-tinH", "dport", "=", &format!(":{port}")]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    ["bytes_acked:", "bytes_received:"].map(|key| {
        told.split_whitespace().find_map(|word| word.strip_prefix(key)).map_or(0, |number| number.parse().unwrap())
    })
}

fn lines(output: &Output) -> Vec<Json> {
    let (text, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{complaint}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn flow_to(all: &[Json], port: u16) -> &Json {
    all.iter().find(|line| line["remote_port"] == port).unwrap_or_else(|| panic!("no flow to {port}: {all:#?}"))
}

/// Sends until the child has ended, so that something moves while it looks.
fn end_of(child: Child, mut meanwhile: impl FnMut()) -> Output {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let output = child.wait_with_output().unwrap();
            done.store(true, Ordering::SeqCst);
            output
        });
        let clock = Stopwatch::start();
        let mut sent = 0;
        while !done.load(Ordering::SeqCst) {
            assert!(clock.elapsed() < ENOUGH, "it does not end");
            // In the first second, and no more: what is compared must stand still at the end.
            if sent == 0 && clock.elapsed().as_millis() > 500 {
                meanwhile();
                sent += 1;
            }
            std::thread::yield_now();
        }
        waiter.join().unwrap()
    })
}

#[test]
fn without_rights_an_upload_counts_as_ss_counts_it() {
    let name = "without_rights_an_upload_counts_as_ss_counts_it";
    if !is_possible(name) {
        return;
    }
    inside(name, &own(), || {
        let lab = Lab::new();
        let (mut ours, mut theirs) = connect(&lab, 7_200);
        send(&mut ours, &mut theirs, BEFORE);
        theirs.write_all(b"thanks").unwrap();
        ours.read_exact(&mut [0; 6]).unwrap();
        let udp = UdpSocket::bind((NEAR, 0)).unwrap();
        udp.connect((FAR, 7_201)).unwrap();
        // Nothing is named, so that it takes what it can get.
        let child = powerless(&["flows", "--json", "--for", "4s"]).spawn().unwrap();
        let output = end_of(child, || send(&mut ours, &mut theirs, DURING));
        let all = lines(&output);
        let flow = flow_to(&all, 7_200);
        let [acked, received] = ss(7_200);
        println!("{flow:#}");
        assert_eq!((&flow["payload_bytes_out"], &flow["payload_bytes_in"]), (&acked.into(), &received.into()));
        assert_eq!(acked, (BEFORE + DURING + 1) as u64);
        assert_eq!((&flow["bytes_out"], &flow["ip_bytes_out"]), (&Json::Null, &Json::Null), "headers are not known");
        assert_eq!((flow["state"].as_str(), flow["local_ip"].as_str()), (Some("established"), Some(NEAR)));
        assert_eq!(flow["direction"], "out");
        let datagrams = flow_to(&all, 7_201);
        assert_eq!((&datagrams["proto"], &datagrams["payload_bytes_out"]), (&"udp".into(), &Json::Null));
        let summary = all.last().unwrap();
        assert_eq!(summary["measure"], "sockets");
        assert_eq!(summary["bytes_out"].as_u64(), Some(acked), "the sum is that of the flows");
        let health = summary["health"].to_string();
        for part in ["no rights to capture", "sudo setcap cap_net_raw=ep ", "does not count UDP"] {
            assert!(health.contains(part), "{part}: {health}");
        }
    });
}

#[test]
fn frames_that_were_asked_for_are_not_replaced_by_sockets() {
    let name = "frames_that_were_asked_for_are_not_replaced_by_sockets";
    if !is_possible(name) {
        return;
    }
    inside(name, &own(), || {
        let _lab = Lab::new();
        for args in [&["--capture", "ring"][..], &["--capture", "pnet"], &["-f", "tcp"]] {
            let output = powerless(&[&["flows", "--for", "1s"], args].concat()).output().unwrap();
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{args:?}: {complaint}");
            assert!(complaint.contains("CAP_NET_RAW") && complaint.contains("sudo setcap"), "{complaint}");
        }
    });
}

#[test]
fn with_rights_an_end_between_two_looks_is_counted() {
    let name = "with_rights_an_end_between_two_looks_is_counted";
    inside(name, &Own::Network, || {
        let lab = Lab::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
        command.args(["flows", "--json", "--capture", "sockets", "--for", "3s"]).env("HOME", std::env::temp_dir());
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = end_of(child, || {
            let (mut ours, mut theirs) = connect(&lab, 7_300);
            send(&mut ours, &mut theirs, BEFORE);
            drop(ours);
            assert_eq!(theirs.read(&mut [0; 8]).unwrap(), 0);
        });
        let all = lines(&output);
        let flow = flow_to(&all, 7_300);
        // The SYN and the FIN count as a byte each.
        let carried = flow["payload_bytes_out"].as_u64().unwrap();
        assert!((BEFORE as u64 + 1..=BEFORE as u64 + 2).contains(&carried), "{carried}");
        assert_eq!(flow["state"], "closed");
        let health = all.last().unwrap()["health"].to_string();
        assert!(!health.contains("no rights") && !health.contains("between two looks"), "{health}");
    });
}

#[test]
fn without_rights_our_own_programs_are_named_and_bytes_are_those_of_ss() {
    let name = "without_rights_our_own_programs_are_named_and_bytes_are_those_of_ss";
    if !is_possible(name) {
        return;
    }
    inside(name, &own(), || {
        let lab = Lab::new();
        // Another user's program, where there are others, and one of the same user's as egret.
        let (mut others, mut far) = connect(&lab, 7_400);
        send(&mut others, &mut far, BEFORE);
        let listener = lab.at_far(|| TcpListener::bind((FAR, 7_401)).unwrap());
        let script = format!("exec 3<>/dev/tcp/{FAR}/7401; printf %05000d 7 >&3; read _");
        let mut own = without_rights("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (mut near, _) = listener.accept().unwrap();
        near.read_exact(&mut [0; 5_000]).unwrap();
        let is_same = |line: &Json, port: u16| {
            let (tcp, said) = (&line["tcp"], ss(port));
            assert_eq!(
                [&tcp["bytes_acked"], &tcp["bytes_received"]],
                [&Json::from(said[0]), &said[1].into()],
                "{line}"
            );
        };
        let listed = lines(&powerless(&["connections", "--json", "-t"]).output().unwrap());
        let (theirs, ours) = (flow_to(&listed, 7_400), flow_to(&listed, 7_401));
        is_same(theirs, 7_400);
        is_same(ours, 7_401);
        let bash = std::fs::canonicalize("/bin/bash").unwrap();
        let is_named = |line: &Json| {
            let owner = &line["owner"];
            assert_eq!((&owner["pid"], &owner["exe"]), (&own.id().into(), &bash.to_str().into()), "{line:#}");
            assert_eq!((&owner["comm"], &owner["confidence"]), (&"bash".into(), &"exact".into()));
        };
        is_named(ours);
        assert_eq!(listed.last().unwrap()["interrupted"], false);
        let all = lines(&powerless(&["flows", "--json", "--for", "2s"]).output().unwrap());
        is_named(flow_to(&all, 7_401));
        if has_others() {
            assert_eq!((&ours["uid"], &theirs["uid"]), (&65_534.into(), &0.into()));
            assert_eq!((&theirs["owner"], &flow_to(&all, 7_400)["owner"]), (&Json::Null, &Json::Null));
            assert!(listed.last().unwrap()["closed_processes"].as_u64() > Some(0), "what may not be read is told");
        }
        own.kill().unwrap();
        own.wait().unwrap();
    });
}
