//! The driver for one flow: feeds its first bytes to the recognisers until one matches or all say never.

mod asking;
mod budget;
mod deciding;
mod follow;
mod set;

pub use budget::Budget;
use deciding::Follower;
use set::Set;

use std::hash::{BuildHasher, Hasher};

use super::Transport;
use super::window::{Datagrams, Placed, Side};
use crate::model::packet::tcp_flag;
use crate::model::{Facts, Packet, Protocol, Texture};

/// What is known of a flow after one more packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet; go on.
    Pending,
    /// A recogniser matched. While [`Recognition::is_finished`] says no, more may become known.
    Known(Facts),
    /// All said never: the application is [`Application::UNKNOWN`] and the texture says what the bytes look like.
    Unknown(Facts),
}

/// Datagrams after which a flow that is still undecided stays unknown.
const MOST_DATAGRAMS: u16 = 12;
/// Segments after which a stream that is still undecided stays unknown, however small they are.
const MOST_SEGMENTS: u16 = 4096;
/// How often a flow may start afresh: a datagram is its own beginning, and so may any segment be
/// of a stream that was picked up in the middle.
const FRESH_STARTS: u16 = 6;

/// One flow's way to a verdict. Small until a recogniser asks for more; dropped when decided.
#[derive(Debug)]
pub struct Recognition {
    /// The recognisers that have not said never, of what the opener says and of what the answerer says.
    open: [Set; 2],
    /// Those whose port one of the ends has.
    home: Set,
    transport: Transport,
    /// The opener's port, the answerer's.
    ports: [u16; 2],
    /// TCP: the sequence number of the first byte of either side.
    start: [Option<u32>; 2],
    /// TCP: the start was not seen.
    midstream: [bool; 2],
    packets: u16,
    starts: u16,
    finished: bool,
    /// Not one byte was anything but zero.
    blank: bool,
    /// Of the first bytes that nobody knew.
    texture: Option<Texture>,
    /// The last datagram that nobody knew, and whose it was: the same again gets the same answer.
    refused: Option<(u64, bool)>,
    /// What is known already, while what may come next is awaited: TLS after STARTTLS, DTLS after STUN.
    known: Option<Box<Facts>>,
    /// Reads what one side says next, where something is known; nobody else is asked then.
    follower: Option<Follower>,
    held: Option<Box<[Side; 2]>>,
    reserved: usize,
    budget: Budget,
}

impl Recognition {
    /// For a flow of `protocol`; `None` where no recogniser speaks over it.
    pub fn new(protocol: Protocol, opener_port: u16, answerer_port: u16, budget: &Budget) -> Option<Self> {
        let transport = match protocol {
            Protocol::TCP => Transport::Tcp,
            Protocol::UDP | Protocol::UDPLITE => Transport::Udp,
            _ => return None,
        };
        Some(Self {
            open: [Set::all(transport); 2],
            home: Set::at_home([opener_port, answerer_port]),
            transport,
            ports: [opener_port, answerer_port],
            start: [None; 2],
            midstream: [false; 2],
            packets: 0,
            starts: 0,
            finished: false,
            blank: true,
            texture: None,
            refused: None,
            known: None,
            follower: None,
            held: None,
            reserved: 0,
            budget: budget.clone(),
        })
    }

    /// Whether nothing more will be said: the flow can drop this.
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Takes one packet of the flow, in the order it was seen.
    pub fn feed(&mut self, packet: &Packet<'_>, from_opener: bool) -> Verdict {
        if self.finished || packet.fragment.is_some_and(|fragment| !fragment.is_first) {
            return Verdict::Pending;
        }
        if self.follower.is_some_and(|follower| follower.from_opener != from_opener) {
            return self.pass_over(packet);
        }
        self.blank = self.blank && packet.payload.iter().all(|&byte| byte == 0);
        match self.transport {
            Transport::Tcp => self.feed_segment(packet, from_opener),
            Transport::Udp => self.feed_datagram(packet, from_opener),
        }
    }

    /// The flow is over, or nobody will wait longer: decides on what there is.
    pub fn finish(&mut self) -> Verdict {
        if self.finished || self.known.is_some() {
            return self.finish_following();
        }
        let held = self.held.take().unwrap_or_default();
        for from_opener in [true, false] {
            let (own, other) = sides(&held, from_opener);
            if own.bytes().is_empty() {
                if let Some(found) = self.ask_later(own, other, from_opener) {
                    return self.decide(found, from_opener);
                }
                continue;
            }
            let verdict = match self.transport {
                Transport::Tcp => self.ask(own.bytes(), own.bytes().len(), other.bytes(), from_opener, true),
                Transport::Udp => self.ask_again(own, other, from_opener),
            };
            if let Some(found) = verdict {
                return self.decide(found, from_opener);
            }
        }
        let (opener, answerer) = sides(&held, true);
        let bytes = if opener.bytes().is_empty() { answerer.bytes() } else { opener.bytes() };
        self.finished = true;
        if self.packets == 0 { Verdict::Pending } else { self.give_up(bytes) }
    }

