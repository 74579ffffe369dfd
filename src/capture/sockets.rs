//! The backend that needs no rights: no frames, but what the kernel tells of each socket, looked at once a second.
//!
//! TCP counts the payload of every connection; how much changed between two looks is what moved. The kernel keeps no
//! such counts for UDP: a connected UDP socket shows as a flow of which nothing more is known. What a connection did
//! between the last look and its end is told by the kernel to those with `CAP_NET_ADMIN`; else it is not counted,
//! and how often that was is said.

mod looks;

use std::os::fd::AsFd;
use std::time::Duration;

use crate::model::{Event, Health, InterfaceInfo, Label, Losses, Measure, SocketKind, Timestamp};
use crate::sys::diag::{Deaths, Listing};
use crate::sys::{Poller, Wake};

use super::interfaces::ANY;
use super::live::LiveOptions;
use super::wall::{self, Stopwatch};
use super::watch::Watch;
use super::{Capture, CaptureError, More};
use looks::{Looks, Ours};

/// The most sockets looked at.
const MOST: usize = 1 << 19;
const EVERY: Duration = Duration::from_secs(1);
/// A look comes shortly before the end of a second, so that what it finds is counted in the second it happened in.
const WITHIN: Duration = Duration::from_millis(900);
/// What share of the time looks may take.
const SHARE: u32 = 10;

/// Sockets instead of frames.
pub struct SocketCapture {
    watch: Watch,
    listing: Listing,
    /// The kernel's word of each socket's end, where it may be heard.
    deaths: Option<Deaths>,
    wake: Option<Wake>,
    looks: Looks,
    /// None was named: everything but what stays on this host.
    is_outward: bool,
    next: Timestamp,
    said: Timestamp,
    cost: Duration,
    left_out: u64,
    is_interrupted: bool,
    lost_deaths: u64,
}

/// Opens the backend. Needs no rights.
pub fn open(options: &LiveOptions) -> Result<Box<dyn Capture>, CaptureError> {
    if !options.filter.trim().is_empty() {
        return Err(CaptureError::Unsupported("a capture filter needs frames, and this backend sees sockets"));
    }
    let is_outward = options.interfaces.is_empty();
    let wanted = if is_outward { vec![ANY.to_owned()] } else { options.interfaces.clone() };
    let cannot = |error| CaptureError::Io("cannot ask the kernel about sockets", error);
    let mut listing = Listing::open().map_err(cannot)?;
    listing.dump(SocketKind::Tcp, 0, &mut Vec::new()).map_err(cannot)?;
    Ok(Box::new(SocketCapture {
        watch: Watch::open(&wanted)?,
        listing,
        deaths: Deaths::open().ok(),
        wake: None,
        looks: Looks::default(),
        is_outward,
        next: Timestamp::ZERO,
        said: wall::now(),
        cost: Duration::ZERO,
        left_out: 0,
        is_interrupted: false,
        lost_deaths: 0,
    }))
}

impl Capture for SocketCapture {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        self.watch.tell(self.said, take);
        let now = wall::now();
        if now < self.next {
            let next = self.next.since(now).min(wall::until_next_second(Duration::ZERO));
            self.wait(self.watch.patience(patience).min(next))?;
        }
        self.watch.refresh();
        self.said = self.said.max(wall::now());
        self.watch.tell(self.said, take);
        self.hear_of_ends(take);
        if self.said >= self.next {
            self.look(take)?;
        }
        take(Event::Quiet(self.said));
        Ok(More::Coming)
    }

    fn heed(&mut self, wake: &Wake) -> bool {
        self.wake = Some(wake.clone());
        true
    }

    fn losses(&mut self) -> Losses {
        Losses::default()
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.watch.infos()
    }

    fn health(&self) -> Vec<Health> {
        let mut notes = vec!["only what TCP counts of its payload; the kernel does not count UDP's".to_owned()];
        if self.looks.unseen > 0 {
            let unseen = self.looks.unseen;
            notes.push(format!(
                "{unseen} connections ended between two looks: what they did since the last one is not counted"
            ));
        }
        if self.left_out > 0 {
            notes.push(format!("{} sockets found no room and are not counted", self.left_out));
        }
        if self.is_interrupted {
            notes.push("sockets come and go so fast that the last look may have missed some".to_owned());
        }
        if self.lost_deaths > 0 {
            notes.push(format!("the kernel had no room to tell of some ends, {} times", self.lost_deaths));
        }
        if self.cost * SHARE > EVERY {
            notes.push(format!("a look takes {} ms: they are made less often", self.cost.as_millis()));
        }
        let note = |what: String| Health { part: "capture", about: Label::new("sockets"), what: Label::new(&what) };
        self.watch.health().into_iter().chain(notes.into_iter().map(note)).collect()
    }

    fn set_filter(&mut self, _: &str) -> Result<(), CaptureError> {
        Err(CaptureError::Unsupported("a capture filter needs frames, and only sockets are seen"))
    }

    fn measure(&self) -> Measure {
        Measure::Carried
    }
}

