//! A bounded map that knows what changed since it was last saved.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::quality::RandomState;

use crate::model::Timestamp;

use super::known::Known;

/// Something that was seen at some time.
pub trait Seen {
    fn known(&self) -> &Known;
}

impl Seen for Known {
    fn known(&self) -> &Known {
        self
    }
}

/// About `limit` entries at most. Above that, those seen on the fewest days and longest ago leave, a
/// sixteenth at a time: a scan of new addresses must not push out what has been usual for weeks.
#[derive(Debug)]
pub struct Table<K, V> {
    entries: HashMap<K, Slot<V>, RandomState>,
    limit: usize,
    evicted: u64,
    /// Keys that left since the last [`Table::take_changes`].
    gone: Vec<K>,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    changed: bool,
    /// Handed out, or restored: its leaving must be told as well.
    saved: bool,
}

impl<K: Hash + Eq + Ord + Clone, V: Seen> Table<K, V> {
    pub fn new(limit: usize) -> Self {
        // A hash table holds seven eighths of a power of two; one entry more doubles it.
        let limit = limit.max(16).next_power_of_two() / 8 * 7;
        Self { entries: HashMap::default(), limit, evicted: 0, gone: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries had to leave for want of room.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, slot)| (key, &slot.value))
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|slot| &slot.value)
    }

    /// An entry to change, if it is there. It counts as changed.
    pub fn change(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|slot| {
            slot.changed = true;
            &mut slot.value
        })
    }

    /// The entry to change, made if it is not there. It counts as changed.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.make_room();
        }
        let slot = self.entries.entry(key).or_insert_with(|| Slot { value: make(), changed: true, saved: false });
        slot.changed = true;
        &mut slot.value
    }

    /// Puts back what was saved; the entry does not count as changed.
    pub fn restore(&mut self, key: K, value: V) {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.make_room();
        }
        self.entries.insert(key, Slot { value, changed: false, saved: true });
    }

    /// Forgets what was last seen before `horizon`.
    pub fn forget_before(&mut self, horizon: Timestamp) {
        let gone = &mut self.gone;
        self.entries.retain(|key, slot| {
            let keep = slot.value.known().last >= horizon;
            if !keep && slot.saved {
                gone.push(key.clone());
            }
            keep
        });
    }

    /// Hands out what changed and what left since the last calls, as far as there is `room`, which it uses up.
    pub fn take_changes(&mut self, room: &mut usize, mut take: impl FnMut(&K, Option<&V>)) {
        let gone = self.gone.len().saturating_sub(*room);
        for key in self.gone.drain(gone..) {
            *room -= 1;
            // It may have come back since.
            if !self.entries.contains_key(&key) {
                take(&key, None);
            }
        }
        for (key, slot) in self.entries.iter_mut().filter(|(_, slot)| slot.changed).take(*room) {
            *room -= 1;
            (slot.changed, slot.saved) = (false, true);
            take(key, Some(&slot.value));
        }
    }

    fn make_room(&mut self) {
        let leave = (self.limit / 16).max(1);
        let mut ranked: Vec<_> =
            self.entries.iter().map(|(key, slot)| (slot.value.known().days, slot.value.known().last, key)).collect();
        if leave < ranked.len() {
            ranked.select_nth_unstable(leave);
            ranked.truncate(leave);
        }
        let leaving: Vec<K> = ranked.into_iter().map(|(.., key)| key.clone()).collect();
        for key in leaving {
            let was_saved = self.entries.remove(&key).is_some_and(|slot| slot.saved);
            self.evicted += 1;
            // Bounded: what does not fit stays in the file until it ages there.
            if was_saved && self.gone.len() < self.limit {
                self.gone.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_survives_a_flood_of_news() {
        let mut table: Table<u32, Known> = Table::new(64);
        for day in 0..5 {
            for key in 0..10 {
                let at = Timestamp::from_secs(day * 86_400);
                table.entry(key, || Known::since(at, false)).touch(at);
            }
        }
        for key in 1_000..3_000 {
            let at = Timestamp::from_secs(5 * 86_400 + u64::from(key));
            table.entry(key, || Known::since(at, false)).touch(at);
            assert!(table.len() <= 64);
        }
        assert!((0..10).all(|key| table.get(&key).is_some()));
        assert!(table.evicted() >= 1_900);
    }

    #[test]
    fn says_what_changed_once() {
        let mut table: Table<u32, Known> = Table::new(64);
        table.restore(1, Known::since(Timestamp::from_secs(1), false));
        table.entry(2, || Known::since(Timestamp::from_secs(9), false));
        table.forget_before(Timestamp::from_secs(5));
        let mut seen = Vec::new();
        table.take_changes(&mut 100, |key, value| seen.push((*key, value.is_some())));
        seen.sort_unstable();
        assert_eq!(seen, [(1, false), (2, true)]);
        (3..20).for_each(|key| {
            table.entry(key, || Known::since(Timestamp::from_secs(9), false)).touch(Timestamp::from_secs(10));
        });
        for expected in [10, 7] {
            let (mut room, mut count) = (10, 0);
            table.take_changes(&mut room, |_, _| count += 1);
            assert_eq!((count, room), (expected, 10 - expected));
        }
        table.take_changes(&mut 100, |key, _| panic!("{key} did not change"));
    }
}
