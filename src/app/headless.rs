//! Reports: the same engine without a screen, then its last snapshot, or one every so often.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::capture::CaptureError;
use crate::cli::job::{Detect, Display, Flows, Form, PortDisplay, Setup, TextMode};
use crate::engine::Engine;
use crate::error::{Error, exit};
use crate::model::Answer;
use crate::report::iftop::{self, IftopOptions};
use crate::report::{self, FlowSource, Rows, csv, finding, json, select, table};
use crate::snapshot::{Published, Row, Snapshot, Unit};
use crate::sys::Wake;

use super::parts::{self, Memory};
use super::runner::{Doors, Runner};
use super::{signals, source};

/// Answers waiting at most.
const ANSWERS: usize = 4_096;
/// iftop's text mode prints this often.
const TEXT_EVERY: Duration = Duration::from_secs(10);

/// Flows of a source, when it ends or after so long.
pub(super) fn flows(setup: &Setup, wanted: &Flows) -> Result<u8, Error> {
    let (snapshot, mut listed) = last_moment(setup, wanted.listen_for)?;
    let mut rows = select(&mut listed, snapshot.at, &wanted.filter, wanted.by, wanted.sort);
    let mut out = report::stdout();
    let written = match wanted.form {
        Form::Json => json::flows(&mut out, &snapshot, &mut rows, wanted.by),
        Form::Csv => csv::flows(&mut out, &snapshot, &mut rows, wanted.by, &wanted.columns),
        Form::Table => table::flows(&mut out, &snapshot, &mut rows, &wanted.columns, wanted.unit),
    };
    report::written(written)?;
    let mut is_found = false;
    if wanted.fail_on_found {
        report::written(rows.each(&mut |row| {
            is_found |= !row.findings.is_empty() && row.mark.is_none();
            Ok(())
        }))?;
    }
    Ok(if is_found { exit::FOUND } else { exit::FINE })
}

/// All flows of the last moment.
struct Listed {
    engine: Engine,
    places: Vec<u32>,
}

impl FlowSource for Listed {
    fn count(&self) -> usize {
        self.places.len()
    }

    fn flow(&mut self, number: usize) -> Row {
        self.places.get(number).map_or_else(Row::default, |place| self.engine.row_at(*place))
    }
}

/// Findings of a capture file.
pub(super) fn detect(setup: &Setup, wanted: &Detect) -> Result<u8, Error> {
    let (snapshot, _) = last_moment(setup, None)?;
    let mut out = report::stdout();
    let written =
        if wanted.json { finding::json(&mut out, &snapshot) } else { finding::text(&mut out, &snapshot, Unit::Bytes) };
    let found = match written {
        Ok(found) => found,
        Err(why) => return report::written(Err(why)).map(|()| exit::FINE),
    };
    Ok(if found > 0 { exit::FOUND } else { exit::FINE })
}

/// Runs a source to its end and gives its last moment, and every flow of it.
fn last_moment(setup: &Setup, listen_for: Option<Duration>) -> Result<(Arc<Snapshot>, Listed), Error> {
    let networks = parts::networks(setup)?;
    let mut opened = source::open(setup)?;
    let (doors, published, replies) = doors()?;
    let (engine, keeper) = parts::engine(setup, Memory::Report, networks);
    let mut runner = Runner::new(engine, keeper, doors, opened.vantage);
    runner.is_live = opened.is_live;
    runner.reduced = opened.reduced;
    if opened.is_live {
        runner.find_owners(replies, setup.rungs);
    }
    runner.listen_for = listen_for;
    runner.shows_all = true;
    let (runner, outcome) = runner.run(opened.capture.as_mut());
    outcome.map_err(|error| broke_off(&error))?;
    Ok((published.latest(), Listed { engine: runner.engine, places: runner.listed }))
}

/// iftop's text mode.
pub(super) fn text(setup: &Setup, display: &Display, mode: TextMode) -> Result<u8, Error> {
    let networks = parts::networks(setup)?;
    let mut opened = source::open(setup)?;
    let (doors, published, _) = doors()?;
    let (engine, keeper) = parts::engine(setup, Memory::Dashboard, networks);
    let mut runner = Runner::new(engine, keeper, doors, opened.vantage);
    runner.is_live = opened.is_live;
    runner.reduced = opened.reduced;
    runner.listen_for = mode.once_after;
    let options = iftop_options(display, mode);
    let mut printer = Printer { published: Arc::clone(&published), options, every: TEXT_EVERY, next: None };
    let is_once = mode.once_after.is_some();
    let once = printer.options.clone();
    if !is_once {
        runner.each_interval = Some(Box::new(move || printer.print_if_due()));
    }
    let (mut runner, outcome) = runner.run(opened.capture.as_mut());
    runner.keeper.finish();
    outcome.map_err(|error| broke_off(&error))?;
    if is_once {
        let mut out = report::stdout();
        let snapshot = published.latest();
        report::written(iftop::preamble(&mut out, &snapshot).and_then(|()| iftop::report(&mut out, &snapshot, &once)))?;
    }
    Ok(exit::FINE)
}

/// Prints a report whenever enough data time has passed.
struct Printer {
    published: Arc<Published>,
    options: IftopOptions,
    every: Duration,
    next: Option<crate::model::Timestamp>,
}

impl Printer {
    /// Whether to go on: false when nobody reads any more.
    fn print_if_due(&mut self) -> bool {
        let snapshot = self.published.latest();
        let mut out = report::stdout();
        let is_first = self.next.is_none();
        if self.next.is_some_and(|next| snapshot.at < next) {
            return true;
        }
        self.next = Some(snapshot.at.plus(self.every));
        let written = if is_first {
            iftop::preamble(&mut out, &snapshot)
        } else {
            iftop::report(&mut out, &snapshot, &self.options)
        };
        written.is_ok()
    }
}

fn iftop_options(display: &Display, mode: TextMode) -> IftopOptions {
    IftopOptions {
        unit: display.unit,
        lines: mode.lines,
        sort: display.sort,
        filter: display.filter.clone(),
        source_ports: matches!(display.ports, PortDisplay::SourceOnly | PortDisplay::On),
        destination_ports: matches!(display.ports, PortDisplay::DestinationOnly | PortDisplay::On),
        link_local: display.link_local,
    }
}

fn doors() -> Result<(Doors, Arc<Published>, Sender<Answer>), Error> {
    let published = Arc::new(Published::default());
    // Nobody commands: the other end is dropped here.
    let (_, commands) = crossbeam_channel::bounded(1);
    let (replies, answers) = crossbeam_channel::bounded(ANSWERS);
    let wake = Wake::new().map_err(|error| Error::new("cannot make a descriptor to wait on", error))?;
    let stop = signals::stop_flag(&[&wake])?;
    let doors = Doors { published: Arc::clone(&published), commands, answers, stop, wake, screen: None };
    Ok((doors, published, replies))
}

fn broke_off(error: &CaptureError) -> Error {
    Error::new("the source broke off", error)
}
