//! `egret flows` against two other programs: packets and bytes of every TCP and UDP flow of every capture at hand.
//!
//! nDPI's own results lie beside its captures; for the others tshark is asked. Where a number differs, the cause
//! is looked for in the frames themselves (see [`Cause`]); a difference without a cause fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, More};
use egret::decode::{Decoded, decode};
use egret::model::{Event, Frame, LinkType, Packet};

/// A protocol number and two ends, the lesser first.
type Key = (u8, (IpAddr, u16), (IpAddr, u16));

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    packets: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.packets += 1;
        self.bytes += bytes;
    }

    fn minus(self, other: Self) -> Self {
        Self { packets: self.packets - other.packets, bytes: self.bytes - other.bytes }
    }
}

type Flows = BTreeMap<Key, Sum>;

/// Why the numbers of a flow can differ while both programs are right by their own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The other leaves fragments after the first to no flow; egret counts them on the flow of the first.
    LaterFragments,
    /// The other discards packets whose header claims more than the frame had; egret counts the frame.
    LongerThanTheFrame,
    /// The other counts the bytes that were captured; egret those on the wire.
    CapturedBytes,
    /// The other looks into tunnels; egret does so when asked.
    Tunnel,
    /// The other guesses at frames that say themselves that they are not whole or not IP.
    Damaged,
}

/// Files in which flows differ for a cause that [`cause`] does not see: how many at most, and what the bytes show.
const EXPLAINED: &[(&str, usize, Cause, &str)] = &[
    ("arkime_synthetic.pcap", 2, Cause::Tunnel, "VXLAN-GPE, not looked into; Geneve answered from its port, not to it"),
    ("capwap.pcap", 2, Cause::Tunnel, "802.11 frames in CAPWAP, which is not looked into"),
    ("capwap_data.pcapng", 2, Cause::Tunnel, "802.11 frames in CAPWAP, which is not looked into"),
    (
        "fuzz-2006-06-26-2594.pcap",
        2,
        Cause::Damaged,
        "frame with an IPv4 header of 4 bytes; frame 86 with 12 bytes of TCP",
    ),
    (
        "fuzz-2006-09-29-28586.pcap",
        2,
        Cause::Damaged,
        "frame 111 with 15 bytes of TCP; frames 52 and 130 at far offsets",
    ),
    ("fuzz-2021-06-07-c6c72a0a56.pcap", 1, Cause::Damaged, "one frame that claims 4 GB on the wire"),
    ("fuzz-2021-10-13.pcap", 1, Cause::Damaged, "an address family that is no family, read as IPv6 by nDPI"),
];

/// Captures of a day and more.
const LONG: &[&str] = &[
    "droplet_day0.pcap.gz",
    "droplet_day1.pcap.gz",
    "E1_burst_exfil_new_dst.pcap.gz",
    "E3_slow_dns_exfil.pcap",
    "B1_hourly_backup_200MB.pcap.gz",
    "B2_metrics_push_15s.pcap.gz",
    "rita_http_beacon_client_72h.pcap",
    "ot_ifix_client_20h.pcap",
];

fn key(protocol: u8, one: (IpAddr, u16), other: (IpAddr, u16)) -> Key {
    (protocol, one.min(other), one.max(other))
}

/// Says why a test did not run; that is a failure where everything should run.
fn skip(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} was skipped: {why}");
}

/// The captures in one folder of the collection, or in all the others.
fn captures(is_wanted: impl Fn(&str) -> bool) -> Option<Vec<PathBuf>> {
    let root = PathBuf::from(std::env::var_os("EGRET_CAPTURES")?);
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        if is_wanted(&folder.file_name().unwrap().to_string_lossy()) {
            let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let is_capture = |path: &PathBuf| {
                [".pcap", ".pcapng", ".pcap.gz"].iter().any(|end| path.to_string_lossy().ends_with(end))
            };
            found.extend(files.filter(is_capture));
        }
    }
    found.sort();
    Some(found)
}

