//! The loop: waits for keys and snapshots, and draws when there is something new.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;
use crossterm::event::{self, Event, KeyEventKind};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};

use crate::capture::wall::Stopwatch;
use crate::error::Error;
use crate::model::Command;
use crate::snapshot::{Published, Snapshot};
use crate::sys::Wake;

use super::action::Effect;
use super::app::App;
use super::mouse::mouse;
use super::options::UiOptions;
use super::terminal::{Screen, leave};
use super::tty::{Ready, Tty};
use super::update::{paste, press};

/// How long crossterm may look for a key: without any time it does not look at all.
const MOMENT: Duration = Duration::from_millis(1);
/// How soon and how long it is asked once more after keys have come. Where this thread had to wait for the processor
/// longer than it may look, it says that there is nothing, whatever it has read already.
const AGAIN: Duration = Duration::from_millis(20);
/// How long the loop sleeps at most: keys, snapshots and signals wake it.
const SLEEP: Duration = Duration::from_mins(1);

/// The door between the dashboard and whoever runs the engine.
pub struct Door {
    pub published: Arc<Published>,
    pub commands: Sender<Command>,
    /// Wakes the engine for a command.
    pub engine: Wake,
    /// To be woken by what is published, and by what sets `stop`.
    pub wake: Wake,
    pub stop: Arc<AtomicBool>,
}

/// Shows the dashboard until the operator quits, `stop` is set, or the terminal is gone.
///
/// The terminal is restored however it ends. Fails where there is no terminal.
pub fn run(door: Door, options: UiOptions) -> Result<(), Error> {
    let no_terminal = |error: io::Error| {
        Error::new("cannot open the dashboard: no terminal", error)
            .hint("run it in a terminal, or `egret -t` for plain text, or `egret flows --json`")
    };
    let options = UiOptions { zone: Some(options.zone.unwrap_or_else(jiff::tz::TimeZone::system)), ..options };
    let tty = Tty::open(door.wake.clone()).map_err(no_terminal)?;
    let signals = Signals::watch(&door.wake).map_err(|error| Error::new("cannot watch for signals", error))?;
    let screen = Screen::take(door.wake.clone()).map_err(no_terminal)?;
    let shown = door.published.latest();
    let app = App::new(options);
    let mut dashboard = Dashboard {
        app,
        screen,
        tty,
        signals,
        door,
        shown,
        clock: Stopwatch::start(),
        is_stale: true,
        looks_again: false,
    };
    let end = dashboard.go();
    match end {
        Ok(End::Keep) => {
            let Dashboard { screen, app, shown, .. } = dashboard;
            screen.leave_behind(&app, &shown).map_err(|error| Error::new("cannot write to the terminal", error))
        }
        Ok(End::Broken) => Err(Error::new("egret has failed", "a thread panicked; the message above says where")),
        // A terminal that is gone cannot be told about it.
        Ok(End::Quit) | Err(_) => Ok(()),
    }
}

/// Why the loop ended.
enum End {
    Quit,
    Keep,
    Broken,
}

struct Dashboard {
    app: App,
    screen: Screen,
    tty: Tty,
    signals: Signals,
    door: Door,
    shown: Arc<Snapshot>,
    clock: Stopwatch,
    /// The screen no longer shows what it should.
    is_stale: bool,
    /// Keys may be left in crossterm's own queue.
    looks_again: bool,
}

impl Dashboard {
    fn go(&mut self) -> io::Result<End> {
        self.app.observe(&self.shown);
        loop {
            if Screen::is_broken() {
                return Ok(End::Broken);
            }
            if self.door.stop.load(Ordering::SeqCst) {
                return Ok(End::Quit);
            }
            self.heed_signals()?;
            self.look();
            if std::mem::take(&mut self.is_stale) {
                self.fit()?;
                self.screen.draw(&self.app, &self.shown)?;
            }
            let ready = self.tty.wait(self.patience())?;
            if ready == Ready::Gone {
                return Ok(End::Quit);
            }
            let moment = match ready {
                Ready::Input => MOMENT,
                Ready::Nothing if self.looks_again => AGAIN,
                _ => continue,
            };
            if let Some(end) = self.take_events(moment)? {
                return Ok(end);
            }
        }
    }

