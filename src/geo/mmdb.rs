//! MaxMind DB files (MaxMind DB format 2.0) in the layouts of MaxMind, DB-IP, IPinfo and IPLocate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use maxminddb::Reader;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::{Label, Network, Timestamp};

/// An open file.
#[derive(Debug)]
pub struct Mmdb(Reader<Vec<u8>>);

/// Addresses that every database of its kind knows: what it gives is seen by asking for them.
const WELL_KNOWN: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
];

impl Mmdb {
    /// Takes a file's bytes; says what is wrong where they are no database.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        match Reader::from_source(bytes) {
            Ok(reader) => Ok(Self(reader)),
            Err(error) => Err(format!("it is no MaxMind DB, or cut short ({error})")),
        }
    }

    /// What the file calls itself.
    pub fn kind(&self) -> Label {
        Label::new(&self.0.metadata().database_type)
    }

    pub fn built(&self) -> Option<Timestamp> {
        let secs = self.0.metadata().build_epoch;
        // Later than the year 2200 is no moment at which a file was built.
        (1..7_258_118_400).contains(&secs).then(|| Timestamp::from_secs(secs))
    }

    /// Whether it gives autonomous systems, and whether countries.
    pub fn gives(&self) -> (bool, bool) {
        let kind = self.0.metadata().database_type.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| kind.contains(word));
        let found: Vec<Network> = WELL_KNOWN.iter().filter_map(|ip| self.lookup(*ip).ok()).collect();
        (
            says(&["asn", "isp", "enterprise"]) || found.iter().any(|one| one.asn.is_some()),
            says(&["country", "city", "enterprise"]) || found.iter().any(|one| one.country.is_some()),
        )
    }

    /// What it knows of an address; nothing for an IPv6 address in a database of IPv4. Fails where it is damaged.
    pub fn lookup(&self, ip: IpAddr) -> Result<Network, String> {
        if ip.is_ipv6() && self.0.metadata().ip_version == 4 {
            return Ok(Network::default());
        }
        let found = self.0.lookup(ip).and_then(|found| found.decode::<Record>());
        found.map(|record| record.map(Network::from).unwrap_or_default()).map_err(|error| error.to_string())
    }
}

/// The fields of all layouts; what they have besides is passed over.
#[derive(Deserialize)]
struct Record {
    // MaxMind, DB-IP.
    autonomous_system_number: Option<Loose>,
    autonomous_system_organization: Option<Loose>,
    country: Option<Loose>,
    registered_country: Option<Loose>,
    // IPinfo, IPLocate.
    asn: Option<Loose>,
    as_name: Option<Loose>,
    name: Option<Loose>,
    org: Option<Loose>,
    country_code: Option<Loose>,
}

/// A value whose type differs from layout to layout.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Text(String),
    Place {
        iso_code: String,
    },
    /// Takes in what is of no use.
    Other(IgnoredAny),
}

impl Loose {
    /// `15169` or `AS15169`.
    fn system(&self) -> Option<u32> {
        match self {
            Self::Number(n) => u32::try_from(*n).ok(),
            Self::Text(text) => text.trim_start_matches("AS").parse().ok(),
            Self::Place { .. } | Self::Other(_) => None,
        }
        .filter(|asn| *asn != 0)
    }

    fn text(&self) -> Option<Label> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(Label::new(text)),
            _ => None,
        }
    }

    fn code(&self) -> Option<Label> {
        let (Self::Text(code) | Self::Place { iso_code: code }) = self else { return None };
        super::csv::country(code)
    }
}

impl From<Record> for Network {
    fn from(record: Record) -> Self {
        let of = |loose: &Option<Loose>| loose.as_ref().and_then(Loose::text);
        let code = |loose: &Option<Loose>| loose.as_ref().and_then(Loose::code);
        let asn = record.autonomous_system_number.as_ref().or(record.asn.as_ref()).and_then(Loose::system);
        let organisation = of(&record.autonomous_system_organization)
            .or_else(|| of(&record.as_name))
            // A name alone may be that of anything.
            .or_else(|| asn.and_then(|_| of(&record.org).or_else(|| of(&record.name))));
        let country =
            code(&record.country_code).or_else(|| code(&record.country)).or_else(|| code(&record.registered_country));
        Self { asn, organisation, country }
    }
}
