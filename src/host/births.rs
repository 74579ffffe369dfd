//! Sockets as they begin: the program of `assets/ebpf/births.c` in the kernel tells who makes each.
//!
//! It runs once per socket, never per packet. Loading it needs `CAP_BPF`, `CAP_PERFMON` and `CAP_NET_ADMIN`,
//! Linux 5.8 with BTF, and the control groups of version 2 mounted (beside version 1 will do).

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::{CgroupAttachMode, CgroupSock};
use aya::{Ebpf, EbpfLoader};

use crate::model::{Label, Protocol};
use crate::sys::mount;

/// The compiled program; a test compares it with what its source compiles to.
const PROGRAM: &[u8] = include_bytes!("../../assets/ebpf/births.o");
/// The bytes before the path in `struct birth`.
const HEAD: usize = 64;
const REMOVED: u32 = 1;
const WHOLE: u32 = 2;
/// Nanoseconds of a clock tick as `/proc` counts them (`USER_HZ` is 100).
const TICK: u64 = 10_000_000;
/// The inode of the first process namespace (`PROC_PID_INIT_INO`, linux/proc_ns.h): process numbers are told as seen there.
const FIRST_PIDS: u64 = 0xefff_fffc;

/// Who made a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Names the socket for as long as the system runs.
    pub cookie: u64,
    pub pid: u32,
    pub uid: u32,
    /// When the process started, in clock ticks since the system did.
    pub start: u64,
    pub comm: Label,
    /// As `/proc/PID/exe` would show it; empty for the kernel's own threads.
    pub exe: Label,
    /// What it carries, as socket(2) was told.
    pub protocol: Protocol,
    /// Its sender writes the packets itself, or it is for pings: it has no ports.
    pub is_portless: bool,
}

impl Birth {
    /// Reads a `struct birth`.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let comm = bytes.get(32..48)?.split(|byte| *byte == 0).next()?;
        let (flags, len) = (word(48)?, word(52)? as usize);
        // Protocols above 255 (MPTCP is 262) are not on the wire.
        let protocol = Protocol::from_number(u8::try_from(word(60)?).unwrap_or_default());
        let is_ping = protocol == Protocol::ICMP || protocol == Protocol::ICMPV6;
        Some(Self {
            cookie: long(0)?,
            start: long(8)? / TICK,
            pid: word(24)?,
            uid: word(28)?,
            comm: Label::from_bytes(comm),
            exe: path(bytes.get(HEAD..HEAD + len)?, flags),
            protocol,
            is_portless: is_ping || word(56)? == libc::SOCK_RAW.cast_unsigned(),
        })
    }
}

/// Puts a path together from its parts, the last of which comes first.
fn path(parts: &[u8], flags: u32) -> Label {
    if parts.is_empty() {
        return Label::default();
    }
    let mut path = Vec::with_capacity(parts.len() + 16);
    if flags & WHOLE == 0 {
        path.extend_from_slice("…".as_bytes());
    }
    for part in parts.split(|byte| *byte == 0).rev().filter(|part| !part.is_empty()) {
        path.push(b'/');
        path.extend_from_slice(part);
    }
    if flags & REMOVED != 0 {
        path.extend_from_slice(b" (deleted)");
    }
    Label::from_bytes(&path)
}

/// Bytes of the ring that births wait in: some two thousand of them.
const RING: u32 = 256 * 1_024;

/// The program in the kernel, and what it tells. It is taken out again when this is dropped.
pub struct Births {
    ring: RingBuf<MapData>,
    lost: Option<PerCpuArray<MapData, u64>>,
    /// Keeps the program attached.
    _program: Ebpf,
}

impl Births {
    /// Loads the program, or says in a few words why it cannot.
    pub fn open() -> Result<Self, String> {
        if fs::metadata("/proc/self/ns/pid").map(|namespace| namespace.ino()).ok() != Some(FIRST_PIDS) {
            return Err("process numbers are not the system's in this container".to_owned());
        }
        let group = cgroup_root().map_err(|error| format!("the root of cgroup2: {error}"))?;
        let program = EbpfLoader::new().map_max_entries("births", RING).load(PROGRAM);
        // The kernel's type information was read for that: 16 MB that nobody needs any more.
        crate::sys::memory::give_back();
        let mut program = program.map_err(|error| cause(&error))?;
        let born = program.program_mut("born").ok_or("the program has no `born`")?;
        let born: &mut CgroupSock = born.try_into().map_err(|error| cause(&error))?;
        born.load().map_err(|error| cause(&error))?;
        // Another program may be attached to the same group: links live side by side.
        born.attach(group, CgroupAttachMode::Single).map_err(|error| cause(&error))?;
        let ring = program.take_map("births").ok_or("the program has no `births`")?;
        let ring = RingBuf::try_from(ring).map_err(|error| cause(&error))?;
        let lost = program.take_map("lost").and_then(|map| PerCpuArray::try_from(map).ok());
        Ok(Self { ring, lost, _program: program })
    }

    /// Hands on what has come.
    pub fn drain(&mut self, each: &mut dyn FnMut(Birth)) {
        while let Some(item) = self.ring.next() {
            Birth::parse(&item).into_iter().for_each(&mut *each);
        }
    }

    /// Births that there was no room to tell of, since the start.
    pub fn lost(&self) -> u64 {
        let counts = self.lost.as_ref().and_then(|lost| lost.get(&0, 0).ok());
        counts.map_or(0, |counts| counts.iter().sum())
    }
}

impl AsFd for Births {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
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

/// The innermost reason of an error: what is around it holds the kernel's whole account of the program.
fn cause(error: &dyn std::error::Error) -> String {
    let mut inner = error.source();
    while let Some(next) = inner.and_then(|error| error.source()) {
        inner = Some(next);
    }
    let text = inner.map_or_else(|| error.to_string(), ToString::to_string);
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(flags: u32, parts: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for long in [7_u64, 12_345_678_901, 1] {
            bytes.extend(long.to_ne_bytes());
        }
        for word in [4711_u32, 1000] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(b"curl\0ld-thing\0\0\0");
        for word in [flags, parts.len() as u32, 3, 1] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(parts);
        bytes
    }

    #[test]
    fn reads_what_the_program_writes() {
        let birth = Birth::parse(&birth(WHOLE, b"curl\0bin\0usr\0")).unwrap();
        assert_eq!((birth.cookie, birth.pid, birth.uid, birth.start), (7, 4711, 1000, 1234));
        assert_eq!((birth.comm.as_str(), birth.exe.as_str()), ("curl", "/usr/bin/curl"));
        assert_eq!((birth.protocol, birth.is_portless), (Protocol::ICMP, true));
    }

    #[test]
    fn paths_are_shown_as_proc_shows_them() {
        for (flags, parts, shown) in [
            (WHOLE | REMOVED, &b"x\0tmp\0"[..], "/tmp/x (deleted)"),
            (WHOLE | REMOVED, b"memfd:a\0", "/memfd:a (deleted)"),
            (0, b"x\0deep\0", "…/deep/x"),
            (WHOLE, b"", ""),
        ] {
            assert_eq!(Birth::parse(&birth(flags, parts)).unwrap().exe.as_str(), shown);
        }
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        let whole = birth(WHOLE, b"curl\0bin\0");
        for len in 0..whole.len() {
            assert_eq!(Birth::parse(&whole[..len]), None, "{len} bytes");
        }
    }
}
