//! Finds the owner of one conversation from what the kernel and the memory know.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::memory::{Holder, Holders};
use super::realms::Realms;
use crate::host::containers::Containers;
use crate::host::diag::Socket;
use crate::host::hooks::{Closed, Owned};
use crate::host::processes::{Holding, Process, Processes, Seen};
use crate::model::{Confidence, Endpoint, FlowKey, Label, Owner, Protocol, Rungs, Traits};

/// An unconnected socket that ended longer ago than this is not taken for the sender: the port may have
/// been somebody else's since.
const OPEN_ENDED_LATELY: Duration = Duration::from_secs(5);
/// The first process: it makes sockets for others.
const INIT: u32 = 1;

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
    pub(super) realms: Realms,
    pub(super) holders: Holders,
    pub(super) arrivals: Arrivals,
    pub(super) processes: Processes,
    pub(super) containers: Containers,
    pub(super) has_lookups: bool,
    /// Processes whose open files were closed to us in the last walk.
    pub(super) closed: u64,
    /// Where the last walk saw the sockets that nobody asked about, by inode.
    seen: HashMap<u32, Seen>,
    /// Processes read lately, and when others were last seen to live, by their numbers: many sockets may have one.
    read: HashMap<u32, (Duration, Arc<Process>)>,
    alive: HashMap<u32, (Duration, u64)>,
    now: Duration,
}

/// Processes that are remembered when they were read, and for how long.
const READ: usize = 1_024;
const READ_HOLDS: Duration = Duration::from_millis(100);

impl Search {
    pub(super) fn open(rungs: Rungs) -> io::Result<Self> {
        Ok(Self {
            realms: Realms::open(rungs)?,
            holders: Holders::default(),
            arrivals: Arrivals::new(),
            processes: Processes::default(),
            containers: Containers::default(),
            has_lookups: rungs.has(Rungs::LOOKUPS),
            closed: 0,
            seen: HashMap::new(),
            read: HashMap::new(),
            alive: HashMap::new(),
            now: Duration::ZERO,
        })
    }

    /// Whose conversation this is; our end is the key's first.
    pub(super) fn find(&mut self, key: &FlowKey, now: Duration) -> Found {
        self.now = now;
        // A container's, whose address is translated: its port here may be one of ours as well.
        let behind = self.realms.behind(key);
        let key = behind.as_ref().unwrap_or(key);
        for (realm, key) in self.realms.of(key) {
            let found = if key.protocol().has_ports() {
                self.find_in(realm, &key, now)
            } else {
                self.portless(realm, &key, now)
            };
            if found != Found::Nobody {
                return found;
            }
        }
        self.realms.miss(key);
        Found::Nobody
    }

    fn find_in(&mut self, realm: u64, key: &FlowKey, now: Duration) -> Found {
        let (protocol, ours, theirs) = (key.protocol(), key.first(), key.second());
        let live = self.lookup(realm, protocol, ours, theirs);
        if let Some(socket) = live
            && !socket.is_open_ended()
            && socket.inode != 0
        {
            return self.of_live(&socket, Confidence::Exact);
        }
        if let Some((cookie, uid)) = self.connected_before(realm, key, live.as_ref(), now) {
            return match self.holders.get(cookie).cloned() {
                Some(holder) => Found::Owner(Owner { has_ended: true, ..self.owner(&holder, uid, Confidence::Exact) }),
                None => self.listener(realm, protocol, ours),
            };
        }
        let is_udp = matches!(protocol, Protocol::UDP | Protocol::UDPLITE);
        match live.filter(Socket::is_open_ended) {
            Some(socket) if !is_udp => self.of_live(&socket, Confidence::Listener),
            Some(socket) => self.unconnected(realm, &socket, ours, now),
            None if !is_udp => self.listener(realm, protocol, ours),
            None => self.sent_and_gone(realm, protocol, ours, now),
        }
    }

    /// The socket that the kernel would hand a packet of this conversation to.
    fn lookup(&mut self, realm: u64, protocol: Protocol, ours: Endpoint, theirs: Endpoint) -> Option<Socket> {
        let realm = self.realms.get(realm).filter(|_| self.has_lookups)?;
        realm.diag.lookup(protocol, ours, theirs).ok().flatten()
    }