impl SocketCapture {
    fn wait(&self, patience: Duration) -> Result<(), CaptureError> {
        let mut poller = Poller::default();
        if let Some(deaths) = &self.deaths {
            poller.add(deaths.socket.as_fd());
        }
        if let Some(notices) = self.watch.notices() {
            poller.add(notices.as_fd());
        }
        if let Some(wake) = &self.wake {
            poller.add(wake.as_fd());
        }
        poller.wait(patience).map_err(|error| CaptureError::Io("cannot wait for news", error))?;
        self.wake.iter().for_each(Wake::clear);
        Ok(())
    }

    /// Takes in the last counts of connections that have ended.
    fn hear_of_ends(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        let Some(deaths) = &mut self.deaths else { return };
        let mut ended = Vec::new();
        if deaths.drain_connections(&mut |socket| ended.push(socket)).is_err() {
            self.lost_deaths += 1;
        }
        if ended.is_empty() {
            return;
        }
        let ours = Ours::new(&self.watch.infos(), self.is_outward);
        let news = self.looks.ends(&ended, &ours);
        take(Event::Sockets(self.said, &news));
    }

    fn look(&mut self, take: &mut dyn FnMut(Event<'_>)) -> Result<(), CaptureError> {
        let clock = Stopwatch::start();
        let mut sockets = Vec::new();
        (self.left_out, self.is_interrupted) = (0, false);
        for kind in [SocketKind::Tcp, SocketKind::Udp, SocketKind::UdpLite] {
            match self.listing.dump(kind, MOST, &mut sockets) {
                Ok(dumped) => {
                    self.left_out += dumped.left_out;
                    self.is_interrupted |= dumped.is_interrupted;
                }
                Err(error) if kind == SocketKind::Tcp => {
                    return Err(CaptureError::Io("cannot list the sockets", error));
                }
                // A kernel without UDP-Lite has none of its sockets.
                Err(_) => {}
            }
        }
        let is_whole = self.left_out == 0 && !self.is_interrupted;
        let ours = Ours::new(&self.watch.infos(), self.is_outward);
        let news = self.looks.look(&sockets, &ours, is_whole, self.deaths.is_some());
        take(Event::Sockets(self.said, &news));
        self.cost = clock.elapsed();
        self.next = due(self.said, self.cost);
        Ok(())
    }
}

/// When to look again: shortly before the end of a second, and not so soon that looking is all that is done.
fn due(now: Timestamp, cost: Duration) -> Timestamp {
    let this = now.floor_second().plus(WITHIN);
    let least = now.plus(Duration::from_millis(200).max(cost * SHARE));
    if this >= least {
        return this;
    }
    let next = least.floor_second().plus(WITHIN);
    if next >= least { next } else { next.plus(EVERY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_at_the_end_of_each_second_or_as_often_as_they_may() {
        let at = |millis: u64| Timestamp::from_nanos(millis * 1_000_000);
        for (now, cost, next) in
            [(10_000, 0, 10_900), (10_903, 5, 11_900), (10_800, 0, 11_900), (11_000, 300, 14_900), (11_950, 50, 12_900)]
        {
            assert_eq!(due(at(now), Duration::from_millis(cost)), at(next), "{now} {cost}");
        }
    }
}
