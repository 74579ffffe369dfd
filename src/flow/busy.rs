//! Busy flows: offered to the source, which may count their frames where they pass; and what it counted.

use crate::model::packet::tcp_flag;
use crate::model::{Busy, Counted, Heading, Packet, Protocol, Side, Skip, TcpState, Timestamp};

use super::amount::Amount;
use super::record::bit;
use super::table::FlowTable;
use super::tcp;

/// Frames of one direction within a second that make a flow busy.
const BUSY: u64 = 8;
/// Only one frame of so many is looked at. A power of two.
const LOOK: u64 = 4;
/// Offers that nobody has fetched. Who is left out is offered again a second later.
const OFFERS: usize = 16_384;

impl FlowTable {
    /// Offers a flow's direction if it is busy. Only for flows whose payload tells nothing more.
    #[inline]
    pub(super) fn offer_if_busy(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        if self.records[place as usize].packets[sender as usize].is_multiple_of(LOOK) {
            self.offer(packet, place, sender);
        }
    }

    fn offer(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        let has_state = packet.protocol == Protocol::TCP;
        // Where one packet is seen on several interfaces, each of them is looked at.
        if !has_state && packet.protocol != Protocol::UDP || packet.fragment.is_some() || self.vantage.posts.is_layered
        {
            return;
        }
        let record = &self.records[place as usize];
        let cold = &mut self.cold[place as usize];
        let side = sender as usize;
        let told = cold.told.as_ref().map_or(0, |told| told.packets[side]);
        let is_offered = cold.offered[side] == self.tick as u8;
        if is_offered
            || packet.heading == Heading::Unknown
            || record.packets[side].saturating_sub(told) < BUSY
            || has_state && record.state != TcpState::Established
        {
            return;
        }
        if self.busy.len() < OFFERS {
            cold.offered[side] = self.tick as u8;
            self.busy.push(Busy { interface: packet.interface, heading: packet.heading, key: packet.key() });
        }
    }

    /// Offers busy flows from now on: looking for them costs a little on every packet.
    pub const fn offer_busy(&mut self) {
        self.offers = true;
    }

    /// The flows offered since the last call.
    pub fn take_busy(&mut self) -> Vec<Busy> {
        std::mem::take(&mut self.busy)
    }

    /// Counts what the source counted, in the present second.
    pub fn read_counted(&mut self, at: Timestamp, counted: &[Counted]) {
        for one in counted {
            self.read_one(at, one);
        }
    }

    fn read_one(&mut self, at: Timestamp, counted: &Counted) {
        let flow = &counted.flow;
        let packet = Packet::bare(at, flow.interface, flow.heading, &flow.key);
        if let Some(cause) = self.not_counted(&packet) {
            self.skip_many(cause, counted.frames, counted.bytes);
            return;
        }
        let (key, sender) = flow.key.canonical();
        let hash = self.hasher.hash(&key);
        let found = self.find(hash, &key);
        if self.vantage.posts.is_layered && !self.is_here(&packet, found) {
            self.skip_many(Skip::Carried, counted.frames, counted.bytes);
            return;
        }
        // It may have had to leave meanwhile.
        let (slot, place) = found.unwrap_or_else(|| self.open_at(&packet, key, sender, hash));
        let amount = Amount {
            frames: counted.frames,
            bytes: counted.bytes,
            segment_headers: 0,
            ip_bytes: counted.ip_bytes(),
            payload: counted.payload,
        };
        let direction = self.add(slot, place, sender, &amount, at);
        let record = &mut self.records[place as usize];
        if direction == 1 {
            record.bits |= bit::ANSWERED;
        }
        if packet.protocol == Protocol::TCP && record.state.is_settling() {
            // Nothing that opens or ends a connection is counted elsewhere: this opens none.
            let _ = tcp::step(record, sender, tcp_flag::ACK, found.is_none());
        }
    }
}