    /// How long the screen stays as it is if nothing comes.
    fn patience(&self) -> Duration {
        if self.looks_again {
            return AGAIN;
        }
        let Some(due) = self.app.due() else { return SLEEP };
        let at = Duration::from_millis(due.saturating_mul(100));
        at.saturating_sub(self.clock.elapsed()).clamp(Duration::from_millis(1), SLEEP)
    }

    /// Follows the size that the terminal has now, whether or not somebody has told.
    fn fit(&mut self) -> io::Result<()> {
        let size = self.screen.size()?;
        if size != self.app.size {
            self.app.resize(size.0, size.1, &self.shown);
        }
        Ok(())
    }

    /// Takes in the latest snapshot, unless the operator wants the present one to stay.
    fn look(&mut self) {
        let tick = u64::try_from(self.clock.elapsed().as_millis() / 100).unwrap_or(u64::MAX);
        self.is_stale |= self.app.tick(tick);
        let latest = self.door.published.latest();
        if latest.seq != self.shown.seq && !self.app.is_paused() {
            self.shown = latest;
            self.app.observe(&self.shown);
            self.is_stale = true;
        }
    }

    /// Takes the keys there are; to be called once more after it has found some, see [`AGAIN`].
    fn take_events(&mut self, moment: Duration) -> io::Result<Option<End>> {
        self.looks_again = moment == MOMENT;
        while event::poll(moment)? {
            (self.is_stale, self.looks_again) = (true, true);
            let effect = match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => press(&mut self.app, key, &self.shown),
                Event::Paste(text) => {
                    paste(&mut self.app, &text, &self.shown);
                    None
                }
                Event::Mouse(event) => mouse(&mut self.app, event, &self.shown),
                Event::Resize(columns, lines) => {
                    self.app.resize(columns, lines, &self.shown);
                    None
                }
                _ => None,
            };
            if let Some(end) = self.follow(effect)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    fn follow(&mut self, effect: Option<Effect>) -> io::Result<Option<End>> {
        let Some(effect) = effect else { return Ok(None) };
        match effect {
            Effect::Quit { keep: true } => return Ok(Some(End::Keep)),
            Effect::Quit { keep: false } => return Ok(Some(End::Quit)),
            Effect::Repaint => self.screen.repaint()?,
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Mouse(is_wanted) => self.screen.mouse(is_wanted)?,
            Effect::Suspend => self.suspend()?,
            Effect::Send(command) => {
                if self.door.commands.try_send(command).is_ok() {
                    self.door.engine.wake();
                } else {
                    self.app.say("not done: the engine is not taking commands; try again");
                }
            }
        }
        Ok(None)
    }

    fn heed_signals(&mut self) -> io::Result<()> {
        if self.signals.stopped.swap(false, Ordering::SeqCst) {
            self.suspend()?;
        }
        if self.signals.continued.swap(false, Ordering::SeqCst) {
            self.come_back()?;
        }
        // Its size is asked for before it is drawn.
        self.is_stale |= self.signals.resized.swap(false, Ordering::SeqCst);
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        leave();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        self.signals.continued.store(false, Ordering::SeqCst);
        self.come_back()
    }

    fn come_back(&mut self) -> io::Result<()> {
        self.screen.take_again()?;
        self.is_stale = true;
        Ok(())
    }
}

/// The signals that concern a terminal; the ones that end the program set `stop`, elsewhere.
struct Signals {
    stopped: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Signals {
    fn watch(wake: &Wake) -> io::Result<Self> {
        let (stopped, continued, resized) = Default::default();
        let mut signals = Self { stopped, continued, resized, ids: Vec::new() };
        let flags = [(SIGTSTP, &signals.stopped), (SIGCONT, &signals.continued), (SIGWINCH, &signals.resized)];
        for (signal, flag) in flags {
            signals.ids.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
            wake.wake_on(signal)?;
        }
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
