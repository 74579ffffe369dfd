//! The interfaces of this network namespace: addresses, state, the kernel's counters, and which one to watch by default.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;

use crate::model::{InterfaceCounters, InterfaceId, InterfaceInfo, Label};

/// The name that stands for every interface there is.
pub const ANY: &str = "any";

/// An interface as the system has it at present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number; a name that is made anew gets another one.
    pub index: u32,
    pub name: String,
    pub addresses: Vec<IpAddr>,
    pub is_loopback: bool,
    /// Set up by the administrator (`IFF_UP`).
    pub is_up: bool,
    /// Has carrier (`IFF_LOWER_UP`).
    pub has_carrier: bool,
    pub counters: Option<InterfaceCounters>,
}

impl Interface {
    pub fn info(&self, id: InterfaceId) -> InterfaceInfo {
        InterfaceInfo {
            id,
            name: Label::new(&self.name),
            addresses: self.addresses.clone(),
            is_loopback: self.is_loopback,
            is_up: self.is_up && self.has_carrier,
            counters: self.counters,
            ..InterfaceInfo::default()
        }
    }
}

/// All interfaces, in the kernel's order. Needs no rights.
pub fn list() -> Vec<Interface> {
    let counters = counters();
    let mut found: Vec<Interface> = Vec::new();
    for one in pnet::datalink::interfaces() {
        // An address may carry a label of its own, `eth0:1`; the kernel gives it the number of its interface.
        if one.index == 0 {
            continue;
        }
        let addresses = one.ips.iter().map(pnet::ipnetwork::IpNetwork::ip);
        if let Some(known) = found.iter_mut().find(|known| known.index == one.index) {
            known.addresses.extend(addresses);
            continue;
        }
        found.push(Interface {
            index: one.index,
            addresses: addresses.collect(),
            is_loopback: one.is_loopback(),
            is_up: one.is_up(),
            has_carrier: one.is_lower_up(),
            counters: counters.get(&one.name).copied(),
            name: one.name,
        });
    }
    for one in &mut found {
        one.addresses.sort_unstable();
        one.addresses.dedup();
    }
    found
}

/// The kernel's counters of every interface, by name.
///
/// `/proc/thread-self/net/dev` has the same numbers as `/sys/class/net/IF/statistics`, but always those of this
/// thread's network namespace, while `/sys` shows the namespace it was mounted in.
pub fn counters() -> HashMap<String, InterfaceCounters> {
    read_counters(&fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default())
}

fn read_counters(text: &str) -> HashMap<String, InterfaceCounters> {
    text.lines()
        .filter_map(|line| {
            let (name, numbers) = line.split_once(':')?;
            let numbers: Vec<u64> = numbers.split_whitespace().map_while(|word| word.parse().ok()).collect();
            let counters = InterfaceCounters {
                bytes_in: *numbers.first()?,
                packets_in: *numbers.get(1)?,
                bytes_out: *numbers.get(8)?,
                packets_out: *numbers.get(9)?,
            };
            Some((name.trim().to_owned(), counters))
        })
        .collect()
}

/// The interface to watch when none is named: the one that the default route leaves by, else the first that is up
/// and not a loopback, dummy or the like.
pub fn default_of(interfaces: &[Interface]) -> Option<&Interface> {
    choose(interfaces, default_route().as_deref())
}

/// The interface of the default route, that of IPv4 first.
pub fn default_route() -> Option<String> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    default_route_v4(&read("/proc/thread-self/net/route"))
        .or_else(|| default_route_v6(&read("/proc/thread-self/net/ipv6_route")))
}

fn choose<'a>(interfaces: &'a [Interface], routed: Option<&str>) -> Option<&'a Interface> {
    let by_route = routed.and_then(|name| interfaces.iter().find(|one| one.name == name));
    let usual = |one: &&Interface| one.is_up && !one.is_loopback && !is_stand_in(&one.name);
    let addressed = |one: &&Interface| usual(one) && !one.addresses.is_empty();
    by_route.or_else(|| interfaces.iter().find(addressed)).or_else(|| interfaces.iter().find(usual))
}

