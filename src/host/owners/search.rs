//! Finds the owner of one conversation from what the kernel and the memory know.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::memory::{Holder, Memory};
use super::sharing::Sharing;
use crate::host::births::Birth;
use crate::host::cgroup::Place;
use crate::host::containers::Containers;
use crate::host::diag::{Diag, Socket};
use crate::host::processes::{Process, Processes};
use crate::model::{Confidence, Endpoint, FlowKey, Owner, Protocol};

/// An unconnected socket that ended longer ago than this is not taken for the sender: the port may have
/// been somebody else's since.
const OPEN_ENDED_LATELY: Duration = Duration::from_secs(5);

/// Processes whose place is remembered, and for how long: a process may be moved.
const PLACES: usize = 1024;
const PLACES_HOLD: Duration = Duration::from_secs(1);

/// How far a search came.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Owner(Owner),
    /// The socket is there; which process has it open is to be seen from a walk.
    Wants(Socket),
    Nobody,
}

/// Everything that a search looks at.
pub(super) struct Search {
    pub(super) diag: Diag,
    pub(super) memory: Memory,
    sharing: Sharing,
    /// Where processes belong that made a socket since then.
    places: HashMap<(u32, u64), Place>,
    places_from: Duration,
    pub(super) processes: Processes,
    pub(super) containers: Containers,
    /// Processes whose open files were closed to us in the last walk.
    pub(super) closed: u64,
}

