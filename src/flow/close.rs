//! The end of an interval: what every flow did in it.

use std::time::Duration;

use crate::model::{
    Application, Confidence, Direction, FlowKey, Label, Name, NameSource, Opener, Owner, Subject, Timestamp,
};

use super::interval::{Interval, Pressure, Sample};
use super::record::{Cold, Record, Told, bit};
use super::table::FlowTable;

/// A flow that was silent for more than so many seconds may be another program's when it goes on: ports are used again.
const SLEEPS: u32 = 2;
/// Flows whose owners became known within one interval.
const HEARD: usize = 4_096;

/// A flow without a name is looked up again for this long; an answer may come after the first packet.
const NAMELESS_FOR: Duration = Duration::from_secs(10);

impl FlowTable {
    /// Closes the present second. `at` is its end; flows and totals take stock of what it brought.
    pub fn close(&mut self, at: Timestamp) -> Interval {
        let tick = self.tick;
        let sums = std::mem::take(&mut self.sums);
        self.totals.add(tick, sums.counted);
        self.last_second = sums.counted;
        let mut dirty = std::mem::take(&mut self.dirty);
        let left_out = self.choose_samples(&mut dirty);
        let mut interval = Interval {
            at,
            span: Duration::from_secs(1),
            samples: Vec::with_capacity(dirty.len()),
            left_out,
            owned: Vec::new(),
            queries: std::mem::take(&mut self.queries),
            queries_left_out: std::mem::take(&mut self.queries_left_out),
            bytes_out: sums.wire[0],
            bytes_in: sums.wire[1],
            pressure: Pressure {
                kept: self.kept(),
                limit: self.limit(),
                evicted_flows: sums.evicted_flows,
                evicted_bytes: sums.evicted_bytes,
            },
            unseen: super::Unseen::default(),
        };
        for &place in &dirty {
            self.settle_if_over(place, false);
            self.find_name(place, at);
            interval.samples.push(self.close_flow(place, tick));
            if let Some(told) = &mut self.cold[place as usize].told {
                told.tick = tick;
            }
        }
        for place in std::mem::take(&mut self.heard) {
            let record = &self.records[place as usize];
            // Those with packets are told of anyway, and the place may have another flow by now.
            if record.packets != [0; 2] && record.tick != tick && self.cold[place as usize].owner().is_some() {
                let sample = self.close_flow(place, tick);
                interval.owned.push(sample);
            }
        }
        self.choose_shown(&dirty);
        self.release_histories();
        self.dirty = dirty;
        self.dirty.clear();
        if !self.records.is_empty() {
            self.expire(at);
        }
        interval
    }

    /// Cuts the flows that moved down to those an interval has room for: judged ones first, then the heaviest.
    /// What the others did is told when they are chosen in a later interval; their bytes are counted anyway.
    fn choose_samples(&self, dirty: &mut Vec<u32>) -> u64 {
        let room = self.config.samples.max(1);
        if dirty.len() <= room {
            return 0;
        }
        let left_out = dirty.len() - room;
        let records = &self.records;
        dirty.select_nth_unstable_by_key(room, |place| std::cmp::Reverse(records[*place as usize].value()));
        dirty.truncate(room);
        dirty.sort_unstable();
        left_out as u64
    }

    fn close_flow(&mut self, place: u32, tick: u32) -> Sample {
        let record = self.records[place as usize];
        let cold = &mut self.cold[place as usize];
        let (out, into) = record.out_in();
        let headers = cold.segment_headers();
        let told = cold.told.get_or_insert_default();
        let before = (**told).clone();
        let wire = [record.bytes[0] + headers[0], record.bytes[1] + headers[1]];
        let moved = [wire[0] - before.wire[0], wire[1] - before.wire[1]];
        let payload = [record.payload[0] - before.payload[0], record.payload[1] - before.payload[1]];
        let ip = [record.ip_bytes[0] - before.ip_bytes[0], record.ip_bytes[1] - before.ip_bytes[1]];
        let counted = self.config.counting.of(moved, ip, payload);
        let packets = [record.packets[0] - before.packets[0], record.packets[1] - before.packets[1]];
        **told = Told {
            wire,
            ip_bytes: record.ip_bytes,
            payload: record.payload,
            packets: record.packets,
            peak: [before.peak[0].max(counted[0]), before.peak[1].max(counted[1])],
            opened: cold.opened,
            was_sampled: true,
            tick: before.tick,
            history: before.history,
        };
        if cold.owner().is_some() && !record.home.is_carried() {
            self.grand.owned_out += moved[out];
        }
        let sample = Sample {
            key: record.key,
            subject: subject(&record, cold),
            direction: direction(&record),
            opener: opener(&record),
            state: record.state,
            is_new: !before.was_sampled,
            woke: before.packets != [0; 2] && tick.saturating_sub(before.tick) > SLEEPS,
            opened: cold.opened - before.opened,
            answered: record.is(bit::ANSWERED),
            bytes_out: moved[out],
            bytes_in: moved[into],
            payload_out: payload[out],
            payload_in: payload[into],
            packets_out: packets[out],
            packets_in: packets[into],
            total_out: wire[out],
            total_in: wire[into],
            total_payload_out: record.payload[out],
            total_payload_in: record.payload[into],
            first: cold.first,
            last: record.last,
            facts: cold.facts().cloned(),
            owner: cold.owner().cloned(),
        };
        self.remember(place, tick, counted);
        sample
    }

