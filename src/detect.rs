//! Judges: each looks at an interval beside what is usual, and says what is wrong, with numbers.
//!
//! A detector sees no packets, no clock and no screen. One file each; its entry in [`DETECTORS`] is all
//! that help, alert ids and tests need.

pub mod beacon;
pub mod book;
pub mod churn;
pub mod dns_tunnel;
pub mod first_contact;
pub mod host_mismatch;
pub mod icmp;
pub mod mining;
pub mod moved;
pub mod new_service;
pub mod odd;
pub mod oddity;
pub mod pressure;
pub mod recent;
pub mod rhythm;
pub mod scan;
pub mod slide;
pub mod suspicious_owner;
pub mod tor;
pub mod unseen;
pub mod upload;
pub mod volume;
pub mod words;

use crate::baseline::Baseline;
use crate::flow::Interval;
use crate::model::{Finding, Timestamp};

pub use book::AlertBook;
pub use moved::Moved;

use moved::by_destination;

/// An entry of the table of detectors.
pub struct Spec {
    /// In alerts, options and documents, for ever.
    pub id: &'static str,
    pub title: &'static str,
    /// What it means, and what it misses.
    pub about: &'static str,
    /// It has nothing to say while the baseline is learning.
    pub needs_baseline: bool,
    pub build: fn() -> Box<dyn Detector>,
}

/// Looks at one closed interval beside what is usual.
///
/// What it remembers between intervals is bounded, and depends on nothing but the intervals it was shown.
pub trait Detector: Send {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>);
}

/// An interval, and what moved in it added up by destination, once for all detectors.
pub struct Seen<'a> {
    pub at: Timestamp,
    pub interval: &'a Interval,
    pub moved: Vec<Moved<'a>>,
}

/// Every detector, in the order that help lists them.
pub static DETECTORS: &[&Spec] = &[
    &first_contact::SPEC,
    &new_service::SPEC,
    &volume::SPEC,
    &upload::SPEC,
    &beacon::SPEC,
    &scan::SPEC,
    &churn::SPEC,
    &dns_tunnel::SPEC,
    &icmp::SPEC,
    &odd::SPEC,
    &host_mismatch::SPEC,
    &mining::SPEC,
    &suspicious_owner::SPEC,
    &tor::SPEC,
    &pressure::SPEC,
    &unseen::SPEC,
];

/// The entry of that id.
pub fn spec(id: &str) -> Option<&'static Spec> {
    DETECTORS.iter().copied().find(|spec| spec.id == id)
}

/// All detectors at work.
pub struct Judges {
    all: Vec<(&'static Spec, Box<dyn Detector>)>,
}

impl Default for Judges {
    fn default() -> Self {
        Self { all: DETECTORS.iter().map(|spec| (*spec, (spec.build)())).collect() }
    }
}

impl Judges {
    /// What every detector has to say about an interval. Call it before the baseline learns from it.
    pub fn judge(&mut self, seen: &Interval, usual: &Baseline, out: &mut Vec<Finding>) {
        let learning = usual.is_learning();
        let seen = Seen { at: seen.at, interval: seen, moved: by_destination(seen) };
        for (spec, detector) in &mut self.all {
            if !(learning && spec.needs_baseline) {
                detector.judge(&seen, usual, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_detector_has_its_own_id_and_says_what_it_is_for() {
        let mut ids = HashSet::new();
        for spec in DETECTORS {
            assert!(ids.insert(spec.id), "{} is there twice", spec.id);
            assert!(spec.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", spec.id);
            assert!(!spec.title.is_empty() && spec.title.len() <= 40, "{}", spec.id);
            assert!(spec.about.len() > 40 && spec.about.ends_with('.'), "{}", spec.id);
        }
    }

    #[test]
    fn nothing_is_said_about_nothing() {
        let (mut judges, mut out) = (Judges::default(), Vec::new());
        judges.judge(&Interval::default(), &Baseline::new(crate::baseline::BaselineConfig::default()), &mut out);
        assert_eq!(out, []);
    }
}
