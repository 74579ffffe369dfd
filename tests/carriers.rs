//! Carriers: on whatever pile of devices something leaves, and however many of them are watched, the totals are what
//! left once. Real devices, in namespaces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/netns.rs"]
#[allow(dead_code, reason = "shared with other tests, each of which uses a part")]
mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::thread;
use std::time::Duration;

use egret::capture::live::LiveOptions;
use egret::capture::wall::Stopwatch;
use egret::capture::{Capture, backends};
use egret::engine::{Engine, Outside, Parts};
use egret::model::{Event, Standing};
use egret::snapshot::Snapshot;
use egret::sys::namespace;
use support::{ENOUGH, FAR, Lab, NEAR, Own, counters, feed, inside, ip, read_all, read_until, until_ready};

const MIB: usize = 1 << 20;

fn open(interfaces: &[&str]) -> Box<dyn Capture> {
    let interfaces = interfaces.iter().map(|&name| name.to_owned()).collect();
    let options = LiveOptions { interfaces, backend: "ring".into(), ..LiveOptions::default() };
    let mut capture = backends::open(&options).unwrap();
    read_all(&mut *capture, |_| {});
    capture
}

/// What is shown of the work for each choice of interfaces, all watching at the same time.
fn watch<const N: usize>(choices: [&[&str]; N], work: impl FnOnce()) -> [Snapshot; N] {
    let mut stops = Vec::new();
    let readers = choices.map(|interfaces| {
        // Opened anew, so that the engine hears of the interfaces.
        let mut capture = open(interfaces);
        let mut engine = Engine::new(Parts::default());
        for info in capture.interfaces() {
            engine.take(Event::Interface(egret::capture::wall::now(), info));
        }
        let (stop, stopped) = crossbeam_channel::bounded(1);
        stops.push(stop);
        thread::spawn(move || {
            read_until(&mut *capture, |event| {
                feed(&mut engine, event);
                stopped.try_recv().is_ok()
            });
            read_all(&mut *capture, |event| feed(&mut engine, event));
            assert_eq!(capture.losses().ring, 0);
            engine.finish();
            engine.show_all();
            engine.snapshot(Outside::default())
        })
    });
    work();
    for stop in &stops {
        stop.send(()).unwrap();
    }
    readers.map(|reader| reader.join().unwrap())
}

/// Bytes and packets in the totals, both ways.
const fn totals(snapshot: &Snapshot) -> [u64; 4] {
    let totals = &snapshot.totals;
    [totals.bytes_out, totals.bytes_in, totals.packets_out, totals.packets_in]
}

fn standing(snapshot: &Snapshot, name: &str) -> String {
    let info = snapshot.interfaces.iter().find(|one| one.name.as_str() == name).unwrap();
    let on: Vec<String> = info.standing.carriers().iter().map(ToString::to_string).collect();
    match info.standing {
        Standing::Counted => "counted".to_owned(),
        Standing::Repeats(_) => format!("repeats {}", on.join(" ")),
        Standing::Within(_) => format!("within {}", on.join(" ")),
    }
}

fn lawful(snapshot: &Snapshot) {
    let tally = &snapshot.tally;
    let skipped = tally.skipped_total();
    assert_eq!(tally.packets.frames + skipped.frames, tally.seen.frames);
    assert_eq!(tally.packets.bytes + skipped.bytes, tally.seen.bytes);
}

/// Another host: a namespace.
struct Host(File);

impl Host {
    fn new() -> Self {
        let made = thread::spawn(|| {
            namespace::new_network().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        Self(made.join().unwrap())
    }

    fn place(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }

    fn start<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
        let host = self.0.try_clone().unwrap();
        thread::spawn(move || {
            namespace::enter_network(host.as_fd()).unwrap();
            work()
        })
    }

    fn at<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.start(work).join().unwrap()
    }
}

