//! Live capture against the real kernel, inside namespaces of its own: what it counts, and what it survives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/netns.rs"]
mod support;

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use egret::capture::backends::{self, BACKENDS};
use egret::capture::live::{LiveOptions, SNAPLEN};
use egret::capture::wall::{self, Stopwatch};
use egret::capture::{Capture, CaptureError};
use egret::model::{Event, Frame, Heading, InterfaceCounters, InterfaceInfo, LinkType, Losses, Measure, VlanTag};
use support::{FAR, Lab, NEAR, Own, counters, inside, ip, read_all, read_until, send_frames, until_ready};

const BULK: usize = 64 << 20;

fn open(backend: &str, interfaces: &[&str]) -> Box<dyn Capture> {
    let interfaces = interfaces.iter().map(|&name| name.to_owned()).collect();
    let options = LiveOptions { interfaces, backend: backend.to_owned(), ..LiveOptions::default() };
    backends::open(&options).unwrap()
}

/// Sends `bytes` to the far host over one TCP connection and waits until both ends have closed it.
fn upload(lab: &Lab, bytes: usize) {
    let (tell, told) = crossbeam_channel::bounded(1);
    let far = lab.start_far(move || {
        let listener = TcpListener::bind((FAR, 0)).unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
    });
    let mut stream = TcpStream::connect(told.recv().unwrap()).unwrap();
    let chunk = vec![0x5a; 1 << 20];
    for _ in 0..bytes / chunk.len() {
        stream.write_all(&chunk).unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(far.join().unwrap(), bytes as u64);
}

/// What a capture saw, in the shape of the kernel's counters, and what else is asked about the frames.
#[derive(Default, Debug)]
struct Sum {
    out: (u64, u64),
    arrived: (u64, u64),
    unknown: (u64, u64),
    super_packets: u64,
    segment_sizes: BTreeSet<u16>,
    longest: usize,
}

impl Sum {
    fn add(&mut self, event: &Event<'_>) {
        let Event::Frames(frames) = event else { return };
        assert!(!frames.is_empty() && frames.len() <= egret::model::event::BATCH);
        for frame in *frames {
            let place = match frame.heading {
                Heading::Outgoing => &mut self.out,
                Heading::Unknown => &mut self.unknown,
                _ => &mut self.arrived,
            };
            place.0 += 1;
            place.1 += u64::from(frame.wire_len);
            self.super_packets += u64::from(frame.gso.is_some());
            self.longest = self.longest.max(frame.data.len());
            assert!(support::is_recent(frame.at), "{} is not now", frame.at);
            if let Some(gso) = frame.gso {
                assert!(frame.wire_len > u32::from(gso.size), "{frame:?}");
                self.segment_sizes.insert(gso.size);
            }
        }
    }

    /// What the interface counted meanwhile, as (out, in).
    fn expected(before: InterfaceCounters, after: InterfaceCounters) -> [(u64, u64); 2] {
        [
            (after.packets_out - before.packets_out, after.bytes_out - before.bytes_out),
            (after.packets_in - before.packets_in, after.bytes_in - before.bytes_in),
        ]
    }
}

#[test]
fn counts_what_the_kernel_counts() {
    inside("counts_what_the_kernel_counts", &Own::Network, || {
        let lab = Lab::new();
        // Header bytes of a segment: Ethernet is not counted in the MTU; IPv4, TCP and its time stamps are.
        for (mtu, bytes) in [(1500_u16, BULK), (9000, BULK / 4), (1400, BULK / 4)] {
            ip(&format!("link set near0 mtu {mtu}"));
            lab.at_far(move || ip(&format!("link set far0 mtu {mtu}")));
            let (sum, losses, [out, arrived]) = watched_upload(&lab, "ring", bytes);
            println!("upload of {bytes} bytes, MTU {mtu}: {sum:?}, {losses:?}");
            assert_eq!((sum.out, sum.arrived), (out, arrived));
            assert_eq!((sum.unknown.0, losses.ring, losses.imprecise), (0, 0, 0));
            assert!(sum.super_packets > 20, "offloads are on, so super-packets must come: {sum:?}");
            assert_eq!(sum.segment_sizes, [mtu - 20 - 20 - 12].into(), "payload bytes of a segment");
            assert!(sum.longest <= SNAPLEN as usize);
            assert!(out.1 > bytes as u64);
        }
    });
}

/// Uploads beside a capture of the near end: what it saw, what it lost, and what the kernel counted.
fn watched_upload(lab: &Lab, backend: &str, bytes: usize) -> (Sum, Losses, [(u64, u64); 2]) {
    let mut capture = open(backend, &["near0"]);
    let before = counters("near0");
    let (finished, done) = crossbeam_channel::bounded(1);
    let reader = std::thread::spawn(move || {
        let mut sum = Sum::default();
        read_until(&mut *capture, |event| {
            sum.add(event);
            done.try_recv().is_ok()
        });
        read_all(&mut *capture, |event| sum.add(event));
        (sum, capture.losses())
    });
    upload(lab, bytes);
    finished.send(()).unwrap();
    let (sum, losses) = reader.join().unwrap();
    (sum, losses, Sum::expected(before, counters("near0")))
}

#[test]
fn pnet_says_what_it_lost() {
    inside("pnet_says_what_it_lost", &Own::Network, || {
        let lab = Lab::new();
        let (sum, losses, [out, arrived]) = watched_upload(&lab, "pnet", BULK / 4);
        println!("pnet: {sum:?}, {losses:?}, kernel: out {out:?} in {arrived:?}");
        assert_eq!(sum.unknown.0 + losses.ring, out.0 + arrived.0);
        assert_eq!(losses.imprecise, sum.unknown.0);
        if losses.ring == 0 {
            assert_eq!(sum.unknown.1, out.1 + arrived.1);
        }
    });
}

/// An Ethernet frame with a body that is recognised again.
fn frame(to: [u8; 6], tags: &[(u16, u16)], length: usize) -> Vec<u8> {
    let mut bytes = [to, [2, 0, 0, 0, 0, 9]].concat();
    for (tpid, tci) in tags {
        bytes.extend([tpid.to_be_bytes(), tci.to_be_bytes()].concat());
    }
    bytes.extend(0x88b5_u16.to_be_bytes());
    bytes.resize(length, 0xa5);
    bytes
}

fn is_ours(frame: &Frame<'_>) -> bool {
    frame.data.windows(2).any(|pair| pair == 0x88b5_u16.to_be_bytes())
}

fn near_address() -> [u8; 6] {
    let mac = pnet::datalink::interfaces().into_iter().find(|one| one.name == "near0").unwrap().mac.unwrap();
    mac.octets()
}

#[test]
fn tells_where_frames_are_going() {
    inside("tells_where_frames_are_going", &Own::Network, || {
        let lab = Lab::new();
        let mut capture = open("auto", &["near0"]);
        assert!(capture.health().is_empty(), "{:?}", capture.health());
        let me = near_address();
        lab.at_far(move || {
            let (all, group, other) = ([0xff; 6], [1, 0, 0x5e, 0, 0, 1], [2, 0, 0, 0, 0, 0x77]);
            send_frames("far0", &[me, all, group, other].map(|to| frame(to, &[], 60)));
        });
        send_frames("near0", &[frame([2, 0, 0, 0, 0, 0x88], &[], 61)]);
        let mut seen = Vec::new();
        read_until(&mut *capture, |event| {
            if let Event::Frames(frames) = event {
                for frame in frames.iter().filter(|frame| is_ours(frame)) {
                    assert_eq!((frame.link, frame.gso, frame.vlan), (LinkType::Ethernet, None, None));
                    seen.push((frame.heading, frame.wire_len, frame.data.len()));
                }
            }
            seen.len() == 5
        });
        let headings = [Heading::Host, Heading::Broadcast, Heading::Multicast, Heading::OtherHost];
        assert_eq!(seen[..4], headings.map(|heading| (heading, 60, 60)));
        assert_eq!(seen[4], (Heading::Outgoing, 61, 61));
    });
}

#[test]
fn keeps_vlan_tags_and_counts_them() {
    inside("keeps_vlan_tags_and_counts_them", &Own::Network, || {
        let lab = Lab::new();
        let mut capture = open("ring", &["near0"]);
        let me = near_address();
        lab.at_far(move || {
            let (plain, customer) = ((0x8100, 0x2064), (0x88a8, 0x0fff));
            send_frames("far0", &[frame(me, &[plain], 100), frame(me, &[customer, plain], 104), frame(me, &[], 96)]);
        });
        let mut seen = Vec::new();
        read_until(&mut *capture, |event| {
            if let Event::Frames(frames) = event {
                seen.extend(
                    frames.iter().filter(|one| is_ours(one)).map(|one| (one.vlan, one.wire_len, one.data.len())),
                );
            }
            seen.len() == 3
        });
        // The kernel takes the outer tag off; an inner one stays in the bytes.
        let outer = |tpid, tci| Some(VlanTag { tpid, tci });
        assert_eq!(seen, [(outer(0x8100, 0x2064), 100, 96), (outer(0x88a8, 0x0fff), 104, 100), (None, 96, 96)]);
    });
}

#[test]
fn filters_run_in_the_kernel() {
    inside("filters_run_in_the_kernel", &Own::Network, || {
        let lab = Lab::new();
        let listen = |filter: &str, snaplen| {
            let (interfaces, filter) = (vec!["near0".to_owned()], filter.to_owned());
            backends::open(&LiveOptions { interfaces, filter, snaplen, ..LiveOptions::default() }).unwrap()
        };
        let mut none = listen("ether proto 0x88b6", SNAPLEN);
        let mut some = listen("ether proto 0x88b5", 64);
        let me = near_address();
        upload(&lab, 1 << 20);
        lab.at_far(move || send_frames("far0", &[frame(me, &[], 700), frame(me, &[], 704)]));
        let mut kept = Vec::new();
        read_all(&mut *some, |event| {
            if let Event::Frames(frames) = event {
                kept.extend(frames.iter().map(|one| (one.wire_len, one.data.len())));
            }
        });
        assert_eq!(kept, [(700, 64), (704, 64)]);
        read_all(&mut *none, |event| assert!(!matches!(event, Event::Frames(_)), "{event:?}"));
        assert_eq!(none.losses().ring, 0);
    });
}

#[test]
fn idle_reads_return_in_time() {
    inside("idle_reads_return_in_time", &Own::Network, || {
        let _lab = Lab::new();
        for backend in BACKENDS {
            let mut capture = open(backend.id, &["near0"]);
            read_all(&mut *capture, |_| {});
            let mut quiet = Vec::new();
            for _ in 0..10 {
                let (before, watch) = (wall::now(), Stopwatch::start());
                let mut take = |event: Event<'_>| match event {
                    Event::Quiet(at) => quiet.push((before, at)),
                    other => panic!("{other:?}"),
                };
                capture.read(Duration::from_millis(30), &mut take).unwrap();
                assert!(watch.elapsed() < Duration::from_millis(200), "{}: {:?}", backend.id, watch.elapsed());
            }
            assert_eq!(quiet.len(), 10, "{}", backend.id);
            assert!(quiet.windows(2).all(|pair| pair[0].1 < pair[1].1), "{}: time stands", backend.id);
            assert!(quiet.iter().all(|(before, at)| before.since(*at) < Duration::from_millis(150)), "{}", backend.id);
        }
    });
}

