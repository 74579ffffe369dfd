//! Every socket there is, with all that the kernel tells of each.

use std::collections::HashSet;
use std::io;

use crate::model::{Connection, SocketKind, SocketState};

use super::attributes::{INFO, SKMEMINFO, SKV6ONLY, attributes, drops, tcp, word};
use super::{AF_INET, AF_INET6, BUFFER, BY_FAMILY, HEADER, ID, NLMSG_DONE, NLMSG_ERROR, Socket, messages, packet};
use crate::sys::netlink::{Netlink, Topic};

/// `NLM_F_DUMP_INTR`: something changed under the dump, so that it may lack sockets or show some twice.
const INTERRUPTED: u16 = 0x10;
/// How often an interrupted dump is begun anew.
const TRIES: usize = 3;
/// `IPPROTO_RAW`: for a dump, raw sockets of every protocol.
const RAW: u8 = 255;
/// `struct inet_diag_msg`.
const MESSAGE: usize = 72;
const STATE: usize = 1;
const RECEIVE_QUEUE: usize = 56;
const SEND_QUEUE: usize = 60;
const INTERFACE: usize = 36;

/// What became of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dumped {
    /// Sockets that found no room.
    pub left_out: u64,
    /// It was interrupted each time it was tried: sockets may be missing.
    pub is_interrupted: bool,
}

/// A line to the kernel for asking about all sockets of this network namespace.
#[derive(Debug)]
pub struct Listing {
    socket: Netlink,
    buffer: Vec<u8>,
}

impl Listing {
    /// Opens it in the calling thread's network namespace. Needs no rights.
    pub fn open() -> io::Result<Self> {
        let socket = Netlink::open(Topic::Sockets)?;
        socket.grow_buffer(1 << 20)?;
        Ok(Self { socket, buffer: vec![0; BUFFER] })
    }

    /// Adds every socket of a kind, at most until there are `limit` in all. Each is listed once.
    ///
    /// `Unsupported` where the kernel cannot list this kind.
    pub fn dump(&mut self, kind: SocketKind, limit: usize, into: &mut Vec<Connection>) -> io::Result<Dumped> {
        let before = into.len();
        let mut tries = 0;
        loop {
            tries += 1;
            let mut dump =
                Dump { kind, limit, before, into: &mut *into, told: Dumped::default(), cookies: HashSet::new() };
            for request in requests(kind) {
                dump.run(&self.socket, &mut self.buffer, &request)?;
            }
            let told = dump.told;
            if !told.is_interrupted || tries == TRIES {
                return Ok(told);
            }
            into.truncate(before);
        }
    }
}

/// What to ask for a kind of sockets.
fn requests(kind: SocketKind) -> Vec<Vec<u8>> {
    let number = match kind {
        SocketKind::Packet => return vec![packet::request()],
        SocketKind::Raw => RAW,
        _ => kind.protocol().map_or(0, crate::model::Protocol::number),
    };
    let of = |family| {
        let mut bytes = super::request(crate::model::Protocol::from_number(number), family, None).to_vec();
        let extensions = [1 << (INFO - 1) | 1 << (SKMEMINFO - 1)];
        for (at, part) in [(HEADER + 2, &extensions[..]), (HEADER + 4, &u32::MAX.to_ne_bytes())] {
            if let Some(place) = bytes.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
        }
        bytes
    };
    vec![of(AF_INET), of(AF_INET6)]
}

/// One run through all sockets of a kind.
struct Dump<'a> {
    kind: SocketKind,
    limit: usize,
    before: usize,
    into: &'a mut Vec<Connection>,
    told: Dumped,
    /// The kernel walks through buckets while sockets move between them.
    cookies: HashSet<u64>,
}

