//! Packets into flows: the loop that everything else must not slow down.

use crate::model::endpoint::Side;
use crate::model::event::BATCH;
use crate::model::packet::tcp_flag;
use crate::model::{FlowKey, Packet, Protocol, Skip, Timestamp};
use crate::sys::prefetch::prefetch;

use super::amount::Amount;
use super::facing::server_by_port;
use super::home::Sight;
use super::index::SlotAt;
use super::record::{PayloadUse, Record, bit};
use super::table::FlowTable;
use super::tcp::{self, Step};

/// A packet on its way in: its key, and which end sent it.
#[derive(Clone, Copy)]
struct Prepared {
    hash: u64,
    key: FlowKey,
    sender: Side,
    /// False for packets that were skipped.
    counts: bool,
}

const NOTHING: Prepared = Prepared { hash: 0, key: Record::EMPTY.key, sender: Side::First, counts: false };

impl FlowTable {
    /// Counts packets on their flows, in order; at most [`BATCH`] at once. All must belong to the present second.
    ///
    /// Three passes, so that the cache misses of one packet pass while others are worked on: find the
    /// line of the index, find the record, count.
    pub fn fold(&mut self, packets: &mut [Packet<'_>]) {
        let mut prepared = [NOTHING; BATCH];
        for (packet, slot) in packets.iter_mut().zip(&mut prepared) {
            *slot = self.prepare(packet);
            prefetch(self.index.line(slot.hash));
        }
        for slot in prepared.iter().take(packets.len()) {
            self.fetch_record(slot.hash);
        }
        for (packet, slot) in packets.iter().zip(&prepared) {
            if slot.counts {
                self.count(packet, slot);
            }
        }
    }

    /// Has the lines of a flow's record on their way: its own, or those of the flow that will make room for it.
    #[inline]
    fn fetch_record(&self, hash: u64) {
        let place = match self.index.guess(hash) {
            Some(place) => place,
            None if self.is_full() => {
                let Some((_, place)) = self.index.victim(hash) else { return };
                if let Some(cold) = self.cold.get(place as usize) {
                    prefetch(cold);
                    prefetch(&cold.detail);
                }
                place
            }
            None => return,
        };
        if let Some(record) = self.records.get(place as usize) {
            prefetch(record);
            prefetch(&record.payload[1]);
        }
    }

    #[inline]
    fn prepare(&mut self, packet: &mut Packet<'_>) -> Prepared {
        if packet.fragment.is_some() {
            self.fragments.settle(packet);
        }
        if let Some(cause) = self.not_counted(packet) {
            self.skip(cause, packet.frame_len);
            return NOTHING;
        }
        let (key, sender) = packet.key().canonical();
        Prepared { hash: self.hasher.hash(&key), key, sender, counts: true }
    }

    /// Why a packet counts on no flow.
    #[inline]
    pub(super) fn not_counted(&self, packet: &Packet<'_>) -> Option<Skip> {
        if self.vantage.is_second_sight(packet) {
            Some(Skip::Loopback)
        } else if self.vantage.posts.repeats(packet.interface) {
            Some(Skip::Carried)
        } else if self.vantage.is_outside(packet) {
            Some(Skip::Boundary)
        } else {
            None
        }
    }

    #[inline]
    fn count(&mut self, packet: &Packet<'_>, prepared: &Prepared) {
        let found = self.find(prepared.hash, &prepared.key);
        if self.vantage.posts.is_layered && !self.is_here(packet, found) {
            self.skip(Skip::Carried, packet.frame_len);
            return;
        }
        let (slot, place) = found.unwrap_or_else(|| self.open(packet, prepared));
        if packet.fragment.is_some_and(|fragment| !fragment.is_first) {
            self.tally.fragments.add(packet.frame_len.into());
        }
        let direction = self.add(slot, place, prepared.sender, &Amount::of(packet), packet.at);
        let side = prepared.sender as usize;
        let record = &mut self.records[place as usize];
        if direction == 1 && packet.tcp_flags & tcp_flag::RST == 0 {
            record.bits |= bit::ANSWERED;
        }
        if packet.protocol == Protocol::TCP && (packet.tcp_flags & tcp::NOTABLE != 0 || record.state.is_settling()) {
            if let Step::Opened { .. } = tcp::step(record, prepared.sender, packet.tcp_flags, found.is_none()) {
                self.cold[place as usize].opened += 1;
            }
            if packet.tcp_flags & tcp_flag::SYN != 0 {
                self.cold[place as usize].syn[side] = packet.tcp_sequence;
            }
        }
        let wants_payload = self.records[place as usize].payload_use != PayloadUse::Settled;
        if packet.segment_headers > 0 {
            self.cold[place as usize].detail_mut().segment_headers[side] += u64::from(packet.segment_headers);
        }
        if wants_payload {
            if packet.payload_len > 0 {
                self.read_payload(packet, place, prepared.sender);
            }
        } else if self.offers {
            self.offer_if_busy(packet, place, prepared.sender);
        }
    }

    /// Whether a packet is counted where it is seen, of several watched interfaces.
    pub(super) fn is_here(&mut self, packet: &Packet<'_>, found: Option<(SlotAt, u32)>) -> bool {
        let Some((_, place)) = found else { return true };
        let Some(record) = self.records.get(place as usize) else { return true };
        match self.vantage.posts.sight(packet, record) {
            Sight::Counts => {}
            Sight::Settles(home) => self.rehome(place, home, packet.interface, false),
            Sight::Moves(home) => self.rehome(place, home, packet.interface, true),
            Sight::Again => return false,
        }
        true
    }

    /// Adds to a flow, and to the totals. Tells the direction: 0 is out, 1 is in.
    #[inline]
    pub(super) fn add(&mut self, slot: SlotAt, place: u32, sender: Side, amount: &Amount, at: Timestamp) -> usize {
        self.tally.seen.add_many(amount.frames, amount.bytes);
        self.tally.packets.add_many(amount.frames, amount.bytes);
        let side = sender as usize;
        let record = &mut self.records[place as usize];
        record.bytes[side] += amount.bytes;
        record.ip_bytes[side] += amount.ip_bytes;
        record.payload[side] += amount.payload;
        record.packets[side] += amount.frames;
        record.last = record.last.max(at);
        record.weight += amount.bytes as f32 * self.boost;
        self.index.revalue(slot, record.value());
        if record.tick != self.tick {
            record.tick = self.tick;
            self.dirty.push(place);
        }
        let direction = usize::from(sender != record.ours());
        if record.home.is_carried() {
            self.tally.carried.add_many(amount.frames, amount.bytes);
            self.carried.add(direction, amount);
        } else {
            self.sums.add(direction, amount, self.config.counting);
        }
        self.grand.add(direction, amount);
        direction
    }

    /// Puts a flow on the table whose first packet's sender is `sender`.
    pub(super) fn open_at(&mut self, packet: &Packet<'_>, key: FlowKey, sender: Side, hash: u64) -> (SlotAt, u32) {
        self.open(packet, &Prepared { hash, key, sender, counts: true })
    }

    fn open(&mut self, packet: &Packet<'_>, prepared: &Prepared) -> (SlotAt, u32) {
        let (slot, place) = self.admit(prepared.hash);
        let facing = self.vantage.face(packet);
        let ours = if facing.sender_is_ours { prepared.sender } else { prepared.sender.other() };
        let opener = opener_at_first_sight(prepared);
        let before = self.records[place as usize];
        let payload_use = self.payload_use();
        let record = &mut self.records[place as usize];
        let home = self.vantage.posts.home(packet.interface);
        *record = Record { key: prepared.key, payload_use, is_shown: before.is_shown, home, ..Record::EMPTY };
        record.bits = facing.bits
            | if ours == Side::Second { bit::OURS_SECOND } else { 0 }
            | if opener == Side::Second { bit::OPENED_BY_SECOND } else { 0 };
        // The place is on the list already if its last holder had packets in this second.
        record.tick = if before.tick == self.tick { self.tick } else { 0 };
        let cold = &mut self.cold[place as usize];
        cold.first = packet.at;
        cold.interface = packet.interface;
        cold.opened = u32::from(packet.protocol != Protocol::TCP);
        self.tally.flows += 1;
        self.index.put(slot, prepared.hash, place, 0);
        (slot, place)
    }
}

/// Who opened a flow, as far as its first packet can tell: a handshake corrects it.
fn opener_at_first_sight(prepared: &Prepared) -> Side {
    // Perhaps seen from the middle: the end with a service's port did not open it.
    match server_by_port(prepared.key.first().port, prepared.key.second().port) {
        Some(server) => server.other(),
        None => prepared.sender,
    }
}
