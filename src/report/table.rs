//! Aligned tables for people: numbers to the right, text to the left, long text cut.

use std::io::{self, Write};

use crate::snapshot::{Field, Row, Snapshot, Unit, field};

use super::select::Rows;
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
        let mut widths = Widths::new(&self.heads);
        self.rows.iter().for_each(|row| widths.take(row));
        for line in std::iter::once(&self.heads).chain(&self.rows) {
            widths.line(out, line, &self.to_the_right)?;
        }
        Ok(())
    }
}

/// How wide each column has to be.
struct Widths(Vec<usize>);

impl Widths {
    fn new(heads: &[String]) -> Self {
        Self(heads.iter().map(|head| head.chars().count()).collect())
    }

    fn take(&mut self, cells: &[String]) {
        let last = self.0.len().saturating_sub(1);
        for (at, (width, cell)) in self.0.iter_mut().zip(cells).enumerate() {
            let wanted = cell.chars().count();
            *width = (*width).max(if at == last { wanted } else { wanted.min(WIDEST) });
        }
    }

    fn line(&self, out: &mut dyn Write, cells: &[String], to_the_right: &[bool]) -> io::Result<()> {
        let mut text = String::new();
        for ((at, cell), width) in cells.iter().enumerate().zip(&self.0) {
            let cell = cut(cell, *width);
            let cell = match to_the_right.get(at) {
                Some(true) => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            };
            text.extend([if at == 0 { "" } else { "  " }, &cell]);
        }
        out.write_all(text.trim_end().as_bytes())?;
        out.write_all(b"\n")
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
    rows: &mut dyn Rows,
    columns: &[&'static Field],
    unit: Unit,
) -> io::Result<()> {
    let usual: Vec<&'static Field> = USUAL.iter().filter_map(|id| field(id)).collect();
    let columns = if columns.is_empty() { &usual } else { columns };
    let heads: Vec<String> = columns.iter().map(|field| field.head.to_owned()).collect();
    let to_the_right: Vec<bool> = columns.iter().map(|field| field.kind.is_number()).collect();
    let cells = |row: &Row| columns.iter().map(|field| unit.value(&(field.get)(row))).collect::<Vec<String>>();
    let mut widths = Widths::new(&heads);
    rows.each(&mut |row| {
        widths.take(&cells(row));
        Ok(())
    })?;
    widths.line(out, &heads, &to_the_right)?;
    rows.each(&mut |row| widths.line(out, &cells(row), &to_the_right))?;
    out.write_all(b"\n")?;
    super::text(out, &Summary::new(snapshot, rows.count()).text())
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
