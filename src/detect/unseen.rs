//! Not seen: frames that were lost, links that are down, and what egret itself had no room to look into.

use std::time::Duration;

use crate::baseline::Baseline;
use crate::flow::Unseen;
use crate::model::{Application, Finding, Label, Protocol, Severity, Subject, Timestamp, Value};

use super::{Detector, Seen, Spec};

pub static SPEC: Spec = Spec {
    id: "not-seen",
    title: "Not all was seen",
    about: "Frames were dropped because the ring was full, the kernel stopped the ring for want of a free block, a \
            watched interface is down or gone, or egret had no room to look into flows and questions. One alert for \
            each cause. What was lost is in no count; a full flow table has an alert of its own.",
    needs_baseline: false,
    build: || Box::new(NotSeen::default()),
};

/// A cause that counts on is said again after this long.
const AGAIN: Duration = Duration::from_mins(1);

/// One way not to see: what is told of it, and how bad that is.
struct Cause {
    /// The place of the alert: each cause has its own.
    id: &'static str,
    severity: Severity,
    score: u8,
    count: fn(&Unseen) -> u64,
    why: &'static str,
}

const CAUSES: [Cause; 3] = [
    Cause {
        id: "ring full",
        severity: Severity::Medium,
        score: 50,
        count: |unseen| unseen.ring,
        why: "frames were dropped by the kernel because the ring was full: the totals are too small by them",
    },
    Cause {
        id: "ring frozen",
        severity: Severity::Low,
        score: 20,
        count: |unseen| unseen.freezes,
        why: "times the kernel stopped the ring for want of a free block: this process had no time to read",
    },
    Cause {
        id: "not looked into",
        severity: Severity::Low,
        score: 20,
        count: |unseen| unseen.ours,
        why: "questions to name servers went unjudged for want of room: they are counted all the same",
    },
];

#[derive(Default)]
struct NotSeen {
    /// When each cause was told last, and its count so far.
    told: [Option<Timestamp>; CAUSES.len()],
    counts: [u64; CAUSES.len()],
    /// Interfaces that were down when the last interval closed.
    silent: Vec<Label>,
}

impl Detector for NotSeen {
    fn judge(&mut self, seen: &Seen<'_>, _usual: &Baseline, out: &mut Vec<Finding>) {
        let unseen = &seen.interval.unseen;
        for ((cause, told), count) in CAUSES.iter().zip(&mut self.told).zip(&mut self.counts) {
            let new = (cause.count)(unseen);
            *count += new;
            if new == 0 || told.is_some_and(|told| seen.at.since(told) < AGAIN) {
                continue;
            }
            *told = Some(seen.at);
            out.push(Finding {
                severity: cause.severity,
                score: cause.score,
                observed: Value::Count(*count),
                why: format!("{count} {}", cause.why),
                ..finding(seen.at, Label::new(cause.id))
            });
        }
        for name in unseen.silent.iter().filter(|name| !self.silent.contains(name)) {
            out.push(Finding {
                severity: Severity::Medium,
                score: 40,
                observed: Value::Count(1),
                why: format!("{name} is down or gone: nothing is seen on it until it is back"),
                ..finding(seen.at, Label::new(&format!("interface {name}")))
            });
        }
        self.silent.clone_from(&unseen.silent);
    }
}

/// About nobody: the place is the cause.
fn finding(at: Timestamp, place: Label) -> Finding {
    let nobody = std::net::IpAddr::from([0, 0, 0, 0]);
    Finding {
        detector: SPEC.id,
        severity: Severity::Info,
        score: 0,
        at,
        subject: Subject {
            host: nobody,
            remote: nobody,
            port: 0,
            protocol: Protocol::default(),
            name: Some(place),
            application: Application::PENDING,
            flow: None,
        },
        observed: Value::Count(0),
        expected: Value::Count(0),
        basis: "since the start".to_owned(),
        why: String::new(),
    }
}
