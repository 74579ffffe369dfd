//! How much is usually sent to one destination in ten seconds, a minute, ten minutes.

use std::time::Duration;

use crate::model::Timestamp;

use super::sketch::{Sketch, log1p};

/// The least spread assumed, in ln(1+x): a destination that always gets the same is allowed some play.
const LEAST_SIGMA: f64 = 0.3;
/// From MAD to the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.4826;
/// The biggest bucket counts as usual for this long.
const BIGGEST_FOR: Duration = Duration::from_hours(30 * 24);

/// Length of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    TenSeconds,
    Minute,
    TenMinutes,
}

impl Scale {
    pub const ALL: [Self; 3] = [Self::TenSeconds, Self::Minute, Self::TenMinutes];

    pub const fn secs(self) -> u64 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::TenMinutes => 600,
        }
    }

    /// The number of the bucket that holds a moment. Intervals end on a moment, so that moment belongs to
    /// the bucket before it.
    pub fn bucket(self, at: Timestamp) -> u64 {
        at.nanos().saturating_sub(1) / 1_000_000_000 / self.secs()
    }

    /// For sentences: `in 10 s`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TenSeconds => "10 s",
            Self::Minute => "1 min",
            Self::TenMinutes => "10 min",
        }
    }
}

/// One scale: the bucket being filled, and all closed ones that had any traffic.
///
/// Empty buckets do not count: what is learnt is how much goes out *when* something goes out, so that
/// an hourly backup is as usual as a steady trickle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    pub(super) closed: Sketch,
    pub(super) biggest: u64,
    pub(super) biggest_at: Timestamp,
    /// The bucket being filled, and what it holds.
    bucket: u64,
    sum: u64,
}

impl Series {
    fn add(&mut self, scale: Scale, at: Timestamp, bytes: u64) {
        let bucket = scale.bucket(at);
        if bucket != self.bucket {
            self.close(Timestamp::from_secs(self.bucket.saturating_add(1).saturating_mul(scale.secs())));
            self.bucket = bucket;
        }
        self.sum = self.sum.saturating_add(bytes);
    }

    fn close(&mut self, at: Timestamp) {
        if self.sum == 0 {
            return;
        }
        self.closed.add(self.sum);
        if self.sum >= self.biggest || at.since(self.biggest_at) > BIGGEST_FOR {
            (self.biggest, self.biggest_at) = (self.sum, at);
        }
        self.sum = 0;
    }

    /// Takes over what the other has in the bucket being filled.
    fn take_open(&mut self, other: &mut Self) {
        if self.bucket == other.bucket || self.sum == 0 {
            self.bucket = other.bucket;
            self.sum = self.sum.saturating_add(std::mem::take(&mut other.sum));
        }
    }

    fn band(&self) -> Option<Band> {
        let (median, mad) = self.closed.median_mad()?;
        Some(Band {
            buckets: self.closed.total(),
            median,
            sigma: (mad * MAD_TO_SIGMA).max(LEAST_SIGMA),
            high: exp_m1(self.closed.quantile(0.99)?),
            biggest: self.biggest,
        })
    }
}

fn exp_m1(y: f64) -> u64 {
    y.exp_m1().max(0.0) as u64
}

/// What is usual for one destination at one scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Buckets it rests on.
    pub buckets: u32,
    /// Median of ln(1+bytes).
    pub median: f64,
    /// Spread of ln(1+bytes).
    pub sigma: f64,
    /// 99th percentile, bytes.
    pub high: u64,
    /// The biggest bucket of the last 30 days, bytes.
    pub biggest: u64,
}

impl Band {
    /// The usual amount in bytes.
    pub fn usual(&self) -> u64 {
        exp_m1(self.median)
    }

    /// How many spreads an amount lies above the usual; negative below.
    pub fn z(&self, bytes: u64) -> f64 {
        (log1p(bytes) - self.median) / self.sigma
    }

    /// How many times the usual an amount is.
    pub fn times(&self, bytes: u64) -> f64 {
        bytes as f64 / self.usual().max(1) as f64
    }
}

/// What one destination gets, at all scales.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    pub(super) series: [Series; 3],
}

impl Volume {
    pub fn add(&mut self, at: Timestamp, bytes: u64) {
        for (series, scale) in self.series.iter_mut().zip(Scale::ALL) {
            series.add(scale, at, bytes);
        }
    }

    /// Takes over what the other has not closed yet: an address turned out to have a name.
    pub fn take_open(&mut self, other: &mut Self) {
        for (mine, theirs) in self.series.iter_mut().zip(&mut other.series) {
            mine.take_open(theirs);
        }
    }

    /// What is usual; `None` before the first bucket closed.
    pub fn band(&self, scale: Scale) -> Option<Band> {
        self.series.iter().zip(Scale::ALL).find(|(_, s)| *s == scale).and_then(|(series, _)| series.band())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hourly_backup_is_its_own_usual() {
        let mut volume = Volume::default();
        for hour in 0..24u64 {
            for second in 1..=20 {
                volume.add(Timestamp::from_secs(hour * 3_600 + second), 10_000_000);
            }
        }
        volume.add(Timestamp::from_secs(24 * 3_600 + 1), 1);
        let band = volume.band(Scale::TenMinutes).unwrap();
        assert_eq!((band.buckets, band.biggest), (24, 200_000_000));
        assert!((band.usual() as f64 / 2e8 - 1.0).abs() < 0.15, "{}", band.usual());
        assert!(band.z(200_000_000).abs() < 1.0 && band.z(2_000_000_000) > 4.0);
    }

    #[test]
    fn the_end_of_an_interval_belongs_to_the_bucket_before() {
        assert_eq!(Scale::TenSeconds.bucket(Timestamp::from_secs(10)), 0);
        assert_eq!(Scale::TenSeconds.bucket(Timestamp::from_secs(11)), 1);
        assert_eq!(Scale::TenSeconds.bucket(Timestamp::ZERO), 0);
    }

    #[test]
    fn nothing_is_usual_before_a_bucket_closed() {
        let mut volume = Volume::default();
        volume.add(Timestamp::from_secs(1), 500);
        assert_eq!(volume.band(Scale::TenSeconds), None);
    }
}
