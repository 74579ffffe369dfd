//! What sock_diag(7) says about sockets: questions as bytes, answers as [`Socket`]s, or all that is told in a [`Listing`].
//!
//! Layouts: linux/netlink.h and linux/inet_diag.h. Everything is read by offset from a buffer whose
//! length is checked; a message that is too short is left out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) mod attributes;
mod listing;
mod packet;

pub use listing::{Dumped, Listing};

use crate::model::{Connection, Endpoint, FlowKey, Protocol, SocketKind};

use super::netlink::{Netlink, Topic};

/// `SOCK_DIAG_BY_FAMILY`, also the type of the messages that tell of a socket's end.
const BY_FAMILY: u16 = 20;
pub(super) const NLMSG_ERROR: u16 = 2;
pub(super) const NLMSG_DONE: u16 = 3;
pub(super) const NLM_F_REQUEST: u16 = 1;
pub(super) const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x10;
/// `struct nlmsghdr`, and it with a `struct inet_diag_req_v2` behind it.
const HEADER: usize = 16;
const REQUEST: usize = HEADER + 56;
/// Where the parts of an answer lie, from the start of `struct inet_diag_msg`.
const ID: usize = 4;
const UID: usize = 64;
const INODE: usize = 68;
const AF_INET: u8 = libc::AF_INET as u8;
const AF_INET6: u8 = libc::AF_INET6 as u8;
/// TCP states (net/tcp_states.h) that a list leaves out: they have no process any more, and there may be many.
const TIME_WAIT: u32 = 1 << 6;
const SYN_RECV: u32 = 1 << 3;
/// Larger than any datagram of a dump (the kernel fills at most 32 KiB).
const BUFFER: usize = 64 * 1024;

/// One socket as the kernel describes it. IPv4 addresses inside IPv6 ones are given as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub protocol: Protocol,
    pub local: Endpoint,
    /// Unspecified with port 0 where it is not connected.
    pub remote: Endpoint,
    /// 0 once no process has it open.
    pub inode: u32,
    pub uid: u32,
    /// Names the socket for as long as the system runs.
    pub cookie: u64,
}

impl Socket {
    /// Listening, or never connected.
    pub const fn is_open_ended(&self) -> bool {
        self.remote.port == 0
    }

    /// The conversation it is one end of, its own end first.
    pub fn key(&self) -> FlowKey {
        FlowKey::new(self.protocol, self.local, self.remote)
    }

    /// Reads a `struct inet_diag_msg`.
    fn parse(message: &[u8], protocol: Protocol) -> Option<Self> {
        let family = *message.first()?;
        let address = |at: usize| -> Option<IpAddr> {
            let bytes: [u8; 16] = message.get(at..at + 16)?.try_into().ok()?;
            match family {
                AF_INET => {
                    let [a, b, c, d, ..] = bytes;
                    Some(Ipv4Addr::new(a, b, c, d).into())
                }
                AF_INET6 => Some(Ipv6Addr::from(bytes).to_canonical()),
                _ => None,
            }
        };
        let port = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
        let word = |at: usize| Some(u32::from_ne_bytes(message.get(at..at + 4)?.try_into().ok()?));
        Some(Self {
            protocol,
            local: Endpoint::new(address(ID + 4)?, port(ID)?),
            remote: Endpoint::new(address(ID + 20)?, port(ID + 2)?),
            inode: word(INODE)?,
            uid: word(UID)?,
            cookie: u64::from(word(ID + 40)?) | u64::from(word(ID + 44)?) << 32,
        })
    }
}

/// A request for every socket of a family, or for the one that a conversation belongs to.
fn request(protocol: Protocol, family: u8, key: Option<(Endpoint, Endpoint)>) -> [u8; REQUEST] {
    let mut bytes = [0; REQUEST];
    let mut put = |at: usize, what: &[u8]| {
        if let Some(place) = bytes.get_mut(at..at + what.len()) {
            place.copy_from_slice(what);
        }
    };
    put(0, &(REQUEST as u32).to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &(NLM_F_REQUEST | if key.is_none() { NLM_F_DUMP } else { 0 }).to_ne_bytes());
    put(HEADER, &[family, protocol.number()]);
    let states = if key.is_some() { u32::MAX } else { !(TIME_WAIT | SYN_RECV) };
    put(HEADER + 4, &states.to_ne_bytes());
    if let Some((source, destination)) = key {
        let id = HEADER + 8;
        put(id, &source.port.to_be_bytes());
        put(id + 2, &destination.port.to_be_bytes());
        for (at, end) in [(id + 4, source), (id + 20, destination)] {
            match end.ip {
                IpAddr::V4(ip) => put(at, &ip.octets()),
                IpAddr::V6(ip) => put(at, &ip.octets()),
            }
        }
        // INET_DIAG_NOCOOKIE: any socket with these addresses.
        put(id + 40, &[0xff; 8]);
    }
    bytes
}

