//! What is remembered of what the kernel told: who the processes were, and which sockets without ports were made lately.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::host::hooks::{Doer, Owned};
use crate::host::processes::{About, Process, Processes};
use crate::host::traits;
use crate::model::{Label, Parent, Protocol};

/// Processes that are looked at in a while, and how long what was seen holds: a process may be moved, and become another
/// program. Of the others there is what the news itself tells.
const LOOKS: usize = 1_024;
const HOLDS: Duration = Duration::from_secs(1);
/// Sockets without ports that are remembered, and for how long.
const PORTLESS: usize = 1_024;
const LATELY: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The system has no control groups of version 1.
    has_groups_of_2_alone: bool,
    known: HashMap<(u32, u64), About>,
    parents: HashMap<(u32, u64), Arc<[Parent]>>,
    known_from: Duration,
    closers: HashMap<(u32, u64), Option<Process>>,
    closers_from: Duration,
    portless: VecDeque<(Duration, Protocol, u64)>,
}

impl Arrivals {
    pub(super) fn new() -> Self {
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self { has_groups_of_2_alone: groups.lines().all(|line| line.starts_with("0::")), ..Self::default() }
    }

    /// Whose a socket is. A process that has many is looked at once a second.
    pub(super) fn process(&mut self, owned: Owned, processes: &Processes, now: Duration) -> Process {
        self.forget(now);
        let id = (owned.by.pid, owned.by.start);
        if !self.known.contains_key(&id) && self.known.len() < LOOKS {
            let about = self.about(&owned, processes);
            self.known.insert(id, about);
        }
        let told = || About { place: owned.place.clone(), ..About::default() };
        let About { place, cmdline, parents, traits } = self.known.get(&id).cloned().unwrap_or_else(told);
        // What the program was started with when it did this: it may have become another since.
        let cmdline = if owned.cmdline.is_empty() { cmdline } else { owned.cmdline };
        let Doer { pid, start, comm, .. } = owned.by;
        Process { pid, start, exe: owned.exe, comm, place, cmdline, parents, traits }
    }

    /// What the news does not tell of a process; much of it can be seen when it has ended, too.
    fn about(&mut self, owned: &Owned, processes: &Processes) -> About {
        let (pid, start) = (owned.by.pid, owned.by.start);
        let is_there = processes.start(pid) == Some(start);
        let root = if is_there { processes.root_of(pid) } else { "/".into() };
        // The groups of version 1 are to be read while it is there.
        let place = if is_there && !self.has_groups_of_2_alone { processes.place(pid, start) } else { None };
        let cmdline = if is_there && owned.cmdline.is_empty() { processes.cmdline(pid) } else { Label::default() };
        About {
            place: place.unwrap_or_else(|| owned.place.clone()),
            cmdline,
            parents: self.parents(owned.by.parent, processes),
            traits: traits::of(owned.exe.as_str(), &root),
        }
    }

    /// A process and its ancestors, the nearest first; none where it has ended.
    fn parents(&mut self, (pid, start): (u32, u64), processes: &Processes) -> Arc<[Parent]> {
        let read = || {
            let is_it = processes.start(pid) == Some(start);
            if is_it { processes.ancestors(pid) } else { Arc::default() }
        };
        Arc::clone(self.parents.entry((pid, start)).or_insert_with(read))
    }

    /// Who closed a socket that nobody was seen to make; `None` where its executable cannot be told any more.
    pub(super) fn closer(
        &mut self,
        by: &Doer,
        is_forked: bool,
        processes: &Processes,
        now: Duration,
    ) -> Option<Process> {
        self.forget_closers(now);
        let id = (by.pid, by.start);
        if let Some(known) = self.closers.get(&id) {
            return known.clone();
        }
        if self.closers.len() >= LOOKS {
            return None;
        }
        let is_it = |process: &Process| process.start == by.start && process.comm == by.comm;
        // A fork that stayed what it was has the executable of the process it came from.
        let forked = || {
            let (parent, start) = by.parent;
            let parent = processes.read(parent).filter(|one| is_forked && one.start == start && one.comm == by.comm)?;
            Some(Process { pid: by.pid, start: by.start, ..parent })
        };
        let process = processes.read(by.pid).filter(is_it).or_else(forked);
        self.closers.insert(id, process.clone());
        process
    }

    fn forget(&mut self, now: Duration) {
        if now.saturating_sub(self.known_from) > HOLDS {
            self.known.clear();
            self.parents.clear();
            self.known_from = now;
        }
    }

    fn forget_closers(&mut self, now: Duration) {
        if now.saturating_sub(self.closers_from) > HOLDS {
            self.closers.clear();
            self.closers_from = now;
        }
    }

    /// Takes note of a socket without ports.
    pub(super) fn portless(&mut self, cookie: u64, protocol: Protocol, now: Duration) {
        self.portless.push_back((now, protocol, cookie));
        while self.portless.len() > PORTLESS
            || self.portless.front().is_some_and(|(at, ..)| now.saturating_sub(*at) > LATELY)
        {
            self.portless.pop_front();
        }
    }

    /// Cookies of the sockets made lately that could have sent such packets, the latest first.
    pub(super) fn portless_lately(&self, protocol: Protocol, now: Duration) -> Vec<u64> {
        let is_meant = |(at, one, _): &&(Duration, Protocol, u64)| {
            (*one == protocol || one.number() == 255) && now.saturating_sub(*at) <= LATELY
        };
        self.portless.iter().rev().filter(is_meant).map(|(.., cookie)| *cookie).collect()
    }
}
