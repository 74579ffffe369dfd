//! The load generator: UDP frames of N flows, at a rate or as fast as it goes, for a count or a time.

use std::time::{Duration, Instant};

use super::gauge;
use super::ring::Ring;

/// Frames between two calls of the kernel, and the most of them in one burst at a fixed rate.
const BURST: u64 = 128;

/// What to send.
pub(crate) struct Load {
    interface: String,
    flows: u64,
    /// Link-layer bytes of each frame.
    size: usize,
    /// Frames per second; none is flat out.
    rate: Option<u64>,
    count: u64,
    time: Duration,
}

impl Load {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let [interface, options @ ..] = words else { return Err("send needs an interface".to_owned()) };
        let mut load = Self {
            interface: (*interface).to_owned(),
            flows: 10_000,
            size: 60,
            rate: None,
            count: u64::MAX,
            time: Duration::from_mins(1),
        };
        for option in options.chunks(2) {
            let [name, value] = option else { return Err(format!("{} needs a value", option.join(" "))) };
            let number = value.parse::<f64>().ok().filter(|number| *number >= 0.0);
            let number = number.ok_or_else(|| format!("{name} needs a number, not {value}"))?;
            match *name {
                "--flows" => load.flows = (number as u64).max(1),
                "--size" => load.size = (number as usize).clamp(HEADERS.len(), Ring::LONGEST),
                "--rate" => load.rate = Some((number as u64).max(1)),
                "--count" => load.count = number as u64,
                "--seconds" => load.time = Duration::from_secs_f64(number),
                other => return Err(format!("no such option: {other}")),
            }
        }
        Ok(load)
    }
}

/// Ethernet, IPv4 and UDP, from 10.77.0.1 to 198.18.0.0 and later (RFC 2544), ports 20000 to 5001 and later.
const HEADERS: [u8; 42] = [
    0x02, 0, 0, 0, 0x77, 2, 0x02, 0, 0, 0, 0x77, 1, 8, 0, // Ethernet
    0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 77, 0, 1, 198, 18, 0, 0, // IPv4
    0x4e, 0x20, 0x13, 0x89, 0, 0, 0, 0, // UDP
];

/// Addresses that the flows go to; more flows than that get more source ports.
const ADDRESSES: u64 = 1 << 17;

pub(crate) fn send(load: &Load) -> Result<(), String> {
    let said = |why: std::io::Error| format!("cannot send on {}: {why}", load.interface);
    let mut ring = Ring::open(&load.interface).map_err(said)?;
    // A step that has no divisor in common with the number of flows meets every flow once in each turn.
    let golden = load.flows * 618 / 1000;
    let step = (golden..=golden + load.flows).find(|step| gcd(*step, load.flows) == 1).unwrap_or(1);
    let start = Instant::now();
    let (mut sent, mut flow) = (0_u64, 0_u64);
    while sent < load.count && start.elapsed() < load.time {
        let due = match load.rate {
            None => sent + BURST,
            Some(rate) => (start.elapsed().as_secs_f64() * rate as f64) as u64,
        };
        let due = due.min(sent + BURST).min(load.count);
        if due == sent {
            std::thread::sleep(Duration::from_micros(50));
            continue;
        }
        let mut placed = sent;
        while placed < due && ring.put(load.size, |frame| fill(frame, flow)) {
            flow = (flow + step) % load.flows;
            placed += 1;
        }
        ring.flush().map_err(said)?;
        sent = placed;
    }
    let nanos = start.elapsed().as_nanos();
    let bytes = sent * load.size as u64;
    let processor = gauge::own_processor()?;
    println!(r#"{{"sent":{sent},"bytes":{bytes},"nanos":{nanos},"cpu_nanos":{processor}}}"#);
    Ok(())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Writes the frame of one flow.
fn fill(frame: &mut [u8], flow: u64) {
    let total = (frame.len() - 14) as u16;
    let payload = total - 20;
    let destination = 0xc612_0000 + (flow % ADDRESSES) as u32;
    let port = 20_000 + (flow / ADDRESSES) as u16;
    frame[..42].copy_from_slice(&HEADERS);
    frame[42..].fill(0);
    frame[16..18].copy_from_slice(&total.to_be_bytes());
    frame[30..34].copy_from_slice(&destination.to_be_bytes());
    frame[34..36].copy_from_slice(&port.to_be_bytes());
    frame[38..40].copy_from_slice(&payload.to_be_bytes());
    let sum: u32 = frame[14..34].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
    frame[24..26].copy_from_slice(&checksum.to_be_bytes());
}
