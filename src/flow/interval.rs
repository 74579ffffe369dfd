//! What happened between two ticks: the only thing baselines and detectors see.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Direction, Endpoint, Facts, FlowKey, Label, Opener, Owner, Protocol, Subject, TcpState, Timestamp};

/// Everything that moved in one interval of data time. Plain data, so that it can be merged, stored and replayed.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// The end of it. Intervals sit on whole seconds of data time.
    pub at: Timestamp,
    /// How long it was: one second, more when nothing came for a while.
    pub span: Duration,
    /// Flows that had packets, in the order of their first packet within the interval.
    pub samples: Vec<Sample>,
    /// Flows that had packets but found no room in `samples`: the lightest. What they did is told later.
    pub left_out: u64,
    /// Flows without packets in it whose owner became known: a program may be gone before that is.
    pub owned: Vec<Sample>,
    /// Questions that we asked of name servers, in order; at most [`QUERIES`] of them.
    pub queries: Vec<Query>,
    /// Questions that found no room in `queries`.
    pub queries_left_out: u64,
    /// Wire bytes of all flows, evicted ones included, save those that another interface carries.
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub pressure: Pressure,
    pub unseen: Unseen,
}

/// The most questions that an interval tells of.
pub const QUERIES: usize = 8_192;

/// One question to a name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Who asked: our address.
    pub host: IpAddr,
    pub resolver: Endpoint,
    pub protocol: Protocol,
    /// In small letters, without the last dot.
    pub name: Label,
    /// The type, as IANA numbers it: 1 A, 16 TXT, 28 AAAA.
    pub kind: u16,
}

/// What one flow did in an interval, and how it stands after it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub key: FlowKey,
    /// Ours, the remote's, the name and the application as known at the end of the interval.
    pub subject: Subject,
    pub direction: Direction,
    pub opener: Opener,
    pub state: TcpState,
    /// The flow was not on the table before this interval.
    pub is_new: bool,
    /// It goes on after it was silent for a while.
    pub woke: bool,
    /// Times it was opened within the interval (TCP handshakes; 1 for a new flow of another protocol).
    pub opened: u32,
    /// The remote end has ever sent anything that is not a refusal.
    pub answered: bool,

    /// Wire bytes within the interval.
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub payload_out: u64,
    pub payload_in: u64,
    pub packets_out: u64,
    pub packets_in: u64,

    /// The same since the flow was first seen.
    pub total_out: u64,
    pub total_in: u64,
    pub total_payload_out: u64,
    pub total_payload_in: u64,
    pub first: Timestamp,
    pub last: Timestamp,

    pub facts: Option<Arc<Facts>>,
    pub owner: Option<Arc<Owner>>,
}

/// What was not seen, or not looked into, within the interval, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Frames that the kernel dropped because the ring was full.
    pub ring: u64,
    /// Times the ring was frozen.
    pub freezes: u64,
    /// Questions to name servers that nobody judged.
    pub ours: u64,
    /// Interfaces asked for by name that are down or gone at its end.
    pub silent: Vec<Label>,
}

/// How full the table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    pub kept: u64,
    pub limit: u64,
    /// Flows that had to leave within the interval, and the wire bytes that they had counted.
    pub evicted_flows: u64,
    pub evicted_bytes: u64,
}
