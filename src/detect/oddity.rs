//! What is strange about a destination apart from being new: the second witness that periodicity, size or
//! length alone are not.

use std::net::IpAddr;

use crate::baseline::{Baseline, Ledger};
use crate::model::{Application, NameCheck, Opener};
use crate::protocol::{Group, RECOGNISERS, carrier};

use super::moved::Moved;
use super::words::is_public;

/// Ports on which a protocol surprises nobody besides those of its recogniser (IANA, and what is common practice).
const MORE_PORTS: &[(&str, &[u16])] = &[
    ("tls", &[587, 853, 992, 994, 2376, 4443, 5223, 6443]),
    ("http", &[591, 631, 2375, 5985, 8081, 8086, 8088, 9090, 9100]),
    ("ssh", &[2222]),
    ("dns", &[5353, 5355]),
];

/// Groups of protocols whose servers stand on a port that everybody knows. Calls, media, tunnels and peers agree on
/// theirs, databases and industry are at home in networks of one's own.
const WITH_HOME: &[Group] = &[Group::Web, Group::Encrypted, Group::Names, Group::Mail, Group::Remote, Group::Network];

/// DTLS protects what peers agreed on by other means, and has no port of its own then.
const HOMELESS: &[&str] = &["dtls"];

/// Ports of services that no recogniser knows (IANA, and what is common practice): not to recognise what is
/// spoken there is no wonder. Time, management, files, databases, queues, monitoring, industry.
const REGISTERED: &[u16] = &[
    37, 49, 88, 102, 111, 123, 161, 162, 179, 389, 427, 445, 500, 502, 514, 515, 548, 554, 601, 623, 636, 655, 873,
    1194, 1352, 1433, 1434, 1521, 1645, 1646, 1701, 1723, 1812, 1813, 1883, 2003, 2004, 2010, 2049, 2181, 2377, 2379,
    2380, 2404, 3260, 3268, 3269, 3306, 3389, 3478, 4500, 4505, 4506, 4730, 4840, 4949, 5004, 5044, 5060, 5201, 5222,
    5269, 5349, 5432, 5433, 5665, 5666, 5671, 5672, 5900, 6379, 6380, 6514, 6556, 7000, 7001, 7946, 8125, 8140, 8300,
    8301, 8302, 8472, 8600, 9042, 9092, 9160, 9300, 9418, 9997, 10050, 10051, 11211, 12201, 20000, 24224, 24800, 25826,
    27017, 27018, 28015, 44818, 47808, 50000, 51820, 61613, 61616,
];

/// The one oddity that may only mean that the name was looked up before anybody watched.
const NAMELESS: &str = "no name known for it";

/// How many of these can stand alone.
pub fn strong(odd: &[&str]) -> usize {
    odd.iter().filter(|what| **what != NAMELESS).count()
}

/// What is strange, in words. Most sure first.
pub fn oddities(moved: &Moved<'_>, usual: &Baseline) -> Vec<&'static str> {
    let subject = &moved.top.subject;
    let service = moved.contact.destination.service;
    let application = subject.application;
    // DNS over HTTPS is TLS to these questions, gRPC is HTTP/2.
    let carried_by = carrier(application);
    let facts = moved.top.facts.as_deref();
    let mut found = Vec::new();
    // A name given in the handshake or by DNS makes an unread protocol less of a worry.
    if application == Application::UNKNOWN && subject.name.is_none() && !REGISTERED.contains(&service.port) {
        found.push("protocol not recognised");
    }
    // Seen from the middle, the handshake with the name is missing.
    let is_whole = moved.top.opener == Opener::Handshake;
    if carried_by.id() == "tls" && is_whole && facts.is_some_and(|facts| facts.sni.is_none() && !facts.ech) {
        found.push("TLS without a server name");
    }
    if matches!(carried_by.id(), "http" | "http2") {
        match facts.and_then(|facts| facts.host.as_ref()) {
            None => found.push("HTTP without a Host"),
            // Within a network of one's own, addresses are what one types.
            Some(host) if is_number(host.as_str()) && is_public(subject.remote) => found.push("the Host is an address"),
            Some(_) => {}
        }
    }
    match facts.map(|facts| &facts.name_check) {
        Some(NameCheck::Conflict(_)) => found.push("DNS has another name for it"),
        Some(NameCheck::Never) => found.push("its name was never looked up here"),
        _ => {}
    }
    // Within networks of one's own, services listen anywhere.
    let is_far = is_public(subject.remote);
    if is_far && is_away_from_home(application, service.port) {
        found.push("an odd port for its protocol");
    }
    if subject.name.is_none() && is_far {
        found.push(NAMELESS);
    }
    if !usual.is_learning() && usual.service(Ledger::Initiated, service).is_none() {
        found.push("service never used before");
    }
    found
}

/// Whether a protocol with a home is spoken elsewhere: on no port of its recogniser, nor of what it rides on.
fn is_away_from_home(application: Application, port: u16) -> bool {
    let carried_by = carrier(application);
    let is_one = |id: &str| id == application.id() || id == carried_by.id();
    let ours = || RECOGNISERS.iter().filter(|one| is_one(one.application.id()));
    let has_home = ours().any(|one| WITH_HOME.contains(&one.group) && !one.ports.is_empty());
    let known = ours().flat_map(|one| one.ports);
    let more = MORE_PORTS.iter().filter(|(id, _)| is_one(id)).flat_map(|(_, ports)| *ports);
    has_home && !HOMELESS.contains(&application.id()) && !known.chain(more).any(|usual| *usual == port)
}

/// Whether a Host header names an address rather than a name.
fn is_number(host: &str) -> bool {
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    host.parse::<IpAddr>().is_ok() || bare.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::application;

    #[test]
    fn protocols_are_looked_for_where_their_recognisers_say() {
        let away = |id: &str, port| is_away_from_home(application(id).unwrap(), port);
        for (id, home, elsewhere) in [
            ("tls", 443, 4711),
            ("doh", 443, 4711),
            ("dot", 853, 4711),
            ("tor", 443, 4711),
            ("http", 80, 4711),
            ("websocket", 8080, 4711),
            ("docker", 2375, 4711),
            ("grpc", 50051, 4711),
            ("smtp", 25, 4711),
            ("ssh", 22, 4711),
            ("rdp", 3389, 4711),
            ("dns", 53, 4711),
        ] {
            assert!(!away(id, home) && away(id, elsewhere), "{id}");
        }
        for id in ["bittorrent", "rtp", "dtls", "wireguard", "mysql", "unknown"] {
            assert!(!away(id, 4711), "{id} has no home");
        }
        for id in MORE_PORTS.iter().map(|(id, _)| id).chain(HOMELESS) {
            assert!(application(id).is_some(), "{id} is no protocol");
        }
    }

    #[test]
    fn an_address_in_a_host_header_is_seen_with_its_port() {
        for (host, is) in
            [("192.0.2.1", true), ("192.0.2.1:8080", true), ("[2001:db8::1]:80", true), ("a.example:80", false)]
        {
            assert_eq!(is_number(host), is, "{host}");
        }
    }
}
