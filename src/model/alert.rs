//! A finding that lasts: deduplicated, counted, with a state an operator can change.

use std::sync::Arc;

use super::finding::Finding;
use super::owner::Owner;
use super::time::Timestamp;

/// One incident: all findings of one detector about one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Unique within a state directory.
    pub id: u64,
    pub state: AlertState,
    pub first: Timestamp,
    pub last: Timestamp,
    /// How often it was found.
    pub count: u64,
    /// The most severe finding so far; of equals, the latest.
    pub finding: Arc<Finding>,
    /// Who did it, where that is known.
    pub owner: Option<Arc<Owner>>,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertState {
    New,
    Acknowledged,
    /// Quiet until then.
    Snoozed(Timestamp),
    /// Covered by a known-good mark.
    Marked,
    /// Not found any more.
    Closed,
}

impl AlertState {
    pub const fn id(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Acknowledged => "ack",
            Self::Snoozed(_) => "snoozed",
            Self::Marked => "marked",
            Self::Closed => "closed",
        }
    }
}
