//! The engine's thread: reads the source, serves the side doors, publishes what is new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::capture::wall::{self, Stopwatch};
use crate::capture::{Capture, CaptureError, More};
use crate::engine::{Engine, Outside, Reaction};
use crate::host::connections::ConnectionWorker;
use crate::host::names::NamePool;
use crate::host::owners::OwnerWorker;
use crate::model::{Answer, Command, Event, Health, Label, Question, Rungs};
use crate::snapshot::Published;
use crate::sys::Wake;

use super::drops::Drops;
use super::keeper::Keeper;

/// How long a read may wait for the first frame where nothing can wake it: so long a command or the end may wait.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long everything may sleep that is woken when there is something to do.
const SLEEP: Duration = Duration::from_secs(10);
/// A replay at full speed publishes no more often than this.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// How often counters of interfaces and losses are read: once in a second, whenever in it the thread wakes.
const LOOK_EVERY: Duration = Duration::from_millis(900);
/// How long the end waits for answers about owners.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
/// How long the end of a report waits for frames that came before it.
const LAST_FRAMES: Duration = Duration::from_secs(2);
/// How often what was learnt is handed to the store.
const KEEP_EVERY: Duration = Duration::from_secs(30);
/// And how soon the next portion follows, where there is more than one.
const KEEP_ON: Duration = Duration::from_millis(200);

/// The doors of a running engine.
pub(super) struct Doors {
    pub(super) published: Arc<Published>,
    pub(super) commands: Receiver<Command>,
    pub(super) answers: Receiver<Answer>,
    /// Set from outside to end the run.
    pub(super) stop: Arc<AtomicBool>,
    /// Wakes the engine for a command or the end.
    pub(super) wake: Wake,
    /// Wakes whoever shows what is published.
    pub(super) screen: Option<Wake>,
}

/// What a run needs besides its doors.
pub(super) struct Runner {
    pub(super) engine: Engine,
    pub(super) keeper: Keeper,
    pub(super) names: Option<NamePool>,
    owners: Option<OwnerWorker>,
    sockets: Option<ConnectionWorker>,
    pub(super) doors: Doors,
    pub(super) is_live: bool,
    /// Stop after so long, where the source does not end by itself.
    pub(super) listen_for: Option<Duration>,
    /// The last moment is about every flow.
    pub(super) shows_all: bool,
    /// Where these flows are: their rows are made when they are wanted.
    pub(super) listed: Vec<u32>,
    /// Called after each snapshot; the run stops when it says false.
    pub(super) each_interval: Option<Box<dyn FnMut() -> bool + Send>>,
    pub(super) outside: Outside,
    /// Health entries of this run: what a command could not do, what the source said when it broke.
    pub(super) own_health: Vec<Health>,
    /// Less can be seen than was asked for: said before anything else.
    pub(super) reduced: Option<Health>,
    drops: Drops,
    published_at: Option<Stopwatch>,
    looked_at: Option<Stopwatch>,
    kept_at: Stopwatch,
    /// Not everything that changed has been handed over.
    keeps_on: bool,
}

impl Runner {
    pub(super) fn new(engine: Engine, keeper: Keeper, doors: Doors, vantage: &'static str) -> Self {
        Self {
            engine,
            keeper,
            names: None,
            owners: None,
            sockets: None,
            doors,
            is_live: false,
            listen_for: None,
            shows_all: false,
            listed: Vec::new(),
            each_interval: None,
            outside: Outside { vantage, ..Outside::default() },
            own_health: Vec::new(),
            reduced: None,
            drops: Drops::default(),
            published_at: None,
            looked_at: None,
            kept_at: Stopwatch::start(),
            keeps_on: false,
        }
    }

