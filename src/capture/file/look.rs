//! A look at the first frames of a capture, which stay unread, to learn which addresses are ours.

use std::net::IpAddr;
use std::time::Duration;

use super::parser::Parser;
use super::record::Parsed;
use super::window::{Fill, Window};
use crate::capture::CaptureError;
use crate::capture::vantage::{Lookout, Vantage};
use crate::capture::wall::Stopwatch;

/// How much is looked at.
const FRAMES: usize = 8_192;
const BYTES: usize = 8 << 20;
/// How long the first frames of a pipe are held back for it, where they come slowly.
const LONGEST: Duration = Duration::from_secs(2);

/// A look that is not finished.
pub(super) struct Look {
    lookout: Lookout,
    parser: Parser,
    frames: usize,
    used: usize,
    /// Runs from the first frame on.
    watch: Option<Stopwatch>,
}

impl Look {
    /// Starts where `parser` stands.
    pub(super) fn new(parser: Parser) -> Self {
        Self { lookout: Lookout::default(), parser, frames: 0, used: 0, watch: None }
    }

    /// Looks on. `None` when bytes are still to come and time is left to wait for them.
    pub(super) fn advance(&mut self, window: &mut Window, patience: Duration) -> Result<Option<Vantage>, CaptureError> {
        while self.frames < FRAMES {
            match self.parser.next(window.bytes().get(self.used..).unwrap_or_default()) {
                Parsed::Frame(frame, length) => {
                    self.lookout.see(&frame);
                    self.frames += 1;
                    self.used += length;
                    self.watch.get_or_insert_with(Stopwatch::start);
                }
                Parsed::Interface(_, length) | Parsed::Other(length) | Parsed::Damaged(length) => self.used += length,
                Parsed::More(wanted) if self.used + wanted > BYTES => break,
                Parsed::More(wanted) => match window.fill(self.used + wanted, patience)? {
                    Fill::Grew => {}
                    Fill::Ended => break,
                    Fill::Waiting if self.watch.is_some_and(|watch| watch.elapsed() > LONGEST) => break,
                    Fill::Waiting => return Ok(None),
                },
                Parsed::Broken => break,
            }
        }
        Ok(Some(self.vantage()))
    }

    /// Addresses that the file lists come before what frames suggest.
    fn vantage(&self) -> Vantage {
        let listed = self.parser.interfaces().iter().flat_map(|info| info.addresses.iter().copied());
        let listed: Vec<IpAddr> = listed.collect();
        if listed.is_empty() { self.lookout.finish() } else { Vantage { addresses: listed, how: "file" } }
    }
}
