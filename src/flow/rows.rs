//! The table as rows for readers: the flows that matter most, and everything else added up.

mod each;

use crate::model::{Application, FlowKey, Subject};
use crate::snapshot::{Attribution, Row, RowId, Totals};

use super::close::{direction, opener, subject};
use super::history::Window;
use super::table::FlowTable;

impl FlowTable {
    /// Chooses the flows that the next snapshot shows: of those shown before and those that just moved,
    /// the judged ones and the heaviest. A flow that did neither cannot have become heavier, so that
    /// this finds the heaviest of the whole table without looking at it.
    pub(super) fn choose_shown(&mut self, dirty: &[u32]) {
        let limit = self.config.rows.max(1);
        let records = &mut self.records;
        self.shown.retain(|place| {
            let record = &mut records[*place as usize];
            record.is_shown = record.is_used();
            record.is_shown
        });
        for place in dirty {
            let record = &mut records[*place as usize];
            if !record.is_shown {
                record.is_shown = true;
                self.shown.push(*place);
            }
        }
        if self.shown.len() > limit {
            self.shown.select_nth_unstable_by(limit, |a, b| {
                let (a, b) = (&records[*a as usize], &records[*b as usize]);
                b.is_judged.cmp(&a.is_judged).then(b.weight.total_cmp(&a.weight))
            });
            for place in self.shown.drain(limit..) {
                records[place as usize].is_shown = false;
            }
        }
    }

    /// Decides what is undecided and shows every flow: for a report, when no more will come.
    pub fn show_all(&mut self) {
        for place in 0..self.records.len() as u32 {
            self.settle_if_over(place, true);
        }
        self.shown.clear();
        for (place, record) in self.records.iter_mut().enumerate() {
            record.is_shown = record.is_used();
            if record.is_shown {
                self.shown.push(place as u32);
            }
        }
    }

    /// The chosen flows as rows, in the order in which they were first seen.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.shown.iter().map(|place| self.row(*place)).collect();
        rows.sort_by(|a, b| a.first.cmp(&b.first).then_with(|| a.id.cmp(&b.id)));
        rows
    }

    fn row(&self, place: u32) -> Row {
        let record = &self.records[place as usize];
        let cold = &self.cold[place as usize];
        let (out, into) = record.out_in();
        let history = cold.history().and_then(|slot| self.histories.get(slot));
        let sent = |side| history.map(|history| history.window(side, self.tick));
        let (sent, received) = (sent(out), sent(into));
        let (headers, peak) = (cold.segment_headers(), cold.peak());
        Row {
            id: RowId::Flow(record.key),
            flows: 1,
            protocol: Some(record.key.protocol()),
            local: Some(record.key.end(record.ours())),
            remote: Some(record.key.end(record.ours().other())),
            interface: Some(cold.interface),
            direction: direction(record),
            opener: opener(record),
            opened: u64::from(cold.opened.max(1)),
            bytes_out: record.bytes[out],
            bytes_in: record.bytes[into],
            wire_bytes_out: record.bytes[out] + headers[out],
            wire_bytes_in: record.bytes[into] + headers[into],
            ip_bytes_out: record.ip_bytes[out],
            ip_bytes_in: record.ip_bytes[into],
            payload_bytes_out: record.payload[out],
            payload_bytes_in: record.payload[into],
            packets_out: record.packets[out],
            packets_in: record.packets[into],
            counting: self.config.counting,
            measure: record.measure,
            is_carried: record.home.is_carried(),
            rates_out: sent.as_ref().map(Window::rates).unwrap_or_default(),
            rates_in: received.as_ref().map(Window::rates).unwrap_or_default(),
            peak_out: peak[out],
            peak_in: peak[into],
            spark: sent.as_ref().map(Window::spark).unwrap_or_default(),
            first: cold.first,
            last: record.last,
            state: record.state,
            application: cold.facts().map_or(Application::PENDING, |facts| facts.application),
            name: cold.name().cloned(),
            facts: cold.facts().cloned(),
            owner: cold.owner().cloned(),
            ..Row::default()
        }
    }

    /// Lets judged flows leave again when they must, but for those that `keep` names. All are among the shown.
    pub fn release_judged(&mut self, keep: impl Fn(&FlowKey, &Subject) -> bool) {
        let is_free = |place: &u32| {
            let record = &self.records[*place as usize];
            record.is_judged && !keep(&record.key, &subject(record, &self.cold[*place as usize]))
        };
        let free: Vec<u32> = self.shown.iter().copied().filter(is_free).collect();
        for place in free {
            let key = self.records[place as usize].key;
            self.set_judged(&key, false);
        }
    }

    /// Flows on the table that no row shows.
    pub fn hidden(&self) -> u64 {
        self.kept().saturating_sub(self.shown.len() as u64)
    }

    /// All that no row shows, as one row: everything that was ever counted is in `rows` or here.
    pub fn other(&self, rows: &[Row]) -> Row {
        let grand = &self.grand;
        let mut other = Row {
            id: RowId::Other,
            flows: grand.gone + self.hidden(),
            counting: self.config.counting,
            ..Row::default()
        };
        let less = |all: u64, of: fn(&Row) -> u64| all.saturating_sub(rows.iter().map(of).sum());
        other.bytes_out = less(grand.bytes[0], |row| row.bytes_out);
        other.bytes_in = less(grand.bytes[1], |row| row.bytes_in);
        other.wire_bytes_out = less(grand.wire[0], |row| row.wire_bytes_out);
        other.wire_bytes_in = less(grand.wire[1], |row| row.wire_bytes_in);
        other.ip_bytes_out = less(grand.ip_bytes[0], |row| row.ip_bytes_out);
        other.ip_bytes_in = less(grand.ip_bytes[1], |row| row.ip_bytes_in);
        other.payload_bytes_out = less(grand.payload[0], |row| row.payload_bytes_out);
        other.payload_bytes_in = less(grand.payload[1], |row| row.payload_bytes_in);
        other.packets_out = less(grand.packets[0], |row| row.packets_out);
        other.packets_in = less(grand.packets[1], |row| row.packets_in);
        other
    }

    /// How much of what was sent has a known owner, since the start.
    pub fn attribution(&self) -> Attribution {
        Attribution {
            bytes_out: self.grand.owned_out.min(self.grand.wire[0] - self.carried.wire[0]),
            of_bytes_out: self.grand.wire[0] - self.carried.wire[0],
            flows: self.grand.owned_flows,
            of_flows: self.grand.gone + self.kept(),
        }
    }

    /// The counters of the footer: everything since the start.
    pub fn totals(&self) -> Totals {
        let rates = |side| self.totals.rates(side, self.tick);
        let less = |all: [u64; 2], carried: [u64; 2]| [all[0] - carried[0], all[1] - carried[1]];
        let (grand, carried) = (&self.grand, &self.carried);
        let wire = less(grand.wire, carried.wire);
        let (ip, payload) = (less(grand.ip_bytes, carried.ip_bytes), less(grand.payload, carried.payload));
        let [bytes_out, bytes_in] = self.config.counting.of(wire, ip, payload);
        let [packets_out, packets_in] = less(grand.packets, carried.packets);
        Totals {
            bytes_out,
            bytes_in,
            packets_out,
            packets_in,
            rates_out: rates(0),
            rates_in: rates(1),
            ..Totals::default()
        }
    }
}
