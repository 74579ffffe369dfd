//! One engine for live and replay: what was captured live, written down and replayed, gives the same flows,
//! the same names and the same findings.
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

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use egret::baseline::{Baseline, BaselineConfig};
use egret::capture::file::{self, FileOptions};
use egret::capture::live::LiveOptions;
use egret::capture::script::dns;
use egret::capture::{Capture, More, backends};
use egret::engine::{Engine, Outside, Parts};
use egret::model::{Event, Frame};
use egret::snapshot::{FIELDS, Snapshot};
use support::{FAR, Lab, NEAR, Own, inside, read_all, read_until};

/// Enough for the judge of uploads.
const UPLOAD: usize = 48 << 20;

fn engine() -> Engine {
    Engine::new(Parts {
        baseline: Baseline::new(BaselineConfig { learn_for: Duration::ZERO, ..BaselineConfig::default() }),
        ..Parts::default()
    })
}

/// A pcap file with nanosecond stamps, as long as each frame was and as much of it as was kept.
struct Pcap(Vec<u8>);

impl Pcap {
    fn new() -> Self {
        let mut bytes = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
        bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
        Self(bytes)
    }

    fn write(&mut self, frame: &Frame<'_>) {
        let nanos = (frame.at.nanos() % 1_000_000_000) as u32;
        for field in [frame.at.secs() as u32, nanos, frame.data.len() as u32, frame.wire_len] {
            self.0.extend(field.to_le_bytes());
        }
        self.0.extend(frame.data);
    }
}

/// A resolver that answers one question with the far host's address, and a server that swallows uploads.
fn serve(lab: &Lab) -> (u16, u16, std::thread::JoinHandle<()>) {
    let (tell, told) = crossbeam_channel::bounded(1);
    let far = lab.start_far(move || {
        let resolver = UdpSocket::bind((FAR, 53)).unwrap();
        let listener = TcpListener::bind((FAR, 0)).unwrap();
        tell.send(listener.local_addr().unwrap().port()).unwrap();
        let mut query = [0; 512];
        let (_, asker) = resolver.recv_from(&mut query).unwrap();
        let answer = dns::answer(7, "files.example.net", 1, &[FAR.parse().unwrap()], 300);
        resolver.send_to(&answer, asker).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    });
    (53, told.recv().unwrap(), far)
}

fn traffic(lab: &Lab) {
    let (resolver, server, far) = serve(lab);
    let socket = UdpSocket::bind((NEAR, 0)).unwrap();
    socket.send_to(&dns::query(7, "files.example.net", 1), (FAR, resolver)).unwrap();
    socket.recv(&mut [0; 512]).unwrap();
    let mut stream = TcpStream::connect((FAR, server)).unwrap();
    for _ in 0..UPLOAD >> 20 {
        stream.write_all(&vec![0x5a; 1 << 20]).unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    far.join().unwrap();
}

fn finish(mut engine: Engine) -> Snapshot {
    engine.finish();
    engine.show_all();
    engine.snapshot(Outside::default())
}

/// Everything a reader can see of the flows. Headers of segments to come are known only while capturing
/// live: a pcap file has no place for the size of the segments.
fn flows(snapshot: &Snapshot) -> Vec<String> {
    let at_rest =
        |id: &str| !["out", "in", "total", "out2", "out10", "out40", "in2", "in10", "in40", "peak"].contains(&id);
    let line = |row: &egret::snapshot::Row| {
        let fields = FIELDS.iter().filter(|field| at_rest(field.id)).map(|field| (field.get)(row).text());
        let counts = [row.bytes_out, row.bytes_in, row.ip_bytes_out, row.ip_bytes_in].map(|n| n.to_string());
        fields.chain(counts).collect::<Vec<_>>().join(" | ")
    };
    snapshot.rows.iter().map(line).collect()
}

fn findings(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let mut list: Vec<_> = snapshot
        .alerts
        .iter()
        .map(|alert| (alert.finding.detector, alert.finding.subject.remote.to_string()))
        .collect();
    list.sort();
    list
}

#[test]
fn what_was_seen_live_is_seen_again() {
    inside("what_was_seen_live_is_seen_again", &Own::Network, || {
        let lab = Lab::new();
        let options = LiveOptions { interfaces: vec!["near0".to_owned()], ..LiveOptions::default() };
        let mut capture = backends::open(&options).unwrap();
        let (finished, done) = crossbeam_channel::bounded(1);
        let reader = std::thread::spawn(move || {
            let (mut live, mut pcap) = (engine(), Pcap::new());
            let mut addresses = Vec::new();
            let mut each = |event: &Event<'_>| match event {
                Event::Frames(frames) => {
                    frames.iter().for_each(|frame| pcap.write(frame));
                    live.take(Event::Frames(frames));
                }
                Event::Quiet(at) => live.take(Event::Quiet(*at)),
                Event::Sockets(..) | Event::Counted(..) => panic!("the ring sees frames"),
                Event::Interface(at, info) => {
                    addresses.clone_from(&info.addresses);
                    live.take(Event::Interface(*at, info.clone()));
                }
            };
            read_until(&mut *capture, |event| {
                each(event);
                done.try_recv().is_ok()
            });
            read_all(&mut *capture, &mut each);
            assert_eq!(capture.losses().ring, 0);
            (finish(live), pcap, addresses)
        });
        traffic(&lab);
        finished.send(()).unwrap();
        let (live, pcap, addresses) = reader.join().unwrap();
        let replayed = replay(&pcap, addresses);
        compare(&live, &replayed);
    });
}

fn replay(pcap: &Pcap, addresses: Vec<std::net::IpAddr>) -> Snapshot {
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), &pcap.0).unwrap();
    let options = FileOptions { local: Some(addresses), ..FileOptions::default() };
    let mut capture = file::open(path.path(), options).unwrap();
    let mut engine = engine();
    while capture.read(Duration::ZERO, &mut |event| engine.take(event)).unwrap() == More::Coming {}
    finish(engine)
}

fn compare(live: &Snapshot, replayed: &Snapshot) {
    assert_eq!(live.tally, replayed.tally);
    assert!(live.tally.seen.bytes > UPLOAD as u64);
    assert_eq!(flows(live), flows(replayed));
    assert_eq!(findings(live), findings(replayed));
    let upload = live.rows.iter().max_by_key(|row| row.bytes_out).unwrap();
    assert_eq!(upload.name.as_ref().unwrap().text.as_str(), "files.example.net");
    assert!(upload.findings.iter().any(|finding| finding.detector == "upload"), "{:?}", upload.findings);
    assert!(upload.wire_bytes_out > upload.bytes_out, "offloads are on: headers of segments are to come");
    println!("{} flows, {} frames, findings {:?}", live.rows.len(), live.tally.seen.frames, findings(live));
}
