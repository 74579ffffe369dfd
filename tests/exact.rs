//! Exactness: what egret counts beside what the kernel counts, whatever the interface does to the frames; and that
//! every frame made to break it, and every frame it had no time for, is accounted for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/hostile.rs"]
#[allow(dead_code, reason = "shared with another test, which uses all of it")]
mod hostile;
#[path = "support/netns.rs"]
#[allow(dead_code, reason = "shared with other tests, each of which uses a part")]
mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use egret::capture::live::LiveOptions;
use egret::capture::script::frame;
use egret::capture::wall::Stopwatch;
use egret::capture::{Capture, backends};
use egret::engine::{Engine, Outside, Parts};
use egret::model::{Endpoint, Event, InterfaceCounters, LinkType, Losses};
use egret::snapshot::Snapshot;
use egret::sys::namespace;
use support::{ENOUGH, FAR, Lab, NEAR, Own, counters, inside, ip, read_all, read_until, until_ready};

const MIB: usize = 1 << 20;

fn engine() -> Engine {
    Engine::new(Parts::default())
}

fn run(program: &str, words: &str) {
    let done = Command::new(program).args(words.split_whitespace()).output().unwrap();
    assert!(done.status.success(), "{program} {words}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What egret made of an interface while something was done, and what the kernel counted meanwhile.
struct Watched {
    snapshot: Snapshot,
    losses: Losses,
    /// Frames and bytes, both directions together.
    kernel: (u64, u64),
}

const fn frames(counters: &InterfaceCounters) -> u64 {
    counters.packets_out + counters.packets_in
}

/// Also what was counted in the kernel.
fn feed(engine: &mut Engine, event: &Event<'_>) {
    match event {
        Event::Counted(at, counted) => engine.take(Event::Counted(*at, counted)),
        other => support::feed(engine, other),
    }
}

/// An interface's counters at a moment when all frames before it have been read and none has come since: neighbours send
/// one of their own accord now and then, and it must not stand between the two sides.
fn level(capture: &mut dyn Capture, interface: &str, mut each: impl FnMut(&Event<'_>)) -> InterfaceCounters {
    let watch = Stopwatch::start();
    loop {
        let then = counters(interface);
        read_all(capture, &mut each);
        if frames(&counters(interface)) == frames(&then) {
            return then;
        }
        assert!(watch.elapsed() < ENOUGH, "{interface} does not come to rest");
    }
}

fn watch(interface: &str, work: impl FnOnce()) -> Watched {
    let interfaces = vec![interface.to_owned()];
    let mut capture =
        backends::open(&LiveOptions { interfaces, backend: "ring".into(), ..LiveOptions::default() }).unwrap();
    let mut engine = engine();
    // What came before is on neither side.
    let before = level(&mut *capture, interface, |event| {
        if let Event::Interface(at, info) = event {
            engine.take(Event::Interface(*at, info.clone()));
        }
    });
    let (finished, done) = crossbeam_channel::bounded(1);
    let name = interface.to_owned();
    let reader = thread::spawn(move || {
        read_until(&mut *capture, |event| {
            feed(&mut engine, event);
            done.try_recv().is_ok()
        });
        let after = level(&mut *capture, &name, |event| feed(&mut engine, event));
        engine.finish();
        engine.show_all();
        (engine.snapshot(Outside::default()), capture.losses(), after)
    });
    work();
    finished.send(()).unwrap();
    let (snapshot, losses, after) = reader.join().unwrap();
    let mut kernel =
        (frames(&after) - frames(&before), after.bytes_out + after.bytes_in - before.bytes_out - before.bytes_in);
    if interface == "lo" {
        // The kernel leaves the 14 bytes of the Ethernet header out there (drivers/net/loopback.c).
        kernel.1 += 14 * kernel.0;
    }
    Watched { snapshot, losses, kernel }
}

/// Bytes over one TCP connection to a server that `serve` starts: up, or down.
fn transfer(server: IpAddr, bytes: usize, is_up: bool, at_server: impl FnOnce(Box<dyn FnOnce() + Send>)) {
    let (tell, told) = crossbeam_channel::bounded(1);
    at_server(Box::new(move || {
        let listener = TcpListener::bind((server, 0)).unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        pump(stream, bytes, !is_up);
    }));
    pump(TcpStream::connect(told.recv().unwrap()).unwrap(), bytes, is_up);
}

fn pump(mut stream: TcpStream, bytes: usize, sends: bool) {
    if sends {
        for _ in 0..bytes / MIB {
            stream.write_all(&vec![0x5a; MIB]).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    } else {
        assert_eq!(std::io::copy(&mut stream, &mut std::io::sink()).unwrap(), bytes as u64);
    }
}

fn tcp(lab: &Lab, server: &str, bytes: usize, is_up: bool) {
    let mut far = None;
    transfer(server.parse().unwrap(), bytes, is_up, |serve| far = Some(lab.start_far(serve)));
    far.unwrap().join().unwrap();
}

fn datagrams(to: &str, count: usize, size: usize) {
    let socket = UdpSocket::bind((NEAR, 0)).unwrap();
    for _ in 0..count {
        // Nobody listens: refusals come back, and are read away by the next call.
        let _ = socket.send_to(&vec![7; size], (to, 9));
    }
}

/// Frames with one and with two VLAN tags, with UDP inside.
fn tagged() -> Vec<Vec<u8>> {
    let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
    let plain = frame::udp(end(NEAR, 7_000), end(FAR, 9), &[5; 300]);
    let with = |tags: &[u8]| [&plain[..12], tags, &plain[12..]].concat();
    let kinds = [with(&[0x81, 0, 0x20, 0x64]), with(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 5])];
    (0..200).flat_map(|_| kinds.clone()).collect()
}

const OFFLOADS: &str = "tso off gso off gro off";

/// What is set up for a case, what happens, and on which interface.
struct Case {
    name: &'static str,
    interface: &'static str,
    set_up: fn(&Lab),
    work: fn(&Lab),
}

const CASES: &[Case] = &[
    Case { name: "TCP up, offloads on", interface: "near0", set_up: |_| {}, work: |lab| tcp(lab, FAR, 64 * MIB, true) },
    Case {
        name: "TCP down, offloads on",
        interface: "near0",
        set_up: |_| {},
        work: |lab| tcp(lab, FAR, 64 * MIB, false),
    },
    Case {
        name: "TCP up, MTU 1400",
        interface: "near0",
        set_up: |lab| mtu(lab, 1_400),
        work: |lab| tcp(lab, FAR, 16 * MIB, true),
    },
    Case {
        name: "TCP up, MTU 9000",
        interface: "near0",
        set_up: |lab| mtu(lab, 9_000),
        work: |lab| tcp(lab, FAR, 16 * MIB, true),
    },
    Case { name: "TCP up, shaped (tbf)", interface: "near0", set_up: shape, work: |lab| tcp(lab, FAR, 8 * MIB, true) },
    Case { name: "TCP up, offloads off", interface: "near0", set_up: plain, work: |lab| tcp(lab, FAR, 16 * MIB, true) },
    Case {
        name: "TCP down, offloads off",
        interface: "near0",
        set_up: plain,
        work: |lab| tcp(lab, FAR, 16 * MIB, false),
    },
    Case { name: "UDP, 1400 B", interface: "near0", set_up: |_| {}, work: |_| datagrams(FAR, 5_000, 1_400) },
    Case { name: "UDP in fragments, 20 kB", interface: "near0", set_up: |_| {}, work: |_| datagrams(FAR, 200, 20_000) },
    Case { name: "TCP up, IPv6", interface: "near0", set_up: v6, work: |lab| tcp(lab, "fd77::2", 16 * MIB, true) },
    Case {
        name: "VLAN tags, one and two",
        interface: "near0",
        set_up: |_| {},
        work: |_| support::send_frames("near0", &tagged()),
    },
    Case {
        name: "VLAN tags arriving",
        interface: "near0",
        set_up: |_| {},
        work: |lab| lab.at_far(|| support::send_frames("far0", &tagged())),
    },
    Case { name: "TCP over loopback", interface: "lo", set_up: |_| {}, work: loopback },
];

fn mtu(lab: &Lab, mtu: u16) {
    ip(&format!("link set near0 mtu {mtu}"));
    lab.at_far(move || ip(&format!("link set far0 mtu {mtu}")));
}

fn shape(lab: &Lab) {
    mtu(lab, 1_500);
    run("tc", "qdisc add dev near0 root tbf rate 200mbit burst 128k latency 100ms");
}

fn plain(lab: &Lab) {
    let _ = Command::new("tc").args(["qdisc", "del", "dev", "near0", "root"]).output().unwrap();
    run("ethtool", &format!("-K near0 {OFFLOADS}"));
    lab.at_far(|| run("ethtool", &format!("-K far0 {OFFLOADS}")));
}

fn v6(lab: &Lab) {
    ip("addr add fd77::1/64 dev near0 nodad");
    lab.at_far(|| ip("addr add fd77::2/64 dev far0 nodad"));
}

fn loopback(_: &Lab) {
    let mut server = None;
    transfer("127.0.0.1".parse().unwrap(), 16 * MIB, true, |serve| server = Some(thread::spawn(serve)));
    server.unwrap().join().unwrap();
}

/// The tools that the laboratory needs besides `ip`.
fn has_tools(test: &str) -> bool {
    for tool in ["ethtool", "tc"] {
        let found = std::env::var("PATH").unwrap().split(':').any(|dir| std::path::Path::new(dir).join(tool).exists());
        if !found {
            support::skip(test, &format!("there is no {tool}"));
            return false;
        }
    }
    true
}

#[test]
fn counts_equal_the_interfaces_own_whatever_it_does() {
    const NAME: &str = "counts_equal_the_interfaces_own_whatever_it_does";
    if !has_tools(NAME) {
        return;
    }
    inside(NAME, &Own::Network, || {
        let lab = Lab::new();
        println!("\n| case | egret + drops, frames | kernel, frames | ratio | egret, bytes | kernel, bytes | ratio |");
        println!("|---|---|---|---|---|---|---|");
        let mut wrong = Vec::new();
        for case in CASES {
            (case.set_up)(&lab);
            let seen = watch(case.interface, || (case.work)(&lab));
            let tally = seen.snapshot.tally;
            let frames = tally.seen.frames + seen.losses.ring;
            let ratio = |a: u64, b: u64| a as f64 / b as f64;
            println!(
                "| {} | {frames} ({} dropped) | {} | {:.6} | {} | {} | {:.6} |",
                case.name,
                seen.losses.ring,
                seen.kernel.0,
                ratio(frames, seen.kernel.0),
                tally.seen.bytes,
                seen.kernel.1,
                ratio(tally.seen.bytes, seen.kernel.1)
            );
            let is_exact = frames == seen.kernel.0 && (tally.seen.bytes == seen.kernel.1 || seen.losses.ring > 0);
            let adds_up = tally.seen.frames == tally.packets.frames + tally.skipped_total().frames
                && tally.seen.bytes == tally.packets.bytes + tally.skipped_total().bytes;
            if !is_exact || !adds_up || seen.kernel.0 < 100 {
                wrong.push(case.name);
            }
        }
        assert_eq!(wrong, Vec::<&str>::new());
    });
}

/// What a watch of busy flows came to.
#[derive(Default)]
struct Busy {
    /// Frames that were counted in the kernel.
    counted: u64,
    /// Times the filter was set again meanwhile.
    filtered: u64,
}

/// Watches near0 while `work` is done, and has busy flows counted in the kernel. The filter is set again after
/// every `refilter` frames that were counted there.
fn watch_busy(refilter: u64, work: impl FnOnce()) -> (Watched, Busy) {
    let (interfaces, backend) = (vec!["near0".into()], "ring".into());
    // Room for all of it: a frame that is lost has bytes that nobody knows.
    let options = LiveOptions { interfaces, backend, ring_mb: Some(128), ..LiveOptions::default() };
    let mut capture = backends::open(&options).unwrap();
    let mut engine = engine();
    let before = level(&mut *capture, "near0", |event| {
        if let Event::Interface(at, info) = event {
            engine.take(Event::Interface(*at, info.clone()));
        }
    });
    let (finished, done) = crossbeam_channel::bounded(1);
    let reader = thread::spawn(move || {
        let mut busy = Busy::default();
        assert!(capture.can_count());
        engine.offer_busy();
        while done.try_recv().is_err() {
            for patience in [Duration::from_millis(20), Duration::ZERO] {
                let mut each = |event: Event<'_>| {
                    if let Event::Counted(_, counted) = &event {
                        busy.counted += counted.iter().map(|one| one.frames).sum::<u64>();
                    }
                    feed(&mut engine, &event);
                };
                capture.read(patience, &mut each).unwrap();
            }
            capture.count(&engine.take_busy());
            if busy.counted > refilter * (busy.filtered + 1) {
                busy.filtered += 1;
                capture.set_filter("").unwrap();
            }
        }
        let after = level(&mut *capture, "near0", |event| feed(&mut engine, event));
        capture.read(Duration::ZERO, &mut |event| feed(&mut engine, &event)).unwrap();
        engine.finish();
        engine.show_all();
        (engine.snapshot(Outside::default()), capture.losses(), after, busy)
    });
    work();
    finished.send(()).unwrap();
    let (snapshot, losses, after, busy) = reader.join().unwrap();
    let bytes = after.bytes_out + after.bytes_in - before.bytes_out - before.bytes_in;
    (Watched { snapshot, losses, kernel: (frames(&after) - frames(&before), bytes) }, busy)
}

/// Datagrams of one size from many ports to one, until so many are sent.
fn busy_datagrams(to: &str, flows: usize, rounds: usize, size: usize) {
    let any = if to.contains(':') { "::" } else { "0.0.0.0" };
    let sockets: Vec<UdpSocket> = (0..flows).map(|_| UdpSocket::bind((any, 0)).unwrap()).collect();
    for _ in 0..rounds {
        for socket in &sockets {
            let _ = socket.send_to(&vec![7; size], (to, 9));
        }
    }
}

type Work = fn(&Lab);

/// A cable so slow that the reader hears of a connection long before it ends.
fn slow(lab: &Lab) {
    let shape =
        |end: &str| run("tc", &format!("qdisc replace dev {end} root tbf rate 100mbit burst 64k latency 200ms"));
    shape("near0");
    lab.at_far(move || shape("far0"));
}

#[test]
fn what_is_counted_in_the_kernel_is_neither_lost_nor_counted_twice() {
    const NAME: &str = "what_is_counted_in_the_kernel_is_neither_lost_nor_counted_twice";
    if !has_tools(NAME) {
        return;
    }
    if let Err(why) = egret::capture::counts::can_count() {
        return support::skip(NAME, &why);
    }
    inside(NAME, &Own::NetworkAlone, || {
        let lab = Lab::new();
        plain(&lab);
        v6(&lab);
        // Nobody's refusals, which are not of these flows.
        lab.at_far(|| run("sysctl", "-qw net.ipv4.icmp_ratelimit=1000000"));
        let cases: [(&str, u64, Work); 6] = [
            ("UDP, 40 flows", u64::MAX, |_| busy_datagrams(FAR, 40, 2_000, 100)),
            ("UDP, 40 flows, IPv6", u64::MAX, |_| busy_datagrams("fd77::2", 40, 2_000, 100)),
            ("UDP, 200 flows, filter set again and again", 5_000, |_| {
                (0..4).for_each(|_| busy_datagrams(FAR, 50, 400, 33));
            }),
            ("UDP, whole and in fragments", u64::MAX, |_| {
                busy_datagrams(FAR, 40, 1_000, 700);
                busy_datagrams(FAR, 4, 100, 4_000);
            }),
            ("TCP up, offloads off", u64::MAX, |lab| {
                slow(lab);
                tcp(lab, FAR, 8 * MIB, true);
            }),
            ("TCP down, offloads off, IPv6", u64::MAX, |lab| tcp(lab, "fd77::2", 8 * MIB, false)),
        ];
        for (name, refilter, work) in cases {
            let (seen, busy) = watch_busy(refilter, || work(&lab));
            let tally = &seen.snapshot.tally;
            println!(
                "{name}: {} frames, {} counted in the kernel, {} filters",
                tally.seen.frames, busy.counted, busy.filtered
            );
            assert_eq!(seen.losses.ring, 0, "{name}");
            assert_eq!((tally.seen.frames, tally.seen.bytes), seen.kernel, "{name}");
            // How much of it depends on how soon the reader gets to say so.
            assert!(busy.counted * 100 > tally.seen.frames, "{name}: {}", busy.counted);
            assert!(refilter == u64::MAX || busy.filtered > 1, "{name}");
            let rows = &seen.snapshot.rows;
            assert_eq!(rows.iter().map(|row| row.packets_out + row.packets_in).sum::<u64>(), tally.packets.frames);
            // Ethernet, and what else each datagram has before its payload.
            for row in rows.iter().filter(|row| name.starts_with("UDP, 40") && row.packets_out == 2_000) {
                let head = if row.local.unwrap().ip.is_ipv6() { 48 } else { 28 };
                assert_eq!((row.bytes_out, row.ip_bytes_out), (2_000 * (114 + head), 2_000 * (100 + head)), "{name}");
            }
            let whole = rows.iter().filter(|row| row.packets_out == 2_000).count();
            assert!(!name.starts_with("UDP, 40") || whole == 40, "{name}: {whole} flows");
        }
    });
}

/// A third host behind the far one, which forwards to it by an interface that cuts super-packets itself.
fn third_host(lab: &Lab) -> File {
    let third = thread::spawn(|| {
        namespace::new_network().unwrap();
        File::open("/proc/thread-self/ns/net").unwrap()
    });
    let third = third.join().unwrap();
    let place = format!("/proc/{}/fd/{}", std::process::id(), third.as_raw_fd());
    lab.at_far(move || {
        ip("link add mid0 type veth peer name end0");
        ip("link set mid0 addrgenmode none");
        ip(&format!("link set end0 netns {place}"));
        ip("addr add 10.79.0.1/24 dev mid0");
        ip("link set mid0 up");
        run("ethtool", &format!("-K mid0 {OFFLOADS}"));
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
    });
    at(&third, || {
        ip("link set end0 addrgenmode none");
        ip("addr add 10.79.0.2/24 dev end0");
        ip("link set end0 up");
        ip("route add default via 10.79.0.1");
        until_ready("end0");
    });
    lab.at_far(|| until_ready("mid0"));
    ip(&format!("route add 10.79.0.0/24 via {FAR}"));
    third
}

fn at<T: Send + 'static>(host: &File, work: impl FnOnce() -> T + Send + 'static) -> T {
    start_at(host, work).join().unwrap()
}

fn start_at<T: Send + 'static>(host: &File, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    let host = host.try_clone().unwrap();
    thread::spawn(move || {
        namespace::enter_network(host.as_fd()).unwrap();
        work()
    })
}