impl Dump<'_> {
    fn run(&mut self, socket: &Netlink, buffer: &mut [u8], request: &[u8]) -> io::Result<()> {
        socket.send(request)?;
        loop {
            let received = match socket.receive(buffer) {
                Ok(Some(received)) => received,
                // Each read makes the kernel write the next part: silence without a last word is an interruption.
                Ok(None) => {
                    self.told.is_interrupted = true;
                    return Ok(());
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    self.told.is_interrupted = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if self.take(buffer.get(..received.len).unwrap_or_default())? {
                return Ok(());
            }
        }
    }

    /// Takes in one datagram; whether it was the last.
    fn take(&mut self, datagram: &[u8]) -> io::Result<bool> {
        self.told.is_interrupted |= flags(datagram).any(|flags| flags & INTERRUPTED != 0);
        for (kind, body) in messages(datagram) {
            match kind {
                BY_FAMILY => self.add(body),
                NLMSG_DONE | NLMSG_ERROR => return done(body).map(|()| true),
                _ => {}
            }
        }
        Ok(false)
    }

    fn add(&mut self, body: &[u8]) {
        let Some(socket) = parse(body, self.kind) else { return };
        if !self.cookies.insert(socket.cookie) {
            return;
        }
        if self.into.len() < self.limit.max(self.before) {
            self.into.push(socket);
        } else {
            self.told.left_out += 1;
        }
    }
}

/// The flags of the messages of a datagram.
fn flags(datagram: &[u8]) -> impl Iterator<Item = u16> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let len = (u32::from_ne_bytes(rest.get(..4)?.try_into().ok()?) as usize).max(HEADER);
        let flags = u16::from_ne_bytes(rest.get(6..8)?.try_into().ok()?);
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(flags)
    })
}

/// The last word about a dump: 0, or an error number.
fn done(body: &[u8]) -> io::Result<()> {
    match word(body, 0).cast_signed() {
        0.. => Ok(()),
        error if matches!(-error, libc::ENOENT | libc::EOPNOTSUPP | libc::EPROTONOSUPPORT | libc::EINVAL) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        error => Err(io::Error::from_raw_os_error(error.saturating_neg())),
    }
}

