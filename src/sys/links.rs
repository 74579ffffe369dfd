//! How network devices stand to each other, as rtnetlink(7) tells it: kind, master, lower device, the far end of a tunnel.
//!
//! Layouts: linux/if_link.h, linux/if_tunnel.h and linux/rtnetlink.h. Everything is read by offset from a buffer whose
//! length is checked; what an older kernel does not tell is not known.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::diag::attributes::{attributes, word};
use super::diag::{NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, messages};
use super::netlink::{Netlink, Topic};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
/// `struct ifinfomsg` and `struct rtmsg`.
const LINK_BODY: usize = 16;
const ROUTE_BODY: usize = 12;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
/// `IFLA_TUN_TYPE`, and its value for a device of Ethernet frames.
const IFLA_TUN_TYPE: u16 = 3;
const IFF_TAP: u8 = 2;
/// `NLA_TYPE_MASK`: the upper two bits of an attribute's type are flags.
const TYPE_MASK: u16 = 0x3fff;
/// Larger than any datagram of a dump (the kernel fills at most 32 KiB).
const BUFFER: usize = 64 * 1024;
/// Devices that are read at most.
const MOST: usize = 16_384;

/// A network device and those it has to do with, by the kernel's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    pub index: u32,
    pub name: String,
    /// What the driver calls itself (`ip -d link`): `bridge`, `veth`, `vxlan`. Empty for hardware.
    pub kind: String,
    /// The bridge, bond or VRF that it is a member of.
    pub master: Option<u32>,
    /// The device it lies on, or the other end of its pair, if that is in this network namespace.
    pub lower: Option<u32>,
    /// That device is in another network namespace.
    pub is_lower_elsewhere: bool,
    /// The address at the far end of a tunnel.
    pub far_end: Option<IpAddr>,
    /// A `tun` device of Ethernet frames.
    pub is_tap: bool,
}

/// The attributes of a device's kind that name a lower device and the tunnel's far end (linux/if_link.h, linux/if_tunnel.h).
const TUNNELS: &[(&[&str], &[u16], &[u16])] = &[
    (&["vxlan"], &[3], &[2, 16]),
    (&["geneve"], &[], &[2, 7]),
    (&["gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan"], &[1], &[7]),
    (&["ipip", "sit", "ip6tnl"], &[1], &[3]),
    (&["vti", "vti6"], &[1], &[5]),
    (&["xfrm"], &[1], &[]),
];

impl Link {
    /// Reads the body of an `RTM_NEWLINK`.
    fn parse(body: &[u8]) -> Option<Self> {
        let index = u32::from_ne_bytes(body.get(4..8)?.try_into().ok()?);
        let mut link = Self { index, ..Self::default() };
        let mut info: &[u8] = &[];
        for (kind, value) in attributes(body.get(LINK_BODY..)?) {
            match kind & TYPE_MASK {
                IFLA_IFNAME => link.name = text(value),
                IFLA_LINK => link.lower = Some(word(value, 0)),
                IFLA_MASTER => link.master = Some(word(value, 0)),
                IFLA_LINK_NETNSID => link.is_lower_elsewhere = true,
                IFLA_LINKINFO => info = value,
                _ => {}
            }
        }
        link.read_info(info);
        // The number is that of another namespace, where it means another device.
        if link.is_lower_elsewhere {
            link.lower = None;
        }
        link.lower = link.lower.filter(|lower| *lower != 0 && *lower != index);
        link.master = link.master.filter(|master| *master != 0);
        Some(link)
    }

