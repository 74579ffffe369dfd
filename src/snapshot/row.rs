//! One line of a table: a flow, or several added up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    Application, Connection, Counting, Direction, Endpoint, Facts, Finding, FlowKey, InterfaceId, Label, Mark, Measure,
    Name, NameSource, Network, Opener, Owner, Protocol, Target, TcpState, Timestamp, Verdict,
};

/// How many 2-second steps of history a row carries: 40 seconds, as long as the longest average.
pub const SPARK: usize = 20;

/// What a row is, for as long as it lasts: selection is by this, never by place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    Flow(FlowKey),
    Host(IpAddr),
    Service(Protocol, u16),
    Domain(Label),
    Network(Label),
    Owner(Label),
    /// What the table has no room for.
    #[default]
    Other,
}

/// Averages over the last 2, 10 and 40 seconds, in bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rates {
    pub s2: u64,
    pub s10: u64,
    pub s40: u64,
}

impl Rates {
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { s2: self.s2 + other.s2, s10: self.s10 + other.s10, s40: self.s40 + other.s40 }
    }
}

/// A flow as readers see it, or a group of flows added up.
///
/// `local` and `remote` face outwards: ours first. In a group, fields whose values differ are `None`.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub id: RowId,
    /// How many flows this is.
    pub flows: u64,
    pub protocol: Option<Protocol>,
    pub local: Option<Endpoint>,
    pub remote: Option<Endpoint>,
    pub interface: Option<InterfaceId>,
    pub direction: Direction,
    pub opener: Opener,
    /// How often it was opened: TCP handshakes seen, at least 1.
    pub opened: u64,

    /// Link-layer bytes as the kernel reports them.
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// The same with the headers of segments to come.
    pub wire_bytes_out: u64,
    pub wire_bytes_in: u64,
    pub ip_bytes_out: u64,
    pub ip_bytes_in: u64,
    pub payload_bytes_out: u64,
    pub payload_bytes_in: u64,
    pub packets_out: u64,
    pub packets_in: u64,

    /// Which of these bytes are shown; rates, peaks and the spark are made of the same.
    pub counting: Counting,
    /// What is known of all these numbers.
    pub measure: Measure,
    /// Seen on an interface that another watched one carries: none of it is in the totals.
    pub is_carried: bool,
    pub rates_out: Rates,
    pub rates_in: Rates,
    /// Highest 1-second rate.
    pub peak_out: u64,
    pub peak_in: u64,
    /// Bytes out of the last 2-second steps, the latest last.
    pub spark: [u32; SPARK],

    pub first: Timestamp,
    pub last: Timestamp,
    pub state: TcpState,
    pub application: Application,
    pub name: Option<Name>,
    pub facts: Option<Arc<Facts>>,
    pub owner: Option<Arc<Owner>>,
    /// When its owner was first seen sending; `None` where that is not known.
    pub owner_since: Option<Timestamp>,
    /// The socket at our end, where the row is made of one.
    pub socket: Option<Arc<Connection>>,
    /// The network around the remote address, where a database knows it.
    pub network: Option<Arc<Network>>,

    pub verdict: Verdict,
    /// 0–100; marks already taken into account.
    pub score: u8,
    pub findings: Vec<Arc<Finding>>,
    /// The mark that covers it, if any.
    pub mark: Option<Arc<Mark>>,
}

impl Row {
    /// Bytes sent, as they are counted (`--count`).
    pub const fn out(&self) -> u64 {
        self.counting.of(self.wire_bytes_out, self.ip_bytes_out, self.payload_bytes_out)
    }

    /// Bytes received, as they are counted.
    pub const fn received(&self) -> u64 {
        self.counting.of(self.wire_bytes_in, self.ip_bytes_in, self.payload_bytes_in)
    }

    pub const fn bytes_total(&self) -> u64 {
        self.bytes_out + self.bytes_in
    }

    /// Out to in, of payload; `None` where nothing came in.
    pub fn ratio(&self) -> Option<f64> {
        (self.payload_bytes_in > 0).then(|| self.payload_bytes_out as f64 / self.payload_bytes_in as f64)
    }

    pub fn lasted(&self) -> Duration {
        self.last.since(self.first)
    }

    /// Whether an end is an IPv6 link-local address (RFC 4291 §2.5.6).
    pub fn is_link_local(&self) -> bool {
        let ends = [self.local, self.remote].into_iter().flatten();
        ends.into_iter().any(|end| matches!(end.ip, IpAddr::V6(ip) if ip.is_unicast_link_local()))
    }

    /// The finding that weighs most.
    pub fn reason(&self) -> Option<&Arc<Finding>> {
        self.findings.iter().max_by_key(|finding| finding.score)
    }

    /// What a known-good mark would have to cover; `None` for a group of several places.
    pub fn target(&self) -> Option<Target<'_>> {
        Some(Target {
            protocol: self.protocol?,
            local: self.local,
            remote: self.remote?,
            name: self.name.as_ref().filter(|name| name.source != NameSource::Ptr).map(|name| &name.text),
        })
    }

    /// The remote end's name, else its address.
    pub fn destination(&self) -> Option<Label> {
        match (&self.name, self.remote) {
            (Some(name), _) => Some(name.text.clone()),
            (None, Some(remote)) => Some(Label::new(&remote.ip.to_string())),
            (None, None) => None,
        }
    }
}
