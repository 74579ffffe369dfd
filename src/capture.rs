//! Frames from a ring, a socket, a file or a script: one contract, one table of backends.

mod attach;
pub mod backends;
mod carriers;
pub mod counts;
pub mod file;
pub mod filter;
pub mod interfaces;
pub mod live;
pub mod pace;
pub mod pnet;
pub mod ring;
pub mod script;
pub mod sift;
pub mod sockets;
pub mod vantage;
pub mod wall;
mod watch;

pub use backends::BACKENDS;

use std::io;
use std::time::Duration;

use crate::model::{Busy, Event, Health, InterfaceInfo, Losses, Measure};
use crate::sys::Wake;

/// A source of frames.
///
/// A source of data is also the source of time: frames carry their stamps, and a live source says
/// [`Event::Quiet`] so that time goes on when nothing comes.
pub trait Capture: Send {
    /// Gives out what is ready, waiting at most `patience` for the first of it.
    ///
    /// Events come in the order of their time within one source. Frames are borrowed and gone when
    /// `take` returns. Without patience it takes stock too: what was counted instead of captured is told up to now.
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError>;

    /// Makes [`Self::read`] return at once when woken. False where it cannot, and where time does not go on by itself:
    /// such a source is to be read with little patience.
    fn heed(&mut self, _wake: &Wake) -> bool {
        false
    }

    /// What was not seen since opening.
    fn losses(&mut self) -> Losses;

    /// The interfaces frames come from, in the order of their [`crate::model::InterfaceId`].
    fn interfaces(&self) -> Vec<InterfaceInfo>;

    /// What the source cannot do at present.
    fn health(&self) -> Vec<Health> {
        Vec::new()
    }

    /// Replaces the filter that runs in the kernel; the old one stays in force on an error.
    fn set_filter(&mut self, _filter: &str) -> Result<(), CaptureError> {
        Err(CaptureError::Unsupported("this source has no capture filter"))
    }

    /// Whether [`Self::count`] may do anything.
    fn can_count(&self) -> bool {
        false
    }

    /// Lets the source count the frames of these flows where they pass, and tell [`Event::Counted`] instead of them.
    /// A source that cannot, or only for some of them, goes on telling frames.
    fn count(&mut self, _flows: &[Busy]) {}

    /// What is known of how much flows carry.
    fn measure(&self) -> Measure {
        Measure::Frames
    }

    /// How far a finite source has come.
    fn progress(&self) -> Option<Progress> {
        None
    }
}

/// Whether a source has more to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    Coming,
    Ended,
}

/// Bytes of a capture file, read so far and in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Why a source cannot be opened or read on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("operation not permitted")]
    NotPermitted,
    #[error("no such interface: {0}")]
    NoSuchInterface(String),
    #[error("{0}: {1}")]
    Io(&'static str, #[source] io::Error),
    /// Not a capture file, or one of a kind this program does not read.
    #[error("{0}")]
    Format(String),
    #[error("{0}")]
    Unsupported(&'static str),
    /// The capture filter is wrong at a character position.
    #[error("{message}")]
    Filter { message: String, at: usize },
}
