//! The demo: a web server's normal life, learnt in no time, and then some minutes in which things go wrong, for ever.

use std::time::Duration;

use super::scene::{self, Scenes};
use super::{Script, Step};
use crate::capture::{Capture, CaptureError, More};
use crate::model::{Event, InterfaceInfo, Losses, Timestamp};

/// Data time that is normal and learnt; whoever judges it should learn for this long.
pub const LEARN_FOR: Duration = Duration::from_secs(scene::NORMAL_MINUTES * 60);

/// When the demo happens: a Tuesday noon.
const START: Timestamp = Timestamp::from_secs(1_767_700_800);

/// The built-in scenario. The normal part is handed out at once, the rest at a speed.
pub struct Demo {
    normal: Option<Script<std::vec::IntoIter<Step>>>,
    live: Script<Scenes>,
}

/// The demo at a speed, in seconds of the scenario per second; without one, a single round of it, at once.
pub fn demo(speed: Option<f64>) -> Demo {
    let normal = Scenes::new(START, 0).take_while(|step| step.at() < START.plus(LEARN_FOR));
    // The end of the normal part is told, so that all of it is counted as observed.
    let end = Step::Quiet(START.plus(LEARN_FOR));
    let normal: Vec<Step> = normal.chain([end]).collect();
    let live = Scenes::new(START, scene::NORMAL_MINUTES);
    let live = match speed {
        Some(speed) => Script::new(vec![scene::interface()], live).at_speed(speed),
        None => Script::new(vec![scene::interface()], live.once()),
    };
    Demo { normal: Some(Script::new(vec![scene::interface()], normal)), live }
}

impl Capture for Demo {
    fn read(&mut self, patience: Duration, take: &mut dyn FnMut(Event<'_>)) -> Result<More, CaptureError> {
        if let Some(normal) = &mut self.normal {
            if normal.read(patience, take)? == More::Ended {
                self.normal = None;
            }
            return Ok(More::Coming);
        }
        self.live.read(patience, take)
    }

    fn losses(&mut self) -> Losses {
        Losses::default()
    }

    fn interfaces(&self) -> Vec<InterfaceInfo> {
        vec![scene::interface()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames_of(mut demo: Demo) -> (u64, u64, Vec<Timestamp>) {
        let (mut frames, mut bytes, mut moments) = (0, 0, Vec::new());
        loop {
            let more = demo.read(Duration::ZERO, &mut |event| {
                if let Event::Frames(batch) = event {
                    frames += batch.len() as u64;
                    bytes += batch.iter().map(|frame| u64::from(frame.wire_len)).sum::<u64>();
                    moments.extend(batch.iter().map(|frame| frame.at));
                }
            });
            if more.unwrap() == More::Ended {
                return (frames, bytes, moments);
            }
        }
    }

    #[test]
    fn a_round_is_the_same_every_time_and_in_order() {
        let (frames, bytes, moments) = frames_of(demo(None));
        assert!(frames > 15_000 && bytes > 50_000_000, "{frames} frames, {bytes} bytes");
        assert!(moments.is_sorted());
        let minutes = moments.last().unwrap().since(START).as_secs() / 60;
        assert!(minutes >= scene::NORMAL_MINUTES + scene::ROUND - 1);
        let one = |minute| scene::Scenes::new(START, minute).once().take(2_000).collect::<Vec<_>>();
        assert_eq!(one(scene::NORMAL_MINUTES), one(scene::NORMAL_MINUTES));
        assert_ne!(one(scene::NORMAL_MINUTES), one(scene::NORMAL_MINUTES + scene::ROUND));
    }

    #[test]
    fn at_a_speed_the_normal_part_does_not_wait() {
        let mut demo = demo(Some(1.0));
        let mut last = Timestamp::ZERO;
        while demo.normal.is_some() {
            demo.read(Duration::ZERO, &mut |event| {
                if let Event::Frames(batch) = event {
                    last = batch.iter().map(|frame| frame.at).max().unwrap_or(last);
                }
            })
            .unwrap();
        }
        assert!(START.plus(LEARN_FOR).since(last) < Duration::from_secs(20));
    }
}
