//! How fast recorded or scripted data is handed out: at once, or as a clock would have seen it.

use std::time::Duration;

use super::wall::{self, Stopwatch};
use crate::model::Timestamp;

/// The longest span waited in one go, so that whoever reads can look after other things.
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// Holds data back until its moment. The moment of the first frame is now.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Seconds of data in a second; `None` for as fast as it can be read.
    speed: Option<f64>,
    start: Option<(Timestamp, Stopwatch)>,
}

impl Pace {
    /// `speed` seconds of data pass in one second. Not a positive number means: without waiting.
    pub fn new(speed: Option<f64>) -> Self {
        Self { speed: speed.filter(|speed| speed.is_finite() && *speed > 0.0), start: None }
    }

    pub const fn is_unhurried(&self) -> bool {
        self.speed.is_some()
    }

    /// Starts the clock, at the first frame.
    pub fn start(&mut self, first: Timestamp) {
        if self.is_unhurried() && self.start.is_none() {
            self.start = Some((first, Stopwatch::start()));
        }
    }

    /// The moment that data time has reached; `None` where nothing is held back.
    pub fn now(&self) -> Option<Timestamp> {
        let (first, watch) = self.start.as_ref()?;
        let span = watch.elapsed().as_secs_f64() * self.speed?;
        Some(first.plus(Duration::try_from_secs_f64(span).unwrap_or(Duration::MAX)))
    }

    /// Waits for `next` to be due, at most `patience` and no longer than [`LONGEST_NAP`].
    pub fn wait_for(&self, next: Timestamp, patience: Duration) {
        let (Some(now), Some(speed)) = (self.now(), self.speed) else { return };
        let left = Duration::try_from_secs_f64(next.since(now).as_secs_f64() / speed).unwrap_or(LONGEST_NAP);
        wall::pause(left.min(patience).min(LONGEST_NAP));
    }
}