/// A container whose only link ends in a port of a bridge.
fn container(bridge: &str, address: &'static str, gateway: &'static str) -> Host {
    let host = Host::new();
    ip("link add port1 type veth peer name inner1");
    ip("link set port1 addrgenmode none");
    ip(&format!("link set inner1 netns {}", host.place()));
    ip(&format!("link set port1 master {bridge}"));
    ip("link set port1 up");
    host.at(move || {
        ip("link set lo up");
        ip("link set inner1 addrgenmode none");
        ip(&format!("addr add {address}/24 dev inner1"));
        ip("link set inner1 up");
        until_ready("inner1");
        ip(&format!("route add default via {gateway}"));
    });
    until_ready("port1");
    host
}

/// Makes neighbours known before anything is counted: a port where nobody listens refuses.
fn reach(to: &str) {
    let watch = Stopwatch::start();
    loop {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let asked =
            socket.connect((to, 9)).and_then(|()| socket.send(b"there?")).and_then(|_| socket.recv(&mut [0; 9]));
        if asked.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
            return;
        }
        assert!(watch.elapsed() < ENOUGH, "{to} does not answer");
    }
}

/// Starts a server on this thread's host that reads until the other end has sent all.
fn serve(address: &'static str) -> (u16, thread::JoinHandle<u64>) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // The thread stays in the namespace of the one that starts it.
    (port, thread::spawn(move || std::io::copy(&mut listener.accept().unwrap().0, &mut std::io::sink()).unwrap()))
}

