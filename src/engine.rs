//! The loop: events in; at the end of each second of data time, judgments and a snapshot out.
//!
//! One thread owns everything here and nothing locks. Live, replayed and scripted traffic come in by the
//! same door and get the same answers.

mod agree;
mod close;
mod listen;
mod publish;
mod unseen;

use std::collections::VecDeque;
use std::time::Duration;

use crate::baseline::Baseline;
use crate::decode::{Decoded, decode};
use crate::detect::{AlertBook, Judges};
use crate::flow::{FlowConfig, FlowTable};
use crate::geo::Networks;
use crate::marks::Marks;
use crate::model::event::BATCH;
use crate::model::{Alert, Busy, Event, Frame, Measure, Packet, Question, Tally, Timestamp};
use crate::protocol::names::NameMap;
use std::sync::Arc;

pub use listen::Reaction;
pub use publish::Outside;

use agree::Agree;

/// The length of an interval.
const INTERVAL: Duration = Duration::from_secs(1);

/// What an engine is made of. By default it knows nothing, marks nothing and judges everything.
#[derive(Default)]
pub struct Parts {
    pub flow: FlowConfig,
    /// Look inside tunnels.
    pub inner: bool,
    pub baseline: Baseline,
    pub marks: Marks,
    pub book: AlertBook,
    pub judges: Judges,
}

/// What the host workers are asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asks {
    names: bool,
    owners: bool,
}

/// Owns flows, baseline, detectors and the alert book.
pub struct Engine {
    table: FlowTable,
    inner: bool,
    baseline: Baseline,
    marks: Marks,
    book: AlertBook,
    judges: Judges,
    agree: Agree,
    blind: unseen::Blind,
    /// Data time of the first event.
    since: Timestamp,
    /// The latest moment heard of; never goes back.
    now: Timestamp,
    /// The end of the second that is being filled.
    closes_at: Option<Timestamp>,
    graph: VecDeque<(u64, u64)>,
    peaks: publish::Peaks,
    seq: u64,
    /// What is known of how much flows carry.
    measure: Measure,
    has_closed: bool,
    asks: Asks,
    questions: Vec<Question>,
    news: Vec<Arc<Alert>>,
    networks: Networks,
}

impl Engine {
    pub fn new(parts: Parts) -> Self {
        Self {
            table: FlowTable::new(parts.flow),
            inner: parts.inner,
            baseline: parts.baseline,
            marks: parts.marks,
            book: parts.book,
            judges: parts.judges,
            agree: Agree::default(),
            blind: unseen::Blind::default(),
            since: Timestamp::ZERO,
            now: Timestamp::ZERO,
            closes_at: None,
            graph: VecDeque::new(),
            peaks: publish::Peaks::default(),
            seq: 0,
            measure: Measure::Frames,
            has_closed: false,
            asks: Asks::default(),
            questions: Vec::new(),
            news: Vec::new(),
            networks: Networks::default(),
        }
    }

    /// The only way anything gets in.
    pub fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Frames(frames) => {
                for batch in frames.chunks(BATCH) {
                    self.fold(batch);
                }
            }
            Event::Quiet(now) => self.advance_to(now),
            Event::Sockets(at, news) => {
                self.measure = Measure::Carried;
                self.advance_to(at);
                self.table.read_sockets(at, news);
            }
            Event::Counted(at, counted) => {
                self.advance_to(at);
                self.agree.counted(counted);
                self.table.read_counted(at, counted);
            }
            Event::Interface(at, info) => {
                self.agree.interface(&info);
                self.table.interface(&info);
                // A source that has not seen anything yet has no time to tell.
                if at > Timestamp::ZERO {
                    self.advance_to(at);
                }
            }
        }
    }

    fn fold(&mut self, frames: &[Frame<'_>]) {
        let mut packets = [Packet::EMPTY; BATCH];
        let mut filled = 0;
        for frame in frames {
            if self.is_past(frame.at) {
                self.table.fold(&mut packets[..filled]);
                filled = 0;
                self.advance_to(frame.at);
            }
            self.agree.frame(frame);
            match decode(frame, self.inner) {
                Decoded::Packet(packet) => {
                    packets[filled] = packet;
                    filled += 1;
                }
                Decoded::Skipped(cause) => self.table.skip(cause, frame.wire_len),
            }
        }
        self.table.fold(&mut packets[..filled]);
    }

    /// Whether a moment lies beyond the second that is being filled. A late frame is counted in the
    /// present second: time does not go back.
    fn is_past(&self, at: Timestamp) -> bool {
        self.closes_at.is_none_or(|closes_at| at >= closes_at)
    }

    /// Closes every second that ended at or before `now`. Seconds in which nothing came are closed as one.
    fn advance_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        match self.closes_at {
            None => self.since = now,
            Some(closes_at) if now < closes_at => return,
            Some(closes_at) => {
                self.close(closes_at, INTERVAL);
                let next = now.floor_second();
                if next > closes_at {
                    self.table.advance(next.minus(INTERVAL));
                    self.close(next, next.since(closes_at));
                }
            }
        }
        self.table.advance(now);
        self.closes_at = Some(now.floor_second().plus(INTERVAL));
    }

    /// Closes the second that is being filled, at the end of a finite source.
    pub fn finish(&mut self) {
        if let Some(closes_at) = self.closes_at.take() {
            self.close(closes_at, INTERVAL);
        }
    }

    /// What the source has lost since it was opened: a detector hears of it when the interval closes.
    pub const fn hear_losses(&mut self, losses: crate::model::Losses) {
        self.blind.losses = losses;
    }

    /// Whether an interval has closed since the last snapshot.
    pub const fn has_news(&self) -> bool {
        self.has_closed
    }

    pub const fn tally(&self) -> &Tally {
        self.table.tally()
    }

    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Asks for the owners of flows from now on: somebody answers.
    pub const fn ask_owners(&mut self) {
        self.asks.owners = true;
    }

    /// Makes the next snapshot list every flow on the table.
    pub fn show_all(&mut self) {
        self.table.show_all();
    }

    /// Looks for busy flows from now on: the source can count them.
    pub const fn offer_busy(&mut self) {
        self.table.offer_busy();
    }

    /// Flows that the source may count by itself from now on. Bounded; empty after the call.
    pub fn take_busy(&mut self) -> Vec<Busy> {
        let mut busy = self.table.take_busy();
        busy.retain(|flow| self.agree.is_plain(flow.interface));
        busy
    }

    /// What the host workers should find out. Bounded by the flows of an interval; empty after the call.
    pub fn take_questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// Alerts that are worth telling somebody since the last call: new ones, and those that grew worse.
    pub fn take_news(&mut self) -> Vec<Arc<Alert>> {
        std::mem::take(&mut self.news)
    }

    /// Shows whose network an address lies in from now on.
    pub fn know_networks(&mut self, networks: Networks) {
        self.networks = networks;
    }

    /// What DNS was seen to answer: to restore it, and to save it.
    pub const fn names(&mut self) -> &mut NameMap {
        self.table.names_mut()
    }

    pub const fn baseline(&mut self) -> &mut Baseline {
        &mut self.baseline
    }

    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    pub const fn book(&mut self) -> &mut AlertBook {
        &mut self.book
    }
}
