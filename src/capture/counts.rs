//! Busy flows counted in the kernel: the program of `assets/ebpf/counts.c` is the filter of the packet sockets, counts
//! the frames of flows that have a slot, and lets everything else through.
//!
//! Loading it needs `CAP_BPF` (or `CAP_SYS_ADMIN`) and Linux 5.5. Without it every frame comes through the ring.

use std::hash::BuildHasher;
use std::os::fd::AsFd;
use std::time::Duration;

use aya::maps::Map;
use aya::programs::SocketFilter;
use aya::{Ebpf, EbpfLoader};

use crate::error::innermost;
use crate::model::endpoint::{AddressWords, address_words};
use crate::model::{Busy, Counted, Protocol};
use crate::sys::slots::{COUNTS, NAME};
use crate::sys::{PacketSocket, Slots};

use super::wall::{self, Stopwatch};

/// The compiled program; a test compares it with what its source compiles to.
const PROGRAM: &[u8] = include_bytes!("../../assets/ebpf/counts.o");
/// Slots, as `BITS` of the program has it.
const BITS: u32 = 15;
const SLOTS: usize = 1 << BITS;
/// Flows counted at once at most: a slot that is wanted has two places, so that not all can be filled.
const MOST: usize = SLOTS / 2;
/// A flow that was silent for so long gives its slot back.
const SILENT_FOR: Duration = Duration::from_secs(3);
/// A slot that was given back is nobody's for so long: a packet that was being counted has been counted by then.
const REST: Duration = Duration::from_millis(500);
/// Nobody holds the slot.
const FREE: u16 = u16::MAX;

/// The program in the kernel, and the flows it counts.
pub(super) struct Counts {
    program: Ebpf,
    slots: Slots,
    seed: u64,
    held: Vec<Held>,
    /// For each slot the place of its holder in `held`.
    holders: Vec<u16>,
    clock: Stopwatch,
    /// The second in which they were read last.
    read_in: u64,
}

/// A slot that is given, or rests.
struct Held {
    slot: u32,
    flow: Busy,
    name: [u64; NAME],
    counts: [u64; COUNTS],
    /// When it was last seen to count.
    moved: Duration,
    /// When it was taken back.
    rests_since: Option<Duration>,
}

impl Counts {
    /// Loads the program, which lets `keep` bytes through of what it does not count. Says in a few words why it cannot.
    pub(super) fn load(keep: u32) -> Result<Self, String> {
        let seed = foldhash::fast::RandomState::default().hash_one(PROGRAM.len());
        // It reads packets only: no types of the kernel's are needed.
        let loaded = EbpfLoader::new()
            .btf(None)
            .override_global("keep", &keep, true)
            .override_global("seed", &seed, true)
            .load(PROGRAM);
        let mut program = loaded.map_err(|error| innermost(&error))?;
        filter(&mut program)?.load().map_err(|error| innermost(&error))?;
        let Some(Map::Array(array)) = program.map("slots") else { return Err("the program has no `slots`".to_owned()) };
        let slots = Slots::map(array.fd().as_fd(), SLOTS).map_err(|error| error.to_string())?;
        let (clock, read_in) = (Stopwatch::start(), wall::now().secs());
        Ok(Self { program, slots, seed, held: Vec::new(), holders: vec![FREE; SLOTS], clock, read_in })
    }

    /// Makes the program a socket's filter, in place of the one before.
    pub(super) fn attach(&mut self, socket: &PacketSocket) -> Result<(), String> {
        filter(&mut self.program)?.attach(socket).map_err(|error| innermost(&error))
    }

    /// Gives a slot to a flow on an interface, if there is one and it has none.
    pub(super) fn give(&mut self, flow: Busy, ifindex: u32) {
        let Some(name) = name_of(&flow, ifindex) else { return };
        let first = place(self.seed, &name);
        let places = [first, first ^ 1];
        let is_counted = places.iter().filter_map(|slot| self.holder(*slot)).any(|held| held.name == name);
        if is_counted || self.held.len() >= MOST {
            return;
        }
        let Some(slot) = places.into_iter().find(|slot| self.holder(*slot).is_none()) else { return };
        let (counts, moved) = (self.slots.counts(slot as usize), self.clock.elapsed());
        if let Some(holder) = self.holders.get_mut(slot as usize) {
            *holder = self.held.len() as u16;
            self.held.push(Held { slot, flow, name, counts, moved, rests_since: None });
            self.slots.give(slot as usize, &name);
        }
    }

    fn holder(&self, slot: u32) -> Option<&Held> {
        self.holders.get(slot as usize).and_then(|place| self.held.get(usize::from(*place)))
    }

    /// Whether there is anything to read.
    pub(super) const fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a second has ended since they were read: what was counted in it belongs to it.
    pub(super) fn is_due(&self) -> bool {
        wall::now().secs() != self.read_in
    }

