//! The last forty seconds of a flow, in one-second steps: what sliding averages are made of.

use crate::snapshot::{Rates, SPARK};

/// Steps kept: the longest average is 40 seconds.
pub(super) const STEPS: usize = 40;

/// Bytes of the last [`STEPS`] seconds, sent and received by the key's first end.
#[derive(Clone)]
pub(super) struct History {
    /// The flow that holds it, as its place in the table.
    pub(super) holder: u32,
    steps: [[u32; STEPS]; 2],
    /// The tick of the latest step.
    tick: u32,
}

impl History {
    fn new(holder: u32, tick: u32) -> Self {
        Self { holder, steps: [[0; STEPS]; 2], tick }
    }

    /// Makes `tick` the latest step, with nothing in the ones between.
    fn advance(&mut self, tick: u32) {
        let gap = (tick.saturating_sub(self.tick) as usize).min(STEPS);
        for step in 0..gap {
            let at = (tick as usize).wrapping_sub(step) % STEPS;
            self.steps[0][at] = 0;
            self.steps[1][at] = 0;
        }
        self.tick = self.tick.max(tick);
    }

    fn add(&mut self, tick: u32, bytes: [u64; 2]) {
        self.advance(tick);
        let at = tick as usize % STEPS;
        for (steps, more) in self.steps.iter_mut().zip(bytes) {
            steps[at] = steps[at].saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }

    /// The last seconds that one end sent in, as they stand at `now`.
    pub(super) fn window(&self, side: usize, now: u32) -> Window {
        let mut bytes = [0; STEPS];
        let gap = now.saturating_sub(self.tick) as usize;
        if gap < STEPS {
            // The ring's two halves, oldest first, less what is too old by now.
            let (later, earlier) = self.steps[side].split_at((self.tick as usize + 1) % STEPS);
            let kept = earlier.iter().chain(later).skip(gap);
            bytes.iter_mut().zip(kept).for_each(|(slot, step)| *slot = *step);
        }
        Window { bytes }
    }
}

/// Bytes of each of the last [`STEPS`] seconds, the latest last.
pub(super) struct Window {
    bytes: [u32; STEPS],
}

impl Window {
    /// Averages over the last seconds, in bytes per second.
    pub(super) fn rates(&self) -> Rates {
        let sum = |steps: usize| self.bytes[STEPS - steps..].iter().map(|step| u64::from(*step)).sum::<u64>();
        Rates { s2: sum(2) / 2, s10: sum(10) / 10, s40: sum(STEPS) / STEPS as u64 }
    }

    /// The same forty seconds as two-second steps, the latest last.
    pub(super) fn spark(&self) -> [u32; SPARK] {
        std::array::from_fn(|at| self.bytes[2 * at].saturating_add(self.bytes[2 * at + 1]))
    }
}

const _: () = assert!(STEPS == 2 * SPARK, "a spark has a step for two seconds");

/// A bounded pool of histories: flows that matter have one, the dregs of a flood do without.
pub(super) struct Histories {
    slots: Vec<History>,
    free: Vec<u32>,
    limit: usize,
    cursor: usize,
    sweeper: usize,
}

/// The holder of a history that is free.
const NOBODY: u32 = u32::MAX;

impl Histories {
    pub(super) fn new(limit: usize) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), limit: limit.max(1), cursor: 0, sweeper: 0 }
    }

    pub(super) fn get(&self, slot: u32) -> Option<&History> {
        self.slots.get(slot as usize)
    }

    pub(super) fn add(&mut self, slot: u32, tick: u32, bytes: [u64; 2]) {
        if let Some(history) = self.slots.get_mut(slot as usize) {
            history.add(tick, bytes);
        }
    }

    /// A history for a flow. When all are taken, one is taken from a lighter flow, if a few looks find any:
    /// `weight` tells how heavy a holder is. Returns the slot and the flow that lost it.
    pub(super) fn take(&mut self, holder: u32, tick: u32, weight: impl Fn(u32) -> f32) -> Option<(u32, Option<u32>)> {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = History::new(holder, tick);
            return Some((slot, None));
        }
        if self.slots.len() < self.limit {
            self.slots.push(History::new(holder, tick));
            return Some((self.slots.len() as u32 - 1, None));
        }
        let mine = weight(holder);
        for _ in 0..4 {
            self.cursor = (self.cursor + 1) % self.slots.len();
            let loser = self.slots[self.cursor].holder;
            if weight(loser) < mine {
                self.slots[self.cursor] = History::new(holder, tick);
                return Some((self.cursor as u32, Some(loser)));
            }
        }
        None
    }

    /// Whether a quarter of all that there may be are given to somebody.
    pub(super) fn is_quarter_given(&self) -> bool {
        self.slots.len() - self.free.len() >= self.limit / 4
    }

    pub(super) fn give_back(&mut self, slot: u32) {
        if let Some(history) = self.slots.get_mut(slot as usize) {
            history.holder = NOBODY;
            self.free.push(slot);
        }
    }

    /// Takes back histories that tell of nothing any more, an eighth of the pool at a time; `lost` hears who held them.
    pub(super) fn sweep(&mut self, tick: u32, mut lost: impl FnMut(u32)) {
        let share = self.slots.len().div_ceil(8);
        for _ in 0..share {
            self.sweeper = (self.sweeper + 1) % self.slots.len();
            let history = &self.slots[self.sweeper];
            if history.holder != NOBODY && tick.saturating_sub(history.tick) as usize >= STEPS {
                lost(history.holder);
                self.give_back(self.sweeper as u32);
            }
        }
    }
}

