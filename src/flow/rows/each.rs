//! Rows one at a time, for a report over all flows: together they would need more memory than the table.

use crate::snapshot::{Row, RowId};

use super::FlowTable;

impl FlowTable {
    /// The places of the flows that are shown, in the order in which they were first seen.
    pub fn places(&self) -> Vec<u32> {
        let mut places = self.shown.clone();
        let id = |place: u32| RowId::Flow(self.records[place as usize].key);
        let first = |place: u32| self.cold[place as usize].first;
        places.sort_unstable_by(|a, b| first(*a).cmp(&first(*b)).then_with(|| id(*a).cmp(&id(*b))));
        places
    }

    /// The row of one of these places.
    pub fn row_at(&self, place: u32) -> Row {
        self.row(place)
    }

    /// The counters of some places, added up.
    pub fn sum_of(&self, places: &[u32]) -> Row {
        let mut sum = Row::default();
        for row in places.iter().map(|place| self.row(*place)) {
            sum.bytes_out += row.bytes_out;
            sum.bytes_in += row.bytes_in;
            sum.wire_bytes_out += row.wire_bytes_out;
            sum.wire_bytes_in += row.wire_bytes_in;
            sum.ip_bytes_out += row.ip_bytes_out;
            sum.ip_bytes_in += row.ip_bytes_in;
            sum.payload_bytes_out += row.payload_bytes_out;
            sum.payload_bytes_in += row.payload_bytes_in;
            sum.packets_out += row.packets_out;
            sum.packets_in += row.packets_in;
        }
        sum
    }
}