    fn read_info(&mut self, info: &[u8]) {
        let part = |wanted| attributes(info).find(|(kind, _)| kind & TYPE_MASK == wanted).map(|(_, value)| value);
        self.kind = part(IFLA_INFO_KIND).map(text).unwrap_or_default();
        let data = part(IFLA_INFO_DATA).unwrap_or_default();
        if self.kind == "tun" {
            self.is_tap =
                attributes(data).any(|(kind, value)| kind == IFLA_TUN_TYPE && value.first() == Some(&IFF_TAP));
        }
        let Some((_, lowers, ends)) = TUNNELS.iter().find(|(kinds, ..)| kinds.contains(&self.kind.as_str())) else {
            return;
        };
        for (kind, value) in attributes(data) {
            let kind = kind & TYPE_MASK;
            if lowers.contains(&kind) {
                self.lower = self.lower.or(Some(word(value, 0)));
            } else if ends.contains(&kind) {
                self.far_end = self.far_end.or_else(|| address(value));
            }
        }
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// An address that is one host's: tunnels without a fixed far end have the unspecified one, or a group.
fn address(value: &[u8]) -> Option<IpAddr> {
    let ip: IpAddr = match value.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into(),
        _ => return None,
    };
    (!ip.is_unspecified() && !ip.is_multicast()).then_some(ip)
}

/// A line to the kernel for asking about devices and routes of this network namespace. Needs no rights.
#[derive(Debug)]
pub struct Routes {
    socket: Netlink,
    buffer: Vec<u8>,
}

impl Routes {
    pub fn open() -> io::Result<Self> {
        Ok(Self { socket: Netlink::open(Topic::Routes)?, buffer: vec![0; BUFFER] })
    }

    /// All devices. One that changes while the list is written may be missing; news of the change follows.
    pub fn links(&mut self) -> io::Result<Vec<Link>> {
        self.socket.send(&request(RTM_GETLINK, NLM_F_DUMP, &[0; LINK_BODY], None))?;
        let mut links = Vec::new();
        // Each read makes the kernel write the next part, so that silence is the end too.
        while let Some(received) = self.socket.receive(&mut self.buffer)? {
            for (kind, body) in messages(self.buffer.get(..received.len).unwrap_or_default()) {
                match kind {
                    RTM_NEWLINK if links.len() < MOST => links.extend(Link::parse(body)),
                    NLMSG_DONE => return Ok(links),
                    NLMSG_ERROR => return Err(refused(body)),
                    _ => {}
                }
            }
        }
        Ok(links)
    }

