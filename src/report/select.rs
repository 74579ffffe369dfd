//! Which rows a report lists, added up and in what order. Rows are made one at a time, as often as they are looked at:
//! all together they would need more memory than all that is known of their flows.

use std::collections::HashMap;
use std::io;

use crate::filter::{Filter, Sort};
use crate::model::{Connection, Connections, Timestamp, Value};
use crate::snapshot::{Grouping, Row, RowId, connections};

/// Flows that a report is about.
pub trait FlowSource {
    fn count(&self) -> usize;
    /// Makes the row of flow `number`, below `count`.
    fn flow(&mut self, number: usize) -> Row;
}

impl FlowSource for Vec<Row> {
    fn count(&self) -> usize {
        self.len()
    }

    fn flow(&mut self, number: usize) -> Row {
        self.get(number).cloned().unwrap_or_default()
    }
}

/// The lines of a report.
pub trait Rows {
    fn count(&self) -> usize;
    /// Shows each row in turn, until `see` fails.
    fn each(&mut self, see: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()>;
}

impl Rows for Vec<Row> {
    fn count(&self) -> usize {
        self.len()
    }

    fn each(&mut self, see: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(see)
    }
}

/// The flows that pass a filter, added up and in order.
pub struct Selection<'a> {
    flows: &'a mut dyn FlowSource,
    /// The numbers of the flows, those of a line beside each other.
    members: Vec<u32>,
    /// Where the members of each line begin and end; none where each flow is a line.
    groups: Option<(Grouping, Vec<(u32, u32)>)>,
    /// The lines in their order; none for as they are.
    order: Option<Vec<u32>>,
}

/// The rows of a report: flows that pass the filter at a moment, added up, sorted. Without an order, they stand as their
/// flows were first seen.
pub fn select<'a>(
    flows: &'a mut dyn FlowSource,
    at: Timestamp,
    filter: &Filter,
    by: Grouping,
    sort: Option<Sort>,
) -> Selection<'a> {
    let mut numbers: HashMap<RowId, u32> = HashMap::new();
    let mut found: Vec<(u32, u32)> = Vec::new();
    for number in 0..flows.count() {
        let row = flows.flow(number);
        if !filter.matches_at(&row, at) {
            continue;
        }
        let line = if by == Grouping::Flow {
            found.len() as u32
        } else {
            let next = numbers.len() as u32;
            *numbers.entry(by.id_of(&row)).or_insert(next)
        };
        found.push((line, number as u32));
    }
    drop(numbers);
    found.sort_unstable();
    let groups = (by != Grouping::Flow).then(|| (by, bounds(&found)));
    let members = found.into_iter().map(|(_, number)| number).collect();
    let mut selection = Selection { flows, members, groups, order: None };
    if let Some(sort) = sort {
        selection.sort(sort);
    }
    selection
}

/// Where each line begins and ends among members that are sorted by line.
fn bounds(found: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut begin = 0;
    found
        .chunk_by(|(a, _), (b, _)| a == b)
        .map(|members| {
            let end = begin + members.len() as u32;
            (std::mem::replace(&mut begin, end), end)
        })
        .collect()
}

impl Selection<'_> {
    fn row(&mut self, line: u32) -> Row {
        let flow = |flows: &mut dyn FlowSource, number: Option<&u32>| number.map(|number| flows.flow(*number as usize));
        match &self.groups {
            None => flow(self.flows, self.members.get(line as usize)).unwrap_or_default(),
            Some((by, bounds)) => {
                let (begin, end) = bounds.get(line as usize).copied().unwrap_or_default();
                let members = self.members.get(begin as usize..end as usize).unwrap_or_default();
                let mut sum = Row::default();
                for (at, number) in members.iter().enumerate() {
                    let row = self.flows.flow(*number as usize);
                    if at == 0 {
                        sum = Row { id: by.id_of(&row), ..row };
                    } else {
                        sum.absorb(&row);
                    }
                }
                sum
            }
        }
    }

    /// Equals keep their places.
    fn sort(&mut self, sort: Sort) {
        let mut keys: Vec<(Value, u32)> =
            (0..self.count() as u32).map(|line| ((sort.field.get)(&self.row(line)), line)).collect();
        keys.sort_by(|(a, _), (b, _)| ordered(sort, a, b));
        self.order = Some(keys.into_iter().map(|(_, line)| line).collect());
    }
}

impl Rows for Selection<'_> {
    fn count(&self) -> usize {
        self.groups.as_ref().map_or(self.members.len(), |(_, bounds)| bounds.len())
    }

    fn each(&mut self, see: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
        for at in 0..self.count() {
            let line = self.order.as_ref().and_then(|order| order.get(at).copied()).unwrap_or(at as u32);
            see(&self.row(line))?;
        }
        Ok(())
    }
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
    rows.sort_by(|a, b| ordered(sort, &(sort.field.get)(a), &(sort.field.get)(b)));
}

fn ordered(sort: Sort, a: &Value, b: &Value) -> std::cmp::Ordering {
    if sort.descending { b.order(a) } else { a.order(b) }
}
