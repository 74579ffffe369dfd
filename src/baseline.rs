//! What is usual here: destinations, services, volumes. Fed with intervals, asked by detectors.
//!
//! Judge first, then learn: nothing may vouch for itself. No clock and no I/O; time is the data's.

pub mod known;
pub mod learn;
pub mod place;
pub mod record;
pub mod saved;
pub mod sketch;
pub mod table;
pub mod volume;

use std::net::IpAddr;
use std::time::Duration;

pub use known::Known;
pub use place::{Contact, Destination, Ledger, Place, Service, ends, is_ours, leaves};
pub use record::{Record, balance};
pub use saved::{Changes, SavedKey};
pub use volume::{Band, Scale};

use crate::model::{Direction, FlowKey, Label, Opener, Subject, Timestamp};

use table::Table;

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaselineConfig {
    /// Data time to observe before anything may be called new. Zero: never learning.
    pub learn_for: Duration,
    /// Destinations remembered; places and aliases get twice that.
    pub destinations: usize,
    /// What was first seen after learning is new for this long.
    pub fresh_for: Duration,
    /// What was not seen for this long is forgotten.
    pub forget_after: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for BaselineConfig {
    fn default() -> Self {
        Self { learn_for: DAY, destinations: 16_384, fresh_for: DAY, forget_after: DAY.saturating_mul(90) }
    }
}

/// How a destination stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Too early to say.
    Learning,
    Known,
    /// Not seen before, or first seen after learning and not long ago.
    New,
}

/// What is usual on this host.
#[derive(Debug)]
pub struct Baseline {
    config: BaselineConfig,
    /// The end of the latest interval.
    at: Timestamp,
    observed: Duration,
    observed_changed: bool,
    /// The data day on which old entries were last forgotten.
    swept: u64,
    places: Table<Place, Known>,
    destinations: Table<(Ledger, Destination), Record>,
    services: Table<(Ledger, Service), Known>,
    applications: Table<(Ledger, Label), Known>,
    /// Who opened conversations, by [`crate::model::Owner::key`].
    senders: Table<Label, Known>,
}

impl Default for Baseline {
    fn default() -> Self {
        Self::new(BaselineConfig::default())
    }
}

impl Baseline {
    pub fn new(config: BaselineConfig) -> Self {
        Self {
            config,
            at: Timestamp::ZERO,
            observed: Duration::ZERO,
            observed_changed: false,
            swept: 0,
            places: Table::new(config.destinations.saturating_mul(2)),
            destinations: Table::new(config.destinations.saturating_mul(2)),
            services: Table::new(4_096),
            applications: Table::new(512),
            senders: Table::new(4_096),
        }
    }

    /// The end of the latest interval learnt from.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Data time observed, over all runs.
    pub const fn observed(&self) -> Duration {
        self.observed
    }

    /// Data time to observe before learning is done.
    pub const fn wanted(&self) -> Duration {
        self.config.learn_for
    }

    pub fn is_learning(&self) -> bool {
        self.observed < self.config.learn_for
    }

    /// Destinations known, by name or by address where there is no name.
    pub fn destinations(&self) -> u64 {
        self.destinations
            .iter()
            .filter(|((ledger, to), r)| *ledger == Ledger::Initiated && to.owner.is_none() && !r.alias)
            .count() as u64
    }

    /// Entries that had to leave for want of room.
    pub const fn evicted(&self) -> u64 {
        let (services, applications) = (self.services.evicted(), self.applications.evicted());
        self.places.evicted() + self.destinations.evicted() + services + applications + self.senders.evicted()
    }

    /// How a flow's destination stands, for its row.
    pub fn standing(&self, key: &FlowKey, subject: &Subject, direction: Direction, opener: Opener) -> Standing {
        if self.is_learning() {
            return Standing::Learning;
        }
        let Some(contact) = Contact::new(key, subject, direction, opener) else { return Standing::Known };
        let is_old = |known: &Known| !known.is_fresh(self.at, self.config.fresh_for);
        if self.service_at(&contact).is_some_and(is_old) { Standing::Known } else { Standing::New }
    }

    /// Since when the remote end is known, by its name or its address, whichever is longer.
    pub fn host(&self, name: Option<&Label>, address: IpAddr) -> Option<&Known> {
        let by_name = name.and_then(|name| self.places.get(&Place::Name(place::lower(name))));
        older(by_name, self.places.get(&Place::Address(address)))
    }

