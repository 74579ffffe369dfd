//! From findings to alerts: one incident per detector and place, counted, with a state; and which
//! findings light which row.

pub mod entry;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::RandomState;

use crate::baseline::ends;
use crate::flow::Sample;
use crate::marks::Marks;
use crate::model::{Alert, AlertState, Endpoint, Finding, FlowKey, Label, Protocol, Severity, Subject, Timestamp};

use entry::{Entry, Key, key_of};

/// The most alerts kept. Above it, closed ones leave first, then the mildest and oldest.
pub const LIMIT: usize = 4_096;

/// How long things last, in data time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookConfig {
    /// A row stays lit for this long after its finding was last made.
    pub lit_for: Duration,
    /// An alert closes when nothing was found for this long.
    pub close_after: Duration,
}

impl Default for BookConfig {
    fn default() -> Self {
        Self { lit_for: Duration::from_mins(15), close_after: Duration::from_hours(1) }
    }
}

/// All alerts, and the findings that still light rows.
#[derive(Debug)]
pub struct AlertBook {
    config: BookConfig,
    entries: HashMap<Key, Entry, RandomState>,
    /// Keys of lit entries by what a row can be looked up with.
    by_remote: HashMap<IpAddr, Vec<Key>, RandomState>,
    by_name: HashMap<Label, Vec<Key>, RandomState>,
    next_id: u64,
    dropped: u64,
    swept: Timestamp,
    /// The end of the latest interval.
    at: Timestamp,
}

impl Default for AlertBook {
    fn default() -> Self {
        Self::new(BookConfig::default())
    }
}

impl AlertBook {
    pub fn new(config: BookConfig) -> Self {
        Self {
            config,
            entries: HashMap::default(),
            by_remote: HashMap::default(),
            by_name: HashMap::default(),
            next_id: 1,
            dropped: 0,
            swept: Timestamp::ZERO,
            at: Timestamp::ZERO,
        }
    }

