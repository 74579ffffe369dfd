//! Owners of flows, found on a thread of its own: the engine asks, goes on, and hears the answer later.
//!
//! Rungs, each of which works without the others:
//! * sockets that are there when the question comes (sock_diag), joined with the processes that have them open;
//! * sockets that have ended since: their addresses by the kernel's word of each one's end, or by the program that
//!   tells who closed each;
//! * sockets that lived shorter than anybody can look: their process by the program that tells who made each, or by
//!   those that tell who connects and sends;
//! * the same in other network namespaces, and whose address it is where no socket is found.
//!
//! What no rung can tell is unknown, and [`OwnerWorker::health`] says which rungs are missing.

mod arrivals;
mod memory;
mod missing;
mod portless;
mod realms;
mod search;
mod sharing;

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use super::diag::Socket;
use super::hooks::{Hooks, News};
use crate::capture::wall::Stopwatch;
use crate::model::{Answer, FlowKey, Health, Label, Owner, Rungs};
use crate::sys::{Capabilities, Capability, Poller};
use search::{Found, Search};

/// Questions that wait. More are not taken, and counted; the engine asks again.
const QUEUE: usize = 4096;
/// How long the worker sleeps at most when nothing happens: questions and news wake it.
const IDLE: Duration = Duration::from_secs(30);
/// The least time between two walks through all processes, and what share of the time they may take.
const WALK_EVERY: Duration = Duration::from_millis(100);
const WALK_SHARE: u32 = 100;
/// Questions searched for in one go, and what share of the time searches may take.
const AT_ONCE: usize = 256;
const SEARCH_SHARE: u32 = 50;
/// The kernel tells of a socket's end when it has time to; after so long it has.
const NEWS_TAKES: Duration = Duration::from_millis(250);
/// Walks that a socket waits for before it is given up.
const WALKS: u8 = 2;

/// The thread that finds owners.
#[derive(Debug)]
pub struct OwnerWorker {
    questions: Sender<FlowKey>,
    wake: PipeWriter,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// A byte is in the pipe; one is enough.
    is_woken: AtomicBool,
    stopping: AtomicBool,
    asked: AtomicU64,
    found: AtomicU64,
    unknown: AtomicU64,
    dropped: AtomicU64,
    unheard: AtomicU64,
    walks: AtomicU64,
    health: Mutex<Vec<Health>>,
}

/// What became of the questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerTally {
    pub asked: u64,
    pub found: u64,
    /// Answered with nobody.
    pub unknown: u64,
    /// Not taken because the queue was full.
    pub dropped: u64,
    /// Answers that nobody had room for.
    pub unheard: u64,
    /// Times all processes were looked through.
    pub walks: u64,
}

impl OwnerTally {
    /// Questions that have no answer yet.
    pub const fn waiting(&self) -> u64 {
        self.asked - self.found - self.unknown
    }
}

impl OwnerWorker {
    /// Starts the worker in the network namespace of the calling thread. It ends soon after this is dropped;
    /// nobody needs to wait for that.
    pub fn spawn(answers: Sender<Answer>) -> io::Result<Self> {
        Self::spawn_with(answers, Rungs::ALL)
    }

    /// The same without some of the rungs.
    pub fn spawn_with(answers: Sender<Answer>, rungs: Rungs) -> io::Result<Self> {
        let (questions, queue) = bounded(QUEUE);
        let (woken, wake) = io::pipe()?;
        let shared = Arc::new(Shared::default());
        let mut worker = Worker {
            search: Search::open(rungs)?,
            hooks: Hooks::open(rungs),
            queue,
            woken,
            answers,
            shared: Arc::clone(&shared),
            clock: Stopwatch::start(),
            waiting: Vec::new(),
            late: VecDeque::new(),
            walk_from: Duration::ZERO,
            search_from: Duration::ZERO,
            lost: 0,
            is_shut_out: !Capabilities::effective()?.has(Capability::SysPtrace),
        };
        worker.tell_health();
        thread::Builder::new().name("owners".to_owned()).spawn(move || worker.run())?;
        Ok(Self { questions, wake, shared })
    }

    /// Asks for the owner of a conversation whose first end is on this host. The answer comes through the channel.
    /// Never waits.
    pub fn ask(&self, key: FlowKey) {
        if self.questions.try_send(key).is_err() {
            self.shared.dropped.fetch_add(1, Relaxed);
            return;
        }
        self.shared.asked.fetch_add(1, Relaxed);
        self.wake_up();
    }

    fn wake_up(&self) {
        if !self.shared.is_woken.swap(true, Relaxed) {
            // The pipe has room for the one byte that is ever in it, and its other end lives as long as the worker.
            let _ = (&self.wake).write(&[0]);
        }
    }

