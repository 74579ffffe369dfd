//! Which of the watched interfaces carry others, so that what leaves is counted once.
//!
//! What leaves a host leaves by the device nearest to the wire; every device above shows the same bytes again, as they
//! are (a bridge, a VLAN, a bond) or in other packets (a tunnel, a container's link). So of a chain of watched interfaces
//! the lowest counts. Nothing is taken off the totals for an interface that is not watched: a bridge whose ports are not
//! all watched, a tunnel watched alone, count themselves.

use std::collections::{HashMap, HashSet};

use crate::model::{Label, Standing};
use crate::sys::{Link, Routes};

use super::interfaces;

/// Devices on devices that are followed down.
const DEEPEST: usize = 8;

/// Devices of packets for another host's kernel, or for a program: what goes into them leaves inside other packets.
const TUNNELS: &[&str] = &[
    "vxlan",
    "geneve",
    "gre",
    "gretap",
    "erspan",
    "ip6gre",
    "ip6gretap",
    "ip6erspan",
    "ipip",
    "sit",
    "ip6tnl",
    "vti",
    "vti6",
    "xfrm",
    "wireguard",
    "tun",
    "ovpn",
    "bareudp",
    "gtp",
    "amt",
    "ifb",
];
/// Devices whose every frame is a frame of the device below, perhaps with a tag more.
const SLICES: &[&str] = &["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"];
/// Devices in pairs, one end of which may be in another network namespace.
const PAIRS: &[&str] = &["veth", "netkit"];
const BONDS: &[&str] = &["bond", "team"];

/// All devices of this network namespace, and where packets go.
#[derive(Debug, Default)]
pub(super) struct Devices {
    links: HashMap<u32, Link>,
    /// By which device a tunnel's own packets leave.
    ways: HashMap<u32, u32>,
    /// The device of the default route.
    out: Option<u32>,
}

/// What is known of one watched interface beside the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Label,
    pub(super) standing: Standing,
    pub(super) bond: Option<u32>,
    pub(super) bridge: Option<u32>,
}

/// The counted interfaces below one, and whether its frames are seen there as they are.
struct Below {
    same: bool,
    on: Vec<u32>,
}

impl Devices {
    /// Reads them all; none where the kernel does not tell.
    pub(super) fn read() -> Self {
        let read = || -> std::io::Result<Self> {
            let mut routes = Routes::open()?;
            let links = routes.links()?;
            let mut ways = HashMap::new();
            for link in &links {
                if let Some(ip) = link.far_end.filter(|_| link.lower.is_none())
                    && let Some(way) = routes.way_to(ip)?
                {
                    ways.insert(link.index, way);
                }
            }
            let name = interfaces::default_route();
            let out = links.iter().find(|link| Some(&link.name) == name.as_ref()).map(|link| link.index);
            Ok(Self { links: links.into_iter().map(|link| (link.index, link)).collect(), ways, out })
        };
        // Then every interface counts, as one whose relations are not known does.
        read().unwrap_or_default()
    }

    /// How an interface stands among those that are watched.
    pub(super) fn place(&self, index: u32, watched: &HashSet<u32>) -> Place {
        let Some(link) = self.links.get(&index) else { return Place::default() };
        let master = |kinds: &[&str]| link.master.filter(|master| self.is_kind(*master, kinds));
        let standing = match self.below(index, watched, 0) {
            None => Standing::Counted,
            Some(below) => {
                let mut on = below.on;
                on.sort_unstable();
                on.dedup();
                let names = on.iter().filter_map(|index| self.links.get(index)).map(|link| Label::new(&link.name));
                let names = names.collect();
                if below.same { Standing::Repeats(names) } else { Standing::Within(names) }
            }
        };
        Place {
            kind: Label::new(&link.kind),
            standing,
            bond: master(BONDS),
            bridge: if link.kind == "bridge" { Some(index) } else { master(&["bridge"]) },
        }
    }

    fn is_kind(&self, index: u32, kinds: &[&str]) -> bool {
        self.links.get(&index).is_some_and(|link| kinds.contains(&link.kind.as_str()))
    }

    fn members(&self, master: u32) -> Vec<u32> {
        self.links.values().filter(|link| link.master == Some(master)).map(|link| link.index).collect()
    }

