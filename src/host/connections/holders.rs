//! Who has each socket open, remembered between lists: processes are walked through only for sockets that are new,
//! and now and then because sockets are handed on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::capture::wall::Stopwatch;
use crate::host::containers::Containers;
use crate::host::processes::{Holding, Processes};
use crate::model::{Confidence, Connection, Label, Owner, Traits};

/// The least time between two walks for new sockets, and between two that look at the known ones too.
const FOR_NEW: Duration = Duration::from_millis(500);
const FOR_ALL: Duration = Duration::from_secs(10);
/// What share of the time walks may take.
const SHARE: u32 = 20;

/// Owners of sockets by cookie. Holds no more than the latest list.
#[derive(Debug, Default)]
pub(super) struct Holders {
    processes: Processes,
    containers: Containers,
    /// Empty where nobody could be seen to have it open.
    known: HashMap<u64, Vec<Arc<Owner>>>,
    since: Option<Stopwatch>,
    since_all: Option<Stopwatch>,
    cost: Duration,
    closed: u64,
}

impl Holders {
    /// Gives each socket its owners. Returns how many processes may not be looked into.
    pub(super) fn join(&mut self, sockets: &mut [Connection]) -> u64 {
        let cookies: HashSet<u64> = sockets.iter().map(|socket| socket.cookie).collect();
        self.known.retain(|cookie, _| cookies.contains(cookie));
        let is_due = |since: &Option<Stopwatch>, least: Duration, cost: Duration| {
            since.is_none_or(|since| since.elapsed() >= least.max(cost * SHARE))
        };
        let is_new = sockets.iter().any(|socket| socket.inode != 0 && !self.known.contains_key(&socket.cookie));
        let all = is_due(&self.since_all, FOR_ALL, self.cost);
        if all || (is_new && is_due(&self.since, FOR_NEW, self.cost)) {
            self.walk(sockets, all);
        }
        for socket in sockets {
            if let Some(holders) = self.known.get(&socket.cookie) {
                socket.holders.clone_from(holders);
            }
        }
        self.closed
    }

    fn walk(&mut self, sockets: &[Connection], all: bool) {
        let clock = Stopwatch::start();
        let asked: Vec<&Connection> = sockets
            .iter()
            .filter(|socket| socket.inode != 0 && (all || !self.known.contains_key(&socket.cookie)))
            .collect();
        let wanted: HashSet<u32> = asked.iter().map(|socket| socket.inode).collect();
        if let Ok(walk) = self.processes.walk(&wanted) {
            self.closed = walk.closed;
            for socket in asked {
                let mut holders = walk.holders.get(&socket.inode).cloned().unwrap_or_default();
                // The one that was there first handed it on to the others.
                holders.sort_by_key(|one| (one.process.start, one.process.pid));
                let is_shared = holders.len() > 1;
                let owners = holders.iter().map(|one| Arc::new(self.owner(one, socket.uid, is_shared))).collect();
                self.known.insert(socket.cookie, owners);
            }
        }
        self.cost = clock.elapsed();
        self.since = Some(Stopwatch::start());
        if all {
            self.since_all = self.since;
        }
    }

    fn owner(&mut self, holding: &Holding, uid: u32, is_shared: bool) -> Owner {
        let process = &holding.process;
        Owner {
            exe: process.exe.clone(),
            comm: process.comm.clone(),
            pid: process.pid,
            uid: Some(uid),
            unit: process.place.unit.as_deref().map(Label::new),
            container: process.place.container.as_ref().map(|one| self.containers.name(one)),
            confidence: if is_shared { Confidence::Inherited } else { Confidence::Exact },
            cmdline: process.cmdline.clone(),
            parents: Arc::clone(&process.parents),
            traits: if holding.is_shell { process.traits.with(Traits::SHELL) } else { process.traits },
            has_ended: false,
        }
    }
}