#[test]
fn wire_bytes_are_those_that_arrive_where_nothing_is_offloaded() {
    const NAME: &str = "wire_bytes_are_those_that_arrive_where_nothing_is_offloaded";
    if !has_tools(NAME) {
        return;
    }
    inside(NAME, &Own::Network, || {
        let lab = Lab::new();
        let third = third_host(&lab);
        // Not the far host's: it would put super-packets together anew, of other segments.
        lab.at_far(|| run("ethtool", "-K far0 gro off"));
        let arrived = || lab.at_far(|| counters("mid0"));
        let mut before = arrived();
        let seen = watch("near0", || {
            // The neighbours' questions are not part of it.
            let socket = UdpSocket::bind((NEAR, 0)).unwrap();
            let _ = socket.send_to(b"hello", ("10.79.0.2", 9));
            let told = Stopwatch::start();
            while arrived().packets_in == before.packets_in && told.elapsed() < Duration::from_secs(5) {}
            before = arrived();
            let mut far = None;
            transfer("10.79.0.2".parse().unwrap(), 32 * MIB, true, |serve| far = Some(start_at(&third, serve)));
            far.unwrap().join().unwrap();
        });
        let after = arrived();
        let upload = seen.snapshot.rows.iter().max_by_key(|row| row.bytes_out).unwrap();
        let (wire, cut) = (upload.wire_bytes_out, after.bytes_out - before.bytes_out);
        println!("shown as wire bytes {wire}, link-layer bytes here {}, sent on in segments {cut}", upload.bytes_out);
        assert_eq!(seen.losses.ring, 0);
        assert!(wire > upload.bytes_out + upload.bytes_out / 100, "super-packets were sent");
        // Questions of neighbours, 42 bytes each, may fall into the time.
        assert!(cut >= wire && (cut - wire).is_multiple_of(42) && cut - wire <= 42 * 4, "{cut} {wire}");
    });
}