    /// Finds the owners of flows from now on. Only for what happens on this host at this time.
    pub(super) fn find_owners(&mut self, answers: Sender<Answer>, rungs: Rungs) {
        if rungs == Rungs::NONE {
            return;
        }
        match OwnerWorker::spawn_with(answers, rungs) {
            Ok(worker) => {
                self.engine.ask_owners();
                self.owners = Some(worker);
            }
            Err(error) => {
                let what = Label::new(&format!("owners cannot be found: {error}"));
                self.own_health.push(Health { part: "owners", about: Label::default(), what });
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.doors.stop.load(Ordering::Relaxed)
    }

    /// Runs until the source ends or somebody stops it; then publishes the last moment. Gives the engine back.
    pub(super) fn run(mut self, capture: &mut dyn Capture) -> (Self, Result<(), CaptureError>) {
        let mut outcome = Ok(());
        let clock = Stopwatch::start();
        if capture.can_count() {
            self.engine.offer_busy();
        }
        let longest = if capture.heed(&self.doors.wake) { SLEEP } else { PATIENCE };
        while !self.is_stopped() && self.listen_for.is_none_or(|limit| clock.elapsed() < limit) {
            let patience = self.patience(longest, clock.elapsed());
            let read = capture.read(patience, &mut |event| self.take(event));
            let busy = self.engine.take_busy();
            if !busy.is_empty() {
                capture.count(&busy);
            }
            self.look(capture);
            self.serve(Some(capture));
            match read {
                Ok(More::Coming) => {}
                Ok(More::Ended) => break,
                Err(error) => {
                    self.own_health.push(broken(&error));
                    outcome = Err(error);
                    break;
                }
            }
        }
        if self.shows_all && self.is_live && outcome.is_ok() {
            self.drain(capture);
        }
        self.looked_at = None;
        self.look(capture);
        self.engine.finish();
        self.hear_the_last();
        self.outside.ended = true;
        self.keeper.keep(&mut self.engine);
        if self.shows_all {
            // A report is the last that is said: it tells whether what was learnt could be saved.
            self.keeper.finish();
        }
        self.publish(true);
        (self, outcome)
    }

    /// How long nothing has to be done but to wait for the source.
    fn patience(&self, longest: Duration, elapsed: Duration) -> Duration {
        let to_the_end = self.listen_for.map_or(longest, |limit| limit.saturating_sub(elapsed));
        if self.keeps_on { longest.min(KEEP_ON).min(to_the_end) } else { longest.min(to_the_end) }
    }

    /// Takes in what had come before the end, so that a report accounts for every frame.
    fn drain(&mut self, capture: &mut dyn Capture) {
        let (end, clock) = (wall::now(), Stopwatch::start());
        let mut is_past = false;
        while !is_past && clock.elapsed() < LAST_FRAMES {
            let read = capture.read(Duration::ZERO, &mut |event| {
                is_past |= match &event {
                    Event::Frames(frames) => frames.last().is_some_and(|frame| frame.at >= end),
                    Event::Quiet(at) => *at >= end,
                    Event::Interface(..) | Event::Sockets(..) | Event::Counted(..) => false,
                };
                self.engine.take(event);
            });
            if !matches!(read, Ok(More::Coming)) {
                return;
            }
        }
    }

    /// After the end of a finite source: the side doors stay open until somebody stops the run.
    pub(super) fn linger(&mut self) {
        while !self.is_stopped() {
            // Names and the list of sockets may still come in.
            if self.doors.wake.wait(Duration::from_secs(1)).is_err() {
                return;
            }
            self.serve(None);
        }
    }

    fn take(&mut self, event: Event<'_>) {
        self.engine.take(event);
        if self.engine.has_news() && !self.is_live && !self.shows_all {
            self.publish(false);
        }
    }

    /// Reads what the source knows besides frames, now and then.
    fn look(&mut self, capture: &mut dyn Capture) {
        if self.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked_at = Some(Stopwatch::start());
        self.outside.losses = capture.losses();
        self.drops.take(self.outside.losses);
        self.engine.hear_losses(self.outside.losses);
        self.outside.interfaces = capture.interfaces();
        self.outside.health = capture.health();
        self.outside.progress =
            capture.progress().map(|p| if p.total == 0 { 1.0 } else { p.done as f64 / p.total as f64 });
    }

    /// Commands, answers, questions, snapshots, and what has to be kept.
    fn serve(&mut self, mut capture: Option<&mut dyn Capture>) {
        while let Ok(command) = self.doors.commands.try_recv() {
            match &mut capture {
                Some(capture) => self.obey(command, Some(&mut **capture)),
                None => self.obey(command, None),
            }
        }
        while let Ok(answer) = self.doors.answers.try_recv() {
            self.engine.answer(answer);
        }
        self.ask();
        // Of a report nothing is read before the end.
        if self.engine.has_news() && !self.shows_all {
            self.publish(self.is_live);
        }
        if self.kept_at.elapsed() > if self.keeps_on { KEEP_ON } else { KEEP_EVERY } {
            self.kept_at = Stopwatch::start();
            self.keeps_on = self.keeper.keep_some(&mut self.engine);
            self.keeper.reload_if_changed(&mut self.engine);
        }
    }

    /// Hands the engine's questions to whoever can answer them.
    fn ask(&mut self) {
        for question in self.engine.take_questions() {
            match question {
                Question::Name(ip) => self.names.iter().for_each(|names| names.ask(ip)),
                Question::Owner(key) => self.owners.iter().for_each(|owners| owners.ask(key)),
            }
        }
    }

    /// Hears the last answers about owners before the last moment is told.
    fn hear_the_last(&mut self) {
        self.ask();
        let Some(owners) = &self.owners else { return };
        let clock = Stopwatch::start();
        while clock.elapsed() < LAST_ANSWERS {
            let is_waiting = owners.tally().waiting() > 0;
            match self.doors.answers.recv_timeout(Duration::from_millis(5)) {
                Ok(answer) => self.engine.answer(answer),
                Err(_) if !is_waiting => return,
                Err(_) => {}
            }
        }
    }

    fn obey(&mut self, command: Command, capture: Option<&mut dyn Capture>) {
        let refused = match self.engine.command(command) {
            Reaction::Done => None,
            Reaction::MarksChanged(changes) => {
                self.keeper.write_marks(&mut self.engine, &changes);
                None
            }
            Reaction::ReloadMarks => {
                self.keeper.reload_marks(&mut self.engine);
                None
            }
            Reaction::Filter(text) => match capture {
                Some(capture) => capture.set_filter(&text).err().map(|error| Label::new(&error.to_string())),
                None => Some(Label::new("the source has ended")),
            },
            Reaction::ListConnections(is_wanted) => self.list_connections(is_wanted),
            Reaction::Refused(why) => Some(why),
        };
        self.own_health.retain(|health| health.part != "command");
        if let Some(what) = refused {
            self.own_health.push(Health { part: "command", about: Label::default(), what });
        }
    }

    /// Has the sockets listed while somebody looks at them. Says why where that cannot be.
    fn list_connections(&mut self, is_wanted: bool) -> Option<Label> {
        if !self.is_live {
            return None;
        }
        if self.sockets.is_none() {
            match ConnectionWorker::spawn() {
                Ok(worker) => self.sockets = Some(worker),
                Err(error) => return Some(Label::new(&format!("the sockets cannot be listed: {error}"))),
            }
        }
        self.sockets.iter().for_each(|worker| worker.want(is_wanted));
        None
    }

    fn publish(&mut self, at_once: bool) {
        if !at_once && self.published_at.is_some_and(|at| at.elapsed() < PUBLISH_EVERY) {
            return;
        }
        self.published_at = Some(Stopwatch::start());
        let mut outside = self.outside.clone();
        outside.health.splice(0..0, self.reduced.iter().cloned());
        outside.health.extend(self.own_health.iter().cloned());
        outside.health.extend(self.drops.health());
        outside.health.extend(self.owners.iter().flat_map(OwnerWorker::health));
        outside.health.extend(self.keeper.health());
        outside.connections = self.sockets.as_ref().and_then(ConnectionWorker::latest);
        outside.health.extend(self.sockets.iter().filter_map(ConnectionWorker::failure).map(|why| unlisted(&why)));
        let next = if self.shows_all {
            let (snapshot, listed) = self.engine.last_moment(outside);
            self.listed = listed;
            snapshot
        } else {
            self.engine.snapshot(outside)
        };
        let mut next = Arc::new(next);
        // A reader is inside for as long as it takes to copy a pointer.
        while let Err(back) = self.doors.published.offer(next) {
            next = back;
            std::thread::yield_now();
        }
        self.doors.screen.iter().for_each(Wake::wake);
        if let Some(each_interval) = &mut self.each_interval
            && !each_interval()
        {
            self.doors.stop.store(true, Ordering::Relaxed);
        }
    }
}

fn unlisted(why: &str) -> Health {
    let what = Label::new(&format!("the sockets cannot be listed: {why}"));
    Health { part: "sockets", about: Label::default(), what }
}

fn broken(error: &CaptureError) -> Health {
    let what = Label::new(&format!("the source broke off: {error}"));
    Health { part: "capture", about: Label::default(), what }
}
