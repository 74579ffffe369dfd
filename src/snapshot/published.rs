//! The latest snapshot, handed from the engine to readers without either waiting.

use std::sync::Arc;

use parking_lot::RwLock;

use super::Snapshot;

/// The latest moment. Readers clone a pointer; the writer never waits for them.
#[derive(Debug, Default)]
pub struct Published(RwLock<Arc<Snapshot>>);

impl Published {
    pub fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read())
    }

    /// Puts `next` in place and gives back the old one, or gives `next` back if a reader is inside at
    /// this instant; the engine then tries again at its next batch.
    pub fn offer(&self, next: Arc<Snapshot>) -> Result<Arc<Snapshot>, Arc<Snapshot>> {
        match self.0.try_write() {
            Some(mut slot) => Ok(std::mem::replace(&mut *slot, next)),
            None => Err(next),
        }
    }
}
