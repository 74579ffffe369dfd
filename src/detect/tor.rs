//! Tor: several servers are called by made-up names that nobody looked up, as Tor calls its relays.

use std::net::IpAddr;
use std::time::Duration;

use crate::baseline::{Baseline, Ledger};
use crate::model::{Finding, Label, NameCheck, Severity, Subject, Timestamp, Value};

use super::moved::Moved;
use super::recent::Recent;
use super::{Detector, Seen, Spec, words};

pub static SPEC: Spec = Spec {
    id: "tor",
    title: "Tor",
    about: "Within a day we opened TLS connections under three or more different names of the kind that Tor makes up \
            for each connection to a relay (www., 4 to 25 random letters and digits 2-7, .com), none of which DNS has. \
            Bridges with their own disguise (obfs4, meek, Snowflake) are not seen.",
    needs_baseline: false,
    build: || Box::new(Tor { hosts: Recent::new(1_024, WINDOW) }),
};

const WINDOW: Duration = Duration::from_hours(24);
/// Different made-up names: one may be a company's idea of a name.
const LEAST: usize = 3;
/// Names that are remembered of one host.
const MOST: usize = 64;
/// Said again of a relay after this long.
const AGAIN: Duration = Duration::from_mins(10);
/// Letters without a vowel among them, or as good as that.
const LONG_RUN: usize = 5;

struct Tor {
    /// By our address: the made-up names it used.
    hosts: Recent<IpAddr, Vec<Relay>>,
}

struct Relay {
    name: Label,
    subject: Subject,
    to: String,
    at: Timestamp,
    told: Option<Timestamp>,
}

impl Detector for Tor {
    fn judge(&mut self, seen: &Seen<'_>, usual: &Baseline, out: &mut Vec<Finding>) {
        self.hosts.sweep(seen.at);
        for moved in &seen.moved {
            let Some(name) = made_up_name(moved) else { continue };
            let relays = self.hosts.entry(seen.at, moved.top.subject.host, Vec::new);
            take(relays, seen.at, moved, name);
            tell(relays, seen.at, usual, out);
        }
    }
}

fn take(relays: &mut Vec<Relay>, at: Timestamp, moved: &Moved<'_>, name: &Label) {
    relays.retain(|relay| at.since(relay.at) <= WINDOW);
    if let Some(relay) = relays.iter_mut().find(|relay| relay.name == *name) {
        relay.at = at;
        return;
    }
    if relays.len() >= MOST {
        relays.remove(0);
    }
    let subject = words::subject_of(&moved.contact, moved.top);
    relays.push(Relay { name: name.clone(), subject, to: words::destination(&moved.contact), at, told: None });
}

fn tell(relays: &mut [Relay], at: Timestamp, usual: &Baseline, out: &mut Vec<Finding>) {
    let names = relays.len();
    if names < LEAST {
        return;
    }
    for relay in relays {
        let is_news = relay.told.is_none_or(|told| relay.at == at && at.since(told) >= AGAIN);
        if !is_news {
            continue;
        }
        relay.told = Some(at);
        out.push(Finding {
            detector: SPEC.id,
            severity: Severity::Medium,
            score: 60,
            at,
            subject: relay.subject.clone(),
            observed: Value::Count(names as u64),
            expected: Value::Count(0),
            basis: words::basis(usual),
            why: format!(
                "{} looks like a Tor relay: {names} made-up server names within 24 h, none of them in DNS",
                relay.to
            ),
        });
    }
}

/// The server name of a TLS handshake of ours, if it looks made up and DNS does not have it.
fn made_up_name<'a>(moved: &Moved<'a>) -> Option<&'a Label> {
    let facts = moved.top.facts.as_deref()?;
    let is_ours = moved.is_ours && moved.contact.ledger == Ledger::Initiated;
    let is_known = matches!(facts.name_check, NameCheck::Agrees | NameCheck::Elsewhere);
    facts.sni.as_ref().filter(|name| is_ours && !is_known && is_made_up(name.as_str()))
}

/// `www.`, then base32 in small letters (RFC 4648) that nobody could pronounce, then `.com`.
fn is_made_up(name: &str) -> bool {
    let Some(word) = name.strip_prefix("www.").and_then(|rest| rest.strip_suffix(".com")) else { return false };
    let is_base32 = word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    if !is_base32 || !(4..=25).contains(&word.len()) {
        return false;
    }
    // Digits between letters, not before or after all of them.
    let inside = word.trim_matches(|c: char| c.is_ascii_digit());
    let digits = inside.bytes().filter(u8::is_ascii_digit).count();
    let run = word.split(['a', 'e', 'i', 'o', 'u', 'y']).map(str::len).max().unwrap_or(0);
    digits >= 2 || digits == 1 && run >= LONG_RUN || run > LONG_RUN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tor_makes_up_are_told_from_names_that_people_choose() {
        for tor in ["www.ct7ctrgb6cr7.com", "www.e6r5p57kbafwrxj3plz.com", "www.t3i3ru.com", "www.gfu7hbxpfp.com"] {
            assert!(is_made_up(tor), "{tor}");
        }
        for person in [
            "www.google.com",
            "www.stackoverflow.com",
            "www.4shared.com",
            "www.office365.com",
            "www.web2project.com",
            "www.rhythms.com",
            "www.a2hosting.com",
            "www.e6r5p57kbafwrxj3plz.net",
            "e6r5p57kbafwrxj3plz.com",
            "www.x9r8p1.com",
        ] {
            assert!(!is_made_up(person), "{person}");
        }
    }
}