    pub fn tally(&self) -> OwnerTally {
        OwnerTally {
            // Read last what is counted first, so that no more is answered than was asked.
            found: self.shared.found.load(Relaxed),
            unknown: self.shared.unknown.load(Relaxed),
            dropped: self.shared.dropped.load(Relaxed),
            unheard: self.shared.unheard.load(Relaxed),
            walks: self.shared.walks.load(Relaxed),
            asked: self.shared.asked.load(Relaxed),
        }
    }

    /// What cannot be known at present, and what would help.
    pub fn health(&self) -> Vec<Health> {
        self.shared.health.lock().clone()
    }
}

impl Drop for OwnerWorker {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Relaxed);
        self.wake_up();
    }
}

/// A conversation whose socket is known and whose process is not.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: FlowKey,
    socket: Socket,
    walks: u8,
}

/// What the thread owns.
struct Worker {
    search: Search,
    hooks: Hooks,
    queue: Receiver<FlowKey>,
    woken: PipeReader,
    answers: Sender<Answer>,
    shared: Arc<Shared>,
    clock: Stopwatch,
    waiting: Vec<Waiting>,
    /// Conversations without a socket, to be searched for once more at that time.
    late: VecDeque<(Duration, FlowKey)>,
    /// When the next walk, and the next searches, may begin.
    walk_from: Duration,
    search_from: Duration,
    /// Times that news of sockets were lost.
    lost: u64,
    /// Without the right to look into other users' processes.
    is_shut_out: bool,
}

impl Worker {
    fn run(mut self) {
        while !self.shared.stopping.load(Relaxed) {
            // A descriptor that fails shows when it is read.
            let _ = self.wait();
            self.listen();
            self.search_in_turn();
            self.walk_if_due();
            let trouble = self.search.realms.trouble.is_some();
            self.search.realms.look_if_due(self.clock.elapsed());
            if trouble != self.search.realms.trouble.is_some() {
                self.tell_health();
            }
        }
    }

    /// Sleeps until something comes, or until a walk may begin that somebody waits for.
    fn wait(&mut self) -> io::Result<()> {
        let walk = (!self.waiting.is_empty()).then_some(self.walk_from);
        let late = self.late.front().map(|(due, _)| *due);
        let late = late.map(|due| due.max(self.search_from));
        let asked = (!self.queue.is_empty()).then_some(self.search_from);
        let next = [walk, late, asked, Some(self.search.realms.due())].into_iter().flatten().min();
        let patience = next.map_or(IDLE, |next| next.saturating_sub(self.clock.elapsed())).min(IDLE);
        let mut poller = Poller::default();
        poller.add(self.woken.as_fd());
        for deaths in self.search.realms.deaths() {
            poller.add(deaths.socket.as_fd());
        }
        if let Some(news) = self.hooks.readable() {
            poller.add(news);
        }
        poller.wait(patience)?;
        if poller.is_readable(0) {
            self.shared.is_woken.store(false, Relaxed);
            self.woken.read_exact(&mut [0])?;
        }
        Ok(())
    }

    /// Takes in what the kernel tells by itself.
    fn listen(&mut self) {
        let now = self.clock.elapsed();
        // The hooks first: a socket that has ended is known by its beginning.
        let search = &mut self.search;
        self.hooks.drain(&mut |news| match news {
            News::Owned(owned) => search.owned(owned, now),
            News::Closed(closed) => search.closed(closed, now),
        });
        for realm in self.search.realms.all() {
            let endings = &mut realm.endings;
            if let Ok(deaths) = &mut realm.deaths {
                self.lost += u64::from(deaths.drain(&mut |socket| endings.ended(socket, now)).is_err());
            }
        }
    }

    /// Searches for those that wait, some at a time: a flood of questions may take its share of the time and no more.
    fn search_in_turn(&mut self) {
        let begin = self.clock.elapsed();
        if begin < self.search_from {
            return;
        }
        for _ in 0..AT_ONCE {
            let Ok(key) = self.queue.try_recv() else { break };
            self.search_for(key);
        }
        self.search_again();
        let now = self.clock.elapsed();
        self.search_from = now + now.saturating_sub(begin) * SEARCH_SHARE;
    }