/// Sends datagrams of these payload sizes over the loopback.
fn talk_to_self(sizes: &[usize]) {
    let local = UdpSocket::bind("127.0.0.1:0").unwrap();
    for size in sizes {
        local.send_to(&vec![1; *size], local.local_addr().unwrap()).unwrap();
    }
}

#[test]
fn filters_are_replaced_while_running() {
    inside("filters_are_replaced_while_running", &Own::Network, || {
        let _lab = Lab::new();
        for (backend, interface, sights) in
            [("ring", "lo", 2), ("ring", "any", 2), ("pnet", "lo", 1), ("pnet", "any", 1)]
        {
            let mut capture = open(backend, &[interface]);
            let lengths = |capture: &mut dyn Capture, sizes: &[usize]| {
                talk_to_self(sizes);
                let mut lengths = Vec::new();
                read_all(capture, |event| {
                    if let Event::Frames(frames) = event {
                        lengths.extend(frames.iter().map(|frame| frame.wire_len as usize - 42));
                    }
                });
                lengths
            };
            let twice = |sizes: &[usize]| sizes.iter().flat_map(|size| vec![*size; sights]).collect::<Vec<_>>();
            read_all(&mut *capture, |_| {});
            assert_eq!(lengths(&mut *capture, &[10, 500]), twice(&[10, 500]));
            capture.set_filter("udp and greater 400").unwrap();
            assert_eq!(lengths(&mut *capture, &[11, 501]), twice(&[501]), "{backend} {interface}");
            for (wrong, place) in [("udp and", 7), ("udp andd greater 1", 4)] {
                let Err(CaptureError::Filter { at, .. }) = capture.set_filter(wrong) else { panic!("took {wrong:?}") };
                assert_eq!(at, place, "{wrong}");
            }
            assert_eq!(lengths(&mut *capture, &[12, 502]), twice(&[502]), "the old filter stays in force");
            capture.set_filter("").unwrap();
            assert_eq!(lengths(&mut *capture, &[13, 503]), twice(&[13, 503]));
        }
    });
}

