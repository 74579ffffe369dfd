//! After the asking: what a match settles, who reads on, and when to give up.

use super::super::window::Side;
use super::super::{Follow, FollowSide, Probe, Segment, Transport, texture};
use super::set::Set;
use super::{FRESH_STARTS, MOST_DATAGRAMS, MOST_SEGMENTS, Recognition, Verdict, follow, own, sides};
use crate::model::{Application, Facts, Packet};

/// What an asking found.
#[derive(Debug)]
pub(super) struct Found {
    facts: Facts,
    /// Who reads on, and what of that side is there already.
    then: Option<(Follow, Vec<u8>)>,
}

/// The one that reads on after a match, and whose bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follower {
    pub(super) read: fn(&Segment<'_>, &Facts) -> Probe,
    pub(super) from_opener: bool,
}

impl Found {
    pub(super) const fn all(facts: Facts) -> Self {
        Self { facts, then: None }
    }

    /// A match that something follows, which may be there already.
    pub(super) fn and(segment: &Segment<'_>, facts: Facts, then: Follow) -> Self {
        let nothing_yet = then.side == FollowSide::Other && segment.other.is_empty();
        if nothing_yet && segment.is_tcp() {
            return Self { facts, then: Some((then, Vec::new())) };
        }
        let next = match then.side {
            FollowSide::Same => *segment,
            FollowSide::Other => Segment {
                payload: segment.other,
                other: segment.payload,
                wire_len: segment.other.len(),
                from_opener: !segment.from_opener,
                ..*segment
            },
        };
        match (then.read)(&next, &facts) {
            Probe::Match(more) => Self::all(more),
            Probe::Need if segment.is_tcp() && !segment.is_last => {
                Self { facts, then: Some((then, next.payload.to_vec())) }
            }
            _ => Self::all(facts),
        }
    }
}

impl Recognition {
    pub(super) fn decide(&mut self, found: Found, from_opener: bool) -> Verdict {
        self.held = None;
        let application = found.facts.application;
        let is_first = self.known.is_none();
        let facts = match (self.known.take(), self.follower.take()) {
            (Some(known), None) => follow::joined(*known, found.facts),
            _ => found.facts,
        };
        if let Some((then, there)) = found.then {
            self.read_on(then, &there, from_opener);
        } else if let Some(next) = follow::next(application).filter(|_| is_first) {
            self.open = [Set::only(next); 2];
            (self.start, self.midstream) = ([None; 2], [true; 2]);
        } else {
            self.finished = true;
        }
        if !self.finished {
            self.known = Some(Box::new(facts.clone()));
            (self.packets, self.starts) = (0, 0);
        }
        Verdict::Known(facts)
    }

    /// Lets `then` see what one side says, of which some may be there.
    fn read_on(&mut self, then: Follow, there: &[u8], from_opener: bool) {
        let from_opener = from_opener == (then.side == FollowSide::Same);
        if !self.budget.change(self.reserved, there.len()) {
            self.finished = true;
            return;
        }
        self.reserved = there.len();
        self.follower = Some(Follower { read: then.read, from_opener });
        self.open = [Set::all(self.transport); 2];
        if !there.is_empty() {
            let mut held: Box<[Side; 2]> = Box::default();
            let _ = own(&mut held, from_opener).place(0, there);
            self.held = Some(held);
        }
    }

    /// A packet of the side that is not read on: it counts towards the end of waiting.
    pub(super) fn pass_over(&mut self, packet: &Packet<'_>) -> Verdict {
        self.packets = self.packets.saturating_add(u16::from(!packet.payload.is_empty()));
        if self.packets >= follow::MOST { self.finish_following() } else { Verdict::Pending }
    }

    /// The end of waiting for more: takes what there is.
    pub(super) fn finish_following(&mut self) -> Verdict {
        let held = self.held.take().unwrap_or_default();
        let mut verdict = Verdict::Pending;
        if let Some(Follower { from_opener, .. }) = self.follower.filter(|_| !self.finished) {
            let (ours, others) = sides(&held, from_opener);
            if !ours.bytes().is_empty()
                && let Some(found) = self.ask(ours.bytes(), ours.bytes().len(), others.bytes(), from_opener, true)
            {
                verdict = self.decide(found, from_opener);
            }
        }
        self.finished = true;
        verdict
    }

    /// The one that read on has nothing to say: nobody is asked again.
    pub(super) fn nothing_follows(&mut self) {
        self.open = [Set::default(); 2];
        self.starts = follow::MOST;
    }

    pub(super) const fn most_segments(&self) -> u16 {
        if self.follower.is_some() { follow::MOST } else { MOST_SEGMENTS }
    }

    /// Everybody who may still match.
    pub(super) fn everybody(&self) -> Set {
        match &self.known {
            Some(known) => follow::next(known.application).map_or_else(|| Set::all(self.transport), Set::only),
            None => Set::all(self.transport),
        }
    }

    /// Nobody knows these bytes. A datagram or a piece of a stream's middle is given another chance.
    pub(super) fn start_afresh(&mut self, payload: &[u8]) -> Verdict {
        let midstream = self.transport == Transport::Udp || self.midstream.iter().any(|&side| side);
        let (most_starts, most_packets) =
            if self.known.is_some() { (follow::MOST, follow::MOST) } else { (FRESH_STARTS, MOST_DATAGRAMS) };
        self.starts = self.starts.saturating_add(1);
        self.texture = self.texture.or_else(|| texture::of(payload));
        if !midstream || self.starts >= most_starts || self.packets >= most_packets {
            return self.give_up(payload);
        }
        self.open = [self.everybody(); 2];
        self.held = None;
        self.budget.change(self.reserved, 0);
        self.reserved = 0;
        for (start, midstream) in self.start.iter_mut().zip(self.midstream) {
            if midstream {
                *start = None;
            }
        }
        Verdict::Pending
    }

    /// Whether nobody knows the bytes of this side, and the other has not spoken: its bytes may tell. What it has
    /// said already stays, if anything is kept.
    pub(super) fn waits_for_the_other(
        &mut self,
        held: Option<Box<[Side; 2]>>,
        payload: &[u8],
        from_opener: bool,
    ) -> bool {
        let other_may = !self.open[usize::from(from_opener)].is_empty();
        let waits = match self.transport {
            Transport::Tcp => !self.midstream.iter().any(|&side| side),
            Transport::Udp => held.is_some(),
        };
        if !other_may || !waits || self.known.is_some() || self.packets >= MOST_DATAGRAMS {
            self.held = None;
            return false;
        }
        self.open[usize::from(!from_opener)] = Set::default();
        self.texture = self.texture.or_else(|| texture::of(payload));
        self.held = held;
        true
    }

    pub(super) fn give_up(&mut self, payload: &[u8]) -> Verdict {
        self.finished = true;
        self.held = None;
        // Zeros say nothing: not what it is, and not that it is odd either.
        if self.known.is_some() || self.blank {
            return Verdict::Pending;
        }
        Verdict::Unknown(Facts {
            application: Application::UNKNOWN,
            texture: self.texture.or_else(|| texture::of(payload)),
            ..Facts::default()
        })
    }
}
