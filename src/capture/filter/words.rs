//! The vocabulary of capture filters: protocols, named numbers, services, and the words that are refused.

use std::fs;

/// A protocol that has a word of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    pub(super) word: &'static str,
    pub(super) layer: Layer,
}

/// Where a protocol lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The link layer itself.
    Link,
    /// Named by an EtherType, or an LLC service access point where it is at most 1500.
    Ether(u32),
    /// Named by an IP protocol number, in IPv4, IPv6 or both.
    Ip { number: u8, v4: bool, v6: bool },
}

const fn ether(word: &'static str, number: u32) -> Protocol {
    Protocol { word, layer: Layer::Ether(number) }
}

const fn both(word: &'static str, number: u8) -> Protocol {
    Protocol { word, layer: Layer::Ip { number, v4: true, v6: true } }
}

const fn v4(word: &'static str, number: u8) -> Protocol {
    Protocol { word, layer: Layer::Ip { number, v4: true, v6: false } }
}

/// EtherTypes that lowering asks for by name.
pub(super) mod ethertype {
    pub(in super::super) const IP: u32 = 0x0800;
    pub(in super::super) const IP6: u32 = 0x86dd;
    pub(in super::super) const ARP: u32 = 0x0806;
    pub(in super::super) const RARP: u32 = 0x8035;
    pub(in super::super) const MPLS: u32 = 0x8847;
    pub(in super::super) const PPPOE_DISCOVERY: u32 = 0x8863;
    pub(in super::super) const PPPOE_SESSION: u32 = 0x8864;
    /// 802.1Q, 802.1ad, and the number QinQ used before it.
    pub(in super::super) const TAGS: [u32; 3] = [0x8100, 0x88a8, 0x9100];
}

/// IP protocol numbers that carry ports at the same place.
pub(super) const WITH_PORTS: [u8; 3] = [132, 6, 17];

/// Every protocol word of pcap-filter(7) that egret knows, and `gre`.
pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol { word: "ether", layer: Layer::Link },
    Protocol { word: "link", layer: Layer::Link },
    ether("ip", ethertype::IP),
    ether("ip6", ethertype::IP6),
    ether("arp", ethertype::ARP),
    ether("rarp", ethertype::RARP),
    ether("decnet", 0x6003),
    ether("lat", 0x6004),
    ether("mopdl", 0x6001),
    ether("moprc", 0x6002),
    ether("stp", 0x42),
    both("tcp", 6),
    both("udp", 17),
    both("sctp", 132),
    both("ah", 51),
    both("esp", 50),
    both("gre", 47),
    both("pim", 103),
    v4("icmp", 1),
    v4("igmp", 2),
    v4("igrp", 9),
    v4("vrrp", 112),
    v4("carp", 112),
    Protocol { word: "icmp6", layer: Layer::Ip { number: 58, v4: false, v6: true } },
];

pub(super) fn protocol(word: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.word == word)
}

/// IP protocol names of /etc/protocols that `proto` takes besides the words above (IANA registry).
const IP_PROTOCOLS: &[(&str, u32)] = &[
    ("ip", 0),
    ("hopopt", 0),
    ("ipencap", 4),
    ("ipip", 94),
    ("egp", 8),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("ipv6-icmp", 58),
    ("icmp6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("l2tp", 115),
    ("udplite", 136),
    ("mpls-in-ip", 137),
];

/// The number of an IP protocol by name.
pub(super) fn ip_protocol(name: &str) -> Option<u32> {
    let by_word = protocol(name).and_then(|protocol| match protocol.layer {
        Layer::Ip { number, .. } => Some(u32::from(number)),
        _ => None,
    });
    by_word.or_else(|| IP_PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number))
}

/// The EtherType of a protocol by name.
pub(super) fn ether_protocol(name: &str) -> Option<u32> {
    match protocol(name).map(|protocol| protocol.layer) {
        Some(Layer::Ether(number)) => Some(number),
        _ if name == "loopback" => Some(0x9000),
        _ => None,
    }
}

/// Named numbers for byte expressions (pcap-filter(7)).
const NUMBERS: &[(&str, u32)] = &[
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("tcpflags", 13),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148),
    ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151),
    ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
];

pub(super) fn named_number(word: &str) -> Option<u32> {
    NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

/// A number as pcap-filter(7) writes it: decimal, `0x` hexadecimal, or octal after a leading 0.
pub(super) fn number(word: &str) -> Option<u32> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        let digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)?;
        return u32::from_str_radix(digits, 16).ok();
    }
    if !word.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match word.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => u32::from_str_radix(digits, 8).ok(),
        _ => word.parse().ok(),
    }
}

