//! The default live backend: a TPACKET_V3 ring for each interface, all waited on together.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use crate::model::event::BATCH;
use crate::model::{
    Busy, Counted, Event, Frame, Heading, Health, InterfaceId, InterfaceInfo, Label, LinkType, Losses, Timestamp,
};
use crate::sys::{Block, Instruction, PacketSocket, Poller, Ring, RingSize, Wake};

use super::attach::{self, LiveFilter};
use super::counts::Counts;
use super::live::{LiveOptions, failed};
use super::wall;
use super::watch::Watch;
use super::{Capture, CaptureError, More};

/// How long the kernel may keep a block that is not full.
const RETIRE: Duration = Duration::from_millis(50);
/// Nothing older than this can still come: the retire time, and what the kernel's timer may be late.
const LAG: Duration = Duration::from_millis(70);
/// Blocks given out by one `read` of each ring, so that commands are heard under any load.
const MOST_BLOCKS: usize = 16;

/// MiB of ring by default: the least that never lost at full load.
const RING_MB: u32 = 8;

/// One ring, and the interface it is bound to; none is all of them.
struct Source {
    ring: Ring,
    id: Option<InterfaceId>,
    /// Its filter is the program that counts.
    counts: bool,
}

/// Frames from the rings of one or more interfaces.
pub struct RingCapture {
    sources: Vec<Source>,
    watch: Watch,
    poller: Poller,
    wake: Option<Wake>,
    promiscuous: bool,
    filter: LiveFilter,
    losses: Losses,
    /// What has been said about time: it does not go back.
    said: Timestamp,
    notes: Vec<Health>,
    counts: Counting,
    counted: Vec<Counted>,
}

/// Whether busy flows are counted in the kernel.
enum Counting {
    /// None was busy yet.
    NotYet,
    /// The kernel does not take the program.
    Never,
    On(Box<Counts>),
}

/// Opens rings on the interfaces wanted.
pub fn open(options: &LiveOptions) -> Result<Box<dyn Capture>, CaptureError> {
    let said = wall::now();
    let watch = Watch::open(&options.interfaces)?;
    let listen: Vec<(Option<InterfaceId>, u32)> = if watch.is_any() {
        vec![(None, 0)]
    } else {
        watch.indices().map(|(id, index)| (Some(id), index.unwrap_or_default())).collect()
    };
    let filter = LiveFilter { text: options.filter.clone(), keep: options.snaplen };
    let wanted = options.ring_mb.unwrap_or(RING_MB).max(1);
    let (mut sources, mut poller, mut notes) = (Vec::new(), Poller::default(), Vec::new());
    for (id, index) in listen {
        let source = Source { ring: open_ring(wanted, &filter.first(), &mut notes)?, id, counts: false };
        source.bind(index, options.promiscuous).map_err(|error| failed("cannot listen", watch.name(id), error))?;
        filter.attach(source.ring.socket())?;
        poller.add(source.ring.as_fd());
        sources.push(source);
    }
    if let Some(notices) = watch.notices() {
        poller.add(notices.as_fd());
    }
    let (promiscuous, losses) = (options.promiscuous, Losses::default());
    let counts = if options.counts_busy { Counting::NotYet } else { Counting::Never };
    let counted = Vec::new();
    let wake = None;
    Ok(Box::new(RingCapture {
        sources,
        watch,
        poller,
        wake,
        promiscuous,
        filter,
        losses,
        said,
        notes,
        counts,
        counted,
    }))
}

/// A ring of the size wanted, or of the largest half, quarter... that memory allows, which is then noted.
fn open_ring(wanted: u32, program: &[Instruction], notes: &mut Vec<Health>) -> Result<Ring, CaptureError> {
    let mut blocks = wanted;
    loop {
        match Ring::open(RingSize { blocks, retire: RETIRE }, program) {
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && blocks > 1 => blocks /= 2,
            Err(error) => return Err(failed("cannot make a capture ring", "", error)),
            Ok(ring) => {
                if blocks < wanted {
                    let what = format!("memory for only {blocks} of {wanted} MiB of ring: bursts may be lost");
                    notes.push(Health { part: "capture", about: Label::new("ring"), what: Label::new(&what) });
                }
                return Ok(ring);
            }
        }
    }
}

impl Source {
    fn bind(&self, index: u32, promiscuous: bool) -> io::Result<()> {
        let socket = self.ring.socket();
        socket.bind(index)?;
        // All interfaces at once cannot be asked; packet(7) wants one.
        if promiscuous && index != 0 {
            socket.set_promiscuous(index)?;
        }
        Ok(())
    }
}

impl Capture for RingCapture {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        self.watch.tell(self.said, take);
        let takes_stock = patience.is_zero();
        // Before frames of the next second are.
        self.give_counted(takes_stock, take);
        if self.give(take) {
            self.follow();
            return Ok(More::Coming);
        }
        // The end of a second is told even where nothing comes.
        let patience = self.patience(patience).min(wall::until_next_second(LAG));
        self.poller.wait(patience).map_err(|error| CaptureError::Io("cannot wait for frames", error))?;
        self.wake.iter().for_each(Wake::clear);
        self.heal();
        // Taken before the rings are looked at: what they have not handed over by now is younger than this.
        let quiet = wall::now().minus(LAG);
        self.give_counted(takes_stock, take);
        let given = self.give(take);
        self.follow();
        if !given && quiet > self.said {
            self.said = quiet;
            take(Event::Quiet(quiet));
        }
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
            // A socket always has its counters; without them the losses stay as they were.
            if let Ok(new) = source.ring.socket().statistics() {
                self.losses.ring += u64::from(new.drops);
                self.losses.freezes += u64::from(new.freezes);
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
        let sockets: Vec<&PacketSocket> = self.sources.iter().map(|source| source.ring.socket()).collect();
        let replaced = attach::replace(&filter, &sockets);
        self.sources.iter_mut().for_each(|source| source.counts = false);
        if let Counting::On(counts) = &mut self.counts {
            // From the next busy flow on, where everything is let through.
            counts.take_all_back();
        }
        replaced?;
        self.filter = filter;
        Ok(())
    }

