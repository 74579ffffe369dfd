//! The words of the filter language besides the fields: yes-or-no words, and other names for fields.

use std::net::IpAddr;

use crate::model::{Direction, NameSource, Protocol, TcpState, Verdict};
use crate::snapshot::Row;

/// A word that is true or false of a row by itself.
#[derive(Debug)]
pub struct Word {
    pub id: &'static str,
    pub about: &'static str,
    pub holds: fn(&Row) -> bool,
}

const fn word(id: &'static str, about: &'static str, holds: fn(&Row) -> bool) -> Word {
    Word { id, about, holds }
}

/// Every yes-or-no word, in the order that help lists them.
pub static WORDS: &[Word] = &[
    word("known", "covered by a known-good mark", |r| r.mark.is_some()),
    word("new", "a destination or service not seen before", |r| {
        r.verdict == Verdict::New || r.findings.iter().any(|f| NOVEL.contains(&f.detector))
    }),
    word("lit", "has at least one finding that no mark covers", |r| r.score > 0 && r.mark.is_none()),
    word("unusual", "has findings of low or medium severity", |r| r.verdict == Verdict::Unusual),
    word("bad", "has a finding of high severity", |r| r.verdict == Verdict::Bad),
    word("out", "we opened it", |r| r.direction == Direction::Out),
    word("in", "the remote end opened it", |r| r.direction == Direction::In),
    word("transit", "neither end is ours", |r| r.direction == Direction::Transit),
    word("closed", "ended by FIN or reset", |r| matches!(r.state, TcpState::Closed | TcpState::Reset)),
    word("encrypted", "TLS, QUIC, SSH, IPsec, WireGuard, OpenVPN", |r| {
        ENCRYPTED.contains(&r.application.id()) || r.protocol == Some(Protocol::ESP)
    }),
    word("direct", "no name was asked for: SNI, Host and DNS never gave one", |r| {
        r.remote.is_some() && r.name.as_ref().is_none_or(|name| name.source >= NameSource::Hosts)
    }),
    word("public", "the remote address is on the Internet", |r| remote(r).is_some_and(is_public)),
    word("local", "the remote address is private, loopback or link-local", |r| {
        remote(r).is_some_and(|ip| !is_multicast(ip) && !is_public(ip))
    }),
    word("multicast", "the remote address is multicast or broadcast", |r| remote(r).is_some_and(is_multicast)),
];

/// Detectors whose finding means "not seen before".
const NOVEL: [&str; 3] = ["first-contact", "new-service", "new-port"];

const ENCRYPTED: [&str; 9] = ["tls", "quic", "ssh", "dot", "doh", "wireguard", "openvpn", "ike", "ipsec"];

/// Other names that people know the fields by.
pub static ALIASES: &[(&str, &str)] = &[
    ("addr", "host"),
    ("age", "first"),
    ("by", "name_source"),
    ("comm", "owner"),
    ("conns", "flows"),
    ("detector", "alert"),
    ("dir", "direction"),
    ("dport", "port"),
    ("idle", "last"),
    ("inrate", "in2"),
    ("ip", "host"),
    ("lport", "sport"),
    ("outrate", "out2"),
    ("packets", "pkts"),
    ("proc", "owner"),
    ("process", "owner"),
    ("protocol", "proto"),
    ("service", "app"),
    ("user", "uid"),
];

fn remote(row: &Row) -> Option<IpAddr> {
    row.remote.map(|remote| remote.ip.to_canonical())
}

fn is_multicast(ip: IpAddr) -> bool {
    ip.is_multicast() || ip == IpAddr::from([255, 255, 255, 255])
}

/// Whether an address can be reached over the Internet: not one of the ranges that
/// RFC 6890 keeps for special purposes. Those for documentation count: a demo and examples are full of them.
fn is_public(ip: IpAddr) -> bool {
    let special = match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || matches!((a, b, c), (0 | 240.., ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _))
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    !special && !is_multicast(ip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::field;

    #[test]
    fn every_other_name_stands_for_a_field_and_hides_none() {
        for (alias, id) in ALIASES {
            assert!(field(id).is_some(), "{alias} stands for {id}, which is no field");
            assert!(field(alias).is_none(), "{alias} is a field itself");
            assert!(WORDS.iter().all(|word| word.id != *alias), "{alias} is a word itself");
        }
    }

    #[test]
    fn public_and_local_and_multicast_are_three_different_things() {
        let cases = [
            ("8.8.8.8", "public"),
            ("2606:4700::1111", "public"),
            ("10.0.0.1", "local"),
            ("100.64.0.1", "local"),
            ("169.254.1.1", "local"),
            ("192.0.2.1", "public"),
            ("127.0.0.1", "local"),
            ("::1", "local"),
            ("fe80::1", "local"),
            ("fd00::1", "local"),
            ("224.0.0.251", "multicast"),
            ("255.255.255.255", "multicast"),
            ("ff02::fb", "multicast"),
        ];
        for (ip, is) in cases {
            let row = Row { remote: Some(crate::model::Endpoint::new(ip.parse().unwrap(), 1)), ..Row::default() };
            let holding: Vec<_> = WORDS
                .iter()
                .filter(|w| ["public", "local", "multicast"].contains(&w.id) && (w.holds)(&row))
                .map(|w| w.id)
                .collect();
            assert_eq!(holding, [is], "{ip}");
        }
    }
}
