//! From one look at all sockets and the next to what each of them did in between.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::model::event::{Moved, SocketNews};
use crate::model::{
    Connection, Endpoint, FlowKey, InterfaceId, InterfaceInfo, Measure, Protocol, SocketKind, SocketState, TcpNumbers,
    TcpState,
};

/// Which sockets are looked at, and by which interface they go.
pub(super) struct Ours {
    addresses: HashMap<IpAddr, InterfaceId>,
    loopback: Option<InterfaceId>,
    is_outward: bool,
}

impl Ours {
    pub(super) fn new(interfaces: &[InterfaceInfo], is_outward: bool) -> Self {
        let addresses = interfaces.iter().flat_map(|one| one.addresses.iter().map(|ip| (*ip, one.id))).collect();
        let loopback = interfaces.iter().find(|one| one.is_loopback).map(|one| one.id);
        Self { addresses, loopback, is_outward }
    }

    fn is_ours(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.addresses.contains_key(&ip)
    }

    /// The interface whose address it has. The kernel does not tell by which one it really goes.
    fn interface(&self, local: IpAddr, remote: IpAddr) -> Option<InterfaceId> {
        let stays = self.is_ours(remote) || local.is_loopback();
        if self.is_outward && stays {
            return None;
        }
        if stays && self.loopback.is_some() {
            return self.loopback;
        }
        self.addresses.get(&local).copied()
    }
}

/// A socket at the last look.
#[derive(Clone, Copy, Debug)]
struct Known {
    key: FlowKey,
    tcp: TcpNumbers,
    state: TcpState,
    /// The look it was last seen in.
    look: u64,
    /// What it carried before the first look was told.
    is_told: bool,
}

/// What is remembered between looks: no more than the sockets of the last.
#[derive(Debug, Default)]
pub(super) struct Looks {
    known: HashMap<u64, Known>,
    listening: HashSet<(Protocol, u16, Option<IpAddr>)>,
    look: u64,
    /// Connections that ended without a last word about what they did.
    pub(super) unseen: u64,
}

impl Looks {
    /// Compares with the last look. Of one that may lack sockets, what is missing is not taken for ended.
    pub(super) fn look(
        &mut self,
        sockets: &[Connection],
        ours: &Ours,
        is_whole: bool,
        are_ends_told: bool,
    ) -> Vec<SocketNews> {
        self.look += 1;
        self.listening = sockets.iter().filter(|socket| socket.is_listening()).filter_map(listening).collect();
        let inner: HashSet<FlowKey> =
            sockets.iter().filter_map(Connection::key).filter(|key| ours.is_ours(key.second().ip)).collect();
        let mut news: Vec<SocketNews> =
            sockets.iter().filter_map(|socket| self.compare(socket, ours, &inner, false)).collect();
        if is_whole {
            self.forget(ours, are_ends_told, &mut news);
        }
        news
    }

    /// Takes in the last word about sockets.
    pub(super) fn ends(&mut self, sockets: &[Connection], ours: &Ours) -> Vec<SocketNews> {
        let none = HashSet::new();
        sockets.iter().filter_map(|socket| self.compare(socket, ours, &none, true)).collect()
    }

    fn compare(
        &mut self,
        socket: &Connection,
        ours: &Ours,
        inner: &HashSet<FlowKey>,
        is_end: bool,
    ) -> Option<SocketNews> {
        let key = socket.key()?;
        let is_tcp = socket.kind == SocketKind::Tcp;
        // A TCP socket without counts is what is left of one that has ended, or a request that is not one yet.
        if is_tcp && socket.tcp.is_none() {
            return None;
        }
        let tcp = socket.tcp.unwrap_or_default();
        let state = if is_end { TcpState::Closed } else { state(socket.state, is_tcp) };
        let before = self.known.get(&socket.cookie).copied();
        let served = self.is_served(&key);
        let interface = ours.interface(socket.local.ip, socket.remote.ip);
        // Both ends are on this host and each has counted the same: the end that opened it speaks.
        let is_twin = served && inner.contains(&key.reversed());
        let is_shown = interface.is_some() && !is_twin;
        let is_told = is_shown || before.is_some_and(|known| known.is_told);
        if is_end {
            self.known.remove(&socket.cookie);
        } else {
            self.known.insert(socket.cookie, Known { key, tcp, state, look: self.look, is_told });
        }
        let interface = interface.filter(|_| is_shown)?;
        let since = before.map_or_else(TcpNumbers::default, |known| known.tcp);
        let is_first_look = self.look <= 1;
        let was_there = before.is_some() || is_first_look;
        let since = if before.is_none() && is_first_look { tcp } else { since };
        let is_untold = was_there && !before.is_some_and(|known| known.is_told);
        let news = SocketNews {
            key,
            interface,
            is_served: served,
            is_new: !was_there,
            state,
            measure: if is_tcp { Measure::Carried } else { Measure::Nothing },
            before: if is_untold { moved(&TcpNumbers::default(), &since) } else { Moved::default() },
            moved: moved(&since, &tcp),
        };
        let is_news = news.is_new || is_untold || !news.moved.is_nothing() || before.is_none_or(|b| b.state != state);
        is_news.then_some(news)
    }

