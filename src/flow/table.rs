//! The table itself: places for flows, who may stay, and where the bytes of those who left went.

use std::time::Duration;

use ipnet::IpNet;

use crate::model::event::BATCH;
use crate::model::{Busy, Counting, FlowKey, InterfaceInfo, Skip, Tally, Timestamp};
use crate::protocol::Budget;
use crate::protocol::ftp_data::Expected;
use crate::protocol::names::NameMap;

use super::amount::{Grand, Sums};
use super::facing::Vantage;
use super::fragments::Fragments;
use super::hash::FlowHasher;
use super::history::{Histories, Totals};
use super::index::{Index, Room, SlotAt};
use super::interval::Query;
use super::record::{Cold, PayloadUse, Record};

/// How large a table may grow and what it looks at.
#[derive(Clone, Debug)]
pub struct FlowConfig {
    /// The most flows kept at once.
    pub limit: usize,
    /// The most flows with a history, and so with sliding averages.
    pub histories: usize,
    /// The most rows in a snapshot.
    pub rows: usize,
    /// The most flows that an interval tells of.
    pub samples: usize,
    /// A flow without packets for so long is let go; `None` keeps all that fit.
    pub idle: Option<Duration>,
    /// What counts as ours; empty for the addresses of the interfaces.
    pub local: Vec<IpNet>,
    /// Only traffic across these borders counts; empty for all.
    pub boundary: Vec<IpNet>,
    /// Look into payloads to tell applications and names.
    pub recognise: bool,
    /// Which bytes are shown.
    pub counting: Counting,
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            limit: 131_072,
            histories: 16_384,
            rows: 4_096,
            samples: 8_192,
            idle: Some(Duration::from_hours(1)),
            local: Vec::new(),
            boundary: Vec::new(),
            recognise: true,
            counting: Counting::Wire,
        }
    }
}

/// Flows that a table grows for as vectors do.
const FIRST_STEPS: usize = 4_096;

/// A byte that came one half-life ago weighs half as much.
const HALF_LIFE_TICKS: u32 = 60;

/// Every flow that is remembered. One thread owns it; nothing here locks.
pub struct FlowTable {
    pub(super) config: FlowConfig,
    pub(super) hasher: FlowHasher,
    pub(super) index: Index,
    pub(super) records: Vec<Record>,
    pub(super) cold: Vec<Cold>,
    pub(super) free: Vec<u32>,
    pub(super) vantage: Vantage,
    pub(super) fragments: Fragments,
    pub(super) histories: Histories,
    pub(super) names: NameMap,
    pub(super) totals: Totals,
    pub(super) tally: Tally,
    /// The whole second that is being filled; 0 before the first packet.
    pub(super) tick: u32,
    /// The tick at which a byte weighed 1.
    pub(super) epoch: u32,
    pub(super) boost: f32,
    /// Places of flows that had packets in this tick, in that order.
    pub(super) dirty: Vec<u32>,
    /// Places whose owner was heard of since the last close.
    pub(super) heard: Vec<u32>,
    /// Places shown in the last snapshot; with the dirty ones, the candidates for the next.
    pub(super) shown: Vec<u32>,
    pub(super) sums: Sums,
    /// Questions to name servers of the present second, and those that found no room.
    pub(super) queries: Vec<Query>,
    pub(super) queries_left_out: u64,
    pub(super) grand: Grand,
    /// Of `grand`: flows that another interface carries.
    pub(super) carried: Grand,
    /// What was shown of the second closed last. Index 0 is out, 1 is in.
    pub(super) last_second: [u64; 2],
    /// Recognitions under way; bounded, so that a flood of openings costs no more than this.
    pub(super) recognising: usize,
    pub(super) budget: Budget,
    /// Data connections that FTP has announced.
    pub(super) expected: Expected,
    /// Facts that many flows share.
    pub(super) common_facts: Vec<std::sync::Arc<crate::model::Facts>>,
    pub(super) expiry_cursor: usize,
    /// Flows that a source may count by itself from now on; only where there is one that can.
    pub(super) busy: Vec<Busy>,
    pub(super) offers: bool,
}

impl FlowTable {
    pub fn new(config: FlowConfig) -> Self {
        let config = FlowConfig { limit: config.limit.clamp(64, 1 << 28), ..config };
        Self {
            hasher: FlowHasher::random(),
            index: Index::new(config.limit),
            records: Vec::new(),
            cold: Vec::new(),
            free: Vec::new(),
            vantage: Vantage::new(config.local.clone(), config.boundary.clone()),
            fragments: Fragments::default(),
            histories: Histories::new(config.histories),
            names: NameMap::default(),
            totals: Totals::new(),
            tally: Tally::default(),
            tick: 0,
            epoch: 0,
            boost: 1.0,
            dirty: Vec::with_capacity(BATCH),
            heard: Vec::new(),
            shown: Vec::new(),
            sums: Sums::default(),
            queries: Vec::new(),
            queries_left_out: 0,
            grand: Grand::default(),
            carried: Grand::default(),
            last_second: [0; 2],
            recognising: 0,
            budget: Budget::default(),
            expected: Expected::default(),
            common_facts: Vec::new(),
            expiry_cursor: 0,
            busy: Vec::new(),
            offers: false,
            config,
        }
    }

    /// Takes in the present state of an interface; flows already open keep the way they face.
    pub fn interface(&mut self, info: &InterfaceInfo) {
        self.vantage.learn(info);
    }

    pub fn interfaces(&self) -> &[InterfaceInfo] {
        self.vantage.interfaces()
    }

    /// Counts a frame that gave no packet.
    pub fn skip(&mut self, cause: Skip, frame_len: u32) {
        self.skip_many(cause, 1, frame_len.into());
    }

