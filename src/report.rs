//! What a snapshot says, as lines: JSON, CSV, tables, and iftop's text mode. Reads snapshots and nothing else.

pub mod checks;
pub mod connections;
pub mod csv;
pub mod finding;
pub mod flow;
pub mod iftop;
pub mod json;
pub mod select;
pub mod summary;
pub mod table;

pub use select::{FlowSource, Rows, select};
pub use table::Table;

use std::io::{self, Write};

use crate::error::Error;

/// Standard output, locked, with a buffer that every line leaves at its end.
pub fn stdout() -> impl Write {
    io::LineWriter::new(io::stdout().lock())
}

/// What became of writing a report. A reader that has read enough and left is no error: `egret flows | head`.
pub fn written(outcome: io::Result<()>) -> Result<(), Error> {
    match outcome {
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(why) => Err(Error::new("cannot write the report", why)),
        Ok(()) => Ok(()),
    }
}

/// Writes a text that ends with one newline.
pub fn text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(text.trim_end_matches('\n').as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests;