    /// A known place close to one that is not: the domain above its name, or the network around its address.
    pub fn related(&self, name: Option<&Label>, address: IpAddr) -> Option<Place> {
        let domain = name.map(place::lower).and_then(|name| place::domain_of(&name));
        let network = name.is_none().then(|| place::neighbourhood(address));
        [domain, network].into_iter().flatten().find(|place| self.places.get(place).is_some())
    }

    /// Since when this service of this place is known, by name or address.
    pub fn service_at(&self, contact: &Contact) -> Option<&Known> {
        older(self.named(contact).map(|r| &r.known), self.aliased(contact).map(|r| &r.known))
    }

    /// All that is remembered about a destination: by name, else by address.
    pub fn record(&self, contact: &Contact) -> Option<&Record> {
        self.named(contact).or_else(|| self.aliased(contact))
    }

    /// Since when a service is used (or offered) at all.
    pub fn service(&self, ledger: Ledger, service: Service) -> Option<&Known> {
        self.services.get(&(ledger, service))
    }

    /// Since when an application is spoken at all.
    pub fn application(&self, ledger: Ledger, application: &str) -> Option<&Known> {
        self.applications.get(&(ledger, Label::new(application)))
    }

    /// Since when a program opens conversations, by its key ([`crate::model::Owner::key`]).
    pub fn sender(&self, key: &Label) -> Option<&Known> {
        self.senders.get(key)
    }

    /// Since when a program uses this service of this place.
    pub fn sends_to(&self, sender: &Label, contact: &Contact) -> Option<&Record> {
        let to = Destination { owner: Some(sender.clone()), ..contact.destination.clone() };
        self.destinations.get(&(contact.ledger, to))
    }

    /// What is usually sent to a destination; `None` where nothing is known about that.
    pub fn band(&self, contact: &Contact, scale: Scale) -> Option<Band> {
        [self.named(contact), self.aliased(contact)]
            .into_iter()
            .flatten()
            .find_map(|record| record.volume.as_ref()?.band(scale))
    }

    fn named(&self, contact: &Contact) -> Option<&Record> {
        self.destinations.get(&(contact.ledger, contact.destination.clone()))
    }

    fn aliased(&self, contact: &Contact) -> Option<&Record> {
        self.destinations.get(&(contact.ledger, contact.by_address()?))
    }

    /// What changed since the last call, for the store.
    pub fn take_changes(&mut self) -> Changes {
        self.take_some_changes(usize::MAX)
    }

    /// The same, at most so many of them; fewer than that are all there were.
    pub fn take_some_changes(&mut self, most: usize) -> Changes {
        let mut room = most;
        let mut rows = std::collections::HashMap::new();
        self.places.take_changes(&mut room, |key, value| {
            rows.insert(SavedKey::Place(key.clone()), value.map(|known| Record::of(*known)));
        });
        self.destinations.take_changes(&mut room, |(ledger, to), value| {
            rows.insert(SavedKey::Destination(*ledger, to.clone()), value.cloned());
        });
        self.services.take_changes(&mut room, |(ledger, service), value| {
            rows.insert(SavedKey::Service(*ledger, *service), value.map(|known| Record::of(*known)));
        });
        self.applications.take_changes(&mut room, |(ledger, word), value| {
            rows.insert(SavedKey::Application(*ledger, word.clone()), value.map(|known| Record::of(*known)));
        });
        self.senders.take_changes(&mut room, |sender, value| {
            rows.insert(SavedKey::Sender(sender.clone()), value.map(|known| Record::of(*known)));
        });
        let observed = std::mem::take(&mut self.observed_changed).then_some(self.observed);
        Changes { rows, observed }
    }

    /// Puts back what was saved, before the first interval.
    pub fn restore(&mut self, saved: Changes) {
        self.observed = saved.observed.unwrap_or(self.observed);
        for (key, record) in saved.rows {
            let Some(record) = record else { continue };
            self.at = self.at.max(record.known.last);
            match key {
                SavedKey::Place(place) => self.places.restore(place, record.known),
                SavedKey::Destination(ledger, to) => self.destinations.restore((ledger, to), record),
                SavedKey::Service(ledger, service) => self.services.restore((ledger, service), record.known),
                SavedKey::Application(ledger, word) => self.applications.restore((ledger, word), record.known),
                SavedKey::Sender(sender) => self.senders.restore(sender, record.known),
            }
        }
    }
}

/// The one that was seen first.
fn older<'a>(a: Option<&'a Known>, b: Option<&'a Known>) -> Option<&'a Known> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.first < a.first { b } else { a }),
        (a, b) => a.or(b),
    }
}
