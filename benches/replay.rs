//! Replay without a screen: nanoseconds and allocations per packet of the engine, and of a capture file read through it.
//!
//! `cargo bench --bench replay [-- --packets N --rounds N --file FILE]` prints one Markdown table.

#![allow(
    unsafe_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring tool: it prints, reads the processor clock, counts allocations and stops at the first failure"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use egret::capture::file::{self, FileOptions};
use egret::capture::{Capture, More};
use egret::engine::{Engine, Outside, Parts};
use egret::flow::FlowConfig;
use egret::model::event::BATCH;
use egret::model::{Event, Frame, Heading, InterfaceId, InterfaceInfo, LinkType, Timestamp};

/// The system's allocator, and how often it was asked.
struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, that is, from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Processor time of this process so far: what other work on the machine does not lengthen.
fn processor() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec`.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now) };
    assert_eq!(result, 0, "no processor clock");
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// Bytes of each frame, and packets in a second of data time.
const SIZE: usize = 60;
const RATE: u64 = 1_000_000;

struct Options {
    packets: u64,
    rounds: usize,
    /// Measure this capture file too.
    file: Option<PathBuf>,
}

fn options() -> Options {
    let mut options = Options { packets: 10_000_000, rounds: 5, file: None };
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    for pair in words.chunks(2) {
        match pair {
            [name, value] if name == "--packets" => options.packets = value.parse().unwrap(),
            [name, value] if name == "--rounds" => options.rounds = value.parse().unwrap(),
            [name, value] if name == "--file" => options.file = Some(value.into()),
            other => println!("not an option: {other:?}"),
        }
    }
    options
}

fn engine(limit: usize, recognise: bool) -> Engine {
    let flow = FlowConfig { limit, recognise, local: vec!["10.77.0.1/32".parse().unwrap()], ..FlowConfig::default() };
    let mut engine = Engine::new(Parts { flow, ..Parts::default() });
    let address = "10.77.0.1".parse().unwrap();
    let info = InterfaceInfo { is_up: true, addresses: vec![address], ..InterfaceInfo::default() };
    engine.take(Event::Interface(Timestamp::from_secs(1), info));
    engine
}

/// An Ethernet frame of one of the flows: a TCP acknowledgement without payload, padded.
fn frame(flow: u64) -> [u8; SIZE] {
    const HEADERS: [u8; 54] = [
        0x02, 0, 0, 0, 0x77, 2, 0x02, 0, 0, 0, 0x77, 1, 8, 0, // Ethernet
        0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 77, 0, 1, 198, 18, 0, 0, // IPv4
        0x4e, 0x20, 0x13, 0x89, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0, // TCP
    ];
    let mut frame = [0; SIZE];
    frame[..54].copy_from_slice(&HEADERS);
    frame[30..34].copy_from_slice(&(0xc612_0000 + (flow % (1 << 17)) as u32).to_be_bytes());
    frame[34..36].copy_from_slice(&(20_000 + (flow >> 17) as u16).to_be_bytes());
    frame
}

/// Flows in an order that has no order, every one as often as the others.
fn flow_of(packet: u64, flows: u64) -> u64 {
    // 2^64 / golden ratio, odd: a permutation of the numbers below a power of two.
    let spread = packet.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(spread) * u128::from(flows)) >> 64) as u64
}

fn stamp(packet: u64) -> Timestamp {
    Timestamp::from_nanos(1_000_000_000_000 + packet * (1_000_000_000 / RATE))
}

/// What one run cost.
#[derive(Clone, Copy)]
struct Cost {
    packets: u64,
    /// Processor time.
    elapsed: Duration,
    allocations: u64,
    /// The longest time the engine's thread stood still for a snapshot.
    pause: Duration,
}

impl Cost {
    fn nanos(&self) -> f64 {
        self.elapsed.as_nanos() as f64 / self.packets as f64
    }
}

/// Frames from memory through the engine, a snapshot for every second of data.
fn from_memory(packets: u64, flows: u64, limit: usize, recognise: bool) -> Cost {
    // In the order of the packets, as a ring or a file gives them; the flow is what jumps about.
    let frames: Vec<[u8; SIZE]> = (0..1 << 20).map(|packet| frame(flow_of(packet, flows))).collect();
    let mut engine = engine(limit, recognise);
    let play = |engine: &mut Engine, from: u64, to: u64| {
        let mut pause = Duration::ZERO;
        for first in (from..to).step_by(BATCH) {
            let batch: [Frame<'_>; BATCH] = std::array::from_fn(|place| {
                let packet = first + place as u64;
                let data = &frames[packet as usize % frames.len()];
                Frame {
                    at: stamp(packet),
                    interface: InterfaceId(0),
                    link: LinkType::Ethernet,
                    heading: Heading::Outgoing,
                    wire_len: SIZE as u32,
                    data,
                    vlan: None,
                    gso: None,
                }
            });
            engine.take(Event::Frames(&batch));
            if engine.has_news() {
                let start = processor();
                drop(engine.snapshot(Outside::default()));
                pause = pause.max(processor().saturating_sub(start));
            }
        }
        pause
    };
    // The first packets of a flow make it; they are not what is measured.
    let warm = frames.len() as u64;
    play(&mut engine, 0, warm);
    let asked = ASKED.load(Ordering::Relaxed);
    let start = processor();
    let pause = play(&mut engine, warm, warm + packets);
    Cost {
        packets,
        elapsed: processor().saturating_sub(start),
        allocations: ASKED.load(Ordering::Relaxed) - asked,
        pause,
    }
}

/// A capture file through the engine, opening it included.
fn from_file(path: &Path, recognise: bool) -> Cost {
    let asked = ASKED.load(Ordering::Relaxed);
    let start = processor();
    let local = Some(vec!["10.77.0.1".parse().unwrap()]);
    let mut capture = file::open(path, FileOptions { local, speed: None }).unwrap();
    let mut engine = engine(131_072, recognise);
    let mut pause = Duration::ZERO;
    while capture.read(Duration::ZERO, &mut |event| engine.take(event)).unwrap() == More::Coming {
        if engine.has_news() {
            let start = processor();
            drop(engine.snapshot(Outside::default()));
            pause = pause.max(processor().saturating_sub(start));
        }
    }
    engine.finish();
    let packets = engine.tally().seen.frames;
    Cost {
        packets,
        elapsed: processor().saturating_sub(start),
        allocations: ASKED.load(Ordering::Relaxed) - asked,
        pause,
    }
}

/// A pcap file of packets of many flows.
fn write_pcap(path: &Path, packets: u64, flows: u64) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let header: [u32; 6] = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, 1];
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    out.write_all(&bytes(&header)).unwrap();
    for packet in 0..packets {
        let at = stamp(packet).nanos();
        let words = [(at / 1_000_000_000) as u32, (at % 1_000_000_000) as u32, SIZE as u32, SIZE as u32];
        out.write_all(&bytes(&words)).unwrap();
        out.write_all(&frame(flow_of(packet, flows))).unwrap();
    }
    out.flush().unwrap();
}

fn line(what: &str, costs: &mut [Cost]) {
    costs.sort_by(|a, b| a.nanos().total_cmp(&b.nanos()));
    let (least, middle, most) = (costs[0].nanos(), costs[costs.len() / 2], costs[costs.len() - 1].nanos());
    let per_thousand = middle.allocations as f64 * 1000.0 / middle.packets as f64;
    let pause = costs.iter().map(|cost| cost.pause).max().unwrap_or_default();
    println!(
        "| {what} | {} | {:.1} [{least:.1}–{most:.1}] | {:.2} | {per_thousand:.3} | {:.2} |",
        middle.packets,
        middle.nanos(),
        1000.0 / middle.nanos(),
        pause.as_secs_f64() * 1000.0,
    );
}

fn main() {
    let options = options();
    println!(
        "| what | packets | processor ns a packet, median [least–most] | Mpps on one core | allocations in 1000 packets | longest pause ms |"
    );
    println!("|---|---|---|---|---|---|");
    for (what, flows, limit, recognise) in [
        ("memory, 10 k flows, recognition off", 10_000, 131_072, false),
        ("memory, 10 k flows, recognition on", 10_000, 131_072, true),
        ("memory, 1 M flows, room for all, recognition off", 1_000_000, 1 << 21, false),
        ("memory, 1 M flows, room for 131 072, recognition off", 1_000_000, 131_072, false),
    ] {
        let packets = options.packets.next_multiple_of(BATCH as u64);
        let mut costs: Vec<Cost> = (0..options.rounds).map(|_| from_memory(packets, flows, limit, recognise)).collect();
        line(what, &mut costs);
    }
    let folder = std::env::temp_dir().join(format!("egret-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("made.pcap");
    let packets = options.packets.min(2_000_000);
    write_pcap(&path, packets, 10_000);
    let mut costs: Vec<Cost> = (0..options.rounds).map(|_| from_file(&path, true)).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    line("pcap file, 10 k flows", &mut costs);
    if let Some(path) = options.file {
        // Pair by pair, so that whatever else the machine does slows both.
        let (mut on, mut off): (Vec<Cost>, Vec<Cost>) =
            (0..options.rounds).map(|_| (from_file(&path, true), from_file(&path, false))).unzip();
        line(&format!("{}, recognition on", path.display()), &mut on);
        line(&format!("{}, recognition off", path.display()), &mut off);
    }
}
