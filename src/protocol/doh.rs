//! DNS over HTTPS (RFC 8484). Its media type where it is in the clear; within TLS only the server's name tells.
//!
//! What cannot be known: a resolver under a name of its own, or under one that serves other things too, looks
//! like any web server. And under the names below a web page may be read as well: they are resolvers all the same.

use super::http::request::Request;
use super::text::contains;
use super::{Group, Recogniser, Transports};
use crate::model::{Application, Facts};

pub(super) const APPLICATION: Application = Application::new("doh");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Names,
    over: Transports::Both,
    depth: 64,
    ports: &[443],
    about: "DNS over HTTPS: TLS or QUIC to a known resolver's name, or media type (RFC 8484)",
    probe: super::told_by_another,
};

pub(super) fn is_meant(request: &Request<'_>) -> bool {
    let is_message = |name: &[u8]| request.header_begins(name, b"application/dns-message");
    // A question in the path has no body, so it only says what it accepts.
    is_message(b"content-type")
        || request.method == b"GET" && is_message(b"accept") && contains(request.target, b"?dns=")
}

/// Names that the operators of public resolvers tell people to use for DNS over HTTPS, and all names below them.
const RESOLVERS: &[&str] = &[
    "cloudflare-dns.com",
    "dns.cloudflare.com",
    "one.one.one.one",
    "dns.google",
    "dns.google.com",
    "dns64.dns.google",
    "dns.quad9.net",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "dns12.quad9.net",
    "doh.opendns.com",
    "doh.familyshield.opendns.com",
    "doh.umbrella.com",
    "dns.nextdns.io",
    "dns.adguard.com",
    "dns.adguard-dns.com",
    "unfiltered.adguard-dns.com",
    "family.adguard-dns.com",
    "doh.cleanbrowsing.org",
    "freedns.controld.com",
    "dns.controld.com",
    "dns.mullvad.net",
    "doh.mullvad.net",
    "dns0.eu",
    "dns4.eu",
    "dns.alidns.com",
    "doh.pub",
    "doh.360.cn",
    "doh.dns.sb",
    "doh.sb",
    "odvr.nic.cz",
    "dns.switch.ch",
    "dns.digitale-gesellschaft.ch",
    "dns.aa.net.uk",
    "dns.njal.la",
    "doh.libredns.gr",
    "doh.ffmuc.net",
    "doh.applied-privacy.net",
    "doh.appliedprivacy.net",
    "doh.dns4all.eu",
    "dns.twnic.tw",
    "public.dns.iij.jp",
    "jp.tiar.app",
    "dns.decloudus.com",
    "wikimedia-dns.org",
];

/// TLS or QUIC that asks for the name of a resolver is DNS over HTTPS; anything else stays what it is.
pub(super) fn by_name(facts: Facts) -> Facts {
    let is_resolver = facts.sni.as_ref().is_some_and(|name| is_resolver(name.as_str()));
    let speaks_http =
        facts.alpn.is_empty() || facts.alpn.iter().any(|one| matches!(one.as_str(), "h2" | "h3" | "http/1.1"));
    if is_resolver && speaks_http { Facts { application: APPLICATION, ..facts } } else { facts }
}

fn is_resolver(name: &str) -> bool {
    RESOLVERS.iter().any(|known| name.strip_suffix(known).is_some_and(|above| above.is_empty() || above.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Label;

    #[test]
    fn a_resolver_is_known_by_its_name_and_what_is_below_it() {
        for (name, alpn, is_doh) in [
            ("dns.google", Some("h2"), true),
            ("mozilla.cloudflare-dns.com", None, true),
            ("notcloudflare-dns.com", None, false),
            ("dns.google.evil.example", None, false),
            ("dns.google", Some("dot"), false),
        ] {
            let alpn = alpn.iter().map(|one| Label::new(one)).collect();
            let facts = by_name(Facts { sni: Some(Label::new(name)), alpn, ..Facts::default() });
            assert_eq!(facts.application == APPLICATION, is_doh, "{name}");
        }
    }
}
