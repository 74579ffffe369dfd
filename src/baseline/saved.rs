//! The baseline as plain rows, for the store. What is saved today must be readable for years.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::model::{Label, Protocol, Timestamp};

use super::known::Known;
use super::place::{Destination, Ledger, Place, Service};
use super::record::Record;
use super::sketch::Sketch;
use super::volume::{Series, Volume};

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SavedKey {
    Place(Place),
    Destination(Ledger, Destination),
    /// A service used with, or offered to, anybody.
    Service(Ledger, Service),
    Application(Ledger, Label),
    /// A program that opened a conversation with anybody.
    Sender(Label),
}

/// What changed since it was last saved. A key without a value was forgotten.
///
/// Two of them can be put together, the newer one last, without losing anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub rows: HashMap<SavedKey, Option<Record>>,
    /// Data time observed, over all runs; `None` if that did not change.
    pub observed: Option<Duration>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.observed.is_none()
    }

    /// Adds what is newer.
    pub fn merge(&mut self, newer: Self) {
        self.rows.extend(newer.rows);
        self.observed = newer.observed.or(self.observed);
    }
}

/// A key as the columns of a table: kind, ledger, owner, place, protocol, port, word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub kind: String,
    pub ledger: String,
    pub owner: String,
    pub place: String,
    pub protocol: u8,
    pub port: u16,
    pub word: String,
}

impl SavedKey {
    pub fn columns(&self) -> Columns {
        let blank = Columns::default();
        match self {
            Self::Place(place) => Columns { kind: "place".into(), place: place_text(place), ..blank },
            Self::Destination(ledger, to) => Columns {
                kind: "destination".into(),
                ledger: ledger.id().into(),
                owner: to.owner.as_ref().map_or_else(String::new, ToString::to_string),
                place: place_text(&to.place),
                protocol: to.service.protocol.number(),
                port: to.service.port,
                ..blank
            },
            Self::Service(ledger, service) => Columns {
                kind: "service".into(),
                ledger: ledger.id().into(),
                protocol: service.protocol.number(),
                port: service.port,
                ..blank
            },
            Self::Application(ledger, word) => {
                Columns { kind: "application".into(), ledger: ledger.id().into(), word: word.to_string(), ..blank }
            }
            Self::Sender(sender) => Columns { kind: "sender".into(), owner: sender.to_string(), ..blank },
        }
    }

    /// `None` for a row this version cannot read.
    pub fn from_columns(from: &Columns) -> Option<Self> {
        let service = Service { protocol: Protocol::from_number(from.protocol), port: from.port };
        let ledger = Ledger::named(&from.ledger);
        Some(match from.kind.as_str() {
            "place" => Self::Place(place_from(&from.place)?),
            "destination" => {
                let owner = (!from.owner.is_empty()).then(|| Label::new(&from.owner));
                Self::Destination(ledger?, Destination { owner, place: place_from(&from.place)?, service })
            }
            "service" => Self::Service(ledger?, service),
            "application" => Self::Application(ledger?, Label::new(&from.word)),
            "sender" => Self::Sender(Label::new(&from.owner)),
            _ => return None,
        })
    }
}

fn place_text(place: &Place) -> String {
    match place {
        Place::Name(name) => format!("name {name}"),
        Place::Domain(name) => format!("domain {name}"),
        Place::Address(ip) => format!("address {ip}"),
        Place::Network(net) => format!("network {net}"),
        Place::Clients => "clients".into(),
    }
}

fn place_from(text: &str) -> Option<Place> {
    if text == "clients" {
        return Some(Place::Clients);
    }
    let (kind, rest) = text.split_once(' ')?;
    match kind {
        "name" => Some(Place::Name(Label::new(rest))),
        "domain" => Some(Place::Domain(Label::new(rest))),
        "address" => rest.parse().ok().map(Place::Address),
        "network" => rest.parse().ok().map(Place::Network),
        _ => None,
    }
}