    /// Writes the second into the flow's history; one is given to it if it has none.
    fn remember(&mut self, place: u32, tick: u32, moved: [u64; 2]) {
        if self.cold[place as usize].history().is_none() {
            // A packet that nothing follows is most of a flood: it leaves room for those that go on.
            let is_lone = self.records[place as usize].packets.iter().sum::<u64>() == 1;
            if is_lone && self.histories.is_quarter_given() {
                return;
            }
            let records = &self.records;
            let given = self.histories.take(place, tick, |holder| records[holder as usize].weight);
            let Some((slot, loser)) = given else { return };
            if let Some(loser) = loser {
                self.cold[loser as usize].lose_history();
            }
            if let Some(told) = &mut self.cold[place as usize].told {
                told.history = Some(slot);
            }
        }
        if let Some(slot) = self.cold[place as usize].history() {
            self.histories.add(slot, tick, moved);
        }
    }

    /// Takes histories back from flows that have been silent for longer than the longest average.
    fn release_histories(&mut self) {
        let cold = &mut self.cold;
        self.histories.sweep(self.tick, |holder| cold[holder as usize].lose_history());
    }

    /// A flow whose payload named nobody gets the name that DNS gave its address.
    fn find_name(&mut self, place: u32, at: Timestamp) {
        let cold = &self.cold[place as usize];
        if cold.name().is_some() || at.since(cold.first) > NAMELESS_FOR {
            return;
        }
        let record = &self.records[place as usize];
        let (ours, remote) = (record.key.end(record.ours()).ip, record.key.end(record.ours().other()).ip);
        if let Some(name) = self.names.lookup(self.vantage.asker(ours), remote, at) {
            self.cold[place as usize].detail_mut().name = Some(name);
        }
    }

    /// Takes in a name for an address, for flows that have none better.
    pub fn hear_name(&mut self, ip: std::net::IpAddr, name: &Name) {
        for place in 0..self.records.len() {
            let record = &self.records[place];
            if !record.is_used() || record.key.end(record.ours().other()).ip != ip {
                continue;
            }
            let cold = &mut self.cold[place];
            if cold.name().is_none_or(|old| old.source > name.source) {
                cold.detail_mut().name = Some(name.clone());
            }
        }
    }

    /// Takes in the owner of a flow. `None`: somebody asked again, and nobody knows who goes on with it.
    pub fn hear_owner(&mut self, key: &FlowKey, owner: Option<std::sync::Arc<Owner>>) {
        let key = key.canonical().0;
        let Some((_, place)) = self.find(self.hasher.hash(&key), &key) else { return };
        let record = &self.records[place as usize];
        let (out, _) = record.out_in();
        // Without ports the system itself may have sent it: an answer shows that it was a program's.
        let is_sure = key.protocol().has_ports() || record.is(bit::ANSWERED);
        let cold = &mut self.cold[place as usize];
        let owner = match (owner, cold.owner()) {
            (Some(owner), _) if is_sure => owner,
            (Some(owner), _) => guessed(&owner),
            (None, Some(before)) => guessed(before),
            (None, None) => return,
        };
        if cold.owner().is_none() && !record.home.is_carried() {
            self.grand.owned_out += cold.told.as_ref().map_or(0, |told| told.wire[out]);
        }
        if cold.owner().is_none() {
            self.grand.owned_flows += 1;
        }
        cold.detail_mut().owner = Some(owner);
        if self.heard.len() < HEARD {
            self.heard.push(place);
        }
    }
}

/// The same owner, less sure.
fn guessed(owner: &Owner) -> std::sync::Arc<Owner> {
    std::sync::Arc::new(Owner { confidence: owner.confidence.max(Confidence::Guess), ..owner.clone() })
}

/// Who talked to whom.
pub(super) fn subject(record: &Record, cold: &Cold) -> Subject {
    let ours = record.key.end(record.ours());
    let theirs = record.key.end(record.ours().other());
    let port = if direction(record) == Direction::In { ours.port } else { theirs.port };
    Subject {
        host: ours.ip,
        remote: theirs.ip,
        port,
        protocol: record.key.protocol(),
        // Whoever owns an address writes its reverse name, and an address in a Host header is no name:
        // nothing is judged by them.
        name: cold
            .name()
            .filter(|name| name.source != NameSource::Ptr && !is_address(&name.text))
            .map(|name| name.text.clone()),
        application: cold.facts().map_or(Application::PENDING, |facts| facts.application),
        flow: Some(record.key),
    }
}

fn is_address(name: &Label) -> bool {
    name.as_str().parse::<std::net::IpAddr>().is_ok()
}

pub(super) fn direction(record: &Record) -> Direction {
    if record.is(bit::LOCAL) {
        Direction::Local
    } else if record.is(bit::TRANSIT) {
        Direction::Transit
    } else if record.opener() == record.ours() {
        Direction::Out
    } else {
        Direction::In
    }
}

pub(super) const fn opener(record: &Record) -> Opener {
    if record.is(bit::HANDSHAKE) { Opener::Handshake } else { Opener::FirstPacket }
}