/// Words of pcap-filter(7) that egret does not take, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("gateway", "it needs a name look-up; write `ether host MAC and not host ADDRESS`"),
    ("protochain", "it needs a loop, which no kernel filter may have; use `proto`"),
    ("ifname", "it filters pf logs; choose interfaces with -i"),
    ("on", "it filters pf logs; choose interfaces with -i"),
    ("ifindex", "choose interfaces with -i"),
    ("rnr", "it filters pf logs"),
    ("rulenum", "it filters pf logs"),
    ("reason", "it filters pf logs"),
    ("rset", "it filters pf logs"),
    ("ruleset", "it filters pf logs"),
    ("srnr", "it filters pf logs"),
    ("subrulenum", "it filters pf logs"),
    ("action", "it filters pf logs"),
    ("fddi", "egret reads no FDDI"),
    ("tr", "egret reads no token ring"),
    ("wlan", "egret reads no 802.11 frames"),
    ("type", "egret reads no 802.11 frames"),
    ("subtype", "egret reads no 802.11 frames"),
    ("radio", "egret reads no 802.11 frames"),
    ("ra", "egret reads no 802.11 frames"),
    ("ta", "egret reads no 802.11 frames"),
    ("addr1", "egret reads no 802.11 frames"),
    ("addr2", "egret reads no 802.11 frames"),
    ("addr3", "egret reads no 802.11 frames"),
    ("addr4", "egret reads no 802.11 frames"),
    ("lane", "egret reads no ATM"),
    ("vpi", "egret reads no ATM"),
    ("vci", "egret reads no ATM"),
    ("llc", "write `ether[12:2] <= 1500`"),
    ("iso", "write `ether[14:2] = 0xfefe`"),
    ("netbeui", "write `ether[14:2] = 0xf0f0`"),
    ("ipx", "write `ether proto 0x8137`"),
    ("atalk", "write `ether proto 0x809b`"),
    ("aarp", "write `ether proto 0x80f3`"),
    ("geneve", "write `udp port 6081`"),
    ("vxlan", "write `udp port 4789`"),
];

/// Why a word is not taken.
pub(super) fn refusal(word: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(refused, _)| *refused == word).map(|(_, why)| *why)
}

/// Words that begin or continue a primitive: never a value.
const KEYWORDS: &[&str] = &[
    "host",
    "net",
    "mask",
    "port",
    "portrange",
    "proto",
    "src",
    "dst",
    "less",
    "greater",
    "len",
    "length",
    "broadcast",
    "multicast",
    "inbound",
    "outbound",
    "vlan",
    "mpls",
    "pppoes",
    "pppoed",
];

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) || protocol(word).is_some() || refusal(word).is_some()
}

/// A service: its port, and the IP protocols it is registered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) port: u16,
    pub(super) over: Vec<u8>,
}

/// A service by name, from services(5) of this machine.
pub(super) fn service(name: &str) -> Option<Service> {
    service_in(&fs::read_to_string("/etc/services").ok()?, name)
}

/// A service by name from the text of services(5). A name with different ports for different protocols
/// cannot be one port, so only the first port counts, as for getservbyname(3).
fn service_in(text: &str, name: &str) -> Option<Service> {
    let mut found: Option<Service> = None;
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(official), Some(port)) = (words.next(), words.next()) else { continue };
        if official != name && !words.any(|alias| alias == name) {
            continue;
        }
        let Some((port, transport)) = port.split_once('/') else { continue };
        let (Ok(port), Some(over)) = (port.parse::<u16>(), transport_number(transport)) else { continue };
        let service = found.get_or_insert_with(|| Service { port, over: Vec::new() });
        if service.port == port && !service.over.contains(&over) {
            service.over.push(over);
        }
    }
    found
}

fn transport_number(name: &str) -> Option<u8> {
    match name {
        "tcp" => Some(6),
        "udp" => Some(17),
        "sctp" => Some(132),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_pcap_filter_reads_them() {
        assert_eq!(number("80"), Some(80));
        assert_eq!(number("0x50"), Some(80));
        assert_eq!(number("010"), Some(8));
        assert_eq!(number("0"), Some(0));
        for wrong in ["", "08", "0x", "0xg", "+1", "1_0", "4294967296", "0x+1"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn services_come_with_their_protocols() {
        let text = "# comment\nssh 22/tcp # login\ndomain\t53/tcp\ndomain 53/udp nameserver\nodd\nbad x/tcp\n";
        assert_eq!(service_in(text, "ssh"), Some(Service { port: 22, over: vec![6] }));
        assert_eq!(service_in(text, "domain"), Some(Service { port: 53, over: vec![6, 17] }));
        assert_eq!(service_in(text, "nameserver"), Some(Service { port: 53, over: vec![17] }));
        assert_eq!(service_in(text, "bad"), None);
        assert_eq!(service_in(text, "login"), None);
    }
}
