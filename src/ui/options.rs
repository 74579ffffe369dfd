//! How the dashboard is set up: what command-line options give and keys change while it runs.

use jiff::tz::TimeZone;

use crate::model::Label;
use crate::snapshot::{Grouping, Rates, Row, Unit};

use super::order::Sort;
use super::theme::Look;

/// Everything about the dashboard that can be chosen. `default()` is what a user gets without any option.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct UiOptions {
    /// What rates are written in; `-B` for bytes.
    pub unit: Unit,
    pub sort: Sort,
    pub reverse: bool,
    pub grouping: Grouping,
    /// Filter expression to start with, as typed after `/`.
    pub filter: String,
    /// Regular expression over host names to start with, as typed after `l`.
    pub pattern: String,
    /// Which ports are shown. Flows that differ only in what is not shown are one row, as in iftop.
    pub source_ports: bool,
    pub destination_ports: bool,
    /// Whether each end is shown; flows that differ only in a hidden end are one row.
    pub show_source: bool,
    pub show_destination: bool,
    /// Ports by the name of their service.
    pub service_names: bool,
    pub names: Names,
    pub lines: Lines,
    pub bars: bool,
    /// Which average the bars show.
    pub bar_average: Average,
    pub log_scale: bool,
    /// Rate of a full bar, bits per second; `None` follows the traffic.
    pub max_bandwidth: Option<u64>,
    /// Whether each row shows its total.
    pub totals: bool,
    pub hide_known: bool,
    pub egress_only: bool,
    /// Whether IPv6 link-local traffic is listed even where nothing is wrong with it; `-l`.
    pub link_local: bool,
    pub look: Look,
    /// Login name that goes into marks.
    pub user: Label,
    /// What is being watched, where it is not the interfaces: the name of a capture file.
    pub source: Option<Label>,
    /// Fields shown beside the usual columns, by id.
    pub columns: Vec<&'static str>,
    /// Zone of the clock on screen; `None` for the system's.
    pub zone: Option<TimeZone>,
}

impl Default for UiOptions {
    fn default() -> Self {
        Self {
            unit: Unit::Bits,
            sort: Sort::Attention,
            reverse: false,
            grouping: Grouping::Flow,
            filter: String::new(),
            pattern: String::new(),
            source_ports: false,
            destination_ports: true,
            show_source: true,
            show_destination: true,
            service_names: false,
            names: Names::Seen,
            lines: Lines::Sent,
            bars: true,
            bar_average: Average::S10,
            log_scale: false,
            max_bandwidth: None,
            totals: true,
            hide_known: false,
            egress_only: false,
            link_local: true,
            look: Look::default(),
            user: Label::default(),
            source: None,
            columns: Vec::new(),
            zone: None,
        }
    }
}

/// Where names of remote hosts come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// What was seen on the wire: SNI, Host, DNS answers. Sends nothing.
    #[default]
    Seen,
    /// And reverse DNS, which asks the resolver.
    Resolved,
    /// Addresses only.
    Off,
}

/// How a row shows its two directions: iftop's line display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    TwoLine,
    Both,
    #[default]
    Sent,
    Received,
}

impl Lines {
    pub const ALL: [Self; 4] = [Self::TwoLine, Self::Both, Self::Sent, Self::Received];

    /// iftop's words for it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::TwoLine => "two-line",
            Self::Both => "one-line-both",
            Self::Sent => "one-line-sent",
            Self::Received => "one-line-received",
        }
    }

    pub(crate) fn next(self) -> Self {
        match self {
            Self::TwoLine => Self::Both,
            Self::Both => Self::Sent,
            Self::Sent => Self::Received,
            Self::Received => Self::TwoLine,
        }
    }

    /// The rates of a row that this display is about, bytes per second.
    pub(crate) fn rates(self, row: &Row) -> Rates {
        match self {
            Self::Sent => row.rates_out,
            Self::Received => row.rates_in,
            Self::TwoLine | Self::Both => row.rates_out.plus(row.rates_in),
        }
    }

    /// The total of a row that this display is about, wire bytes.
    pub(crate) fn total(self, row: &Row) -> u64 {
        match self {
            Self::Sent => row.out(),
            Self::Received => row.received(),
            Self::TwoLine | Self::Both => row.out().saturating_add(row.received()),
        }
    }

    /// Screen lines one row takes.
    pub(crate) const fn height(self) -> usize {
        if matches!(self, Self::TwoLine) { 2 } else { 1 }
    }
}

/// One of the three averages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    S2,
    #[default]
    S10,
    S40,
}

impl Average {
    pub const fn id(self) -> &'static str {
        match self {
            Self::S2 => "2s",
            Self::S10 => "10s",
            Self::S40 => "40s",
        }
    }

    pub(crate) const fn of(self, rates: Rates) -> u64 {
        match self {
            Self::S2 => rates.s2,
            Self::S10 => rates.s10,
            Self::S40 => rates.s40,
        }
    }

    pub(crate) const fn next(self) -> Self {
        match self {
            Self::S2 => Self::S10,
            Self::S10 => Self::S40,
            Self::S40 => Self::S2,
        }
    }
}