    /// Whether the remote end opened it: somebody here listens at our end.
    fn is_served(&self, key: &FlowKey) -> bool {
        let (protocol, local) = (key.protocol(), key.first());
        [None, Some(local.ip)].iter().any(|ip| self.listening.contains(&(protocol, local.port, *ip)))
    }

    /// Lets go of those that are no longer there, and says that they have ended.
    fn forget(&mut self, ours: &Ours, are_ends_told: bool, news: &mut Vec<SocketNews>) {
        let look = self.look;
        let gone: Vec<Known> = self.known.extract_if(|_, known| known.look != look).map(|(_, known)| known).collect();
        for known in gone {
            let is_tcp = known.key.protocol() == Protocol::TCP;
            let Endpoint { ip: local, .. } = known.key.first();
            let Some(interface) = ours.interface(local, known.key.second().ip).filter(|_| known.is_told) else {
                continue;
            };
            self.unseen += u64::from(is_tcp && !are_ends_told);
            news.push(SocketNews {
                key: known.key,
                interface,
                is_served: self.is_served(&known.key),
                is_new: false,
                state: if is_tcp { TcpState::Closed } else { TcpState::None },
                measure: if is_tcp { Measure::Carried } else { Measure::Nothing },
                before: Moved::default(),
                moved: Moved::default(),
            });
        }
    }
}

/// What a socket that waits for others waits at; every address is none.
fn listening(socket: &Connection) -> Option<(Protocol, u16, Option<IpAddr>)> {
    let at = (!socket.local.ip.is_unspecified()).then_some(socket.local.ip);
    socket.kind.protocol().map(|protocol| (protocol, socket.local.port, at))
}

fn moved(from: &TcpNumbers, to: &TcpNumbers) -> Moved {
    Moved {
        bytes_out: to.bytes_acked.saturating_sub(from.bytes_acked),
        bytes_in: to.bytes_received.saturating_sub(from.bytes_received),
        // The kernel's counters of segments have 32 bits and begin again.
        segments_out: to.segments_out.wrapping_sub(from.segments_out).into(),
        segments_in: to.segments_in.wrapping_sub(from.segments_in).into(),
    }
}

