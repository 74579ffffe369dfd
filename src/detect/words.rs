//! Numbers as an operator reads them, for the sentences of findings.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Contact, Ledger, Place};
use crate::flow::Sample;
use crate::model::Subject;

/// `60.1 MB`: decimal units, as rates and disks use them.
pub fn bytes(n: u64) -> String {
    humansize::format_size(n, humansize::DECIMAL.decimal_places(1).decimal_zeroes(0))
}

/// `3 d 4 h`, `5 min`, `12 s`: the two biggest units at most.
pub fn span(of: Duration) -> String {
    let secs = of.as_secs();
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// `20×`, `1.5×`.
pub fn times(n: f64) -> String {
    if n < 10.0 { format!("{n:.1}×") } else { format!("{n:.0}×") }
}

/// On what grounds the baseline speaks: `3 d 4 h, 212 destinations`.
pub fn basis(usual: &Baseline) -> String {
    format!("{}, {} destinations", span(usual.observed()), usual.destinations())
}

/// `transfer.example.net (203.0.113.77) tcp/443`; for our own services `clients of tcp/443`.
pub fn destination(contact: &Contact) -> String {
    let service = contact.destination.service;
    match (&contact.destination.place, contact.ledger) {
        (_, Ledger::Replies) => format!("clients of {service}"),
        (Place::Name(name), _) => format!("{name} ({}) {service}", contact.address),
        _ => format!("{} {service}", contact.address),
    }
}

/// The subject of a finding about a destination rather than one flow of it.
///
/// Where we opened the flows it is every flow to that port; of the clients of our own services, it is the
/// one flow that sent most.
pub fn subject_of(contact: &Contact, top: &Sample) -> Subject {
    let subject = top.subject.clone();
    match contact.ledger {
        Ledger::Initiated => Subject { port: contact.destination.service.port, flow: None, ..subject },
        Ledger::Replies => Subject { flow: Some(top.key), ..subject },
    }
}

/// Whether an address can be anywhere in the world (IANA special-purpose address registries): not private,
/// shared, link-local, reserved, or kept for documentation.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b); // RFC 6598
            let is_benchmark = a == 198 && (b == 18 || b == 19); // RFC 2544
            let is_local = ip.is_private() || ip.is_link_local() || ip.is_loopback() || ip.is_documentation();
            !(is_local || is_shared || is_benchmark || a == 0 || a >= 224)
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            let is_documentation = a == 0x2001 && b == 0xdb8; // RFC 3849
            a & 0xe000 == 0x2000 && !is_documentation // RFC 4291
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [(12, "12 s"), (300, "5 min"), (5_400, "1 h 30 min"), (86_400, "1 d"), (273_600, "3 d 4 h")];
        for (secs, text) in cases {
            assert_eq!(span(Duration::from_secs(secs)), text);
        }
        assert_eq!((bytes(0), bytes(60_100_000), bytes(2_000_000)), ("0 B".into(), "60.1 MB".into(), "2 MB".into()));
        assert_eq!((times(1.5), times(20.4)), ("1.5×".into(), "20×".into()));
    }

    #[test]
    fn public_is_what_can_be_anywhere() {
        for (ip, is) in [
            ("8.8.8.8", true),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("192.0.2.1", false),
            ("224.0.0.1", false),
            ("2600::1", true),
            ("2001:db8::1", false),
            ("fd00::1", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), is, "{ip}");
        }
    }
}
