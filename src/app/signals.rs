//! Signals that end the program become a flag, and wake whoever sleeps; nothing else happens inside a handler.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::Error;
use crate::sys::Wake;

/// A flag that SIGINT, SIGTERM and SIGHUP set. Then they wake those who have to look at it.
pub(super) fn stop_flag(sleepers: &[&Wake]) -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .and_then(|_| sleepers.iter().try_for_each(|wake| wake.wake_on(signal)))
            .map_err(|error| Error::new("cannot listen for signals", error))?;
    }
    Ok(stop)
}
