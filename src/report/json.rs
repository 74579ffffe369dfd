//! JSON lines: one object a line, whole lines only.

use std::io::{self, Write};

use serde::Serialize;

use crate::snapshot::{Grouping, Snapshot};

use super::flow::FlowRecord;
use super::select::Rows;
use super::summary::Summary;

/// One object and a newline.
pub fn line(out: &mut dyn Write, record: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(record)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// Every row, then the summary.
pub fn flows(out: &mut dyn Write, snapshot: &Snapshot, rows: &mut dyn Rows, by: Grouping) -> io::Result<()> {
    rows.each(&mut |row| line(out, &FlowRecord::new(row, by, snapshot)))?;
    line(out, &Summary::new(snapshot, rows.count()))?;
    out.flush()
}
