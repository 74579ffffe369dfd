//! Upload: much more goes out to a place than comes back, and the place is new or never got that much.

use std::time::Duration;

use crate::baseline::{Baseline, Destination, Ledger, Scale, balance};
use crate::model::{Finding, Severity, Timestamp, Value};

use super::moved::Moved;
use super::oddity::oddities;
use super::recent::Recent;
use super::slide::Slide;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "upload",
    title: "Upload to a new place",
    about: "Within ten minutes, or a day, far more payload went out to a place than came back, and the place was first \
            seen less than a week ago, used to send rather than receive, or is odd in other ways. Needs no baseline; \
            with one, what a destination got before (up to three times as much) is no news. Uploads that clients \
            fetch from our own services are left to `volume`.",
    needs_baseline: false,
    build: || Box::new(Upload { places: Recent::new(4_096, DAY) }),
};

const DAY: Duration = Duration::from_hours(24);
const WEEK: Duration = Duration::from_hours(7 * 24);
/// Ten minutes: bytes and balance that speak for themselves.
const BIG: u64 = 20_000_000;
const BIG_BALANCE: f64 = 0.6;
/// Ten minutes: bytes and balance that need oddities beside them.
const SOME: u64 = 256 * 1_024;
const SOME_BALANCE: f64 = 0.8;
/// A day: too slow for the rules above, and too much for a place that is new.
const SLOW: u64 = 100_000_000;
/// How far the balance must have moved from what it was.
const FLIP: f64 = 0.8;
/// What a destination may get, in terms of the most it ever got.
const ALLOWED: u64 = 3;
/// Said again after this long, or when it has grown by a tenth.
const AGAIN: Duration = Duration::from_mins(1);

struct Upload {
    places: Recent<(Ledger, Destination), Place>,
}

/// A second that brings less opens no entry: a place that never gets more reaches none of the amounts above.
const LEAST: u64 = 400;

struct Place {
    minutes: Slide<10>,
    hours: Slide<24>,
    told: Option<(Timestamp, u64, Severity)>,
}

/// Which rule was met.
struct Case {
    severity: Severity,
    score: u8,
    bytes_out: u64,
    bytes_in: u64,
    over: &'static str,
    because: String,
    expected: u64,
}

impl Detector for Upload {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.places.sweep(seen.at);
        for moved in &seen.moved {
            if moved.contact.ledger != Ledger::Initiated || !moved.is_ours {
                continue;
            }
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let Some(place) = self.places.admit(seen.at, key, moved.bytes_out, LEAST, Place::default) else { continue };
            place.minutes.add(seen.at, moved.bytes_out, moved.bytes_in);
            place.hours.add(seen.at, moved.bytes_out, moved.bytes_in);
            let Some(case) = place.case(seen.at, moved, usual) else { continue };
            let is_news = place.told.is_none_or(|(at, bytes, severity)| {
                case.severity > severity || case.bytes_out >= bytes + bytes / 10 || seen.at.since(at) >= AGAIN
            });
            if is_news {
                place.told = Some((seen.at, case.bytes_out, case.severity));
                out.push(case.finding(seen.at, moved, usual));
            }
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self { minutes: Slide::new(60), hours: Slide::new(3_600), told: None }
    }
}

impl Place {
    fn case(&self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Case> {
        let (sent, received) = self.minutes.sum();
        if sent >= SOME
            && let Some(lean) = balance(sent, received)
        {
            let found =
                big(at, moved, usual, (sent, received), lean).or_else(|| odd(at, moved, usual, (sent, received), lean));
            if found.is_some() {
                return found;
            }
        }
        self.slow(at, moved, usual)
    }

    /// A day's worth, too slow for the ten-minute rules.
    fn slow(&self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Case> {
        let (bytes_out, bytes_in) = self.hours.sum();
        if bytes_out < SLOW || balance(bytes_out, bytes_in)? < BIG_BALANCE {
            return None;
        }
        let known = usual.service_at(&moved.contact);
        let age = known.map(|known| known.age(at));
        let is_new = match known {
            // All is new while learning: then only what is odd as well.
            _ if usual.is_learning() => !oddities(moved, usual).is_empty(),
            Some(known) => known.is_fresh(at, WEEK),
            None => true,
        };
        if !is_new {
            return None;
        }
        Some(Case {
            severity: Severity::Medium,
            score: 50,
            bytes_out,
            bytes_in,
            over: "24 h",
            because: age
                .map_or_else(|| "never seen before".into(), |age| format!("first seen {} ago", words::span(age))),
            expected: 0,
        })
    }
}

/// The most that a destination was ever sent in ten minutes.
fn most(moved: &Moved<'_>, usual: &Baseline) -> u64 {
    usual.band(&moved.contact, Scale::TenMinutes).map_or(0, |band| band.biggest)
}

fn big(at: Timestamp, moved: &Moved<'_>, usual: &Baseline, (sent, back): (u64, u64), lean: f64) -> Option<Case> {
    let most = most(moved, usual);
    if sent < BIG || lean < BIG_BALANCE || sent <= most.saturating_mul(ALLOWED) {
        return None;
    }
    let record = usual.record(&moved.contact);
    let age = record.map(|record| record.known.age(at));
    let was =
        record.filter(|record| record.bytes_out + record.bytes_in >= SOME).and_then(crate::baseline::Record::balance);
    let because = match (age, was) {
        (None, _) => "never seen before".into(),
        (_, Some(was)) if lean - was >= FLIP => format!("it was {was:+.2} until now"),
        (Some(age), _) if age < WEEK => format!("first seen {} ago", words::span(age)),
        _ => return None,
    };
    let score = if sent >= 10 * BIG { 90 } else { 80 };
    Some(Case {
        severity: Severity::High,
        score,
        bytes_out: sent,
        bytes_in: back,
        over: "10 min",
        because,
        expected: most,
    })
}

fn odd(at: Timestamp, moved: &Moved<'_>, usual: &Baseline, (sent, back): (u64, u64), lean: f64) -> Option<Case> {
    let most = most(moved, usual);
    if lean < SOME_BALANCE || sent <= most.saturating_mul(ALLOWED) {
        return None;
    }
    let oddities = oddities(moved, usual);
    // Before learning is done hardly anything is known, so that one oddity means little.
    let known = usual.host(moved.top.subject.name.as_ref(), moved.contact.address);
    let is_new = !usual.is_learning() && known.is_none_or(|known| known.is_fresh(at, DAY));
    if oddities.len() < if is_new { 1 } else { 2 } {
        return None;
    }
    let mut because = oddities.join(", ");
    if is_new {
        because.insert_str(0, "new, ");
    }
    Some(Case {
        severity: Severity::Medium,
        score: 50,
        bytes_out: sent,
        bytes_in: back,
        over: "10 min",
        because,
        expected: most,
    })
}

impl Case {
    fn finding(self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Finding {
        let before = match self.expected {
            0 => String::new(),
            most => format!("; at most {} before", words::bytes(most)),
        };
        Finding {
            detector: SPEC.id,
            severity: self.severity,
            score: self.score,
            at,
            subject: words::subject_of(&moved.contact, moved.top),
            observed: Value::Bytes(self.bytes_out),
            expected: Value::Bytes(self.expected),
            basis: words::basis(usual),
            why: format!(
                "uploaded {} to {} within {}, {} came back (balance {:+.2}); {}{before}",
                words::bytes(self.bytes_out),
                words::destination(&moved.contact),
                self.over,
                words::bytes(self.bytes_in),
                balance(self.bytes_out, self.bytes_in).unwrap_or_default(),
                self.because
            ),
        }
    }
}
