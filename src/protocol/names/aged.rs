//! A map with a bound: when it is full, what was not touched for longest makes room, and is counted.

use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashMap;

/// Entries by key, each with the number of its last touch.
#[derive(Debug)]
pub(super) struct Aged<K, V> {
    entries: HashMap<K, (u64, V)>,
    /// Keys in the order of their touches: those whose number moved on are passed over.
    order: VecDeque<(u64, K)>,
    limit: usize,
    touches: u64,
    evicted: u64,
}

impl<K: Hash + Eq + Clone, V> Aged<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), limit: limit.max(1), touches: 0, evicted: 0 }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry, made if it is not there; it counts as touched.
    pub(super) fn touch(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.touches += 1;
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.evict();
        }
        if self.order.len() >= self.limit * 2 {
            let entries = &self.entries;
            self.order.retain(|(touch, key)| entries.get(key).is_some_and(|(latest, _)| latest == touch));
        }
        self.order.push_back((self.touches, key.clone()));
        let entry = self.entries.entry(key).or_insert_with(|| (0, make()));
        entry.0 = self.touches;
        &mut entry.1
    }

    /// Forgets the entry that was not touched for longest.
    fn evict(&mut self) {
        while let Some((touch, key)) = self.order.pop_front() {
            if self.entries.get(&key).is_some_and(|(latest, _)| *latest == touch) {
                self.entries.remove(&key);
                self.evicted += 1;
                return;
            }
        }
    }

    /// Entries touched after that many touches, the latest first.
    pub(super) fn touched_since(&self, touches: u64) -> impl Iterator<Item = (&K, &V)> {
        let recent = self.order.iter().rev().take_while(move |(touch, _)| *touch > touches);
        recent.filter_map(|(touch, key)| {
            let (latest, value) = self.entries.get(key)?;
            (latest == touch).then_some((key, value))
        })
    }

    /// How many touches there were.
    pub(super) const fn touches(&self) -> u64 {
        self.touches
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries that had to make room for others.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_touched_longest_ago_leaves_and_is_counted() {
        let mut aged = Aged::new(2);
        for key in ["a", "b", "a", "c"] {
            *aged.touch(key, || 0) += 1;
        }
        assert_eq!((aged.get(&"a"), aged.get(&"b"), aged.get(&"c")), (Some(&2), None, Some(&1)));
        assert_eq!((aged.len(), aged.evicted()), (2, 1));
    }

    #[test]
    fn touching_one_for_ever_takes_no_more_room() {
        let mut aged = Aged::new(4);
        for _ in 0..10_000 {
            aged.touch("a", || ());
        }
        assert!(aged.order.len() <= 8 && aged.len() == 1);
        assert_eq!(aged.touched_since(aged.touches() - 3).count(), 1);
        assert_eq!(aged.touched_since(aged.touches()).count(), 0);
    }
}
