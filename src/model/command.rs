//! What readers may ask of the engine, and what helpers answer it. Both queues are bounded.

use std::net::IpAddr;
use std::time::Duration;

use super::endpoint::FlowKey;
use super::label::Label;
use super::mark::Scope;
use super::name::Name;
use super::owner::Owner;

/// From the dashboard to the engine; read when an interval closes and between batches.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Mark as known-good. `lasting` of `None` is for ever.
    Mark {
        scope: Scope,
        lasting: Option<Duration>,
        reason: Option<Label>,
        by: Label,
    },
    /// Take back the last mark made in this run.
    Undo,
    /// Take back a mark by its id.
    Unmark(Label),
    /// The known-good file changed on disk: read it again.
    ReloadMarks,
    Acknowledge(u64),
    Snooze(u64, Duration),
    /// Set the totals of the footer back to zero. Flows keep theirs.
    ResetTotals,
    /// Turn reverse DNS on or off.
    ResolveNames(bool),
    /// List the sockets of this host from now on, or no more.
    ListConnections(bool),
    /// Replace the capture filter; empty takes it away.
    CaptureFilter(String),
}

/// From the engine to the host workers.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Name(IpAddr),
    Owner(FlowKey),
}

/// From the host workers to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `None`: asked, and there is no name.
    Name(IpAddr, Option<Name>),
    Owner(FlowKey, Option<Owner>),
}
