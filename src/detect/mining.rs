//! Mining: this host speaks Stratum, the protocol between miners and their pools, to somebody.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Ledger, Service};
use crate::model::{Application, Finding, Severity, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "mining",
    title: "Cryptocurrency mining",
    about: "We opened a connection and spoke Stratum on it, as miners do with their pools. Few servers have a reason \
            to; where this one has, mark the pool as known-good. A pool behind TLS is not seen.",
    needs_baseline: false,
    build: || Box::new(Mining { told: Recent::new(1_024, DAY) }),
};

const DAY: Duration = Duration::from_hours(24);
/// Said again after this long.
const AGAIN: Duration = Duration::from_mins(10);
const STRATUM: Application = Application::new("stratum");

struct Mining {
    /// When a pool was last told of.
    told: Recent<(IpAddr, Service), Option<Timestamp>>,
}

impl Detector for Mining {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.told.sweep(seen.at);
        for moved in &seen.moved {
            let speaks = moved.top.subject.application == STRATUM && moved.contact.ledger == Ledger::Initiated;
            if !speaks || !moved.is_ours {
                continue;
            }
            let key = (moved.top.subject.remote, moved.contact.destination.service);
            let told = self.told.entry(seen.at, key, || None);
            if told.is_none_or(|told| seen.at.since(told) >= AGAIN) {
                *told = Some(seen.at);
                out.push(finding(seen.at, moved, usual));
            }
        }
    }
}

fn finding(at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Finding {
    let sample = moved.top;
    Finding {
        detector: SPEC.id,
        severity: Severity::Medium,
        score: 60,
        at,
        subject: words::subject_of(&moved.contact, sample),
        observed: Value::Bytes(sample.total_payload_out),
        expected: Value::Bytes(0),
        basis: words::basis(usual),
        why: format!(
            "speaks Stratum, the mining protocol, to {}: {} sent, {} received",
            words::destination(&moved.contact),
            words::bytes(sample.total_payload_out),
            words::bytes(sample.total_payload_in),
        ),
    }
}