#[test]
fn hostile_frames_through_the_live_ring_are_each_counted_once() {
    inside("hostile_frames_through_the_live_ring_are_each_counted_once", &Own::Network, || {
        let lab = Lab::new();
        mtu(&lab, 65_000);
        let frames: Vec<Vec<u8>> =
            hostile::frames().into_iter().filter(|one| one.link == LinkType::Ethernet).map(|one| one.data).collect();
        let mut sent = 0;
        let before = counters("near0");
        let seen = watch("near0", || {
            sent = lab.at_far(move || frames.iter().filter(|frame| send_raw("far0", frame)).count());
            // Alive afterwards.
            datagrams(FAR, 1, 10);
        });
        let arrived = counters("near0").packets_in - before.packets_in;
        let tally = seen.snapshot.tally;
        println!("{sent} hostile frames sent, {arrived} arrived: {tally:?}");
        assert!(sent >= 200, "{sent}: too short for the link are those below 14 bytes");
        assert!(arrived >= sent as u64);
        assert_eq!((tally.seen.frames, tally.seen.bytes, seen.losses.ring), (seen.kernel.0, seen.kernel.1, 0));
        assert_eq!(tally.packets.frames + tally.skipped_total().frames, tally.seen.frames);
        assert!(tally.skipped_total().frames > 20 && tally.packets.frames > 50);
        assert!(seen.snapshot.rows.iter().any(|row| row.remote.is_some_and(|end| end.port == 9)));
    });
}

