//! The keyed hash of a flow: remote peers choose half of every key, so the seed is random.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::model::FlowKey;

/// A hash function with its own random seed, by folded multiplication as in wyhash and foldhash.
#[derive(Clone, Copy, Debug)]
pub struct FlowHasher {
    seeds: [u64; 5],
}

impl FlowHasher {
    pub fn random() -> Self {
        let source = RandomState::new();
        Self { seeds: std::array::from_fn(|at| source.hash_one(at)) }
    }

    #[inline]
    pub const fn hash(&self, key: &FlowKey) -> u64 {
        let [first_high, first_low, second_high, second_low, rest] = *key.words();
        let [k0, k1, k2, k3, k4] = self.seeds;
        let high = fold(first_high ^ k0, second_high ^ k1);
        let low = fold(first_low ^ k2, second_low ^ k3);
        fold(high ^ low.rotate_left(29), rest ^ k4)
    }
}

#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let wide = a as u128 * b as u128;
    wide as u64 ^ (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Protocol};

    /// Keys that differ in one port only must spread over buckets like random ones.
    #[test]
    fn spreads_keys_that_differ_little() {
        let hasher = FlowHasher::random();
        let mut buckets = vec![0_u32; 4096];
        for port in 0..=u16::MAX {
            let key = FlowKey::new(
                Protocol::TCP,
                Endpoint::new([10, 0, 0, 1].into(), 40_000),
                Endpoint::new([192, 0, 2, 1].into(), port),
            );
            buckets[hasher.hash(&key) as usize % 4096] += 1;
        }
        // 16 on average; a Poisson tail above 48 has a chance below 1e-9 in each of 4096 buckets.
        assert!(buckets.iter().all(|n| *n < 48), "{:?}", buckets.iter().max());
    }
}
