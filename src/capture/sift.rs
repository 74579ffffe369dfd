//! A capture filter for sources that have no kernel to run it: files and scripts.

use std::time::Duration;

use super::filter::{Program, compile_for_file};
use super::{Capture, CaptureError, More, Progress};
use crate::model::{Event, Frame, Health, InterfaceInfo, LinkType, Losses};

/// A source of which only the frames that a filter takes come through.
///
/// What the filter does not take is not counted anywhere, as if it had never been on the wire.
pub struct Sifted {
    inner: Box<dyn Capture>,
    sieve: Sieve,
}

impl Sifted {
    /// Puts a filter behind a source; the empty filter takes everything.
    ///
    /// # Errors
    /// [`CaptureError::Filter`] with the place of what is wrong in the text.
    pub fn new(inner: Box<dyn Capture>, filter: &str) -> Result<Self, CaptureError> {
        Ok(Self { inner, sieve: Sieve::new(filter)? })
    }
}

impl Capture for Sifted {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        let sieve = &mut self.sieve;
        self.inner.read(patience, &mut |event| match event {
            Event::Frames(frames) => sieve.pass(frames, take),
            other => take(other),
        })
    }

    fn losses(&mut self) -> Losses {
        self.inner.losses()
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        self.inner.interfaces()
    }

    fn health(&self) -> Vec<Health> {
        self.inner.health()
    }

    fn set_filter(&mut self, filter: &str) -> Result<(), CaptureError> {
        self.sieve = Sieve::new(filter)?;
        Ok(())
    }

    fn progress(&self) -> Option<Progress> {
        self.inner.progress()
    }
}

/// A filter text, and its programs for the link types that have come.
struct Sieve {
    text: String,
    /// No program: what the filter asks for cannot be on such a link, so no frame of it passes.
    programs: Vec<(LinkType, Option<Program>)>,
}

/// Link types that are kept apart; a file with more of them compiles the later ones again and again.
const MOST_LINKS: usize = 16;

impl Sieve {
    fn new(filter: &str) -> Result<Self, CaptureError> {
        // Ethernet knows every word, so a text that is wrong for it is wrong.
        let ethernet = compile_for_file(filter, LinkType::Ethernet)?;
        Ok(Self { text: filter.to_owned(), programs: vec![(LinkType::Ethernet, Some(ethernet))] })
    }

    /// Hands on the frames that the filter takes, in runs of neighbours so that nothing is copied.
    fn pass(&mut self, frames: &[Frame<'_>], take: &mut dyn FnMut(Event<'_>)) {
        let mut rest = frames;
        while !rest.is_empty() {
            let run = rest.iter().take_while(|frame| self.takes(frame)).count();
            let (taken, others) = rest.split_at(run);
            if !taken.is_empty() {
                take(Event::Frames(taken));
            }
            rest = others.get(1..).unwrap_or_default();
        }
    }

    fn takes(&mut self, frame: &Frame<'_>) -> bool {
        let known = self.programs.iter().position(|(link, _)| *link == frame.link);
        let place = known.unwrap_or_else(|| {
            self.programs.truncate(MOST_LINKS - 1);
            self.programs.push((frame.link, compile_for_file(&self.text, frame.link).ok()));
            self.programs.len() - 1
        });
        match self.programs.get(place) {
            Some((_, Some(program))) => program.matches(frame),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{Script, Shot, Step, frame};
    use super::*;
    use crate::model::{Endpoint, Heading, Timestamp};

    fn frame_to(port: u16, second: u64) -> Step {
        let end = |last, port| Endpoint::new(std::net::IpAddr::from([10, 0, 0, last]), port);
        let data = frame::udp(end(1, 4_000), end(2, port), b"x");
        Step::Frame(Shot::new(Timestamp::from_secs(second), Heading::Outgoing, data))
    }

    fn sifted(steps: Vec<Step>, filter: &str) -> Sifted {
        Sifted::new(Box::new(Script::new(Vec::new(), steps)), filter).unwrap()
    }

    /// The seconds of what comes through: of frames as they are, of quiet moments negative. A script ends with one.
    fn seconds(source: &mut Sifted) -> Vec<i64> {
        let second = |at: Timestamp| i64::try_from(at.secs()).unwrap();
        let mut found = Vec::new();
        loop {
            let more = source.read(Duration::ZERO, &mut |event| match event {
                Event::Frames(frames) => found.extend(frames.iter().map(|frame| second(frame.at))),
                Event::Quiet(at) => found.push(-second(at)),
                Event::Interface(..) | Event::Sockets(..) | Event::Counted(..) => {}
            });
            if more.unwrap() == More::Ended {
                return found;
            }
        }
    }

    fn script() -> Vec<Step> {
        let ports = [53, 80, 80, 53, 53, 443, 80];
        let mut steps: Vec<Step> = ports.into_iter().zip(1..).map(|(port, second)| frame_to(port, second)).collect();
        steps.insert(5, Step::Quiet(Timestamp::from_secs(5)));
        steps
    }

    #[test]
    fn only_what_the_filter_takes_comes_through_and_time_goes_on() {
        assert_eq!(seconds(&mut sifted(script(), "udp port 80")), [2, 3, -5, 7, -7]);
        assert_eq!(seconds(&mut sifted(script(), "port 53 or 443")), [1, 4, 5, -5, 6, -7]);
        assert_eq!(seconds(&mut sifted(script(), " ")), [1, 2, 3, 4, 5, -5, 6, 7, -7]);
        assert_eq!(seconds(&mut sifted(script(), "tcp")), [-5, -7]);
    }

    #[test]
    fn a_new_filter_replaces_the_old_one_and_a_wrong_one_does_not() {
        let mut source = sifted(script(), "tcp");
        assert!(matches!(source.set_filter("udp port"), Err(CaptureError::Filter { at: 8, .. })));
        source.set_filter("port 443").unwrap();
        assert_eq!(seconds(&mut source), [-5, 6, -7]);
    }

    #[test]
    fn each_link_type_has_its_own_program() {
        let Step::Frame(ethernet) = frame_to(80, 1) else { panic!("not a frame") };
        let raw = |number: u16| {
            let link = LinkType::from_number(number);
            Step::Frame(Shot {
                link,
                data: ethernet.data[14..].to_vec(),
                at: Timestamp::from_secs(2),
                ..ethernet.clone()
            })
        };
        let steps = || vec![frame_to(80, 1), raw(101), raw(9)];
        assert_eq!(seconds(&mut sifted(steps(), "port 80")), [1, 2, -2]);
        assert_eq!(seconds(&mut sifted(steps(), "not port 80")), [-2]);
        assert_eq!(seconds(&mut sifted(steps(), "not broadcast")), [1, -2]);
        assert_eq!(seconds(&mut sifted(steps(), "")), [1, 2, 2, -2]);
    }
}