/// Sends a datagram to the far host, where nobody listens; at once, or when the interface is ready.
fn knock() {
    let socket = UdpSocket::bind((NEAR, 0)).unwrap();
    let _ = socket.send_to(b"knock knock", (FAR, 9));
}

/// Reads until the interface is told to be as wanted.
fn until_told(capture: &mut dyn Capture, name: &str, wanted: impl Fn(&InterfaceInfo) -> bool) -> InterfaceInfo {
    let mut last = None;
    read_until(capture, |event| match event {
        Event::Interface(at, info) if info.name.as_str() == name && wanted(info) => {
            assert!(support::is_recent(*at));
            last = Some(info.clone());
            true
        }
        _ => false,
    });
    last.unwrap()
}

#[test]
fn follows_interfaces_that_go_and_come() {
    inside("follows_interfaces_that_go_and_come", &Own::Network, || {
        let lab = Lab::new();
        for backend in ["ring", "pnet"] {
            let mut capture = open(backend, &["near0"]);
            let first = until_told(&mut *capture, "near0", |info| info.is_up);
            assert!(capture.health().is_empty(), "{:?}", capture.health());
            assert_eq!(first.addresses, [NEAR.parse::<std::net::IpAddr>().unwrap()]);
            assert!(first.counters.is_some() && !first.is_loopback);

            ip("addr add 10.78.0.1/24 dev near0");
            assert_eq!(until_told(&mut *capture, "near0", |info| info.addresses.len() == 2).id, first.id);

            ip("link set near0 down");
            until_told(&mut *capture, "near0", |info| !info.is_up);
            assert_eq!(capture.health().len(), 1);
            does_not_spin(&mut *capture);
            ip("link set near0 up");
            until_told(&mut *capture, "near0", |info| info.is_up);
            assert!(capture.health().is_empty());
            hears(&mut *capture, backend);

            ip("link del near0");
            let gone = until_told(&mut *capture, "near0", |info| !info.is_up);
            assert_eq!((gone.addresses.len(), gone.counters), (0, None));
            let health = capture.health();
            assert!(health.len() == 1 && health[0].what.as_str().contains("near0 is gone"), "{health:?}");

            does_not_spin(&mut *capture);

            lab.join();
            let back = until_told(&mut *capture, "near0", |info| info.is_up && !info.addresses.is_empty());
            assert_eq!(back.id, first.id);
            assert!(capture.health().is_empty());
            hears(&mut *capture, backend);
            assert_eq!(capture.interfaces().len(), 1);
        }
    });
}

