//! A capture file as a source: pcap and pcapng, gzip or not, standard input too.

mod options;
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
use super::vantage::{Lookout, Vantage};
use super::{Capture, CaptureError, More, Progress};
use crate::model::event::{BATCH, Heading};
use crate::model::{Event, Frame, InterfaceId, InterfaceInfo, Label, LinkType, Losses, Timestamp};

use pcap::Pcap;
use pcapng::PcapNg;
use record::Parsed;
use window::Window;

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

/// How much is looked at beforehand to learn which addresses are ours.
const LOOK_AHEAD_FRAMES: usize = 20_000;
const LOOK_AHEAD_BYTES: usize = 8 << 20;

/// A capture file being read, from its first frame to its last.
pub struct FileCapture {
    window: Window,
    parser: Parser,
    last: Timestamp,
    damaged: u64,
    state: State,
    vantage: Vantage,
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
    let vantage = match options.local {
        Some(addresses) => Vantage { addresses, how: "said" },
        None => look_ahead(&mut window, parser.clone())?,
    };
    Ok(FileCapture {
        window,
        parser,
        last: Timestamp::ZERO,
        damaged: 0,
        state: State::Fresh,
        vantage,
        pace: Pace::new(options.speed),
    })
}

/// Learns our addresses from the first frames, which stay in the window.
fn look_ahead(window: &mut Window, mut parser: Parser) -> Result<Vantage, CaptureError> {
    let mut lookout = Lookout::default();
    let (mut frames, mut used) = (0, 0);
    while frames < LOOK_AHEAD_FRAMES {
        match parser.next(window.bytes().get(used..).unwrap_or_default()) {
            Parsed::Frame(frame, length) => {
                lookout.see(&frame);
                frames += 1;
                used += length;
            }
            Parsed::Interface(_, length) | Parsed::Other(length) | Parsed::Damaged(length) => used += length,
            Parsed::More(wanted) => {
                if used + wanted > LOOK_AHEAD_BYTES || !window.fill(used + wanted)? {
                    break;
                }
            }
            Parsed::Broken => break,
        }
    }
    let described: Vec<IpAddr> = parser.interfaces().iter().flat_map(|info| info.addresses.iter().copied()).collect();
    Ok(if described.is_empty() { lookout.finish() } else { Vantage { addresses: described, how: "file" } })
}

/// The format of the file, and where the reading of it stands.
#[derive(Clone, Debug)]
enum Parser {
    Pcap(Pcap, InterfaceInfo),
    PcapNg(Box<PcapNg>),
}

impl Parser {
    fn new(window: &mut Window, path: &Path) -> Result<Self, CaptureError> {
        while window.bytes().len() < pcap::HEADER && window.fill(pcap::HEADER)? {}
        let Some(magic) = window.bytes().first_chunk().copied() else { return Err(not_a_capture(window.bytes())) };
        if pcap::is(magic) {
            let Some(header) = window.bytes().first_chunk().copied() else { return Err(cut_short()) };
            let pcap = Pcap::new(header)?;
            window.consume(pcap::HEADER);
            let name = if path.as_os_str() == "-" {
                "stdin".into()
            } else {
                path.file_name().unwrap_or_default().to_string_lossy()
            };
            let is_loopback = matches!(pcap.link(), LinkType::Null | LinkType::Loop);
            let info = InterfaceInfo { name: Label::new(&name), is_up: true, is_loopback, ..InterfaceInfo::default() };
            return Ok(Self::Pcap(pcap, info));
        }
        if pcapng::is(magic) {
            let mut parser = PcapNg::new();
            loop {
                match parser.next(window.bytes()) {
                    Parsed::Other(used) => window.consume(used),
                    Parsed::More(wanted) => {
                        if !window.fill(wanted)? {
                            return Err(cut_short());
                        }
                        continue;
                    }
                    _ => {
                        return Err(CaptureError::Format(
                            "a pcapng file with a section header that makes no sense".to_owned(),
                        ));
                    }
                }
                return Ok(Self::PcapNg(Box::new(parser)));
            }
        }
        Err(not_a_capture(window.bytes()))
    }