impl Record {
    /// A record that is only known.
    pub fn of(known: Known) -> Self {
        Self { known, ..Self::default() }
    }

    /// Applications in one column, separated by spaces.
    pub fn applications_text(&self) -> String {
        self.applications.iter().map(Label::as_str).collect::<Vec<_>>().join(" ")
    }

    pub fn applications_from(text: &str) -> Vec<Label> {
        text.split_ascii_whitespace().map(Label::new).collect()
    }
}

impl Volume {
    /// `biggest@nanoseconds step=count,step=count;…` for each scale. The bucket being filled is not saved.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (index, series) in self.series.iter().enumerate() {
            if index > 0 {
                out.push(';');
            }
            // Writing to a string cannot fail.
            let _ = write!(out, "{}@{} ", series.biggest, series.biggest_at.nanos());
            for (place, (step, count)) in series.closed.counts().iter().enumerate() {
                let _ = write!(out, "{}{step}={count}", if place > 0 { "," } else { "" });
            }
        }
        out
    }

    /// `None` for text this version cannot read.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut volume = Self::default();
        let mut parts = text.split(';');
        for series in &mut volume.series {
            *series = series_from(parts.next()?)?;
        }
        Some(volume)
    }
}

fn series_from(text: &str) -> Option<Series> {
    let (head, counts) = text.split_once(' ')?;
    let (biggest, at) = head.split_once('@')?;
    let counts: Option<Vec<(u8, u32)>> = counts
        .split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (step, count) = pair.split_once('=')?;
            Some((step.parse().ok()?, count.parse().ok()?))
        })
        .collect();
    let mut series = Series::default();
    series.closed = Sketch::from_counts(counts?);
    series.biggest = biggest.parse().ok()?;
    series.biggest_at = Timestamp::from_nanos(at.parse().ok()?);
    Some(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_back_from_its_columns() {
        let service = Service { protocol: Protocol::TCP, port: 443 };
        let places = [
            Place::Name(Label::new("a.example")),
            Place::Domain(Label::new("example.com")),
            Place::Address("2001:db8::1".parse().unwrap()),
            Place::Network("192.0.2.0/24".parse().unwrap()),
            Place::Clients,
        ];
        let mut keys = vec![
            SavedKey::Service(Ledger::Replies, service),
            SavedKey::Application(Ledger::Initiated, Label::new("tls")),
        ];
        for place in places {
            keys.push(SavedKey::Place(place.clone()));
            for owner in [None, Some(Label::new("/usr/bin/curl"))] {
                keys.push(SavedKey::Destination(
                    Ledger::Initiated,
                    Destination { owner, place: place.clone(), service },
                ));
            }
        }
        for key in keys {
            assert_eq!(SavedKey::from_columns(&key.columns()), Some(key));
        }
        let strange = Columns { kind: "place".into(), place: "planet mars".into(), ..Columns::default() };
        assert_eq!(SavedKey::from_columns(&strange), None);
    }

    #[test]
    fn a_volume_comes_back_from_its_text() {
        let mut volume = Volume::default();
        for at in 1..5_000 {
            volume.add(Timestamp::from_secs(at), at * 100);
        }
        let again = Volume::from_text(&volume.to_text()).unwrap();
        for scale in super::super::Scale::ALL {
            assert_eq!(again.band(scale), volume.band(scale));
        }
        for bad in ["", ";;", "1@2 3=4", "x@1 ;0@0 ;0@0 ", "1@2 3=x;0@0 ;0@0 "] {
            assert_eq!(Volume::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn newer_changes_win() {
        let key = SavedKey::Place(Place::Clients);
        let mut old = Changes { rows: [(key.clone(), Some(Record::default()))].into(), observed: None };
        old.merge(Changes { rows: [(key.clone(), None)].into(), observed: Some(Duration::from_secs(5)) });
        assert_eq!((old.rows.get(&key), old.observed), (Some(&None), Some(Duration::from_secs(5))));
    }
}
