//! Waking a thread that waits on descriptors: an eventfd(2), set by another thread or by a signal.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::{Poller, checked};

/// One end for whoever sleeps and for all who wake it; clones are the same one. Being woken ten times before looking
/// is being woken once.
#[derive(Clone, Debug)]
pub struct Wake(Arc<OwnedFd>);

impl Wake {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = checked(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(Arc::new(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Wakes the sleeper, or keeps it from falling asleep. Never waits.
    pub fn wake(&self) {
        set(self.0.as_raw_fd());
    }

    /// Makes a signal wake the sleeper, after what was registered for it before. For as long as the process lives.
    pub fn wake_on(&self, signal: i32) -> io::Result<()> {
        let kept = Arc::clone(&self.0);
        // SAFETY: the action allocates and locks nothing: it makes one call of those that a handler may make
        // (signal-safety(7)), on a descriptor that it keeps open, and leaves `errno` as it was.
        unsafe { signal_hook::low_level::register(signal, move || from_handler(kept.as_raw_fd())) }.map(drop)
    }

    /// Forgets that it was woken, before looking what there is to do.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: the kernel writes 8 bytes, the length of the array. That there is nothing to read is no failure.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    /// Sleeps until woken, at most `patience`.
    pub fn wait(&self, patience: Duration) -> io::Result<()> {
        let mut poller = Poller::default();
        poller.add(self.as_fd());
        poller.wait(patience)?;
        self.clear();
        Ok(())
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Adds one. It fails only where it is set to the brim, which wakes as well.
fn set(fd: RawFd) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: the kernel reads 8 bytes, the length of the array.
    unsafe { libc::write(fd, one.as_ptr().cast(), one.len()) };
}

fn from_handler(fd: RawFd) {
    // SAFETY: the pointer is to this thread's own `errno`.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    set(fd);
    // SAFETY: as above.
    unsafe { *errno = before };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_once_for_any_number_of_calls() {
        let wake = Wake::new().unwrap();
        let mut poller = Poller::default();
        poller.add(wake.as_fd());
        assert!(!poller.wait(Duration::ZERO).unwrap(), "nobody has woken it");
        wake.clone().wake();
        wake.wake();
        assert!(poller.wait(Duration::from_secs(5)).unwrap() && poller.is_readable(0));
        wake.clear();
        assert!(!poller.wait(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_sleeper_is_woken_by_another_thread_and_by_a_signal() {
        let wake = Wake::new().unwrap();
        let other = wake.clone();
        let thread = std::thread::spawn(move || other.wait(Duration::from_mins(1)));
        wake.wake();
        thread.join().unwrap().unwrap();
        wake.wake_on(signal_hook::consts::SIGUSR2).unwrap();
        signal_hook::low_level::raise(signal_hook::consts::SIGUSR2).unwrap();
        let mut poller = Poller::default();
        poller.add(wake.as_fd());
        assert!(poller.wait(Duration::from_secs(5)).unwrap());
    }
}
