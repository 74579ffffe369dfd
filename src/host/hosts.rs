//! The names that `/etc/hosts` gives to addresses (hosts(5)), read once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use crate::model::{Label, Name, NameSource};

/// More of the file is not read: some people block a million domains with it.
const MOST_BYTES: u64 = 4 << 20;
const MOST_NAMES: usize = 64 * 1024;

/// Address → the first name on its first line, and every name that has an address.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    first: HashMap<IpAddr, Label>,
    names: HashSet<Label>,
}

impl Hosts {
    /// Reads `/etc/hosts`; a file that cannot be read has no names in it.
    pub fn read() -> Self {
        Self::read_from(Path::new("/etc/hosts"))
    }

    pub fn read_from(path: &Path) -> Self {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        if read.is_ok() { Self::parse(&String::from_utf8_lossy(&bytes)) } else { Self::default() }
    }

    fn parse(text: &str) -> Self {
        let mut hosts = Self::default();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let (Some(ip), Some(name)) = (words.next().and_then(|ip| ip.parse::<IpAddr>().ok()), words.next()) else {
                continue;
            };
            // 0.0.0.0 stands for "nowhere" in block lists.
            if !ip.is_unspecified() && hosts.names.len() < MOST_NAMES {
                let name = Label::new(name);
                let others = words.map(|word| Label::new(&word.to_ascii_lowercase()));
                hosts.names.extend([Label::new(&name.as_str().to_ascii_lowercase())].into_iter().chain(others));
                hosts.first.entry(ip).or_insert(name);
            }
        }
        hosts
    }

    pub fn lookup(&self, ip: IpAddr) -> Option<Name> {
        self.first.get(&ip).map(|text| Name { text: text.clone(), source: NameSource::Hosts })
    }

    /// Every name that has an address, in small letters.
    pub fn names(&self) -> impl Iterator<Item = Label> + '_ {
        self.names.iter().cloned()
    }

    pub fn len(&self) -> usize {
        self.first.len()
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_the_first_line_counts() {
        let hosts = Hosts::parse(
            "# a comment\n127.0.0.1\tlocalhost lo # loop\n10.0.0.7 db.internal db\n10.0.0.7 other\n\
             ::1 ip6-localhost\n0.0.0.0 ads.example\nnonsense line\n10.0.0.8\n10.0.0.9 a\u{1b}[31mb\r\n",
        );
        let name = |ip: &str| hosts.lookup(ip.parse().unwrap()).map(|name| name.text.to_string());
        assert_eq!(name("127.0.0.1").as_deref(), Some("localhost"));
        assert_eq!(name("10.0.0.7").as_deref(), Some("db.internal"));
        assert_eq!(name("::1").as_deref(), Some("ip6-localhost"));
        assert_eq!(name("10.0.0.9").as_deref(), Some("a\\u{1b}[31mb"));
        assert_eq!(hosts.len(), 4);
        assert!(
            hosts.names().any(|name| name.as_str() == "db") && hosts.names().all(|name| name.as_str() != "ads.example")
        );
        assert!(hosts.lookup("0.0.0.0".parse().unwrap()).is_none());
    }

    #[test]
    fn a_missing_file_has_no_names() {
        assert!(Hosts::read_from(Path::new("/nonexistent/hosts")).is_empty());
    }
}