/// Uploads from this thread's host, and waits until the other end has all of it.
fn upload(to: &str, port: u16, bytes: usize) {
    let mut stream = TcpStream::connect((to, port)).unwrap();
    for _ in 0..bytes / MIB {
        stream.write_all(&vec![0x5a; MIB]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

fn datagrams(to: &str, count: usize) {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    for _ in 0..count {
        // Nobody listens: refusals come back, and are read away by the next call.
        let _ = socket.send_to(&[7; 700], (to, 9));
    }
}

#[test]
fn a_bridge_with_a_container_counts_what_left_once() {
    inside("a_bridge_with_a_container_counts_what_left_once", &Own::Network, || {
        let lab = Lab::new();
        ip("link add br0 type bridge mcast_snooping 0");
        ip("link set br0 addrgenmode none");
        ip("addr flush dev near0");
        ip("link set near0 master br0");
        ip(&format!("addr add {NEAR}/24 dev br0"));
        ip("link set br0 up");
        ip(&format!("route add default via {FAR}"));
        let guest = container("br0", "10.77.0.7", FAR);
        reach(FAR);
        guest.at(|| reach(FAR));
        let (port, server) = lab.at_far(|| serve(FAR));
        let (port2, server2) = lab.at_far(|| serve(FAR));
        let work = || {
            upload(FAR, port, 8 * MIB);
            guest.at(move || upload(FAR, port2, 4 * MIB));
            datagrams(FAR, 100);
            guest.at(|| datagrams(FAR, 100));
        };
        let choices: [&[&str]; 5] = [&["near0"], &["any"], &["br0", "near0", "port1"], &["br0"], &["br0", "near0"]];
        let [wire, any, named, alone, two] = watch(choices, work);
        assert_eq!((server.join().unwrap(), server2.join().unwrap()), (8 << 20, 4 << 20));
        for seen in [&wire, &any, &named, &alone, &two] {
            lawful(seen);
        }
        assert!(totals(&wire)[0] > 12 << 20);
        assert_eq!(totals(&any), totals(&wire));
        assert_eq!(totals(&named), totals(&wire));
        assert_eq!(totals(&two), totals(&wire));
        assert_eq!((any.tally.carried.frames, any.rows.iter().filter(|row| row.is_carried).count()), (0, 0));
        assert!(any.tally.seen.frames > wire.tally.seen.frames * 3 / 2, "each was seen on several");
        assert_eq!(standing(&any, "br0"), "repeats near0 port1");
        assert_eq!(standing(&two, "br0"), "counted", "what goes to the container is seen nowhere else");
        // Watched alone it hides nothing: all that this host itself sends.
        assert_eq!(standing(&alone, "br0"), "counted");
        let sent = |seen: &Snapshot| {
            let ours = seen.rows.iter().filter(|row| row.local.is_some_and(|end| end.ip.to_string() == NEAR));
            ours.map(|row| (row.bytes_out, row.bytes_in)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        };
        assert_eq!(sent(&alone), sent(&wire));
    });
}

#[test]
fn a_tunnel_and_its_carrier_count_what_left_once() {
    inside("a_tunnel_and_its_carrier_count_what_left_once", &Own::Network, || {
        let lab = Lab::new();
        let tunnel = |name: &str, dev: &str, to: &str, address: &str| {
            ip(&format!("link add {name} type vxlan id 7 remote {to} dstport 4789 dev {dev}"));
            ip(&format!("link set {name} addrgenmode none"));
            ip(&format!("addr add {address}/24 dev {name}"));
            ip(&format!("link set {name} up"));
        };
        tunnel("vx0", "near0", FAR, "10.88.0.1");
        lab.at_far(move || tunnel("vx0", "far0", NEAR, "10.88.0.2"));
        reach("10.88.0.2");
        let (port, server) = lab.at_far(|| serve("10.88.0.2"));
        let before = counters("vx0");
        let [wire, any, alone] = watch([&["near0"], &["any"], &["vx0"]], || upload("10.88.0.2", port, 8 * MIB));
        server.join().unwrap();
        let after = counters("vx0");
        [&wire, &any, &alone].into_iter().for_each(lawful);
        assert!(totals(&wire)[0] > 8 << 20);
        assert_eq!(totals(&any), totals(&wire));
        assert_eq!(standing(&any, "vx0"), "within near0");
        let inside = any.rows.iter().find(|row| row.remote.is_some_and(|end| end.port == port)).unwrap();
        assert!(inside.is_carried);
        // The kernel leaves the 14 bytes of the inner Ethernet header out (net/ipv4/ip_tunnel_core.c).
        let framed = |bytes: u64, packets: u64| bytes + 14 * packets;
        assert_eq!(
            (inside.bytes_out, inside.bytes_in),
            (
                framed(after.bytes_out - before.bytes_out, after.packets_out - before.packets_out),
                framed(after.bytes_in - before.bytes_in, after.packets_in - before.packets_in)
            ),
            "the flow inside is listed, with all that its interface carried"
        );
        assert_eq!((standing(&alone, "vx0"), alone.tally.carried.frames), ("counted".to_owned(), 0));
        assert_eq!(totals(&alone)[..2], [inside.wire_bytes_out, inside.wire_bytes_in]);
    });
}

#[test]
fn slices_and_bonds_count_what_left_once() {
    inside("slices_and_bonds_count_what_left_once", &Own::Network, || {
        let lab = Lab::new();
        // Not every kernel has every kind of device; all have the first.
        let kinds: [(&str, &[&str]); 3] = [
            ("macvlan", &["link add link near0 name top0 type macvlan"]),
            ("vlan", &["link add link near0 name top0 type vlan id 5"]),
            (
                "bond",
                &["link add top0 type bond mode active-backup", "link set near0 down", "link set near0 master top0"],
            ),
        ];
        let mut done = 0;
        for (kind, commands) in kinds {
            let made = commands
                .iter()
                .all(|words| Command::new("ip").args(words.split_whitespace()).output().unwrap().status.success());
            if !made {
                println!("this kernel has no {kind} devices");
                continue;
            }
            done += 1;
            ip("link set top0 addrgenmode none");
            ip("addr add 10.89.0.1/24 dev top0");
            ip("link set top0 up");
            until_ready("top0");
            if kind == "vlan" {
                lab.at_far(|| {
                    ip("link add link far0 name top0 type vlan id 5");
                    ip("addr add 10.89.0.2/24 dev top0");
                    ip("link set top0 up");
                });
            } else {
                lab.at_far(|| ip("addr add 10.89.0.2/24 dev far0"));
            }
            reach("10.89.0.2");
            let (port, server) = lab.at_far(|| serve("10.89.0.2"));
            let work = || upload("10.89.0.2", port, 4 * MIB);
            let [wire, any, alone] = watch([&["near0"], &["any"], &["top0"]], work);
            server.join().unwrap();
            assert!(totals(&wire)[0] > 4 << 20);
            assert_eq!((totals(&any), standing(&any, "top0")), (totals(&wire), "repeats near0".to_owned()), "{kind}");
            assert_eq!(totals(&alone)[2..], totals(&wire)[2..], "{kind}");
            ip("link del top0");
            lab.at_far(move || ip(if kind == "vlan" { "link del top0" } else { "addr del 10.89.0.2/24 dev far0" }));
        }
        assert!(done > 0);
    });
}

/// A way out that is no pair of ours: a slice of a device of another host.
fn way_out(lab: &Lab) {
    let place = format!("/proc/{}/ns/net", std::process::id());
    lab.at_far(move || {
        ip("link add wan0 type veth peer name wan1");
        for (name, words) in [("wan0", ""), ("wan1", "10.90.0.2/24")] {
            ip(&format!("link set {name} addrgenmode none"));
            if !words.is_empty() {
                ip(&format!("addr add {words} dev {name}"));
            }
            ip(&format!("link set {name} up"));
        }
        ip("link add link wan0 name up0 type macvlan");
        ip(&format!("link set up0 netns {place}"));
    });
    ip("link set up0 addrgenmode none");
    ip("addr add 10.90.0.1/24 dev up0");
    ip("link set up0 up");
    until_ready("up0");
    ip("route add default via 10.90.0.2 dev up0");
}

#[test]
fn a_container_behind_translated_addresses_counts_what_left_once() {
    const NAME: &str = "a_container_behind_translated_addresses_counts_what_left_once";
    if Command::new("nft").arg("-v").output().is_err() {
        return support::skip(NAME, "there is no nft");
    }
    inside(NAME, &Own::Network, || {
        let lab = Lab::new();
        way_out(&lab);
        ip("link add docker9 type bridge mcast_snooping 0");
        ip("link set docker9 addrgenmode none");
        ip("addr add 172.30.0.1/24 dev docker9");
        ip("link set docker9 up");
        let guest = container("docker9", "172.30.0.7", "172.30.0.1");
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        for words in [
            "add table ip nat",
            "add chain ip nat post { type nat hook postrouting priority 100; }",
            "add rule ip nat post oifname up0 masquerade",
        ] {
            assert!(Command::new("nft").arg(words).status().unwrap().success(), "{words}");
        }
        reach("10.90.0.2");
        guest.at(|| reach("10.90.0.2"));
        let (port, server) = lab.at_far(|| serve("10.90.0.2"));
        let work = || {
            guest.at(move || upload("10.90.0.2", port, 4 * MIB));
            datagrams("10.90.0.2", 50);
            datagrams("172.30.0.7", 50);
        };
        let [wire, any, inner] = watch([&["up0"], &["any"], &["docker9"]], work);
        server.join().unwrap();
        [&wire, &any, &inner].into_iter().for_each(lawful);
        assert!(totals(&wire)[0] > 4 << 20);
        assert_eq!(totals(&any), totals(&wire));
        for name in ["docker9", "port1"] {
            assert_eq!(standing(&any, name), "within up0");
        }
        // The container's own address is on a row of its own, once, and so is what stayed on this host.
        let rows = |ip: &str| any.rows.iter().filter(|row| row.is_carried && touches(row, ip)).collect::<Vec<_>>();
        assert_eq!(
            rows("172.30.0.7").iter().map(|row| row.bytes_out).max(),
            wire.rows.iter().map(|r| r.bytes_out).max()
        );
        assert!(rows("172.30.0.1").iter().any(|row| row.packets_out == 50), "{:?}", rows("172.30.0.1"));
        assert_eq!((standing(&inner, "docker9"), inner.tally.carried.frames), ("counted".to_owned(), 0));
    });
}

fn touches(row: &egret::snapshot::Row, ip: &str) -> bool {
    [row.local, row.remote].into_iter().flatten().any(|end| end.ip.to_string() == ip)
}
