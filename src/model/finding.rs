//! One judgment about one interval.

use super::endpoint::FlowKey;
use super::label::Label;
use super::protocol::{Application, Protocol};
use super::time::Timestamp;
use super::value::Value;
use std::net::IpAddr;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
}

impl Severity {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a finding is about: a conversation, or all we send to one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Our own address.
    pub host: IpAddr,
    pub remote: IpAddr,
    /// 0 where the finding is about every port, or the protocol has none.
    pub port: u16,
    pub protocol: Protocol,
    pub name: Option<Label>,
    pub application: Application,
    /// Set where exactly one flow is meant; else every flow to `remote` (and `port`, unless 0) is.
    pub flow: Option<FlowKey>,
}

/// A detector's judgment, with what it saw, what it expected, and on what grounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Id of the detector, as in its table.
    pub detector: &'static str,
    pub severity: Severity,
    /// Weight in the row's score, 0–100.
    pub score: u8,
    /// Data time of the interval that showed it.
    pub at: Timestamp,
    pub subject: Subject,
    pub observed: Value,
    pub expected: Value,
    /// How much was known: "3 d 4 h, 212 destinations".
    pub basis: String,
    /// One sentence for a tired operator.
    pub why: String,
}
