//! What a flow counts towards: the place it goes to, the service it uses, and whose idea it was.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::flow::Sample;
use crate::model::{Direction, Endpoint, FlowKey, Label, Opener, Protocol, Subject, TcpState};

/// Ports below this are given to services (RFC 6335: system ports).
const SYSTEM_PORTS: u16 = 1024;

/// Where bytes go.
///
/// A name that only a reverse look-up gave must not get here: whoever owns an address writes that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A name by SNI, HTTP Host or DNS answer, in lower case. Names survive addresses that rotate.
    Name(Label),
    /// The registered domain above a name that was seen: its other names are less of a surprise.
    Domain(Label),
    Address(IpAddr),
    /// A /24 or /64: neighbours of a known address are less of a surprise.
    Network(IpNet),
    /// Whoever connects to a service of ours. One place for all of them: a server that faces the
    /// Internet meets thousands of new addresses a day, and its answers are nine tenths of what it sends.
    Clients,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::Domain(name) => write!(f, "{name}"),
            Self::Address(ip) => write!(f, "{ip}"),
            Self::Network(net) => write!(f, "{net}"),
            Self::Clients => f.write_str("clients"),
        }
    }
}

/// A protocol and the port of the end that was opened; 0 where the protocol has no ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    pub protocol: Protocol,
    pub port: u16,
}

impl fmt::Display for Service {
    /// `tcp/443`, and the bare protocol where there is no port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == 0 { write!(f, "{}", self.protocol) } else { write!(f, "{}/{}", self.protocol, self.port) }
    }
}

/// Whose idea a conversation was. The two are kept apart everywhere: answers dwarf what we start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ledger {
    /// We opened it.
    Initiated,
    /// We answer.
    Replies,
}

impl Ledger {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Initiated => "out",
            Self::Replies => "in",
        }
    }

    pub fn named(id: &str) -> Option<Self> {
        [Self::Initiated, Self::Replies].into_iter().find(|ledger| ledger.id() == id)
    }
}

/// A place and a service there, and whose program uses it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The sender ([`crate::model::Owner::key`]). `None` stands for all of them together.
    pub owner: Option<Label>,
    pub place: Place,
    pub service: Service,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.service)
    }
}

/// What one flow counts towards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub destination: Destination,
    pub ledger: Ledger,
    /// The remote address, whatever it is called.
    pub address: IpAddr,
}

impl Contact {
    /// What a flow counts towards; `None` where it leaves nobody's machine: loopback, forwarded,
    /// multicast, broadcast and link-local traffic.
    pub fn of(sample: &Sample) -> Option<Self> {
        Self::new(&sample.key, &sample.subject, sample.direction, sample.opener)
    }

    /// The same from the parts of a flow.
    pub fn new(key: &FlowKey, subject: &Subject, direction: Direction, opener: Opener) -> Option<Self> {
        if matches!(direction, Direction::Local | Direction::Transit) || !leaves(subject.remote) {
            return None;
        }
        let (local, remote) = ends(key, subject);
        let ledger = ledger(direction, opener, local.port, remote.port);
        let port = if ledger == Ledger::Initiated { remote.port } else { local.port };
        let place = match (ledger, &subject.name) {
            (Ledger::Replies, _) => Place::Clients,
            (Ledger::Initiated, Some(name)) => Place::Name(lower(name)),
            (Ledger::Initiated, None) => Place::Address(remote.ip),
        };
        let service = Service { protocol: key.protocol(), port };
        Some(Self { destination: Destination { owner: None, place, service }, ledger, address: remote.ip })
    }

    /// The same destination by address, where the place is a name.
    pub fn by_address(&self) -> Option<Destination> {
        matches!(self.destination.place, Place::Name(_))
            .then(|| Destination { place: Place::Address(self.address), ..self.destination.clone() })
    }
}

/// The two ends of a flow, ours first.
pub fn ends(key: &FlowKey, subject: &Subject) -> (Endpoint, Endpoint) {
    let (first, second) = (key.first(), key.second());
    // Where both ends carry the same address the subject's port says which end is remote.
    let remote_is_first = first.ip == subject.remote && (second.ip != subject.remote || first.port == subject.port);
    if remote_is_first { (second, first) } else { (first, second) }
}

/// Who opened it. Without a handshake the first packet we happened to see may be an answer: then a
/// system port on one side alone says which end serves.
fn ledger(direction: Direction, opener: Opener, local: u16, remote: u16) -> Ledger {
    let first_word = match direction {
        Direction::In => Ledger::Replies,
        Direction::Unknown if local != 0 && local < remote => Ledger::Replies,
        _ => Ledger::Initiated,
    };
    if opener == Opener::Handshake || local == 0 || remote == 0 {
        return first_word;
    }
    match (local < SYSTEM_PORTS, remote < SYSTEM_PORTS) {
        (true, false) => Ledger::Replies,
        (false, true) => Ledger::Initiated,
        _ => first_word,
    }
}

