//! DNS tunnel: names asked for that carry data, told by how much distinct text goes below one domain.
//!
//! The sum of the lengths of distinct subdomains per registered domain, as in "Information-based heavy hitters for
//! real-time DNS data exfiltration detection" (Ozery et al., arXiv 2307.02614): tunnels are 20 to 1900 times above
//! what lookups of people and programs come to.

use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::Duration;

use foldhash::HashSet;
use foldhash::quality::RandomState;

use crate::baseline::Baseline;
use crate::flow::interval::Query;
use crate::model::{Application, Finding, Label, Severity, Subject, Timestamp, Value};

use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "dns-tunnel",
    title: "Data in DNS names",
    about: "Within ten minutes or an hour far more distinct text was asked for below one domain than look-ups need, or \
            most questions about it were of types that programs rarely ask for. Reverse zones and block lists do \
            not count. A leak of a few names an hour is not seen.",
    needs_baseline: false,
    build: || Box::new(DnsTunnel { domains: Recent::new(512, HOUR), hasher: RandomState::default() }),
};

const TEN_MINUTES: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
/// Characters of distinct subdomains: ten minutes, an hour; ordinary traffic stays below 250 in ten minutes.
const MUCH_SOON: u64 = 2_500;
const MUCH: u64 = 4_000;
const VERY_MUCH: u64 = 20_000;
/// Questions of odd types: how many at least, how many of ten, how many distinct names.
const ODD_QUESTIONS: u64 = 20;
const ODD_NAMES: usize = 10;
/// Distinct names counted in a window; beyond, the sum is a lower bound.
const DISTINCT: usize = 4_096;
const AGAIN: Duration = Duration::from_mins(10);

struct DnsTunnel {
    domains: Recent<(IpAddr, Label), Domain>,
    hasher: RandomState,
}

struct Domain {
    soon: Window,
    hour: Window,
    told: Option<(Timestamp, Severity)>,
}

/// Distinct names below a domain since a moment.
#[derive(Default)]
struct Window {
    since: Timestamp,
    names: HashSet<u64>,
    characters: u64,
    questions: u64,
    odd: u64,
}

impl Window {
    fn add(&mut self, at: Timestamp, span: Duration, hash: u64, characters: u64, is_odd: bool) {
        if at.since(self.since) >= span {
            *self = Self { since: at, ..Self::default() };
        }
        self.questions += 1;
        self.odd += u64::from(is_odd);
        if self.names.len() < DISTINCT && self.names.insert(hash) {
            self.characters += characters;
        }
    }

    /// Nearly all questions are of types that carry data and that programs rarely ask for.
    fn is_odd(&self) -> bool {
        self.questions >= ODD_QUESTIONS && self.odd * 10 >= self.questions * 8 && self.names.len() >= ODD_NAMES
    }
}

impl Detector for DnsTunnel {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.domains.sweep(seen.at);
        for query in &seen.interval.queries {
            let Some((domain, below)) = split(query) else { continue };
            let hash = self.hasher.hash_one(below);
            let characters = below.len() as u64;
            let entry = self.domains.entry(seen.at, (query.host, domain.clone()), || Domain {
                soon: Window::default(),
                hour: Window::default(),
                told: None,
            });
            entry.soon.add(seen.at, TEN_MINUTES, hash, characters, is_odd(query.kind));
            entry.hour.add(seen.at, HOUR, hash, characters, is_odd(query.kind));
            if let Some(severity) = entry.severity()
                && entry.told.is_none_or(|(told, was)| severity > was || seen.at.since(told) >= AGAIN)
            {
                entry.told = Some((seen.at, severity));
                out.push(entry.finding(seen.at, severity, &domain, query, usual));
            }
        }
    }
}

impl Domain {
    fn severity(&self) -> Option<Severity> {
        if self.soon.characters >= VERY_MUCH {
            Some(Severity::High)
        } else if self.soon.characters >= MUCH_SOON || self.hour.characters >= MUCH || self.soon.is_odd() {
            Some(Severity::Medium)
        } else {
            None
        }
    }

    fn finding(&self, at: Timestamp, severity: Severity, domain: &Label, query: &Query, usual: &Baseline) -> Finding {
        let (window, span) = if self.soon.characters >= MUCH_SOON || self.soon.is_odd() {
            (&self.soon, "10 min")
        } else {
            (&self.hour, "an hour")
        };
        Finding {
            detector: SPEC.id,
            severity,
            score: if severity == Severity::High { 85 } else { 65 },
            at,
            subject: Subject {
                host: query.host,
                remote: query.resolver.ip,
                port: query.resolver.port,
                protocol: query.protocol,
                name: Some(domain.clone()),
                application: Application::new("dns"),
                flow: None,
            },
            observed: Value::Count(window.characters),
            expected: Value::Count(MUCH_SOON / 10),
            basis: words::basis(usual),
            why: format!(
                "{} distinct names below {domain} asked for within {span}, {} of text in them; {} of {} questions of odd types",
                window.names.len(),
                words::bytes(window.characters),
                window.odd,
                window.questions,
            ),
        }
    }
}

