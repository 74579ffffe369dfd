//! Whether the name in a request is one that its sender looked up, and got this address for.

use std::net::IpAddr;
use std::time::Duration;

use super::NameMap;
use crate::model::name::registered_domain;
use crate::model::{Asker, Facts, Label, NameCheck, Timestamp};

/// An asker must have been heard for so long before "never looked up" means anything: what it had looked up before
/// is in caches until then. Most names are given out for five minutes or less.
const LEAST_HEARING: Duration = Duration::from_mins(10);
/// An asker that was silent for so long may have found another way to ask.
const SILENCE: Duration = Duration::from_hours(1);
/// Who asked in a way that cannot be seen may do so again for so long.
const VEILED_FOR: Duration = Duration::from_hours(24);

/// Resolvers that are asked over HTTPS by name, as browsers and systems come with them (RFC 8484).
const DNS_OVER_HTTPS: &[&str] = &[
    "chrome.cloudflare-dns.com",
    "cloudflare-dns.com",
    "dns.adguard-dns.com",
    "dns.adguard.com",
    "dns.google",
    "dns.google.com",
    "dns.mullvad.net",
    "dns.nextdns.io",
    "dns.quad9.net",
    "dns11.quad9.net",
    "doh.cleanbrowsing.org",
    "doh.opendns.com",
    "doh.xfinity.com",
    "family.cloudflare-dns.com",
    "mozilla.cloudflare-dns.com",
    "one.one.one.one",
    "security.cloudflare-dns.com",
];

/// When DNS of an asker was heard.
#[derive(Debug)]
pub(super) struct Hearing {
    first: Timestamp,
    pub(super) last: Timestamp,
    /// When it was last seen to ask encrypted.
    veiled: Option<Timestamp>,
}

impl Hearing {
    pub(super) const fn since(at: Timestamp) -> Self {
        Self { first: at, last: at, veiled: None }
    }

    /// Whether what was not heard was not asked.
    fn is_reliable(&self, at: Timestamp) -> bool {
        at.since(self.first) >= LEAST_HEARING
            && at.since(self.last) <= SILENCE
            && self.veiled.is_none_or(|veiled| at.since(veiled) > VEILED_FOR)
    }
}

impl NameMap {
    /// Names that need no look-up, because a file on this host gives their addresses.
    pub fn know_at_hand(&mut self, names: impl IntoIterator<Item = Label>) {
        self.at_hand.extend(names);
    }

    /// Notes that an asker asks in a way that cannot be seen, if this is what the facts of a flow of its tell.
    pub fn note_veil(&mut self, asker: Asker, facts: &Facts, at: Timestamp) {
        let by_name = facts.sni.as_ref().is_some_and(|name| DNS_OVER_HTTPS.contains(&name.as_str()));
        let is_dot = facts.application == super::super::tls::DOT || facts.alpn.iter().any(is_dns_word);
        if by_name || is_dot {
            let hearing = self.hearing.touch(asker, || Hearing::since(at));
            hearing.veiled = Some(at);
        }
    }

    /// What DNS says of a name by which `asker` calls an address.
    pub fn check(&self, asker: Asker, name: &Label, ip: IpAddr, at: Timestamp) -> NameCheck {
        let name = name.as_str().trim_end_matches('.').to_ascii_lowercase();
        let answers = self.answers.get(&(asker, ip)).map(Vec::as_slice).unwrap_or_default();
        if answers.iter().any(|one| one.name.as_str() == name && one.is_believed(at)) {
            return NameCheck::Agrees;
        }
        let name = Label::new(&name);
        let Some(domain) = registered_domain(name.as_str()).filter(|_| !self.at_hand.contains(&name)) else {
            return NameCheck::Unknown;
        };
        if self.domains.get(&(asker, Label::new(domain))).is_some_and(|asked| at.since(*asked) <= super::HOLD) {
            return NameCheck::Elsewhere;
        }
        if !self.hearing.get(&asker).is_some_and(|hearing| hearing.is_reliable(at)) {
            return NameCheck::Unknown;
        }
        self.latest(asker, ip, at).map_or(NameCheck::Never, |other| NameCheck::Conflict(other.name.clone()))
    }
}

