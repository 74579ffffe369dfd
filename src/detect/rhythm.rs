//! How regular a series of events is.
//!
//! Median and MAD of the gaps, gaps that are whole multiples of the median (missed beats), sizes, and how many
//! there were. Unlike autocorrelation it survives jitter of half the period and pauses; unlike counting flows
//! it works on bursts within one connection.

use crate::model::Timestamp;

/// Gaps kept.
const KEPT: usize = 64;
/// Gaps shorter than this are one event.
const LEAST_GAP_MS: u64 = 500;
/// Gaps longer than this are pauses of the machine, not of a program.
const LONGEST_GAP_MS: u64 = 7 * 24 * 3_600_000;
/// Gaps, and time, before anything is said.
const LEAST_GAPS: usize = 7;
const LEAST_SPAN_MS: u64 = 30_000;

/// The last gaps between events, and the bytes sent at each.
#[derive(Clone, Debug, Default)]
pub struct Rhythm {
    gaps: Vec<(u32, u32)>,
    /// Where the next gap goes once `gaps` is full.
    next: usize,
    last: Option<Timestamp>,
    bytes: u64,
}

/// What a rhythm is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// Median gap, and median distance from it, in seconds.
    pub every: f64,
    pub jitter: f64,
    /// Median bytes per event.
    pub bytes: u64,
    pub gaps: usize,
    /// 0–1.
    pub score: f64,
}

impl Rhythm {
    /// An event at a moment. Events out of order or too close are the same event.
    pub fn event(&mut self, at: Timestamp) {
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
        let gap = at.since(last).as_millis() as u64;
        if gap < LEAST_GAP_MS {
            return;
        }
        self.last = Some(at);
        let bytes = u32::try_from(std::mem::take(&mut self.bytes)).unwrap_or(u32::MAX);
        if gap > LONGEST_GAP_MS {
            return;
        }
        let one = (u32::try_from(gap).unwrap_or(u32::MAX), bytes);
        if self.gaps.len() < KEPT {
            self.gaps.push(one);
        } else if let Some(slot) = self.gaps.get_mut(self.next) {
            *slot = one;
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// Bytes sent since the last event belong to it.
    pub const fn sent(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub const fn len(&self) -> usize {
        self.gaps.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }

    /// How regular it is; `None` before there was enough.
    pub fn beat(&self) -> Option<Beat> {
        let span: u64 = self.gaps.iter().map(|(gap, _)| u64::from(*gap)).sum();
        if self.gaps.len() < LEAST_GAPS || span < LEAST_SPAN_MS {
            return None;
        }
        let gaps: Vec<f64> = self.gaps.iter().map(|(gap, _)| f64::from(*gap)).collect();
        let sizes: Vec<f64> = self.gaps.iter().map(|(_, bytes)| f64::from(*bytes)).collect();
        let (every, away) = median_mad(&gaps);
        let (size, size_away) = median_mad(&sizes);
        let spread = away / every.max(1.0);
        let on_beat = gaps.iter().filter(|gap| is_on_beat(**gap, every)).count() as f64 / gaps.len() as f64;
        let sameness = if size > 0.0 { (1.0 - size_away / size).max(0.0) } else { 0.0 };
        let score = 0.35 * (1.0 - spread / 0.4).max(0.0)
            + 0.35 * ((on_beat - 0.4) / 0.6).max(0.0)
            + 0.15 * sameness
            + 0.15 * (gaps.len() as f64 / 24.0).min(1.0);
        Some(Beat { every: every / 1e3, jitter: away / 1e3, bytes: size as u64, gaps: gaps.len(), score })
    }
}

/// Within 35 % of once, twice or three times the period.
fn is_on_beat(gap: f64, every: f64) -> bool {
    (1..=3).any(|beats| (gap - every * f64::from(beats)).abs() <= 0.35 * every)
}

fn median_mad(values: &[f64]) -> (f64, f64) {
    let median = median(values.to_vec());
    (median, self::median(values.iter().map(|value| (value - median).abs()).collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repeatable number between 0 and 1.
    fn noise(n: u64) -> f64 {
        let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn score(events: u64, gap: impl Fn(u64) -> f64) -> f64 {
        let (mut rhythm, mut at) = (Rhythm::default(), 1_000.0);
        for n in 0..events {
            rhythm.event(Timestamp::from_micros((at * 1e6) as u64));
            rhythm.sent(300);
            at += gap(n);
        }
        rhythm.beat().map_or(0.0, |beat| beat.score)
    }

    #[test]
    fn a_beacon_is_regular_in_spite_of_jitter_and_missed_beats() {
        assert!(score(30, |_| 60.0) > 0.99);
        assert!(score(60, |n| 300.0 * (0.8 + 0.4 * noise(n))) > 0.8);
        assert!(score(60, |n| 60.0 * (0.75 + 0.5 * noise(n))) > 0.75);
        assert!(score(40, |n| if n % 7 == 0 { 120.0 } else { 60.0 }) > 0.9);
    }

    #[test]
    fn random_arrivals_are_not() {
        for seed in 0..50 {
            let poisson = score(64, |n| -60.0 * (1.0 - noise(n + seed * 1_000)).max(1e-9).ln());
            assert!(poisson < 0.75, "{poisson}");
        }
        assert!(score(7, |_| 60.0) < 1e-9, "too few");
        assert!(score(20, |_| 1.0) < 1e-9, "too short a time");
    }
}
