//! A set of places in the table of recognisers, in four words.

use std::sync::LazyLock;

use super::super::{RECOGNISERS, Recogniser, Transport};

const WORDS: usize = 4;

/// A set of places in the table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Set([u64; WORDS]);

static OVER_TCP: LazyLock<Set> = LazyLock::new(|| Set::of(|recogniser| recogniser.over.include(Transport::Tcp)));
static OVER_UDP: LazyLock<Set> = LazyLock::new(|| Set::of(|recogniser| recogniser.over.include(Transport::Udp)));

impl Set {
    fn of(belongs: impl Fn(&Recogniser) -> bool) -> Self {
        let mut set = Self::default();
        for (index, _) in RECOGNISERS.iter().enumerate().filter(|(_, recogniser)| belongs(recogniser)) {
            set.insert(index);
        }
        set
    }

    /// Those that speak over a transport.
    pub(super) fn all(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => *OVER_TCP,
            Transport::Udp => *OVER_UDP,
        }
    }

    /// Those that one of the ports belongs to.
    pub(super) fn at_home(ports: [u16; 2]) -> Self {
        Self::of(|recogniser| recogniser.ports.iter().any(|port| ports.contains(port)))
    }

    pub(super) fn only(index: usize) -> Self {
        let mut set = Self::default();
        set.insert(index);
        set
    }

    fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(super) fn remove(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }

    /// The places that both sets have, or that this has and the other has not.
    pub(super) fn within(self, other: Self, inside: bool) -> impl Iterator<Item = usize> {
        let words =
            self.0.into_iter().zip(other.0).map(move |(word, other)| word & if inside { other } else { !other });
        words.enumerate().flat_map(|(index, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(index * 64 + bit)
            })
        })
    }
}
