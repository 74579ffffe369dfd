//! Sockets as they begin and end: the programs of `assets/ebpf/sockets.c` in the kernel tell whose each is.
//!
//! They run once per socket, never per packet; only those that stand in where the making of sockets is not told
//! (`calls`) run for packets sent without a connection too. Loading them needs `CAP_BPF`, `CAP_PERFMON` and
//! `CAP_NET_ADMIN`, Linux 5.9 with BTF, and the control groups of version 2 mounted (beside version 1 will do).

mod record;

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::{CgroupAttachMode, CgroupSock, CgroupSockAddr, ProgramError};
use aya::{Ebpf, EbpfLoader};

use crate::error::innermost;
use crate::model::Rungs;
use crate::sys::mount;

pub use record::{Closed, Doer, News, Owned};

/// The compiled programs; a test compares them with what their source compiles to.
const PROGRAMS: &[u8] = include_bytes!("../../assets/ebpf/sockets.o");
/// The inode of the first process namespace (`PROC_PID_INIT_INO`, linux/proc_ns.h): process numbers are told as seen there.
const FIRST_PIDS: u64 = 0xefff_fffc;
/// Bytes of the ring that news waits in: one to three thousand of them.
const RING: u32 = 512 * 1_024;
/// Why a rung is not there that nobody wanted.
pub const OFF: &str = "turned off";
/// Those that tell who connects and sends.
const CALLS: [&str; 4] = ["connects4", "connects6", "sends4", "sends6"];

/// The programs in the kernel, and what they tell. They are taken out again when this is dropped.
pub struct Hooks {
    loaded: Option<Loaded>,
    /// Who makes sockets.
    pub births: Result<(), String>,
    /// Who connects and sends; attached only where births are not told, and `Ok` where they are.
    pub calls: Result<(), String>,
    /// Who closes sockets, with their addresses.
    pub closes: Result<(), String>,
}

struct Loaded {
    ring: RingBuf<MapData>,
    lost: Option<PerCpuArray<MapData, u64>>,
    /// Keeps the programs attached.
    _programs: Ebpf,
}

impl Hooks {
    /// Loads what is wanted; what cannot be loaded says in a few words why.
    pub fn open(rungs: Rungs) -> Self {
        let off = || Err(OFF.to_owned());
        let mut hooks = Self { loaded: None, births: off(), calls: off(), closes: off() };
        let wanted = [Rungs::BIRTHS, Rungs::CALLS, Rungs::CLOSES];
        if !wanted.iter().any(|rung| rungs.has(*rung)) {
            return hooks;
        }
        let (programs, group) = match load() {
            Ok(loaded) => loaded,
            Err(why) => {
                let told = [&mut hooks.births, &mut hooks.calls, &mut hooks.closes];
                let wanted = wanted.into_iter().zip(told).filter(|(rung, _)| rungs.has(*rung));
                wanted.for_each(|(_, told)| *told = Err(why.clone()));
                return hooks;
            }
        };
        hooks.attach(rungs, programs, &group);
        hooks
    }

    fn attach(&mut self, rungs: Rungs, mut programs: Ebpf, group: &OwnedFd) {
        if rungs.has(Rungs::BIRTHS) {
            self.births = attach_socket(&mut programs, "made", group);
        }
        if rungs.has(Rungs::CALLS) {
            let needed = if self.births.is_ok() { &[][..] } else { &CALLS[..] };
            self.calls = needed.iter().try_for_each(|name| attach_call(&mut programs, name, group));
        }
        if rungs.has(Rungs::CLOSES) {
            self.closes = attach_socket(&mut programs, "closes", group);
        }
        let ring = programs.take_map("news").ok_or_else(|| "the programs have no `news`".to_owned());
        match ring.and_then(|ring| RingBuf::try_from(ring).map_err(|error| innermost(&error))) {
            Ok(ring) => {
                let lost = programs.take_map("lost").and_then(|map| PerCpuArray::try_from(map).ok());
                self.loaded = Some(Loaded { ring, lost, _programs: programs });
            }
            Err(why) => {
                for told in
                    [&mut self.births, &mut self.calls, &mut self.closes].into_iter().filter(|told| told.is_ok())
                {
                    *told = Err(why.clone());
                }
            }
        }
    }

    /// Whether it is told who makes, or who uses, each socket.
    pub const fn tells_owners(&self) -> bool {
        self.births.is_ok() || self.calls.is_ok()
    }

    /// Hands on what has come, in the order in which it happened.
    pub fn drain(&mut self, each: &mut dyn FnMut(News)) {
        let Some(loaded) = &mut self.loaded else { return };
        while let Some(item) = loaded.ring.next() {
            News::parse(&item).into_iter().for_each(&mut *each);
        }
    }

    /// News that there was no room for, since the start.
    pub fn lost(&self) -> u64 {
        let lost = self.loaded.as_ref().and_then(|loaded| loaded.lost.as_ref());
        let counts = lost.and_then(|lost| lost.get(&0, 0).ok());
        counts.map_or(0, |counts| counts.iter().sum())
    }

    /// What becomes readable when news comes.
    pub fn readable(&self) -> Option<BorrowedFd<'_>> {
        self.loaded.as_ref().map(|loaded| loaded.ring.as_fd())
    }
}

/// Loads the programs without attaching them, and opens the group that they belong to.
fn load() -> Result<(Ebpf, OwnedFd), String> {
    if fs::metadata("/proc/self/ns/pid").map(|namespace| namespace.ino()).ok() != Some(FIRST_PIDS) {
        return Err("process numbers are not the system's in this container".to_owned());
    }
    let group = cgroup_root().map_err(|error| format!("the root of cgroup2: {error}"))?;
    let programs = EbpfLoader::new().map_max_entries("news", RING).load(PROGRAMS);
    // The kernel's type information was read for that: 16 MB that nobody needs any more.
    crate::sys::memory::give_back();
    Ok((programs.map_err(|error| innermost(&error))?, group))
}

/// Attaches a program for sockets. Others may be attached to the same group: links live side by side.
fn attach_socket(programs: &mut Ebpf, name: &str, group: &OwnedFd) -> Result<(), String> {
    let program = programs.program_mut(name).ok_or_else(|| format!("the programs have no `{name}`"))?;
    let attach = |program: &mut CgroupSock| {
        program.load()?;
        program.attach(group, CgroupAttachMode::Single).map(drop)
    };
    program.try_into().and_then(attach).map_err(|error: ProgramError| innermost(&error))
}

/// Attaches a program for calls that name an address.
fn attach_call(programs: &mut Ebpf, name: &str, group: &OwnedFd) -> Result<(), String> {
    let program = programs.program_mut(name).ok_or_else(|| format!("the programs have no `{name}`"))?;
    let attach = |program: &mut CgroupSockAddr| {
        program.load()?;
        program.attach(group, CgroupAttachMode::Single).map(drop)
    };
    program.try_into().and_then(attach).map_err(|error: ProgramError| innermost(&error))
}

/// The root of the control groups of version 2. `ip netns exec` hides where they are mounted.
fn cgroup_root() -> io::Result<OwnedFd> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let place = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (at, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then_some(at)
    });
    match place {
        Some(at) => File::open(at).map(OwnedFd::from),
        None => mount::cgroup2(),
    }
}
