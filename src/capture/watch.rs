//! Follows the watched interfaces while they come, go and change, and gives each a number for the run.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::model::{Event, Health, InterfaceId, InterfaceInfo, Label, Timestamp};
use crate::sys::RouteNotices;

use super::CaptureError;
use super::carriers::Devices;
use super::interfaces::{self, ANY, Interface};
use super::wall::Stopwatch;

/// How often interfaces are read again: after news at most so often, and without a way to get news always.
const AFTER_NEWS: Duration = Duration::from_millis(200);
const WITHOUT_NEWS: Duration = Duration::from_secs(1);
/// How often it is looked up anew who carries whom: routes change without news.
const WHO_CARRIES: Duration = Duration::from_secs(30);

/// Interfaces numbered in one run. Beyond it the number of one that is gone is given to the newcomer.
const MOST: usize = 4096;

/// One watched interface.
struct Watched {
    /// The kernel's number while it exists.
    index: Option<u32>,
    name: String,
    info: InterfaceInfo,
    has_carrier: bool,
}

/// The interfaces a capture listens to.
pub(super) struct Watch {
    notices: Option<RouteNotices>,
    watched: Vec<Watched>,
    /// Listens to all of them, those to come as well.
    any: bool,
    by_index: HashMap<u32, InterfaceId>,
    last: Option<(u32, InterfaceId)>,
    untold: Vec<InterfaceId>,
    news: bool,
    since: Stopwatch,
}

impl Watch {
    /// Resolves the names: none is the default interface, [`ANY`] is all. Asks no rights.
    pub(super) fn open(wanted: &[String]) -> Result<Self, CaptureError> {
        // Subscribed before the first reading, so that no change falls between the two.
        let notices = RouteNotices::open().ok();
        let present = interfaces::list();
        let any = wanted.iter().any(|name| name == ANY);
        let mut watch = Self {
            notices,
            watched: Vec::new(),
            any,
            by_index: HashMap::new(),
            last: None,
            untold: Vec::new(),
            news: false,
            since: Stopwatch::start(),
        };
        if any {
            for one in &present {
                watch.add(one);
            }
        } else if wanted.is_empty() {
            let one = interfaces::default_of(&present);
            watch.add(one.ok_or(CaptureError::Unsupported("no interface but the loopback is up; name one with -i"))?);
        }
        for name in wanted.iter().filter(|_| !any) {
            let one = present.iter().find(|one| one.name == *name);
            let one = one.ok_or_else(|| CaptureError::NoSuchInterface(name.clone()))?;
            if !watch.by_index.contains_key(&one.index) {
                watch.add(one);
            }
        }
        watch.judge(&present);
        Ok(watch)
    }

    /// The interfaces by number, each with the kernel's index if it exists.
    pub(super) fn indices(&self) -> impl Iterator<Item = (InterfaceId, Option<u32>)> {
        self.watched.iter().map(|one| (one.info.id, one.index))
    }

    /// The kernel's index of an interface, if it exists.
    pub(super) fn index_of(&self, id: InterfaceId) -> Option<u32> {
        self.watched.get(usize::from(id.0)).and_then(|one| one.index)
    }

    /// The name of a watched interface; none is all of them.
    pub(super) fn name(&self, id: Option<InterfaceId>) -> &str {
        id.and_then(|id| self.watched.get(usize::from(id.0))).map_or(ANY, |one| &one.name)
    }

    pub(super) const fn is_any(&self) -> bool {
        self.any
    }

    pub(super) const fn notices(&self) -> Option<&RouteNotices> {
        self.notices.as_ref()
    }

    /// Looks whether anything changed and reads the interfaces again if so. True when it has read.
    pub(super) fn refresh(&mut self) -> bool {
        self.news |= self.notices.as_ref().is_some_and(RouteNotices::drain);
        let elapsed = self.since.elapsed();
        let due = if self.notices.is_some() { self.news && elapsed >= AFTER_NEWS } else { elapsed >= WITHOUT_NEWS };
        let due = due || (self.watched.len() > 1 && elapsed >= WHO_CARRIES);
        if due {
            self.read_again();
        }
        due
    }

