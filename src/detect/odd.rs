//! Odd destination: two strange things about one place, and a connection that was held or used.

use std::time::Duration;

use crate::baseline::{Baseline, Destination, Ledger};
use crate::model::{Finding, Severity, Timestamp, Value};

use super::moved::Moved;
use super::oddity::{oddities, strong};
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "odd-destination",
    title: "Strange in two ways",
    about: "A destination is strange in two ways at once (no server name and an odd port, no name and a protocol that \
            nobody recognises), or in one way and its connection is open for hours. Learnt destinations are left alone.",
    needs_baseline: false,
    build: || Box::new(Odd { told: Recent::new(4_096, Duration::from_hours(24)) }),
};

/// Open for so long, and what that weighs (RITA's steps).
const LONG: &[(Duration, Severity, u8)] = &[
    (Duration::from_hours(12), Severity::High, 70),
    (Duration::from_hours(8), Severity::Medium, 55),
    (Duration::from_hours(1), Severity::Medium, 45),
];
const AGAIN: Duration = Duration::from_mins(10);
/// Payload both ways before two oddities count: a probe is not a conversation.
const LEAST: u64 = 300;

struct Odd {
    told: Recent<(Ledger, Destination), (Timestamp, Severity)>,
}

impl Detector for Odd {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.told.sweep(seen.at);
        for moved in &seen.moved {
            let is_talk = moved.is_ours && moved.answered;
            if moved.contact.ledger != Ledger::Initiated || !is_talk {
                continue;
            }
            let known = usual.service_at(&moved.contact);
            if !usual.is_learning() && known.is_some_and(|known| known.learned) {
                continue;
            }
            let Some((severity, score, why)) = case(seen.at, moved, usual) else { continue };
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let told = self.told.entry(seen.at, key, || (Timestamp::ZERO, Severity::Info));
            if severity <= told.1 && seen.at.since(told.0) < AGAIN {
                continue;
            }
            *told = (seen.at, severity);
            out.push(Finding {
                detector: SPEC.id,
                severity,
                score,
                at: seen.at,
                subject: words::subject_of(&moved.contact, moved.top),
                observed: Value::For(moved.top.last.since(moved.top.first)),
                expected: Value::None,
                basis: words::basis(usual),
                why,
            });
        }
    }
}

fn case(at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<(Severity, u8, String)> {
    let odd = oddities(moved, usual);
    let top = moved.top;
    if odd.is_empty() || top.total_payload_in == 0 {
        return None;
    }
    let to = words::destination(&moved.contact);
    let age = at.since(top.first);
    let sent = words::bytes(top.total_payload_out);
    if strong(&odd) > 0
        && let Some((_, severity, score)) = LONG.iter().find(|(least, ..)| age >= *least)
    {
        let why = format!("one conversation with {to} for {}, {sent} sent; {}", words::span(age), odd.join(", "));
        return Some((*severity, *score, why));
    }
    (odd.len() >= 2 && top.total_payload_out >= LEAST)
        .then(|| (Severity::Medium, 45, format!("{to} is strange: {}; {sent} sent", odd.join(", "))))
}
