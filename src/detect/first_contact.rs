//! First contact: bytes went to a place that this host has never used before.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Ledger, Service};
use crate::model::{Application, Finding, Severity, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "first-contact",
    title: "New destination",
    about: "Something was sent to a name or address that was never contacted since learning began. A name that is \
            known at a new address, or an address that is known under a new name, is not new. Alone it is a notice: \
            a quiet server makes a handful of them a day. It says nothing during the learning period.",
    needs_baseline: true,
    build: || Box::new(FirstContact { fresh: Recent::new(4_096, STAYS) }),
};

/// For this long the amounts of a new contact are kept up to date.
const STAYS: Duration = Duration::from_hours(1);
/// A name may still come this long after the first packet.
const NAME_MAY_COME: Duration = Duration::from_secs(2);
/// Nobody waits for a name while this much leaves.
const TOO_MUCH_TO_WAIT: u64 = 64 * 1_024;
/// Said again after this long, if more was sent.
const AGAIN: Duration = Duration::from_mins(1);
const MUCH: u64 = 256 * 1_024;
const VERY_MUCH: u64 = 1_000_000;

struct FirstContact {
    fresh: Recent<(IpAddr, Service), Fresh>,
}

struct Fresh {
    since: Timestamp,
    sent: u64,
    received: u64,
    told: Option<(Timestamp, u64)>,
    /// The service was never used with anybody before.
    new_service: bool,
    /// A neighbour that is known.
    near: Option<String>,
}

impl Detector for FirstContact {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.fresh.sweep(seen.at);
        for moved in &seen.moved {
            if moved.contact.ledger == Ledger::Initiated
                && moved.is_ours
                && let Some(finding) = self.look(seen.at, moved, usual)
            {
                out.push(finding);
            }
        }
    }
}

impl FirstContact {
    fn look(&mut self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Finding> {
        let subject = &moved.top.subject;
        let key = (subject.remote, moved.contact.destination.service);
        let known = usual.host(subject.name.as_ref(), subject.remote);
        if self.fresh.get_mut(&key).is_some_and(|fresh| known.is_some_and(|known| known.first < fresh.since)) {
            // It had a name that is known: no news after all.
            self.fresh.remove(&key);
            return None;
        }
        if known.is_some() && self.fresh.get_mut(&key).is_none() {
            return None;
        }
        let fresh = self.fresh.entry(at, key, || Fresh {
            since: at,
            sent: 0,
            received: 0,
            told: None,
            new_service: usual.service(Ledger::Initiated, key.1).is_none(),
            near: usual.related(subject.name.as_ref(), subject.remote).map(|place| place.to_string()),
        });
        fresh.sent = fresh.sent.saturating_add(moved.bytes_out);
        fresh.received = fresh.received.saturating_add(moved.bytes_in);
        if !fresh.is_worth_saying(at, moved) {
            return None;
        }
        fresh.told = Some((at, fresh.sent));
        Some(fresh.finding(at, moved, usual))
    }
}

impl Fresh {
    fn is_worth_saying(&self, at: Timestamp, moved: &Moved<'_>) -> bool {
        let age = at.since(self.since);
        match self.told {
            None => {
                let subject = &moved.top.subject;
                subject.name.is_some()
                    || subject.application != Application::PENDING
                    || age >= NAME_MAY_COME
                    || self.sent >= TOO_MUCH_TO_WAIT
            }
            Some((when, sent)) => {
                age <= STAYS && self.sent > sent && (self.sent / 2 >= sent.max(1_000) || at.since(when) >= AGAIN)
            }
        }
    }

    fn finding(&self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Finding {
        let mut score = if self.near.is_some() { 12 } else { 25 };
        score += if self.new_service { 10 } else { 0 };
        score += if moved.top.subject.name.is_none() { 5 } else { 0 };
        score += match self.sent {
            VERY_MUCH.. => 20,
            MUCH.. => 10,
            _ => 0,
        };
        let is_more = self.new_service || self.sent >= VERY_MUCH;
        let near = self.near.as_ref().map_or_else(String::new, |near| format!("; {near} is known"));
        let answer = if moved.answered || self.received > 0 {
            format!("sent {}, received {}", words::bytes(self.sent), words::bytes(self.received))
        } else {
            format!("sent {}, no answer yet", words::bytes(self.sent))
        };
        Finding {
            detector: SPEC.id,
            severity: if is_more { Severity::Low } else { Severity::Info },
            score,
            at,
            subject: words::subject_of(&moved.contact, moved.top),
            observed: Value::Bytes(self.sent),
            expected: Value::Bytes(0),
            basis: words::basis(usual),
            why: format!(
                "first contact with {}: {answer}{near}; {} destinations known after {}",
                words::destination(&moved.contact),
                usual.destinations(),
                words::span(usual.observed())
            ),
        }
    }
}
