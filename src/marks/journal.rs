//! Who changed which mark, when and why: one JSON object a line, only ever added to.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::model::{Label, Timestamp};

use super::{Change, scope};

/// Above this many bytes the journal begins anew; one older part is kept beside it.
const LONGEST: u64 = 4 << 20;

/// A line of the journal.
#[derive(Debug, Serialize)]
struct Line<'a> {
    ts: String,
    who: &'a Label,
    /// `add` or `remove`.
    what: &'static str,
    id: &'a Label,
    kind: &'static str,
    scope: String,
    until: Option<String>,
    why: Option<&'a Label>,
}

/// The lines for some changes.
pub fn lines(changes: &[Change], who: &Label, at: Timestamp) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    for change in changes {
        let (what, mark) = match change {
            Change::Added(mark) => ("add", mark),
            Change::Removed(mark) => ("remove", mark),
        };
        let line = Line {
            ts: at.to_string(),
            who,
            what,
            id: &mark.id,
            kind: mark.scope.id(),
            scope: scope::text(&mark.scope),
            until: mark.expires.map(|until| until.to_string()),
            why: mark.reason.as_ref(),
        };
        serde_json::to_writer(&mut out, &line)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// Adds lines to an open journal, all or none as far as the file system allows.
pub fn append(journal: &mut File, path: &Path, lines: &[u8]) -> io::Result<()> {
    let before = journal.metadata()?.len();
    let written = journal.write_all(lines).and_then(|()| journal.sync_data());
    if written.is_err() {
        // Half a line would spoil the next one; if this fails too there is nothing more to do here.
        let _ = journal.set_len(before);
        return written;
    }
    if before > LONGEST {
        fs::rename(path, path.with_extension("jsonl.old"))?;
    }
    Ok(())
}