    fn feed_segment(&mut self, packet: &Packet<'_>, from_opener: bool) -> Verdict {
        let side = usize::from(!from_opener);
        let mut sequence = packet.tcp_sequence;
        if packet.tcp_flags & tcp_flag::SYN != 0 {
            sequence = sequence.wrapping_add(1);
            // Another connection between the same ports: what is kept of the one before is not its beginning.
            if self.start[side].is_some_and(|start| start != sequence) {
                if self.follower.is_some() {
                    return self.finish_following();
                }
                self.held = None;
                self.open = [self.everybody(); 2];
            }
            self.start[side] = Some(sequence);
            self.midstream[side] = false;
        }
        let payload = packet.payload;
        if self.open[side].is_empty() && self.follower.is_none() && !payload.is_empty() {
            return self.pass_unknown(payload);
        }
        // A reset may carry a text for people (RFC 9293 §3.5.3): not the application's.
        if payload.is_empty() || packet.tcp_flags & tcp_flag::RST != 0 {
            return Verdict::Pending;
        }
        // A keep-alive repeats one byte that was long ago acknowledged (RFC 9293 §3.8.4), and some drivers
        // hand on the padding of an acknowledgement. Nothing begins with so few zeros and no more.
        let at_start = self.start[side].is_none_or(|start| start == sequence);
        if at_start && payload.len() <= 6 && payload.iter().all(|&byte| byte == 0) {
            return Verdict::Pending;
        }
        let Some(start) = self.start[side] else {
            self.start[side] = Some(sequence);
            self.midstream[side] = true;
            return self.grow(0, payload, packet, from_opener);
        };
        let distance = sequence.wrapping_sub(start).cast_signed();
        if distance >= 0 {
            return self.grow(distance.unsigned_abs() as usize, payload, packet, from_opener);
        }
        let before = distance.unsigned_abs() as usize;
        if before < payload.len() {
            return self.grow(0, payload.get(before..).unwrap_or_default(), packet, from_opener);
        }
        if before == payload.len() && self.midstream[side] && payload.len() > 1 {
            return self.grow_front(sequence, packet, from_opener);
        }
        Verdict::Pending
    }

    /// More of a side that nobody knows: the other may still tell, but not for ever.
    fn pass_unknown(&mut self, payload: &[u8]) -> Verdict {
        self.packets = self.packets.saturating_add(1);
        if self.packets >= MOST_DATAGRAMS { self.give_up(payload) } else { Verdict::Pending }
    }

    /// One more segment, `offset` bytes after the start of its side.
    fn grow(&mut self, offset: usize, payload: &[u8], packet: &Packet<'_>, from_opener: bool) -> Verdict {
        self.packets = self.packets.saturating_add(1);
        let side = usize::from(!from_opener);
        let cut = packet.payload.len() < packet.payload_len as usize;
        let held = self.held.take();
        let fresh = held.as_ref().is_none_or(|held| sides(held, from_opener).0.cost() == 0);
        if cut && offset > 0 && fresh {
            // The beginning is missing and of this not all was captured: nothing will ever be joined.
            return self.begin_here(payload, packet, held.as_deref(), from_opener);
        }
        if offset == 0 && fresh {
            // The usual case: nothing is kept, and nothing will be if somebody knows these bytes.
            let other: &[u8] = held.as_ref().map_or(&[], |held| sides(held, from_opener).1.bytes());
            if let Some(found) = self.ask(payload, payload.len(), other, from_opener, cut) {
                return self.decide(found, from_opener);
            }
            if self.open[side].is_empty() || cut {
                let waits = self.waits_for_the_other(held, payload, from_opener);
                return if waits { Verdict::Pending } else { self.start_afresh(payload) };
            }
            return self.keep(held, payload.len(), |side| side.place(0, payload) != Placed::Lost, from_opener, payload);
        }
        let mut held = held.unwrap_or_default();
        let placed = own(&mut held, from_opener).place(offset, payload);
        let (ours, others) = sides(&held, from_opener);
        if placed == Placed::Nothing {
            return self.keep(Some(held), 0, |_| true, from_opener, payload);
        }
        let is_last = cut || placed == Placed::Lost || self.packets >= self.most_segments();
        if let Some(found) = self.ask(ours.bytes(), ours.bytes().len(), others.bytes(), from_opener, is_last) {
            return self.decide(found, from_opener);
        }
        if self.open[side].is_empty() || is_last {
            self.midstream[side] |= placed == Placed::Lost;
            let bytes = if ours.bytes().is_empty() { payload.to_vec() } else { ours.bytes().to_vec() };
            let waits = self.waits_for_the_other(Some(held), &bytes, from_opener);
            return if waits { Verdict::Pending } else { self.start_afresh(&bytes) };
        }
        self.keep(Some(held), 0, |_| true, from_opener, payload)
    }

