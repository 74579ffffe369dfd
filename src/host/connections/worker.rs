//! A thread that lists the sockets while somebody looks at them, and sleeps while nobody does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;

use super::{SCREENFUL, Sockets};
use crate::capture::wall::Stopwatch;
use crate::model::{Connections, SocketKind};

/// How often sockets are listed, and what share of the time that may take.
const EVERY: Duration = Duration::from_secs(1);
const SHARE: u32 = 20;

/// The thread that lists sockets. It ends when this is dropped.
#[derive(Debug)]
pub struct ConnectionWorker {
    wake: Sender<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_wanted: AtomicBool,
    latest: Mutex<Option<Arc<Connections>>>,
    failure: Mutex<Option<String>>,
}

impl ConnectionWorker {
    /// Starts the thread in the network namespace of the calling one. It lists nothing yet.
    pub fn spawn() -> io::Result<Self> {
        let (wake, woken) = bounded(1);
        let shared = Arc::new(Shared::default());
        let sockets = Sockets::open()?;
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("sockets".to_owned()).spawn(move || run(sockets, &woken, &theirs))?;
        Ok(Self { wake, shared })
    }

    /// Lists from now on, or no more.
    pub fn want(&self, is_wanted: bool) {
        self.shared.is_wanted.store(is_wanted, Relaxed);
        if !is_wanted {
            *self.shared.latest.lock() = None;
        }
        // One that is on its way is enough.
        let _ = self.wake.try_send(());
    }

    /// The latest list; `None` while nobody wants one or it is not there yet.
    pub fn latest(&self) -> Option<Arc<Connections>> {
        self.shared.latest.lock().clone()
    }

    /// Why there is no list.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.lock().clone()
    }
}

fn run(mut sockets: Sockets, woken: &Receiver<()>, shared: &Shared) {
    loop {
        let mut patience = None;
        if shared.is_wanted.load(Relaxed) {
            let clock = Stopwatch::start();
            let listed = sockets.list(&SocketKind::ALL, SCREENFUL);
            let (list, failure) = match listed {
                Ok(list) => (Some(Arc::new(list)), None),
                Err(error) => (None, Some(error.to_string())),
            };
            *shared.latest.lock() = list.filter(|_| shared.is_wanted.load(Relaxed));
            *shared.failure.lock() = failure;
            patience = Some(EVERY.max(clock.elapsed() * SHARE));
        }
        let news = match patience {
            Some(patience) => woken.recv_timeout(patience),
            None => woken.recv().map_err(RecvTimeoutError::from),
        };
        if news == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_only_while_somebody_looks() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let worker = ConnectionWorker::spawn().unwrap();
        assert_eq!(worker.latest(), None);
        worker.want(true);
        let clock = Stopwatch::start();
        let mine = loop {
            assert!(clock.elapsed() < Duration::from_secs(20) && worker.failure().is_none());
            let list = worker.latest();
            let mine = list.and_then(|list| list.list.iter().find(|one| one.local.port == port).cloned());
            if let Some(mine) = mine {
                break mine;
            }
            thread::yield_now();
        };
        assert_eq!(mine.owner().unwrap().pid, std::process::id());
        worker.want(false);
        assert_eq!(worker.latest(), None);
    }
}