    pub(super) const fn skip_many(&mut self, cause: Skip, frames: u64, bytes: u64) {
        self.tally.seen.add_many(frames, bytes);
        self.tally.skipped[cause as usize].add_many(frames, bytes);
    }

    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn is_full(&self) -> bool {
        self.records.len() == self.config.limit && self.free.is_empty()
    }

    pub fn kept(&self) -> u64 {
        (self.records.len() - self.free.len()) as u64
    }

    /// Bytes out and in of the second closed last, as they are counted.
    pub const fn last_second(&self) -> (u64, u64) {
        (self.last_second[0], self.last_second[1])
    }

    pub const fn limit(&self) -> u64 {
        self.config.limit as u64
    }

    /// Moves on to the second that holds `at`.
    pub fn advance(&mut self, at: Timestamp) {
        let tick = at.secs() as u32;
        if self.tick == 0 {
            self.epoch = tick;
        }
        self.tick = tick;
        let halvings = tick.saturating_sub(self.epoch) as f32 / HALF_LIFE_TICKS as f32;
        if halvings > 64.0 {
            self.rescale();
        } else {
            self.boost = halvings.exp2();
        }
    }

    /// Brings every weight back to where a byte of now weighs 1, long before numbers run out.
    fn rescale(&mut self) {
        let halvings = self.tick.saturating_sub(self.epoch) as f32 / HALF_LIFE_TICKS as f32;
        let scale = (-halvings).exp2();
        for record in &mut self.records {
            record.weight *= scale;
        }
        self.epoch = self.tick;
        self.boost = 1.0;
        let records = &self.records;
        self.index.revalue_all(|place| records[place as usize].value());
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, key: &FlowKey) -> Option<(SlotAt, u32)> {
        let records = &self.records;
        self.index.find(hash, |place| records.get(place as usize).is_some_and(|record| record.key == *key))
    }

    /// A place for a new flow; whoever is worth least nearby leaves if there is none.
    pub(super) fn admit(&mut self, hash: u64) -> (SlotAt, u32) {
        let (slot, taken) = match self.index.room(hash) {
            Room::Taken(slot, place) => (slot, Some(place)),
            Room::Free(slot) => (slot, None),
        };
        if let Some(place) = taken {
            self.evict(place);
            return (slot, place);
        }
        if let Some(place) = self.free.pop() {
            return (slot, place);
        }
        if self.records.len() < self.config.limit {
            self.grow();
            self.records.push(Record::EMPTY);
            self.cold.push(Cold::default());
            return (slot, self.records.len() as u32 - 1);
        }
        match self.index.victim(hash) {
            Some((victim, place)) => {
                self.evict(place);
                self.index.clear(victim);
                (slot, place)
            }
            // Every record is in the index, so a full table has a victim.
            None => (slot, 0),
        }
    }

    /// Room for all flows at once when the table outgrows its first steps: the system gives memory only where it
    /// is touched, and nothing is copied from table to table while packets wait.
    fn grow(&mut self) {
        if self.records.len() == self.records.capacity() && self.records.len() >= FIRST_STEPS {
            // Where that is refused, the vectors grow in steps as long as they can.
            let _ = self.records.try_reserve_exact(self.config.limit - self.records.len());
            let _ = self.cold.try_reserve_exact(self.config.limit - self.cold.len());
        }
    }

    /// Counts a flow out under pressure: it would have stayed had there been room.
    fn evict(&mut self, place: u32) {
        let bytes = self.leave(place);
        self.sums.evicted_flows += 1;
        self.sums.evicted_bytes += bytes;
        self.tally.flows_evicted += 1;
    }

    /// Takes a flow off; what it counted stays in the totals. Returns its wire bytes.
    pub(super) fn leave(&mut self, place: u32) -> u64 {
        let record = self.records[place as usize];
        let cold = std::mem::take(&mut self.cold[place as usize]);
        if let Some(slot) = cold.history() {
            self.histories.give_back(slot);
        }
        if cold.detail.as_ref().is_some_and(|detail| detail.recognition.is_some()) {
            self.recognising -= 1;
        }
        self.grand.gone += 1;
        self.tally.evicted.frames += record.packets[0] + record.packets[1];
        self.tally.evicted.bytes += record.bytes[0] + record.bytes[1];
        record.bytes[0] + record.bytes[1] + cold.segment_headers().iter().sum::<u64>()
    }

    /// Lets go of flows without packets for longer than the idle time; looks at a share of the table each time.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let Some(idle) = self.config.idle else { return };
        let share = (self.records.len() / 64).max(1_024).min(self.records.len());
        for _ in 0..share {
            self.expiry_cursor = (self.expiry_cursor + 1) % self.records.len();
            let place = self.expiry_cursor as u32;
            let record = &self.records[place as usize];
            let is_over = record.is_used() && now.since(record.last) > idle;
            if !is_over || record.is_judged {
                continue;
            }
            let key = record.key;
            if let Some((slot, found)) = self.find(self.hasher.hash(&key), &key)
                && found == place
            {
                self.index.clear(slot);
            }
            self.leave(place);
            let is_shown = self.records[place as usize].is_shown;
            self.records[place as usize] = Record { is_shown, ..Record::EMPTY };
            self.free.push(place);
        }
    }

    /// Keeps a flow on the table for as long as it has a finding.
    pub fn set_judged(&mut self, key: &FlowKey, is_judged: bool) {
        let Some((slot, place)) = self.find(self.hasher.hash(key), key) else { return };
        let record = &mut self.records[place as usize];
        record.is_judged = is_judged;
        self.index.revalue(slot, record.value());
    }

    pub(super) fn payload_use(&self) -> PayloadUse {
        if self.config.recognise { PayloadUse::Undecided } else { PayloadUse::Settled }
    }
}