impl Search {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            diag: Diag::open()?,
            memory: Memory::default(),
            sharing: Sharing::default(),
            places: HashMap::new(),
            places_from: Duration::ZERO,
            processes: Processes::default(),
            containers: Containers::default(),
            closed: 0,
        })
    }

    /// Whose conversation this is; our end is the key's first.
    pub(super) fn find(&mut self, key: &FlowKey, now: Duration) -> Found {
        let (protocol, ours, theirs) = (key.protocol(), key.first(), key.second());
        let live = self.diag.lookup(protocol, ours, theirs).ok().flatten();
        if let Some(socket) = live
            && !socket.is_open_ended()
            && socket.inode != 0
        {
            return self.of_live(&socket, Confidence::Exact);
        }
        if let Some((cookie, uid)) = self.connected_before(key, live.as_ref(), now) {
            return match self.memory.holder(cookie) {
                Some(holder) => {
                    let holder = holder.clone();
                    Found::Owner(self.owner(&holder, uid, Confidence::Exact))
                }
                None => self.listener(protocol, ours),
            };
        }
        match live.filter(Socket::is_open_ended) {
            Some(socket) if protocol == Protocol::TCP => self.of_live(&socket, Confidence::Listener),
            Some(socket) => self.unconnected(&socket, ours, now),
            None if protocol == Protocol::TCP => self.listener(protocol, ours),
            None => self.sent_and_gone(protocol, ours, now),
        }
    }

    /// The socket with exactly these ends that no process has any more: its cookie, and its user where that is told.
    fn connected_before(&self, key: &FlowKey, live: Option<&Socket>, now: Duration) -> Option<(u64, Option<u32>)> {
        let ended = self.memory.ended_connected(key, now).map(|socket| (socket.cookie, Some(socket.uid)));
        // One that only waits for the last packets keeps its cookie, but not its user.
        let lingering = live.filter(|socket| !socket.is_open_ended()).map(|socket| (socket.cookie, None));
        match (ended, lingering) {
            (Some(ended), Some(lingering)) if ended.0 != lingering.0 => Some(lingering),
            (ended, lingering) => ended.or(lingering),
        }
    }

    /// Who listens where a conversation came in whose own socket says nothing.
    fn listener(&mut self, protocol: Protocol, ours: Endpoint) -> Found {
        let nobody = Endpoint::new(if ours.ip.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() }, 0);
        match self.diag.lookup(protocol, ours, nobody).ok().flatten() {
            Some(socket) if socket.is_open_ended() => self.of_live(&socket, Confidence::Listener),
            _ => Found::Nobody,
        }
    }

    /// An unconnected socket takes packets for this end now; another one may have sent them.
    fn unconnected(&mut self, socket: &Socket, ours: Endpoint, now: Duration) -> Found {
        let since = now.saturating_sub(OPEN_ENDED_LATELY);
        let mut others = self.memory.ended_open(socket.protocol, ours, since);
        for other in self.sharing.others(&mut self.diag, socket, now) {
            if let Found::Wants(other) = self.of_live(&other, Confidence::Listener) {
                return Found::Wants(other);
            }
            others.push(other);
        }
        let mut found = self.of_live(socket, Confidence::Listener);
        if let (Found::Owner(owner), Some(mine)) = (&mut found, self.memory.holder(socket.cookie)) {
            let is_mine = |one: &Socket| {
                self.memory.holder(one.cookie).is_some_and(|other| is_same_program(&other.process, &mine.process))
            };
            if !others.iter().all(is_mine) {
                owner.confidence = Confidence::Guess;
            }
        }
        found
    }

    /// Who had an unconnected socket at this end that has ended since.
    fn sent_and_gone(&mut self, protocol: Protocol, ours: Endpoint, now: Duration) -> Found {
        let ended = self.memory.ended_open(protocol, ours, now.saturating_sub(OPEN_ENDED_LATELY));
        let Some(latest) = ended.first() else { return Found::Nobody };
        let Some(holder) = self.memory.holder(latest.cookie).cloned() else { return Found::Nobody };
        let same = |one: &Socket| {
            self.memory.holder(one.cookie).is_some_and(|other| is_same_program(&other.process, &holder.process))
        };
        let confidence = if ended.iter().all(same) { Confidence::Listener } else { Confidence::Guess };
        Found::Owner(self.owner(&holder, Some(latest.uid), confidence))
    }

    fn of_live(&mut self, socket: &Socket, confidence: Confidence) -> Found {
        match self.memory.holder(socket.cookie) {
            Some(holder) if self.is_alive(&holder.process) => {
                let holder = holder.clone();
                Found::Owner(self.owner(&holder, Some(socket.uid), confidence))
            }
            _ if socket.inode == 0 => Found::Nobody,
            _ => Found::Wants(*socket),
        }
    }

    /// The owner of whatever listens at our end, for a conversation whose own socket nobody may see into.
    pub(super) fn listener_of(&mut self, key: &FlowKey) -> Option<Owner> {
        match self.listener(key.protocol(), key.first()) {
            // Sockets may share a UDP port, and one of them nobody may see into.
            Found::Owner(owner) if key.protocol() != Protocol::TCP => {
                Some(Owner { confidence: Confidence::Guess, ..owner })
            }
            Found::Owner(owner) => Some(owner),
            Found::Wants(_) | Found::Nobody => None,
        }
    }

    fn is_alive(&self, process: &Process) -> bool {
        self.processes.start(process.pid) == Some(process.start)
    }

    /// Remembers who made a socket.
    pub(super) fn born(&mut self, birth: Birth, now: Duration) {
        let place = self.place(birth.pid, birth.start, now);
        let process = Process { pid: birth.pid, start: birth.start, exe: birth.exe, comm: birth.comm, place };
        let holder = Holder { process: Arc::new(process), confidence: Confidence::Exact, uid: Some(birth.uid) };
        self.memory.remember(birth.cookie, holder);
    }

    /// Where a process belongs. One that makes many sockets is looked at once a second.
    fn place(&mut self, pid: u32, start: u64, now: Duration) -> Place {
        if now.saturating_sub(self.places_from) > PLACES_HOLD || self.places.len() >= PLACES {
            self.places.clear();
            self.places_from = now;
        }
        if let Some(place) = self.places.get(&(pid, start)) {
            return place.clone();
        }
        let place = self.processes.place(pid, start).unwrap_or_default();
        self.places.insert((pid, start), place.clone());
        place
    }

    /// Walks through all processes for these sockets and remembers who holds them.
    pub(super) fn walk(&mut self, sockets: &[Socket]) -> io::Result<()> {
        let wanted: HashSet<u32> = sockets.iter().map(|socket| socket.inode).collect();
        let walk = self.processes.walk(&wanted)?;
        self.closed = walk.closed;
        for socket in sockets {
            let Some(holders) = walk.holders.get(&socket.inode) else { continue };
            // The one that was there first handed it on to the others.
            let Some(process) = holders.iter().min_by_key(|one| (one.start, one.pid)) else { continue };
            let was_known = self.memory.holder(socket.cookie).is_some();
            let confidence = if holders.len() > 1 || was_known { Confidence::Inherited } else { Confidence::Exact };
            self.memory.remember(socket.cookie, Holder { process: Arc::clone(process), confidence, uid: None });
        }
        Ok(())
    }

    /// An owner; how sure it is depends on the match and on how many processes share the socket.
    fn owner(&mut self, holder: &Holder, uid: Option<u32>, matched: Confidence) -> Owner {
        let process = &holder.process;
        Owner {
            exe: process.exe.clone(),
            comm: process.comm.clone(),
            pid: process.pid,
            uid: uid.or(holder.uid),
            unit: process.place.unit.as_deref().map(crate::model::Label::new),
            container: process.place.container.as_ref().map(|one| self.containers.name(one)),
            // The later in the list, the less sure.
            confidence: matched.max(holder.confidence),
        }
    }
}

fn is_same_program(a: &Process, b: &Process) -> bool {
    a.exe == b.exe && a.comm == b.comm && a.place == b.place
}