/// DNS over TLS (RFC 7858) and over QUIC (RFC 9250) as application protocols of TLS.
fn is_dns_word(word: &Label) -> bool {
    matches!(word.as_str(), "dot" | "doq")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::dns::Resolved;

    const US: Asker = Asker::Us;
    const WATCHED: u64 = 600;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// A host that asked for one name at the beginning.
    fn heard() -> NameMap {
        let mut names = NameMap::default();
        let name = Label::new("www.example.com");
        names.asked(US, &name, at(0));
        names.learn(US, Resolved { name, ip: ip(1), ttl: 60 }, at(0));
        names
    }

    fn check(names: &NameMap, name: &str, last: u8, secs: u64) -> NameCheck {
        names.check(US, &Label::new(name), ip(last), at(secs))
    }

    #[test]
    fn a_name_that_was_looked_up_agrees_and_one_of_its_domain_is_elsewhere() {
        let names = heard();
        assert_eq!(check(&names, "www.example.com", 1, 5), NameCheck::Agrees);
        assert_eq!(check(&names, "WWW.Example.com.", 1, 5), NameCheck::Agrees);
        assert_eq!(check(&names, "www.example.com", 2, WATCHED), NameCheck::Elsewhere);
        assert_eq!(check(&names, "img.example.com", 1, WATCHED), NameCheck::Elsewhere);
    }

    #[test]
    fn a_name_never_looked_up_conflicts_with_the_name_that_dns_has_for_the_address() {
        let names = heard();
        let other = NameCheck::Conflict(Label::new("www.example.com"));
        assert_eq!(check(&names, "www.amazon.com", 1, WATCHED), other);
        assert_eq!(check(&names, "www.amazon.com", 9, WATCHED), NameCheck::Never);
    }

    #[test]
    fn where_dns_was_not_heard_for_long_nothing_is_judged() {
        let names = heard();
        assert_eq!(check(&NameMap::default(), "www.amazon.com", 1, WATCHED), NameCheck::Unknown);
        assert_eq!(check(&names, "www.amazon.com", 1, WATCHED - 1), NameCheck::Unknown);
        assert_eq!(check(&names, "www.amazon.com", 1, 3_601), NameCheck::Unknown, "silent for an hour");
        let other = Asker::Host(ip(200));
        assert_eq!(names.check(other, &Label::new("www.amazon.com"), ip(1), at(WATCHED)), NameCheck::Unknown);
        let mut restored = NameMap::default();
        restored.restore(heard().take_changes());
        assert_eq!(check(&restored, "www.amazon.com", 1, WATCHED), NameCheck::Unknown);
        assert_eq!(check(&restored, "www.example.com", 1, WATCHED), NameCheck::Agrees);
    }

    #[test]
    fn who_can_ask_unseen_is_not_judged() {
        for facts in [
            Facts { sni: Some(Label::new("dns.google")), ..Facts::default() },
            Facts { alpn: vec![Label::new("dot")], ..Facts::default() },
            Facts { application: crate::protocol::tls::DOT, ..Facts::default() },
        ] {
            let mut names = heard();
            names.note_veil(US, &facts, at(5));
            assert_eq!(check(&names, "www.amazon.com", 9, WATCHED), NameCheck::Unknown, "{facts:?}");
        }
        let mut names = heard();
        names.note_veil(US, &Facts { sni: Some(Label::new("www.google.com")), ..Facts::default() }, at(5));
        assert_eq!(check(&names, "www.amazon.com", 9, WATCHED), NameCheck::Never);
    }

    #[test]
    fn names_that_dns_does_not_have_are_not_judged() {
        let mut names = heard();
        names.know_at_hand([Label::new("shop.example.org")]);
        for name in ["db", "printer.local", "db.prod.internal-zone", "shop.example.org", "", "co.uk"] {
            assert_eq!(check(&names, name, 9, WATCHED), NameCheck::Unknown, "{name}");
        }
    }
}
