//! The wall clock, for sources whose data is happening now. Nothing else may read it.
#![allow(clippy::disallowed_methods, reason = "this is the one door that time comes in by")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The present moment, for stamping what a live source sees.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// How long it is until a second of the clock has ended that long ago.
pub fn until_next_second(ago: Duration) -> Duration {
    let then = now().minus(ago);
    then.floor_second().plus(Duration::from_secs(1)).since(then)
}

/// A running stopwatch, for patience and pacing.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits, for the pacing of a replay.
pub fn pause(span: Duration) {
    std::thread::sleep(span);
}
