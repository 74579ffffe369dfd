//! Reverse DNS on threads of its own: the engine asks, goes on, and hears the answer later.
//!
//! A look-up is traffic of our own and may take half a minute where a resolver is dead. So nothing is
//! asked until somebody asks, the queue is bounded, and what was asked is remembered, names and
//! failures alike.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use dns_lookup::LookupErrorKind;
use parking_lot::Mutex;

use super::hosts::Hosts;
use crate::capture::wall::Stopwatch;
use crate::model::{Answer, Label, Name, NameSource};

/// Look-ups under way at once.
const WORKERS: usize = 2;
/// Addresses that wait for a look-up. More are not asked about, and counted.
const QUEUE: usize = 4096;
/// Addresses whose answer is remembered.
const REMEMBERED: usize = 16 * 1024;
/// How long a name is good, how long "there is none" is, and how long a resolver that did not answer is left alone.
const NAME_HOLDS: Duration = Duration::from_hours(1);
const NONE_HOLDS: Duration = Duration::from_mins(10);
const FAILURE_HOLDS: Duration = Duration::from_mins(1);

/// What a look-up came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Name(String),
    /// The address has no name.
    None,
    /// Nobody could say.
    Failed,
}

/// Threads that look up names, and what they found out so far.
#[derive(Debug)]
pub struct NamePool {
    questions: Sender<IpAddr>,
    answers: Sender<Answer>,
    shared: Arc<Shared>,
    hosts: Hosts,
}

#[derive(Debug)]
struct Shared {
    /// Held for a moment only, never while looking up.
    memory: Mutex<HashMap<IpAddr, Memory>>,
    clock: Stopwatch,
    stopping: AtomicBool,
    asked: AtomicU64,
    found: AtomicU64,
    dropped: AtomicU64,
    unheard: AtomicU64,
}

#[derive(Clone, Debug)]
struct Memory {
    answer: State,
    until: Duration,
}

#[derive(Clone, Debug)]
enum State {
    /// The look-up is under way.
    Asked,
    /// There is a name, or there is none.
    Answered(Option<Name>),
}

/// What became of the questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameTally {
    /// Look-ups handed to a worker's queue.
    pub asked: u64,
    /// Of those, how many came back with a name.
    pub found: u64,
    /// Questions not asked because the queue was full.
    pub dropped: u64,
    /// Answers that nobody had room for.
    pub unheard: u64,
    /// Look-ups waiting at present.
    pub waiting: usize,
}

impl NamePool {
    /// Starts the workers and reads `/etc/hosts`. They end when the pool is dropped, each after the look-up
    /// it is at; nobody needs to wait for that.
    pub fn spawn(answers: Sender<Answer>) -> io::Result<Self> {
        Self::spawn_with(answers, Hosts::read(), look_up)
    }

    /// The same with another way to look up.
    pub fn spawn_with(
        answers: Sender<Answer>,
        hosts: Hosts,
        look_up: impl Fn(IpAddr) -> Found + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (questions, queue) = bounded(QUEUE);
        let shared = Arc::new(Shared {
            memory: Mutex::new(HashMap::new()),
            clock: Stopwatch::start(),
            stopping: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            found: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            unheard: AtomicU64::new(0),
        });
        for _ in 0..WORKERS {
            let (queue, answers, shared, look_up) = (queue.clone(), answers.clone(), shared.clone(), look_up.clone());
            thread::Builder::new().name("names".to_owned()).spawn(move || work(&queue, &answers, &shared, look_up))?;
        }
        Ok(Self { questions, answers, shared, hosts })
    }

    /// Asks for the name of an address; the answer comes through the channel. Never waits.
    ///
    /// Addresses that no single host has (multicast, broadcast, unspecified) have no name worth asking for.
    pub fn ask(&self, ip: IpAddr) {
        if let Some(name) = self.hosts.lookup(ip) {
            return self.shared.tell(&self.answers, ip, Some(name));
        }
        if !is_unicast(ip) {
            return;
        }
        let now = self.shared.clock.elapsed();
        let mut memory = self.shared.memory.lock();
        match memory.get(&ip) {
            Some(Memory { answer: State::Asked, .. }) => return,
            Some(Memory { answer: State::Answered(answer), until }) if *until > now => {
                return self.shared.tell(&self.answers, ip, answer.clone());
            }
            _ => {}
        }
        if memory.len() >= REMEMBERED {
            forget(&mut memory, now);
        }
        match self.questions.try_send(ip) {
            Ok(()) => {
                self.shared.asked.fetch_add(1, Relaxed);
                memory.insert(ip, Memory { answer: State::Asked, until: now });
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.shared.dropped.fetch_add(1, Relaxed);
            }
        }
    }

    /// The name that `/etc/hosts` gives, which costs no question.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub fn tally(&self) -> NameTally {
        NameTally {
            asked: self.shared.asked.load(Relaxed),
            found: self.shared.found.load(Relaxed),
            dropped: self.shared.dropped.load(Relaxed),
            unheard: self.shared.unheard.load(Relaxed),
            waiting: self.questions.len(),
        }
    }
}

impl Drop for NamePool {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Relaxed);
    }
}

impl Shared {
    fn tell(&self, answers: &Sender<Answer>, ip: IpAddr, name: Option<Name>) {
        if answers.try_send(Answer::Name(ip, name)).is_err() {
            self.unheard.fetch_add(1, Relaxed);
        }
    }
}