/// The domain that somebody registered, and what stands before it. Where the name ends in no suffix that exists,
/// as tunnels straight to a resolver do, the resolver takes the domain's place.
fn split(query: &Query) -> Option<(Label, &str)> {
    let name = query.name.as_str();
    if matches!(name.rsplit('.').next(), Some("arpa" | "local")) {
        return None;
    }
    let registered = psl::domain(name.as_bytes()).filter(|domain| domain.suffix().is_known());
    let Some(registered) = registered.and_then(|domain| std::str::from_utf8(domain.as_bytes()).ok()) else {
        let is_bare = !name.contains('.');
        return (!is_bare).then(|| (Label::new(&query.resolver.ip.to_string()), name));
    };
    let below = name.strip_suffix(registered)?.trim_end_matches('.');
    (!below.is_empty() && !is_reversed_address(below)).then(|| (Label::new(registered), below))
}

/// Block lists are asked for addresses, the last part first (RFC 5782 §2.1, §2.4).
fn is_reversed_address(name: &str) -> bool {
    let is_octet = |label: &str| label.len() <= 3 && label.bytes().all(|b| b.is_ascii_digit());
    let is_nibble = |label: &str| label.len() == 1 && label.bytes().all(|b| b.is_ascii_hexdigit());
    name.split('.').take_while(|label| is_octet(label)).count() >= 4
        || name.split('.').take_while(|label| is_nibble(label)).count() >= 32
}

/// Types that carry data and that few programs ask for: NULL, TXT, KEY, ANY, and CNAME, MX, SRV when asked in bulk.
const fn is_odd(kind: u16) -> bool {
    matches!(kind, 5 | 10 | 15 | 16 | 25 | 33 | 65_399 | 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::BaselineConfig;
    use crate::flow::Interval;
    use crate::model::{Endpoint, Protocol};

    fn judge(names: impl IntoIterator<Item = String>, kind: u16) -> Vec<Finding> {
        let queries = names.into_iter().map(|name| Query {
            host: [10, 0, 0, 5].into(),
            resolver: Endpoint::new([192, 0, 2, 53].into(), 53),
            protocol: Protocol::UDP,
            name: Label::new(&name),
            kind,
        });
        let at = Timestamp::from_secs(1_000);
        let interval = Interval { at, queries: queries.collect(), ..Interval::default() };
        let seen = Seen { at, interval: &interval, moved: Vec::new() };
        let mut out = Vec::new();
        (SPEC.build)().judge(&seen, &Baseline::new(BaselineConfig::default()), &mut out);
        out
    }

    #[test]
    fn data_in_names_is_told_of_its_domain() {
        let found = judge((0..60).map(|n| format!("{n:050}x.t.tunnel.example.com")), 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Medium);
        assert_eq!(found[0].subject.name.as_ref().unwrap().as_str(), "example.com");
        let much = judge((0..500).map(|n| format!("{n:050}x.t.example.com")), 1);
        assert_eq!(much.last().unwrap().severity, Severity::High);
    }

    #[test]
    fn a_tunnel_without_a_domain_is_told_of_its_resolver() {
        let found = judge((0..60).map(|n| format!("{n:060x}.deadbeef{n:02x}")), 16);
        assert_eq!(found[0].subject.name.as_ref().unwrap().as_str(), "192.0.2.53");
    }

    #[test]
    fn few_questions_of_odd_types_are_told() {
        assert_eq!(judge((0..25).map(|n| format!("c{n}.example.com")), 16).len(), 1);
        assert_eq!(judge((0..25).map(|n| format!("c{n}.example.com")), 1), []);
    }

    #[test]
    fn look_ups_of_people_and_programs_are_not() {
        assert_eq!(judge((0..2_000).map(|n| format!("www.site{n}.com")), 1), []);
        assert_eq!(judge((0..2_000).map(|_| "a-rather-long-name-of-some-host.cdn.example.net".to_owned()), 1), []);
        assert_eq!(judge((0..2_000).map(|n| format!("{}.{}.168.192.in-addr.arpa", n % 256, n / 256)), 12), []);
        assert_eq!(judge((0..2_000).map(|n| format!("{}.{}.0.10.zen.example.org", n % 256, n / 256)), 1), []);
    }
}
