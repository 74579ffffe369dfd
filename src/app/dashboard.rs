//! The dashboard: the engine on its own thread, the screen on this one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use crate::cli::job::{Display, Setup};
use crate::error::{Error, exit};
use crate::host::names::NamePool;
use crate::model::{Command, Measure};
use crate::snapshot::Published;
use crate::sys::Wake;
use crate::ui;

use super::parts::{self, Memory};
use super::runner::{Doors, Runner};
use super::{options, signals, source};

/// Commands and answers waiting at most.
const COMMANDS: usize = 64;
const ANSWERS: usize = 4_096;

/// Opens everything, then the screen; closes the screen before anything else.
pub(super) fn run(setup: &Setup, display: &Display) -> Result<u8, Error> {
    let networks = parts::networks(setup)?;
    let opened = source::open(setup)?;
    let wake = || Wake::new().map_err(|error| Error::new("cannot make a descriptor to wait on", error));
    let (wake_engine, wake_screen) = (wake()?, wake()?);
    let stop = signals::stop_flag(&[&wake_screen, &wake_engine])?;
    let published = Arc::new(Published::default());
    let (commands, requests) = crossbeam_channel::bounded(COMMANDS);
    let (replies, answers) = crossbeam_channel::bounded(ANSWERS);
    let doors = Doors {
        published: Arc::clone(&published),
        commands: requests,
        answers,
        stop: Arc::clone(&stop),
        wake: wake_engine.clone(),
        screen: Some(wake_screen.clone()),
    };
    if setup.resolve {
        let _ = commands.try_send(Command::ResolveNames(true));
    }
    let setup_for_engine = setup.clone();
    let is_live = opened.is_live;
    let mut capture = opened.capture;
    let vantage = opened.vantage;
    let reduced = opened.reduced;
    let sees_sockets = capture.measure() != Measure::Frames;
    let thread = thread::Builder::new()
        .name("engine".into())
        .spawn(move || {
            let (engine, keeper) = parts::engine(&setup_for_engine, Memory::Dashboard, networks);
            let mut runner = Runner::new(engine, keeper, doors, vantage);
            runner.is_live = is_live;
            runner.reduced = reduced;
            if is_live {
                runner.find_owners(replies.clone(), setup_for_engine.rungs);
            }
            runner.names = NamePool::spawn(replies).ok();
            let (mut runner, _) = runner.run(capture.as_mut());
            runner.linger();
            runner.keeper.keep(&mut runner.engine);
            runner.keeper.finish()
        })
        .map_err(|error| Error::new("cannot start the engine's thread", error))?;
    let (engine, wake) = (wake_engine.clone(), wake_screen);
    let door = ui::Door { published, commands, engine, wake, stop: Arc::clone(&stop) };
    let shown = ui::run(door, options::screen(setup, display, sees_sockets));
    stop.store(true, Ordering::Relaxed);
    wake_engine.wake();
    let ended = thread.join();
    shown?;
    match ended {
        Ok(None) => Ok(exit::FINE),
        Ok(Some(health)) => Err(Error::new("what was learnt in this run is not saved", health.what)),
        Err(_) => Err(Error::new("the engine stopped by a fault of its own", "see the message above")),
    }
}