    /// How long to sleep at most so that news held back are looked at in time.
    pub(super) fn patience(&self, patience: Duration) -> Duration {
        if self.news || self.notices.is_none() { patience.min(AFTER_NEWS) } else { patience }
    }

    /// The number of the interface that a frame came from.
    #[inline]
    pub(super) fn id_of(&mut self, index: u32) -> Option<InterfaceId> {
        if let Some((last, id)) = self.last
            && last == index
        {
            return Some(id);
        }
        let id = *self.by_index.get(&index)?;
        self.last = Some((index, id));
        Some(id)
    }

    /// Numbers an interface that a frame came from and that was not there before.
    pub(super) fn meet(&mut self, index: u32) -> InterfaceId {
        self.read_again();
        if let Some(id) = self.by_index.get(&index) {
            return *id;
        }
        // It is gone again. Its frames are counted under the only name that is left of it.
        self.add(&Interface { index, name: format!("ifindex {index}"), ..Interface::default() });
        self.by_index.get(&index).copied().unwrap_or_default()
    }

    /// Tells of every interface that is new or has changed since last told.
    pub(super) fn tell(&mut self, at: Timestamp, take: &mut dyn FnMut(Event<'_>)) {
        for id in self.untold.drain(..) {
            if let Some(one) = self.watched.get(usize::from(id.0)) {
                take(Event::Interface(at, one.info.clone()));
            }
        }
    }

    /// The present state, counters read now.
    pub(super) fn infos(&self) -> Vec<InterfaceInfo> {
        let counters = interfaces::counters();
        let fresh = |one: &Watched| {
            let now = one.index.and_then(|_| counters.get(&one.name).copied());
            InterfaceInfo { counters: now.or(one.info.counters), ..one.info.clone() }
        };
        self.watched.iter().map(fresh).collect()
    }

    /// A line for each named interface that cannot give frames now. Of all interfaces many are down for good.
    pub(super) fn health(&self) -> Vec<Health> {
        let unwell = |one: &Watched| {
            let what = match (one.index, one.info.is_up, one.has_carrier) {
                (None, ..) => "is gone; capture goes on when it comes back",
                (Some(_), true, _) => return None,
                (Some(_), false, false) => "is down or has no carrier",
                (Some(_), false, true) => "is down",
            };
            let what = Label::new(&format!("{} {what}", one.info.name));
            Some(Health { part: "capture", about: one.info.name.clone(), what })
        };
        self.watched.iter().filter(|_| !self.any).filter_map(unwell).collect()
    }

    fn read_again(&mut self) {
        self.news = false;
        self.since = Stopwatch::start();
        let present = interfaces::list();
        for number in 0..self.watched.len() {
            self.compare(number, &present);
        }
        self.by_index = self.watched.iter().filter_map(|one| Some((one.index?, one.info.id))).collect();
        self.last = None;
        if self.any {
            for one in present.iter().filter(|one| !self.by_index.contains_key(&one.index)).cloned().collect::<Vec<_>>()
            {
                self.add(&one);
            }
        }
        self.judge(&present);
    }

    /// Decides which of the interfaces carry others, and which addresses besides their own are ours.
    fn judge(&mut self, present: &[Interface]) {
        let devices = Devices::read();
        let watched: HashSet<u32> = self.watched.iter().filter_map(|one| one.index).collect();
        let others = present.iter().filter(|one| !watched.contains(&one.index));
        let mut also_ours: Vec<IpAddr> = others.flat_map(|one| one.addresses.iter().copied()).collect();
        also_ours.sort_unstable();
        also_ours.dedup();
        for one in &mut self.watched {
            let place = one.index.map(|index| devices.place(index, &watched)).unwrap_or_default();
            let judged = InterfaceInfo {
                kind: place.kind,
                standing: place.standing,
                bond: place.bond,
                bridge: place.bridge,
                also_ours: also_ours.clone(),
                is_named: !self.any,
                ..one.info.clone()
            };
            if judged != one.info {
                one.info = judged;
                if !self.untold.contains(&one.info.id) {
                    self.untold.push(one.info.id);
                }
            }
        }
    }

    /// Brings one entry up to date: the same interface if its index lives (it may have another name now), else a new
    /// one under the same name, else gone.
    fn compare(&mut self, number: usize, present: &[Interface]) {
        let Some(old) = self.watched.get_mut(number) else { return };
        let same = old.index.and_then(|index| present.iter().find(|one| one.index == index));
        let now = same.or_else(|| present.iter().find(|one| one.name == old.name));
        let before = old.info.clone();
        let info = match now {
            None => InterfaceInfo { is_up: false, addresses: Vec::new(), counters: None, ..before },
            Some(one) => InterfaceInfo {
                also_ours: before.also_ours,
                is_named: before.is_named,
                kind: before.kind,
                standing: before.standing,
                bond: before.bond,
                bridge: before.bridge,
                ..one.info(before.id)
            },
        };
        let changed = InterfaceInfo { counters: old.info.counters, ..info.clone() } != old.info
            || now.map(|one| one.index) != old.index;
        old.index = now.map(|one| one.index);
        old.has_carrier = now.is_some_and(|one| one.has_carrier);
        old.info = info;
        if let Some(one) = now {
            old.name.clone_from(&one.name);
        }
        if changed {
            self.untold.push(old.info.id);
        }
    }

    /// Gives a newcomer a number: a new one, or that of one that is gone when there are too many.
    fn add(&mut self, one: &Interface) {
        let number = if self.watched.len() < MOST {
            self.watched.len()
        } else {
            self.watched.iter().position(|old| old.index.is_none()).unwrap_or(MOST - 1)
        };
        let id = InterfaceId(number as u16);
        let new = Watched {
            index: Some(one.index),
            name: one.name.clone(),
            info: one.info(id),
            has_carrier: one.has_carrier,
        };
        match self.watched.get_mut(number) {
            Some(old) => *old = new,
            None => self.watched.push(new),
        }
        self.by_index.insert(one.index, id);
        self.untold.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch_all() -> Watch {
        Watch {
            notices: None,
            watched: Vec::new(),
            any: true,
            by_index: HashMap::new(),
            last: None,
            untold: Vec::new(),
            news: false,
            since: Stopwatch::start(),
        }
    }

    fn interface(index: u32, name: &str) -> Interface {
        Interface { index, name: name.to_owned(), is_up: true, has_carrier: true, ..Interface::default() }
    }

    #[test]
    fn numbers_are_bounded_and_given_again() {
        let mut watch = watch_all();
        for index in 1..=MOST as u32 {
            watch.add(&interface(index, &format!("veth{index}")));
        }
        watch.compare(6, &[]);
        watch.add(&interface(9_000, "veth9000"));
        assert_eq!(watch.id_of(9_000), Some(InterfaceId(6)));
        watch.add(&interface(9_001, "veth9001"));
        assert_eq!(watch.id_of(9_001), Some(InterfaceId(MOST as u16 - 1)));
        assert_eq!(watch.watched.len(), MOST);
    }

    #[test]
    fn tells_only_what_changed() {
        let mut watch = watch_all();
        watch.add(&interface(3, "eth0"));
        let told = |watch: &mut Watch| {
            let mut names = Vec::new();
            watch.tell(Timestamp::ZERO, &mut |event| match event {
                Event::Interface(_, info) => names.push((info.name.to_string(), info.is_up)),
                other => panic!("{other:?}"),
            });
            names
        };
        let up = |name: &str| vec![(name.to_owned(), true)];
        assert_eq!(told(&mut watch), up("eth0"));
        watch.compare(0, &[interface(3, "eth0")]);
        assert_eq!(told(&mut watch), []);
        let busy = Interface { counters: Some(crate::model::InterfaceCounters::default()), ..interface(3, "eth0") };
        watch.compare(0, &[busy]);
        assert_eq!(told(&mut watch), [], "counters alone are no change");
        watch.compare(0, &[interface(3, "lan0")]);
        assert_eq!(told(&mut watch), up("lan0"), "followed under its new name");
        watch.compare(0, &[interface(4, "eth0")]);
        assert_eq!(told(&mut watch), [("lan0".to_owned(), false)]);
        watch.compare(0, &[interface(7, "lan0")]);
        assert_eq!(told(&mut watch), up("lan0"), "made anew");
        assert_eq!(watch.watched[0].index, Some(7));
    }
}
