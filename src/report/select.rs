//! Which rows a report lists, added up and in what order.

use crate::filter::{Filter, Sort};
use crate::snapshot::{Grouping, Row, Snapshot, group_by};

/// The rows of a report: flows that pass the filter, added up, sorted. Without an order, those that matter most come first.
pub fn select(snapshot: &Snapshot, filter: &Filter, by: Grouping, sort: Option<Sort>) -> Vec<Row> {
    let flows = snapshot.rows.iter().enumerate().filter(|(_, row)| filter.matches_at(row, snapshot.at));
    let mut rows: Vec<Row> = match by {
        Grouping::Flow => flows.map(|(_, row)| row.clone()).collect(),
        by => group_by(flows, |row| by.id_of(row)).into_iter().map(|(row, _)| row).collect(),
    };
    if let Some(sort) = sort {
        order(&mut rows, sort);
    }
    rows
}

/// Sorts by a field; equals keep their places.
pub fn order(rows: &mut [Row], sort: Sort) {
    rows.sort_by(|a, b| {
        let order = (sort.field.get)(a).order(&(sort.field.get)(b));
        if sort.descending { order.reverse() } else { order }
    });
}
