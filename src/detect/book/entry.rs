//! One alert and what it needs to be kept up to date.

use std::sync::Arc;

use crate::baseline::ends;
use crate::flow::Sample;
use crate::model::{Alert, AlertState, Endpoint, Finding, FlowKey, Label, Protocol, Severity, Timestamp};

/// What makes two findings one incident.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    detector: &'static str,
    /// The name, else the address.
    place: Label,
    protocol: Protocol,
    port: u16,
    flow: Option<FlowKey>,
}

/// The incident a finding belongs to.
pub fn key_of(finding: &Finding) -> Key {
    let subject = &finding.subject;
    Key {
        detector: finding.detector,
        place: subject.name.clone().unwrap_or_else(|| Label::new(&subject.remote.to_string())),
        protocol: subject.protocol,
        port: subject.port,
        flow: subject.flow,
    }
}

/// An alert, and the finding that lights rows now.
#[derive(Clone, Debug)]
pub struct Entry {
    pub alert: Arc<Alert>,
    /// The latest finding; the alert keeps the worst.
    pub latest: Arc<Finding>,
    pub changed: bool,
}

impl Entry {
    pub fn new(at: Timestamp, finding: Arc<Finding>) -> Self {
        let alert = Alert {
            id: 0,
            state: AlertState::New,
            first: at,
            last: at,
            count: 0,
            finding: Arc::clone(&finding),
            owner: None,
        };
        Self { alert: Arc::new(alert), latest: finding, changed: true }
    }

    pub fn restored(alert: Alert) -> Self {
        Self { latest: Arc::clone(&alert.finding), alert: Arc::new(alert), changed: false }
    }

    pub fn set_id(&mut self, id: u64) {
        Arc::make_mut(&mut self.alert).id = id;
    }

    /// Found again.
    pub fn found(&mut self, at: Timestamp, finding: Finding, is_marked: bool) {
        let finding = Arc::new(finding);
        self.latest = Arc::clone(&finding);
        self.changed = true;
        let alert = Arc::make_mut(&mut self.alert);
        alert.last = alert.last.max(at);
        alert.count += 1;
        let is_worse = finding.severity > alert.finding.severity;
        if finding.severity >= alert.finding.severity {
            alert.finding = finding;
        }
        alert.state = match alert.state {
            _ if is_marked => AlertState::Marked,
            AlertState::Marked | AlertState::Closed => AlertState::New,
            AlertState::Snoozed(until) if at >= until => AlertState::New,
            // What was seen and accepted as mild is news again when it is not mild any more.
            AlertState::Acknowledged if is_worse => AlertState::New,
            same => same,
        };
    }

    /// Follows the marks.
    pub fn mark(&mut self, is_marked: bool) {
        match (self.alert.state, is_marked) {
            (AlertState::Marked, false) => self.set_state(AlertState::New),
            (AlertState::New | AlertState::Acknowledged | AlertState::Snoozed(_), true) => {
                self.set_state(AlertState::Marked);
            }
            _ => {}
        }
    }

    pub fn close(&mut self) {
        if self.alert.state != AlertState::Closed {
            self.set_state(AlertState::Closed);
        }
    }

    pub fn set_state(&mut self, state: AlertState) {
        if self.alert.state != state {
            Arc::make_mut(&mut self.alert).state = state;
            self.changed = true;
        }
    }

    /// Whether a flow is what the latest finding is about, or one of those.
    pub fn is_about(&self, key: &FlowKey, remote: Endpoint, protocol: Protocol, name: Option<&Label>) -> bool {
        let about = &self.latest.subject;
        match about.flow {
            Some(flow) => flow == *key,
            None => {
                (about.remote == remote.ip || about.name.is_some() && about.name.as_ref() == name)
                    && about.protocol == protocol
                    && (about.port == 0 || about.port == remote.port)
            }
        }
    }

    /// Remembers who did it, if this flow is one of those it is about and nobody is known yet.
    pub fn hear_owner(&mut self, sample: &Sample) {
        let Some(owner) = sample.owner.as_ref().filter(|_| self.alert.owner.is_none()) else { return };
        let subject = &sample.subject;
        let (_, remote) = ends(&sample.key, subject);
        if self.is_about(&sample.key, remote, subject.protocol, subject.name.as_ref()) {
            Arc::make_mut(&mut self.alert).owner = Some(Arc::clone(owner));
        }
    }

    /// Whether it says what must not become usual.
    pub fn poisons(&self) -> bool {
        self.latest.severity >= Severity::Medium && self.alert.state != AlertState::Marked
    }
}
