//! How long, how often and since when something is known.

use std::time::Duration;

use crate::model::Timestamp;

const DAY: u64 = 86_400;

/// When something was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub first: Timestamp,
    pub last: Timestamp,
    /// Days (UTC) on which it was seen.
    pub days: u32,
    /// Intervals in which it was seen.
    pub times: u64,
    /// First seen while learning: never news.
    pub learned: bool,
}

impl Known {
    /// Seen for the first time.
    pub const fn since(at: Timestamp, learned: bool) -> Self {
        Self { first: at, last: at, days: 1, times: 0, learned }
    }

    /// Seen again.
    pub fn touch(&mut self, at: Timestamp) {
        if at.secs() / DAY > self.last.secs() / DAY {
            self.days = self.days.saturating_add(1);
        }
        self.last = self.last.max(at);
        self.first = self.first.min(at);
        self.times = self.times.saturating_add(1);
    }

    /// How long ago it was first seen.
    pub const fn age(&self, at: Timestamp) -> Duration {
        at.since(self.first)
    }

    /// Whether it turned up after learning, and less than `fresh` ago.
    pub fn is_fresh(&self, at: Timestamp, fresh: Duration) -> bool {
        !self.learned && self.age(at) < fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_days_not_hours() {
        let mut known = Known::since(Timestamp::from_secs(10), false);
        for at in [20, 3_600, DAY + 5, DAY + 6, 3 * DAY] {
            known.touch(Timestamp::from_secs(at));
        }
        assert_eq!((known.days, known.times), (3, 5));
        assert!(known.is_fresh(Timestamp::from_secs(20), Duration::from_mins(1)));
        assert!(!known.is_fresh(Timestamp::from_secs(200), Duration::from_mins(1)));
    }
}
