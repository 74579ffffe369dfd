//! What is remembered of sockets: whose they were, and those that have ended.
//!
//! Everything is bounded; the oldest is forgotten first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::host::diag::Socket;
use crate::host::processes::Process;
use crate::model::{Confidence, Endpoint, FlowKey, Protocol};

/// Sockets whose process is remembered.
const SOCKETS: usize = 128 * 1024;
/// Sockets that have ended and are remembered, and for how long.
const ENDED: usize = 32 * 1024;
const ENDED_HOLDS: Duration = Duration::from_mins(1);

/// Whose socket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) process: Arc<Process>,
    /// [`Confidence::Exact`], or [`Confidence::Inherited`] where several processes have it open.
    pub(super) confidence: Confidence,
    /// The user of the process when it made the socket, where that was seen.
    pub(super) uid: Option<u32>,
    /// The number at which the process has it open, once that was seen.
    pub(super) file: Option<u32>,
    /// The socket is the input or output of a shell or interpreter.
    pub(super) is_shell: bool,
}

/// A map that forgets its oldest entry when it is full.
#[derive(Debug)]
struct Bounded<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Copy + Eq + std::hash::Hash, V> Bounded<K, V> {
    fn new(limit: usize) -> Self {
        Self { map: HashMap::new(), order: VecDeque::new(), limit }
    }

    fn insert(&mut self, key: K, value: V) {
        if self.map.insert(key, value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}

/// A socket that has ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    socket: Socket,
    at: Duration,
}

/// What is known of sockets by their cookies, which name them in all network namespaces.
#[derive(Debug)]
pub(super) struct Holders(Bounded<u64, Holder>);

impl Default for Holders {
    fn default() -> Self {
        Self(Bounded::new(SOCKETS))
    }
}

impl Holders {
    pub(super) fn get(&self, cookie: u64) -> Option<&Holder> {
        self.0.map.get(&cookie)
    }

    pub(super) fn remember(&mut self, cookie: u64, holder: Holder) {
        self.0.insert(cookie, holder);
    }
}

/// The sockets of one network namespace that ended, by their addresses.
#[derive(Debug)]
pub(super) struct Endings {
    connected: Bounded<FlowKey, Ended>,
    /// Those that were never connected, by protocol and port.
    open_ended: HashMap<(Protocol, u16), Vec<Ended>>,
    ended: VecDeque<(Duration, Protocol, u16)>,
}

impl Default for Endings {
    fn default() -> Self {
        Self { connected: Bounded::new(ENDED), open_ended: HashMap::new(), ended: VecDeque::new() }
    }
}

impl Endings {
    /// Takes note of a socket's end.
    pub(super) fn ended(&mut self, socket: Socket, at: Duration) {
        let ended = Ended { socket, at };
        if !socket.is_open_ended() {
            self.connected.insert(socket.key(), ended);
            return;
        }
        // A listener that ends took nothing with it that cannot be asked of its children.
        if socket.protocol == Protocol::TCP || socket.local.port == 0 {
            return;
        }
        let place = (socket.protocol, socket.local.port);
        self.open_ended.entry(place).or_default().push(ended);
        self.ended.push_back((at, place.0, place.1));
        while self
            .ended
            .front()
            .is_some_and(|(then, ..)| self.ended.len() > ENDED || at.saturating_sub(*then) > ENDED_HOLDS)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, protocol, port)) = self.ended.pop_front() else { return };
        if let Some(list) = self.open_ended.get_mut(&(protocol, port)) {
            if list.len() > 1 {
                list.remove(0);
            } else {
                self.open_ended.remove(&(protocol, port));
            }
        }
    }

    /// The socket with exactly these ends that has ended, if it did so lately.
    pub(super) fn connected(&self, key: &FlowKey, now: Duration) -> Option<Socket> {
        let ended = self.connected.map.get(key)?;
        (now.saturating_sub(ended.at) <= ENDED_HOLDS).then_some(ended.socket)
    }

    /// The sockets without a remote end that had this local one and ended within `window`, the latest first.
    pub(super) fn open(&self, protocol: Protocol, ours: Endpoint, since: Duration) -> Vec<Socket> {
        let list = self.open_ended.get(&(protocol, ours.port)).map(Vec::as_slice).unwrap_or_default();
        let fits = |one: &&Ended| one.at >= since && covers(&one.socket, ours);
        list.iter().rev().filter(fits).map(|one| one.socket).collect()
    }
}