/// The flows that the program prints.
///
/// A program built without optimisation takes minutes for a day of traffic. There the longest files are only
/// decoded, and the test says so.
fn ours(path: &Path) -> Flows {
    if cfg!(debug_assertions) && LONG.iter().any(|name| path.ends_with(name)) {
        println!("{}: decoded only, this is not a release build", path.display());
        return look(path).decoded;
    }
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_egret"))
        .args(["flows", "--json", "-r"])
        .arg(path)
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let mut flows = Flows::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let protocol = match line["proto"].as_str() {
            Some("tcp") => 6,
            Some("udp") => 17,
            _ => continue,
        };
        let end = |side: &str| {
            let ip = line[format!("{side}_ip")].as_str().unwrap().parse().unwrap();
            (ip, line[format!("{side}_port")].as_u64().unwrap() as u16)
        };
        let number = |name: &str| line[name].as_u64().unwrap();
        let sum = flows.entry(key(protocol, end("local"), end("remote"))).or_default();
        sum.packets += number("packets_out") + number("packets_in");
        sum.bytes += number("bytes_out") + number("bytes_in");
    }
    flows
}

/// What the frames of a file say of where numbers can differ.
#[derive(Default)]
struct Frames {
    /// TCP and UDP, fragments on the flow of their first.
    decoded: Flows,
    later_fragments: Flows,
    longer_than_the_frame: Flows,
    /// Bytes on the wire that were not captured.
    not_captured: Flows,
    inner: Flows,
    inner_not_captured: Flows,
    /// Flows whose packets carry packets.
    carriers: Flows,
}

/// What an IPv4 header at the start of a frame's data claims, beyond what the frame had.
fn is_longer_than_the_frame(frame: &Frame<'_>) -> bool {
    let mut at = match frame.link {
        LinkType::Ethernet => 12,
        LinkType::LinuxSll => 14,
        LinkType::Raw => return claims_more(frame.data, frame.wire_len),
        _ => return false,
    };
    while matches!(frame.data.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8])) {
        at += 4;
    }
    frame.data.get(at + 2..).is_some_and(|ip| claims_more(ip, frame.wire_len.saturating_sub(at as u32 + 2)))
}

fn claims_more(ip: &[u8], wire: u32) -> bool {
    match *ip {
        [first, _, high, low, ..] if first >> 4 == 4 => u32::from(u16::from_be_bytes([high, low])) > wire,
        [first, _, _, _, high, low, ..] if first >> 4 == 6 => u32::from(u16::from_be_bytes([high, low])) + 40 > wire,
        _ => false,
    }
}

fn packet_key(packet: &Packet<'_>) -> Key {
    let (from, to) = (packet.from(), packet.to());
    key(packet.protocol.number(), (from.ip, from.port), (to.ip, to.port))
}

fn look(path: &Path) -> Frames {
    let mut found = Frames::default();
    let mut firsts = HashMap::new();
    let mut capture = open(path, FileOptions::default()).unwrap();
    let mut see = |frame: &Frame<'_>| {
        let Decoded::Packet(outer) = decode(frame, false) else { return };
        let mut key = packet_key(&outer);
        let bytes = u64::from(frame.wire_len);
        if let Some(fragment) = outer.fragment {
            let whole = (outer.from().ip, outer.to().ip, fragment.id, key.0);
            if fragment.is_first {
                firsts.insert(whole, key);
            } else {
                key = firsts.get(&whole).copied().unwrap_or(key);
                found.later_fragments.entry(key).or_default().add(bytes);
            }
        }
        if matches!(key.0, 6 | 17) {
            found.decoded.entry(key).or_default().add(bytes);
        }
        if is_longer_than_the_frame(frame) {
            found.longer_than_the_frame.entry(key).or_default().add(bytes);
        }
        let missing = bytes.saturating_sub(frame.data.len() as u64);
        found.not_captured.entry(key).or_default().bytes += missing;
        let Decoded::Packet(inner) = decode(frame, true) else { return };
        if inner.payload.as_ptr() != outer.payload.as_ptr() {
            found.carriers.entry(key).or_default().add(bytes);
            found.inner.entry(packet_key(&inner)).or_default().add(bytes);
            found.inner_not_captured.entry(packet_key(&inner)).or_default().bytes += missing;
        }
    };
    while capture
        .read(Duration::ZERO, &mut |event| {
            if let Event::Frames(frames) = event {
                frames.iter().for_each(&mut see);
            }
        })
        .unwrap()
        == More::Coming
    {}
    found
}

