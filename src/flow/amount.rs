//! What is added to flows and totals at once, and the sums that it is added to.

use crate::model::{Counting, Packet};

/// What the present interval has added up so far. Index 0 is out, 1 is in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) wire: [u64; 2],
    /// The bytes that are shown.
    pub(super) counted: [u64; 2],
    pub(super) packets: [u64; 2],
    pub(super) evicted_flows: u64,
    pub(super) evicted_bytes: u64,
}

/// Everything that was ever counted on a flow, by direction. Index 0 is out, 1 is in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grand {
    pub(super) bytes: [u64; 2],
    pub(super) wire: [u64; 2],
    pub(super) ip_bytes: [u64; 2],
    pub(super) payload: [u64; 2],
    pub(super) packets: [u64; 2],
    /// Flows that are no longer on the table.
    pub(super) gone: u64,
    /// Wire bytes out of flows whose owner is known, up to the last close, and how many flows that is.
    pub(super) owned_out: u64,
    pub(super) owned_flows: u64,
}

/// What is added to a flow at once: one frame, or those that a source has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) segment_headers: u64,
    pub(super) ip_bytes: u64,
    pub(super) payload: u64,
}

impl Amount {
    #[inline]
    pub(super) fn of(packet: &Packet<'_>) -> Self {
        Self {
            frames: 1,
            bytes: packet.frame_len.into(),
            segment_headers: packet.segment_headers.into(),
            ip_bytes: packet.ip_len.into(),
            payload: packet.payload_len.into(),
        }
    }

    const fn wire(&self) -> u64 {
        self.bytes + self.segment_headers
    }
}

impl Sums {
    #[inline]
    pub(super) const fn add(&mut self, direction: usize, amount: &Amount, counting: Counting) {
        self.wire[direction] += amount.wire();
        self.counted[direction] += counting.of(amount.wire(), amount.ip_bytes, amount.payload);
        self.packets[direction] += amount.frames;
    }
}

impl Grand {
    #[inline]
    pub(super) const fn add(&mut self, direction: usize, amount: &Amount) {
        self.bytes[direction] += amount.bytes;
        self.wire[direction] += amount.wire();
        self.ip_bytes[direction] += amount.ip_bytes;
        self.payload[direction] += amount.payload;
        self.packets[direction] += amount.frames;
    }

    /// Takes back what was added.
    pub(super) const fn lose(&mut self, direction: usize, amount: &Amount) {
        self.bytes[direction] = self.bytes[direction].saturating_sub(amount.bytes);
        self.wire[direction] = self.wire[direction].saturating_sub(amount.wire());
        self.ip_bytes[direction] = self.ip_bytes[direction].saturating_sub(amount.ip_bytes);
        self.payload[direction] = self.payload[direction].saturating_sub(amount.payload);
        self.packets[direction] = self.packets[direction].saturating_sub(amount.frames);
    }
}