/// Whether the kernel took a frame as it is.
fn send_raw(interface: &str, frame: &[u8]) -> bool {
    use pnet::datalink::{self, Channel, Config};
    let interface = datalink::interfaces().into_iter().find(|one| one.name == interface).unwrap();
    let config = Config { write_buffer_size: 1 << 17, ..Config::default() };
    let Channel::Ethernet(mut sender, _) = datalink::channel(&interface, config).unwrap() else { panic!("no channel") };
    sender.send_to(frame, None).is_some_and(|done| done.is_ok())
}

#[test]
fn a_program_stopped_under_load_says_what_it_did_not_see() {
    inside("a_program_stopped_under_load_says_what_it_did_not_see", &Own::Network, || {
        let lab = Lab::new();
        let home = tempfile::tempdir().unwrap();
        let (out, err) = (home.path().join("out"), home.path().join("err"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_egret"))
            .args(["flows", "-i", "near0", "--for", "60s", "--json", "--state"])
            .arg(home.path().join("state"))
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let clock = Stopwatch::start();
        // Its socket is bound when it has the protocol number of all protocols.
        let is_bound = |line: &str| line.split_whitespace().nth(3) == Some("0003");
        while !std::fs::read_to_string("/proc/thread-self/net/packet").unwrap().lines().any(is_bound) {
            assert!(clock.elapsed() < ENOUGH, "it does not listen: {}", std::fs::read_to_string(&err).unwrap());
        }
        let before = counters("near0");
        let signal = |name: &str| run("kill", &format!("-{name} {}", child.id()));
        signal("STOP");
        let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
        let one = frame::udp(end(FAR, 7_000), end(NEAR, 9), &[1; 400]);
        lab.at_far(move || {
            let sent = Stopwatch::start();
            // Five seconds of it, in bursts that no ring holds.
            while sent.elapsed() < Duration::from_secs(5) {
                support::send_frames("far0", &vec![one.clone(); 20_000]);
            }
        });
        signal("CONT");
        signal("TERM");
        assert!(child.wait().unwrap().success());
        let after = counters("near0");
        let text = std::fs::read_to_string(&out).unwrap();
        let summary: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let number = |value: &serde_json::Value| value.as_u64().unwrap();
        let (kept, dropped) = (number(&summary["frames"]), number(&summary["drops"]["ring"]));
        let sent = after.packets_in + after.packets_out - before.packets_in - before.packets_out;
        println!("sent {sent}, kept {kept}, dropped {dropped}; {}", summary["health"]);
        assert!(dropped > 0, "{summary}");
        assert_eq!(kept + dropped, sent);
        assert!(summary["health"].to_string().contains("frames were dropped by the kernel"), "{}", summary["health"]);
        assert!(number(&summary["alerts"]) > 0, "drops are an alert too: {summary}");
    });
}