    /// Leads to a container, a virtual machine or another device of this host, never to the wire by itself.
    fn is_inside(&self, index: u32) -> bool {
        self.links.get(&index).is_some_and(|link| link.is_tap || PAIRS.contains(&link.kind.as_str()))
    }

    fn outward_ports(&self, bridge: u32) -> Vec<u32> {
        self.members(bridge).into_iter().filter(|port| !self.is_inside(*port)).collect()
    }

    /// What carries an interface; `None` where it counts itself.
    fn below(&self, index: u32, watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        let link = self.links.get(&index).filter(|_| depth < DEEPEST)?;
        let kind = link.kind.as_str();
        if let Some(bond) = link.master.filter(|master| self.is_kind(*master, BONDS)) {
            // Only where the bond cannot be counted by its parts.
            let is_whole = self.members(bond).iter().all(|member| watched.contains(member));
            return (watched.contains(&bond) && !is_whole).then(|| Below { same: true, on: vec![bond] });
        }
        if kind == "bridge" {
            return self.below_bridge(index, watched, depth);
        }
        if BONDS.contains(&kind) {
            let members = self.members(index);
            let is_whole = members.iter().all(|member| watched.contains(member));
            return if is_whole { self.rest(&members, watched, depth) } else { None };
        }
        if kind == "vrf" {
            let (seen, unseen): (Vec<u32>, Vec<u32>) =
                self.members(index).into_iter().partition(|member| watched.contains(member));
            let below = self.rest(&seen, watched, depth)?;
            return Some(Below { same: below.same && unseen.is_empty(), ..below });
        }
        if SLICES.contains(&kind) {
            return self.rest(&[link.lower?], watched, depth);
        }
        if PAIRS.contains(&kind) && link.lower.is_some_and(|other| self.is_above(link, other)) {
            return self.rest(&[link.lower?], watched, depth);
        }
        if let Some(bridge) = link.master.filter(|master| self.is_kind(*master, &["bridge"])) {
            return self.below_port(link, bridge, watched, depth);
        }
        if TUNNELS.contains(&kind) {
            let way = link.lower.or_else(|| self.ways.get(&index).copied()).or(self.out)?;
            return self.elsewhere(index, way, watched, depth);
        }
        if PAIRS.contains(&kind) { self.forwarded(index, watched, depth) } else { None }
    }

    /// Of a pair with both ends here, the end that is no port lies above the one that is; else the one made later.
    fn is_above(&self, link: &Link, other: u32) -> bool {
        let is_port = |link: &Link| link.master.is_some();
        self.links.get(&other).is_some_and(|other| match (is_port(link), is_port(other)) {
            (false, true) => true,
            (true, false) => false,
            _ => link.index > other.index,
        })
    }

    fn below_bridge(&self, bridge: u32, watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        let ports = self.members(bridge);
        let outward = self.outward_ports(bridge);
        let all_are_watched = !ports.is_empty() && ports.iter().all(|port| watched.contains(port));
        if !outward.is_empty() {
            let below = self.rest(&outward, watched, depth)?;
            return Some(Below { same: below.same && all_are_watched, ..below });
        }
        let forwarded = if self.out == Some(bridge) { None } else { self.forwarded(bridge, watched, depth) };
        forwarded.or_else(|| all_are_watched.then_some(Below { same: true, on: ports }))
    }

    /// A port that leads inside: what it carries leaves by the bridge's ports to the outside, or is forwarded.
    fn below_port(&self, port: &Link, bridge: u32, watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        let outward = self.outward_ports(bridge);
        if outward.contains(&port.index) {
            // A tunnel may be a port too.
            let way = port.lower.or_else(|| self.ways.get(&port.index).copied()).or(self.out);
            let way = way.filter(|_| TUNNELS.contains(&port.kind.as_str()))?;
            return self.elsewhere(port.index, way, watched, depth);
        }
        if outward.is_empty() {
            return if self.out == Some(bridge) { None } else { self.forwarded(port.index, watched, depth) };
        }
        let below = self.rest(&outward, watched, depth)?;
        Some(Below { same: false, ..below })
    }

