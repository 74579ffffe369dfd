//! A moving window on a capture's bytes: records are borrowed out of it, not copied.

use std::path::Path;
use std::time::Duration;

use super::source::{Got, Raw, Source};
use crate::capture::{CaptureError, Progress};

/// Bytes read at a time, and the window's usual size.
const USUAL: usize = 1 << 20;
/// How long is waited before looking again whether a pipe has more.
const A_WHILE: Duration = Duration::from_secs(1);

/// The unread bytes at hand, and where more come from.
pub(super) struct Window {
    source: Source,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    state: State,
}

/// What came of reading on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    Grew,
    /// Nothing yet; only pipes say it.
    Waiting,
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Damaged,
}

impl Window {
    /// Opens `path` and looks at its first bytes.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let mut raw = Source::Plain(Raw::open(path)?);
        let mut head = vec![0; USUAL];
        let mut filled = 0;
        let mut state = State::Open;
        // Four bytes tell every format and compression apart.
        while filled < 4 {
            match raw.read(head.get_mut(filled..).unwrap_or_default())? {
                Got::Bytes(count) => filled += count,
                Got::End | Got::Damage => {
                    state = State::Ended;
                    break;
                }
            }
        }
        head.truncate(filled);
        let Source::Plain(raw) = raw else { return Err(CaptureError::Unsupported("a compressed capture in another")) };
        let (source, mut bytes) = Source::new(raw, head);
        if matches!(source, Source::Gzip(_)) {
            state = State::Open;
        }
        let end = bytes.len();
        bytes.resize(USUAL.max(end), 0);
        Ok(Self { source, bytes, start: 0, end, state })
    }

    /// The bytes at hand that are not consumed.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads on until `wanted` unread bytes are there, or the source ends. `false` when it ended.
    pub(super) fn fill_up(&mut self, wanted: usize) -> Result<bool, CaptureError> {
        while self.end - self.start < wanted {
            if self.fill(wanted, A_WHILE)? == Fill::Ended {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on, once. Makes room for `wanted` unread bytes in all, but only as bytes really come, so that a
    /// length that lies costs no memory.
    pub(super) fn fill(&mut self, wanted: usize, patience: Duration) -> Result<Fill, CaptureError> {
        if self.state != State::Open {
            return Ok(Fill::Ended);
        }
        if !self.source.is_ready(patience)? {
            return Ok(Fill::Waiting);
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() && wanted > self.end {
            self.bytes.resize(self.end * 2, 0);
        } else if self.bytes.len() > USUAL && wanted.max(self.end) < USUAL / 2 {
            self.bytes.truncate(USUAL);
            self.bytes.shrink_to_fit();
        }
        let state = match self.source.read(self.bytes.get_mut(self.end..).unwrap_or_default())? {
            Got::Bytes(count) => {
                self.end += count;
                return Ok(Fill::Grew);
            }
            Got::End => State::Ended,
            Got::Damage => State::Damaged,
        };
        self.state = state;
        Ok(Fill::Ended)
    }

    /// The source's bytes come when they come: a pipe.
    pub(super) fn is_live(&self) -> bool {
        self.source.is_live()
    }

    /// Whether the bytes ended because the compressed stream is broken.
    pub(super) fn is_damaged(&self) -> bool {
        self.state == State::Damaged
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        self.source.progress()
    }
}