/// The cause of a difference in one flow; `None` where the frames show none.
fn cause(frames: &Frames, key: &Key, ours: Option<Sum>, theirs: Option<Sum>) -> Option<Cause> {
    let ours = ours.unwrap_or_default();
    let theirs = theirs.unwrap_or_default();
    let of = |flows: &Flows| flows.get(key).copied().unwrap_or_default();
    let (later, longer) = (of(&frames.later_fragments), of(&frames.longer_than_the_frame));
    if ours.packets >= later.packets && ours.minus(later) == theirs {
        return Some(Cause::LaterFragments);
    }
    if ours.packets >= longer.packets && ours.minus(longer) == theirs {
        return Some(Cause::LongerThanTheFrame);
    }
    let captured = Sum { packets: ours.packets, bytes: ours.bytes - of(&frames.not_captured).bytes };
    if captured == theirs {
        return Some(Cause::CapturedBytes);
    }
    let (inner, carried) = (of(&frames.inner), of(&frames.carriers));
    if ours.packets >= carried.packets {
        let unpacked = ours.minus(carried);
        let with_inner = Sum { packets: unpacked.packets + inner.packets, bytes: unpacked.bytes + inner.bytes };
        let missing = of(&frames.inner_not_captured).bytes;
        let captured = Sum { packets: with_inner.packets, bytes: with_inner.bytes - missing };
        if with_inner == theirs || captured == theirs {
            return Some(Cause::Tunnel);
        }
    }
    None
}

/// How many flows and files agree, why the others do not, and what has no explanation.
#[derive(Default)]
struct Report {
    files: usize,
    files_exact: usize,
    flows: usize,
    flows_exact: usize,
    causes: BTreeMap<Cause, usize>,
    unexplained: Vec<String>,
}

impl Report {
    fn compare(&mut self, path: &Path, ours: &Flows, theirs: &Flows) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut frames = None;
        let mut all: Vec<&Key> = ours.keys().chain(theirs.keys()).collect();
        all.sort_unstable();
        all.dedup();
        self.files += 1;
        self.flows += all.len();
        let (mut different, mut listed_so_far) = (0, 0);
        for key in all {
            let (mine, other) = (ours.get(key).copied(), theirs.get(key).copied());
            if mine == other {
                self.flows_exact += 1;
                continue;
            }
            different += 1;
            let frames = frames.get_or_insert_with(|| look(path));
            let listed = EXPLAINED.iter().find(|(file, most, ..)| *file == name && listed_so_far < *most);
            let found = cause(frames, key, mine, other).or_else(|| {
                listed_so_far += 1;
                listed.map(|(.., cause, _)| *cause)
            });
            match found {
                Some(cause) => *self.causes.entry(cause).or_default() += 1,
                None => self.unexplained.push(format!("{name}: {key:?}: egret {mine:?}, the other {other:?}")),
            }
        }
        self.files_exact += usize::from(different == 0);
    }

    fn merge(&mut self, other: Self) {
        self.files += other.files;
        self.files_exact += other.files_exact;
        self.flows += other.flows;
        self.flows_exact += other.flows_exact;
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        self.unexplained.extend(other.unexplained);
    }

    fn finish(self, with: &str) {
        println!(
            "{with}: {} of {} flows and {} of {} files exact; explained: {:?}",
            self.flows_exact, self.flows, self.files_exact, self.files, self.causes
        );
        assert!(
            self.unexplained.is_empty(),
            "{} differences:\n{}",
            self.unexplained.len(),
            self.unexplained.join("\n")
        );
        assert!(self.flows_exact * 100 >= self.flows * 90, "most flows agree to the byte");
    }
}

/// Compares every file with what `theirs` says of it, on all processors.
fn compare(files: &[PathBuf], theirs: impl Fn(&Path) -> Flows + Sync) -> Report {
    let (next, whole) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut report = Report::default();
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    report.compare(path, &ours(path), &theirs(path));
                }
                whole.lock().merge(report);
            });
        }
    });
    whole.into_inner()
}

/// An address as nDPI prints it: a lone zero group is shortened too, even where `::` stands elsewhere.
fn ndpi_address(text: &str) -> IpAddr {
    let text = text.trim_matches(['[', ']']);
    text.parse().or_else(|_| text.replacen("::", ":0:", 1).parse()).unwrap_or_else(|_| panic!("address {text}"))
}

fn ndpi_end(text: &str) -> (IpAddr, u16) {
    let (ip, port) = text.rsplit_once(':').unwrap();
    (ndpi_address(ip), port.parse().unwrap())
}

