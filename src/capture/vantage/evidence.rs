//! Counts of addresses and stations in the first frames of a capture. Bounded: what comes late does not count.

use std::net::{IpAddr, Ipv6Addr};

use foldhash::HashMap;

use crate::decode::{Decoded, decode};
use crate::model::event::Heading;
use crate::model::packet::tcp_flag;
use crate::model::{Frame, LinkType, Packet, Protocol};

/// Addresses and stations that are counted.
const MOST_ADDRESSES: usize = 4_096;
const MOST_STATIONS: usize = 1_024;
/// Addresses that one host is believed to have.
pub(super) const MOST_OWN: usize = 16;
/// Others that an address met, beyond which the count says no more.
const MOST_PEERS: usize = 64;

/// Ports below are those of services, by custom (RFC 6335 §6).
const LEAST_EPHEMERAL: u16 = 1_024;

type Mac = [u8; 6];

/// What the first frames told.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    seen: HashMap<IpAddr, Seen>,
    stations: HashMap<Mac, Station>,
    packets: u32,
    ethernet_frames: u32,
    border_packets: u32,
    /// Packets so far, of any kind: tells what came first.
    clock: u32,
}

/// An address.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Packets between two hosts that have it as an end.
    pub(super) packets: u32,
    /// Was an end of a packet whose other end was public and it private, or the reverse.
    pub(super) is_border: bool,
    /// Packets it sent, those to groups and to itself included.
    sent: u32,
    peers: Vec<IpAddr>,
    /// When it first opened a conversation, and when it first sent.
    first_opened: Option<u32>,
    first_sent: Option<u32>,
    /// [`noted`] bits.
    noted: u8,
}

/// What the kernel noted on packets of an address: it left here, it arrived here, it was the other end of such.
mod noted {
    pub(super) const LEFT: u8 = 1;
    pub(super) const ARRIVED: u8 = 2;
    pub(super) const CAME: u8 = 4;
    pub(super) const WENT: u8 = 8;
}

/// A link-layer address, and the addresses at it or behind it.
#[derive(Debug, Default)]
pub(super) struct Station {
    pub(super) frames: u32,
    /// One more than [`MOST_OWN`] at most.
    pub(super) addresses: Vec<IpAddr>,
}

impl Station {
    /// Stands for private addresses alone.
    pub(super) fn is_private(&self) -> bool {
        self.addresses.iter().all(|ip| is_private(*ip))
    }
}

/// Not routed on the Internet: RFC 1918, RFC 6598, link-local, unique local, loopback.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Can be the address of one host.
fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_multicast() || ip == Ipv6Addr::UNSPECIFIED),
    }
}