/// Whether a flow is an exchange or an attempt of ours, and not backscatter.
///
/// A reset to a stray SYN-ACK and an "unreachable" to a scanner leave this host too, and look like contacts
/// of ours, even regular ones; neither is.
pub fn is_ours(sample: &Sample) -> bool {
    match sample.key.protocol() {
        Protocol::TCP if sample.total_payload_out > 0 => true,
        // Each stray SYN-ACK gets one reset; a connection of ours begins with a SYN more.
        Protocol::TCP if sample.state == TcpState::Reset && sample.answered => sample.packets_out > sample.packets_in,
        Protocol::TCP => sample.opener == Opener::Handshake,
        Protocol::ICMP | Protocol::ICMPV6 => sample.answered,
        _ => true,
    }
}

/// Whether traffic to an address can leave the link.
pub fn leaves(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_multicast() || ip.is_unspecified() || ip.is_unicast_link_local()),
    }
}

/// A name as it is compared: DNS names do not tell cases apart (RFC 4343).
pub(super) fn lower(name: &Label) -> Label {
    if name.as_str().bytes().any(|b| b.is_ascii_uppercase()) {
        Label::new(&name.as_str().to_ascii_lowercase())
    } else {
        name.clone()
    }
}

/// The /24 or /64 around an address.
pub fn neighbourhood(ip: IpAddr) -> Place {
    let bits = if ip.is_ipv4() { 24 } else { 64 };
    IpNet::new(ip, bits).map_or(Place::Address(ip), |net| Place::Network(net.trunc()))
}

/// The domain that somebody registered, of a name (public suffix list).
pub fn domain_of(name: &Label) -> Option<Place> {
    psl::domain_str(name.as_str()).map(|domain| Place::Domain(Label::new(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Application;

    fn contact(direction: Direction, opener: Opener, local: &str, remote: &str, name: Option<&str>) -> Option<Contact> {
        let end = |text: &str| {
            let at: std::net::SocketAddr = text.parse().unwrap();
            Endpoint::new(at.ip(), at.port())
        };
        let (local, remote) = (end(local), end(remote));
        let key = FlowKey::new(Protocol::UDP, local, remote).canonical().0;
        let subject = Subject {
            host: local.ip,
            remote: remote.ip,
            port: remote.port,
            protocol: Protocol::UDP,
            name: name.map(Label::new),
            application: Application::PENDING,
            flow: Some(key),
        };
        Contact::new(&key, &subject, direction, opener)
    }

    #[test]
    fn the_opened_end_names_the_service_and_the_ledger_follows() {
        let out = contact(Direction::Out, Opener::Handshake, "10.0.0.5:51000", "192.0.2.1:443", Some("A.example"));
        let out = out.unwrap();
        assert_eq!((out.ledger, out.destination.service.port), (Ledger::Initiated, 443));
        assert_eq!(out.destination.place, Place::Name(Label::new("a.example")));
        assert_eq!(out.by_address().unwrap().place, Place::Address("192.0.2.1".parse().unwrap()));

        let reply = contact(Direction::In, Opener::Handshake, "10.0.0.5:443", "192.0.2.9:51000", None).unwrap();
        assert_eq!((reply.ledger, reply.destination.service.port), (Ledger::Replies, 443));
        assert_eq!(reply.destination.place, Place::Clients);
    }

    #[test]
    fn an_answer_seen_first_is_still_an_answer() {
        let reply = contact(Direction::Out, Opener::FirstPacket, "10.0.0.5:53", "192.0.2.9:40000", None).unwrap();
        assert_eq!(reply.ledger, Ledger::Replies);
        let query = contact(Direction::In, Opener::FirstPacket, "10.0.0.5:40000", "192.0.2.9:53", None).unwrap();
        assert_eq!((query.ledger, query.destination.service.port), (Ledger::Initiated, 53));
        let both = contact(Direction::Out, Opener::FirstPacket, "10.0.0.5:123", "192.0.2.9:123", None).unwrap();
        assert_eq!(both.ledger, Ledger::Initiated);
    }

    #[test]
    fn what_stays_on_the_link_counts_towards_nothing() {
        for remote in ["224.0.0.251:5353", "255.255.255.255:67", "[ff02::fb]:5353", "[fe80::1]:546"] {
            let local = if remote.starts_with('[') { "[2001:db8::5]:5353" } else { "10.0.0.5:5353" };
            assert_eq!(contact(Direction::Out, Opener::FirstPacket, local, remote, None), None, "{remote}");
        }
        assert_eq!(contact(Direction::Transit, Opener::Handshake, "10.0.0.5:1", "192.0.2.1:2", None), None);
        assert!(contact(Direction::Out, Opener::FirstPacket, "10.0.0.5:5000", "10.0.0.6:514", None).is_some());
    }
}
