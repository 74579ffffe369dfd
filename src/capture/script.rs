//! A source that plays frames made in memory: for tests and for the demo.

pub mod demo;
pub mod dns;
pub mod frame;
mod scene;
pub mod talk;
pub mod tls;

pub use demo::demo;

use std::iter::Peekable;
use std::time::Duration;

use super::pace::Pace;
use super::{Capture, CaptureError, More};
use crate::model::event::{BATCH, Heading};
use crate::model::{Event, Frame, Gso, InterfaceId, InterfaceInfo, LinkType, Losses, Timestamp, VlanTag};

/// A frame that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shot {
    pub at: Timestamp,
    pub interface: InterfaceId,
    pub link: LinkType,
    pub heading: Heading,
    pub wire_len: u32,
    pub data: Vec<u8>,
    pub vlan: Option<VlanTag>,
    pub gso: Option<Gso>,
}

impl Shot {
    /// An Ethernet frame captured whole.
    pub fn new(at: Timestamp, heading: Heading, data: Vec<u8>) -> Self {
        Self {
            at,
            interface: InterfaceId(0),
            link: LinkType::Ethernet,
            heading,
            wire_len: data.len() as u32,
            data,
            vlan: None,
            gso: None,
        }
    }

    /// The same, borrowed.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            at: self.at,
            interface: self.interface,
            link: self.link,
            heading: self.heading,
            wire_len: self.wire_len,
            data: &self.data,
            vlan: self.vlan,
            gso: self.gso,
        }
    }
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Frame(Shot),
    /// Nothing came until then.
    Quiet(Timestamp),
    Interface(Timestamp, InterfaceInfo),
}

impl Step {
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Frame(shot) => shot.at,
            Self::Quiet(at) | Self::Interface(at, _) => *at,
        }
    }
}

/// Plays steps in the order they come. The iterator may be endless; no more than a batch is drawn at a time.
pub struct Script<I: Iterator<Item = Step>> {
    steps: Peekable<I>,
    interfaces: Vec<InterfaceInfo>,
    announced: bool,
    ended: bool,
    pace: Pace,
    last: Timestamp,
}

impl<I: Iterator<Item = Step> + Send> Script<I> {
    /// Plays `steps` without waiting. `interfaces` are announced first, at the moment of the first step.
    pub fn new(interfaces: Vec<InterfaceInfo>, steps: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            steps: steps.into_iter().peekable(),
            interfaces,
            announced: false,
            ended: false,
            pace: Pace::default(),
            last: Timestamp::ZERO,
        }
    }

    /// Plays at a speed, in seconds of the script per second.
    #[must_use]
    pub fn at_speed(mut self, speed: f64) -> Self {
        self.pace = Pace::new(Some(speed));
        self
    }

    fn announce(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        let at = self.steps.peek().map_or(Timestamp::ZERO, Step::at);
        self.pace.start(at);
        self.announced = true;
        for info in &self.interfaces {
            take(Event::Interface(at, info.clone()));
        }
    }

    /// Hands over a step that is not a frame.
    fn tell(&mut self, step: Step, take: &mut dyn FnMut(Event<'_>)) {
        match step {
            Step::Quiet(at) => {
                self.last = self.last.max(at);
                take(Event::Quiet(at));
            }
            Step::Interface(at, info) => {
                match self.interfaces.iter_mut().find(|known| known.id == info.id) {
                    Some(known) => *known = info.clone(),
                    None => self.interfaces.push(info.clone()),
                }
                take(Event::Interface(at, info));
            }
            Step::Frame(shot) => take(Event::Frames(&[shot.frame()])),
        }
    }

    /// The next frames in a row, at most a batch of them, and nothing that is not due.
    fn shots(&mut self, due: Option<Timestamp>) -> Vec<Shot> {
        let is_next = |step: &Step| matches!(step, Step::Frame(shot) if due.is_none_or(|due| shot.at <= due));
        let mut shots = Vec::with_capacity(BATCH);
        while shots.len() < BATCH
            && let Some(Step::Frame(shot)) = self.steps.next_if(is_next)
        {
            shots.push(shot);
        }
        shots
    }
}

impl<I: Iterator<Item = Step> + Send> Capture for Script<I> {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        if !self.announced {
            self.announce(take);
        }
        if self.ended {
            return Ok(More::Ended);
        }
        let due = self.pace.now();
        let shots = self.shots(due);
        if let Some(last) = shots.last() {
            self.last = self.last.max(last.at);
            let frames: Vec<Frame<'_>> = shots.iter().map(Shot::frame).collect();
            take(Event::Frames(&frames));
            return Ok(More::Coming);
        }
        if let Some(step) = self.steps.next_if(|step| due.is_none_or(|due| step.at() <= due)) {
            self.tell(step, take);
        } else if let (Some(next), Some(due)) = (self.steps.peek().map(Step::at), due) {
            self.pace.wait_for(next, patience);
            take(Event::Quiet(due));
        } else {
            self.ended = true;
            take(Event::Quiet(self.last));
            return Ok(More::Ended);
        }
        Ok(More::Coming)
    }

    fn losses(&mut self) -> Losses {
        Losses::default()
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.interfaces.clone()
    }
}

#[cfg(test)]
mod tests;
