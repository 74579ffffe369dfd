//! What a field can be: order, units and JSON in one place.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::time::Duration;

use super::label::Label;
use super::time::Timestamp;

/// A value of a field of a row, or of what a finding saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Not known or not measured; never the same as zero.
    #[default]
    None,
    Text(Label),
    /// A word from a fixed list.
    Word(&'static str),
    Address(IpAddr),
    Bytes(u64),
    /// Bytes per second.
    Rate(u64),
    Count(u64),
    Ratio(f64),
    At(Timestamp),
    For(Duration),
    Score(u8),
    Flag(bool),
}

impl Value {
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The value as a number, for comparisons; `None` where it has no size.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bytes(n) | Self::Rate(n) | Self::Count(n) => Some(*n as f64),
            Self::Ratio(n) => Some(*n),
            Self::At(at) => Some(at.nanos() as f64 / 1e9),
            Self::For(span) => Some(span.as_secs_f64()),
            Self::Score(n) => Some(f64::from(*n)),
            Self::Flag(is) => Some(f64::from(u8::from(*is))),
            Self::None | Self::Text(_) | Self::Word(_) | Self::Address(_) => None,
        }
    }

    /// Order for sorting: nothing first, then by size, address or letters.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Address(a), Self::Address(b)) => a.cmp(b),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => match (self.is_none(), other.is_none()) {
                    (true, true) => Ordering::Equal,
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) => self.text().cmp(&other.text()),
                },
            },
        }
    }

    /// Plain text without units: for matching and CSV.
    pub fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(label) => label.as_str().to_owned(),
            Self::Word(word) => (*word).to_owned(),
            Self::Address(ip) => ip.to_string(),
            Self::Bytes(n) | Self::Rate(n) | Self::Count(n) => n.to_string(),
            Self::Ratio(n) => format!("{n:.2}"),
            Self::At(at) => at.to_string(),
            Self::For(span) => format!("{:.3}", span.as_secs_f64()),
            Self::Score(n) => n.to_string(),
            Self::Flag(is) => is.to_string(),
        }
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Text(_) | Self::Word(_) | Self::Address(_) | Self::At(_) => serializer.serialize_str(&self.text()),
            Self::Bytes(n) | Self::Rate(n) | Self::Count(n) => serializer.serialize_u64(*n),
            Self::Ratio(n) => serializer.serialize_f64(*n),
            Self::For(span) => serializer.serialize_f64(span.as_secs_f64()),
            Self::Score(n) => serializer.serialize_u8(*n),
            Self::Flag(is) => serializer.serialize_bool(*is),
        }
    }
}
