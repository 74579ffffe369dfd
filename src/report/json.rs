//! JSON lines: one object a line, whole lines only.

use std::io::{self, Write};

use serde::Serialize;

use crate::snapshot::{Grouping, Row, Snapshot};

use super::flow::FlowRecord;
use super::summary::Summary;

/// One object and a newline.
pub fn line(out: &mut dyn Write, record: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(record)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// Every row, then the summary.
pub fn flows(out: &mut dyn Write, snapshot: &Snapshot, rows: &[Row], by: Grouping) -> io::Result<()> {
    for row in rows {
        line(out, &FlowRecord::new(row, by, snapshot))?;
    }
    line(out, &Summary::new(snapshot, rows.len()))?;
    out.flush()
}
