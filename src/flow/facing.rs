//! Which end of a conversation is ours.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{Asker, Heading, InterfaceInfo, Packet, Side};

use super::home::Posts;
use super::record::bit;

/// What is known of where we stand: our addresses, and the boundary that was asked for.
#[derive(Default)]
pub(super) struct Vantage {
    /// Given by the operator: these and nothing else are ours.
    given: Vec<IpNet>,
    /// Only traffic that crosses the edge of one of these counts (iftop's `-F` and `-G`).
    boundary: Vec<IpNet>,
    interfaces: Vec<InterfaceInfo>,
    /// Which of them carry others.
    pub(super) posts: Posts,
    ours: HashSet<IpAddr>,
    /// All that is ours is one host.
    is_one_host: bool,
}

/// How a new flow lies to us.
pub(super) struct Facing {
    /// The sender of the packet is our end.
    pub(super) sender_is_ours: bool,
    /// [`bit::LOCAL`], [`bit::TRANSIT`] or neither.
    pub(super) bits: u8,
}

impl Vantage {
    pub(super) fn new(given: Vec<IpNet>, boundary: Vec<IpNet>) -> Self {
        let single = given.iter().filter(|net| net.prefix_len() == net.max_prefix_len()).map(IpNet::addr);
        let is_one_host = single.clone().count() == given.len() && is_at_most_one_of_each(single);
        Self { given, boundary, is_one_host, ..Self::default() }
    }

    /// Takes in the present state of an interface.
    pub(super) fn learn(&mut self, info: &InterfaceInfo) {
        let at = usize::from(info.id.0);
        if self.interfaces.len() <= at {
            self.interfaces.resize_with(at + 1, InterfaceInfo::default);
        }
        self.interfaces[at] = info.clone();
        self.posts = Posts::new(&self.interfaces);
        let ours = |one: &InterfaceInfo| one.addresses.iter().chain(&one.also_ours).copied().collect::<Vec<_>>();
        self.ours = self.interfaces.iter().flat_map(ours).collect();
        if self.given.is_empty() {
            // Interfaces that the kernel counts on are this host's; a file's may be a whole network's.
            self.is_one_host = self.interfaces.iter().any(|interface| interface.counters.is_some())
                || is_at_most_one_of_each(self.ours.iter().copied());
        }
    }

    /// Who asks, where an address asks a name server.
    pub(super) fn asker(&self, ip: IpAddr) -> Asker {
        if self.is_one_host && self.is_ours(ip) { Asker::Us } else { Asker::Host(ip) }
    }

    pub(super) fn interfaces(&self) -> &[InterfaceInfo] {
        &self.interfaces
    }

    pub(super) fn is_ours(&self, ip: IpAddr) -> bool {
        if self.given.is_empty() {
            return self.ours.contains(&ip);
        }
        self.given.iter().any(|net| net.contains(&ip))
    }

    /// On loopback every packet shows twice; the sight of it leaving is the second (packet(7)).
    #[inline]
    pub(super) fn is_second_sight(&self, packet: &Packet<'_>) -> bool {
        packet.heading == Heading::Outgoing
            && self.interfaces.get(usize::from(packet.interface.0)).is_some_and(|interface| interface.is_loopback)
    }

    /// Whether a boundary was asked for and the packet does not cross it.
    #[inline]
    pub(super) fn is_outside(&self, packet: &Packet<'_>) -> bool {
        if self.boundary.is_empty() {
            return false;
        }
        let (from, to) = (packet.from().ip, packet.to().ip);
        !self.boundary.iter().any(|net| net.contains(&from) != net.contains(&to))
    }

    /// How the conversation that this packet opens lies to us.
    pub(super) fn face(&self, packet: &Packet<'_>) -> Facing {
        let (from, to) = (packet.from().ip, packet.to().ip);
        if let Some(net) = self.boundary.iter().find(|net| net.contains(&from) != net.contains(&to)) {
            return Facing { sender_is_ours: net.contains(&from), bits: 0 };
        }
        match (self.is_ours(from), self.is_ours(to)) {
            (true, false) => Facing { sender_is_ours: true, bits: 0 },
            (false, true) => Facing { sender_is_ours: false, bits: 0 },
            (true, true) => Facing { sender_is_ours: true, bits: bit::LOCAL },
            (false, false) => Self::face_by_heading(packet),
        }
    }

    /// Neither end is ours: a group that we listen to, or traffic that only passes.
    fn face_by_heading(packet: &Packet<'_>) -> Facing {
        match packet.heading {
            Heading::Multicast | Heading::Broadcast => Facing { sender_is_ours: false, bits: 0 },
            _ => Facing { sender_is_ours: true, bits: bit::TRANSIT },
        }
    }
}

/// Whether there is at most one address of each IP version that other hosts can reach.
fn is_at_most_one_of_each(addresses: impl Iterator<Item = IpAddr>) -> bool {
    let is_reached = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_loopback(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    };
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = addresses.filter(is_reached).partition(IpAddr::is_ipv6);
    v4.len() <= 1 && v6.len() <= 1
}

/// The end that a port number betrays as the server, where only one of the two is a service's.
pub(super) fn server_by_port(first: u16, second: u16) -> Option<Side> {
    match (first != 0 && first < 1024, second != 0 && second < 1024) {
        (true, false) => Some(Side::First),
        (false, true) => Some(Side::Second),
        _ => None,
    }
}