    fn search_for(&mut self, key: FlowKey) {
        match self.search.find(&key, self.clock.elapsed()) {
            Found::Owner(owner) => self.answer(key, Some(owner)),
            Found::Wants(socket) if self.waiting.len() < QUEUE => self.waiting.push(Waiting { key, socket, walks: 0 }),
            Found::Nobody if self.late.len() < QUEUE => {
                self.late.push_back((self.clock.elapsed() + NEWS_TAKES, key));
            }
            Found::Wants(_) => self.answer(key, None),
            Found::Nobody => self.answer_without_a_socket(key, 0),
        }
    }

    /// Searches once more for those that may have been asked about before the news of their end was here.
    fn search_again(&mut self) {
        for _ in 0..AT_ONCE {
            let Some((due, key)) = self.late.front().copied() else { return };
            if due > self.clock.elapsed() {
                return;
            }
            self.late.pop_front();
            match self.search.find(&key, self.clock.elapsed()) {
                Found::Owner(owner) => self.answer(key, Some(owner)),
                Found::Wants(socket) => self.waiting.push(Waiting { key, socket, walks: 0 }),
                Found::Nobody => self.answer_without_a_socket(key, 0),
            }
        }
    }

    /// No socket was found: perhaps whose address it is, or who writes whole packets.
    fn answer_without_a_socket(&mut self, key: FlowKey, walks: u8) {
        let owner = self.search.tenant(&key);
        // A raw socket is the sender only where every other socket would have been seen.
        let has_ends = self.search.realms.own.deaths.is_ok() || self.hooks.closes.is_ok();
        let is_seen = self.hooks.births.is_ok() && self.search.has_lookups && has_ends;
        let now = self.clock.elapsed();
        match is_seen.then(|| self.search.raw_sender(&key, now)) {
            Some(Found::Owner(raw)) => self.answer(key, owner.or(Some(raw))),
            Some(Found::Wants(socket)) if owner.is_none() && walks < WALKS && self.waiting.len() < QUEUE => {
                self.waiting.push(Waiting { key, socket, walks });
            }
            _ => self.answer(key, owner),
        }
    }

    /// Looks through the processes for the sockets that wait, as often as the cost of doing so allows.
    fn walk_if_due(&mut self) {
        let begin = self.clock.elapsed();
        if self.waiting.is_empty() || begin < self.walk_from {
            return;
        }
        let sockets: Vec<Socket> = self.waiting.iter().map(|one| one.socket).collect();
        let outcome = self.search.walk(&sockets);
        self.shared.walks.fetch_add(1, Relaxed);
        let now = self.clock.elapsed();
        self.walk_from = now + WALK_EVERY.max(now.saturating_sub(begin) * WALK_SHARE);
        for one in std::mem::take(&mut self.waiting) {
            self.after_walk(one);
        }
        if outcome.is_ok() {
            self.tell_health();
        }
    }

    fn after_walk(&mut self, one: Waiting) {
        let walks = one.walks + 1;
        match self.search.find(&one.key, self.clock.elapsed()) {
            Found::Owner(owner) => self.answer(one.key, Some(owner)),
            // Its process may have been between two steps of the walk; or nobody may see it.
            Found::Wants(socket) if walks < WALKS => self.waiting.push(Waiting { socket, walks, ..one }),
            Found::Wants(_) => {
                let listener = self.search.listener_of(&one.key);
                self.answer(one.key, listener);
            }
            Found::Nobody => self.answer_without_a_socket(one.key, walks),
        }
    }

    fn answer(&self, key: FlowKey, owner: Option<Owner>) {
        let counter = if owner.is_some() { &self.shared.found } else { &self.shared.unknown };
        counter.fetch_add(1, Relaxed);
        if self.answers.try_send(Answer::Owner(key, owner)).is_err() {
            self.shared.unheard.fetch_add(1, Relaxed);
        }
    }

    /// Says what cannot be known.
    fn tell_health(&mut self) {
        let mut missing = missing::of(&self.hooks, self.search.has_lookups, &self.search.realms.own.deaths);
        if let Some(why) = &self.search.realms.trouble {
            missing.push(format!("sockets in other network namespaces are not seen ({why})"));
        }
        let lost = self.lost + self.hooks.lost();
        if lost > 0 {
            missing.push(format!("the kernel had no room to tell of some sockets, {lost} times"));
        }
        if self.search.closed > 0 {
            let closed = self.search.closed;
            missing.push(format!("the open files of {closed} processes may not be read (needs CAP_SYS_PTRACE)"));
        }
        if self.is_shut_out && self.search.processes.are_hidden() {
            missing.push("processes of other users are hidden (hidepid; needs CAP_SYS_PTRACE)".to_owned());
        }
        let health = |what: String| Health { part: "owners", about: Label::default(), what: Label::new(&what) };
        *self.shared.health.lock() = missing.into_iter().map(health).collect();
    }
}
