//! A capture file as a source: pcap and pcapng, gzip or not, standard input too.

mod look;
mod options;
mod parser;
mod pcap;
mod pcapng;
mod record;
mod source;
mod stamp;
mod window;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::pace::Pace;
use super::vantage::Vantage;
use super::{Capture, CaptureError, More, Progress};
use crate::model::event::{BATCH, Heading};
use crate::model::{Event, Frame, InterfaceId, InterfaceInfo, LinkType, Losses, Timestamp};

use look::Look;
use parser::Parser;
use record::Parsed;
use window::{Fill, Window};

/// How to read a capture file.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// Our addresses in the capture, where somebody said them.
    pub local: Option<Vec<IpAddr>>,
    /// Seconds of the capture in a second; `None` for as fast as it can be read.
    pub speed: Option<f64>,
}

/// Batches handed over in one call of [`Capture::read`]: work for some tens of microseconds.
const BATCHES: usize = 8;

/// A capture file being read, from its first frame to its last.
pub struct FileCapture {
    window: Window,
    parser: Parser,
    last: Timestamp,
    damaged: u64,
    state: State,
    vantage: Vantage,
    /// Places of interfaces to be announced at the moment of the next frame.
    unannounced: Vec<usize>,
    /// Set while the first frames are looked at.
    look: Option<Box<Look>>,
    pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Reading,
    Ended,
}

/// Opens a capture file; `-` is standard input.
///
/// Says [`CaptureError::Format`] for what is not a capture. A file that breaks off is not an error: what is
/// before the break is delivered, the break is counted in [`Losses::damaged`].
pub fn open(path: &Path, options: FileOptions) -> Result<FileCapture, CaptureError> {
    let mut window = Window::open(path)?;
    let parser = Parser::new(&mut window, path)?;
    let unannounced = (0..parser.interfaces().len()).collect();
    let mut capture = FileCapture {
        look: options.local.is_none().then(|| Box::new(Look::new(parser.clone()))),
        vantage: Vantage { addresses: options.local.unwrap_or_default(), how: "said" },
        pace: Pace::new(options.speed),
        window,
        parser,
        last: Timestamp::ZERO,
        damaged: 0,
        // That of a pcap file; the blocks of a pcapng file describe theirs.
        unannounced,
        state: State::Fresh,
    };
    if !capture.window.is_live() {
        capture.look_ahead(Duration::ZERO)?;
    }
    Ok(capture)
}

/// Why the gathering of frames stopped.
enum Stop {
    Full,
    Interface(usize),
    More(usize),
    /// The next frame is of a moment still to come.
    NotDue(Timestamp),
    Broken,
}

impl FileCapture {
    /// Whether it is known whose capture this is.
    fn look_ahead(&mut self, patience: Duration) -> Result<bool, CaptureError> {
        if let Some(look) = &mut self.look {
            let Some(vantage) = look.advance(&mut self.window, patience)? else { return Ok(false) };
            self.vantage = vantage;
            self.look = None;
        }
        Ok(true)
    }

    /// Which addresses are taken for ours, and why.
    pub const fn vantage(&self) -> &Vantage {
        &self.vantage
    }

