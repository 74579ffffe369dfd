//! Commands about what egret remembers: marks and the baseline.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::baseline::{Destination, Ledger, Record, SavedKey};
use crate::capture::wall;
use crate::cli::Places;
use crate::cli::job::{Baseline, KnownGood};
use crate::error::{Error, exit};
use crate::marks::file::{self, Trust};
use crate::marks::{Change, Marks};
use crate::model::{Label, Mark, Timestamp};
use crate::report::{self, Table};
use crate::snapshot::format;
use crate::store::Store;

use super::keeper::{self, WORDS};

/// Lists, adds or removes known-good marks.
pub(super) fn known_good(path: &Path, action: KnownGood) -> Result<u8, Error> {
    let trust = Trust { uids: Places::find().who };
    let (mut on_disk, list) = file::KnownGood::open(path, trust)?;
    let now = wall::now();
    let mut marks = Marks::from_list(list.clone());
    let changes = match action {
        KnownGood::List { json } => return list_marks(&list, now, json),
        KnownGood::Add { scope, lasting, reason } => marks
            .add(scope, lasting, reason, keeper::who(), now)
            .map_err(|error| Error::new("cannot mark that as known-good", error))?,
        KnownGood::Remove { ids } => removals(&mut marks, &ids)?,
    };
    let applied = on_disk.apply(&changes, &keeper::who(), now)?;
    let mut out = report::stdout();
    for change in &changes {
        let (verb, mark) = match change {
            Change::Added(mark) => ("added", mark),
            Change::Removed(mark) => ("removed", mark),
        };
        report::written(writeln!(out, "{verb} {}: {} {}", mark.id, mark.scope.id(), mark.scope))?;
    }
    match applied.unjournalled {
        Some(error) => Err(Error::new("the mark is in the file, but who made it could not be written down", error)),
        None => Ok(exit::FINE),
    }
}

fn removals(marks: &mut Marks, ids: &[Label]) -> Result<Vec<Change>, Error> {
    let one = |id: &Label| {
        let gone = marks.remove(id);
        gone.ok_or_else(|| Error::new(format!("there is no mark {id}"), "").hint("egret known-good list"))
    };
    ids.iter().map(one).collect()
}

fn list_marks(list: &[Mark], now: Timestamp, is_json: bool) -> Result<u8, Error> {
    let mut out = report::stdout();
    if is_json {
        for mark in list {
            let record = json!({
                "type": "mark", "id": mark.id, "scope": mark.scope.id(), "covers": mark.scope.to_string(),
                "made": mark.made.to_string(), "by": mark.by, "reason": mark.reason,
                "expires": mark.expires.map(|at| at.to_string()), "expired": mark.expires.is_some_and(|at| at < now),
            });
            report::written(report::json::line(&mut out, &record))?;
        }
        return Ok(exit::FINE);
    }
    let mut table = Table::new(&["ID", "SCOPE", "COVERS", "MADE", "BY", "EXPIRES", "REASON"]);
    for mark in list {
        let expires = match mark.expires {
            None => "never".to_owned(),
            Some(at) if at < now => "expired".to_owned(),
            Some(at) => format!("in {}", format::duration(at.since(now))),
        };
        let reason = mark.reason.as_ref().map_or_else(String::new, ToString::to_string);
        let made = mark.made.to_string().chars().take(16).collect();
        table.row([
            mark.id.to_string(),
            mark.scope.id().to_owned(),
            mark.scope.to_string(),
            made,
            mark.by.to_string(),
            expires,
            reason,
        ]);
    }
    report::written(table.write(&mut out))?;
    Ok(exit::FINE)
}

/// Shows or forgets what was learnt.
pub(super) fn baseline(dir: &Path, action: Baseline) -> Result<u8, Error> {
    match action {
        Baseline::Show { json } => show(dir, json),
        Baseline::Reset { sure: false } => {
            Err(Error::new("this forgets everything that was learnt", dir.display()).hint("egret baseline reset --yes"))
        }
        Baseline::Reset { sure: true } => {
            let aside = Store::set_aside(dir).map_err(|error| Error::new("cannot forget what was learnt", error))?;
            let text = match aside {
                Some(path) => format!("forgotten; the old state is kept as {}", path.display()),
                None => "there was nothing to forget".to_owned(),
            };
            report::written(report::text(&mut report::stdout(), &text))?;
            Ok(exit::FINE)
        }
    }
}

/// What was learnt about one destination.
type Learnt<'a> = (&'a Destination, &'a Record);

fn show(dir: &Path, is_json: bool) -> Result<u8, Error> {
    let (_, loaded) = Store::open(dir, &WORDS).map_err(|error| Error::new("cannot read what was learnt", error))?;
    let rows: HashMap<SavedKey, Option<Record>> = loaded.baseline.rows;
    let mut learnt: Vec<Learnt<'_>> = rows
        .iter()
        .filter_map(|(key, record)| match (key, record) {
            (SavedKey::Destination(Ledger::Initiated, destination), Some(record)) if !record.alias => {
                Some((destination, record))
            }
            _ => None,
        })
        .collect();
    learnt.sort_by(|a, b| b.1.bytes_out.cmp(&a.1.bytes_out).then_with(|| a.0.cmp(b.0)));
    let mut out = report::stdout();
    if is_json {
        for (destination, record) in learnt {
            let record = json!({
                "type": "destination", "destination": destination.to_string(),
                "first": record.known.first.to_string(), "last": record.known.last.to_string(),
                "days": record.known.days, "bytes_out": record.bytes_out, "bytes_in": record.bytes_in,
            });
            report::written(report::json::line(&mut out, &record))?;
        }
        return Ok(exit::FINE);
    }
    let observed = loaded.baseline.observed.unwrap_or_default();
    report::written(report::text(&mut out, &format!("observed for {}", format::duration(observed))))?;
    let mut table = Table::new(&["DESTINATION", "FIRST", "LAST", ">DAYS", ">OUT", ">IN"]);
    for (destination, record) in learnt {
        let day = |at: Timestamp| at.to_string().chars().take(16).collect::<String>();
        table.row([
            destination.to_string(),
            day(record.known.first),
            day(record.known.last),
            record.known.days.to_string(),
            format::bytes(record.bytes_out),
            format::bytes(record.bytes_in),
        ]);
    }
    report::written(table.write(&mut out))?;
    Ok(exit::FINE)
}