    /// Adds to `found` what flows did since the last time, and takes slots back from those that fell silent.
    pub(super) fn read(&mut self, found: &mut Vec<Counted>) {
        let now = self.clock.elapsed();
        self.read_in = wall::now().secs();
        let mut at = 0;
        while let Some(held) = self.held.get_mut(at) {
            let new = self.slots.counts(held.slot as usize);
            if new != held.counts {
                held.moved = now;
                let [frames, bytes, payload] = std::array::from_fn(|word| new[word] - held.counts[word]);
                found.push(Counted { flow: held.flow, frames, bytes, payload });
                held.counts = new;
            }
            match held.rests_since {
                None if now.saturating_sub(held.moved) >= SILENT_FOR => {
                    self.slots.take_back(held.slot as usize);
                    held.rests_since = Some(now);
                }
                Some(since) if now.saturating_sub(since) >= REST => {
                    self.free(at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn free(&mut self, at: usize) {
        let gone = self.held.swap_remove(at);
        if let Some(holder) = self.holders.get_mut(gone.slot as usize) {
            *holder = FREE;
        }
        if let Some(holder) = self.held.get(at).and_then(|moved| self.holders.get_mut(moved.slot as usize)) {
            *holder = at as u16;
        }
    }

    /// Takes every slot back: the program is no socket's filter any more. What was counted is still to be read.
    pub(super) fn take_all_back(&mut self) {
        let now = self.clock.elapsed();
        for held in self.held.iter_mut().filter(|held| held.rests_since.is_none()) {
            self.slots.take_back(held.slot as usize);
            held.rests_since = Some(now);
        }
    }
}

/// Whether the kernel takes the program; why not, in a few words.
pub fn can_count() -> Result<(), String> {
    Counts::load(0).map(drop)
}

fn filter(program: &mut Ebpf) -> Result<&mut SocketFilter, String> {
    let filter = program.program_mut("count").ok_or("the program has no `count`")?;
    filter.try_into().map_err(|error: aya::programs::ProgramError| innermost(&error))
}

/// What a flow is called besides addresses and ports, as the program has it.
mod kind {
    pub(super) const LIVE: u32 = 1 << 31;
    pub(super) const IS_TCP: u32 = 1 << 30;
    pub(super) const IS_V6: u32 = 1 << 29;
    pub(super) const TYPE: u32 = 26;
    pub(super) const INTERFACES: u32 = 1 << 20;
}

/// The words by which the program knows a flow's direction, if it can.
fn name_of(flow: &Busy, ifindex: u32) -> Option<[u64; NAME]> {
    let (from, to) = (flow.key.first(), flow.key.second());
    let is = |holds: bool, bit: u32| if holds { bit } else { 0 };
    let kind = kind::LIVE
        | is(flow.key.protocol() == Protocol::TCP, kind::IS_TCP)
        | is(flow.key.is_v6(), kind::IS_V6)
        | u32::from(flow.heading.packet_type()?) << kind::TYPE
        | ifindex;
    if ifindex >= kind::INTERFACES {
        return None;
    }
    let ports = u32::from(from.port.to_be()) | u32::from(to.port.to_be()) << 16;
    let as_sent = |ip| in_packet(address_words(ip), flow.key.is_v6());
    let ([s0, s1], [d0, d1]) = (as_sent(from.ip), as_sent(to.ip));
    Some([u64::from(kind) << 32 | u64::from(ports), s0, s1, d0, d1])
}

/// An address as two words that were read from a packet.
const fn in_packet(words: AddressWords, v6: bool) -> [u64; 2] {
    if v6 { [words[0].to_be(), words[1].to_be()] } else { [(words[1] as u32).to_be() as u64, 0] }
}

/// Where the program looks first. It mixes the second words of addresses only where there are any.
fn place(seed: u64, name: &[u64; NAME]) -> u32 {
    let mix = |hash: u64, word: &u64| {
        let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ hash >> 32
    };
    let [head, s0, s1, d0, d1] = name;
    let hash = [head, s0, d0].into_iter().fold(seed, mix);
    let is_v6 = head >> 32 & u64::from(kind::IS_V6) != 0;
    let hash = if is_v6 { [s1, d1].into_iter().fold(hash, mix) } else { hash };
    (mix(hash, &0) >> (64 - BITS)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, FlowKey, Heading, InterfaceId};

    fn flow(from: &str, to: &str) -> Busy {
        let end = |text: &str| {
            let at: std::net::SocketAddr = text.parse().unwrap();
            Endpoint::new(at.ip(), at.port())
        };
        let key = FlowKey::new(Protocol::UDP, end(from), end(to));
        Busy { interface: InterfaceId(0), heading: Heading::Outgoing, key }
    }

    #[test]
    fn names_are_as_the_packet_has_them() {
        let [head, s0, s1, d0, d1] = name_of(&flow("10.1.2.3:4660", "192.0.2.1:443"), 7).unwrap();
        assert_eq!(head.to_le_bytes(), [0x12, 0x34, 0x01, 0xbb, 7, 0, 0, 0x90]);
        assert_eq!((s0.to_le_bytes(), s1), ([10, 1, 2, 3, 0, 0, 0, 0], 0));
        assert_eq!((d0.to_le_bytes(), d1), ([192, 0, 2, 1, 0, 0, 0, 0], 0));
        let [head, s0, s1, ..] = name_of(&flow("[2001:db8::5]:4660", "[2001:db8::1]:443"), 7).unwrap();
        assert_eq!(head.to_le_bytes()[7], 0xb0);
        assert_eq!(s0.to_le_bytes(), [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0]);
        assert_eq!(s1.to_le_bytes(), [0, 0, 0, 0, 0, 0, 0, 5]);
    }

    #[test]
    fn what_the_program_cannot_name_is_not_counted() {
        let known = flow("10.1.2.3:4660", "192.0.2.1:443");
        assert!(name_of(&known, kind::INTERFACES).is_none());
        assert!(name_of(&Busy { heading: Heading::Unknown, ..known }, 7).is_none());
    }

    #[test]
    fn flows_that_differ_little_share_no_places() {
        for number in [0_u64, 1, 0x1234_5678_9abc_def0] {
            let mut pairs = vec![0; SLOTS / 2];
            let mut without = 0;
            for one in 0..10_000_u32 {
                let to = format!("198.18.{}.{}:9", one >> 8, one & 255);
                let pair = &mut pairs[place(number, &name_of(&flow("10.77.0.1:40000", &to), 7).unwrap()) as usize / 2];
                *pair += 1;
                without += u32::from(*pair > 2);
            }
            // By chance alone 440 of them find both places taken.
            assert!(without < 600, "{without}");
        }
    }
}