    /// Takes a segment for the beginning, since the true one is lost.
    fn begin_here(
        &mut self,
        payload: &[u8],
        packet: &Packet<'_>,
        held: Option<&[Side; 2]>,
        from_opener: bool,
    ) -> Verdict {
        let side = usize::from(!from_opener);
        self.start[side] = Some(packet.tcp_sequence);
        self.midstream[side] = true;
        let other: &[u8] = held.map_or(&[], |held| sides(held, from_opener).1.bytes());
        match self.ask(payload, payload.len(), other, from_opener, true) {
            Some(found) => self.decide(found, from_opener),
            None => self.start_afresh(payload),
        }
    }

    /// A stream that was picked up in the middle, and an earlier segment that came late.
    fn grow_front(&mut self, sequence: u32, packet: &Packet<'_>, from_opener: bool) -> Verdict {
        let mut held = self.held.take().unwrap_or_default();
        own(&mut held, from_opener).prepend(packet.payload);
        self.start[usize::from(!from_opener)] = Some(sequence);
        self.packets = self.packets.saturating_add(1);
        self.open = [self.everybody(); 2];
        let (ours, others) = sides(&held, from_opener);
        if let Some(found) = self.ask(ours.bytes(), ours.bytes().len(), others.bytes(), from_opener, false) {
            return self.decide(found, from_opener);
        }
        if self.open[usize::from(!from_opener)].is_empty() {
            return self.start_afresh(ours.bytes());
        }
        self.keep(Some(held), packet.payload.len(), |_| true, from_opener, packet.payload)
    }

    fn feed_datagram(&mut self, packet: &Packet<'_>, from_opener: bool) -> Verdict {
        let payload = packet.payload;
        if payload.is_empty() {
            return Verdict::Pending;
        }
        self.packets = self.packets.saturating_add(1);
        let is_last = self.packets >= if self.known.is_some() { follow::MOST } else { MOST_DATAGRAMS };
        let print = (fingerprint(payload), from_opener);
        if self.held.is_none() && self.known.is_none() && self.refused == Some(print) {
            return self.start_afresh(payload);
        }
        if self.held.is_some() && self.packets <= FRESH_STARTS && self.known.is_none() {
            // A datagram is its own beginning: what one recogniser waits for must not keep the others away.
            self.open = [self.everybody(); 2];
        }
        let held = self.held.take();
        let (earlier, other) = held.as_ref().map_or((Datagrams::default(), &[][..]), |held| {
            let (own, other) = sides(held, from_opener);
            (own.datagrams(), other.datagrams().next().unwrap_or_default())
        });
        if let Some(found) =
            self.ask_datagram(payload, packet.payload_len as usize, earlier, other, from_opener, is_last)
        {
            return self.decide(found, from_opener);
        }
        if is_last || self.open[usize::from(!from_opener)].is_empty() {
            let is_fresh = held.is_none();
            if !is_last && self.waits_for_the_other(held, payload, from_opener) {
                return Verdict::Pending;
            }
            self.refused = is_fresh.then_some(print);
            return self.start_afresh(payload);
        }
        let keep = |side: &mut Side| {
            side.keep_datagram(payload);
            true
        };
        self.keep(held, payload.len() + 2, keep, from_opener, payload)
    }

    /// Keeps what was fed, if there is room for it in the budget of all flows.
    fn keep(
        &mut self,
        held: Option<Box<[Side; 2]>>,
        more: usize,
        place: impl FnOnce(&mut Side) -> bool,
        from_opener: bool,
        payload: &[u8],
    ) -> Verdict {
        let mut held = held.unwrap_or_default();
        let cost = held.iter().map(Side::cost).sum::<usize>() + more;
        if !self.budget.change(self.reserved, cost) || !place(own(&mut held, from_opener)) {
            self.starts = follow::MOST;
            return self.start_afresh(payload);
        }
        self.reserved = cost;
        self.held = Some(held);
        Verdict::Pending
    }
}

impl Drop for Recognition {
    fn drop(&mut self) {
        self.budget.change(self.reserved, 0);
    }
}

/// Tells datagrams apart; a chance equal costs one question less, no more.
fn fingerprint(payload: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(payload);
    hasher.finish()
}

fn sides(held: &[Side; 2], from_opener: bool) -> (&Side, &Side) {
    let [opener, answerer] = held;
    if from_opener { (opener, answerer) } else { (answerer, opener) }
}

fn own(held: &mut [Side; 2], from_opener: bool) -> &mut Side {
    let [opener, answerer] = held;
    if from_opener { opener } else { answerer }
}
