//! The portable live backend, over pnet's receive call: one copy and two calls for each frame.
//!
//! It has no word on where a frame was going, no stamps, no VLAN tags and no segmentation sizes, so every frame is
//! counted as imprecise. It is for systems whose kernel refuses a ring, and for comparison with the ring.

use std::io;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::time::Duration;

use pnet::datalink::{self, Channel, Config, DataLinkReceiver};

use crate::model::{Event, Frame, Heading, Health, InterfaceId, InterfaceInfo, LinkType, Losses, Timestamp};
use crate::sys::{PacketSocket, Poller, Wake, ring::link_type};

use super::attach::{self, LiveFilter};
use super::live::{LiveOptions, failed};
use super::wall;
use super::watch::Watch;
use super::{Capture, CaptureError, More};

/// Room for the largest super-packet (BIG TCP, 512 KiB): what does not fit is cut, and its length is lost.
const READ: usize = (512 << 10) + 256;
/// What the socket may queue, in bytes. The system may allow less.
const QUEUE: i32 = 32 << 20;
/// Frames given out by one `read` of each interface, so that commands are heard under any load.
const MOST: usize = 4096;
/// The whole frame: a cut would hide the true length, which this backend knows only as what was received.
const WHOLE: u32 = u32::MAX;

struct Source {
    /// A second handle on the socket that the receiver owns.
    socket: PacketSocket,
    receiver: Box<dyn DataLinkReceiver>,
    id: InterfaceId,
    link: LinkType,
}

/// Frames by pnet from one or more interfaces.
pub struct PnetCapture {
    sources: Vec<Source>,
    watch: Watch,
    poller: Poller,
    wake: Option<Wake>,
    filter: LiveFilter,
    promiscuous: bool,
    losses: Losses,
    said: Timestamp,
    notes: Vec<Health>,
}

/// Opens pnet receivers on the interfaces wanted.
pub fn open(options: &LiveOptions) -> Result<Box<dyn Capture>, CaptureError> {
    open_noting(options, Vec::new())
}

/// The same, with something to say about why it is this backend.
pub(super) fn open_noting(options: &LiveOptions, notes: Vec<Health>) -> Result<Box<dyn Capture>, CaptureError> {
    let said = wall::now();
    let mut capture = PnetCapture {
        sources: Vec::new(),
        watch: Watch::open(&options.interfaces)?,
        poller: Poller::default(),
        wake: None,
        filter: LiveFilter { text: options.filter.clone(), keep: WHOLE },
        promiscuous: options.promiscuous,
        losses: Losses::default(),
        said,
        notes,
    };
    capture.open_missing()?;
    Ok(Box::new(capture))
}

impl Source {
    fn open(id: InterfaceId, index: u32, filter: &LiveFilter, promiscuous: bool) -> io::Result<Self> {
        let gone = || io::Error::from_raw_os_error(libc::ENODEV);
        let interface = datalink::interfaces().into_iter().find(|one| one.index == index).ok_or_else(gone)?;
        let socket = PacketSocket::open()?;
        socket.attach(&filter.first())?;
        // Without a larger queue bursts are lost sooner; the losses say so.
        drop(socket.grow_buffer(QUEUE));
        if interface.is_loopback() {
            // Both sights of a packet look alike here, so only one is asked for. Old kernels give both.
            drop(socket.ignore_outgoing());
        }
        let config = Config {
            read_buffer_size: READ,
            read_timeout: Some(Duration::ZERO),
            promiscuous: false,
            socket_fd: Some(OwnedFd::from(socket.try_clone()?).into_raw_fd()),
            ..Config::default()
        };
        let Channel::Ethernet(_, receiver) = datalink::channel(&interface, config)? else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut source = Self { socket, receiver, id, link: LinkType::Ethernet };
        source.bind(index, promiscuous)?;
        Ok(source)
    }

    fn bind(&mut self, index: u32, promiscuous: bool) -> io::Result<()> {
        self.socket.bind(index)?;
        self.link = link_type(self.socket.bound()?.hardware);
        if promiscuous { self.socket.set_promiscuous(index) } else { Ok(()) }
    }

