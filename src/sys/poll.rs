//! Waiting on several descriptors at once (poll(2)), no longer than told.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use super::checked;

/// A set of descriptors to wait on. A descriptor that is closed meanwhile counts as failed.
#[derive(Default)]
pub struct Poller(Vec<libc::pollfd>);

impl Poller {
    /// Adds a descriptor; they are numbered in the order they are added.
    pub fn add(&mut self, fd: BorrowedFd<'_>) {
        self.0.push(libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    }

    /// Waits until one of them is ready. False when none is in time, or when a signal came.
    pub fn wait(&mut self, patience: Duration) -> io::Result<bool> {
        let timeout = libc::timespec {
            tv_sec: libc::time_t::try_from(patience.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        for one in &mut self.0 {
            one.revents = 0;
        }
        let count = self.0.len() as libc::nfds_t;
        // SAFETY: the pointer and the count are those of the vector; a null mask leaves the signals as they are.
        let ready = checked(unsafe { libc::ppoll(self.0.as_mut_ptr(), count, &raw const timeout, std::ptr::null()) });
        match ready {
            Ok(ready) => Ok(ready > 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether this one had something to read when last waited for.
    pub fn is_readable(&self, number: usize) -> bool {
        self.has(number, libc::POLLIN)
    }

    /// Whether this one reported an error or is closed.
    pub fn has_failed(&self, number: usize) -> bool {
        self.has(number, libc::POLLERR | libc::POLLHUP | libc::POLLNVAL)
    }

    fn has(&self, number: usize, events: libc::c_short) -> bool {
        self.0.get(number).is_some_and(|one| one.revents & events != 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn tells_which_descriptor_is_ready() {
        let (quiet, _other) = UnixStream::pair().unwrap();
        let (loud, mut far) = UnixStream::pair().unwrap();
        let mut poller = Poller::default();
        poller.add(quiet.as_fd());
        poller.add(loud.as_fd());
        assert!(!poller.wait(Duration::from_millis(1)).unwrap());
        far.write_all(b"x").unwrap();
        assert!(poller.wait(Duration::from_secs(5)).unwrap());
        assert!(!poller.is_readable(0) && poller.is_readable(1));
        assert!(!poller.has_failed(0) && !poller.is_readable(2));
    }
}