    fn can_count(&self) -> bool {
        !matches!(self.counts, Counting::Never)
    }

    /// Only where everything is let through: the program has no room for another filter.
    fn count(&mut self, flows: &[Busy]) {
        if !self.filter.takes_all() || !self.count_in_kernel() {
            return;
        }
        let Counting::On(counts) = &mut self.counts else { return };
        for flow in flows {
            if let Some(index) = self.watch.index_of(flow.interface) {
                counts.give(*flow, index);
            }
        }
    }
}

impl RingCapture {
    /// Gives out blocks that are ready, one of each ring in turn; whether there were any.
    fn give(&mut self, take: &mut dyn FnMut(Event<'_>)) -> bool {
        let mut given = false;
        for _ in 0..MOST_BLOCKS {
            let mut any = false;
            for source in &mut self.sources {
                if let Some(block) = source.ring.next_block() {
                    self.said = self.said.max(give_block(&block, source.id, &mut self.watch, take));
                    any = true;
                }
            }
            if !any {
                break;
            }
            given = true;
        }
        given
    }

    /// How long to wait for frames at most.
    fn patience(&self, patience: Duration) -> Duration {
        let patience = self.watch.patience(patience);
        match &self.counts {
            // What was counted in a second is told at its end.
            Counting::On(counts) if !counts.is_idle() => patience.min(wall::until_next_second(Duration::ZERO)),
            _ => patience,
        }
    }

    /// Tells what was counted, now and then or at once.
    fn give_counted(&mut self, at_once: bool, take: &mut dyn FnMut(Event<'_>)) {
        let Counting::On(counts) = &mut self.counts else { return };
        if counts.is_idle() || !at_once && !counts.is_due() {
            return;
        }
        counts.read(&mut self.counted);
        if !self.counted.is_empty() {
            take(Event::Counted(self.said, &self.counted));
            self.counted.clear();
        }
    }

    /// Has the kernel count, if it can. Sockets that were given another filter meanwhile get the program again.
    fn count_in_kernel(&mut self) -> bool {
        if matches!(self.counts, Counting::NotYet) {
            self.counts =
                Counts::load(self.filter.keep).map_or(Counting::Never, |counts| Counting::On(Box::new(counts)));
        }
        let Counting::On(counts) = &mut self.counts else { return false };
        let unarmed = self.sources.iter_mut().filter(|source| !source.counts);
        for source in unarmed {
            source.counts = counts.attach(source.ring.socket()).is_ok();
        }
        self.sources.iter().all(|source| source.counts)
    }

    /// Clears the errors that sockets report when their interface goes down, or poll would not wait again.
    fn heal(&self) {
        for (number, source) in self.sources.iter().enumerate() {
            if self.poller.has_failed(number) {
                // Which error does not matter: `Watch` says what became of the interface.
                drop(source.ring.socket().take_error());
            }
        }
    }

    /// Binds each ring to what its interface has become.
    fn follow(&mut self) {
        if !self.watch.refresh() {
            return;
        }
        for (id, index) in self.watch.indices() {
            let (Some(index), Some(source)) = (index, self.sources.iter_mut().find(|one| one.id == Some(id))) else {
                continue;
            };
            let bound = source.ring.socket().bound().map_or(-1, |bound| bound.ifindex);
            if u32::try_from(bound) != Ok(index) {
                // If it fails the interface went again, and the news of that comes next.
                let bound = source.bind(index, self.promiscuous);
                source.counts = false;
                drop(bound.map(|()| self.filter.attach(source.ring.socket())));
            }
        }
    }
}

const NOTHING: Frame<'static> = Frame {
    at: Timestamp::ZERO,
    interface: InterfaceId(0),
    link: LinkType::Ethernet,
    heading: Heading::Unknown,
    wire_len: 0,
    data: &[],
    vlan: None,
    gso: None,
};

/// Gives out the frames of a block in batches, and tells the time of the last. The block goes back to the kernel when
/// it is dropped, after this.
fn give_block(
    block: &Block<'_>,
    fixed: Option<InterfaceId>,
    watch: &mut Watch,
    take: &mut dyn FnMut(Event<'_>),
) -> Timestamp {
    let mut batch = [NOTHING; BATCH];
    let mut filled = 0;
    let mut last = Timestamp::ZERO;
    for seen in block.frames() {
        let known = fixed.or_else(|| watch.id_of(seen.ifindex));
        let interface = known.unwrap_or_else(|| {
            flush(&batch, &mut filled, take);
            let id = watch.meet(seen.ifindex);
            watch.tell(seen.at, take);
            id
        });
        if let Some(place) = batch.get_mut(filled) {
            *place = Frame {
                at: seen.at,
                interface,
                link: seen.link,
                heading: seen.heading,
                wire_len: seen.wire_len,
                data: seen.data,
                vlan: seen.vlan,
                gso: seen.gso,
            };
            filled += 1;
        }
        last = seen.at;
        if filled == BATCH {
            flush(&batch, &mut filled, take);
        }
    }
    flush(&batch, &mut filled, take);
    last
}

#[inline]
fn flush(batch: &[Frame<'_>], filled: &mut usize, take: &mut dyn FnMut(Event<'_>)) {
    if let Some(frames) = batch.get(..*filled).filter(|frames| !frames.is_empty()) {
        take(Event::Frames(frames));
    }
    *filled = 0;
}
