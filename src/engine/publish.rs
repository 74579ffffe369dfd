//! One moment for readers: rows with their judgments, and everything around them.

use std::sync::Arc;

use crate::baseline::Standing;
use crate::detect::book::score;
use crate::model::{
    Connections, Health, InterfaceInfo, Label, Losses, Measure, NameSource, Severity, Subject, Tally, Target, Verdict,
};
use crate::snapshot::{Learning, Row, RowId, Snapshot, Totals};

use super::Engine;

/// What a snapshot says of things outside the engine: whoever runs it knows them.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    pub losses: Losses,
    pub health: Vec<Health>,
    /// How far a finite source has come, 0–1.
    pub progress: Option<f64>,
    pub ended: bool,
    pub vantage: &'static str,
    /// Fresh counters; the engine knows the rest of the interfaces from events.
    pub interfaces: Vec<InterfaceInfo>,
    /// The sockets there are, while somebody looks at them.
    pub connections: Option<Arc<Connections>>,
}

/// The highest rates so far, and what the counters were at the last reset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    out: u64,
    into: u64,
    both: u64,
    base: Totals,
}

impl Peaks {
    pub(super) fn take(&mut self, out: u64, into: u64) {
        self.out = self.out.max(out);
        self.into = self.into.max(into);
        self.both = self.both.max(out + into);
    }

    /// Counts from here on.
    pub(super) fn reset(&mut self, totals: Totals) {
        *self = Self { base: totals, ..Self::default() };
    }

    fn apply(&self, totals: Totals) -> Totals {
        Totals {
            bytes_out: totals.bytes_out - self.base.bytes_out,
            bytes_in: totals.bytes_in - self.base.bytes_in,
            packets_out: totals.packets_out - self.base.packets_out,
            packets_in: totals.packets_in - self.base.packets_in,
            peak_out: self.out,
            peak_in: self.into,
            peak: self.both,
            ..totals
        }
    }
}

impl Engine {
    /// The present moment, for readers.
    pub fn snapshot(&mut self, outside: Outside) -> Snapshot {
        let mut rows = self.table.rows();
        let other = self.table.other(&rows);
        for row in &mut rows {
            self.complete(row);
        }
        self.moment(outside, rows, other)
    }

    /// The last moment, without its rows, and how to ask for them: all flows, in the order in which they were first seen.
    pub fn last_moment(&mut self, outside: Outside) -> (Snapshot, Vec<u32>) {
        self.table.show_all();
        let places = self.table.places();
        let other = self.table.other(&[self.table.sum_of(&places)]);
        (self.moment(outside, Vec::new(), other), places)
    }

    /// The row of one of the places that [`Self::last_moment`] tells.
    pub fn row_at(&mut self, place: u32) -> Row {
        let mut row = self.table.row_at(place);
        self.complete(&mut row);
        row
    }

    /// Adds to a row what the table does not know.
    fn complete(&mut self, row: &mut Row) {
        row.network = row.remote.and_then(|remote| self.networks.lookup(remote.ip));
        self.judge_row(row);
    }

    fn moment(&mut self, outside: Outside, rows: Vec<Row>, other: Row) -> Snapshot {
        self.seq += 1;
        self.has_closed = false;
        for info in &outside.interfaces {
            self.agree.interface(info);
        }
        Snapshot {
            seq: self.seq,
            at: self.now,
            since: self.since,
            interfaces: self.table.interfaces().to_vec(),
            rows,
            hidden_flows: self.table.hidden(),
            other,
            totals: self.peaks.apply(self.table.totals()),
            graph: self.graph.iter().copied().collect(),
            tally: Tally { names_evicted: self.table.names().evicted(), ..*self.table.tally() },
            losses: outside.losses,
            // Interfaces count frames, which nobody saw here.
            agreement: if self.measure == Measure::Frames { self.agree.report() } else { Vec::new() },
            measure: self.measure,
            attribution: self.asks.owners.then(|| self.table.attribution()),
            learning: Learning {
                observed: self.baseline.observed(),
                wanted: self.baseline.wanted(),
                destinations: self.baseline.destinations(),
            },
            connections: outside.connections,
            alerts: self.book.alerts(),
            marks: self.marks.list().to_vec(),
            health: outside.health.into_iter().chain(self.networks.health()).collect(),
            ended: outside.ended,
            progress: outside.progress,
            flows_kept: self.table.kept(),
            flows_limit: self.table.limit(),
            resolving: self.asks.names,
            vantage: outside.vantage,
        }
    }

    /// Findings, mark, score and verdict of a row.
    fn judge_row(&self, row: &mut Row) {
        let (RowId::Flow(key), Some(local), Some(remote), Some(protocol)) =
            (&row.id, row.local, row.remote, row.protocol)
        else {
            return;
        };
        let name = trusted_name(row);
        let findings = self.book.findings_for(key, remote, protocol, name);
        row.mark = self.marks.covers(&Target { protocol, local: Some(local), remote, name }, self.now);
        row.findings = findings;
        let since = row.owner.as_ref().and_then(|owner| self.baseline.sender(&owner.key()));
        row.owner_since = since.map(|known| known.first);
        row.score = if row.mark.is_some() { 0 } else { score(&row.findings) };
        row.verdict = self.verdict(row);
    }

    fn verdict(&self, row: &Row) -> Verdict {
        if row.mark.is_some() {
            return Verdict::Marked;
        }
        match row.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::High) => return Verdict::Bad,
            Some(Severity::Medium | Severity::Low) => return Verdict::Unusual,
            Some(Severity::Info) => return Verdict::New,
            None => {}
        }
        match self.standing(row) {
            Standing::Learning => Verdict::Learning,
            Standing::Known => Verdict::Usual,
            Standing::New => Verdict::New,
        }
    }

    fn standing(&self, row: &Row) -> Standing {
        let (RowId::Flow(key), Some(local), Some(remote), Some(protocol)) =
            (&row.id, row.local, row.remote, row.protocol)
        else {
            return Standing::Known;
        };
        let subject = Subject {
            host: local.ip,
            remote: remote.ip,
            port: row.service_port(),
            protocol,
            name: trusted_name(row).cloned(),
            application: row.application,
            flow: Some(*key),
        };
        self.baseline.standing(key, &subject, row.direction, row.opener)
    }
}

/// The row's name, unless it is a reverse name: whoever owns an address writes that.
fn trusted_name(row: &Row) -> Option<&Label> {
    row.name.as_ref().filter(|name| name.source != NameSource::Ptr).map(|name| &name.text)
}