/// Whether an unconnected socket may send from this end.
fn covers(socket: &Socket, ours: Endpoint) -> bool {
    let ip = socket.local.ip;
    // An IPv6 socket without an address takes IPv4 as well, and shows as `::`.
    let is_any = ip.is_unspecified() && (ip.is_ipv6() || ours.ip.is_ipv4());
    is_any || ip == ours.ip
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(protocol: Protocol, local: &str, remote: &str, cookie: u64) -> Socket {
        let end = |text: &str| {
            let at: std::net::SocketAddr = text.parse().unwrap();
            Endpoint::new(at.ip(), at.port())
        };
        Socket { protocol, local: end(local), remote: end(remote), inode: 0, uid: 0, cookie }
    }

    fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn remembers_who_ended_by_address_and_for_a_minute() {
        let mut endings = Endings::default();
        let one = socket(Protocol::TCP, "10.0.0.1:5000", "10.0.0.2:80", 1);
        endings.ended(one, second(10));
        assert_eq!(endings.connected(&one.key(), second(70)), Some(one));
        assert_eq!(endings.connected(&one.key(), second(71)), None);
        assert_eq!(endings.connected(&one.key().reversed(), second(10)), None);
    }

    #[test]
    fn an_unconnected_socket_covers_the_addresses_it_was_bound_to() {
        let mut endings = Endings::default();
        let any = socket(Protocol::UDP, "0.0.0.0:53", "0.0.0.0:0", 1);
        let one = socket(Protocol::UDP, "10.0.0.9:53", "0.0.0.0:0", 2);
        let both = socket(Protocol::UDP, "[::]:53", "[::]:0", 3);
        for socket in [any, one, both] {
            endings.ended(socket, second(5));
        }
        let at = |text: &str| Endpoint::new(text.parse().unwrap(), 53);
        let cookies = |ours: &str, since: u64| -> Vec<u64> {
            endings.open(Protocol::UDP, at(ours), second(since)).iter().map(|s| s.cookie).collect()
        };
        assert_eq!(cookies("10.0.0.1", 0), [3, 1]);
        assert_eq!(cookies("10.0.0.9", 0), [3, 2, 1]);
        assert_eq!(cookies("2001:db8::1", 0), [3]);
        assert!(cookies("10.0.0.1", 6).is_empty());
    }

    #[test]
    fn is_bounded() {
        let process = Arc::new(Process::default());
        let mut holders = Holders::default();
        for cookie in 0..SOCKETS as u64 + 10 {
            let process = Arc::clone(&process);
            let holder = Holder { process, confidence: Confidence::Exact, uid: None, file: None, is_shell: false };
            holders.remember(cookie, holder);
        }
        assert_eq!(holders.0.map.len(), SOCKETS);
        assert!(holders.get(9).is_none() && holders.get(10).is_some());
        let mut endings = Endings::default();
        for n in 0..ENDED as u32 + 10 {
            let [_, _, high, low] = n.to_be_bytes();
            endings.ended(socket(Protocol::UDP, &format!("10.0.{high}.{low}:9"), "0.0.0.0:0", 1), second(1));
        }
        assert_eq!((endings.ended.len(), endings.open_ended.values().map(Vec::len).sum()), (ENDED, ENDED));
        endings.ended(socket(Protocol::UDP, "10.0.0.1:9", "0.0.0.0:0", 1), second(100));
        assert_eq!(endings.open_ended.len(), 1);
        assert_eq!(endings.ended.len(), 1);
    }
}
