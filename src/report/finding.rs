//! Findings as lines: what, who, where, how much beside what was expected, and why.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use crate::model::{Alert, AlertState, Label, Value};
use crate::snapshot::{Snapshot, Unit};

use super::flow::OwnerRecord;
use super::json;
use super::summary::Summary;

/// One incident: all that one detector found about one subject.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRecord {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Of the alert that holds it; unique within a state directory.
    pub id: u64,
    pub detector: &'static str,
    pub severity: &'static str,
    pub score: u8,
    /// Data time of the weightiest moment; RFC 3339, UTC, microseconds.
    pub ts: String,
    pub ts_first: String,
    pub ts_last: String,
    /// How often it was found.
    pub count: u64,
    /// Our address.
    pub host: IpAddr,
    pub remote_ip: IpAddr,
    pub remote_port: Option<u16>,
    pub proto: String,
    pub name: Option<Label>,
    pub app: Option<&'static str>,
    pub owner: Option<OwnerRecord>,
    pub observed: Value,
    pub expected: Value,
    /// How much was known.
    pub basis: String,
    pub why: String,
}

/// Whether an alert is one to tell about: nobody marked, acknowledged or snoozed it.
pub fn is_open(alert: &Alert) -> bool {
    matches!(alert.state, AlertState::New | AlertState::Closed)
}

impl FindingRecord {
    pub fn new(alert: &Alert) -> Self {
        let finding = &alert.finding;
        let subject = &finding.subject;
        Self {
            kind: "finding",
            id: alert.id,
            detector: finding.detector,
            severity: finding.severity.id(),
            score: finding.score,
            ts: finding.at.to_string(),
            ts_first: alert.first.to_string(),
            ts_last: alert.last.to_string(),
            count: alert.count,
            host: subject.host,
            remote_ip: subject.remote,
            remote_port: (subject.port != 0).then_some(subject.port),
            proto: subject.protocol.to_string(),
            name: subject.name.clone(),
            app: Some(subject.application.id()).filter(|id| *id != "-"),
            // A capture holds no processes: there it is null.
            owner: alert.owner.as_deref().map(|owner| OwnerRecord::new(owner, None)),
            observed: finding.observed.clone(),
            expected: finding.expected.clone(),
            basis: finding.basis.clone(),
            why: finding.why.clone(),
        }
    }

    /// The same in two lines for people.
    pub fn text(&self, finding: &Alert, unit: Unit) -> String {
        let at = crate::model::Endpoint::new(self.remote_ip, self.remote_port.unwrap_or(0));
        let name = self.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let times = if self.count > 1 { format!(" ×{}", self.count) } else { String::new() };
        let (seen, expected) = (unit.value(&finding.finding.observed), unit.value(&finding.finding.expected));
        let numbers = match (seen.as_str(), expected.as_str()) {
            ("-", _) => String::new(),
            (seen, "-") => format!(" [{seen}]"),
            (seen, expected) => format!(" [{seen}, expected {expected}]"),
        };
        format!(
            "{} {:<6} {:>3} {} {} → {at} {}{name}{times}\n    {}{numbers} ({})",
            self.ts_first, self.severity, self.score, self.detector, self.host, self.proto, self.why, self.basis
        )
    }
}

/// The open alerts, in the order of their first moment.
fn open(snapshot: &Snapshot) -> Vec<&Alert> {
    let mut open: Vec<&Alert> = snapshot.alerts.iter().map(|alert| &**alert).filter(|alert| is_open(alert)).collect();
    open.sort_by_key(|alert| (alert.first, alert.id));
    open
}

/// Every open finding as a JSON line, then the summary. Says how many there were.
pub fn json(out: &mut dyn Write, snapshot: &Snapshot) -> io::Result<usize> {
    let alerts = open(snapshot);
    for alert in &alerts {
        json::line(out, &FindingRecord::new(alert))?;
    }
    json::line(out, &Summary::new(snapshot, alerts.len()))?;
    out.flush()?;
    Ok(alerts.len())
}

/// The same for people.
pub fn text(out: &mut dyn Write, snapshot: &Snapshot, unit: Unit) -> io::Result<usize> {
    let alerts = open(snapshot);
    for alert in &alerts {
        super::text(out, &FindingRecord::new(alert).text(alert, unit))?;
    }
    let summary = Summary::new(snapshot, 0);
    let found = match alerts.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    let learnt = if snapshot.learning.is_done() {
        String::new()
    } else {
        format!(
            "; still learning: {} of {} (--learn-for)",
            crate::snapshot::format::duration(snapshot.learning.observed),
            crate::snapshot::format::duration(snapshot.learning.wanted)
        )
    };
    super::text(out, &format!("{found} in {} frames, {} flows{learnt}", summary.frames, summary.flows))?;
    Ok(alerts.len())
}
