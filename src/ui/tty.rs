//! Waiting for keys, and noticing that the terminal is gone.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::sys::Poller;

/// The terminal that keys come from: standard input, or `/dev/tty` where that is something else.
pub(super) struct Tty {
    poller: Poller,
    /// Kept open for as long as it is waited for.
    _file: Option<File>,
}

/// What a wait found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Nothing,
    Input,
    /// Hung up: nothing will ever come again, and reading would only return at once.
    Gone,
}

impl Tty {
    pub(super) fn open() -> io::Result<Self> {
        let mut poller = Poller::default();
        let stdin = io::stdin();
        if stdin.is_terminal() {
            poller.add(stdin.as_fd());
            return Ok(Self { poller, _file: None });
        }
        let file = File::open("/dev/tty")?;
        poller.add(file.as_fd());
        Ok(Self { poller, _file: Some(file) })
    }

    /// Waits until there is input, at most `patience`. A signal ends the wait early.
    pub(super) fn wait(&mut self, patience: Duration) -> io::Result<Ready> {
        let is_ready = self.poller.wait(patience)?;
        Ok(match is_ready {
            true if self.poller.has_failed(0) => Ready::Gone,
            true => Ready::Input,
            false => Ready::Nothing,
        })
    }
}
