//! What the table keeps of one flow: a hot part that every packet touches, and a cold part.

use std::sync::Arc;

use crate::model::{Facts, FlowKey, InterfaceId, Measure, Name, Owner, Side, TcpState, Timestamp};
use crate::protocol::{Recognition, dns};

use super::home::Home;

/// Two cache lines. Index 0 counts what the key's first end sent, 1 what the second sent.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Record {
    pub(super) key: FlowKey,
    /// Link-layer bytes as the kernel reports them.
    pub(super) bytes: [u64; 2],
    pub(super) ip_bytes: [u64; 2],
    pub(super) payload: [u64; 2],
    pub(super) packets: [u64; 2],
    pub(super) last: Timestamp,
    /// Bytes with forward decay: an old byte weighs less than a new one.
    pub(super) weight: f32,
    /// The tick in which it last had a packet.
    pub(super) tick: u32,
    pub(super) state: TcpState,
    pub(super) bits: u8,
    pub(super) payload_use: PayloadUse,
    /// Has a finding: never evicted while it has.
    pub(super) is_judged: bool,
    /// Among the places shown, whoever holds this place.
    pub(super) is_shown: bool,
    /// What is known of the counts.
    pub(super) measure: Measure,
    /// Where it is counted.
    pub(super) home: Home,
}

/// Facts about a flow that fit a bit.
pub(super) mod bit {
    /// Our end is the key's second.
    pub(in crate::flow) const OURS_SECOND: u8 = 1;
    /// The key's second end opened it.
    pub(in crate::flow) const OPENED_BY_SECOND: u8 = 1 << 1;
    /// We saw the handshake, so that the opener is certain.
    pub(in crate::flow) const HANDSHAKE: u8 = 1 << 2;
    pub(in crate::flow) const FIN_FIRST: u8 = 1 << 3;
    pub(in crate::flow) const FIN_SECOND: u8 = 1 << 4;
    /// The remote end has sent something that is not a refusal.
    pub(in crate::flow) const ANSWERED: u8 = 1 << 5;
    /// Both ends are ours.
    pub(in crate::flow) const LOCAL: u8 = 1 << 6;
    /// Neither end is ours.
    pub(in crate::flow) const TRANSIT: u8 = 1 << 7;
}

/// What is still wanted of a flow's payload: one branch on settled flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PayloadUse {
    /// Nothing any more.
    Settled,
    /// Recognisers have not answered.
    Undecided,
    /// Every message is read (DNS answers name addresses).
    Messages,
}

impl Record {
    pub(super) const EMPTY: Self = Self {
        key: FlowKey::from_words(crate::model::Protocol::from_number(0), false, [0; 2], 0, [0; 2], 0),
        bytes: [0; 2],
        ip_bytes: [0; 2],
        payload: [0; 2],
        packets: [0; 2],
        last: Timestamp::ZERO,
        weight: 0.0,
        tick: 0,
        state: TcpState::None,
        bits: 0,
        payload_use: PayloadUse::Settled,
        is_judged: false,
        is_shown: false,
        measure: Measure::Frames,
        home: Home::NONE,
    };

    /// Whether a flow holds this place.
    pub(super) const fn is_used(&self) -> bool {
        // A frame may carry the stamp 0; a socket without counts has no packets.
        self.packets[0] != 0 || self.packets[1] != 0 || self.last.nanos() > 0
    }

    pub(super) const fn is(&self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    pub(super) const fn ours(&self) -> Side {
        if self.is(bit::OURS_SECOND) { Side::Second } else { Side::First }
    }

    pub(super) const fn opener(&self) -> Side {
        if self.is(bit::OPENED_BY_SECOND) { Side::Second } else { Side::First }
    }

    /// Index of what we sent, and of what we received.
    pub(super) const fn out_in(&self) -> (usize, usize) {
        if self.is(bit::OURS_SECOND) { (1, 0) } else { (0, 1) }
    }

    /// What the index keeps to compare records by: the upper half of the weight, which orders as the
    /// weight does because it is never negative. Judged flows are worth more than any weight.
    pub(super) const fn value(&self) -> u16 {
        if self.is_judged { u16::MAX } else { (self.weight.to_bits() >> 16) as u16 }
    }
}

/// Touched when a flow opens, when it has super-packets, and when an interval closes.
#[derive(Default)]
pub(super) struct Cold {
    pub(super) first: Timestamp,
    /// Sequence numbers of the SYNs; 0 where none was seen (one real number in 2³² is taken for that).
    pub(super) syn: [u32; 2],
    pub(super) opened: u32,
    pub(super) interface: InterfaceId,
    /// The last byte of the tick in which each end's direction was last offered to the source as busy.
    pub(super) offered: [u8; 2],
    /// None before an interval told of it: most flows of a flood leave before one does.
    pub(super) told: Option<Box<Told>>,
    pub(super) detail: Option<Box<Detail>>,
}

/// How a flow stood when an interval told of it last.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) wire: [u64; 2],
    pub(super) ip_bytes: [u64; 2],
    pub(super) payload: [u64; 2],
    pub(super) packets: [u64; 2],
    /// Most bytes of one interval, as they are counted.
    pub(super) peak: [u64; 2],
    pub(super) opened: u32,
    /// One has: what was carried before anybody looked is no news either, and in here from the start.
    pub(super) was_sampled: bool,
    /// The tick of the last interval that it had packets in.
    pub(super) tick: u32,
    pub(super) history: Option<u32>,
}

/// What most flows of a flood never have.
#[derive(Default)]
pub(super) struct Detail {
    /// Headers of segments to come, beyond the bytes of the record.
    pub(super) segment_headers: [u64; 2],
    pub(super) recognition: Option<Box<Recognition>>,
    /// DNS over TCP: messages that span segments, of either side.
    pub(super) dns: Option<Box<[dns::Stream; 2]>>,
    pub(super) facts: Option<Arc<Facts>>,
    pub(super) name: Option<Name>,
    pub(super) owner: Option<Arc<Owner>>,
}

impl Cold {
    pub(super) fn detail_mut(&mut self) -> &mut Detail {
        self.detail.get_or_insert_default()
    }

    pub(super) fn segment_headers(&self) -> [u64; 2] {
        self.detail.as_ref().map_or([0; 2], |detail| detail.segment_headers)
    }

    pub(super) fn history(&self) -> Option<u32> {
        self.told.as_ref().and_then(|told| told.history)
    }

    pub(super) fn peak(&self) -> [u64; 2] {
        self.told.as_ref().map_or([0; 2], |told| told.peak)
    }

    /// The history went to another flow, or was of no use any more.
    pub(super) fn lose_history(&mut self) {
        if let Some(told) = &mut self.told {
            told.history = None;
        }
    }

    pub(super) fn facts(&self) -> Option<&Arc<Facts>> {
        self.detail.as_ref().and_then(|detail| detail.facts.as_ref())
    }

    pub(super) fn name(&self) -> Option<&Name> {
        self.detail.as_ref().and_then(|detail| detail.name.as_ref())
    }

    pub(super) fn owner(&self) -> Option<&Arc<Owner>> {
        self.detail.as_ref().and_then(|detail| detail.owner.as_ref())
    }
}

const _: () = assert!(size_of::<Record>() == 128, "two cache lines");
const _: () = assert!(size_of::<Cold>() <= 40, "a flood fills the table with these");