    /// What comes from a container is forwarded by the default route, perhaps under another address. Where that leads
    /// to such a link as well, this host is a container itself, and a link may be its second way out.
    fn forwarded(&self, index: u32, watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        let out = self.out.filter(|out| !self.is_inside(*out))?;
        if self.is_kind(out, &["bridge"]) && self.outward_ports(out).is_empty() {
            return None;
        }
        self.elsewhere(index, out, watched, depth)
    }

    /// Goes on by another device, in other packets.
    fn elsewhere(&self, index: u32, way: u32, watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        if way == index {
            return None;
        }
        let below = self.rest(&[way], watched, depth)?;
        Some(Below { same: false, ..below })
    }

    /// Lies on these devices: those of them that count, or what they lie on. `None` where one is not watched at all.
    fn rest(&self, lowers: &[u32], watched: &HashSet<u32>, depth: usize) -> Option<Below> {
        let mut rest = Below { same: true, on: Vec::new() };
        for lower in lowers {
            match self.below(*lower, watched, depth + 1) {
                Some(below) => {
                    rest.same &= below.same;
                    rest.on.extend(below.on);
                }
                None if watched.contains(lower) => rest.on.push(*lower),
                None => return None,
            }
        }
        (!rest.on.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTED: &str = "counted";

    struct Host(Devices);

    impl Host {
        /// Devices as `name kind` with `>name` for the lower one, `^name` for the master, `~name` for the way of a
        /// tunnel's packets; numbered in this order, so that the later ones lie above.
        fn new(lines: &[&str], out: &str) -> Self {
            let number =
                |name: &str| lines.iter().position(|line| line.split(' ').next() == Some(name)).map(|at| at as u32 + 1);
            let mut devices = Devices { out: number(out), ..Devices::default() };
            for line in lines {
                let mut words = line.split(' ');
                let name = words.next().unwrap();
                let mut link = Link { index: number(name).unwrap(), name: name.to_owned(), ..Link::default() };
                for word in words {
                    match word.split_at(1) {
                        (">", lower) => link.lower = number(lower),
                        ("^", master) => link.master = number(master),
                        ("~", way) => drop(devices.ways.insert(link.index, number(way).unwrap())),
                        _ if word == "tap" => (link.kind, link.is_tap) = ("tun".to_owned(), true),
                        _ => word.clone_into(&mut link.kind),
                    }
                }
                devices.links.insert(link.index, link);
            }
            Self(devices)
        }

        /// How each of the watched stands: `counted`, `= lower` for the same frames, `~ lower` for other ones.
        fn standing(&self, watched: &str) -> Vec<String> {
            let index = |name: &str| self.0.links.values().find(|link| link.name == name).unwrap().index;
            let set: HashSet<u32> = match watched {
                "any" => self.0.links.keys().copied().collect(),
                names => names.split(' ').map(index).collect(),
            };
            let mut sorted: Vec<u32> = set.iter().copied().collect();
            sorted.sort_unstable();
            let tell = |index| match self.0.place(index, &set).standing {
                Standing::Counted => COUNTED.to_owned(),
                Standing::Repeats(on) => format!("= {}", on.iter().map(Label::as_str).collect::<Vec<_>>().join(" ")),
                Standing::Within(on) => format!("~ {}", on.iter().map(Label::as_str).collect::<Vec<_>>().join(" ")),
            };
            sorted.into_iter().map(tell).collect()
        }
    }

    #[test]
    fn a_bridge_lies_on_its_ports() {
        let host = Host::new(&["eth0 ^br0", "br0 bridge", "veth1 veth ^br0", "vnet0 tap ^br0"], "br0");
        assert_eq!(host.standing("any"), [COUNTED, "= eth0", "~ eth0", "~ eth0"]);
        assert_eq!(host.standing("br0"), [COUNTED]);
        assert_eq!(host.standing("eth0 br0"), [COUNTED, "~ eth0"], "what goes to containers is seen on br0 alone");
        assert_eq!(host.standing("br0 veth1"), [COUNTED, COUNTED], "what goes out is seen on br0 alone");
        assert_eq!(host.standing("veth1"), [COUNTED]);
        let in_a_container = Host::new(&["eth0 veth ^br0", "br0 bridge"], "br0");
        assert_eq!(in_a_container.standing("any"), [COUNTED, "= eth0"]);
    }

    #[test]
    fn a_slice_lies_on_the_whole() {
        let host = Host::new(&["eth0", "eth0.5 vlan >eth0", "eth0.5.7 vlan >eth0.5", "mac0 macvlan >eth0"], "eth0");
        assert_eq!(host.standing("any"), [COUNTED, "= eth0", "= eth0", "= eth0"]);
        assert_eq!(host.standing("eth0 eth0.5.7"), [COUNTED, "= eth0"], "what lies between need not be watched");
        assert_eq!(host.standing("eth0.5 eth0.5.7 mac0"), [COUNTED, "= eth0.5", COUNTED]);
    }

    #[test]
    fn a_bond_lies_on_its_parts_if_all_are_watched() {
        let host = Host::new(&["eth0 ^bond0", "eth1 ^bond0", "bond0 bond", "bond0.5 vlan >bond0"], "bond0");
        assert_eq!(host.standing("any"), [COUNTED, COUNTED, "= eth0 eth1", "= eth0 eth1"]);
        assert_eq!(host.standing("eth0 bond0"), ["= bond0", COUNTED]);
        assert_eq!(host.standing("bond0 bond0.5"), [COUNTED, "= bond0"]);
        assert_eq!(host.0.place(1, &HashSet::new()).bond, Some(3));
    }

    #[test]
    fn a_tunnel_lies_on_the_way_of_its_packets() {
        let lines =
            ["eth0", "eth1", "vx0 vxlan >eth1", "gre1 gre ~eth1", "wg0 wireguard", "tun0 tun", "sec0 macsec >eth0"];
        let host = Host::new(&lines, "eth0");
        assert_eq!(host.standing("any"), [COUNTED, COUNTED, "~ eth1", "~ eth1", "~ eth0", "~ eth0", COUNTED]);
        assert_eq!(host.standing("eth0 vx0 gre1"), [COUNTED; 3], "its carrier is not watched");
        assert_eq!(host.standing("wg0"), [COUNTED]);
        let whole = Host::new(&["eth0", "tun0 tun"], "tun0");
        assert_eq!(whole.standing("any"), [COUNTED, COUNTED], "where its packets go is not known");
        let bridged = Host::new(&["eth0", "vx0 vxlan >eth0 ^br0", "br0 bridge", "veth1 veth ^br0"], "eth0");
        assert_eq!(bridged.standing("any"), [COUNTED, "~ eth0", "~ eth0", "~ eth0"]);
    }

    #[test]
    fn containers_links_lie_on_the_way_out() {
        let docker = Host::new(&["eth0", "docker0 bridge", "veth1 veth ^docker0", "cali1 veth"], "eth0");
        assert_eq!(docker.standing("any"), [COUNTED, "~ eth0", "~ eth0", "~ eth0"]);
        assert_eq!(docker.standing("docker0"), [COUNTED]);
        assert_eq!(docker.standing("docker0 veth1"), ["= veth1", COUNTED], "the same frames, and no way out");
        let container = Host::new(&["eth0 veth", "eth1 veth"], "eth0");
        assert_eq!(container.standing("any"), [COUNTED, COUNTED], "two ways out of a container");
        let no_way_out = Host::new(&["eth0", "docker0 bridge"], "-");
        assert_eq!(no_way_out.standing("any"), [COUNTED, COUNTED]);
    }

    #[test]
    fn of_a_pair_one_end_counts() {
        let host = Host::new(&["a veth >b", "b veth >a"], "-");
        assert_eq!(host.standing("any"), [COUNTED, "= a"]);
        let bridged = Host::new(&["a veth >b", "b veth >a ^br0", "br0 bridge", "eth0 ^br0"], "a");
        assert_eq!(bridged.standing("any"), ["~ eth0", "~ eth0", "= eth0", COUNTED]);
    }

    #[test]
    fn rings_end_and_one_of_them_counts() {
        let host = Host::new(&["a vlan >b", "b vlan >a"], "-");
        assert_eq!(host.standing("any").len(), 2);
        assert_eq!(Devices::default().place(3, &HashSet::from([3])), Place::default());
    }
}
