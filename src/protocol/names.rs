//! Passive DNS: which name an end of the network asked for and which address it got. Per asker, bounded, aged by
//! data time, and kept over a restart.

mod aged;
mod check;

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use super::dns::Resolved;
use crate::model::name::registered_domain;
use crate::model::{Asker, Label, Name, NameSource, Resolution, Timestamp};

use aged::Aged;
use check::Hearing;

/// Pairs of asker and address that are remembered, domains asked for, and askers.
pub const LIMIT: usize = 32 * 1024;
const ASKERS: usize = 1_024;
/// Names that are remembered for one address: of hosts that serve many, the latest.
const NAMES: usize = 4;
/// An answer within its TTL is believed before one beyond it. Beyond its TTL it is believed for this long all the
/// same: servers look a name up once and keep address and connection as long as they run.
pub const HOLD: Duration = Duration::from_hours(24);
/// No TTL counts for longer.
const LONGEST_TTL: Duration = Duration::from_hours(7 * 24);

/// What askers were told: address to names, and what they asked about.
#[derive(Debug)]
pub struct NameMap {
    answers: Aged<(Asker, IpAddr), Vec<Answered>>,
    /// Registered domains that were asked about, whatever came of it.
    domains: Aged<(Asker, Label), Timestamp>,
    hearing: Aged<Asker, Hearing>,
    /// Names that need no DNS: those of `/etc/hosts`.
    at_hand: HashSet<Label>,
    /// How many answers had been taken for saving.
    saved: u64,
}

/// A name that an address was given for.
#[derive(Clone, Debug)]
struct Answered {
    name: Label,
    at: Timestamp,
    fresh_until: Timestamp,
}

impl Answered {
    fn is_fresh(&self, at: Timestamp) -> bool {
        at <= self.fresh_until
    }

    fn is_believed(&self, at: Timestamp) -> bool {
        at <= self.fresh_until.max(self.at.plus(HOLD))
    }
}

impl NameMap {
    pub fn new(limit: usize) -> Self {
        Self {
            answers: Aged::new(limit),
            domains: Aged::new(limit),
            hearing: Aged::new(ASKERS),
            at_hand: HashSet::new(),
            saved: 0,
        }
    }

    /// Takes in a question, or the question in an answer.
    pub fn asked(&mut self, asker: Asker, name: &Label, at: Timestamp) {
        if asker != Asker::Everyone {
            self.hearing.touch(asker, || Hearing::since(at)).last = at;
        }
        self.note_domain(asker, name, at);
    }

    fn note_domain(&mut self, asker: Asker, name: &Label, at: Timestamp) {
        if let Some(domain) = registered_domain(name.as_str()) {
            *self.domains.touch((asker, Label::new(domain)), || at) = at;
        }
    }

    /// Learns what an answer to this asker said at a moment of data time.
    pub fn learn(&mut self, asker: Asker, answer: Resolved, at: Timestamp) {
        let fresh_until = at.plus(Duration::from_secs(u64::from(answer.ttl)).min(LONGEST_TTL));
        self.put(asker, answer.ip, Answered { name: answer.name, at, fresh_until });
    }

    fn put(&mut self, asker: Asker, ip: IpAddr, answered: Answered) {
        let names = self.answers.touch((asker, ip), Vec::new);
        names.retain(|old| old.name != answered.name);
        if names.len() >= NAMES {
            names.remove(0);
        }
        names.push(answered);
    }

    /// The name that an answer to this asker gave the address: the latest that is within its TTL, else the latest.
    pub fn lookup(&self, asker: Asker, ip: IpAddr, at: Timestamp) -> Option<Name> {
        let found = self.latest(asker, ip, at).or_else(|| self.latest(Asker::Everyone, ip, at))?;
        Some(Name { text: found.name.clone(), source: NameSource::Dns })
    }

    fn latest(&self, asker: Asker, ip: IpAddr, at: Timestamp) -> Option<&Answered> {
        let names = self.answers.get(&(asker, ip))?;
        let fresh = names.iter().rev().find(|one| one.is_fresh(at));
        fresh.or_else(|| names.iter().rev().find(|one| one.is_believed(at)))
    }

    /// Puts back what an earlier run was told, the oldest first. It does not count as having heard DNS in this run.
    pub fn restore(&mut self, mut saved: Vec<Resolution>) {
        saved.sort_by_key(|one| one.at);
        for one in saved {
            self.note_domain(one.asker, &one.name, one.at);
            self.put(
                one.asker,
                one.ip,
                Answered { name: one.name, at: one.at, fresh_until: one.fresh_until.min(one.at.plus(LONGEST_TTL)) },
            );
        }
        self.saved = self.answers.touches();
    }

