//! Which rows a report lists, added up and in what order.

use crate::filter::{Filter, Sort};
use crate::model::{Connection, Connections};
use crate::snapshot::{Grouping, Row, Snapshot, connections, group_by};

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

/// The sockets that pass the filter, as rows. Without an order: connections first, then by kind and port.
pub fn sockets(
    all: &Connections,
    filter: &Filter,
    sort: Option<Sort>,
    is_wanted: impl Fn(&Connection) -> bool,
) -> Vec<Row> {
    let wanted = all.list.iter().filter(|socket| is_wanted(socket)).map(connections::row);
    let mut rows: Vec<Row> = wanted.filter(|row| filter.matches_at(row, all.at)).collect();
    rows.sort_by_key(|row| row.socket.as_ref().map(|one| (one.is_listening(), one.kind, one.local, one.remote)));
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
