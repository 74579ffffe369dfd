//! Frames to try filters on: built here for every link type, and a sample of `EGRET_CAPTURES` where that is set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use egret::model::LinkType;

/// A frame of a capture file. The stamp makes each one unlike every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) stamp: u32,
    pub(crate) wire_len: u32,
    pub(crate) data: Vec<u8>,
}

impl Record {
    pub(crate) fn new(data: Vec<u8>) -> Self {
        Self { stamp: 0, wire_len: u32::try_from(data.len()).unwrap(), data }
    }
}

/// Files larger than this, and frames after the first ones of a file, are left out.
const LARGEST_FILE: u64 = 3 << 20;
const FRAMES_PER_FILE: &str = "40";

pub(crate) type Corpus = BTreeMap<u16, (LinkType, Vec<Record>)>;

/// Frames by link type.
pub(crate) fn corpus() -> Corpus {
    static CORPUS: LazyLock<Corpus> = LazyLock::new(build);
    CORPUS.clone()
}

fn build() -> Corpus {
    let mut corpus = Corpus::new();
    let mut add = |link: LinkType, record: Record| {
        let (_, all) = corpus.entry(number_of(link)).or_insert((link, Vec::new()));
        all.push(Record { stamp: u32::try_from(all.len()).unwrap(), ..record });
    };
    for data in ethernet_frames() {
        add(LinkType::Ethernet, Record::new(data));
    }
    for packet in packets() {
        let v6 = packet[0] >> 4 == 6;
        let kind: u16 = if v6 { 0x86dd } else { 0x0800 };
        for family in if v6 { &[24_u32, 28, 30][..] } else { &[2][..] } {
            add(LinkType::Null, Record::new([&family.to_le_bytes()[..], &packet].concat()));
            add(LinkType::Loop, Record::new([&family.to_be_bytes()[..], &packet].concat()));
        }
        for (number, heading) in [0_u8, 1, 2, 3, 4].into_iter().enumerate() {
            if number == packet.len() % 5 || heading == 4 {
                let sll =
                    [&[0, heading, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..], &kind.to_be_bytes(), &packet].concat();
                add(LinkType::LinuxSll, Record::new(sll));
                let rest = [0, 0, 0, 0, 0, 2, 0, 1, heading, 6, 1, 2, 3, 4, 5, 6, 0, 0];
                add(LinkType::LinuxSll2, Record::new([&kind.to_be_bytes()[..], &rest, &packet].concat()));
            }
        }
        add(LinkType::Raw, Record::new(packet));
    }
    match std::env::var_os("EGRET_CAPTURES") {
        Some(dir) => {
            for (link, record) in sample(Path::new(&dir)) {
                add(link, record);
            }
        }
        None => println!("EGRET_CAPTURES is not set: built frames only, no sample of captures"),
    }
    corpus
}

/// The first frames of every capture file below a folder, as tcpdump reads them.
fn sample(dir: &Path) -> Vec<(LinkType, Record)> {
    let mut files = Vec::new();
    find(dir, &mut files);
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let output = Command::new("tcpdump").args(["-n", "-c", FRAMES_PER_FILE, "-w", "-", "-r"]).arg(&file).output();
        let Some((number, all)) = output.ok().and_then(|output| records(&output.stdout)) else { continue };
        let link = LinkType::from_number(number);
        if !matches!(link, LinkType::Other(_)) {
            found.extend(all.into_iter().map(|record| (link, record)));
        }
    }
    found
}

fn find(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let capture = path.extension().is_some_and(|ext| ["pcap", "pcapng", "cap"].iter().any(|known| ext == *known));
        if path.is_dir() {
            find(&path, files);
        } else if capture && entry.metadata().is_ok_and(|meta| meta.len() <= LARGEST_FILE) {
            files.push(path);
        }
    }
}

pub(crate) fn number_of(link: LinkType) -> u16 {
    match link {
        LinkType::Null => 0,
        LinkType::Ethernet => 1,
        LinkType::Raw => 101,
        LinkType::Loop => 108,
        LinkType::LinuxSll => 113,
        LinkType::LinuxSll2 => 276,
        LinkType::Other(number) => number,
    }
}

