//! The index of the table: from a hash to a place, in sets of eight that fit one cache line.

/// Eight slots: one cache line.
const WAYS: usize = 8;

/// How many records compete, at least, when one must leave.
const FIELD: usize = 8;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Set([u64; WAYS]);

/// A set-associative index with a value in each slot, so that the least valuable of a set can leave
/// without a look at the records themselves.
///
/// A slot is `tag (16) | value (16) | place + 1 (32)`, 0 when empty. A key lives in the set that its
/// hash names, or in the next one if that set was once full; a bit remembers that it was.
pub(super) struct Index {
    sets: Vec<Set>,
    spilled: Vec<u64>,
    mask: usize,
}

/// Where a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotAt {
    set: usize,
    way: usize,
}

/// What to do with a new key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// A slot is free.
    Free(SlotAt),
    /// Both sets are full; the record at this place is worth least of them and must leave.
    Taken(SlotAt, u32),
}

const fn tag(hash: u64) -> u64 {
    hash >> 48
}

const fn place(slot: u64) -> u32 {
    (slot as u32).wrapping_sub(1)
}

const fn value(slot: u64) -> u16 {
    (slot >> 32) as u16
}

impl Index {
    /// An index for `limit` records, with at least twice as many slots.
    pub(super) fn new(limit: usize) -> Self {
        let sets = (limit * 2 / WAYS).next_power_of_two().max(2);
        Self { sets: vec![Set([0; WAYS]); sets], spilled: vec![0; sets.div_ceil(64)], mask: sets - 1 }
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    #[inline]
    fn has_spilled(&self, set: usize) -> bool {
        self.spilled[set / 64] >> (set % 64) & 1 == 1
    }

    /// The line that a later look-up will read, for a prefetch.
    #[inline]
    pub(super) fn line(&self, hash: u64) -> &[u64; WAYS] {
        &self.sets[self.home(hash)].0
    }

    /// The first place whose tag fits: likely, not certainly, the one; for a prefetch.
    #[inline]
    pub(super) fn guess(&self, hash: u64) -> Option<u32> {
        let wanted = tag(hash);
        self.line(hash).iter().find(|slot| **slot != 0 && **slot >> 48 == wanted).map(|slot| place(*slot))
    }

    /// The slot and place of a key; `is_it` compares the whole key.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<(SlotAt, u32)> {
        let home = self.home(hash);
        let wanted = tag(hash);
        let mut set = home;
        loop {
            for (way, slot) in self.sets[set].0.iter().enumerate() {
                if *slot != 0 && *slot >> 48 == wanted && is_it(place(*slot)) {
                    return Some((SlotAt { set, way }, place(*slot)));
                }
            }
            if set != home || !self.has_spilled(home) {
                return None;
            }
            set = (home + 1) & self.mask;
        }
    }

    /// Where a new key may go.
    pub(super) fn room(&mut self, hash: u64) -> Room {
        let home = self.home(hash);
        if let Some(way) = self.sets[home].0.iter().position(|slot| *slot == 0) {
            return Room::Free(SlotAt { set: home, way });
        }
        self.spilled[home / 64] |= 1 << (home % 64);
        let next = (home + 1) & self.mask;
        if let Some(way) = self.sets[next].0.iter().position(|slot| *slot == 0) {
            return Room::Free(SlotAt { set: next, way });
        }
        let (at, slot) = self.least(&[home, next]).unwrap_or((SlotAt { set: home, way: 0 }, self.sets[home].0[0]));
        Room::Taken(at, place(slot))
    }

    /// The record of least value near a hash, for when there are slots but no records left: the least of at
    /// least [`FIELD`] of them, so that a heavy flow in a sparse set is not taken for want of others.
    #[inline]
    pub(super) fn victim(&self, hash: u64) -> Option<(SlotAt, u32)> {
        let home = self.home(hash);
        let (mut seen, mut least) = (0, None);
        for step in 0..self.sets.len() {
            let set = (home + step) & self.mask;
            for (way, slot) in self.sets[set].0.iter().enumerate().filter(|(_, slot)| **slot != 0) {
                seen += 1;
                if least.is_none_or(|(_, worst): (SlotAt, u64)| value(*slot) < value(worst)) {
                    least = Some((SlotAt { set, way }, *slot));
                }
            }
            if seen >= FIELD {
                break;
            }
        }
        least.map(|(at, slot)| (at, place(slot)))
    }

    fn least(&self, sets: &[usize]) -> Option<(SlotAt, u64)> {
        sets.iter()
            .flat_map(|set| self.sets[*set].0.iter().enumerate().map(|(way, slot)| (SlotAt { set: *set, way }, *slot)))
            .filter(|(_, slot)| *slot != 0)
            .min_by_key(|(_, slot)| value(*slot))
    }

    pub(super) fn put(&mut self, at: SlotAt, hash: u64, place: u32, value: u16) {
        self.sets[at.set].0[at.way] = tag(hash) << 48 | u64::from(value) << 32 | u64::from(place + 1);
    }

    /// Raises or lowers what a record is worth.
    #[inline]
    pub(super) fn revalue(&mut self, at: SlotAt, value: u16) {
        let slot = &mut self.sets[at.set].0[at.way];
        *slot = *slot & !(0xffff << 32) | u64::from(value) << 32;
    }

    pub(super) fn clear(&mut self, at: SlotAt) {
        self.sets[at.set].0[at.way] = 0;
    }

    /// Changes every value, for when weights are scaled down.
    pub(super) fn revalue_all(&mut self, mut new: impl FnMut(u32) -> u16) {
        for set in &mut self.sets {
            for slot in &mut set.0 {
                if *slot != 0 {
                    *slot = *slot & !(0xffff << 32) | u64::from(new(place(*slot))) << 32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_and_says_who_is_worth_least() {
        let mut index = Index::new(8);
        // Sixteen keys of one set: eight at home, eight next door.
        for place in 0..16_u32 {
            let hash = u64::from(place) << 48;
            let Room::Free(at) = index.room(hash) else { panic!("slot {place} is not free") };
            index.put(at, hash, place, 100 - place as u16);
        }
        for place in 0..16_u32 {
            let hash = u64::from(place) << 48;
            assert_eq!(index.find(hash, |found| found == place).map(|(_, found)| found), Some(place));
        }
        let Room::Taken(at, worst) = index.room(99 << 48) else { panic!("there is no room") };
        assert_eq!(worst, 15);
        index.clear(at);
        assert_eq!(index.room(99 << 48), Room::Free(at));
        index.revalue_all(|place| if place == 3 { 0 } else { 9 });
        assert_eq!(index.victim(0).map(|(_, place)| place), Some(3));
    }
}
