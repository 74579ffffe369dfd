//! Frames that the kernel dropped: a line of health while it happens, and for a minute after.

use std::time::Duration;

use crate::capture::wall::Stopwatch;
use crate::model::{Health, Label, Losses};

/// How long it is said after the last drop.
const SAID_FOR: Duration = Duration::from_mins(1);

/// What has been dropped so far, and since when it is told.
#[derive(Default)]
pub(super) struct Drops {
    /// Drops before the present spell of them, and in all.
    before: u64,
    total: u64,
    last: Option<Stopwatch>,
}

impl Drops {
    /// Takes in what a capture has lost since it was opened.
    pub(super) fn take(&mut self, losses: Losses) {
        if losses.dropped() <= self.total {
            return;
        }
        if self.is_over() {
            self.before = self.total;
        }
        self.total = losses.dropped();
        self.last = Some(Stopwatch::start());
    }

    fn is_over(&self) -> bool {
        self.last.as_ref().is_none_or(|last| last.elapsed() > SAID_FOR)
    }

    pub(super) fn health(&self) -> Option<Health> {
        if self.is_over() {
            return None;
        }
        let what = format!(
            "{} frames were dropped by the kernel in this spell, {} in all: what is shown is too little; this process \
             had no time to read them",
            self.total - self.before,
            self.total
        );
        Some(Health { part: "capture", about: Label::new("drops"), what: Label::new(&what) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_told_and_none_are_not() {
        let mut drops = Drops::default();
        drops.take(Losses::default());
        assert_eq!(drops.health(), None);
        for ring in [7, 9, 9] {
            drops.take(Losses { ring, ..Losses::default() });
        }
        let what = drops.health().unwrap().what;
        assert!(what.as_str().starts_with("9 frames were dropped by the kernel in this spell, 9 in all"), "{what}");
    }
}
