//! One round of questions: every recogniser that is still open looks at the bytes so far.

use super::super::table::RECOGNISERS;
use super::super::window::{Datagrams, Side, WINDOW};
use super::super::{Probe, Segment};
use super::Recognition;
use super::deciding::Found;

/// Bytes of a stream until a recogniser's *never* is taken for its last word.
const LEAST: usize = 32;

impl Recognition {
    pub(super) fn ask(
        &mut self,
        payload: &[u8],
        wire_len: usize,
        other: &[u8],
        from_opener: bool,
        is_last: bool,
    ) -> Option<Found> {
        let full = payload.len() >= WINDOW;
        self.ask_all(&self.segment(payload, wire_len, Datagrams::default(), other, from_opener, is_last || full))
    }

    pub(super) fn ask_datagram(
        &mut self,
        payload: &[u8],
        wire_len: usize,
        earlier: Datagrams<'_>,
        other: &[u8],
        from_opener: bool,
        is_last: bool,
    ) -> Option<Found> {
        self.ask_all(&self.segment(payload, wire_len, earlier, other, from_opener, is_last))
    }

    /// Segments whose beginning never came, each for itself.
    pub(super) fn ask_later(&mut self, own: &Side, other: &Side, from_opener: bool) -> Option<Found> {
        self.midstream[usize::from(!from_opener)] = true;
        own.later().find_map(|payload| {
            self.open = [self.everybody(); 2];
            self.ask(payload, payload.len(), other.bytes(), from_opener, true)
        })
    }

    /// The last datagram of a side once more, now that no other will come.
    pub(super) fn ask_again(&mut self, own: &Side, other: &Side, from_opener: bool) -> Option<Found> {
        let last = own.datagrams().last()?;
        let earlier = Datagrams::all_but_last(own);
        let other = other.datagrams().next().unwrap_or_default();
        self.ask_datagram(last, last.len(), earlier, other, from_opener, true)
    }

    fn segment<'a>(
        &self,
        payload: &'a [u8],
        wire_len: usize,
        earlier: Datagrams<'a>,
        other: &'a [u8],
        from_opener: bool,
        is_last: bool,
    ) -> Segment<'a> {
        let [client_port, server_port] = self.ports;
        Segment {
            transport: self.transport,
            from_opener,
            payload,
            other,
            earlier,
            wire_len,
            server_port,
            client_port,
            on_port: false,
            is_midstream: self.midstream[usize::from(!from_opener)],
            is_last,
        }
    }

    /// Asks every recogniser that has not said never, those whose port it is first.
    fn ask_all(&mut self, segment: &Segment<'_>) -> Option<Found> {
        if self.follower.is_some() {
            return self.ask_follower(segment);
        }
        let side = usize::from(!segment.from_opener);
        // So little of a stream is often a part of something: what nobody knows yet may still grow.
        let is_begun = segment.is_tcp() && !segment.is_midstream && segment.payload.len() < LEAST;
        for on_port in [true, false] {
            for index in self.open[side].within(self.home, on_port) {
                let Some(recogniser) = RECOGNISERS.get(index) else { continue };
                let deep = segment.is_tcp() && segment.payload.len() >= recogniser.depth;
                let asked = Segment { on_port, is_last: segment.is_last || deep, ..*segment };
                match (recogniser.probe)(&asked) {
                    Probe::Match(facts) => return Some(Found::all(facts)),
                    // The depth is how far it looks before it matches, not after.
                    Probe::Then(facts, then) => {
                        return Some(Found::and(&Segment { on_port, ..*segment }, facts, then));
                    }
                    Probe::Need if !asked.is_last => {}
                    Probe::No if is_begun && !segment.is_last => {}
                    Probe::Need | Probe::No => self.open[side].remove(index),
                }
            }
        }
        None
    }

    /// The one that reads on after a match. When it has nothing to say, nobody is asked again.
    fn ask_follower(&mut self, segment: &Segment<'_>) -> Option<Found> {
        let (Some(follower), Some(known)) = (&self.follower, &self.known) else { return None };
        match (follower.read)(segment, known) {
            Probe::Match(facts) => return Some(Found::all(facts)),
            Probe::Then(facts, then) => return Some(Found::and(segment, facts, then)),
            Probe::Need if !segment.is_last => {}
            Probe::Need | Probe::No => self.nothing_follows(),
        }
        None
    }
}
