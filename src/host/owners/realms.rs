//! Network namespaces: the one that is watched, and those of containers beside it.
//!
//! Another namespace is entered for as long as it takes to open two sockets in it; they answer from there on. It is
//! let go of once no process is in it any more, because a socket keeps a namespace alive.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::memory::Endings;
use super::sharing::Sharing;
use crate::capture::wall::Stopwatch;
use crate::host::diag::{Deaths, Diag};
use crate::host::hooks::OFF;
use crate::host::net_tables;
use crate::model::{FlowKey, Rungs};
use crate::sys::conntrack::Conntrack;
use crate::sys::namespace::enter_network;

/// Other namespaces that are looked into.
const MOST: usize = 64;
/// Processes of a namespace that stand for all in it.
const TENANTS: usize = 8;
/// How often namespaces are looked for at most when somebody wants to know, and how much later when nobody does.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(9);
/// How long a look at the sockets without ports holds.
const PORTLESS_HOLDS: Duration = Duration::from_millis(200);
/// What share of the time looking for namespaces may take.
const SHARE: u32 = 200;

/// One network namespace.
pub(super) struct Realm {
    pub(super) diag: Diag,
    pub(super) endings: Endings,
    pub(super) sharing: Sharing,
    pub(super) deaths: Result<Deaths, String>,
    /// Its `/proc/PID/net`.
    pub(super) net: PathBuf,
    pub(super) portless: Portless,
    pub(super) addresses: Vec<IpAddr>,
    /// Some of the processes in it.
    pub(super) tenants: Vec<u32>,
}

/// The sockets without ports as they were a moment ago: a crowd of questions is one look at the kernel's files.
#[derive(Debug, Default)]
pub(super) struct Portless {
    read: Option<Duration>,
    all: Vec<net_tables::Portless>,
}

impl Portless {
    /// What there is now, or was shortly before.
    pub(super) fn look(&mut self, net: &Path, now: Duration) -> &[net_tables::Portless] {
        if self.read.is_none_or(|read| now.saturating_sub(read) >= PORTLESS_HOLDS) {
            self.read = Some(now);
            self.all = net_tables::portless(net);
        }
        &self.all
    }
}

impl Realm {
    /// Opens the namespace that the calling thread is in.
    fn open(rungs: Rungs) -> io::Result<Self> {
        let deaths = if rungs.has(Rungs::DEATHS) {
            Deaths::open().map_err(|error| error.to_string())
        } else {
            Err(OFF.to_owned())
        };
        Ok(Self {
            diag: Diag::open()?,
            endings: Endings::default(),
            sharing: Sharing::default(),
            deaths,
            portless: Portless::default(),
            net: "/proc/thread-self/net".into(),
            addresses: Vec::new(),
            tenants: Vec::new(),
        })
    }
}

/// All namespaces that are known.
pub(super) struct Realms {
    pub(super) own: Realm,
    others: HashMap<u64, Realm>,
    rungs: Rungs,
    home: Option<File>,
    /// What is translated at the border of the watched namespace.
    conntrack: Option<Conntrack>,
    /// It may not be asked.
    is_shut_out: bool,
    /// The number of the watched namespace.
    home_id: Option<u64>,
    /// When namespaces may be looked for again, and whether that is wanted.
    from: Duration,
    is_wanted: bool,
    /// Why other namespaces cannot be looked into, where there are some.
    pub(super) trouble: Option<String>,
}

impl Realms {
    /// Begins in the namespace of the calling thread.
    pub(super) fn open(rungs: Rungs) -> io::Result<Self> {
        let home = File::open("/proc/thread-self/ns/net").ok();
        Ok(Self {
            own: Realm::open(rungs)?,
            others: HashMap::new(),
            rungs,
            conntrack: Conntrack::open().ok(),
            is_shut_out: false,
            home_id: home.as_ref().and_then(|home| home.metadata().ok()).map(|meta| meta.ino()),
            home,
            from: Duration::ZERO,
            is_wanted: true,
            trouble: None,
        })
    }

    pub(super) fn get(&mut self, id: u64) -> Option<&mut Realm> {
        if id == 0 { Some(&mut self.own) } else { self.others.get_mut(&id) }
    }