/// The link type and the frames of a pcap file as tcpdump writes it.
pub(crate) fn records(file: &[u8]) -> Option<(u16, Vec<Record>)> {
    let word = |at: usize| Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?));
    let number = u16::try_from(word(20)? & 0xffff).ok()?;
    let mut all = Vec::new();
    let mut at = 24;
    while let (Some(stamp), Some(length), Some(wire_len)) = (word(at), word(at + 8), word(at + 12)) {
        let end = at + 16 + usize::try_from(length).ok()?;
        all.push(Record { stamp, wire_len, data: file.get(at + 16..end)?.to_vec() });
        at = end;
    }
    Some((number, all))
}

/// A pcap file.
pub(crate) fn pcap(link: LinkType, all: &[Record]) -> Vec<u8> {
    let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, u32::from(number_of(link))];
    let mut file: Vec<u8> = header.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    for record in all {
        let length = u32::try_from(record.data.len()).unwrap();
        file.extend([record.stamp, 0, length, record.wire_len].iter().flat_map(|word: &u32| word.to_le_bytes()));
        file.extend(&record.data);
    }
    file
}

fn ip4(source: [u8; 4], destination: [u8; 4], protocol: u8, fragment: u16, options: usize, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + options + body.len()).unwrap();
    let mut packet = vec![0x45 + u8::try_from(options / 4).unwrap(), 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0x12, 0x34]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(source);
    packet.extend(destination);
    packet.extend(vec![1; options]);
    packet.extend(body);
    packet
}

fn ip6(source: u16, destination: u16, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    packet.extend([protocol, 64]);
    for last in [source, destination] {
        let prefix: [u8; 8] =
            if last == 0xff { [0xff, 2, 0, 0, 0, 0, 0, 0] } else { [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0] };
        packet.extend(prefix);
        packet.extend([0; 6]);
        packet.extend(last.to_be_bytes());
    }
    packet.extend(body);
    packet
}

fn ports(source: u16, destination: u16, rest: &[u8]) -> Vec<u8> {
    [&source.to_be_bytes()[..], &destination.to_be_bytes(), rest].concat()
}

fn tcp(source: u16, destination: u16, flags: u8) -> Vec<u8> {
    ports(source, destination, &[0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0, 9, 0, 0, 0, 0, b'G', b'E', b'T', b' '])
}

/// A TCP packet in an Ethernet frame.
pub(crate) fn tcp4(source: [u8; 4], destination: [u8; 4], source_port: u16, port: u16) -> Vec<u8> {
    ethernet(0x0800, &ip4(source, destination, 6, 0, 0, &tcp(source_port, port, 2)))
}

const A: [u8; 4] = [10, 1, 2, 3];
const B: [u8; 4] = [192, 168, 1, 77];
const C: [u8; 4] = [8, 8, 8, 8];