impl Evidence {
    pub(super) fn see(&mut self, frame: &Frame<'_>) {
        let Decoded::Packet(packet) = decode(frame, false) else { return };
        self.clock = self.clock.saturating_add(1);
        let (from, to) = (packet.from().ip, packet.to().ip);
        if is_host(from)
            && let Some(seen) = self.entry(from)
        {
            seen.sent = seen.sent.saturating_add(1);
        }
        self.see_heading(packet.heading, from, to);
        let group_bit = frame.data.first().is_some_and(|byte| frame.link == LinkType::Ethernet && byte & 1 == 1);
        if !is_host(from) || !is_host(to) || from == to || group_bit {
            return;
        }
        self.packets += 1;
        let is_border = is_private(from) != is_private(to);
        self.border_packets += u32::from(is_border);
        self.see_end(from, to, is_border);
        self.see_end(to, from, is_border);
        self.see_opening(&packet, from, to);
        if let (LinkType::Ethernet, Some(&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5])) =
            (frame.link, frame.data.first_chunk())
        {
            self.see_stations(([s0, s1, s2, s3, s4, s5], from), ([d0, d1, d2, d3, d4, d5], to));
        }
    }

    /// Whether two of these addresses met.
    pub(super) fn talk_among_themselves(&self, addresses: &[IpAddr]) -> bool {
        addresses
            .iter()
            .any(|ip| self.seen.get(ip).is_some_and(|seen| seen.peers.iter().any(|p| addresses.contains(p))))
    }

    fn entry(&mut self, ip: IpAddr) -> Option<&mut Seen> {
        if self.seen.len() >= MOST_ADDRESSES && !self.seen.contains_key(&ip) {
            return None;
        }
        Some(self.seen.entry(ip).or_default())
    }

    fn see_heading(&mut self, heading: Heading, from: IpAddr, to: IpAddr) {
        if from == to {
            return;
        }
        match heading {
            Heading::Outgoing => {
                self.note(from, noted::LEFT);
                self.note(to, noted::WENT);
            }
            Heading::Host => {
                self.note(to, noted::ARRIVED);
                self.note(from, noted::CAME);
            }
            Heading::Broadcast | Heading::Multicast | Heading::OtherHost | Heading::Unknown => {}
        }
    }

    fn note(&mut self, ip: IpAddr, bit: u8) {
        if is_host(ip)
            && let Some(seen) = self.entry(ip)
        {
            seen.noted |= bit;
        }
    }

    fn see_end(&mut self, ip: IpAddr, peer: IpAddr, is_border: bool) {
        let Some(seen) = self.entry(ip) else { return };
        seen.packets += 1;
        seen.is_border |= is_border;
        if seen.peers.len() < MOST_PEERS && !seen.peers.contains(&peer) {
            seen.peers.push(peer);
        }
    }

    fn see_opening(&mut self, packet: &Packet<'_>, from: IpAddr, to: IpAddr) {
        let now = self.clock;
        if let Some(seen) = self.entry(from) {
            seen.first_sent.get_or_insert(now);
        }
        let is_answer = packet.source_port < LEAST_EPHEMERAL && packet.destination_port >= LEAST_EPHEMERAL;
        let opener = match (packet.protocol, packet.tcp_flags & (tcp_flag::SYN | tcp_flag::ACK)) {
            (Protocol::TCP, tcp_flag::SYN) => from,
            (Protocol::TCP, flags) if flags == tcp_flag::SYN | tcp_flag::ACK => to,
            (Protocol::UDP, _) if is_answer && packet.source_port != 0 => to,
            (Protocol::UDP, _) => from,
            _ => return,
        };
        if let Some(seen) = self.entry(opener) {
            seen.first_opened.get_or_insert(now);
        }
    }

    fn see_stations(&mut self, source: (Mac, IpAddr), destination: (Mac, IpAddr)) {
        self.ethernet_frames += 1;
        if source.0 == destination.0 {
            return;
        }
        for (mac, ip) in [source, destination] {
            if self.stations.len() >= MOST_STATIONS && !self.stations.contains_key(&mac) {
                continue;
            }
            let station = self.stations.entry(mac).or_default();
            station.frames += 1;
            if station.addresses.len() <= MOST_OWN && !station.addresses.contains(&ip) {
                station.addresses.push(ip);
            }
        }
    }

    pub(super) const fn packets(&self) -> u32 {
        self.packets
    }

    pub(super) const fn ethernet_frames(&self) -> u32 {
        self.ethernet_frames
    }

    pub(super) const fn border_packets(&self) -> u32 {
        self.border_packets
    }

    /// The stations of which `is` holds, in an order that does not depend on the hash map.
    pub(super) fn stations(&self, is: impl Fn(&Station) -> bool) -> Vec<&Station> {
        let mut found: Vec<(&Mac, &Station)> = self.stations.iter().filter(|(_, station)| is(station)).collect();
        found.sort_unstable_by_key(|(mac, _)| **mac);
        found.into_iter().map(|(_, station)| station).collect()
    }

    /// The addresses of which `is` holds, in order.
    pub(super) fn addresses(&self, is: impl Fn(IpAddr, &Seen) -> bool) -> Vec<IpAddr> {
        let mut found: Vec<IpAddr> = self.seen.iter().filter(|(ip, seen)| is(**ip, seen)).map(|(ip, _)| *ip).collect();
        found.sort_unstable();
        found
    }

    pub(super) fn peers(&self, ip: IpAddr) -> usize {
        self.seen.get(&ip).map_or(0, |seen| seen.peers.len())
    }

    /// Sent here or received here, and not merely passed on: an address that both came in as a sender and left as one
    /// was forwarded.
    pub(super) fn by_kernel(&self) -> Vec<IpAddr> {
        use noted::{ARRIVED, CAME, LEFT, WENT};
        let is_ours = |ip: IpAddr, seen: &Seen| {
            let is_forwarded =
                seen.noted & (LEFT | CAME) == LEFT | CAME || seen.noted & (ARRIVED | WENT) == ARRIVED | WENT;
            seen.noted & (LEFT | ARRIVED) != 0 && (!is_forwarded || ip.is_loopback())
        };
        self.addresses(is_ours)
    }

    /// Of two addresses the one that opened a conversation first, or sent first.
    pub(super) fn first_to_open(&self, one: IpAddr, other: IpAddr) -> IpAddr {
        let when = |ip| {
            let seen = self.seen.get(&ip);
            let never = u32::MAX;
            (
                seen.and_then(|seen| seen.first_opened).unwrap_or(never),
                seen.and_then(|seen| seen.first_sent).unwrap_or(never),
            )
        };
        if when(one) <= when(other) { one } else { other }
    }

    pub(super) fn busiest_of(&self, addresses: &[IpAddr]) -> Option<IpAddr> {
        // The address breaks ties, so that the answer does not depend on the order of a hash map.
        addresses.iter().copied().max_by_key(|ip| (self.seen.get(ip).map_or(0, |seen| seen.packets), *ip))
    }

    /// The address with the most packets; where nothing went from host to host, the one that sent most. On loopback
    /// that is one host, whatever the addresses.
    pub(super) fn busiest(&self) -> Option<Vec<IpAddr>> {
        let senders = self.addresses(|_, seen| seen.sent > 0);
        if self.packets > 0 {
            let all = self.addresses(|_, seen| seen.packets > 0);
            return self.busiest_of(&all).map(|ip| self.with_its_station(ip));
        }
        if senders.iter().any(IpAddr::is_loopback) && senders.len() <= MOST_OWN {
            return Some(senders);
        }
        let most = senders.into_iter().max_by_key(|ip| (self.seen.get(ip).map_or(0, |seen| seen.sent), *ip))?;
        Some(vec![most])
    }

    /// The address, and the others that its station stands for where those are a host's number of addresses.
    pub(super) fn with_its_station(&self, ip: IpAddr) -> Vec<IpAddr> {
        let its = self.stations(|station| {
            station.addresses.len() <= MOST_OWN
                && station.addresses.contains(&ip)
                && !self.talk_among_themselves(&station.addresses)
        });
        its.first().map_or_else(|| vec![ip], |station| station.addresses.clone())
    }
}