    /// The namespace of this number, as `/proc/PID/ns/net` shows it; `None` where nobody looks into it.
    pub(super) fn numbered(&mut self, number: u64) -> Option<&mut Realm> {
        if self.home_id == Some(number) { Some(&mut self.own) } else { self.others.get_mut(&number) }
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Realm> {
        std::iter::once(&mut self.own).chain(self.others.values_mut())
    }

    pub(super) fn deaths(&self) -> impl Iterator<Item = &Deaths> {
        std::iter::once(&self.own).chain(self.others.values()).filter_map(|realm| realm.deaths.as_ref().ok())
    }

    /// Where a conversation may have a socket, and how it looks from there: the watched namespace unless its end is
    /// known to be elsewhere, then others that have one of its addresses.
    pub(super) fn of(&mut self, key: &FlowKey) -> Vec<(u64, FlowKey)> {
        let (first, second) = (key.first().ip, key.second().ip);
        let mut found: Vec<(u64, FlowKey)> = Vec::new();
        for (id, realm) in &self.others {
            if realm.addresses.contains(&first) {
                found.push((*id, *key));
            } else if realm.addresses.contains(&second) && !self.own.addresses.contains(&first) {
                found.push((*id, key.reversed()));
            }
        }
        let is_ours = found.is_empty() || self.own.addresses.contains(&first);
        if is_ours {
            found.insert(0, (0, *key));
        }
        found
    }

    /// How a conversation of ours looks from inside, where it is a container's whose address is translated here.
    pub(super) fn behind(&mut self, key: &FlowKey) -> Option<FlowKey> {
        if self.others.is_empty() || !key.protocol().has_ports() || !self.own.addresses.contains(&key.first().ip) {
            return None;
        }
        let Ok(ends) = self.conntrack.as_mut()?.behind(key.protocol(), key.first(), key.second()) else {
            // Without the right to ask there is no point in asking again.
            (self.conntrack, self.is_shut_out) = (None, true);
            return None;
        };
        ends.map(|(ours, theirs)| FlowKey::new(key.protocol(), ours, theirs))
    }

    /// Somebody asks about an address that nobody here has.
    pub(super) fn miss(&mut self, key: &FlowKey) {
        let own = &self.own.addresses;
        self.is_wanted |= !own.contains(&key.first().ip) && !own.contains(&key.second().ip);
    }

    /// When namespaces are to be looked for.
    pub(super) fn due(&self) -> Duration {
        if self.is_wanted { self.from } else { self.from + LATER }
    }

    /// Looks for namespaces that processes are in, enters new ones, and lets go of those that are empty.
    pub(super) fn look_if_due(&mut self, now: Duration) {
        if now < self.due() {
            return;
        }
        self.is_wanted = false;
        let clock = Stopwatch::start();
        self.own.addresses = net_tables::addresses(&self.own.net);
        if self.conntrack.is_none() && !self.is_shut_out {
            self.conntrack = Conntrack::open().ok();
        }
        if self.rungs.has(Rungs::NAMESPACES) {
            self.look();
        }
        let took = clock.elapsed();
        self.from = now + SOON.max(took * SHARE);
    }

    fn look(&mut self) {
        let Some(home) = self.home_id else { return };
        let found = namespaces(home);
        self.others.retain(|id, _| found.contains_key(id));
        self.trouble = None;
        for (id, tenants) in found {
            let Some(first) = tenants.first().copied() else { continue };
            if !self.others.contains_key(&id) {
                if self.others.len() >= MOST {
                    self.trouble = Some(format!("there are more than {MOST}"));
                    continue;
                }
                match self.enter(first) {
                    Ok(realm) => _ = self.others.insert(id, realm),
                    Err(error) => {
                        self.trouble = Some(format!("needs CAP_SYS_ADMIN: {error}"));
                        continue;
                    }
                }
            }
            if let Some(realm) = self.others.get_mut(&id) {
                realm.net = format!("/proc/{first}/net").into();
                realm.addresses = net_tables::addresses(&realm.net);
                realm.tenants = tenants;
            }
        }
    }

    /// Opens what is needed in the namespace of a process, and comes back.
    fn enter(&mut self, pid: u32) -> io::Result<Realm> {
        let home = self.home.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let there = File::open(format!("/proc/{pid}/ns/net"))?;
        enter_network(there.as_fd())?;
        let realm = Realm::open(self.rungs);
        if let Err(error) = enter_network(home.as_fd()) {
            // The thread is where it should not be. What is open still answers for the right place.
            self.home = None;
            return Err(error);
        }
        realm
    }
}

/// The namespaces other than `home` that processes are in, with some of the processes.
fn namespaces(home: u64) -> HashMap<u64, Vec<u32>> {
    let mut found: HashMap<u64, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // Those of other users are closed to us without rights; they are told of where their sockets are.
        let Ok(link) = fs::read_link(entry.path().join("ns/net")) else { continue };
        let id = link.to_str().and_then(|link| link.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok());
        let Some(id) = id.filter(|id| *id != home) else { continue };
        let tenants = found.entry(id).or_default();
        if tenants.len() < TENANTS {
            tenants.push(pid);
        }
    }
    found
}
