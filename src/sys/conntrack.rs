//! Address translation, by the kernel's table of tracked connections (linux/netfilter/nfnetlink_conntrack.h).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::diag::attributes::attributes;
use super::diag::messages;
use super::netlink::{Netlink, Topic};
use crate::model::{Endpoint, Protocol};

/// `IPCTNL_MSG_CT_GET` and `IPCTNL_MSG_CT_NEW` of `NFNL_SUBSYS_CTNETLINK`.
const GET: u16 = 0x0101;
const NEW: u16 = 0x0100;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NESTED: u16 = 0x8000;
/// `struct nlmsghdr` and `struct nfgenmsg`.
const HEADER: usize = 16;
const FAMILY: usize = 4;
/// `CTA_TUPLE_ORIG` and `CTA_TUPLE_REPLY`; within one of them `CTA_TUPLE_IP` and `CTA_TUPLE_PROTO`.
const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const IP: u16 = 1;
const PROTO: u16 = 2;
/// `CTA_IP_V4_SRC` to `CTA_IP_V6_DST`.
const V4: [u16; 2] = [1, 2];
const V6: [u16; 2] = [3, 4];
/// `CTA_PROTO_NUM`, `CTA_PROTO_SRC_PORT`, `CTA_PROTO_DST_PORT`.
const NUMBER: u16 = 1;
const PORTS: [u16; 2] = [2, 3];
/// There while connections are tracked in this network namespace.
const IN_USE: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const BUFFER: usize = 8 * 1024;

/// One way of a connection: where its packets come from and go to.
type Way = (Endpoint, Endpoint);

/// A line to the kernel for asking about tracked connections of this network namespace.
#[derive(Debug)]
pub struct Conntrack {
    socket: Netlink,
    buffer: Vec<u8>,
}

impl Conntrack {
    /// Opens it in the calling thread's network namespace. Asking needs `CAP_NET_ADMIN`.
    ///
    /// # Errors
    ///
    /// `NotFound` where nothing is tracked: asking would make the kernel begin to.
    pub fn open() -> io::Result<Self> {
        std::fs::metadata(IN_USE)?;
        Ok(Self { socket: Netlink::open(Topic::Netfilter)?, buffer: vec![0; BUFFER] })
    }

    /// What the ends of a connection are behind the translation, ours first, as they are seen here in front of it.
    /// `None` where it is not tracked or nothing is translated.
    pub fn behind(&mut self, protocol: Protocol, ours: Endpoint, theirs: Endpoint) -> io::Result<Option<Way>> {
        // As packets come in: that is the way there of what is let in, and the way back of what is masqueraded.
        self.socket.send(&request(protocol, (theirs, ours)))?;
        let Some(received) = self.socket.receive(&mut self.buffer)? else { return Ok(None) };
        for (kind, body) in messages(self.buffer.get(..received.len).unwrap_or_default()) {
            match kind {
                NEW => return Ok(behind(body, (theirs, ours))),
                NLMSG_ERROR => return refused(body),
                _ => {}
            }
        }
        Ok(None)
    }
}