/// Reads a socket and everything that is told of it.
pub(super) fn parse(message: &[u8], kind: SocketKind) -> Option<Connection> {
    if kind == SocketKind::Packet {
        return packet::parse(message);
    }
    let protocol = kind.protocol().unwrap_or_default();
    let base = Socket::parse(message, protocol)?;
    let is_v6 = *message.first()? == AF_INET6;
    let mut socket = Connection {
        state: SocketState::from_number(*message.get(STATE)?, kind),
        is_v6,
        is_dual: is_v6 && base.local.ip.is_unspecified(),
        local: base.local,
        remote: base.remote,
        interface: word(message, ID + INTERFACE),
        receive_queue: word(message, RECEIVE_QUEUE),
        send_queue: word(message, SEND_QUEUE),
        uid: base.uid,
        inode: base.inode,
        cookie: base.cookie,
        ..Connection::new(kind)
    };
    if kind == SocketKind::Raw {
        // Where others have a port, these have the protocol.
        socket.hears = base.local.port;
        (socket.local.port, socket.remote.port) = (0, 0);
    }
    for (attribute, value) in attributes(message.get(MESSAGE..)?) {
        match attribute {
            INFO if kind == SocketKind::Tcp => socket.tcp = tcp(value).filter(|_| socket.state != SocketState::Listen),
            SKMEMINFO => socket.drops = drops(value),
            SKV6ONLY => socket.is_dual &= value.first() != Some(&1),
            _ => {}
        }
    }
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram with one message of these flags for each body.
    fn datagram(kind: u16, flags: u16, bodies: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for body in bodies {
            bytes.extend((HEADER as u32 + body.len() as u32).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(flags.to_ne_bytes());
            bytes.extend([0; 8]);
            bytes.extend(*body);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn message(state: u8, cookie: u8) -> Vec<u8> {
        let mut bytes = vec![0; MESSAGE];
        (bytes[0], bytes[1], bytes[44]) = (AF_INET, state, cookie);
        bytes
    }

    fn fresh(into: &mut Vec<Connection>, limit: usize) -> Dump<'_> {
        Dump { kind: SocketKind::Tcp, limit, before: 0, into, told: Dumped::default(), cookies: HashSet::new() }
    }

    #[test]
    fn each_socket_is_listed_once_and_no_more_than_there_is_room_for() {
        let mut into = Vec::new();
        let mut dump = fresh(&mut into, 2);
        let (a, b, c) = (message(1, 1), message(10, 2), message(6, 3));
        assert!(!dump.take(&datagram(BY_FAMILY, 2, &[&a, &b, &a, &c])).unwrap());
        assert!(dump.take(&datagram(NLMSG_DONE, 2, &[&[0; 4]])).unwrap());
        assert_eq!(dump.told, Dumped { left_out: 1, is_interrupted: false });
        let states: Vec<_> = into.iter().map(|socket| socket.state).collect();
        assert_eq!(states, [SocketState::Established, SocketState::Listen]);
    }

    #[test]
    fn an_interruption_is_noticed_wherever_it_is_told() {
        for (kind, body) in [(BY_FAMILY, message(1, 1)), (NLMSG_DONE, vec![0; 4])] {
            let mut into = Vec::new();
            let mut dump = fresh(&mut into, 9);
            dump.take(&datagram(kind, 2 | INTERRUPTED, &[&body])).unwrap();
            assert!(dump.told.is_interrupted);
        }
        let mut into = Vec::new();
        let mut dump = fresh(&mut into, 9);
        dump.take(&datagram(BY_FAMILY, 2, &[&message(1, 1)])).unwrap();
        assert!(!dump.told.is_interrupted);
    }

    #[test]
    fn a_kind_that_the_kernel_does_not_know_is_told_apart_from_a_failure() {
        let said = |error: i32| done(&(-error).to_ne_bytes()).unwrap_err();
        assert_eq!(said(libc::ENOENT).kind(), io::ErrorKind::Unsupported);
        assert_eq!(said(libc::ENOMEM).raw_os_error(), Some(libc::ENOMEM));
        assert!(done(&0_i32.to_ne_bytes()).is_ok());
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        let whole = message(1, 1);
        assert!((0..MESSAGE).all(|len| parse(&whole[..len], SocketKind::Tcp).is_none()));
        assert!(parse(&whole, SocketKind::Tcp).is_some());
    }

    #[test]
    fn lists_what_this_process_has_open() {
        let listener = std::net::TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, &[7; 500]).unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut all = Vec::new();
        let mut listing = Listing::open().unwrap();
        for kind in [SocketKind::Tcp, SocketKind::Udp] {
            assert_eq!(listing.dump(kind, 1 << 20, &mut all).unwrap().left_out, 0);
        }
        let from = |at: std::net::SocketAddr| crate::model::Endpoint::new(at.ip(), at.port());
        let mine = all.iter().find(|one| one.local == from(stream.local_addr().unwrap())).unwrap();
        assert_eq!((mine.state, mine.remote.port), (SocketState::Established, port));
        assert!(mine.tcp.unwrap().segments_out > 0 && mine.inode > 0);
        let open = all.iter().find(|one| one.local.port == port && one.state == SocketState::Listen).unwrap();
        assert!(open.is_dual && open.is_v6 && open.receive_queue == 1 && open.tcp.is_none());
        // The far end of it came in by an IPv6 socket, over IPv4.
        let far = all.iter().find(|one| one.remote == mine.local).unwrap();
        assert!(far.is_v6 && far.local.ip.is_ipv4() && far.receive_queue == 500, "{far:?}");
        let datagrams =
            all.iter().find(|one| one.kind == SocketKind::Udp && one.local == from(udp.local_addr().unwrap()));
        assert_eq!(datagrams.unwrap().state, SocketState::Unconnected);
    }
}