/// The messages of one datagram: their type and body.
pub(super) fn messages(datagram: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(rest.get(4..6)?.try_into().ok()?);
        let body = rest.get(HEADER..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    })
}

/// Whether something changed while a dump was written: `NLM_F_DUMP_INTR` in its messages.
fn is_interrupted(datagram: &[u8]) -> bool {
    let flags = datagram.get(6..8).and_then(|flags| flags.try_into().ok()).map_or(0, u16::from_ne_bytes);
    flags & NLM_F_DUMP_INTR != 0
}

/// A line to the kernel for asking about sockets of this network namespace.
#[derive(Debug)]
pub struct Diag {
    socket: Netlink,
    buffer: Vec<u8>,
}

impl Diag {
    pub fn open() -> io::Result<Self> {
        let socket = Netlink::open(Topic::Sockets)?;
        socket.grow_buffer(1 << 20)?;
        Ok(Self { socket, buffer: vec![0; BUFFER] })
    }

    /// The socket that the kernel would hand a packet of this conversation to: the connected one, else one that
    /// listens. `ours` is the end on this host.
    pub fn lookup(&mut self, protocol: Protocol, ours: Endpoint, theirs: Endpoint) -> io::Result<Option<Socket>> {
        let family = if ours.ip.is_ipv4() { AF_INET } else { AF_INET6 };
        // A UDP socket is looked up as if by a packet that arrives: the far end is the source.
        let is_udp = matches!(protocol, Protocol::UDP | Protocol::UDPLITE);
        let ends = if is_udp { (theirs, ours) } else { (ours, theirs) };
        self.socket.send(&request(protocol, family, Some(ends)))?;
        // The answer, one datagram, was there before the request returned.
        let Some(received) = self.socket.receive(&mut self.buffer)? else { return Ok(None) };
        let answer = messages(self.buffer.get(..received.len).unwrap_or_default());
        let found = answer.filter(|(kind, _)| *kind == BY_FAMILY).find_map(|(_, body)| Socket::parse(body, protocol));
        Ok(found)
    }

