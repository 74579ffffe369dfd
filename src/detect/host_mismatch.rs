//! Host mismatch: the name in a request is not one that its sender looked up.

use std::time::Duration;

use crate::baseline::{Baseline, Destination, Ledger};
use crate::model::{Finding, Label, NameCheck, Severity, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "host-mismatch",
    title: "A name that was never looked up",
    about: "The server name of a TLS handshake or the Host of a request was never looked up by this host, though DNS of \
            it is seen; medium if DNS gave the address for another name, low if neither ever came up. Implants that \
            pass as a known site do that. Names of /etc/hosts are left alone, and so are learnt destinations and hosts \
            that ask over encrypted DNS; where no DNS is seen it says nothing.",
    needs_baseline: false,
    build: || Box::new(HostMismatch { told: Recent::new(4_096, AGAIN) }),
};

/// Said again after this long.
const AGAIN: Duration = Duration::from_hours(1);
/// Payload sent before it counts: a probe is not a conversation.
const LEAST: u64 = 100;

struct HostMismatch {
    /// When a place was last told of.
    told: Recent<(Ledger, Destination), Option<Timestamp>>,
}

impl Detector for HostMismatch {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.told.sweep(seen.at);
        for moved in &seen.moved {
            let is_talk = moved.is_ours && moved.answered && moved.top.total_payload_out >= LEAST;
            if moved.contact.ledger != Ledger::Initiated || !is_talk {
                continue;
            }
            let other = match moved.top.facts.as_ref().map(|facts| &facts.name_check) {
                Some(NameCheck::Conflict(other)) => Some(other),
                Some(NameCheck::Never) => None,
                _ => continue,
            };
            let known = usual.service_at(&moved.contact);
            if !usual.is_learning() && known.is_some_and(|known| known.learned) {
                continue;
            }
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let told = self.told.entry(seen.at, key, || None);
            if told.is_none_or(|told| seen.at.since(told) >= AGAIN) {
                *told = Some(seen.at);
                out.push(finding(seen.at, moved, other, usual));
            }
        }
    }
}

fn finding(at: Timestamp, moved: &Moved<'_>, other: Option<&Label>, usual: &Baseline) -> Finding {
    let name = moved.top.subject.name.as_ref().map_or("-", |name| name.as_str());
    let address = moved.contact.address;
    let (severity, score, why) = if let Some(other) = other {
        let why = format!("asks {address} for {name}, which was never looked up here: DNS has it as {other}");
        (Severity::Medium, 50, why)
    } else {
        let why = format!("asks {address} for {name}: neither the name nor the address ever came up in DNS here");
        (Severity::Low, 25, why)
    };
    Finding {
        detector: SPEC.id,
        severity,
        score,
        at,
        subject: words::subject_of(&moved.contact, moved.top),
        observed: Value::Text(Label::new(name)),
        expected: other.map_or(Value::None, |other| Value::Text(other.clone())),
        basis: words::basis(usual),
        why,
    }
}