    /// Gives out what has come, one frame at a time; how many.
    fn give(&mut self, take: &mut dyn FnMut(Event<'_>)) -> u64 {
        let mut frames = 0;
        // An error is that nothing is there, or that the interface is down, which `Watch` tells.
        while frames < MOST as u64
            && let Ok(data) = self.receiver.next()
        {
            frames += 1;
            take(Event::Frames(&[Frame {
                at: wall::now(),
                interface: self.id,
                link: self.link,
                heading: Heading::Unknown,
                wire_len: data.len() as u32,
                data,
                vlan: None,
                gso: None,
            }]));
        }
        frames
    }
}

impl Capture for PnetCapture {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        self.watch.tell(self.said, take);
        // The end of a second is told even where nothing comes.
        let patience = self.watch.patience(patience).min(wall::until_next_second(Duration::ZERO));
        self.poller.wait(patience).map_err(|error| CaptureError::Io("cannot wait for frames", error))?;
        self.wake.iter().for_each(Wake::clear);
        let before = wall::now();
        let mut given = 0;
        for (number, source) in self.sources.iter_mut().enumerate() {
            if self.poller.has_failed(number) {
                drop(source.socket.take_error());
            }
            if self.poller.is_readable(number) {
                given += source.give(take);
            }
        }
        self.losses.imprecise += given;
        self.said = self.said.max(if given == 0 { before } else { wall::now() });
        if given == 0 {
            take(Event::Quiet(self.said));
        }
        self.follow()?;
        self.watch.tell(self.said, take);
        Ok(More::Coming)
    }

    fn heed(&mut self, wake: &Wake) -> bool {
        self.poller.add(wake.as_fd());
        self.wake = Some(wake.clone());
        true
    }

    fn losses(&mut self) -> Losses {
        for source in &self.sources {
            if let Ok(new) = source.socket.statistics() {
                self.losses.ring += u64::from(new.drops);
            }
        }
        self.losses
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.watch.infos()
    }

    fn health(&self) -> Vec<Health> {
        self.watch.health().into_iter().chain(self.notes.iter().cloned()).collect()
    }

    fn set_filter(&mut self, filter: &str) -> Result<(), CaptureError> {
        let filter = LiveFilter { text: filter.to_owned(), ..self.filter };
        let sockets: Vec<&PacketSocket> = self.sources.iter().map(|source| &source.socket).collect();
        attach::replace(&filter, &sockets)?;
        self.filter = filter;
        Ok(())
    }
}

impl PnetCapture {
    /// Opens a receiver for each watched interface that has none, and waits on them all.
    fn open_missing(&mut self) -> Result<(), CaptureError> {
        for (id, index) in self.watch.indices() {
            let Some(index) = index.filter(|_| self.sources.iter().all(|one| one.id != id)) else { continue };
            match Source::open(id, index, &self.filter, self.promiscuous) {
                Ok(source) => {
                    self.filter.attach(&source.socket)?;
                    self.sources.push(source);
                }
                // With all interfaces wanted, one that just went is no failure.
                Err(error) if self.watch.is_any() && error.raw_os_error() == Some(libc::ENODEV) => {}
                Err(error) => return Err(failed("cannot listen", self.watch.name(Some(id)), error)),
            }
        }
        self.poller = Poller::default();
        for source in &self.sources {
            self.poller.add(source.socket.as_fd());
        }
        if let Some(notices) = self.watch.notices() {
            self.poller.add(notices.as_fd());
        }
        if let Some(wake) = &self.wake {
            self.poller.add(wake.as_fd());
        }
        Ok(())
    }

    /// Binds each receiver to what its interface has become.
    fn follow(&mut self) -> Result<(), CaptureError> {
        if !self.watch.refresh() {
            return Ok(());
        }
        for (id, index) in self.watch.indices() {
            let (Some(index), Some(source)) = (index, self.sources.iter_mut().find(|one| one.id == id)) else {
                continue;
            };
            let bound = source.socket.bound().map_or(-1, |bound| bound.ifindex);
            if u32::try_from(bound) != Ok(index) {
                // If it fails the interface went again, and the news of that comes next.
                let bound = source.bind(index, self.promiscuous);
                drop(bound.map(|()| self.filter.attach(&source.socket)));
            }
        }
        if self.watch.is_any() { self.open_missing() } else { Ok(()) }
    }
}