    /// Every socket of a protocol, both IP versions, save those that no process has any more. An error means that
    /// some may be missing: `Interrupted` that sockets came and went while the list was written.
    pub fn list(&mut self, protocol: Protocol, each: &mut dyn FnMut(Socket)) -> io::Result<()> {
        let mut is_torn = false;
        for family in [AF_INET, AF_INET6] {
            self.socket.send(&request(protocol, family, None))?;
            let mut is_over = false;
            while !is_over {
                // Each read makes the kernel write the next part, so that silence is the end too.
                let Some(received) = self.socket.receive(&mut self.buffer)? else { break };
                let datagram = self.buffer.get(..received.len).unwrap_or_default();
                is_torn |= is_interrupted(datagram);
                for (kind, body) in messages(datagram) {
                    match kind {
                        BY_FAMILY => Socket::parse(body, protocol).into_iter().for_each(&mut *each),
                        NLMSG_DONE => is_over = true,
                        NLMSG_ERROR => return Err(io::ErrorKind::Unsupported.into()),
                        _ => {}
                    }
                }
            }
        }
        if is_torn { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

/// Sockets as they end.
#[derive(Debug)]
pub struct Deaths {
    pub socket: Netlink,
    buffer: Vec<u8>,
}

/// `SKNLGRP_INET_TCP_DESTROY` and its three companions (linux/sock_diag.h).
const DEATHS: [(u32, Protocol); 4] = [(1, Protocol::TCP), (2, Protocol::UDP), (3, Protocol::TCP), (4, Protocol::UDP)];

impl Deaths {
    /// Subscribes. Needs no rights where the kernel lets everybody hear of sockets (`NL_CFG_F_NONROOT_RECV`).
    pub fn open() -> io::Result<Self> {
        let socket = Netlink::open(Topic::Sockets)?;
        socket.grow_buffer(4 << 20)?;
        for (group, _) in DEATHS {
            socket.join(group)?;
        }
        Ok(Self { socket, buffer: vec![0; BUFFER] })
    }

    /// Hands on what has come. An error means that some were lost.
    pub fn drain(&mut self, each: &mut dyn FnMut(Socket)) -> io::Result<()> {
        self.drain_bodies(&mut |body, protocol| Socket::parse(body, protocol).into_iter().for_each(&mut *each))
    }

    /// The same with all that the kernel tells: the last counts of each.
    pub fn drain_connections(&mut self, each: &mut dyn FnMut(Connection)) -> io::Result<()> {
        self.drain_bodies(&mut |body, protocol| {
            let kind = if protocol == Protocol::TCP { SocketKind::Tcp } else { SocketKind::Udp };
            listing::parse(body, kind).into_iter().for_each(&mut *each);
        })
    }

    fn drain_bodies(&mut self, each: &mut dyn FnMut(&[u8], Protocol)) -> io::Result<()> {
        while let Some(received) = self.socket.receive(&mut self.buffer)? {
            let Some((_, protocol)) = DEATHS.iter().find(|(group, _)| received.groups == 1 << (group - 1)) else {
                continue;
            };
            for (kind, body) in messages(self.buffer.get(..received.len).unwrap_or_default()) {
                if kind == BY_FAMILY {
                    each(body, *protocol);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel wrote about 10.9.0.1:44822 -> 10.9.0.2:80 and, as IPv6, the same mapped.
    fn message(family: u8) -> Vec<u8> {
        let mut bytes = vec![family, 1, 0, 0];
        bytes.extend(44_822_u16.to_be_bytes());
        bytes.extend(80_u16.to_be_bytes());
        for last in [1, 2] {
            if family == AF_INET6 {
                bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 9, 0, last]);
            } else {
                bytes.extend([10, 9, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
        }
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(0x1234_u32.to_ne_bytes());
        bytes.extend(1_u32.to_ne_bytes());
        bytes.extend([0; 12]);
        bytes.extend(1000_u32.to_ne_bytes());
        bytes.extend(77_u32.to_ne_bytes());
        bytes
    }

    fn end(last: u8, port: u16) -> Endpoint {
        Endpoint::new([10, 9, 0, last].into(), port)
    }

    #[test]
    fn reads_both_families_alike() {
        for family in [AF_INET, AF_INET6] {
            let socket = Socket::parse(&message(family), Protocol::TCP).unwrap();
            assert_eq!((socket.local, socket.remote), (end(1, 44_822), end(2, 80)));
            assert_eq!((socket.uid, socket.inode, socket.cookie), (1000, 77, 0x1_0000_1234));
            assert!(!socket.is_open_ended());
        }
    }

    #[test]
    fn what_is_cut_short_or_of_another_family_is_left_out() {
        let whole = message(AF_INET);
        for len in 0..whole.len() {
            assert_eq!(Socket::parse(&whole[..len], Protocol::TCP), None, "{len} bytes");
        }
        assert_eq!(Socket::parse(&message(1), Protocol::TCP), None);
    }

    #[test]
    fn walks_the_messages_of_a_datagram_and_stops_at_a_lie() {
        let mut datagram = Vec::new();
        for body in [&b"abcde"[..], b"xyz"] {
            datagram.extend((HEADER as u32 + body.len() as u32).to_ne_bytes());
            datagram.extend(BY_FAMILY.to_ne_bytes());
            datagram.extend([0; 10]);
            datagram.extend(body);
            datagram.resize(datagram.len().next_multiple_of(4), 0);
        }
        let bodies: Vec<&[u8]> = messages(&datagram).map(|(_, body)| body).collect();
        assert_eq!(bodies, [&b"abcde"[..], b"xyz"]);
        for lie in [0_u32, 3, 15, 4000, u32::MAX] {
            datagram[..4].copy_from_slice(&lie.to_ne_bytes());
            assert_eq!(messages(&datagram).count(), 0, "length {lie}");
        }
    }

    #[test]
    fn knows_an_interrupted_dump() {
        let mut datagram = vec![0; HEADER];
        datagram[..4].copy_from_slice(&(HEADER as u32).to_ne_bytes());
        for (flags, is) in [(2_u16, false), (2 | NLM_F_DUMP_INTR, true)] {
            datagram[6..8].copy_from_slice(&flags.to_ne_bytes());
            assert_eq!(is_interrupted(&datagram), is);
        }
        assert!(!is_interrupted(&datagram[..7]));
    }

    #[test]
    fn finds_its_own_sockets() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let stream = std::net::TcpStream::connect(at).unwrap();
        let from = stream.local_addr().unwrap();
        let (at, from) = (Endpoint::new(at.ip(), at.port()), Endpoint::new(from.ip(), from.port()));
        let mut diag = Diag::open().unwrap();
        let found = diag.lookup(Protocol::TCP, from, at).unwrap().unwrap();
        assert_eq!((found.local, found.remote), (from, at));
        let mut listed = Vec::new();
        diag.list(Protocol::TCP, &mut |socket| listed.push(socket)).unwrap();
        assert!(listed.contains(&found));
        assert!(listed.iter().any(|socket| socket.local == at && socket.is_open_ended()));
        let nobody = Endpoint::new([127, 0, 0, 9].into(), 1);
        assert_eq!(diag.lookup(Protocol::TCP, nobody, at).unwrap(), None);
    }
}
