//! How an interval becomes part of what is usual.

use std::time::Duration;

use crate::flow::{Interval, Sample};
use crate::model::{Confidence, Timestamp};

use super::place::{Contact, Ledger, Place, domain_of, is_ours, neighbourhood};
use super::{Baseline, Known, Record, SavedKey};

/// The most data time that one interval adds to what was observed: a pause of two years in a merged
/// capture is not two years of watching.
const LONGEST: Duration = Duration::from_hours(1);
/// Beyond the first sight, "last seen" is kept to about this. Saves most of the work for steady flows.
const TOUCH: Duration = Duration::from_secs(10);
const DAY: u64 = 86_400;

impl Baseline {
    /// Learns from an interval that has been judged.
    ///
    /// Once learning is done, flows that `poisons` are left out: what carries a finding of medium or high
    /// severity must not become usual by being repeated. Within the learning period everything is taken in.
    pub fn learn(&mut self, seen: &Interval, poisons: impl Fn(&Sample) -> bool) {
        let learning = self.is_learning();
        for sample in &seen.samples {
            if sample.packets_out == 0 {
                continue;
            }
            let Some(contact) = Contact::of(sample) else { continue };
            // Neither a reset to a scanner nor one to a stray answer is a service or a destination of ours.
            let is_refusal = match contact.ledger {
                Ledger::Replies => sample.payload_out == 0,
                Ledger::Initiated => !is_ours(sample),
            };
            if !is_refusal && (learning || !poisons(sample)) {
                self.take_in_owner(seen.at, sample, &contact, learning);
                self.take_in(seen.at, sample, contact, learning);
            }
        }
        for sample in seen.owned.iter().filter(|sample| sample.total_out > 0 && (learning || !poisons(sample))) {
            if let Some(contact) = Contact::of(sample) {
                self.take_in_owner(seen.at, sample, &contact, learning);
            }
        }
        self.at = self.at.max(seen.at);
        self.observed = self.observed.saturating_add(seen.span.min(LONGEST));
        self.observed_changed = true;
        self.forget(seen.at);
    }

    /// Who it was, where somebody knows: the sender, and the sender's own use of the destination. Their volumes are
    /// not kept apart.
    fn take_in_owner(&mut self, at: Timestamp, sample: &Sample, contact: &Contact, learning: bool) {
        let Some(owner) = sample.owner.as_ref().filter(|owner| owner.confidence < Confidence::Guess) else { return };
        let key = owner.key();
        if contact.ledger == Ledger::Initiated
            && self.senders.get(&key).is_none_or(|known| at.since(known.last) >= TOUCH)
        {
            self.senders.entry(key.clone(), || Known::since(at, learning)).touch(at);
        }
        let to = super::Destination { owner: Some(key), ..contact.destination.clone() };
        let record = self.destinations.entry((contact.ledger, to), || Record::since(at, learning));
        record.bytes_out = record.bytes_out.saturating_add(sample.payload_out);
        record.bytes_in = record.bytes_in.saturating_add(sample.payload_in);
        record.opened = record.opened.saturating_add(sample.opened.into());
        if record.known.times == 0 || at.since(record.known.last) >= TOUCH {
            record.known.touch(at);
        }
    }