/// Reads wait even though a socket has an error to tell: its interface is down.
fn does_not_spin(capture: &mut dyn Capture) {
    read_all(capture, |_| {});
    let watch = Stopwatch::start();
    for _ in 0..5 {
        capture.read(Duration::from_millis(30), &mut |_| {}).unwrap();
    }
    assert!(watch.elapsed() > Duration::from_millis(90), "it spins: {:?}", watch.elapsed());
}

/// Knocks until a frame to the far host's port 9 is seen, or its address is asked for.
fn hears(capture: &mut dyn Capture, backend: &str) {
    let watch = Stopwatch::start();
    let mut heard = 0;
    while heard == 0 {
        assert!(watch.elapsed() < support::ENOUGH, "{backend} stays deaf");
        knock();
        let mut count = |event: Event<'_>| {
            if let Event::Frames(frames) = event {
                heard += frames.len();
            }
        };
        capture.read(Duration::from_millis(100), &mut count).unwrap();
    }
}

#[test]
fn any_hears_all_interfaces_and_newcomers() {
    inside("any_hears_all_interfaces_and_newcomers", &Own::Network, || {
        let _lab = Lab::new();
        for backend in ["ring", "pnet"] {
            let mut capture = open(backend, &["any"]);
            let mut told: Vec<InterfaceInfo> = Vec::new();
            let mut heard = HashMap::new();
            let mut note = |event: &Event<'_>, told: &mut Vec<InterfaceInfo>| match event {
                Event::Interface(_, info) => told.push(info.clone()),
                Event::Frames(frames) => {
                    for frame in *frames {
                        assert!(told.iter().any(|one| one.id == frame.interface), "frame before its interface");
                        *heard.entry((frame.interface, frame.heading)).or_insert(0) += 1;
                    }
                }
                Event::Quiet(_) | Event::Sockets(..) | Event::Counted(..) => {}
            };
            talk_to_self(&[40]);
            knock();
            read_all(&mut *capture, |event| note(event, &mut told));

            ip("link add late0 type veth peer name late1");
            ip("link set late0 up");
            ip("link set late1 up");
            read_until(&mut *capture, |event| {
                note(event, &mut told);
                told.iter().any(|one| one.name.as_str() == "late1" && one.is_up)
            });
            until_ready("late0");
            send_frames("late0", &[frame([0xff; 6], &[], 60)]);
            read_all(&mut *capture, |event| note(event, &mut told));
            ip("link del late0");

            let id = |name: &str| told.iter().find(|one| one.name.as_str() == name).unwrap().id;
            let count = |name, heading| heard.get(&(id(name), heading)).copied().unwrap_or(0);
            println!("{backend}: {heard:?}");
            if backend == "ring" {
                // On the loopback each packet is seen twice: going out, then coming in.
                assert_eq!((count("lo", Heading::Outgoing), count("lo", Heading::Host)), (1, 1));
                assert!(count("near0", Heading::Outgoing) >= 1);
                assert!(count("late0", Heading::Outgoing) >= 1 && count("late1", Heading::Broadcast) >= 1);
            } else {
                assert_eq!(count("lo", Heading::Unknown), 1);
                assert!(count("near0", Heading::Unknown) >= 1 && count("late1", Heading::Unknown) >= 1);
            }
            assert!(told.iter().find(|one| one.name.as_str() == "lo").unwrap().is_loopback);
            assert!(capture.health().is_empty());
        }
    });
}