/// The table of nDPI's results, by file.
fn ndpi(root: &Path) -> HashMap<String, Flows> {
    let text = std::fs::read_to_string(root.join("ndpi/expected.tsv")).unwrap();
    let mut files: HashMap<String, Flows> = HashMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let protocol = match fields[1] {
            "TCP" => 6,
            "UDP" => 17,
            _ => continue,
        };
        let number = |at: usize| fields[at].parse::<u64>().unwrap();
        let flows = files.entry(fields[0].to_owned()).or_default();
        let sum = flows.entry(key(protocol, ndpi_end(fields[2]), ndpi_end(fields[3]))).or_default();
        sum.packets += number(8) + number(10);
        sum.bytes += number(9) + number(11);
    }
    files
}

#[test]
fn flows_agree_with_ndpi() {
    let Some(files) = captures(|folder| folder == "ndpi") else {
        return skip("flows_agree_with_ndpi", "EGRET_CAPTURES is not set");
    };
    let root = PathBuf::from(std::env::var_os("EGRET_CAPTURES").unwrap());
    let results = ndpi(&root);
    let none = Flows::new();
    let theirs = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        results.get(&name).unwrap_or(&none).clone()
    };
    compare(&files, theirs).finish("nDPI");
}

/// Protocols that tshark need not read: the ports are known by then.
const TSHARK_LEAVES: &str = "tls,quic,http,http2,dns,smb,smb2,ssh,rtp,dcerpc,ldap,mysql,gquic,bittorrent,stun";

/// The flows of a file as tshark sees its frames, fragments and all.
fn tshark(path: &Path) -> Flows {
    let mut command = Command::new("tshark");
    command.args([
        "-n",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        "-o",
        "ip.defragment:FALSE",
        "-o",
        "ipv6.defragment:FALSE",
    ]);
    command.args(["-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.check_checksum:FALSE"]);
    for protocol in TSHARK_LEAVES.split(',') {
        command.args(["--disable-protocol", protocol]);
    }
    let fields = [
        "frame.len",
        "frame.protocols",
        "ip.src",
        "ip.dst",
        "ip.proto",
        "ipv6.src",
        "ipv6.dst",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
    ];
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.arg("-r").arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty() || output.status.success(), "{}: {said}", path.display());
    let mut flows = Flows::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [bytes, stack, from4, to4, _, from6, to6, tcp_from, tcp_to, udp_from, udp_to] = fields[..] else {
            continue;
        };
        let layers: Vec<&str> = stack.split(':').collect();
        let first = layers.iter().position(|layer| matches!(*layer, "ip" | "ipv6"));
        let last = layers.iter().rposition(|layer| matches!(*layer, "ip" | "ipv6"));
        // Two IP headers are a tunnel, and these fields then mix its outside with its inside.
        if first.is_none() || first != last {
            continue;
        }
        let (protocol, from_port, to_port) = match (tcp_from, udp_from) {
            ("", "") => continue,
            ("", from) => (17, from, udp_to),
            (from, _) => (6, from, tcp_to),
        };
        let (from, to) = if layers[first.unwrap()] == "ip" { (from4, to4) } else { (from6, to6) };
        let end = |ip: &str, port: &str| (ip.parse().unwrap(), port.parse().unwrap());
        flows.entry(key(protocol, end(from, from_port), end(to, to_port))).or_default().add(bytes.parse().unwrap());
    }
    flows
}

#[test]
fn flows_agree_with_tshark() {
    let Some(files) = captures(|folder| folder != "ndpi") else {
        return skip("flows_agree_with_tshark", "EGRET_CAPTURES is not set");
    };
    if Command::new("tshark").arg("-v").output().is_err() {
        return skip("flows_agree_with_tshark", "tshark is not installed");
    }
    compare(&files, tshark).finish("tshark");
}

#[test]
fn causes_are_told_apart() {
    let flow = key(17, ("10.0.0.1".parse().unwrap(), 5), ("10.0.0.2".parse().unwrap(), 53));
    let sum = |packets, bytes| Some(Sum { packets, bytes });
    let one = |packets, bytes| Flows::from([(flow, Sum { packets, bytes })]);
    let frames = Frames { later_fragments: one(1, 94), longer_than_the_frame: one(2, 50), ..Frames::default() };
    assert_eq!(cause(&frames, &flow, sum(3, 1_836), sum(2, 1_742)), Some(Cause::LaterFragments));
    assert_eq!(cause(&frames, &flow, sum(3, 1_836), sum(1, 1_786)), Some(Cause::LongerThanTheFrame));
    assert_eq!(cause(&frames, &flow, sum(3, 1_836), sum(3, 1_835)), None);
}
