//! How much payload all undecided flows together may keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The most payload bytes that all undecided flows together may keep, and what had to be let go.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    limit: usize,
    bytes: AtomicUsize,
    refused: AtomicU64,
}

impl Budget {
    /// Enough for eight thousand flows whose ClientHello has come half.
    pub const LIMIT: usize = 32 << 20;

    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Kept { limit, bytes: AtomicUsize::new(0), refused: AtomicU64::new(0) }))
    }

    /// Bytes kept at present.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Relaxed)
    }

    /// Flows that stayed unknown because the budget was spent.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// Whether a flow that kept `old` bytes may keep `new`. One thread feeds, so there is no race to lose.
    pub(super) fn change(&self, old: usize, new: usize) -> bool {
        let others = self.0.bytes.load(Relaxed).saturating_sub(old);
        if new > old && others + new > self.0.limit {
            self.0.refused.fetch_add(1, Relaxed);
            return false;
        }
        self.0.bytes.store(others + new, Relaxed);
        true
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}
