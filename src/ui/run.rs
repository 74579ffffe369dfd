//! The loop: waits for keys and snapshots, and draws when there is something new.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;
use crossterm::event::{self, Event, KeyEventKind};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGTSTP};

use crate::capture::wall::Stopwatch;
use crate::error::Error;
use crate::model::Command;
use crate::snapshot::{Published, Snapshot};

use super::action::Effect;
use super::app::App;
use super::options::UiOptions;
use super::terminal::{Screen, leave};
use super::tty::{Ready, Tty};
use super::update::{paste, press};

/// How long a wait for keys lasts when a new snapshot may come any moment: it is drawn at most this late.
const ALERT: Duration = Duration::from_millis(100);
/// Snapshots come at a beat, most of the time one a second; nobody looks for the next before it can be there.
const REST: Duration = Duration::from_millis(900);

/// Shows the dashboard until the operator quits, `stop` is set, or the terminal is gone.
///
/// The terminal is restored however it ends. Fails where there is no terminal.
pub fn run(
    published: Arc<Published>,
    commands: Sender<Command>,
    options: UiOptions,
    stop: Arc<AtomicBool>,
) -> Result<(), Error> {
    let no_terminal = |error: io::Error| {
        Error::new("cannot open the dashboard: no terminal", error)
            .hint("run it in a terminal, or `egret -t` for plain text, or `egret flows --json`")
    };
    let options = UiOptions { zone: Some(options.zone.unwrap_or_else(jiff::tz::TimeZone::system)), ..options };
    let tty = Tty::open().map_err(no_terminal)?;
    let signals = Signals::watch().map_err(|error| Error::new("cannot watch for signals", error))?;
    let screen = Screen::take().map_err(no_terminal)?;
    let shown = published.latest();
    let app = App::new(options);
    let mut dashboard = Dashboard {
        app,
        screen,
        tty,
        signals,
        published,
        commands,
        stop,
        shown,
        clock: Stopwatch::start(),
        came: Duration::ZERO,
        beat: Duration::ZERO,
        is_stale: true,
    };
    let end = dashboard.go();
    match end {
        Ok(End::Keep) => {
            dashboard.screen.leave_behind().map_err(|error| Error::new("cannot write to the terminal", error))
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
    published: Arc<Published>,
    commands: Sender<Command>,
    stop: Arc<AtomicBool>,
    shown: Arc<Snapshot>,
    clock: Stopwatch,
    /// When the latest snapshot came, and how long after the one before.
    came: Duration,
    beat: Duration,
    /// The screen no longer shows what it should.
    is_stale: bool,
}

impl Dashboard {
    fn go(&mut self) -> io::Result<End> {
        // Makes crossterm watch for changes of size, which would be missed until the first wait otherwise.
        event::poll(Duration::ZERO)?;
        self.app.observe(&self.shown);
        loop {
            if Screen::is_broken() {
                return Ok(End::Broken);
            }
            if self.stop.load(Ordering::SeqCst) {
                return Ok(End::Quit);
            }
            self.heed_signals()?;
            self.look();
            if std::mem::take(&mut self.is_stale) {
                self.fit()?;
                self.screen.draw(&self.app, &self.shown)?;
            }
            if self.tty.wait(self.patience())? == Ready::Gone {
                return Ok(End::Quit);
            }
            if let Some(end) = self.take_events()? {
                return Ok(end);
            }
        }
    }

    fn patience(&self) -> Duration {
        let rest = (self.beat * 9 / 10).min(REST);
        rest.saturating_sub(self.clock.elapsed().saturating_sub(self.came)).max(ALERT)
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
        let latest = self.published.latest();
        if latest.seq != self.shown.seq && !self.app.is_paused() {
            let now = self.clock.elapsed();
            (self.beat, self.came) = (now.saturating_sub(self.came), now);
            self.shown = latest;
            self.app.observe(&self.shown);
            self.is_stale = true;
        }
    }

    fn take_events(&mut self) -> io::Result<Option<End>> {
        // Asked anew before each read: crossterm never returns from reading a terminal that has hung up.
        while self.tty.wait(Duration::ZERO)? != Ready::Gone && event::poll(Duration::ZERO)? {
            self.is_stale = true;
            let effect = match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => press(&mut self.app, key, &self.shown),
                Event::Paste(text) => {
                    paste(&mut self.app, &text, &self.shown);
                    None
                }
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
            Effect::Suspend => self.suspend()?,
            Effect::Send(command) => {
                // The answer may come before the beat.
                self.beat = Duration::ZERO;
                let is_refused = self.commands.try_send(command).is_err();
                if is_refused {
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
    ids: Vec<SigId>,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        let mut signals = Self { stopped: Arc::default(), continued: Arc::default(), ids: Vec::new() };
        for (signal, flag) in [(SIGTSTP, &signals.stopped), (SIGCONT, &signals.continued)] {
            signals.ids.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
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