/// IP packets of every kind that filters tell apart.
fn packets() -> Vec<Vec<u8>> {
    let udp = |from, to| ports(from, to, &[0, 12, 0, 0, 1, 2, 3, 4]);
    let mut all = Vec::new();
    for (from, to) in [(40_000, 80), (443, 50_123), (22, 22), (6_005, 53), (20, 25), (80, 80)] {
        for flags in [0x02, 0x12, 0x10, 0x18, 0x11, 0x04] {
            all.push(ip4(A, B, 6, 0, 0, &tcp(from, to, flags)));
        }
        all.push(ip4(B, C, 17, 0, 0, &udp(from, to)));
        all.push(ip4(C, A, 132, 0, 8, &ports(from, to, &[0; 12])));
        all.push(ip4(A, C, 6, 0, 40, &tcp(from, to, 0x02)));
        all.push(ip4(A, C, 17, 0x2000, 0, &udp(from, to)));
        all.push(ip4(A, C, 17, 0x00b9, 0, &udp(from, to)));
        all.push(ip6(1, 2, 6, &tcp(from, to, 0x12)));
        all.push(ip6(2, 3, 17, &udp(from, to)));
        all.push(ip6(2, 3, 44, &[&[6, 0, 0, 1, 0, 0, 0, 9][..], &tcp(from, to, 0x12)].concat()));
    }
    for protocol in [1, 2, 9, 47, 50, 51, 103, 112, 0, 4, 41, 255] {
        all.push(ip4(A, [224, 0, 0, 5], protocol, 0, 0, &[8, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
        all.push(ip4(B, [255; 4], protocol, 0, 4, &[3, 1, 1, 2, 3, 4, 5, 6, 7, 8]));
        all.push(ip6(1, 0xff, protocol, &[0; 12]));
    }
    for kind in [1, 2, 128, 129, 133, 134, 135, 136] {
        all.push(ip6(1, 0xff, 58, &[kind, 0, 1, 2, 3, 4, 5, 6]));
    }
    all.push(ip4(A, [10, 255, 255, 255], 17, 0, 0, &udp(137, 137)));
    all.push(ip4([10, 1, 2, 0], [0; 4], 17, 0, 0, &[udp(68, 67), vec![0; 1_400]].concat()));
    all.push(ip6(1, 1, 6, &tcp(1, 1, 0)));
    all
}

fn ethernet(kind: u16, body: &[u8]) -> Vec<u8> {
    let (to, from) = ([0x52, 0x54, 0, 0x12, 0x34, 0x56], [2, 0, 0, 0, 0, 1]);
    [&to[..], &from, &kind.to_be_bytes(), body].concat()
}

fn ethernet_frames() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for packet in packets() {
        let v6 = packet[0] >> 4 == 6;
        let kind = if v6 { 0x86dd } else { 0x0800 };
        let ppp: [u8; 2] = if v6 { [0, 0x57] } else { [0, 0x21] };
        let inner = [&u16::to_be_bytes(kind)[..], &packet].concat();
        all.push(ethernet(kind, &packet));
        all.push(ethernet(0x8100, &[&[0x20, 5][..], &inner].concat()));
        all.push(ethernet(0x88a8, &[&[0, 100, 0x81, 0, 0, 7][..], &inner].concat()));
        all.push(ethernet(0x8847, &[&[0, 0, 0x51, 64][..], &packet].concat()));
        all.push(ethernet(0x8847, &[&[0, 0, 0x50, 64, 0, 6, 0x41, 64][..], &packet].concat()));
        all.push(ethernet(0x8864, &[&[0x11, 0, 0, 7, 0, 40][..], &ppp, &packet].concat()));
    }
    all.push(ethernet(0x9100, &[0, 5, 8, 6, 0, 1]));
    all.push(ethernet(0x8863, &[0x11, 9, 0, 0, 0, 0]));
    all.push([&[0xff; 6][..], &[2, 0, 0, 0, 0, 1, 8, 6], &arp(1, A, B)].concat());
    all.push([&[0xff; 6][..], &[2, 0, 0, 0, 0, 1, 0x80, 0x35], &arp(3, B, C)].concat());
    all.push(ethernet(0x0806, &arp(2, C, A)));
    all.push([&[1, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 38, 0x42, 0x42, 3][..], &[0; 40]].concat());
    all.push(ethernet(0x6003, &[0; 46]));
    all.push(ethernet(0x88cc, &[2, 7, 4, 0, 1, 2, 3]));
    // Every way to be cut short.
    let whole: Vec<Vec<u8>> = all.iter().step_by(23).cloned().collect();
    for frame in whole {
        let cuts = (0..frame.len().min(80)).step_by(3);
        all.extend(cuts.map(|length| frame[..length].to_vec()));
    }
    all
}

fn arp(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let head = [0, 1, 8, 0, 6, 4, 0, operation];
    [&head[..], &[2, 0, 0, 0, 0, 1], &sender, &[0x52, 0x54, 0, 0x12, 0x34, 0x56], &target].concat()
}
