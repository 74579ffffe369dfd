//! Known-good: what the operator said is good, looked up per row.

pub mod file;
pub mod journal;
pub mod scope;
pub mod text;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::model::{Endpoint, Label, Mark, Scope, Subject, Target, Timestamp};

pub use file::{Applied, FileError, KnownGood, Trust};

/// The most marks kept. Nobody reads more than that.
pub const LIMIT: usize = 10_000;
/// How many changes of this run can be taken back.
const UNDO: usize = 100;

/// Why a mark was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    #[error("`{0}` admits every name below a public suffix")]
    TooWide(Label),
    #[error("there are {LIMIT} marks already; remove some, or mark a network instead of its hosts")]
    Full,
}

/// What was changed, for the file, the journal and the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Added(Arc<Mark>),
    Removed(Arc<Mark>),
}

/// All marks, found by what they cover.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    all: Vec<Arc<Mark>>,
    /// Marks of a flow, a service or a host, by the host's address.
    by_host: HashMap<IpAddr, Vec<Arc<Mark>>>,
    by_network: HashMap<IpNet, Vec<Arc<Mark>>>,
    /// Lengths of the prefixes in `by_network`, the longest first when read backwards.
    lengths: BTreeSet<u8>,
    /// By name in lower case.
    by_name: HashMap<String, Vec<Arc<Mark>>>,
    undo: Vec<Change>,
}

impl Marks {
    /// A set of marks, as a file holds them.
    pub fn from_list(list: Vec<Mark>) -> Self {
        let mut marks = Self { all: list.into_iter().take(LIMIT).map(Arc::new).collect(), ..Self::default() };
        marks.index();
        marks
    }

    /// Puts other marks in place of these, as after the file changed. What can be undone is kept.
    pub fn replace(&mut self, list: Vec<Mark>) {
        let undo = std::mem::take(&mut self.undo);
        *self = Self::from_list(list);
        self.undo = undo;
    }

    /// Every mark, in the order they were made. Expired ones are listed too: they are history.
    pub fn list(&self) -> &[Arc<Mark>] {
        &self.all
    }

    /// The narrowest mark that covers all of a target and has not expired at `at`.
    pub fn covers(&self, target: &Target<'_>, at: Timestamp) -> Option<Arc<Mark>> {
        let good = |mark: &&Arc<Mark>| mark.expires.is_none_or(|end| at <= end) && mark.scope.covers(target);
        let ip = target.remote.ip;
        let by_host = self.by_host.get(&ip).into_iter().flatten().filter(good).min_by_key(|mark| width(&mark.scope));
        by_host
            .or_else(|| {
                self.lengths.iter().rev().find_map(|bits| {
                    let net = IpNet::new(ip, *bits).ok()?.trunc();
                    self.by_network.get(&net)?.iter().find(good)
                })
            })
            .or_else(|| {
                let name = target.name?.as_str().trim_end_matches('.').to_ascii_lowercase();
                let dots = name.match_indices('.').map(|(at, _)| at + 1);
                std::iter::once(0).chain(dots).find_map(|from| self.by_name.get(name.get(from..)?)?.iter().find(good))
            })
            .cloned()
    }

    /// The mark that covers everything a finding is about.
    pub fn covers_subject(&self, subject: &Subject, at: Timestamp) -> Option<Arc<Mark>> {
        self.covers(&target_of(subject), at)
    }