    /// Takes in what was found in the interval that ended at `at`, and closes what went quiet.
    ///
    /// Gives back the alerts that are worth telling somebody: new ones, and those that grew more severe.
    /// Marked, snoozed and acknowledged ones are counted on in silence.
    /// `owned` are the samples whose owner is known: they say who did it, if not now then later.
    pub fn absorb(
        &mut self,
        at: Timestamp,
        findings: Vec<Finding>,
        marks: &Marks,
        owned: &[&Sample],
    ) -> Vec<Arc<Alert>> {
        let mut told = Vec::new();
        for finding in findings {
            let key = key_of(&finding);
            let mark = marks.covers_subject(&finding.subject, at);
            let is_open = self.entries.get(&key).is_some_and(|entry| entry.alert.state != AlertState::Closed);
            if !is_open {
                self.make_room();
            }
            let next_id = &mut self.next_id;
            let was = self.entries.get(&key).filter(|_| is_open).map(|entry| entry.alert.finding.severity);
            let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry::new(at, Arc::new(finding.clone())));
            if !is_open {
                *entry = Entry::new(at, Arc::new(finding.clone()));
                entry.set_id(*next_id);
                *next_id += 1;
            }
            entry.found(at, finding, mark.is_some());
            for sample in owned {
                entry.hear_owner(sample);
            }
            let is_news = was.is_none_or(|was| entry.alert.finding.severity > was);
            if is_news && entry.alert.state == AlertState::New {
                told.push(Arc::clone(&entry.alert));
            }
        }
        self.sweep(at, marks);
        self.index(at);
        self.hear_owners(owned);
        told
    }

    /// Owners that were found after the finding was made.
    fn hear_owners(&mut self, owned: &[&Sample]) {
        for sample in owned {
            let by_name = sample.subject.name.as_ref().and_then(|name| self.by_name.get(name));
            for key in self.by_remote.get(&sample.subject.remote).into_iter().chain(by_name).flatten() {
                if let Some(entry) = self.entries.get_mut(key) {
                    entry.hear_owner(sample);
                }
            }
        }
    }

    /// Looks again at which alerts a mark covers, after marks changed.
    pub fn remark(&mut self, at: Timestamp, marks: &Marks) {
        for entry in self.entries.values_mut() {
            entry.mark(marks.covers_subject(&entry.alert.finding.subject, at).is_some());
        }
    }

    /// The findings that light a flow, the weightiest first. Marks are not looked at: the row has its own.
    pub fn findings_for(
        &self,
        key: &FlowKey,
        remote: Endpoint,
        protocol: Protocol,
        name: Option<&Label>,
    ) -> Vec<Arc<Finding>> {
        let mut found: Vec<Arc<Finding>> = Vec::new();
        let by_name = name.and_then(|name| self.by_name.get(name));
        let keys = self.by_remote.get(&remote.ip).into_iter().chain(by_name).flatten();
        for entry in keys.filter_map(|key| self.entries.get(key)) {
            let is_meant = entry.is_about(key, remote, protocol, name);
            let is_snoozed = matches!(entry.alert.state, AlertState::Snoozed(until) if self.at < until);
            if is_meant && !is_snoozed && !found.iter().any(|other| Arc::ptr_eq(other, &entry.latest)) {
                found.push(Arc::clone(&entry.latest));
            }
        }
        found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.detector.cmp(b.detector)));
        found
    }

    /// Whether any finding lights a flow.
    pub fn lights(&self, key: &FlowKey, about: &Subject) -> bool {
        let (_, remote) = ends(key, about);
        !self.findings_for(key, remote, about.protocol, about.name.as_ref()).is_empty()
    }

    /// Whether a flow carries a finding that must not be learnt: medium or high, and nobody called it good.
    pub fn poisons(&self, at: Timestamp, sample: &Sample, marks: &Marks) -> bool {
        let subject = &sample.subject;
        let (_, remote) = ends(&sample.key, subject);
        let by_name = subject.name.as_ref().and_then(|name| self.by_name.get(name));
        self.by_remote.get(&remote.ip).into_iter().chain(by_name).flatten().filter_map(|key| self.entries.get(key)).any(
            |entry| entry.poisons() && entry.is_about(&sample.key, remote, subject.protocol, subject.name.as_ref()),
        ) && marks.covers_subject(&Subject { flow: Some(sample.key), ..subject.clone() }, at).is_none()
    }

    /// Every alert, the latest first.
    pub fn alerts(&self) -> Vec<Arc<Alert>> {
        let mut all: Vec<Arc<Alert>> = self.entries.values().map(|entry| Arc::clone(&entry.alert)).collect();
        all.sort_by(|a, b| b.last.cmp(&a.last).then(b.id.cmp(&a.id)));
        all
    }

    /// Alerts dropped for want of room.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether there was such an alert.
    pub fn acknowledge(&mut self, id: u64) -> bool {
        self.set_state(id, AlertState::Acknowledged)
    }

    /// Whether there was such an alert.
    pub fn snooze(&mut self, id: u64, until: Timestamp) -> bool {
        self.set_state(id, AlertState::Snoozed(until))
    }

    fn set_state(&mut self, id: u64, state: AlertState) -> bool {
        let Some(entry) = self.entries.values_mut().find(|entry| entry.alert.id == id) else { return false };
        entry.set_state(state);
        true
    }

    /// Alerts that changed since the last call, for the store.
    pub fn take_changes(&mut self) -> Vec<Arc<Alert>> {
        let mut changed: Vec<Arc<Alert>> = self
            .entries
            .values_mut()
            .filter(|entry| entry.changed)
            .map(|entry| {
                entry.changed = false;
                Arc::clone(&entry.alert)
            })
            .collect();
        changed.sort_by_key(|alert| alert.id);
        changed
    }

    /// Puts back what was saved, before the first interval. The next id is above all of them and `next_id`.
    pub fn restore(&mut self, alerts: Vec<Alert>, next_id: u64) {
        let highest = alerts.iter().map(|alert| alert.id).max().unwrap_or(0);
        self.next_id = self.next_id.max(next_id).max(highest.saturating_add(1)).max(1);
        for alert in alerts {
            let (key, last) = (key_of(&alert.finding), alert.last);
            if self.entries.get(&key).is_none_or(|other| other.alert.last <= last) {
                self.entries.insert(key, Entry::restored(alert));
            }
        }
        let latest = self.entries.values().map(|entry| entry.alert.last).max().unwrap_or_default();
        self.index(latest);
    }

    fn sweep(&mut self, at: Timestamp, marks: &Marks) {
        if at.since(self.swept) < Duration::from_secs(10) && at >= self.swept {
            return;
        }
        self.swept = at;
        for entry in self.entries.values_mut() {
            if entry.alert.state == AlertState::Marked {
                // A mark may have expired.
                entry.mark(marks.covers_subject(&entry.alert.finding.subject, at).is_some());
            }
            if at.since(entry.alert.last) > self.config.close_after {
                entry.close();
            }
        }
    }

    /// Builds the look-up tables again: only lit entries, so it stays small.
    fn index(&mut self, at: Timestamp) {
        self.at = at;
        self.by_remote.clear();
        self.by_name.clear();
        for (key, entry) in &self.entries {
            if at.since(entry.alert.last) > self.config.lit_for {
                continue;
            }
            self.by_remote.entry(entry.latest.subject.remote).or_default().push(key.clone());
            if let Some(name) = &entry.latest.subject.name {
                self.by_name.entry(name.clone()).or_default().push(key.clone());
            }
        }
    }

    fn make_room(&mut self) {
        if self.entries.len() < LIMIT {
            return;
        }
        let mut ranked: Vec<(bool, Severity, Timestamp, u64, Key)> = self
            .entries
            .iter()
            .map(|(key, entry)| {
                let alert = &entry.alert;
                (alert.state != AlertState::Closed, alert.finding.severity, alert.last, alert.id, key.clone())
            })
            .collect();
        ranked.sort();
        for (.., key) in ranked.into_iter().take(LIMIT / 16) {
            self.entries.remove(&key);
            self.dropped += 1;
        }
    }
}

/// The score of a row: what its findings weigh together, at most 100.
pub fn score(findings: &[Arc<Finding>]) -> u8 {
    let sum: u32 = findings.iter().map(|finding| u32::from(finding.score)).sum();
    sum.min(100) as u8
}