    #[inline]
    fn next<'b>(&mut self, bytes: &'b [u8]) -> Parsed<'b> {
        match self {
            Self::Pcap(pcap, _) => pcap.next(bytes),
            Self::PcapNg(pcapng) => pcapng.next(bytes),
        }
    }

    fn interfaces(&self) -> &[InterfaceInfo] {
        match self {
            Self::Pcap(_, info) => std::slice::from_ref(info),
            Self::PcapNg(pcapng) => &pcapng.interfaces,
        }
    }
}

fn cut_short() -> CaptureError {
    CaptureError::Format("the file ends within its header".to_owned())
}

/// What to say of a file that starts with `head`.
fn not_a_capture(head: &[u8]) -> CaptureError {
    let what = match head {
        [] => "the file is empty",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed with zstd, which is not read; try: zstd -dc FILE | egret -r -",
        [0xfd, b'7', b'z', b'X', ..] => "compressed with xz, which is not read; try: xz -dc FILE | egret -r -",
        [b'B', b'Z', b'h', ..] => "compressed with bzip2, which is not read; try: bzip2 -dc FILE | egret -r -",
        [0x04, 0x22, 0x4d, 0x18, ..] => "compressed with lz4, which is not read; try: lz4 -dc FILE | egret -r -",
        [b'P', b'K', 3, 4, ..] => "a zip archive, not a capture; try: unzip -p FILE | egret -r -",
        [b's', b'n', b'o', b'o', b'p', ..] => "a snoop capture, which is not read; try: editcap -F pcap IN OUT",
        _ => "not a pcap or pcapng file",
    };
    CaptureError::Format(what.to_owned())
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
    /// Says at the start which interface a pcap file has. The blocks of a pcapng file say it themselves.
    fn begin(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        self.state = State::Reading;
        if let Parser::Pcap(_, info) = &self.parser {
            take(Event::Interface(Timestamp::ZERO, self.with_addresses(info)));
        }
    }

    /// Which addresses are taken for ours, and why.
    pub const fn vantage(&self) -> &Vantage {
        &self.vantage
    }

    fn with_addresses(&self, info: &InterfaceInfo) -> InterfaceInfo {
        InterfaceInfo { addresses: self.vantage.addresses.clone(), ..info.clone() }
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
            self.last = self.last.max(last);
            take(Event::Frames(frames));
        }
        self.damaged += gathered.damaged;
        self.window.consume(gathered.used);
        match stop {
            Stop::Full => {}
            Stop::Interface(place) => {
                if let Some(info) = self.parser.interfaces().get(place) {
                    take(Event::Interface(self.last, self.with_addresses(info)));
                }
            }
            Stop::More(wanted) => {
                if !self.window.fill(wanted)? {
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
        take(Event::Quiet(self.last));
    }
}

impl Capture for FileCapture {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        if self.state == State::Fresh {
            self.begin(take);
        }
        for _ in 0..if self.pace.is_unhurried() { 1 } else { BATCHES } {
            if self.state == State::Ended {
                return Ok(More::Ended);
            }
            self.step(patience, take)?;
        }
        Ok(More::Coming)
    }

    fn losses(&mut self) -> Losses {
        let (ring, imprecise) = match &self.parser {
            Parser::Pcap(..) => (0, 0),
            Parser::PcapNg(pcapng) => (pcapng.drops(), pcapng.unstamped),
        };
        Losses { ring, imprecise, damaged: self.damaged, ..Losses::default() }
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.parser.interfaces().iter().map(|info| self.with_addresses(info)).collect()
    }

    fn progress(&self) -> Option<Progress> {
        self.window.progress()
    }
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
