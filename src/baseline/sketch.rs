//! How a quantity is spread, in a few dozen numbers: counts over steps of ln(1+x).
//!
//! Median and median absolute deviation (MAD), not mean and standard deviation: sizes on a network are
//! heavy-tailed, and one giant must not move what counts as usual. The steps are 0.2 wide, so a
//! quantile is right to about 10 %.

use std::cmp::Ordering;

/// Width of a step of ln(1+x). 222 steps hold every `u64`.
const STEP: f64 = 0.2;
/// Above this many observations all counts are halved: old ones fade.
const FULL: u32 = 4_096;

/// Counts of observations by size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Step and count, ordered by step; only steps that have any.
    counts: Vec<(u8, u32)>,
    total: u32,
}

/// ln(1+x).
pub fn log1p(x: u64) -> f64 {
    (x as f64).ln_1p()
}

fn step(x: u64) -> u8 {
    (log1p(x) / STEP) as u8
}

fn middle(step: u8) -> f64 {
    (f64::from(step) + 0.5) * STEP
}

impl Sketch {
    /// One more observation.
    pub fn add(&mut self, x: u64) {
        let step = step(x);
        match self.counts.binary_search_by_key(&step, |(s, _)| *s) {
            Ok(at) => {
                if let Some((_, count)) = self.counts.get_mut(at) {
                    *count += 1;
                }
            }
            Err(at) => self.counts.insert(at, (step, 1)),
        }
        self.total += 1;
        if self.total >= FULL {
            self.fade();
        }
    }

    /// Observations, older ones counted less.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// The quantile `q` (0–1) of ln(1+x); `None` without observations.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        weighted(self.counts.iter().map(|(step, count)| (middle(*step), *count)), self.total, q)
    }

    /// Median and MAD of ln(1+x).
    pub fn median_mad(&self) -> Option<(f64, f64)> {
        let median = self.quantile(0.5)?;
        let mut away: Vec<(f64, u32)> =
            self.counts.iter().map(|(step, count)| ((middle(*step) - median).abs(), *count)).collect();
        away.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        Some((median, weighted(away.into_iter(), self.total, 0.5)?))
    }

    /// The counts, for saving.
    pub fn counts(&self) -> &[(u8, u32)] {
        &self.counts
    }

    /// From saved counts; what makes no sense is left out.
    pub fn from_counts(saved: impl IntoIterator<Item = (u8, u32)>) -> Self {
        let mut counts: Vec<(u8, u32)> = saved.into_iter().filter(|(_, count)| (1..FULL).contains(count)).collect();
        counts.sort_unstable_by_key(|(step, _)| *step);
        counts.dedup_by_key(|(step, _)| *step);
        let mut sketch = Self { total: counts.iter().map(|(_, count)| count).sum(), counts };
        while sketch.total >= FULL {
            sketch.fade();
        }
        sketch
    }

    fn fade(&mut self) {
        for (_, count) in &mut self.counts {
            *count /= 2;
        }
        self.counts.retain(|(_, count)| *count > 0);
        self.total = self.counts.iter().map(|(_, count)| count).sum();
    }
}

fn weighted(values: impl Iterator<Item = (f64, u32)>, total: u32, q: f64) -> Option<f64> {
    let wanted = q * f64::from(total);
    let mut sum = 0.0;
    let mut last = None;
    for (value, count) in values {
        sum += f64::from(count);
        last = Some(value);
        if sum >= wanted {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_step() {
        let mut sketch = Sketch::default();
        for x in 1..=1_000u64 {
            sketch.add(x * 1_000);
        }
        for (q, truth) in [(0.1, 100_000), (0.5, 500_000), (0.99, 990_000)] {
            let found = sketch.quantile(q).unwrap();
            assert!((found - log1p(truth)).abs() <= STEP, "{q}: {found} beside {}", log1p(truth));
        }
    }

    #[test]
    fn one_giant_does_not_move_the_middle() {
        let mut sketch = Sketch::default();
        for _ in 0..50 {
            sketch.add(2_000);
        }
        let before = sketch.median_mad().unwrap();
        sketch.add(u64::MAX);
        assert_eq!(sketch.median_mad().unwrap(), before);
    }

    #[test]
    fn is_bounded_and_comes_back_as_it_was_saved() {
        let mut sketch = Sketch::default();
        for x in 0..100_000u64 {
            sketch.add(x * x);
        }
        assert!(sketch.total() < FULL && sketch.counts().len() < 256);
        assert_eq!(Sketch::from_counts(sketch.counts().to_vec()), sketch);
        assert!(Sketch::from_counts([(3, u32::MAX), (3, 5), (9, 0)]).total() < FULL);
        assert_eq!(Sketch::default().median_mad(), None);
    }
}
