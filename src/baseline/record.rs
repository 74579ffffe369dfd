//! All that is remembered about one destination.

use crate::model::{Label, Timestamp};

use super::known::Known;
use super::table::Seen;
use super::volume::Volume;

/// Applications remembered for one destination.
const APPLICATIONS: usize = 8;

/// One service of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub known: Known,
    /// The address of a place that is known by name: kept so that it is not news while the name is still
    /// to come, and not a destination of its own.
    pub alias: bool,
    /// Payload bytes since it was first seen.
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// Times it was opened.
    pub opened: u64,
    /// What was spoken there, in the order it was first heard.
    pub applications: Vec<Label>,
    pub volume: Option<Box<Volume>>,
}

impl Record {
    pub fn since(at: Timestamp, learned: bool) -> Self {
        Self { known: Known::since(at, learned), ..Self::default() }
    }

    /// Seen in one interval and not again: its volume is all in `bytes_out`.
    pub const fn is_lone(&self) -> bool {
        self.volume.is_none() && !self.alias && self.bytes_out > 0
    }

    pub fn speaks(&self, application: &str) -> bool {
        self.applications.iter().any(|known| known.as_str() == application)
    }

    /// Remembers what is spoken; the first eight are enough to know what a service is.
    pub fn hear(&mut self, application: &str) {
        if !self.speaks(application) && self.applications.len() < APPLICATIONS {
            self.applications.push(Label::new(application));
        }
    }

    /// Payload out against payload in, from -1 (all in) to 1 (all out); `None` without any.
    pub fn balance(&self) -> Option<f64> {
        balance(self.bytes_out, self.bytes_in)
    }
}

impl Seen for Record {
    fn known(&self) -> &Known {
        &self.known
    }
}

/// Producer-consumer ratio: (out − in) / (out + in).
pub fn balance(bytes_out: u64, bytes_in: u64) -> Option<f64> {
    let (out, back) = (bytes_out as f64, bytes_in as f64);
    (out + back > 0.0).then(|| (out - back) / (out + back))
}
