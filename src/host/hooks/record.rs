//! What the programs of `assets/ebpf/sockets.c` write: `struct owned` and `struct closed` there.
//!
//! Everything is read by offset from bytes whose length is checked; a record that is too short is left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::host::cgroup::Place;
use crate::host::diag::Socket;
use crate::host::processes::words;
use crate::model::{Endpoint, Label, Protocol};

/// `struct process`, and that with the lengths of `struct owned`.
const PROCESS: usize = 64 + 8;
const HEAD: usize = PROCESS + 16;
const OWNED: u32 = 1;
const CLOSED: u32 = 2;
const REMOVED: u32 = 1;
const WHOLE: u32 = 2;
/// The process was forked and has not become another program since.
const FORKED: u32 = 4;
/// Nanoseconds of a clock tick as `/proc` counts them (`USER_HZ` is 100).
const TICK: u64 = 10_000_000;

/// One thing that the kernel told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Owned(Owned),
    Closed(Closed),
}

/// The process that did something, as it was then. Times are in clock ticks since the system started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doer {
    pub pid: u32,
    pub start: u64,
    /// The process that started it: number and start.
    pub parent: (u32, u64),
    pub uid: u32,
    pub comm: Label,
}

/// Whose a socket is: who made it, connects it or sends by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Names the socket for as long as the system runs.
    pub cookie: u64,
    pub by: Doer,
    /// As `/proc/PID/exe` would show it; empty for the kernel's own threads.
    pub exe: Label,
    /// The words the program was started with; empty where they were not in memory.
    pub cmdline: Label,
    /// By its control groups of version 2.
    pub place: Place,
    /// What it carries, as socket(2) was told.
    pub protocol: Protocol,
    /// Its sender writes the packets itself, or it is for pings: it has no ports.
    pub is_portless: bool,
}

/// A socket that its last holder closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The number of its network namespace, as `/proc/PID/ns/net` shows it.
    pub namespace: u64,
    pub socket: Socket,
    /// `None` where the kernel itself swept up.
    pub by: Option<Doer>,
    /// Whoever closed it was forked and has not become another program since.
    pub is_forked: bool,
}

impl News {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match word(bytes, 24)? {
            OWNED => Owned::parse(bytes).map(Self::Owned),
            CLOSED => Closed::parse(bytes).map(Self::Closed),
            _ => None,
        }
    }
}

impl Doer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let comm = bytes.get(40..56)?.split(|byte| *byte == 0).next()?;
        Some(Self {
            pid: word(bytes, 28)?,
            start: long(bytes, 8)? / TICK,
            parent: (word(bytes, 32)?, long(bytes, 16)? / TICK),
            uid: word(bytes, 36)?,
            comm: Label::from_bytes(comm),
        })
    }
}

/// What socket(2) was told that a socket carries. Protocols above 255 (MPTCP is 262) are not on the wire.
fn protocol(bytes: &[u8]) -> Option<Protocol> {
    Some(Protocol::from_number(u8::try_from(word(bytes, 60)?).unwrap_or_default()))
}

impl Owned {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let protocol = protocol(bytes)?;
        let is_ping = protocol == Protocol::ICMP || protocol == Protocol::ICMPV6;
        let text = bytes.get(HEAD..)?;
        let end = |at: usize| word(bytes, PROCESS + at).map(|end| end as usize);
        let (path_end, words_end, group_end) = (end(4)?, end(8)?, end(12)?);
        Some(Self {
            cookie: long(bytes, 0)?,
            by: Doer::parse(bytes)?,
            exe: path(text.get(..path_end)?, word(bytes, 64)?),
            cmdline: words(text.get(path_end..words_end)?),
            place: group(text.get(words_end..group_end)?),
            protocol,
            is_portless: is_ping || word(bytes, 56)? == libc::SOCK_RAW.cast_unsigned(),
        })
    }
}

impl Closed {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let port = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let short = |at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let is_v6 = i32::from(short(PROCESS + 4)?) == libc::AF_INET6;
        let ip = |at: usize| -> Option<IpAddr> {
            let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
            let [a, b, c, d, ..] = octets;
            Some(if is_v6 { Ipv6Addr::from(octets).to_canonical() } else { Ipv4Addr::new(a, b, c, d).into() })
        };
        let by = Doer::parse(bytes)?;
        let socket = Socket {
            protocol: protocol(bytes)?,
            local: Endpoint::new(ip(PROCESS + 12)?, port(PROCESS + 8)?),
            remote: Endpoint::new(ip(PROCESS + 28)?, port(PROCESS + 10)?),
            inode: 0,
            uid: by.uid,
            cookie: long(bytes, 0)?,
        };
        let is_forked = word(bytes, 64)? & FORKED != 0;
        Some(Self { namespace: word(bytes, PROCESS)?.into(), socket, by: (by.pid != 0).then_some(by), is_forked })
    }
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
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
    join(parts, &mut path);
    if flags & REMOVED != 0 {
        path.extend_from_slice(b" (deleted)");
    }
    Label::from_bytes(&path)
}