    /// Answers since the last call, for the store.
    pub fn take_changes(&mut self) -> Vec<Resolution> {
        let changed = self.answers.touched_since(self.saved).flat_map(|(&(asker, ip), names)| {
            names.iter().map(move |one| Resolution {
                asker,
                ip,
                name: one.name.clone(),
                at: one.at,
                fresh_until: one.fresh_until,
            })
        });
        let changed = changed.collect();
        self.saved = self.answers.touches();
        changed
    }

    /// Addresses with a name.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Addresses, domains and askers that had to make room for others.
    pub const fn evicted(&self) -> u64 {
        self.answers.evicted() + self.domains.evicted() + self.hearing.evicted()
    }
}

impl Default for NameMap {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Asker = Asker::Us;

    fn answer(name: &str, last: u8, ttl: u32) -> Resolved {
        Resolved { name: Label::new(name), ip: [192, 0, 2, last].into(), ttl }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn name(names: &NameMap, asker: Asker, last: u8, secs: u64) -> Option<String> {
        names.lookup(asker, [192, 0, 2, last].into(), at(secs)).map(|name| name.text.to_string())
    }

    #[test]
    fn the_latest_answer_within_its_ttl_is_believed_before_any_other() {
        let mut names = NameMap::default();
        names.learn(US, answer("long.example", 1, 7_200), at(0));
        names.learn(US, answer("short.example", 1, 60), at(100));
        assert_eq!(name(&names, US, 1, 160).as_deref(), Some("short.example"));
        assert_eq!(name(&names, US, 1, 161).as_deref(), Some("long.example"), "the short one is over");
        assert_eq!(name(&names, US, 1, 7_201).as_deref(), Some("short.example"), "both are over: the latest");
        assert_eq!(name(&names, US, 1, 86_500).as_deref(), Some("short.example"));
        assert_eq!(name(&names, US, 1, 86_501), None);
        names.learn(US, answer("days.example", 2, 2 * 86_400), at(0));
        assert!(name(&names, US, 2, 2 * 86_400).is_some());
        assert_eq!(name(&names, US, 2, 2 * 86_400 + 1), None);
        names.learn(US, answer("for.ever.example", 3, u32::MAX), at(0));
        assert_eq!(name(&names, US, 3, 8 * 86_400), None);
    }

    #[test]
    fn what_one_was_told_names_nothing_for_another() {
        let mut names = NameMap::default();
        let (a, b) = (Asker::Host([10, 0, 0, 1].into()), Asker::Host([10, 0, 0, 2].into()));
        names.learn(a, answer("a.example", 1, 60), at(0));
        assert_eq!(name(&names, a, 1, 1).as_deref(), Some("a.example"));
        assert_eq!((name(&names, b, 1, 1), name(&names, US, 1, 1)), (None, None));
        names.learn(Asker::Everyone, answer("printer.local", 2, 60), at(0));
        assert_eq!(name(&names, b, 2, 1).as_deref(), Some("printer.local"));
    }

    #[test]
    fn an_address_of_many_names_keeps_the_latest_few() {
        let mut names = NameMap::default();
        for n in 0..100 {
            names.learn(US, answer(&format!("n{n}.example"), 1, 60), at(n));
        }
        assert_eq!(name(&names, US, 1, 99).as_deref(), Some("n99.example"));
        assert_eq!(names.take_changes().len(), NAMES);
    }

    #[test]
    fn forgets_the_oldest_answer_when_full_and_counts_it() {
        let mut names = NameMap::new(2);
        for (host, last) in [("a", 1), ("b", 2), ("a", 1), ("c", 3)] {
            names.learn(US, answer(host, last, 0), at(1));
        }
        assert_eq!((names.len(), names.evicted()), (2, 1));
        assert_eq!((name(&names, US, 2, 1), name(&names, US, 1, 1).as_deref()), (None, Some("a")));
    }

    #[test]
    fn what_was_saved_names_the_same_after_a_restart() {
        let mut first = NameMap::default();
        first.learn(US, answer("a.example", 1, 60), at(10));
        first.learn(Asker::Host([10, 0, 0, 1].into()), answer("b.example", 2, 60), at(20));
        let saved = first.take_changes();
        assert_eq!(saved.len(), 2);
        assert_eq!(first.take_changes(), []);
        let mut second = NameMap::default();
        second.restore(saved);
        assert_eq!(second.take_changes(), [], "what was read need not be written again");
        assert_eq!(name(&second, US, 1, 60).as_deref(), Some("a.example"));
        assert_eq!(name(&second, US, 2, 60), None);
        second.learn(US, answer("a.example", 1, 60), at(100));
        assert_eq!(second.take_changes().len(), 1);
    }
}
