//! A set of places in the table of recognisers, in four words.

use super::super::{RECOGNISERS, Transport};

const WORDS: usize = 4;

/// A set of places in the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set([u64; WORDS]);

impl Set {
    pub(super) fn all(transport: Transport) -> Self {
        let mut set = Self([0; WORDS]);
        for (index, recogniser) in RECOGNISERS.iter().enumerate() {
            if recogniser.over.include(transport)
                && let Some(word) = set.0.get_mut(index / 64)
            {
                *word |= 1 << (index % 64);
            }
        }
        set
    }

    pub(super) fn only(index: usize) -> Self {
        let mut set = Self([0; WORDS]);
        if let Some(word) = set.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        set
    }

    pub(super) fn has(self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    pub(super) fn remove(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }
}