fn join(parts: &[u8], path: &mut Vec<u8>) {
    for part in parts.split(|byte| *byte == 0).rev().filter(|part| !part.is_empty()) {
        path.push(b'/');
        path.extend_from_slice(part);
    }
}

/// What the names of control groups say, the innermost of which comes first.
fn group(parts: &[u8]) -> Place {
    let mut line = b"0::".to_vec();
    join(parts, &mut line);
    Place::parse(&String::from_utf8_lossy(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(kind: u32, socket: (u32, u32), flags: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for long in [7_u64, 12_345_678_901, 999_999_999] {
            bytes.extend(long.to_ne_bytes());
        }
        for word in [kind, 4711_u32, 99, 1000] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(b"curl\0ld-thing\0\0\0");
        for word in [socket.0, socket.1, flags, 0] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes
    }

    fn owned(flags: u32, parts: &[u8], words: &[u8], groups: &[u8]) -> Vec<u8> {
        let mut bytes = process(OWNED, (3, 1), flags);
        let mut end = 0;
        bytes.extend(0_u32.to_ne_bytes());
        for part in [parts, words, groups] {
            end += part.len() as u32;
            bytes.extend(end.to_ne_bytes());
        }
        bytes.extend([parts, words, groups].concat());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Owned> {
        match News::parse(bytes)? {
            News::Owned(owned) => Some(owned),
            News::Closed(_) => None,
        }
    }

    #[test]
    fn reads_whose_a_socket_is() {
        let bytes = owned(WHOLE, b"curl\0bin\0usr\0", b"curl\0-s\0x y\0", b"a.service\0system.slice\0");
        let told = read(&bytes).unwrap();
        assert_eq!((told.cookie, told.by.pid, told.by.uid, told.by.start), (7, 4711, 1000, 1234));
        assert_eq!((told.by.parent, told.by.comm.as_str()), ((99, 99), "curl"));
        assert_eq!((told.exe.as_str(), told.cmdline.as_str()), ("/usr/bin/curl", "curl -s x y"));
        assert_eq!(told.place.unit.as_deref(), Some("a.service"));
        assert_eq!((told.protocol, told.is_portless), (Protocol::ICMP, true));
    }

    #[test]
    fn paths_are_shown_as_proc_shows_them() {
        for (flags, parts, shown) in [
            (WHOLE | REMOVED, &b"x\0tmp\0"[..], "/tmp/x (deleted)"),
            (WHOLE | REMOVED, b"memfd:a\0", "/memfd:a (deleted)"),
            (0, b"x\0deep\0", "…/deep/x"),
            (WHOLE, b"", ""),
        ] {
            assert_eq!(read(&owned(flags, parts, b"", b"")).unwrap().exe.as_str(), shown);
        }
    }

    fn closed(family: i32, pid_is_known: bool) -> Vec<u8> {
        let mut bytes = process(CLOSED, (1, 6), FORKED);
        if !pid_is_known {
            bytes[28..32].fill(0);
        }
        bytes.extend(4_026_531_840_u32.to_ne_bytes());
        bytes.extend((family as u16).to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(44_822_u16.to_be_bytes());
        bytes.extend(80_u16.to_be_bytes());
        for last in [1, 2] {
            if family == libc::AF_INET6 {
                bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 9, 0, last]);
            } else {
                bytes.extend([10, 9, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
        }
        bytes
    }

    #[test]
    fn reads_what_was_closed_and_by_whom() {
        let end = |last: u8, port| Endpoint::new([10, 9, 0, last].into(), port);
        for family in [libc::AF_INET, libc::AF_INET6] {
            let Some(News::Closed(told)) = News::parse(&closed(family, true)) else { panic!("not read") };
            assert_eq!((told.socket.local, told.socket.remote), (end(1, 44_822), end(2, 80)));
            assert_eq!((told.socket.cookie, told.socket.protocol), (7, Protocol::TCP));
            assert_eq!((told.namespace, told.is_forked, told.by.unwrap().pid), (4_026_531_840, true, 4711));
        }
        let Some(News::Closed(told)) = News::parse(&closed(libc::AF_INET, false)) else { panic!("not read") };
        assert_eq!(told.by, None);
    }

    #[test]
    fn what_is_cut_short_or_of_another_kind_is_left_out() {
        for whole in [owned(WHOLE, b"curl\0bin\0", b"curl\0", b"a\0"), closed(libc::AF_INET, true)] {
            for len in 0..whole.len() {
                assert_eq!(News::parse(&whole[..len]), None, "{len} bytes");
            }
            assert!(News::parse(&whole).is_some());
        }
        let mut other = closed(libc::AF_INET, true);
        other[24] = 9;
        assert_eq!(News::parse(&other), None);
    }
}