/// Interfaces that carry nothing of their own. iftop passes over the same kinds.
fn is_stand_in(name: &str) -> bool {
    ["dummy", "ifb", "vmnet", "gif", "stf"].iter().any(|kind| name.starts_with(kind))
}

/// The interface of the IPv4 default route with the lowest metric: `/proc/net/route`.
fn default_route_v4(text: &str) -> Option<String> {
    let routes = text.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_default = *words.get(1)? == "00000000" && *words.get(7)? == "00000000";
        is_default.then_some((words.get(6)?.parse::<u64>().ok()?, (*words.first()?).to_owned()))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

/// The interface of the IPv6 default route with the lowest metric: `/proc/net/ipv6_route`. The loopback's is the
/// route that rejects.
fn default_route_v6(text: &str) -> Option<String> {
    let routes = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_default = words.first()?.bytes().all(|digit| digit == b'0') && *words.get(1)? == "00";
        let name = words.get(9).filter(|name| **name != "lo")?;
        is_default.then_some((u64::from_str_radix(words.get(5)?, 16).ok()?, (*name).to_owned()))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, is_up: bool, addresses: &[&str]) -> Interface {
        Interface {
            name: name.to_owned(),
            is_up,
            is_loopback: name == "lo",
            addresses: addresses.iter().map(|one| one.parse().unwrap()).collect(),
            ..Interface::default()
        }
    }

    #[test]
    fn chooses_the_way_out() {
        let all = [
            one("lo", true, &["127.0.0.1"]),
            one("ifb0", true, &["10.0.0.1"]),
            one("eth0", false, &[]),
            one("eth1", true, &[]),
            one("eth2", true, &["10.1.0.1"]),
        ];
        let chosen = |routed| choose(&all, routed).map(|one| one.name.as_str());
        assert_eq!(chosen(Some("eth1")), Some("eth1"));
        assert_eq!(chosen(Some("gone")), Some("eth2"));
        assert_eq!(chosen(None), Some("eth2"));
        assert_eq!(choose(&all[..4], None).map(|one| one.name.as_str()), Some("eth1"));
        assert_eq!(choose(&all[..3], None), None);
    }

    #[test]
    fn reads_the_default_route() {
        let v4 = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
                  wlan0 00000000 0100A8C0 0003 0 0 600 00000000 0 0 0\n\
                  eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0\n\
                  eth1 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";
        assert_eq!(default_route_v4(v4).as_deref(), Some("eth0"));
        assert_eq!(default_route_v4("Iface\n"), None);
        let zero = "0".repeat(32);
        let route = |metric, name| format!("{zero} 00 {zero} 00 {zero} {metric} 1 0 3 {name}\n");
        let v6 = [route("ffffffff", "lo"), route("00000400", "eth0"), route("00000100", "eth1")].concat();
        assert_eq!(default_route_v6(&v6).as_deref(), Some("eth1"));
        assert_eq!(default_route_v6(&route("ffffffff", "lo")), None);
    }

    #[test]
    fn reads_the_counters() {
        let text = "Inter-|   Receive    |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
                    \x20   lo:     100       2    0    0    0     0          0         0      300       4    0    0    0     0       0          0\n";
        let read = read_counters(text);
        assert_eq!(read.len(), 1);
        let lo = InterfaceCounters { bytes_in: 100, packets_in: 2, bytes_out: 300, packets_out: 4 };
        assert_eq!(read["lo"], lo);
    }

    #[test]
    fn lists_the_loopback() {
        let all = list();
        let lo = all.iter().find(|one| one.is_loopback).expect("every namespace has a loopback");
        assert!(lo.index > 0 && lo.counters.is_some());
    }
}