    /// Makes a mark. The same scope marked again takes the new expiry and reason.
    pub fn add(
        &mut self,
        scope: Scope,
        lasting: Option<Duration>,
        reason: Option<Label>,
        by: Label,
        at: Timestamp,
    ) -> Result<Vec<Change>, MarkError> {
        check(&scope)?;
        let mut changes = Vec::new();
        if let Some(old) = self.all.iter().find(|mark| mark.scope == scope).cloned() {
            self.take(&old.id);
            changes.push(Change::Removed(old));
        }
        if self.all.len() >= LIMIT {
            return Err(MarkError::Full);
        }
        let id = self.free_id();
        // As precise as the file can say it, so that a mark read back is the same mark.
        let at = Timestamp::from_micros(at.micros());
        let lasting = lasting.map(|span| Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)));
        let mark = Arc::new(Mark { id, scope, expires: lasting.map(|span| at.plus(span)), reason, made: at, by });
        self.all.push(Arc::clone(&mark));
        self.index();
        changes.push(Change::Added(mark));
        for change in &changes {
            self.remember(change.clone());
        }
        Ok(changes)
    }

    /// Takes a mark back by its id; `None` if there is none.
    pub fn remove(&mut self, id: &Label) -> Option<Change> {
        let change = Change::Removed(self.take(id)?);
        self.index();
        self.remember(change.clone());
        Some(change)
    }

    /// Takes back the last change of this run; `None` if there is nothing left to take back.
    pub fn undo(&mut self) -> Option<Change> {
        while let Some(change) = self.undo.pop() {
            let done = match change {
                Change::Added(mark) => self.take(&mark.id).map(Change::Removed),
                Change::Removed(mark) => self.put_back(mark),
            };
            if done.is_some() {
                self.index();
                return done;
            }
        }
        None
    }

    fn put_back(&mut self, mark: Arc<Mark>) -> Option<Change> {
        if self.all.iter().any(|other| other.id == mark.id || other.scope == mark.scope) {
            return None;
        }
        self.all.push(Arc::clone(&mark));
        Some(Change::Added(mark))
    }

    fn take(&mut self, id: &Label) -> Option<Arc<Mark>> {
        let at = self.all.iter().position(|mark| mark.id == *id)?;
        Some(self.all.remove(at))
    }

    fn remember(&mut self, change: Change) {
        if self.undo.len() >= UNDO {
            self.undo.remove(0);
        }
        self.undo.push(change);
    }

    /// `m1`, `m2`, …: above every number in use, and above those that an undo could bring back.
    fn free_id(&self) -> Label {
        let undoable = self.undo.iter().map(|change| match change {
            Change::Added(mark) | Change::Removed(mark) => mark,
        });
        let highest = self
            .all
            .iter()
            .chain(undoable)
            .filter_map(|mark| mark.id.as_str().strip_prefix('m')?.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        Label::new(&format!("m{}", highest.saturating_add(1)))
    }

    fn index(&mut self) {
        self.by_host.clear();
        self.by_network.clear();
        self.by_name.clear();
        self.lengths.clear();
        for mark in &self.all {
            let mark = Arc::clone(mark);
            match &mark.scope {
                Scope::Flow { remote: at, .. } => self.by_host.entry(at.ip).or_default().push(mark),
                Scope::Service { host, .. } | Scope::Host(host) => self.by_host.entry(*host).or_default().push(mark),
                Scope::Network(net) => {
                    self.lengths.insert(net.prefix_len());
                    self.by_network.entry(net.trunc()).or_default().push(mark);
                }
                Scope::Name(name) => {
                    let key = name.as_str().trim_end_matches('.').to_ascii_lowercase();
                    self.by_name.entry(key).or_default().push(mark);
                }
            }
        }
    }
}

