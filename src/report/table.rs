//! Aligned tables for people: numbers to the right, text to the left, long text cut.

use std::io::{self, Write};

use crate::snapshot::{Field, Row, Snapshot, Unit, field};

use super::summary::Summary;

/// A table of texts.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heads: Vec<String>,
    to_the_right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

/// The most columns a cell takes, unless it is the last of its row.
const WIDEST: usize = 40;

impl Table {
    /// With headings; those that start with `>` head numbers.
    pub fn new(heads: &[&str]) -> Self {
        Self {
            heads: heads.iter().map(|head| head.trim_start_matches('>').to_owned()).collect(),
            to_the_right: heads.iter().map(|head| head.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let lines = || std::iter::once(&self.heads).chain(&self.rows);
        let last = self.heads.len().saturating_sub(1);
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|at| lines().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .enumerate()
            .map(|(at, width)| if at == last { width } else { width.min(WIDEST) })
            .collect();
        for line in lines() {
            let mut text = String::new();
            for ((at, cell), width) in line.iter().enumerate().zip(&widths) {
                let cell = cut(cell, *width);
                let cell = match self.to_the_right.get(at) {
                    Some(true) => format!("{cell:>width$}"),
                    _ => format!("{cell:<width$}"),
                };
                text.extend([if at == 0 { "" } else { "  " }, &cell]);
            }
            out.write_all(text.trim_end().as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The columns of a table of flows when none are asked for.
const USUAL: [&str; 12] =
    ["dst", "host", "port", "proto", "app", "direction", "out", "in", "pkts", "pkts_in", "score", "reason"];

/// A table of rows, then what happened to every frame.
pub fn flows(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    rows: &[Row],
    columns: &[&'static Field],
    unit: Unit,
) -> io::Result<()> {
    let usual: Vec<&'static Field> = USUAL.iter().filter_map(|id| field(id)).collect();
    let columns = if columns.is_empty() { &usual } else { columns };
    let mut table = Table {
        heads: columns.iter().map(|field| field.head.to_owned()).collect(),
        to_the_right: columns.iter().map(|field| field.kind.is_number()).collect(),
        rows: Vec::new(),
    };
    for row in rows {
        table.row(columns.iter().map(|field| unit.value(&(field.get)(row))));
    }
    table.write(out)?;
    out.write_all(b"\n")?;
    super::text(out, &Summary::new(snapshot, rows.len()).text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_and_cuts() {
        let mut table = Table::new(&["NAME", ">SIZE", "WHY"]);
        table.row(["a".to_owned(), "5".to_owned(), "because".to_owned()]);
        table.row(["b".repeat(60), "12345".to_owned(), "w".repeat(60)]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("NAME") && lines[0].contains(" SIZE  WHY"));
        assert!(lines[1].ends_with("    5  because"), "{:?}", lines[1]);
        assert!(lines[2].contains("b…  12345  w") && lines[2].ends_with(&"w".repeat(60)));
    }
}