/// Why there is no answer: a connection that is not tracked is none.
fn refused(body: &[u8]) -> io::Result<Option<Way>> {
    let code = body.get(..4).and_then(|code| code.try_into().ok()).map_or(0, i32::from_ne_bytes);
    match code.saturating_neg() {
        0 | libc::ENOENT => Ok(None),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn request(protocol: Protocol, (from, to): Way) -> Vec<u8> {
    let is_v4 = from.ip.is_ipv4();
    let octets = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let [source, destination] = if is_v4 { V4 } else { V6 };
    let ip = [attribute(source, &octets(from.ip)), attribute(destination, &octets(to.ip))].concat();
    let [source, destination] = PORTS;
    let proto = [
        attribute(NUMBER, &[protocol.number()]),
        attribute(source, &from.port.to_be_bytes()),
        attribute(destination, &to.port.to_be_bytes()),
    ];
    let tuple = [attribute(IP | NESTED, &ip), attribute(PROTO | NESTED, &proto.concat())].concat();
    let tuple = attribute(ORIGINAL | NESTED, &tuple);
    let mut message = Vec::with_capacity(HEADER + FAMILY + tuple.len());
    message.extend(((HEADER + FAMILY + tuple.len()) as u32).to_ne_bytes());
    message.extend(GET.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend([if is_v4 { libc::AF_INET } else { libc::AF_INET6 } as u8, 0, 0, 0]);
    message.extend(tuple);
    message
}

/// An attribute, with what fills it up to the next.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The ends behind the translation of a connection one of whose ways is `seen`.
fn behind(body: &[u8], seen: Way) -> Option<Way> {
    let mut ways = [None, None];
    for (kind, value) in attributes(body.get(FAMILY..)?) {
        match kind & !NESTED {
            ORIGINAL => ways[0] = way(value),
            REPLY => ways[1] = way(value),
            _ => {}
        }
    }
    let [original, reply] = [ways[0]?, ways[1]?];
    let inner = if reply == seen { original } else { reply };
    (inner != (seen.1, seen.0)).then_some(inner)
}

fn way(tuple: &[u8]) -> Option<Way> {
    let mut ips = [None, None];
    let mut ports = [0; 2];
    for (kind, nested) in attributes(tuple) {
        for (inner, value) in attributes(nested) {
            let place = |of: [u16; 2]| of.iter().position(|one| *one == inner & !NESTED);
            match kind & !NESTED {
                IP => {
                    let at = place(V4).or_else(|| place(V6))?;
                    *ips.get_mut(at)? = Some(ip(value)?);
                }
                PROTO => {
                    if let Some(port) = place(PORTS).and_then(|at| ports.get_mut(at)) {
                        *port = u16::from_be_bytes(value.try_into().ok()?);
                    }
                }
                _ => {}
            }
        }
    }
    Some((Endpoint::new(ips[0]?, ports[0]), Endpoint::new(ips[1]?, ports[1])))
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(|octets| Ipv4Addr::from(octets).into()),
        16 => <[u8; 16]>::try_from(value).ok().map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Endpoint {
        let at: std::net::SocketAddr = text.parse().unwrap();
        Endpoint::new(at.ip(), at.port())
    }

    /// What the kernel answers, made of requests: the tuples have one form.
    fn answer(original: Way, reply: Way) -> Vec<u8> {
        let mut bytes = vec![0; FAMILY];
        for (kind, way) in [(ORIGINAL, original), (REPLY, reply)] {
            let tuple = request(Protocol::TCP, way);
            bytes.extend(attribute(kind | NESTED, &tuple[HEADER + FAMILY + 4..]));
        }
        bytes
    }

    #[test]
    fn tells_what_is_behind_for_both_ways_and_both_families() {
        for (host, inside, far) in [
            ("192.0.2.1:5000", "10.0.0.2:5000", "198.51.100.7:443"),
            ("[2001:db8::1]:5000", "[fd00::2]:6000", "[2001:db8:9::7]:443"),
        ] {
            let (host, inside, far) = (end(host), end(inside), end(far));
            // Masqueraded: it began inside.
            assert_eq!(behind(&answer((inside, far), (far, host)), (far, host)), Some((inside, far)));
            // Let in: it began outside.
            assert_eq!(behind(&answer((far, host), (inside, far)), (far, host)), Some((inside, far)));
            // Tracked, and nothing is translated.
            assert_eq!(behind(&answer((host, far), (far, host)), (far, host)), None);
        }
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let (host, inside, far) = (end("192.0.2.1:5000"), end("10.0.0.2:5000"), end("198.51.100.7:443"));
        let whole = answer((inside, far), (far, host));
        // The last byte but two is the last of a port; what fills up behind it may be missing.
        for len in 0..whole.len() - 2 {
            assert_eq!(behind(&whole[..len], (far, host)), None, "{len} bytes");
        }
        assert!(refused(&(-libc::ENOENT).to_ne_bytes()).unwrap().is_none());
        assert_eq!(refused(&(-libc::EPERM).to_ne_bytes()).unwrap_err().raw_os_error(), Some(libc::EPERM));
    }
}