    /// Hands over one batch.
    fn step(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<(), CaptureError> {
        let mut batch = [BLANK; BATCH];
        let mut gathered = Gathered::default();
        let due = if self.pace.is_unhurried() { self.pace.now().unwrap_or(Timestamp::ZERO) } else { END_OF_TIME };
        let stop = gather(&mut self.parser, self.window.bytes(), due, &mut batch, &mut gathered);
        if let Some(frames) = batch.get(..gathered.count)
            && let Some(last) = frames.iter().map(|frame| frame.at).max()
        {
            let first = frames.first().map_or(last, |frame| frame.at);
            announce(&mut self.unannounced, &self.parser, &self.vantage, first, take);
            self.last = self.last.max(last);
            take(Event::Frames(frames));
        }
        self.damaged += gathered.damaged;
        self.window.consume(gathered.used);
        match stop {
            Stop::Full => {}
            Stop::Interface(place) if self.unannounced.contains(&place) => {}
            Stop::Interface(place) => self.unannounced.push(place),
            Stop::More(wanted) => {
                // What was found is handed over before waiting for more.
                let patience = if gathered.count > 0 { Duration::ZERO } else { patience };
                if self.window.fill(wanted, patience)? == Fill::Ended {
                    self.end(!self.window.bytes().is_empty() || self.window.is_damaged(), take);
                }
            }
            Stop::NotDue(next) => self.hold_back(next, patience, take),
            Stop::Broken => self.end(true, take),
        }
        Ok(())
    }

    /// Lets time pass until the next frame is due.
    fn hold_back(&mut self, next: Timestamp, patience: Duration, take: &mut dyn FnMut(Event<'_>)) {
        self.pace.start(next);
        self.pace.wait_for(next, patience);
        if let Some(now) = self.pace.now() {
            self.last = self.last.max(now.min(next));
            take(Event::Quiet(self.last));
        }
    }

    fn end(&mut self, is_damaged: bool, take: &mut dyn FnMut(Event<'_>)) {
        self.damaged += u64::from(is_damaged);
        self.state = State::Ended;
        announce(&mut self.unannounced, &self.parser, &self.vantage, self.last, take);
        take(Event::Quiet(self.last));
    }
}

impl Capture for FileCapture {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        if self.state == State::Fresh {
            if !self.look_ahead(patience)? {
                return Ok(More::Coming);
            }
            self.state = State::Reading;
        }
        // A source that can make the reader wait does so once.
        let batches = if self.pace.is_unhurried() || self.window.is_live() { 1 } else { BATCHES };
        for _ in 0..batches {
            if self.state == State::Ended {
                return Ok(More::Ended);
            }
            self.step(patience, take)?;
        }
        Ok(More::Coming)
    }

    fn losses(&mut self) -> Losses {
        Losses { damaged: self.damaged, ..self.parser.losses() }
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.parser.interfaces().iter().map(|info| at_our_end(info, &self.vantage)).collect()
    }

    fn progress(&self) -> Option<Progress> {
        self.window.progress()
    }
}

/// Says which interfaces there are, at the moment of the first frame that can be theirs.
fn announce(
    places: &mut Vec<usize>,
    parser: &Parser,
    vantage: &Vantage,
    at: Timestamp,
    take: &mut dyn FnMut(Event<'_>),
) {
    for place in places.drain(..) {
        if let Some(info) = parser.interfaces().get(place) {
            take(Event::Interface(at, at_our_end(info, vantage)));
        }
    }
}

fn at_our_end(info: &InterfaceInfo, vantage: &Vantage) -> InterfaceInfo {
    InterfaceInfo { addresses: vantage.addresses.clone(), ..info.clone() }
}

#[derive(Default)]
struct Gathered {
    count: usize,
    used: usize,
    damaged: u64,
}

/// Parses records until the batch is full or something else is to be done.
#[inline]
fn gather<'b>(
    parser: &mut Parser,
    bytes: &'b [u8],
    due: Timestamp,
    batch: &mut [Frame<'b>; BATCH],
    into: &mut Gathered,
) -> Stop {
    loop {
        let Some(rest) = bytes.get(into.used..) else { return Stop::Broken };
        let used = match parser.next(rest) {
            Parsed::Frame(frame, used) => {
                if frame.at > due {
                    return Stop::NotDue(frame.at);
                }
                let Some(place) = batch.get_mut(into.count) else { return Stop::Full };
                *place = frame;
                into.count += 1;
                used
            }
            Parsed::Interface(place, used) => {
                into.used += used;
                return Stop::Interface(place);
            }
            Parsed::Other(used) => used,
            Parsed::Damaged(used) => {
                into.damaged += 1;
                used
            }
            Parsed::More(wanted) => return Stop::More(wanted),
            Parsed::Broken => return Stop::Broken,
        };
        into.used += used;
        if into.count == BATCH {
            return Stop::Full;
        }
    }
}

const END_OF_TIME: Timestamp = Timestamp::from_nanos(u64::MAX);

const BLANK: Frame<'static> = Frame {
    at: Timestamp::ZERO,
    interface: InterfaceId(0),
    link: LinkType::Ethernet,
    heading: Heading::Unknown,
    wire_len: 0,
    data: &[],
    vlan: None,
    gso: None,
};
