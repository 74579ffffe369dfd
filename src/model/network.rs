//! Whose network an address lies in, and where, as a database on this machine says.

use super::label::Label;

/// What a database knows of the network around an address. At least one thing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network {
    /// Number of the autonomous system that announces it (RFC 6793).
    pub asn: Option<u32>,
    /// Who runs that system.
    pub organisation: Option<Label>,
    /// Where it is registered or used: two letters (ISO 3166-1).
    pub country: Option<Label>,
}

impl Network {
    /// The autonomous system in one word: `AS64500 Example`, or the organisation alone; `None` where only the
    /// country is known.
    pub fn system(&self) -> Option<String> {
        match (self.asn, &self.organisation) {
            (Some(asn), Some(name)) => Some(format!("AS{asn} {name}")),
            (Some(asn), None) => Some(format!("AS{asn}")),
            (None, Some(name)) => Some(name.to_string()),
            (None, None) => None,
        }
    }
}
