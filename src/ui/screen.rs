//! Which flows are shown, and how they are added up.

use regex::{Regex, RegexBuilder};

use crate::filter::{Filter, FilterError};
use crate::model::{Direction, Endpoint, FlowKey, Timestamp};
use crate::snapshot::{Grouping, Row, RowId};

use super::options::UiOptions;
use super::words;

/// How flows become rows: a grouping, and which ends and ports tell flows apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "iftop shows each end and each port, or not")]
pub(crate) struct By {
    grouping: Grouping,
    source: bool,
    destination: bool,
    source_ports: bool,
    destination_ports: bool,
}

impl By {
    pub(crate) const fn of(options: &UiOptions) -> Self {
        Self {
            grouping: options.grouping,
            source: options.show_source,
            destination: options.show_destination,
            source_ports: options.source_ports,
            destination_ports: options.destination_ports,
        }
    }

    /// The row a flow belongs to.
    pub(crate) fn id_of(self, row: &Row) -> RowId {
        if self.grouping != Grouping::Flow {
            return self.grouping.id_of(row);
        }
        let (Some(protocol), Some(local), Some(remote)) = (row.protocol, row.local, row.remote) else {
            return row.id.clone();
        };
        // The source port is the opener's, so that the clients of a server of ours become one row each.
        let inward = row.direction == Direction::In;
        let (ours, theirs) = if inward {
            (self.destination_ports, self.source_ports)
        } else {
            (self.source_ports, self.destination_ports)
        };
        RowId::Flow(FlowKey::new(protocol, shown(local, self.source, ours), shown(remote, self.destination, theirs)))
    }
}

/// An end with what is not shown of it left out.
fn shown(end: Endpoint, is_shown: bool, with_port: bool) -> Endpoint {
    match (is_shown, with_port) {
        (true, true) => end,
        (true, false) => Endpoint::new(end.ip, 0),
        (false, _) if end.ip.is_ipv6() => Endpoint::new(std::net::Ipv6Addr::UNSPECIFIED.into(), 0),
        (false, _) => Endpoint::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0),
    }
}

/// A row as it was grouped when the operator chose it.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    by: By,
    id: RowId,
}

impl Pick {
    pub(crate) const fn new(by: By, id: RowId) -> Self {
        Self { by, id }
    }

    fn covers(&self, row: &Row) -> bool {
        self.by.id_of(row) == self.id
    }
}

/// All that decides whether a flow is shown.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// The last filter that was valid; a new one that is not leaves it in force.
    filter: Option<Filter>,
    pattern: Option<Regex>,
    excluded: Vec<Pick>,
    only: Option<Pick>,
    /// Hides what was first seen before.
    since: Option<Timestamp>,
}

/// What becomes of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Shown,
    /// Hidden because it is known-good.
    Known,
    /// Hidden by a filter.
    Filtered,
}

/// The most rows that can be excluded one by one.
const EXCLUDED: usize = 256;

impl Screen {
    pub(crate) fn sift(&self, row: &Row, options: &UiOptions, now: Timestamp) -> Seen {
        let hidden = options.egress_only
            && matches!(row.direction, Direction::In | Direction::Local | Direction::Transit)
            || (!options.link_local && row.score == 0 && row.is_link_local())
            || self.since.is_some_and(|since| row.first < since)
            || self.only.as_ref().is_some_and(|pick| !pick.covers(row))
            || self.excluded.iter().any(|pick| pick.covers(row))
            || self.filter.as_ref().is_some_and(|filter| !filter.matches_at(row, now))
            || self.pattern.as_ref().is_some_and(|pattern| !matches_hosts(pattern, row, options));
        match (hidden, options.hide_known && row.mark.is_some()) {
            (true, _) => Seen::Filtered,
            (false, true) => Seen::Known,
            (false, false) => Seen::Shown,
        }
    }

    /// Puts a filter in force; empty takes it away. An error leaves the one before in force.
    pub(crate) fn set_filter(&mut self, text: &str) -> Result<Option<crate::filter::Sort>, FilterError> {
        let filter = Filter::parse(text)?;
        let sort = filter.sort();
        self.filter = if filter.text().is_empty() { None } else { Some(filter) };
        Ok(sort)
    }

    /// Puts a regular expression in force; empty takes it away. An error leaves the one before in force.
    pub(crate) fn set_pattern(&mut self, text: &str) -> Result<(), FilterError> {
        self.pattern = if text.is_empty() { None } else { Some(compile(text)?) };
        Ok(())
    }

    pub(crate) fn filter(&self) -> &str {
        self.filter.as_ref().map_or("", Filter::text)
    }

    pub(crate) fn pattern(&self) -> &str {
        self.pattern.as_ref().map_or("", Regex::as_str)
    }

    /// Hides one more row; `false` if there are too many already.
    pub(crate) fn exclude(&mut self, pick: Pick) -> bool {
        let has_room = self.excluded.len() < EXCLUDED;
        if has_room {
            self.excluded.push(pick);
        }
        has_room
    }

    pub(crate) fn only(&mut self, pick: Pick) {
        self.only = Some(pick);
    }

    /// Hides what was there before `now`, or shows it again.
    pub(crate) fn since(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.since = if self.since.is_some() { None } else { Some(now) };
        self.since
    }

    /// Shows everything again; whether anything was hidden.
    pub(crate) fn clear(&mut self) -> bool {
        let was = self.is_active();
        *self = Self::default();
        was
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.filter.is_some()
            || self.pattern.is_some()
            || self.only.is_some()
            || !self.excluded.is_empty()
            || self.since.is_some()
    }

    /// What is in force, for the line that says so.
    pub(crate) fn chips(&self) -> Vec<String> {
        let mut chips = Vec::new();
        if let Some(filter) = &self.filter {
            chips.push(format!("/{}", filter.text()));
        }
        if let Some(pattern) = &self.pattern {
            chips.push(format!("l {}", pattern.as_str()));
        }
        if self.only.is_some() {
            chips.push("only one".to_owned());
        }
        if !self.excluded.is_empty() {
            chips.push(format!("{} excluded", self.excluded.len()));
        }
        if let Some(since) = self.since {
            chips.push(format!("since {}", crate::snapshot::format::clock(since)));
        }
        chips
    }
}

fn matches_hosts(pattern: &Regex, row: &Row, options: &UiOptions) -> bool {
    pattern.is_match(&words::destination(row, options)) || pattern.is_match(&words::source(row, options))
}

/// As iftop: extended, case does not matter. The size limits keep a hostile or mistaken pattern small.
fn compile(text: &str) -> Result<Regex, FilterError> {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| FilterError { message: last_line(&error.to_string()), at: 0 })
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