    /// The socket with exactly these ends that no process has any more: its cookie, and its user where that is told.
    fn connected_before(
        &mut self,
        realm: u64,
        key: &FlowKey,
        live: Option<&Socket>,
        now: Duration,
    ) -> Option<(u64, Option<u32>)> {
        let ended = self.realms.get(realm).and_then(|realm| realm.endings.connected(key, now));
        let ended = ended.map(|socket| (socket.cookie, Some(socket.uid)));
        // One that only waits for the last packets keeps its cookie, but not its user.
        let lingering = live.filter(|socket| !socket.is_open_ended()).map(|socket| (socket.cookie, None));
        match (ended, lingering) {
            (Some(ended), Some(lingering)) if ended.0 != lingering.0 => Some(lingering),
            (ended, lingering) => ended.or(lingering),
        }
    }

    /// Who listens where a conversation came in whose own socket says nothing.
    fn listener(&mut self, realm: u64, protocol: Protocol, ours: Endpoint) -> Found {
        let nobody = Endpoint::new(if ours.ip.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() }, 0);
        match self.lookup(realm, protocol, ours, nobody) {
            Some(socket) if socket.is_open_ended() => self.of_live(&socket, Confidence::Listener),
            _ => Found::Nobody,
        }
    }

    /// An unconnected socket takes packets for this end now; another one may have sent them.
    fn unconnected(&mut self, realm: u64, socket: &Socket, ours: Endpoint, now: Duration) -> Found {
        let since = now.saturating_sub(OPEN_ENDED_LATELY);
        let Some(place) = self.realms.get(realm) else { return Found::Nobody };
        let mut others = place.endings.open(socket.protocol, ours, since);
        let sharing = place.sharing.others(&mut place.diag, socket, now);
        let is_whole = place.sharing.is_whole();
        for other in sharing {
            if let Found::Wants(other) = self.of_live(&other, Confidence::Listener) {
                return Found::Wants(other);
            }
            others.push(other);
        }
        let mut found = self.of_live(socket, Confidence::Listener);
        if let (Found::Owner(owner), Some(mine)) = (&mut found, self.holders.get(socket.cookie)) {
            let is_mine = |one: &Socket| {
                self.holders.get(one.cookie).is_some_and(|other| is_same_program(&other.process, &mine.process))
            };
            if !is_whole || !others.iter().all(is_mine) {
                owner.confidence = Confidence::Guess;
            }
        }
        found
    }

    /// Who had an unconnected socket at this end that has ended since.
    fn sent_and_gone(&mut self, realm: u64, protocol: Protocol, ours: Endpoint, now: Duration) -> Found {
        let since = now.saturating_sub(OPEN_ENDED_LATELY);
        let Some(realm) = self.realms.get(realm) else { return Found::Nobody };
        let ended = realm.endings.open(protocol, ours, since);
        let Some(latest) = ended.first() else { return Found::Nobody };
        let Some(holder) = self.holders.get(latest.cookie).cloned() else { return Found::Nobody };
        let same = |one: &Socket| {
            self.holders.get(one.cookie).is_some_and(|other| is_same_program(&other.process, &holder.process))
        };
        let confidence = if ended.iter().all(same) { Confidence::Listener } else { Confidence::Guess };
        Found::Owner(Owner { has_ended: true, ..self.owner(&holder, Some(latest.uid), confidence) })
    }

    pub(super) fn of_live(&mut self, socket: &Socket, confidence: Confidence) -> Found {
        match self.present(socket).or_else(|| self.seen_before(socket)) {
            Some(holder) => Found::Owner(self.owner(&holder, Some(socket.uid), confidence)),
            None if socket.inode == 0 => Found::Nobody,
            None => Found::Wants(*socket),
        }
    }

    /// Who is known to have a socket, if that is still so: it may have been handed on, and its process may have
    /// become another program.
    fn present(&mut self, socket: &Socket) -> Option<Holder> {
        let mut holder = self.holders.get(socket.cookie)?.clone();
        let pid = holder.process.pid;
        if !self.is_alive(pid, holder.process.start) {
            return None;
        }
        match self.processes.holds(pid, socket.inode, holder.file) {
            Ok(None) => return None,
            // Its sockets are for those that it starts, as long as a walk has not shown otherwise.
            Ok(Some(_)) if pid == INIT && holder.file.is_none() => return None,
            Ok(file) => holder.file = file,
            // It may not be looked into: who made the socket is all there is to know.
            Err(_) => return Some(holder),
        }
        if self.processes.exe(pid).is_some_and(|exe| exe != holder.process.exe) {
            holder.process = Arc::new(self.processes.read(pid)?);
        }
        holder.is_shell = self.processes.is_shell_on(pid, holder.process.exe.as_str(), socket.inode);
        self.holders.remember(socket.cookie, holder.clone());
        Some(holder)
    }

    /// Who was seen to have a socket in the last walk, if that is still so and nobody else has it.
    fn seen_before(&mut self, socket: &Socket) -> Option<Holder> {
        let seen = *self.seen.get(&socket.inode).filter(|seen| !seen.is_shared && socket.inode != 0)?;
        // One that is known to be another's was handed on: who has it now is to be seen from a walk.
        if self.holders.get(socket.cookie).is_some() {
            return None;
        }
        let process = self.read(seen.pid)?;
        let file = self.processes.holds(seen.pid, socket.inode, Some(seen.file)).ok().flatten()?;
        let is_shell = self.processes.is_shell_on(seen.pid, process.exe.as_str(), socket.inode);
        let holder = Holder { file: Some(file), is_shell, ..holder_of(process, Confidence::Exact) };
        self.holders.remember(socket.cookie, holder.clone());
        Some(holder)
    }

    /// Whether a process that started then is there, or was a moment ago: a number is not given again so soon.
    fn is_alive(&mut self, pid: u32, start: u64) -> bool {
        if self.alive.get(&pid).is_some_and(|(at, same)| *same == start && self.now.saturating_sub(*at) <= READ_HOLDS) {
            return true;
        }
        let is_alive = self.processes.start(pid) == Some(start);
        if self.alive.len() >= READ {
            self.alive.clear();
        }
        if is_alive {
            self.alive.insert(pid, (self.now, start));
        }
        is_alive
    }

    /// Reads a process, or takes what was read of it a moment ago.
    fn read(&mut self, pid: u32) -> Option<Arc<Process>> {
        if let Some((at, process)) = self.read.get(&pid)
            && self.now.saturating_sub(*at) <= READ_HOLDS
        {
            return Some(Arc::clone(process));
        }
        if self.read.len() >= READ {
            self.read.clear();
        }
        let process = Arc::new(self.processes.read(pid)?);
        self.read.insert(pid, (self.now, Arc::clone(&process)));
        Some(process)
    }

    /// The owner of whatever listens at our end, for a conversation whose own socket nobody may see into.
    pub(super) fn listener_of(&mut self, key: &FlowKey) -> Option<Owner> {
        match self.listener(0, key.protocol(), key.first()) {
            // Sockets may share a UDP port, and one of them nobody may see into.
            Found::Owner(owner) if key.protocol() != Protocol::TCP => {
                Some(Owner { confidence: Confidence::Guess, ..owner })
            }
            Found::Owner(owner) => Some(owner),
            Found::Wants(_) | Found::Nobody => None,
        }
    }

    /// What can be said where no socket was found: whose address it is.
    pub(super) fn tenant(&mut self, key: &FlowKey) -> Option<Owner> {
        let behind = self.realms.behind(key);
        let (id, _) = self.realms.of(behind.as_ref().unwrap_or(key)).into_iter().find(|(id, _)| *id != 0)?;
        let pids = self.realms.get(id)?.tenants.clone();
        let tenants: Vec<Process> = pids.into_iter().filter_map(|pid| self.processes.read(pid)).collect();
        let first = tenants.first()?;
        let confidence = Confidence::Guess;
        if let Some(container) = &first.place.container {
            if tenants.iter().all(|one| one.place.container.as_ref() == Some(container)) {
                let name = self.containers.name(container);
                return Some(Owner { comm: name.clone(), container: Some(name), confidence, ..Owner::default() });
            }
            let pod = container.pod.as_ref()?;
            let is_of_pod = |one: &Process| one.place.container.as_ref().and_then(|one| one.pod.as_ref()) == Some(pod);
            let name = Label::new(&format!("pod {pod}"));
            let owner = Owner { comm: name.clone(), container: Some(name), confidence, ..Owner::default() };
            return tenants.iter().all(is_of_pod).then_some(owner);
        }
        let is_one = tenants.iter().all(|one| is_same_program(one, first));
        let holder = holder_of(Arc::new(first.clone()), Confidence::Guess);
        is_one.then(|| self.owner(&holder, None, Confidence::Guess))
    }

    /// Remembers whose a socket is.
    pub(super) fn owned(&mut self, owned: Owned, now: Duration) {
        let (cookie, protocol, is_portless) = (owned.cookie, owned.protocol, owned.is_portless);
        let uid = Some(owned.by.uid);
        let process = self.arrivals.process(owned, &self.processes, now);
        self.holders.remember(cookie, Holder { uid, ..holder_of(Arc::new(process), Confidence::Exact) });
        if is_portless {
            self.arrivals.portless(cookie, protocol, now);
        }
    }

    /// Remembers where a socket was that somebody closed, and who that was where nobody was seen to make it.
    pub(super) fn closed(&mut self, closed: Closed, now: Duration) {
        let cookie = closed.socket.cookie;
        match (self.holders.get(cookie), closed.by) {
            // It was handed on: both had it.
            (Some(holder), Some(by)) if (holder.process.pid, holder.process.start) != (by.pid, by.start) => {
                let holder = Holder { confidence: Confidence::Inherited, ..holder.clone() };
                self.holders.remember(cookie, holder);
            }
            (None, Some(by)) => {
                let process = self.arrivals.closer(&by, closed.is_forked, &self.processes, now);
                if let Some(process) = process {
                    let holder = holder_of(Arc::new(process), Confidence::Exact);
                    self.holders.remember(cookie, Holder { uid: Some(by.uid), ..holder });
                }
            }
            _ => {}
        }
        if let Some(realm) = self.realms.numbered(closed.namespace) {
            realm.endings.ended(closed.socket, now);
        }
    }

    /// Walks through all processes for these sockets and remembers who holds them.
    pub(super) fn walk(&mut self, sockets: &[Socket]) -> io::Result<()> {
        let wanted: HashSet<u32> = sockets.iter().map(|socket| socket.inode).collect();
        let walk = self.processes.walk(&wanted)?;
        self.closed = walk.closed;
        self.seen = walk.seen;
        for socket in sockets {
            let Some(holding) = walk.holders.get(&socket.inode) else { continue };
            let known = self.holders.get(socket.cookie).map(|known| (known.process.pid, known.process.start));
            // The one that was there first handed it on to the others; what init holds it holds for others.
            let is_used = |one: &&Holding| holding.len() == 1 || one.process.pid != INIT;
            let one = holding.iter().filter(is_used).min_by_key(|one| {
                let id = (one.process.pid, one.process.start);
                (known != Some(id), one.process.start, one.process.pid)
            });
            let Some(one) = one else { continue };
            let is_given = known.is_some_and(|known| known != (one.process.pid, one.process.start));
            let is_shared = holding.len() > 1 || is_given;
            let confidence = if is_shared { Confidence::Inherited } else { Confidence::Exact };
            let holder = Holder {
                file: Some(one.file),
                is_shell: one.is_shell,
                ..holder_of(Arc::clone(&one.process), confidence)
            };
            self.holders.remember(socket.cookie, holder);
        }
        Ok(())
    }

    /// An owner; how sure it is depends on the match and on how many processes share the socket.
    pub(super) fn owner(&mut self, holder: &Holder, uid: Option<u32>, matched: Confidence) -> Owner {
        let process = &holder.process;
        Owner {
            exe: process.exe.clone(),
            comm: process.comm.clone(),
            pid: process.pid,
            uid: uid.or(holder.uid),
            unit: process.place.unit.as_deref().map(Label::new),
            container: process.place.container.as_ref().map(|one| self.containers.name(one)),
            // The later in the list, the less sure.
            confidence: matched.max(holder.confidence),
            cmdline: process.cmdline.clone(),
            parents: Arc::clone(&process.parents),
            has_ended: false,
            traits: if holder.is_shell { process.traits.with(Traits::SHELL) } else { process.traits },
        }
    }
}

fn holder_of(process: Arc<Process>, confidence: Confidence) -> Holder {
    Holder { process, confidence, uid: None, file: None, is_shell: false }
}

pub(super) fn is_same_program(a: &Process, b: &Process) -> bool {
    a.exe == b.exe && a.comm == b.comm && a.place == b.place
}
