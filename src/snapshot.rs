//! One immutable moment for readers: the screen, the reports and the tests all read this.

pub mod connections;
pub mod fields;
pub mod format;
pub mod group;
pub mod published;
pub mod row;

use std::sync::Arc;
use std::time::Duration;

pub use fields::{FIELDS, Field, Kind, field};
pub use format::Unit;
pub use group::{Grouping, group, group_by};
pub use published::Published;
pub use row::{Rates, Row, RowId, SPARK};

use crate::model::mark::Mark;
use crate::model::{Alert, Connections, Health, InterfaceInfo, Losses, Measure, Tally, Timestamp};

/// Everything a reader may know about one moment of data time. Never changed once published.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows by one with every snapshot.
    pub seq: u64,
    /// Data time. "3 s ago" on a screen means before this.
    pub at: Timestamp,
    /// Data time of the first event.
    pub since: Timestamp,
    pub interfaces: Vec<InterfaceInfo>,
    /// Flows, the ones that matter most first; bounded, see `hidden_flows`.
    pub rows: Vec<Row>,
    /// Flows on the table that `rows` has no room for.
    pub hidden_flows: u64,
    /// All that `rows` does not list: hidden flows and evicted ones.
    pub other: Row,
    pub totals: Totals,
    /// Bytes out and in of each past second, the latest last; at most [`GRAPH`] of them.
    pub graph: Vec<(u64, u64)>,
    pub tally: Tally,
    pub losses: Losses,
    pub agreement: Vec<Agreement>,
    /// What is known of how much flows carry: frames, or what the kernel counts of sockets.
    pub measure: Measure,
    /// How much of the traffic has a known owner; `None` where nobody looks for owners.
    pub attribution: Option<Attribution>,
    pub learning: Learning,
    /// The sockets of this host; `None` where nobody asked for them.
    pub connections: Option<Arc<Connections>>,
    pub alerts: Vec<Arc<Alert>>,
    pub marks: Vec<Arc<Mark>>,
    pub health: Vec<Health>,
    /// The source has ended; this is the last moment of it.
    pub ended: bool,
    /// How far a finite source has come, 0–1.
    pub progress: Option<f64>,
    /// How many things egret keeps of what it has room for.
    pub flows_kept: u64,
    pub flows_limit: u64,
    /// Whether addresses are being resolved by reverse DNS.
    pub resolving: bool,
    /// Whether our addresses were given, known from the kernel, or worked out from the capture.
    pub vantage: &'static str,
}

/// Seconds of history kept for the graph.
pub const GRAPH: usize = 600;

/// Counters of everything that was captured since the start or the last reset, in wire bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub packets_in: u64,
    /// The highest 1-second rate, bytes per second.
    pub peak_out: u64,
    pub peak_in: u64,
    /// The highest 1-second rate of both directions together.
    pub peak: u64,
    pub rates_out: Rates,
    pub rates_in: Rates,
}

/// What we counted beside what the kernel counted, on one interface over the same time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    pub interface: crate::model::Label,
    pub seen_bytes_out: u64,
    pub kernel_bytes_out: u64,
    pub seen_bytes_in: u64,
    pub kernel_bytes_in: u64,
}

impl Agreement {
    /// Share of the kernel's outgoing bytes that we saw; `None` before there were any.
    pub fn share_out(&self) -> Option<f64> {
        (self.kernel_bytes_out > 0).then(|| self.seen_bytes_out as f64 / self.kernel_bytes_out as f64)
    }
}

/// How much of what was sent has a known owner, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Wire bytes that flows with an owner sent.
    pub bytes_out: u64,
    /// Wire bytes that all flows sent.
    pub of_bytes_out: u64,
    pub flows: u64,
    pub of_flows: u64,
}

impl Attribution {
    /// Share of the bytes, 0–1; `None` before there were any.
    pub fn share(&self) -> Option<f64> {
        (self.of_bytes_out > 0).then(|| self.bytes_out as f64 / self.of_bytes_out as f64)
    }
}

/// How far learning has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learning {
    /// Data time observed so far, over all runs that used this state.
    pub observed: Duration,
    pub wanted: Duration,
    /// Destinations known.
    pub destinations: u64,
}

impl Learning {
    pub fn is_done(&self) -> bool {
        self.observed >= self.wanted
    }

    /// 0–1.
    pub fn share(&self) -> f64 {
        if self.wanted.is_zero() { 1.0 } else { (self.observed.as_secs_f64() / self.wanted.as_secs_f64()).min(1.0) }
    }
}