/// Whether a scope may be marked at all.
pub fn check(scope: &Scope) -> Result<(), MarkError> {
    match scope {
        Scope::Name(name) => {
            let text = name.as_str().trim_end_matches('.');
            let is_suffix = psl::suffix_str(text).is_none_or(|suffix| suffix.len() == text.len());
            // A single label such as `nas` is a name of this network, unless it is a suffix that exists.
            let is_local = !text.contains('.') && psl::suffix(text.as_bytes()).is_none_or(|s| !s.is_known());
            if text.is_empty() || is_suffix && !is_local { Err(MarkError::TooWide(name.clone())) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

fn target_of(subject: &Subject) -> Target<'_> {
    let whole = Endpoint::new(subject.remote, subject.port);
    // One flow: both of its ends are known, and the subject's port may be that of ours.
    let ends = subject.flow.map(|key| (key.first(), key.second()));
    let (local, remote) = match ends {
        Some((first, second)) if first.ip == subject.remote && second.ip != subject.remote => (Some(second), first),
        Some((first, second)) => (Some(first), second),
        None => (None, whole),
    };
    Target { protocol: subject.protocol, local, remote, name: subject.name.as_ref() }
}

const fn width(scope: &Scope) -> u8 {
    match scope {
        Scope::Flow { .. } => 0,
        Scope::Service { .. } => 1,
        Scope::Host(_) => 2,
        Scope::Network(_) => 3,
        Scope::Name(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn target<'a>(remote: &str, port: u16, name: Option<&'a Label>) -> Target<'a> {
        Target { protocol: Protocol::TCP, local: None, remote: Endpoint::new(ip(remote), port), name }
    }

    fn add(marks: &mut Marks, scope: Scope, secs: Option<u64>) -> Arc<Mark> {
        let lasting = secs.map(Duration::from_secs);
        let changes = marks.add(scope, lasting, None, Label::new("root"), NOW).unwrap();
        match changes.last() {
            Some(Change::Added(mark)) => Arc::clone(mark),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_narrowest_mark_answers() {
        let mut marks = Marks::default();
        let name = Label::new("www.Example.com");
        let at = target("192.0.2.10", 443, Some(&name));
        assert_eq!(marks.covers(&at, NOW), None);
        for scope in [
            Scope::Name(Label::new("example.com")),
            Scope::Network("192.0.0.0/16".parse().unwrap()),
            Scope::Network("192.0.2.0/24".parse().unwrap()),
            Scope::Host(ip("192.0.2.10")),
            Scope::Service { protocol: Protocol::TCP, host: ip("192.0.2.10"), port: 443 },
        ] {
            let mark = add(&mut marks, scope, None);
            assert_eq!(marks.covers(&at, NOW), Some(mark));
        }
        assert_eq!(marks.covers(&target("198.51.100.1", 443, None), NOW), None);
    }

    #[test]
    fn an_expired_mark_covers_nothing_and_is_still_listed() {
        let mut marks = Marks::default();
        add(&mut marks, Scope::Host(ip("192.0.2.10")), Some(60));
        let at = target("192.0.2.10", 443, None);
        assert!(marks.covers(&at, NOW.plus(Duration::from_mins(1))).is_some());
        assert!(marks.covers(&at, NOW.plus(Duration::from_secs(61))).is_none());
        assert_eq!(marks.list().len(), 1);
    }

    #[test]
    fn undo_takes_back_the_last_change_and_then_the_one_before() {
        let mut marks = Marks::default();
        let first = add(&mut marks, Scope::Host(ip("192.0.2.1")), None);
        let second = add(&mut marks, Scope::Host(ip("192.0.2.2")), None);
        assert!(marks.remove(&first.id).is_some());
        assert_eq!(marks.undo(), Some(Change::Added(Arc::clone(&first))));
        assert_eq!(marks.undo(), Some(Change::Removed(second)));
        assert_eq!(marks.undo(), Some(Change::Removed(first)));
        assert_eq!(marks.undo(), None);
        assert!(marks.list().is_empty());
    }

    #[test]
    fn marking_again_renews() {
        let mut marks = Marks::default();
        let first = add(&mut marks, Scope::Host(ip("192.0.2.1")), Some(1));
        let again = add(&mut marks, Scope::Host(ip("192.0.2.1")), None);
        assert_ne!(first.id, again.id);
        assert_eq!(marks.list(), [again]);
    }

    #[test]
    fn a_public_suffix_is_too_wide() {
        for name in ["com", "co.uk", "github.io", ""] {
            assert!(check(&Scope::Name(Label::new(name))).is_err(), "{name}");
        }
        for name in ["example.com", "a.example.co.uk", "nas", "printer.lan"] {
            assert_eq!(check(&Scope::Name(Label::new(name))), Ok(()), "{name}");
        }
    }
}
