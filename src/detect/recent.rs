//! What a detector remembers between intervals: a bounded map that forgets what went quiet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::time::Duration;

use foldhash::quality::RandomState;

use crate::model::Timestamp;

/// Entries by key, each with the moment it was last used.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: HashMap<K, (Timestamp, V), RandomState>,
    limit: usize,
    keep: Duration,
    swept: Timestamp,
    /// What a newcomer must weigh to come in by [`Recent::admit`].
    bar: u64,
    /// When room was made last.
    made_room: Timestamp,
}

impl<K: Hash + Eq + Ord + Clone, V> Recent<K, V> {
    /// About `limit` entries at most, each kept for `keep` of data time after it was last used.
    pub fn new(limit: usize, keep: Duration) -> Self {
        let swept = Timestamp::ZERO;
        // A hash table holds seven eighths of a power of two; one entry more doubles it.
        let limit = limit.max(8).next_power_of_two() / 8 * 7;
        Self { entries: HashMap::default(), limit, keep, swept, bar: 0, made_room: swept }
    }

    /// The entry, made if it is not there; it counts as used. When full, the eighth that was used
    /// longest ago leaves.
    pub fn entry(&mut self, at: Timestamp, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.make_room();
        }
        let slot = self.entries.entry(key).or_insert_with(|| (at, make()));
        slot.0 = slot.0.max(at);
        &mut slot.1
    }

    /// The entry, if it is there or a newcomer of that weight may come in; it counts as used.
    ///
    /// Newcomers lighter than `least` never do. Where more of them come within one interval than there is room
    /// for, each round of making room doubles the bar, so that a flood of light ones neither turns the map over
    /// again and again nor keeps a heavy one out. The bar sinks again with every sweep.
    pub fn admit(
        &mut self,
        at: Timestamp,
        key: K,
        weight: u64,
        least: u64,
        make: impl FnOnce() -> V,
    ) -> Option<&mut V> {
        let may_come = weight >= self.bar.max(least);
        if may_come && self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            if self.made_room == at {
                self.bar = self.bar.max(weight).saturating_mul(2);
            }
            self.made_room = at;
            self.make_room();
        }
        let slot = match self.entries.entry(key) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(_) if !may_come => return None,
            Entry::Vacant(slot) => slot.insert((at, make())),
        };
        slot.0 = slot.0.max(at);
        Some(&mut slot.1)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|slot| &mut slot.1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, slot)| (key, &slot.1))
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|slot| slot.1)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets what was not used for long; at most once a minute of data time.
    pub fn sweep(&mut self, at: Timestamp) {
        if at.since(self.swept) < Duration::from_mins(1) && at >= self.swept {
            return;
        }
        self.swept = at;
        self.bar /= 2;
        self.entries.retain(|_, (used, _)| at.since(*used) <= self.keep);
    }

    fn make_room(&mut self) {
        let leave = (self.limit / 8).max(1);
        let mut ranked: Vec<(Timestamp, &K)> = self.entries.iter().map(|(key, slot)| (slot.0, key)).collect();
        if leave < ranked.len() {
            ranked.select_nth_unstable(leave);
            ranked.truncate(leave);
        }
        let leaving: Vec<K> = ranked.into_iter().map(|(_, key)| key.clone()).collect();
        for key in leaving {
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_forgets() {
        let mut recent: Recent<u32, u32> = Recent::new(64, Duration::from_secs(100));
        for key in 0..1_000 {
            *recent.entry(Timestamp::from_secs(key.into()), key, || 0) += 1;
            assert!(recent.len() <= 64);
        }
        assert_eq!(recent.remove(&999), Some(1));
        recent.sweep(Timestamp::from_secs(5_000));
        assert_eq!(recent.len(), 0);
    }
    #[test]
    fn a_flood_of_light_newcomers_keeps_no_heavy_one_out() {
        let mut recent: Recent<u32, u64> = Recent::new(64, Duration::from_secs(100));
        let at = Timestamp::from_secs(10);
        let came = (0..10_000).filter(|key| recent.admit(at, *key, 500, 400, || 0).is_some()).count();
        assert!((64..200).contains(&came), "{came} light ones came in");
        assert!(recent.admit(at, 20_000, 399, 400, || 0).is_none(), "too light in any case");
        assert!(recent.admit(at, 20_001, 1 << 40, 400, || 0).is_some(), "heavy");
        for minute in 1..60 {
            recent.sweep(at.plus(Duration::from_mins(minute)));
        }
        assert!(recent.admit(at.plus(Duration::from_hours(2)), 1, 500, 400, || 0).is_some(), "the bar sank");
    }
}
