//! The end of an interval: judge first, then learn, then remember what was found.

use std::time::Duration;

use crate::baseline::ends;
use crate::flow::Interval;
use crate::flow::interval::Sample;
use crate::model::{Direction, Finding, FlowKey, Protocol, Question, Timestamp};
use crate::snapshot::GRAPH;

use super::Engine;

/// Alerts that nobody has fetched; more than this in one second is a flood that says the same in other words.
const NEWS: usize = 1_024;
/// Names and owners to ask for in one second.
const QUESTIONS: usize = 4_096;
/// A flow without an owner is asked about again for this long.
const OWNERLESS_FOR: Duration = Duration::from_secs(10);

/// Of those, for flows that have one and go on after a silence, and for what is only forwarded.
const AGAIN: usize = 512;
const FORWARDED: usize = 256;

/// Whether a flow's owner is worth a question: it was opened, has not been found yet, or may be another by now.
fn wants_owner(sample: &Sample, at: Timestamp) -> bool {
    // What we send without being asked: the system itself answers pings.
    let is_a_programs = sample.key.protocol().has_ports() || sample.direction != Direction::In;
    let is_young = sample.owner.is_none() && at.since(sample.first) < OWNERLESS_FOR;
    is_a_programs && (sample.opened > 0 || is_young || may_be_anothers(sample))
}

/// A conversation without a handshake tells nothing of its end: its port may have been given to somebody else.
fn may_be_anothers(sample: &Sample) -> bool {
    let has_ended = sample.owner.as_ref().is_some_and(|owner| owner.has_ended);
    (sample.woke || has_ended) && sample.packets_out > 0 && sample.key.protocol() != Protocol::TCP
}

/// The flow's key with our end first.
fn ours_first(sample: &Sample) -> FlowKey {
    let (first, second) = (sample.key.first(), sample.key.second());
    let served = if sample.direction == Direction::In { first.port } else { second.port };
    let about = &sample.subject;
    let is_first = about.host == first.ip && about.remote == second.ip;
    // Where both ends have one address, the port that is served tells them apart.
    if is_first && (first.ip != second.ip || served == about.port) { sample.key } else { sample.key.reversed() }
}

impl Engine {
    pub(super) fn close(&mut self, at: Timestamp, span: Duration) {
        let mut interval = self.table.close(at);
        interval.span = span;
        interval.unseen = self.blind.take(self.table.tally(), self.table.interfaces());
        let mut findings = Vec::new();
        self.judges.judge(&interval, &self.baseline, &mut findings);
        self.hold_on_to(&interval, &findings);
        let told: Vec<&Sample> =
            interval.samples.iter().chain(&interval.owned).filter(|sample| sample.owner.is_some()).collect();
        self.news.extend(self.book.absorb(at, findings, &self.marks, &told));
        self.news.truncate(NEWS);
        let (book, marks) = (&self.book, &self.marks);
        self.table.release_judged(|key, about| book.lights(key, about));
        self.baseline.learn(&interval, |sample| book.poisons(at, sample, marks));
        self.ask_about(&interval);
        let (out, into) = self.table.last_second();
        self.draw_graph(out, into, span);
        self.peaks.take(out, into);
        self.has_closed = true;
    }

    /// Flows that a finding is about stay on the table, however full it gets.
    fn hold_on_to(&mut self, interval: &Interval, findings: &[Finding]) {
        for finding in findings {
            let about = &finding.subject;
            for sample in &interval.samples {
                let is_meant = if let Some(key) = about.flow {
                    key == sample.key
                } else {
                    let (_, remote) = ends(&sample.key, &sample.subject);
                    about.remote == remote.ip && (about.port == 0 || about.port == remote.port)
                };
                if is_meant {
                    self.table.set_judged(&sample.key, true);
                }
            }
        }
    }

    /// Asks for names of addresses seen for the first time, and for owners of flows that were just opened, as far
    /// as that is wanted.
    fn ask_about(&mut self, interval: &Interval) {
        if self.asks.owners {
            let ownerless = interval.samples.iter().filter(|sample| wants_owner(sample, interval.at));
            let (forwarded, ours): (Vec<&Sample>, Vec<&Sample>) =
                ownerless.partition(|sample| sample.direction == Direction::Transit);
            let (again, first): (Vec<&Sample>, Vec<&Sample>) =
                ours.into_iter().partition(|sample| sample.owner.is_some() && sample.opened == 0);
            let all =
                first.into_iter().chain(again.into_iter().take(AGAIN)).chain(forwarded.into_iter().take(FORWARDED));
            self.questions.extend(all.map(|sample| Question::Owner(ours_first(sample))));
        }
        if self.asks.names {
            let nameless = interval.samples.iter().filter(|sample| sample.is_new && sample.subject.name.is_none());
            self.questions.extend(nameless.map(|sample| Question::Name(sample.subject.remote)));
        }
        self.questions.truncate(QUESTIONS);
    }

    fn draw_graph(&mut self, out: u64, into: u64, span: Duration) {
        let silent = usize::try_from(span.as_secs()).unwrap_or(GRAPH).saturating_sub(1).min(GRAPH);
        self.graph.extend(std::iter::repeat_n((0, 0), silent));
        self.graph.push_back((out, into));
        let over = self.graph.len().saturating_sub(GRAPH);
        self.graph.drain(..over);
    }
}
