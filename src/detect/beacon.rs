//! Beacon: contacts, or bursts within one connection, as regular as a clock, to a place that is odd as well.

use std::time::Duration;

use crate::baseline::{Baseline, Destination, Ledger};
use crate::model::{Finding, Protocol, Severity, Timestamp, Value};

use super::moved::Moved;
use super::oddity::{oddities, strong};
use super::recent::Recent;
use super::rhythm::{Beat, Rhythm};
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "beacon",
    title: "Regular contacts",
    about: "A destination is contacted, or sent a burst within one connection, at regular times, and it is new or \
            odd in another way: no name, an unrecognised protocol, TLS without a server name, an odd port. Clocks, \
            health checks and agents are regular too, so regularity alone is not told. Needs eight events.",
    needs_baseline: false,
    build: || Box::new(Beacon { places: Recent::new(2_048, Duration::from_hours(48)) }),
};

/// From here on a rhythm is regular.
const REGULAR: f64 = 0.75;
/// Starts of flows that are preferred to bursts within them.
const STARTS: usize = 7;
/// Known for so long is no news at all.
const OLD: Duration = Duration::from_hours(30 * 24);
const WEEK: Duration = Duration::from_hours(7 * 24);
const AGAIN: Duration = Duration::from_mins(10);
/// Protocols that are regular by nature: DNS, DHCP, NTP, mDNS, LLMNR, SSDP.
const CLOCKWORK: &[u16] = &[53, 67, 68, 123, 137, 138, 546, 547, 1900, 5353, 5355];

struct Beacon {
    places: Recent<(Ledger, Destination), Place>,
}

#[derive(Default)]
struct Place {
    /// Starts of flows.
    starts: Rhythm,
    /// Starts of outbound bursts.
    bursts: Rhythm,
    /// The last interval in which payload went out.
    spoke: Option<Timestamp>,
    told: Option<(Timestamp, Severity)>,
}

impl Detector for Beacon {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.places.sweep(seen.at);
        for moved in &seen.moved {
            let service = moved.contact.destination.service;
            // ICMP has a detector of its own; a ping is as regular as a clock.
            let is_clockwork = match service.protocol {
                Protocol::TCP => false,
                Protocol::ICMP | Protocol::ICMPV6 => true,
                _ => CLOCKWORK.contains(&service.port),
            };
            if moved.contact.ledger != Ledger::Initiated || !moved.is_ours || is_clockwork || !moved.answered {
                continue;
            }
            let key = (moved.contact.ledger, moved.contact.destination.clone());
            let place = self.places.entry(seen.at, key, Place::default);
            if place.take(seen, moved)
                && let Some(finding) = place.look(seen.at, moved, usual)
            {
                out.push(finding);
            }
        }
    }
}

impl Place {
    /// Takes in an interval; whether anything began in it.
    fn take(&mut self, seen: &Seen<'_>, moved: &Moved<'_>) -> bool {
        let mut any = false;
        if moved.opened > 0 {
            // The first packet of a new flow is known to the microsecond; that of one opened again is not.
            let at = if moved.top.is_new { moved.top.first } else { seen.at };
            self.starts.event(at);
            any = true;
        }
        self.starts.sent(moved.bytes_out);
        if moved.bytes_out > 0 {
            let is_burst =
                self.spoke.is_none_or(|spoke| seen.at.since(spoke) > seen.interval.span.max(Duration::from_secs(1)));
            if is_burst {
                self.bursts.event(seen.at);
                any = true;
            }
            self.bursts.sent(moved.bytes_out);
            self.spoke = Some(seen.at);
        }
        any
    }

    fn look(&mut self, at: Timestamp, moved: &Moved<'_>, usual: &Baseline) -> Option<Finding> {
        let is_inside = self.starts.len() < STARTS;
        let beat = if is_inside { &self.bursts } else { &self.starts }.beat().filter(|beat| beat.score >= REGULAR)?;
        let known = usual.service_at(&moved.contact).copied();
        let is_learnt = !usual.is_learning() && known.is_some_and(|known| known.learned);
        if is_learnt || known.is_some_and(|known| known.age(at) >= OLD) {
            return None;
        }
        let odd = oddities(moved, usual);
        let is_new = !usual.is_learning() && known.is_none_or(|known| known.age(at) < WEEK);
        let severity = match (strong(&odd) + usize::from(is_new), odd.len() + usize::from(is_new)) {
            (0, _) => return None,
            (_, 1) => Severity::Medium,
            _ => Severity::High,
        };
        if self.told.is_some_and(|(when, was)| severity <= was && at.since(when) < AGAIN) {
            return None;
        }
        self.told = Some((at, severity));
        Some(finding(at, moved, &beat, is_inside, severity, &odd, is_new, usual))
    }
}

#[expect(clippy::too_many_arguments, reason = "one sentence wants them all")]
fn finding(
    at: Timestamp,
    moved: &Moved<'_>,
    beat: &Beat,
    is_inside: bool,
    severity: Severity,
    odd: &[&'static str],
    is_new: bool,
    usual: &Baseline,
) -> Finding {
    let what = if is_inside { "bursts within one connection to" } else { "contacts with" };
    let mut because = odd.join(", ");
    if is_new {
        because = if because.is_empty() { "new".into() } else { format!("new, {because}") };
    }
    Finding {
        detector: SPEC.id,
        severity,
        score: (beat.score * 100.0 * if severity == Severity::High { 0.8 } else { 0.6 }) as u8,
        at,
        subject: words::subject_of(&moved.contact, moved.top),
        observed: Value::For(Duration::from_secs_f64(beat.every.clamp(0.0, 1e9))),
        expected: Value::None,
        basis: format!("{} gaps; {}", beat.gaps, words::basis(usual)),
        why: format!(
            "{what} {} every {:.1} s ± {:.1} s ({} times, {} each, regularity {:.2}); {because}",
            words::destination(&moved.contact),
            beat.every,
            beat.jitter,
            beat.gaps + 1,
            words::bytes(beat.bytes),
            beat.score
        ),
    }
}
