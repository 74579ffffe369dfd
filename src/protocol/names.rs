//! Passive DNS: which name this network asked for and got an address for. Bounded, aged by data time.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use hashbrown::HashMap;

use super::dns::Resolved;
use crate::model::{Label, Name, NameSource, Timestamp};

/// Addresses that are remembered.
pub const LIMIT: usize = 32 * 1024;
/// An answer is believed at least this long: clients keep connections and addresses longer than a TTL of seconds.
const LEAST_HOLD: Duration = Duration::from_hours(1);
/// And at most this long, whatever its TTL says.
const MOST_HOLD: Duration = Duration::from_hours(7 * 24);

/// Address → name, the newest answer first believed.
#[derive(Debug)]
pub struct NameMap {
    entries: HashMap<IpAddr, Entry>,
    /// Addresses in the order of their last answer, with the stamp of that answer: entries whose stamp
    /// moved on are passed over.
    order: VecDeque<(IpAddr, u64)>,
    limit: usize,
    stamp: u64,
    evicted: u64,
}

#[derive(Debug)]
struct Entry {
    name: Label,
    expires: Timestamp,
    stamp: u64,
}

impl NameMap {
    pub fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), limit: limit.max(1), stamp: 0, evicted: 0 }
    }

    /// Learns what an answer said at a moment of data time.
    pub fn learn(&mut self, answer: Resolved, at: Timestamp) {
        let hold = Duration::from_secs(u64::from(answer.ttl)).clamp(LEAST_HOLD, MOST_HOLD);
        self.stamp += 1;
        let entry = Entry { name: answer.name, expires: at.plus(hold), stamp: self.stamp };
        let is_new = self.entries.insert(answer.ip, entry).is_none();
        self.order.push_back((answer.ip, self.stamp));
        if is_new && self.entries.len() > self.limit {
            self.evict();
        }
        if self.order.len() > self.limit * 2 {
            let entries = &self.entries;
            self.order.retain(|(ip, stamp)| entries.get(ip).is_some_and(|entry| entry.stamp == *stamp));
        }
    }

    /// The name that an answer gave this address, if it may still be believed.
    pub fn lookup(&self, ip: IpAddr, at: Timestamp) -> Option<Name> {
        let entry = self.entries.get(&ip).filter(|entry| at <= entry.expires)?;
        Some(Name { text: entry.name.clone(), source: NameSource::Dns })
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Addresses that had to make room for others.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Forgets the address whose last answer is the oldest.
    fn evict(&mut self) {
        while let Some((ip, stamp)) = self.order.pop_front() {
            if self.entries.get(&ip).is_some_and(|entry| entry.stamp == stamp) {
                self.entries.remove(&ip);
                self.evicted += 1;
                return;
            }
        }
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

    fn answer(name: &str, last: u8, ttl: u32) -> Resolved {
        Resolved { name: Label::new(name), ip: [192, 0, 2, last].into(), ttl }
    }

    #[test]
    fn believes_the_newest_answer_for_its_time() {
        let mut names = NameMap::default();
        names.learn(answer("old.example", 1, 60), Timestamp::from_secs(0));
        names.learn(answer("new.example", 1, 60), Timestamp::from_secs(100));
        let found = names.lookup([192, 0, 2, 1].into(), Timestamp::from_secs(3_700)).unwrap();
        assert_eq!((found.text.as_str(), found.source), ("new.example", NameSource::Dns));
        assert_eq!(names.lookup([192, 0, 2, 1].into(), Timestamp::from_secs(3_701)), None);
        assert_eq!(names.lookup([192, 0, 2, 2].into(), Timestamp::from_secs(0)), None);
        names.learn(answer("long.example", 2, 86_400), Timestamp::from_secs(0));
        assert!(names.lookup([192, 0, 2, 2].into(), Timestamp::from_secs(86_400)).is_some());
    }

    #[test]
    fn forgets_the_oldest_answer_when_full_and_counts_it() {
        let mut names = NameMap::new(2);
        let at = Timestamp::from_secs(1);
        names.learn(answer("a", 1, 0), at);
        names.learn(answer("b", 2, 0), at);
        names.learn(answer("a", 1, 0), at);
        names.learn(answer("c", 3, 0), at);
        assert_eq!((names.len(), names.evicted()), (2, 1));
        assert!(names.lookup([192, 0, 2, 2].into(), at).is_none());
        assert!(names.lookup([192, 0, 2, 1].into(), at).is_some());
    }

    #[test]
    fn one_address_answered_for_ever_takes_no_more_room() {
        let mut names = NameMap::new(4);
        for _ in 0..10_000 {
            names.learn(answer("a", 1, 0), Timestamp::ZERO);
        }
        assert!(names.order.len() <= 9 && names.len() == 1);
    }
}