    /// The device by which packets to an address leave; `None` where there is no way.
    pub fn way_to(&mut self, ip: IpAddr) -> io::Result<Option<u32>> {
        let (family, octets) = match ip {
            IpAddr::V4(ip) => (libc::AF_INET as u8, ip.octets().to_vec()),
            IpAddr::V6(ip) => (libc::AF_INET6 as u8, ip.octets().to_vec()),
        };
        let mut body = [0; ROUTE_BODY];
        body[0] = family;
        body[1] = octets.len() as u8 * 8;
        self.socket.send(&request(RTM_GETROUTE, 0, &body, Some((RTA_DST, &octets))))?;
        // The answer, one datagram, was there before the request returned.
        let Some(received) = self.socket.receive(&mut self.buffer)? else { return Ok(None) };
        let answer = messages(self.buffer.get(..received.len).unwrap_or_default());
        let way = answer.filter(|(kind, _)| *kind == RTM_NEWROUTE).find_map(|(_, body)| {
            let (_, value) = attributes(body.get(ROUTE_BODY..)?).find(|(kind, _)| *kind == RTA_OIF)?;
            Some(word(value, 0))
        });
        Ok(way)
    }
}

fn refused(body: &[u8]) -> io::Error {
    io::Error::from_raw_os_error(word(body, 0).cast_signed().saturating_neg())
}

/// A `struct nlmsghdr` with a body, and one attribute of a length that needs no padding.
fn request(kind: u16, flags: u16, body: &[u8], attribute: Option<(u16, &[u8])>) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(body);
    if let Some((kind, value)) = attribute {
        bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
    }
    let len = bytes.len() as u32;
    bytes[..4].copy_from_slice(&len.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [(4 + value.len() as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// The body of an `RTM_NEWLINK`.
    fn body(index: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; LINK_BODY];
        bytes[4..8].copy_from_slice(&index.to_ne_bytes());
        bytes.extend(attributes.concat());
        bytes
    }

    fn info(kind: &str, data: &[Vec<u8>]) -> Vec<u8> {
        let parts = [attribute(IFLA_INFO_KIND, kind.as_bytes()), attribute(IFLA_INFO_DATA | 0x8000, &data.concat())];
        attribute(IFLA_LINKINFO | 0x8000, &parts.concat())
    }

    #[test]
    fn reads_what_a_device_lies_on() {
        let number = |number: u32| number.to_ne_bytes();
        let vlan = body(7, &[attribute(IFLA_IFNAME, b"eth0.5\0"), attribute(IFLA_LINK, &number(2)), info("vlan", &[])]);
        let vlan = Link::parse(&vlan).unwrap();
        assert_eq!((vlan.name.as_str(), vlan.kind.as_str(), vlan.index, vlan.lower), ("eth0.5", "vlan", 7, Some(2)));
        let slave = Link::parse(&body(3, &[attribute(IFLA_IFNAME, b"eth1\0"), attribute(IFLA_MASTER, &number(9))]));
        assert_eq!(slave.map(|one| (one.kind, one.master)), Some((String::new(), Some(9))));
        let elsewhere = [attribute(IFLA_LINK, &number(2)), attribute(IFLA_LINK_NETNSID, &number(0)), info("veth", &[])];
        let veth = Link::parse(&body(4, &elsewhere)).unwrap();
        assert_eq!((veth.lower, veth.is_lower_elsewhere), (None, true));
    }

    #[test]
    fn reads_the_far_end_of_a_tunnel() {
        let number = |number: u32| number.to_ne_bytes();
        let end = |kind: &str, data: &[Vec<u8>]| {
            let link = Link::parse(&body(5, &[info(kind, data)])).unwrap();
            (link.lower, link.far_end.map(|ip| ip.to_string()))
        };
        let far = attribute(2, &[10, 0, 0, 2]);
        assert_eq!(end("vxlan", &[far, attribute(3, &number(2))]), (Some(2), Some("10.0.0.2".to_owned())));
        assert_eq!(end("vxlan", &[attribute(2, &[239, 1, 1, 1])]), (None, None), "a group is no host");
        assert_eq!(end("gre", &[attribute(7, &[192, 0, 2, 7])]), (None, Some("192.0.2.7".to_owned())));
        assert_eq!(
            end("ip6gre", &[attribute(7, &[0xfd; 16])]).1.as_deref(),
            Some("fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd")
        );
        assert_eq!(end("sit", &[attribute(3, &[192, 0, 2, 8])]), (None, Some("192.0.2.8".to_owned())));
        assert_eq!(end("wireguard", &[]), (None, None));
        assert!(Link::parse(&body(5, &[info("tun", &[attribute(IFLA_TUN_TYPE, &[IFF_TAP])])])).unwrap().is_tap);
        assert!(!Link::parse(&body(5, &[info("tun", &[attribute(IFLA_TUN_TYPE, &[1])])])).unwrap().is_tap);
    }

    #[test]
    fn a_message_cut_short_is_no_device_or_a_poorer_one() {
        let whole = body(7, &[attribute(IFLA_IFNAME, b"eth0\0"), info("vlan", &[attribute(2, &[1, 2, 3, 4])])]);
        for len in 0..whole.len() {
            assert_eq!(Link::parse(&whole[..len]).is_some(), len >= LINK_BODY, "{len}");
        }
    }

    #[test]
    fn lists_the_loopback_and_the_way_to_itself() {
        let mut routes = Routes::open().unwrap();
        let links = routes.links().unwrap();
        let lo = links.iter().find(|one| one.name == "lo").expect("every namespace has a loopback");
        assert_eq!((lo.kind.as_str(), lo.master, lo.lower), ("", None, None));
        assert_eq!(routes.way_to("127.0.0.1".parse().unwrap()).unwrap(), Some(lo.index));
    }
}