/// Both ends in one word, as far as one end can tell.
const fn state(state: SocketState, is_tcp: bool) -> TcpState {
    if !is_tcp {
        return TcpState::None;
    }
    match state {
        SocketState::SynSent => TcpState::SynSent,
        SocketState::SynReceived => TcpState::SynReceived,
        SocketState::FinWait1 | SocketState::FinWait2 | SocketState::CloseWait => TcpState::FinWait,
        SocketState::Closing | SocketState::LastAck | SocketState::TimeWait | SocketState::Closed => TcpState::Closed,
        SocketState::Established | SocketState::Listen | SocketState::Unconnected => TcpState::Established,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Label;

    fn ours(is_outward: bool) -> Ours {
        let interface = |id, name: &str, ip: [u8; 4]| InterfaceInfo {
            id: InterfaceId(id),
            name: Label::new(name),
            addresses: vec![ip.into()],
            is_loopback: name == "lo",
            ..InterfaceInfo::default()
        };
        Ours::new(&[interface(0, "lo", [127, 0, 0, 1]), interface(1, "eth0", [10, 0, 0, 1])], is_outward)
    }

    fn socket(cookie: u64, local: ([u8; 4], u16), remote: ([u8; 4], u16), acked: u64) -> Connection {
        Connection {
            cookie,
            state: SocketState::Established,
            local: Endpoint::new(local.0.into(), local.1),
            remote: Endpoint::new(remote.0.into(), remote.1),
            tcp: Some(TcpNumbers { bytes_acked: acked, segments_out: acked as u32, ..TcpNumbers::default() }),
            ..Connection::new(SocketKind::Tcp)
        }
    }

    const HERE: [u8; 4] = [10, 0, 0, 1];
    const THERE: [u8; 4] = [192, 0, 2, 9];

    #[test]
    fn what_was_carried_before_is_told_once_and_what_moves_each_time() {
        let mut looks = Looks::default();
        let look = |looks: &mut Looks, acked| {
            looks.look(&[socket(1, (HERE, 5_000), (THERE, 443), acked)], &ours(true), true, false)
        };
        let first = look(&mut looks, 700)[0];
        assert_eq!(
            (first.before.bytes_out, first.moved, first.is_new, first.is_served),
            (700, Moved::default(), false, false)
        );
        let second = look(&mut looks, 1_000)[0];
        assert_eq!((second.before, second.moved.bytes_out, second.moved.segments_out), (Moved::default(), 300, 300));
        assert_eq!(look(&mut looks, 1_000), [], "nothing happened");
    }

    #[test]
    fn a_newcomer_has_done_it_all_since_the_last_look() {
        let mut looks = Looks::default();
        looks.look(&[], &ours(true), true, false);
        let news = looks.look(&[socket(1, (HERE, 5_000), (THERE, 443), 900)], &ours(true), true, false);
        assert_eq!((news[0].is_new, news[0].before, news[0].moved.bytes_out), (true, Moved::default(), 900));
    }

    #[test]
    fn an_end_without_a_last_word_is_counted_and_one_with_it_is_not() {
        let mut looks = Looks::default();
        let one = socket(1, (HERE, 5_000), (THERE, 443), 900);
        let two = socket(2, (HERE, 5_001), (THERE, 443), 900);
        looks.look(&[one.clone(), two], &ours(true), true, true);
        let last = looks.ends(&[socket(1, (HERE, 5_000), (THERE, 443), 950)], &ours(true));
        assert_eq!((last[0].state, last[0].moved.bytes_out), (TcpState::Closed, 50));
        assert_eq!(looks.look(&[], &ours(true), false, false), [], "a look that may lack some ends nothing");
        let news = looks.look(&[], &ours(true), true, false);
        assert_eq!((news.len(), news[0].state, looks.unseen), (1, TcpState::Closed, 1));
        // One that was never seen and has ended has its last word too.
        let news = looks.ends(&[socket(3, (HERE, 5_002), (THERE, 443), 70)], &ours(true));
        assert_eq!((news[0].is_new, news[0].moved.bytes_out), (true, 70));
    }

    #[test]
    fn a_conversation_within_the_host_is_told_by_the_end_that_opened_it_and_only_when_asked_for() {
        let lo = [127, 0, 0, 1];
        let listener = Connection {
            cookie: 3,
            state: SocketState::Listen,
            local: Endpoint::new([0, 0, 0, 0].into(), 80),
            ..Connection::new(SocketKind::Tcp)
        };
        let all = [socket(1, (lo, 5_000), (lo, 80), 9), socket(2, (lo, 80), (lo, 5_000), 4), listener];
        assert_eq!(Looks::default().look(&all, &ours(true), true, false), []);
        let news = Looks::default().look(&all, &ours(false), true, false);
        assert_eq!((news.len(), news[0].key.first().port, news[0].interface), (1, 5_000, InterfaceId(0)));
        // Seen from the end that serves, where the other is not ours.
        let all = [socket(4, (HERE, 80), (THERE, 7_000), 4), all[2].clone()];
        assert!(Looks::default().look(&all, &ours(true), true, false)[0].is_served);
    }

    #[test]
    fn udp_has_no_counts_and_those_that_wait_are_no_flows() {
        let connected = Connection {
            cookie: 1,
            state: SocketState::Established,
            local: Endpoint::new(HERE.into(), 4_000),
            remote: Endpoint::new(THERE.into(), 53),
            ..Connection::new(SocketKind::Udp)
        };
        let open = Connection { cookie: 2, local: Endpoint::new(HERE.into(), 123), ..Connection::new(SocketKind::Udp) };
        let news = Looks::default().look(&[connected, open], &ours(true), true, false);
        assert_eq!((news.len(), news[0].measure, news[0].state), (1, Measure::Nothing, TcpState::None));
    }
}