/// The whole of what was captured, as rates: the footer's averages and the graph.
pub(super) struct Totals {
    all: History,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self { all: History::new(0, 0) }
    }

    pub(super) fn add(&mut self, tick: u32, bytes: [u64; 2]) {
        self.all.add(tick, bytes);
    }

    pub(super) fn rates(&self, side: usize, now: u32) -> Rates {
        self.all.window(side, now).rates()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_slide_and_forget() {
        let mut history = History::new(0, 100);
        history.add(100, [4_000, 40]);
        assert_eq!(history.window(0, 100).rates(), Rates { s2: 2_000, s10: 400, s40: 100 });
        assert_eq!(history.window(1, 101).rates(), Rates { s2: 20, s10: 4, s40: 1 });
        assert_eq!(history.window(0, 102).rates(), Rates { s2: 0, s10: 400, s40: 100 });
        assert_eq!(history.window(0, 140).rates(), Rates::default());
        history.add(1_000, [80, 0]);
        assert_eq!(history.window(0, 1_000).rates(), Rates { s2: 40, s10: 8, s40: 2 });
    }

    #[test]
    fn the_spark_ends_with_the_present() {
        let mut history = History::new(0, 50);
        history.add(50, [7, 0]);
        history.add(51, [5, 0]);
        let spark = history.window(0, 51).spark();
        assert_eq!(spark[SPARK - 1], 12);
        assert_eq!(spark.iter().sum::<u32>(), 12);
        assert_eq!(history.window(0, 53).spark()[SPARK - 2], 12);
    }

    #[test]
    fn a_full_pool_serves_the_heavier() {
        let mut pool = Histories::new(2);
        let weight = |holder: u32| holder as f32;
        assert_eq!(pool.take(1, 0, weight), Some((0, None)));
        assert_eq!(pool.take(2, 0, weight), Some((1, None)));
        assert_eq!(pool.take(0, 0, weight), None);
        assert_eq!(pool.take(9, 0, weight), Some((1, Some(2))));
    }

    #[test]
    fn silent_flows_lose_their_history() {
        let mut pool = Histories::new(4);
        for holder in 0..4 {
            pool.take(holder, 100, |_| 0.0);
        }
        pool.add(2, 130, [1, 1]);
        let mut lost = Vec::new();
        for _ in 0..4 {
            pool.sweep(150, |holder| lost.push(holder));
        }
        lost.sort_unstable();
        assert_eq!(lost, [0, 1, 3]);
        assert!(pool.take(7, 150, |_| 0.0).is_some_and(|(_, loser)| loser.is_none()));
    }
}