#[test]
fn several_interfaces_keep_their_numbers() {
    inside("several_interfaces_keep_their_numbers", &Own::Network, || {
        let _lab = Lab::new();
        let mut capture = open("ring", &["near0", "lo", "near0"]);
        let names: Vec<_> = capture.interfaces().iter().map(|one| (one.id.0, one.name.to_string())).collect();
        assert_eq!(names, [(0, "near0".to_owned()), (1, "lo".to_owned())]);
        talk_to_self(&[40]);
        knock();
        let mut heard = HashMap::new();
        read_all(&mut *capture, |event| {
            if let Event::Frames(frames) = event {
                frames.iter().for_each(|frame| *heard.entry(frame.interface.0).or_insert(0) += 1);
            }
        });
        assert!(heard[&0] >= 1);
        assert_eq!(heard[&1], 2);
    });
}

#[test]
fn what_the_ring_lost_is_counted() {
    inside("what_the_ring_lost_is_counted", &Own::Network, || {
        let lab = Lab::new();
        let interfaces = vec!["near0".to_owned()];
        let options = LiveOptions { interfaces, ring_mb: Some(2), ..LiveOptions::default() };
        let mut capture = backends::open(&options).unwrap();
        let before = counters("near0");
        let me = near_address();
        // Nobody reads meanwhile, and the ring holds fewer than these.
        lab.at_far(move || send_frames("far0", &vec![frame(me, &[], 60); 20_000]));
        let mut sum = Sum::default();
        read_all(&mut *capture, |event| sum.add(event));
        let losses = capture.losses();
        let [_, arrived] = Sum::expected(before, counters("near0"));
        println!("{sum:?}, {losses:?}");
        assert_eq!(arrived.0, 20_000);
        assert!(losses.ring > 0 && losses.freezes > 0 && sum.arrived.0 > 0);
        assert_eq!(sum.arrived.0 + losses.ring, arrived.0);
        // Reading the losses again does not add them again, and the ring goes on.
        assert_eq!(capture.losses(), losses);
        lab.at_far(move || send_frames("far0", &[frame(me, &[], 60)]));
        let mut more = Sum::default();
        read_all(&mut *capture, |event| more.add(event));
        assert_eq!((more.arrived, capture.losses().ring), ((1, 60), losses.ring));
    });
}

