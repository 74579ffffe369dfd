//! The lines of the Talkers table: flows sifted, added up, put in order and unfolded.

use std::collections::HashSet;

use crate::snapshot::{Row, RowId, Snapshot, group_by};

use super::options::UiOptions;
use super::order::{Hold, Order};
use super::screen::{By, Screen, Seen};

/// What a line is, for as long as it lasts: a row, or one flow of an unfolded row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LineId {
    pub row: RowId,
    pub flow: Option<RowId>,
}

/// The table as it stands between two snapshots.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub lines: Vec<LineId>,
    places: Vec<Place>,
    rows: Vec<(Row, Vec<usize>)>,
    flows: Vec<Row>,
    /// Rows shown, and flows in them.
    pub shown: Sum,
    /// Flows that a filter hides.
    pub filtered: Sum,
    /// Flows that are known-good and hidden.
    pub known: Sum,
    /// Rows that came after the order was frozen.
    pub late: Sum,
    /// Flows that the snapshot has no room for.
    pub unlisted: Sum,
    pub has_owners: bool,
}

/// How many, and their wire bytes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub count: u64,
    pub bytes: u64,
}

impl Sum {
    const fn add(&mut self, row: &Row) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(row.out());
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Row(usize),
    Flow(usize),
}

/// Everything that a listing is made from, besides the snapshot.
pub(crate) struct Wanted<'a> {
    pub options: &'a UiOptions,
    pub screen: &'a Screen,
    pub unfolded: &'a HashSet<RowId>,
    /// The only rows there may be, once the order is frozen.
    pub frozen: Option<&'a HashSet<RowId>>,
    pub hold: Hold,
}

impl Listing {
    pub(crate) fn of(snapshot: &Snapshot, wanted: &Wanted<'_>, order: &mut Order) -> Self {
        let unlisted = Sum { count: snapshot.hidden_flows, bytes: snapshot.other.out() };
        let mut listing = Self { unlisted, ..Self::default() };
        let by = By::of(wanted.options);
        let mut shown = Vec::new();
        for (at, row) in snapshot.rows.iter().enumerate() {
            match wanted.screen.sift(row, wanted.options, snapshot.at) {
                Seen::Shown => shown.push((at, row)),
                Seen::Known => listing.known.add(row),
                Seen::Filtered => listing.filtered.add(row),
            }
        }
        listing.has_owners = shown.iter().any(|(_, row)| row.owner.is_some());
        let mut rows = group_by(shown, |row| by.id_of(row));
        if let Some(frozen) = wanted.frozen {
            rows.retain(|(row, _)| {
                let was_there = frozen.contains(&row.id);
                if !was_there {
                    listing.late.add(row);
                }
                was_there
            });
        }
        order.sort(&mut rows, wanted.options, wanted.hold);
        listing.rows = rows;
        listing.unfold(snapshot, wanted.unfolded);
        listing
    }

    fn unfold(&mut self, snapshot: &Snapshot, unfolded: &HashSet<RowId>) {
        for (at, (row, members)) in self.rows.iter().enumerate() {
            self.shown.add(row);
            self.lines.push(LineId { row: row.id.clone(), flow: None });
            self.places.push(Place::Row(at));
            if !unfolded.contains(&row.id) {
                continue;
            }
            let mut flows: Vec<&Row> = members.iter().filter_map(|member| snapshot.rows.get(*member)).collect();
            flows.sort_by(|a, b| b.out().cmp(&a.out()).then_with(|| a.id.cmp(&b.id)));
            for flow in flows {
                self.lines.push(LineId { row: row.id.clone(), flow: Some(flow.id.clone()) });
                self.places.push(Place::Flow(self.flows.len()));
                self.flows.push(flow.clone());
            }
        }
    }

    /// The row on a line.
    pub(crate) fn row(&self, line: usize) -> Option<&Row> {
        match self.places.get(line)? {
            Place::Row(at) => self.rows.get(*at).map(|(row, _)| row),
            Place::Flow(at) => self.flows.get(*at),
        }
    }

    pub(crate) fn is_flow(&self, line: usize) -> bool {
        matches!(self.places.get(line), Some(Place::Flow(_)))
    }

    pub(crate) fn line_of(&self, id: &LineId) -> Option<usize> {
        self.lines.iter().position(|line| line == id)
    }

    pub(crate) fn row_ids(&self) -> HashSet<RowId> {
        self.rows.iter().map(|(row, _)| row.id.clone()).collect()
    }

    /// The first lit row in the present order.
    pub(crate) fn first_lit(&self) -> Option<&Row> {
        self.rows.iter().map(|(row, _)| row).filter(|row| row.score > 0).max_by_key(|row| row.score)
    }

    /// The highest of a number over all rows.
    pub(crate) fn highest(&self, number: impl Fn(&Row) -> u64) -> u64 {
        self.rows.iter().map(|(row, _)| number(row)).max().unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}
