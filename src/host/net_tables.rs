//! What `/proc/PID/net` tells of a network namespace that sock_diag(7) does not: sockets without ports, and the
//! addresses that are local there.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::model::Protocol;

/// Lines of one file that are read.
const LINES: usize = 4_096;
/// `IPPROTO_RAW`: a socket whose sender writes whole packets, of any protocol.
const ANY: u8 = 255;

/// A raw socket (raw(7)), one for pings (icmp(7)), or a packet socket (packet(7)) that only sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portless {
    protocol: Protocol,
    local: IpAddr,
    remote: IpAddr,
    pub inode: u32,
    pub uid: u32,
}

impl Portless {
    /// Whether it can have sent such packets.
    pub fn fits(&self, protocol: Protocol, ours: IpAddr, theirs: IpAddr) -> bool {
        let is_free = |bound: IpAddr, ip: IpAddr| bound.is_unspecified() || bound == ip;
        let is_meant = self.protocol == protocol || self.protocol.number() == ANY;
        is_meant && self.local.is_ipv4() == ours.is_ipv4() && is_free(self.local, ours) && is_free(self.remote, theirs)
    }
}

/// The sockets without ports. A file that is not there has none.
pub fn portless(net: &Path) -> Vec<Portless> {
    let files = [("raw", None), ("raw6", None), ("icmp", Some(Protocol::ICMP)), ("icmp6", Some(Protocol::ICMPV6))];
    let mut all = Vec::new();
    for (file, protocol) in files {
        let text = fs::read_to_string(net.join(file)).unwrap_or_default();
        all.extend(text.lines().skip(1).take(LINES).filter_map(|line| line_of(line, protocol)));
    }
    let text = fs::read_to_string(net.join("packet")).unwrap_or_default();
    all.extend(text.lines().skip(1).take(LINES).filter_map(writer).flatten());
    all
}

/// A line of `packet`: one that hears no protocol can only send. Of the others, nothing tells listeners from senders.
fn writer(line: &str) -> Option<[Portless; 2]> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, _, _, "0000", _, _, _, uid, inode] = fields[..] else { return None };
    let (uid, inode) = (uid.parse().ok()?, inode.parse().ok()?);
    let of = |ip| Portless { protocol: Protocol::from_number(ANY), local: ip, remote: ip, inode, uid };
    Some([of(Ipv4Addr::UNSPECIFIED.into()), of(Ipv6Addr::UNSPECIFIED.into())])
}

/// A line of `raw` or `icmp`. What stands for the port is the protocol, or the id of the pings.
fn line_of(line: &str, protocol: Option<Protocol>) -> Option<Portless> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, port) = fields.next()?.split_once(':')?;
    let (remote, _) = fields.next()?.split_once(':')?;
    let own = Protocol::from_number(u8::try_from(u16::from_str_radix(port, 16).ok()?).unwrap_or_default());
    let uid = fields.nth(4)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Portless { protocol: protocol.unwrap_or(own), local: ip(local)?, remote: ip(remote)?, inode, uid })
}

/// Words of four bytes, each written as a number of this machine.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(at * 8)?);
    }
    Some(Ipv6Addr::from(bytes).to_canonical())
}

/// The addresses that are local in a namespace, without those of loopback.
pub fn addresses(net: &Path) -> Vec<IpAddr> {
    let v4 = fs::read_to_string(net.join("fib_trie")).unwrap_or_default();
    let v6 = fs::read_to_string(net.join("if_inet6")).unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    let mut last = None;
    for line in v4.lines().take(LINES * 4) {
        if let Some((_, address)) = line.split_once("|-- ") {
            last = address.trim().parse::<IpAddr>().ok();
        } else if line.trim_end().ends_with("/32 host LOCAL") {
            found.extend(last.filter(|ip| !ip.is_loopback()));
        }
    }
    for line in v6.lines().take(LINES) {
        let Some(bits) = line.get(..32).and_then(|hex| u128::from_str_radix(hex, 16).ok()) else { continue };
        let ip = Ipv6Addr::from_bits(bits);
        // Each link has its own of these, and they may be alike.
        if !ip.is_loopback() && !ip.is_unicast_link_local() {
            found.push(ip.into());
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sockets_without_ports() {
        let net = tempfile::tempdir().unwrap();
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let v4 = format!("{:08X}", u32::from_ne_bytes([10, 0, 0, 7]));
        let row = |local: &str, port: &str, inode: u32| {
            let zeros = "0".repeat(local.len());
            format!(
                "   1: {local}:{port} {zeros}:0000 07 00000000:00000000 00:00000000 00000000  1000        0 {inode} 2 0 0\n"
            )
        };
        fs::write(net.path().join("raw"), format!("{head}{}{}", row("00000000", "0001", 5), row(&v4, "00FF", 6)))
            .unwrap();
        fs::write(net.path().join("icmp"), format!("{head}{}short\n", row(&v4, "1234", 7))).unwrap();
        fs::write(net.path().join("icmp6"), format!("{head}{}", row(&"0".repeat(32), "0042", 8))).unwrap();
        let heads = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n";
        let socket = |proto: &str, inode: u32| format!("0000000000000000 3 3 {proto} 2 1 0 1000 {inode}\n");
        fs::write(net.path().join("packet"), format!("{heads}{}{}x\n", socket("0000", 9), socket("0003", 10))).unwrap();
        let all = portless(net.path());
        let fit = |protocol, ours: &str| -> Vec<u32> {
            let (ours, theirs) = (ours.parse().unwrap(), if ours.contains(':') { "::1" } else { "10.0.0.9" });
            all.iter().filter(|one| one.fits(protocol, ours, theirs.parse().unwrap())).map(|one| one.inode).collect()
        };
        assert_eq!(fit(Protocol::ICMP, "10.0.0.7"), [5, 6, 7, 9]);
        assert_eq!(fit(Protocol::ICMP, "10.0.0.8"), [5, 9]);
        assert_eq!(fit(Protocol::SCTP, "10.0.0.7"), [6, 9]);
        assert_eq!(fit(Protocol::ICMPV6, "fd00::1"), [8, 9]);
        assert!(all.iter().all(|one| one.uid == 1000));
    }

    #[test]
    fn reads_local_addresses() {
        let net = tempfile::tempdir().unwrap();
        let trie = "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.0\n        \
                    /24 link UNICAST\n     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n";
        fs::write(net.path().join("fib_trie"), format!("{trie}{trie}")).unwrap();
        let lines = "fe8000000000000000fc00fffe000001 04 40 20 80 eth0\n00000000000000000000000000000001 01 80 10 80 lo\n\
                     fd000000000000000000000000000002 04 40 00 82 eth0\nrubbish\n";
        fs::write(net.path().join("if_inet6"), lines).unwrap();
        let found: Vec<String> = addresses(net.path()).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.2", "fd00::2"]);
        assert_eq!(addresses(&net.path().join("none")), Vec::<IpAddr>::new());
    }
}