#[test]
fn is_promiscuous_only_when_asked() {
    inside("is_promiscuous_only_when_asked", &Own::Network, || {
        let _lab = Lab::new();
        let promiscuity = || {
            let told = std::process::Command::new("ip").args(["-d", "link", "show", "near0"]).output().unwrap();
            let told = String::from_utf8(told.stdout).unwrap();
            let mut words = told.split_whitespace().skip_while(|word| *word != "promiscuity");
            words.nth(1).unwrap().parse::<u32>().unwrap()
        };
        for backend in BACKENDS.iter().filter(|backend| backend.id != "sockets") {
            for promiscuous in [false, true] {
                let interfaces = vec!["near0".to_owned()];
                let backend = backend.id.to_owned();
                let capture =
                    backends::open(&LiveOptions { interfaces, backend, promiscuous, ..LiveOptions::default() });
                assert_eq!(promiscuity(), u32::from(promiscuous));
                drop(capture.unwrap());
            }
        }
        assert_eq!(promiscuity(), 0);
    });
}

#[test]
fn without_rights_it_says_so() {
    inside("without_rights_it_says_so", &Own::Users, || {
        for backend in BACKENDS {
            let needs_none = ["auto", "sockets"].contains(&backend.id);
            let options = LiveOptions {
                interfaces: vec!["lo".to_owned()],
                backend: backend.id.to_owned(),
                ..LiveOptions::default()
            };
            if needs_none {
                assert_eq!(backends::open(&options).unwrap().measure(), Measure::Carried, "{}", backend.id);
                let filtered = LiveOptions { filter: "tcp".to_owned(), ..options };
                assert!(backends::open(&filtered).is_err(), "{} took a filter", backend.id);
                continue;
            }
            let Err(error) = backends::open(&options) else { panic!("{} opened without rights", backend.id) };
            assert!(matches!(error, CaptureError::NotPermitted), "{}: {error:?}", backend.id);
        }
        assert!(matches!(backends::can_listen(), Err(CaptureError::NotPermitted)));
        assert!(matches!(backends::can_make_a_ring(), Err(CaptureError::NotPermitted)));
    });
}

#[test]
fn with_rights_the_probes_agree() {
    inside("with_rights_the_probes_agree", &Own::Network, || {
        backends::can_listen().unwrap();
        backends::can_make_a_ring().unwrap();
        assert!(egret::sys::Capabilities::effective().unwrap().has(egret::sys::Capability::NetRaw));
        let refused = backends::open(&LiveOptions::default());
        assert!(matches!(refused, Err(CaptureError::Unsupported(_))), "nothing but a loopback that is down");
        ip("link add eth7 type veth peer name eth8");
        ip("link set eth7 up");
        let capture = backends::open(&LiveOptions::default()).unwrap();
        assert_eq!(capture.interfaces()[0].name.as_str(), "eth7");
    });
}
