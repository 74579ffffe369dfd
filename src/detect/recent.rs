//! What a detector remembers between intervals: a bounded map that forgets what went quiet.

use std::collections::HashMap;
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
}

impl<K: Hash + Eq + Ord + Clone, V> Recent<K, V> {
    /// At most `limit` entries, each kept for `keep` of data time after it was last used.
    pub fn new(limit: usize, keep: Duration) -> Self {
        Self { entries: HashMap::default(), limit: limit.max(8), keep, swept: Timestamp::ZERO }
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
        self.entries.retain(|_, (used, _)| at.since(*used) <= self.keep);
    }

    fn make_room(&mut self) {
        let leave = (self.limit / 8).max(1);
        let mut ranked: Vec<(Timestamp, K)> = self.entries.iter().map(|(key, slot)| (slot.0, key.clone())).collect();
        if leave < ranked.len() {
            ranked.select_nth_unstable(leave);
            ranked.truncate(leave);
        }
        for (_, key) in ranked {
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
}
