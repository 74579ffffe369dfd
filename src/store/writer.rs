//! Saving on a thread of its own: the engine never waits for a disk.
//!
//! What is offered while a save runs is put together into one batch, the newer over the older, so the
//! queue cannot grow beyond what the baseline and the alert book hold themselves, and nothing is dropped.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::model::Health;

use super::{Batch, Store};

/// After a failure, try again this often even if nothing new comes.
const RETRY: Duration = Duration::from_secs(5);

/// Saves what it is offered.
#[derive(Debug)]
pub struct StoreWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: Batch,
    health: Option<Health>,
    saves: u64,
    closing: bool,
}

impl StoreWriter {
    /// Starts the thread.
    pub fn spawn(store: Store) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("egret-store".into()).spawn(move || run(store, &theirs))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands over what changed. Returns at once.
    pub fn offer(&self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        self.shared.desk.lock().waiting.merge(batch);
        self.shared.bell.notify_one();
    }

    /// What is wrong at present, until it heals.
    pub fn health(&self) -> Option<Health> {
        self.shared.desk.lock().health.clone()
    }

    /// Batches written so far.
    pub fn saves(&self) -> u64 {
        self.shared.desk.lock().saves
    }

    /// Saves what is left, once, and ends the thread. What could not be saved is reported.
    pub fn finish(mut self) -> Option<Health> {
        self.close();
        self.health()
    }

    fn close(&mut self) {
        self.shared.desk.lock().closing = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            let path = PathBuf::from(super::FILE);
            let error = super::StoreError::Unreadable("the thread that saves broke down".into());
            self.shared.desk.lock().health = Some(error.health(&path));
        }
    }
}

impl Drop for StoreWriter {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(mut store: Store, shared: &Shared) {
    loop {
        let (batch, closing) = next(shared);
        if !batch.is_empty() {
            let result = store.save(&batch);
            let mut desk = shared.desk.lock();
            match result {
                Ok(()) => {
                    desk.health = None;
                    desk.saves += 1;
                }
                Err(error) => {
                    desk.health = Some(error.health(store.path()));
                    // Back on the desk, below what came in meanwhile.
                    let newer = std::mem::replace(&mut desk.waiting, batch);
                    desk.waiting.merge(newer);
                }
            }
        }
        if closing {
            return;
        }
    }
}

/// Waits for something to save: new work, the time to try again, or the end.
fn next(shared: &Shared) -> (Batch, bool) {
    let mut desk = shared.desk.lock();
    if desk.health.is_some() && !desk.closing {
        shared.bell.wait_for(&mut desk, RETRY);
    }
    while desk.waiting.is_empty() && !desk.closing {
        shared.bell.wait(&mut desk);
    }
    (std::mem::take(&mut desk.waiting), desk.closing)
}