fn work(queue: &Receiver<IpAddr>, answers: &Sender<Answer>, shared: &Shared, look_up: impl Fn(IpAddr) -> Found) {
    for ip in queue {
        let found = look_up(ip);
        let holds = match found {
            Found::Name(_) => NAME_HOLDS,
            Found::None => NONE_HOLDS,
            Found::Failed => FAILURE_HOLDS,
        };
        let name = match found {
            Found::Name(text) => {
                shared.found.fetch_add(1, Relaxed);
                Some(Name { text: Label::new(text.trim_end_matches('.')), source: NameSource::Ptr })
            }
            Found::None | Found::Failed => None,
        };
        let memory = Memory { answer: State::Answered(name.clone()), until: shared.clock.elapsed() + holds };
        shared.memory.lock().insert(ip, memory);
        shared.tell(answers, ip, name);
        if shared.stopping.load(Relaxed) {
            break;
        }
    }
}

/// Makes room: what is no longer good goes, and if all is good still, half of it.
fn forget(memory: &mut HashMap<IpAddr, Memory>, now: Duration) {
    memory.retain(|_, entry| matches!(entry.answer, State::Asked) || entry.until > now);
    if memory.len() >= REMEMBERED {
        let mut keep = false;
        memory.retain(|_, entry| {
            keep = !keep;
            keep || matches!(entry.answer, State::Asked)
        });
    }
}

fn is_unicast(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !(ip.is_multicast() || ip.is_unspecified() || broadcast)
}

/// Asks the system's resolver, whatever nsswitch.conf says that is.
fn look_up(ip: IpAddr) -> Found {
    match dns_lookup::lookup_addr(&ip) {
        Ok(name) => Found::Name(name),
        Err(error) if matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData) => Found::None,
        Err(_) => Found::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn pool(look_up: impl Fn(IpAddr) -> Found + Clone + Send + 'static) -> (NamePool, Receiver<Answer>) {
        let (answers, heard) = bounded(64);
        (NamePool::spawn_with(answers, Hosts::default(), look_up).unwrap(), heard)
    }

    fn next(heard: &Receiver<Answer>) -> (IpAddr, Option<Name>) {
        match heard.recv_timeout(Duration::from_secs(10)).unwrap() {
            Answer::Name(ip, name) => (ip, name),
            other @ Answer::Owner(..) => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_and_remembers_names_and_failures() {
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        let (pool, heard) = pool(move |asked| {
            counted.fetch_add(1, Relaxed);
            if asked == ip(1) { Found::Name("host.example.".to_owned()) } else { Found::None }
        });
        for _ in 0..3 {
            pool.ask(ip(1));
            let name = next(&heard).1.unwrap();
            assert_eq!((name.text.as_str(), name.source), ("host.example", NameSource::Ptr));
            pool.ask(ip(2));
            assert_eq!(next(&heard), (ip(2), None));
        }
        assert_eq!(count.load(Relaxed), 2);
        assert_eq!(pool.tally(), NameTally { asked: 2, found: 1, ..NameTally::default() });
    }

    #[test]
    fn a_name_of_control_bytes_is_made_printable() {
        let (pool, heard) = pool(|_| Found::Name("\u{1b}]0;x\u{7}\n".repeat(40)));
        pool.ask(ip(1));
        let name = next(&heard).1.unwrap();
        assert!(name.text.as_str().chars().all(|c| !c.is_control()));
    }

    #[test]
    fn a_resolver_that_never_answers_holds_nobody_up() {
        let (block, wait) = bounded::<()>(0);
        let (pool, heard) = pool(move |_| {
            let _ = wait.recv();
            Found::Failed
        });
        for n in 0..10_000_u16 {
            let [high, low] = n.to_be_bytes();
            pool.ask([10, 0, high, low].into());
        }
        let tally = pool.tally();
        assert!(tally.waiting <= QUEUE && tally.asked + tally.dropped == 10_000, "{tally:?}");
        assert!(tally.dropped >= 10_000 - (QUEUE + WORKERS) as u64);
        drop(pool);
        drop(block);
        assert!(heard.recv_timeout(Duration::from_secs(10)).is_ok(), "the workers go on once the resolver does");
    }

    #[test]
    fn multicast_is_not_asked_about_and_hosts_costs_nothing() {
        let (answers, heard) = bounded(8);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "192.0.2.9 db\n").unwrap();
        let pool = NamePool::spawn_with(answers, Hosts::read_from(file.path()), |_| Found::Failed).unwrap();
        for ip in ["224.0.0.251", "255.255.255.255", "0.0.0.0", "ff02::1", "::"] {
            pool.ask(ip.parse().unwrap());
        }
        pool.ask(ip(9));
        assert_eq!(next(&heard).1.unwrap().source, NameSource::Hosts);
        assert_eq!(pool.tally().asked, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut memory = HashMap::new();
        for n in 0..REMEMBERED as u32 {
            memory.insert(
                IpAddr::from(n.to_be_bytes()),
                Memory { answer: State::Answered(None), until: Duration::from_secs(9) },
            );
        }
        forget(&mut memory, Duration::from_secs(1));
        assert_eq!(memory.len(), REMEMBERED / 2);
        forget(&mut memory, Duration::from_secs(10));
        assert!(memory.is_empty());
    }
}
