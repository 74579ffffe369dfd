//! Whose network an address lies in, and in which country: from databases on this machine, never from the network.

pub mod csv;
pub mod find;
pub mod mmdb;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::error::Error;
use crate::model::{Health, Label, Network, Timestamp};

use csv::Table;
use mmdb::Mmdb;

/// A larger file is refused: it is held in memory.
pub const MOST_BYTES: u64 = 512 << 20;
/// Addresses whose answer is remembered. When there are more, all are asked about again.
const REMEMBERED: usize = 16 * 1024;

/// An open database.
#[derive(Debug)]
enum Database {
    Mmdb(Box<Mmdb>),
    Csv(Table),
}

/// What a file is and gives, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub path: PathBuf,
    /// As the file calls itself: `GeoLite2-ASN`, or `CSV`.
    pub kind: Label,
    /// When it was made, where it says so.
    pub built: Option<Timestamp>,
    pub bytes: u64,
    pub has_systems: bool,
    pub has_countries: bool,
}

/// A database and what it is.
#[derive(Debug)]
pub struct Source {
    database: Database,
    described: Described,
    failed: u64,
}

impl Source {
    /// Reads a file: MMDB, or CSV if its name ends so.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let cannot = |why: String| Error::new(format!("cannot use {}", path.display()), why).hint("egret doctor");
        let bytes = bounded(path).map_err(&cannot)?;
        let size = bytes.len() as u64;
        let is_text = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("csv") || ext == "tsv");
        let (database, kind, built) = if is_text {
            let table = Table::read(&bytes).map_err(&cannot)?;
            (Database::Csv(table), Label::new("CSV"), None)
        } else {
            let mmdb = Mmdb::read(bytes).map_err(&cannot)?;
            let (kind, built) = (mmdb.kind(), mmdb.built());
            (Database::Mmdb(Box::new(mmdb)), kind, built)
        };
        let (has_systems, has_countries) = match &database {
            Database::Mmdb(mmdb) => mmdb.gives(),
            Database::Csv(table) => table.gives(),
        };
        let described = Described { path: path.to_owned(), kind, built, bytes: size, has_systems, has_countries };
        Ok(Self { database, described, failed: 0 })
    }

    pub const fn described(&self) -> &Described {
        &self.described
    }

    fn lookup(&mut self, ip: IpAddr) -> Network {
        match &self.database {
            Database::Csv(table) => table.lookup(ip).cloned().unwrap_or_default(),
            Database::Mmdb(mmdb) => mmdb.lookup(ip).unwrap_or_else(|_| {
                self.failed += 1;
                Network::default()
            }),
        }
    }
}

fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is not a file".into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(MOST_BYTES)).unwrap_or(0));
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it is larger than {} MiB and would be held in memory", MOST_BYTES >> 20));
    }
    Ok(bytes)
}

/// The databases in use, and the latest answers.
#[derive(Debug, Default)]
pub struct Networks {
    sources: Vec<Source>,
    /// Files that were found and cannot be used.
    refused: Vec<Error>,
    remembered: HashMap<IpAddr, Option<Arc<Network>>, RandomState>,
}

impl Networks {
    /// Of these sources; where two know the same, the first is believed.
    pub fn new(sources: Vec<Source>) -> Self {
        Self { sources, ..Self::default() }
    }

    /// Opens files that somebody named: each must be sound.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        paths.iter().map(|path| Source::open(path)).collect::<Result<_, _>>().map(Self::new)
    }

    pub fn refused(&self) -> &[Error] {
        &self.refused
    }

    /// What the databases know of an address.
    pub fn lookup(&mut self, ip: IpAddr) -> Option<Arc<Network>> {
        if self.sources.is_empty() {
            return None;
        }
        // An IPv4 address in an IPv6 one is the IPv4 address.
        let ip = ip.to_canonical();
        if let Some(found) = self.remembered.get(&ip) {
            return found.clone();
        }
        let mut network = Network::default();
        for source in &mut self.sources {
            let found = source.lookup(ip);
            if network.asn.is_none() && network.organisation.is_none() {
                (network.asn, network.organisation) = (found.asn, found.organisation);
            }
            network.country = network.country.or(found.country);
        }
        let found = (network != Network::default()).then(|| Arc::new(network));
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(ip, found.clone());
        found
    }

    pub fn sources(&self) -> impl Iterator<Item = &Described> {
        self.sources.iter().map(|source| &source.described)
    }

    /// A line for each file that cannot be used or turned out to be damaged.
    pub fn health(&self) -> Vec<Health> {
        let unwell = self.sources.iter().filter(|source| source.failed > 0);
        let refused = self.refused.iter().map(|error| Health {
            part: "geo",
            about: Label::default(),
            what: Label::new(&format!("{}: {}", error.what, error.why)),
        });
        refused
            .chain(unwell.map(|source| Health {
                part: "geo",
                about: Label::new(&source.described.path.to_string_lossy()),
                what: Label::new(&format!("{} look-ups failed: the file is damaged", source.failed)),
            }))
            .collect()
    }
}