    fn take_in(&mut self, at: Timestamp, sample: &Sample, contact: Contact, learning: bool) {
        let alias = contact.by_address();
        let Contact { destination, ledger, .. } = contact;
        let key = (ledger, destination);
        let is_first = self.destinations.get(&key).is_none();
        // An address that turns out to have a name: what it was sent in the open bucket goes to the name.
        let open = if is_first { alias.as_ref().and_then(|alias| self.take_volume(ledger, alias)) } else { None };

        let record = self.destinations.entry(key.clone(), || Record::since(at, learning));
        let before = record.is_lone().then_some((record.known.first, record.bytes_out));
        record.alias = false;
        record.bytes_out = record.bytes_out.saturating_add(sample.payload_out);
        record.bytes_in = record.bytes_in.saturating_add(sample.payload_in);
        record.opened = record.opened.saturating_add(sample.opened.into());
        // A destination of one interval has no amounts that are usual, and a flood has thousands of them: what it
        // got is taken in when it is seen again.
        if !is_first || open.is_some() {
            let volume = record.volume.get_or_insert_default();
            if let Some((first, bytes)) = before {
                volume.add(first, bytes);
            }
            if let Some(mut open) = open {
                volume.take_open(&mut open);
            }
            volume.add(at, sample.payload_out);
        }
        let application = sample.subject.application;
        let is_news = application.is_known() && !record.speaks(application.id());
        if is_news {
            record.hear(application.id());
        }
        if is_first || is_news || sample.is_new || at.since(record.known.last) >= TOUCH {
            record.known.touch(at);
            self.touch_around(at, learning, sample, &key, alias);
        }
    }

    /// Everything about a contact except its own record.
    fn touch_around(
        &mut self,
        at: Timestamp,
        learning: bool,
        sample: &Sample,
        (ledger, destination): &(Ledger, super::Destination),
        alias: Option<super::Destination>,
    ) {
        let fresh = || Known::since(at, learning);
        if *ledger == Ledger::Initiated {
            let remote = sample.subject.remote;
            for place in [Place::Address(remote), neighbourhood(remote)] {
                self.places.entry(place, fresh).touch(at);
            }
            if let Place::Name(name) = &destination.place {
                self.places.entry(destination.place.clone(), fresh).touch(at);
                if let Some(domain) = domain_of(name) {
                    self.places.entry(domain, fresh).touch(at);
                }
            }
        }
        if let Some(alias) = alias {
            let record =
                self.destinations.entry((*ledger, alias), || Record { alias: true, ..Record::since(at, learning) });
            record.known.touch(at);
        }
        self.services.entry((*ledger, destination.service), fresh).touch(at);
        if sample.subject.application.is_known() {
            let word = crate::model::Label::new(sample.subject.application.id());
            self.applications.entry((*ledger, word), fresh).touch(at);
        }
    }

    /// The volume of an address that was not known to be an alias; from now on it is one.
    fn take_volume(&mut self, ledger: Ledger, alias: &super::Destination) -> Option<Box<super::volume::Volume>> {
        let record = self.destinations.change(&(ledger, alias.clone()))?;
        if record.is_lone() {
            let mut volume = super::volume::Volume::default();
            volume.add(record.known.first, record.bytes_out);
            record.alias = true;
            return Some(Box::new(volume));
        }
        // Without closed buckets it holds nothing but the start of this flow.
        record.alias |= record.volume.as_ref().is_some_and(|v| v.band(super::Scale::TenMinutes).is_none());
        if record.alias { record.volume.take() } else { None }
    }

    /// Once a data day, what was not seen for long leaves.
    fn forget(&mut self, at: Timestamp) {
        let day = at.secs() / DAY;
        if day == self.swept {
            return;
        }
        self.swept = day;
        let horizon = at.minus(self.config.forget_after);
        self.places.forget_before(horizon);
        self.destinations.forget_before(horizon);
        self.services.forget_before(horizon);
        self.applications.forget_before(horizon);
        self.senders.forget_before(horizon);
    }

    /// Whether anything is remembered under a key: for audits and tests.
    pub fn remembers(&self, key: &SavedKey) -> bool {
        match key {
            SavedKey::Place(place) => self.places.get(place).is_some(),
            SavedKey::Destination(ledger, to) => self.destinations.get(&(*ledger, to.clone())).is_some(),
            SavedKey::Service(ledger, service) => self.services.get(&(*ledger, *service)).is_some(),
            SavedKey::Application(ledger, word) => self.applications.get(&(*ledger, word.clone())).is_some(),
            SavedKey::Sender(sender) => self.senders.get(sender).is_some(),
        }
    }
}
