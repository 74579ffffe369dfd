//! Flows of a source that sees sockets and no frames: counts by the kernel instead of packets.

use crate::model::endpoint::Side;
use crate::model::event::SocketNews;
use crate::model::{Counting, Heading, Packet, Protocol, TcpState, Timestamp};

use super::amount::Amount;
use super::record::{PayloadUse, bit};
use super::table::FlowTable;

impl FlowTable {
    /// Counts what sockets did, in the present second. All three kinds of bytes are what TCP counts of its payload,
    /// packets are its segments.
    pub fn read_sockets(&mut self, at: Timestamp, news: &[SocketNews]) {
        for one in news {
            // What our end would have sent: a flow is opened by it.
            let packet = Packet::bare(at, one.interface, Heading::Outgoing, &one.key);
            if !self.vantage.is_outside(&packet) {
                self.read_socket(at, one, &packet);
            }
        }
    }

    fn read_socket(&mut self, at: Timestamp, news: &SocketNews, packet: &Packet<'_>) {
        let (key, ours) = news.key.canonical();
        let hash = self.hasher.hash(&key);
        let found = self.find(hash, &key);
        if found.is_none() && news.state == TcpState::Closed && news.moved.is_nothing() && news.before.is_nothing() {
            return;
        }
        let (slot, place) = found.unwrap_or_else(|| self.open_at(packet, key, ours, hash));
        let record = &mut self.records[place as usize];
        // Index of what the key's first end sent, and of what its second did.
        let by_side = |out: u64, into: u64| if ours == Side::First { [out, into] } else { [into, out] };
        let facing_out = record.ours() == ours;
        record.payload_use = PayloadUse::Settled;
        record.measure = news.measure;
        record.last = record.last.max(at);
        if news.key.protocol() == Protocol::TCP {
            record.state = news.state;
        }
        if news.measure == crate::model::Measure::Nothing || news.moved.segments_in + news.before.segments_in > 0 {
            record.bits |= bit::ANSWERED;
        }
        if found.is_none() || news.is_new {
            let opener = if news.is_served { ours.other() } else { ours };
            record.bits &= !bit::OPENED_BY_SECOND;
            record.bits |= if opener == Side::Second { bit::OPENED_BY_SECOND } else { 0 };
        }
        for moved in [news.before, news.moved] {
            let (bytes, segments) =
                (by_side(moved.bytes_out, moved.bytes_in), by_side(moved.segments_out, moved.segments_in));
            for side in 0..2 {
                record.bytes[side] += bytes[side];
                record.ip_bytes[side] += bytes[side];
                record.payload[side] += bytes[side];
                record.packets[side] += segments[side];
            }
        }
        record.weight += (news.moved.bytes_out + news.moved.bytes_in) as f32 * self.boost;
        self.index.revalue(slot, record.value());
        if record.tick != self.tick {
            record.tick = self.tick;
            self.dirty.push(place);
        }
        let cold = &mut self.cold[place as usize];
        // What was carried before anybody looked belongs to no second.
        let before = (
            by_side(news.before.bytes_out, news.before.bytes_in),
            by_side(news.before.segments_out, news.before.segments_in),
        );
        let told = cold.told.get_or_insert_default();
        for side in 0..2 {
            told.wire[side] += before.0[side];
            told.ip_bytes[side] += before.0[side];
            told.payload[side] += before.0[side];
            told.packets[side] += before.1[side];
        }
        if news.is_new && news.key.protocol() == Protocol::TCP {
            cold.opened += 1;
        }
        self.add_up(news, facing_out);
    }

    /// The totals: of the second what moved in it, of the whole what went before too, so that they are the sum of
    /// all flows.
    fn add_up(&mut self, news: &SocketNews, facing_out: bool) {
        let (out, into) = if facing_out { (0, 1) } else { (1, 0) };
        for (moved, is_now) in [(&news.before, false), (&news.moved, true)] {
            for (direction, amount) in [
                (out, of_payload(moved.segments_out, moved.bytes_out)),
                (into, of_payload(moved.segments_in, moved.bytes_in)),
            ] {
                if is_now {
                    self.sums.add(direction, &amount, Counting::Payload);
                }
                self.grand.add(direction, &amount);
                self.tally.seen.add_many(amount.frames, amount.bytes);
                self.tally.packets.add_many(amount.frames, amount.bytes);
            }
        }
    }
}

/// Of a socket all kinds of bytes are its payload.
const fn of_payload(segments: u64, bytes: u64) -> Amount {
    Amount { frames: segments, bytes, segment_headers: 0, ip_bytes: bytes, payload: bytes }
}
