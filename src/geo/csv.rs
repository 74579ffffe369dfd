//! Tables of address ranges as text: `start,end,asn,organisation`, `start,end,country`, the same with a network in
//! place of the range, and iptoasn's tab-separated `start end asn country organisation`.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::quality::RandomState;
use ipnet::IpNet;

use crate::model::{Label, Network};

/// Lines that are read at most.
const MOST_LINES: usize = 8_000_000;
/// Lines that make no sense, of a thousand, before the file is not what it should be.
const WRONG_PER_THOUSAND: usize = 10;
/// Ranges that may lie around an address, one within the other.
const NESTED: usize = 8;

/// Ranges in the order of their beginnings.
#[derive(Debug, Default)]
pub struct Table {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
    networks: Vec<Network>,
}

impl Table {
    /// Reads a file's bytes; says which line is wrong where it is no such table.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut table = Self::default();
        let mut known: HashMap<Network, u32, RandomState> = HashMap::default();
        let (mut lines, mut wrong, mut first_wrong) = (0, 0, None);
        for (number, line) in bytes.split(|b| *b == b'\n').enumerate().take(MOST_LINES) {
            let line = String::from_utf8_lossy(line);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            lines += 1;
            let Some((start, end, network)) = parse(line) else {
                // The first line may be a heading.
                if lines > 1 {
                    wrong += 1;
                    first_wrong.get_or_insert(number + 1);
                }
                continue;
            };
            if network == Network::default() {
                continue;
            }
            let next = table.networks.len() as u32;
            let index = *known.entry(network).or_insert_with_key(|network| {
                table.networks.push(network.clone());
                next
            });
            match (start, end) {
                (IpAddr::V4(start), IpAddr::V4(end)) => table.v4.push((start.into(), end.into(), index)),
                (IpAddr::V6(start), IpAddr::V6(end)) => table.v6.push((start.into(), end.into(), index)),
                _ => wrong += 1,
            }
        }
        if let Some(line) = first_wrong.filter(|_| wrong * 1_000 > lines * WRONG_PER_THOUSAND) {
            return Err(format!("line {line} is no range of addresses with a system or a country"));
        }
        if table.networks.is_empty() {
            return Err("it has no line like start,end,asn,organisation or start,end,country".into());
        }
        table.v4.sort_unstable();
        table.v6.sort_unstable();
        Ok(table)
    }

    /// Whether it gives autonomous systems, and whether countries.
    pub fn gives(&self) -> (bool, bool) {
        (self.networks.iter().any(|one| one.asn.is_some()), self.networks.iter().any(|one| one.country.is_some()))
    }

    /// What the narrowest range around an address says.
    pub fn lookup(&self, ip: IpAddr) -> Option<&Network> {
        let index = match ip {
            IpAddr::V4(ip) => around(&self.v4, ip.into()),
            IpAddr::V6(ip) => around(&self.v6, ip.into()),
        };
        self.networks.get(index? as usize)
    }
}

/// The last range that begins at or before `at` and reaches it.
fn around<T: Ord + Copy>(ranges: &[(T, T, u32)], at: T) -> Option<u32> {
    let above = ranges.partition_point(|(start, ..)| *start <= at);
    let before = ranges.get(..above)?.iter().rev().take(NESTED);
    before.filter(|(_, end, _)| *end >= at).map(|(.., index)| *index).next()
}

fn parse(line: &str) -> Option<(IpAddr, IpAddr, Network)> {
    let cells = if line.contains('\t') { line.split('\t').map(str::to_owned).collect() } else { cells(line) };
    let mut cells = cells.iter().map(String::as_str);
    let first = cells.next()?;
    let (start, end) = match first.parse::<IpNet>() {
        Ok(net) => (net.network(), net.broadcast()),
        Err(_) => (first.parse().ok()?, cells.next()?.parse().ok()?),
    };
    if start > end {
        return None;
    }
    let mut network = Network::default();
    let mut meant = false;
    for cell in cells {
        if let (None, Ok(asn)) = (network.asn, cell.trim_start_matches("AS").parse::<u32>()) {
            meant = true;
            network.asn = Some(asn);
        } else if let (None, Some(code)) = (&network.country, country(cell)) {
            network.country = Some(code);
        } else if network.asn.is_some() && network.organisation.is_none() && !cell.is_empty() && cell != "None" {
            network.organisation = Some(Label::new(cell));
        }
    }
    meant |= network.country.is_some();
    if network.asn == Some(0) {
        // Not announced by anybody.
        network = Network { asn: None, organisation: None, ..network };
    }
    meant.then_some((start, end, network))
}

/// A country's two letters (ISO 3166-1), in capitals.
pub(super) fn country(text: &str) -> Option<Label> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()))
        .then(|| Label::new(&text.to_ascii_uppercase()))
        // "ZZ" and "XX" stand for "nobody knows".
        .filter(|code| !matches!(code.as_str(), "ZZ" | "XX"))
}

/// The cells of a line (RFC 4180): those in quotes may hold commas, and quotes as two.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                if let Some(cell) = cells.last_mut() {
                    cell.push('"');
                }
            }
            ('"', _) => quoted = !quoted,
            (',', false) => cells.push(String::new()),
            (letter, _) => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(letter);
                }
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(table: &Table, ip: &str) -> (Option<u32>, String, String) {
        let found = table.lookup(ip.parse().unwrap()).cloned().unwrap_or_default();
        let text = |label: Option<Label>| label.map(|label| label.to_string()).unwrap_or_default();
        (found.asn, text(found.organisation), text(found.country))
    }

    #[test]
    fn reads_ranges_networks_and_tabs() {
        let systems = "range_start,range_end,asn,name\n192.0.2.0,192.0.2.255,64500,\"Example, \"\"Inc\"\"\"\n\
                       2001:db8::,2001:db8::ffff,64501,Six\n198.51.100.0/24,AS64502,Net\n203.0.113.0,203.0.113.255,0,None\n";
        let table = Table::read(systems.as_bytes()).unwrap();
        assert_eq!(table.gives(), (true, false));
        assert_eq!(of(&table, "192.0.2.255"), (Some(64_500), "Example, \"Inc\"".into(), String::new()));
        assert_eq!(of(&table, "2001:db8::1").0, Some(64_501));
        assert_eq!(of(&table, "198.51.100.9"), (Some(64_502), "Net".into(), String::new()));
        for none in ["192.0.3.0", "203.0.113.1", "2001:db8:1::", "0.0.0.0", "255.255.255.255", "::"] {
            assert_eq!(of(&table, none), (None, String::new(), String::new()), "{none}");
        }
        let both = Table::read(b"192.0.2.0\t192.0.2.255\t64500\tnl\tEXAMPLE\n").unwrap();
        assert_eq!(both.gives(), (true, true));
        assert_eq!(of(&both, "192.0.2.1"), (Some(64_500), "EXAMPLE".into(), "NL".into()));
        let countries = Table::read(b"192.0.2.0,192.0.2.255,NL\r\n192.0.2.128,192.0.2.129,DE\r\n").unwrap();
        assert_eq!((of(&countries, "192.0.2.128").2, of(&countries, "192.0.2.130").2), ("DE".into(), "NL".into()));
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_line() {
        for bad in ["", "hello\n", "\0\u{ff}\n", "a,b,c\nd,e,f\n"] {
            assert!(Table::read(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let half = "192.0.2.0,192.0.2.255,NL\n192.0.3.9,192.0.3.1,NL\n192.0.2.0,2001:db8::,NL\nnonsense\n";
        assert!(Table::read(half.as_bytes()).unwrap_err().starts_with("line 2 "));
    }
}
