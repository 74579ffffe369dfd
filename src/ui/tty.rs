//! Waiting for keys or to be woken, and noticing that the terminal is gone.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::sys::{Poller, Wake};

/// The terminal that keys come from: standard input, or `/dev/tty` where that is something else.
pub(super) struct Tty {
    poller: Poller,
    wake: Wake,
    /// Kept open for as long as it is waited for.
    _file: Option<File>,
}

/// What a wait found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Nothing,
    /// Somebody says that there is something to look at.
    Woken,
    Input,
    /// Hung up: nothing will ever come again, and reading would only return at once.
    Gone,
}

impl Tty {
    pub(super) fn open(wake: Wake) -> io::Result<Self> {
        let mut poller = Poller::default();
        let stdin = io::stdin();
        let file = if stdin.is_terminal() {
            poller.add(stdin.as_fd());
            None
        } else {
            let file = File::open("/dev/tty")?;
            poller.add(file.as_fd());
            Some(file)
        };
        poller.add(wake.as_fd());
        Ok(Self { poller, wake, _file: file })
    }

    /// Waits until there is input or somebody wakes it, at most `patience`. A signal ends the wait early.
    pub(super) fn wait(&mut self, patience: Duration) -> io::Result<Ready> {
        let is_ready = self.poller.wait(patience)?;
        if self.poller.is_readable(1) {
            self.wake.clear();
        }
        Ok(match is_ready {
            true if self.poller.has_failed(0) => Ready::Gone,
            true if self.poller.is_readable(0) => Ready::Input,
            true => Ready::Woken,
            false => Ready::Nothing,
        })
    }
}
