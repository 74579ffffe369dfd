//! Which addresses are ours in a capture where nobody says so: inferred from its first frames.

mod evidence;

use std::net::IpAddr;

use crate::model::Frame;

use evidence::{Evidence, MOST_OWN};

/// Our side of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vantage {
    pub addresses: Vec<IpAddr>,
    /// `said`: by the user; `file`: the file lists them; `kernel`: the frames say which of them were sent here;
    /// `inferred`: the addresses of the frames suggest it.
    pub how: &'static str,
}

/// Gathers what frames tell of where they were captured.
#[derive(Debug, Default)]
pub struct Lookout(Evidence);

impl Lookout {
    /// Takes one more frame into account. Frames that are not IP tell nothing.
    pub fn see(&mut self, frame: &Frame<'_>) {
        self.0.see(frame);
    }

    /// The answer, from the surest sign to the weakest:
    /// what the kernel noted on frames; the station that nearly all frames touch and that stands for few
    /// addresses; the address that is an end of nearly all packets; the private side of a private-public border.
    pub fn finish(&self) -> Vantage {
        let evidence = &self.0;
        let by_kernel = evidence.by_kernel();
        if !by_kernel.is_empty() {
            return Vantage { addresses: by_kernel, how: "kernel" };
        }
        let mut addresses = by_station(evidence)
            .or_else(|| by_address(evidence))
            .or_else(|| by_border(evidence))
            .or_else(|| evidence.busiest())
            .unwrap_or_default();
        // Loopback is ours wherever we are.
        addresses.extend(evidence.addresses(|ip, _| ip.is_loopback()));
        addresses.sort_unstable();
        addresses.dedup();
        Vantage { addresses, how: "inferred" }
    }
}

/// [`Lookout`] over frames at hand.
pub fn infer<'a>(frames: impl IntoIterator<Item = &'a Frame<'a>>) -> Vantage {
    let mut lookout = Lookout::default();
    for frame in frames {
        lookout.see(frame);
    }
    lookout.finish()
}

/// Addresses of a network that are taken for ours.
const MOST_INSIDE: usize = 256;

/// Nine in ten: "nearly all".
const fn is_nearly_all(part: u32, whole: u32) -> bool {
    whole > 0 && part as u64 * 10 >= whole as u64 * 9
}

/// The host is the station (MAC address) that all frames touch. Where two are, one is the gateway: it brings
/// public addresses to a private host, or many addresses to a public one.
fn by_station(evidence: &Evidence) -> Option<Vec<IpAddr>> {
    let whole = evidence.ethernet_frames();
    let everywhere = evidence.stations(|station| is_nearly_all(station.frames, whole) && !station.addresses.is_empty());
    // Where both ends of a conversation are at one station, as in captures made of flow records, stations tell nothing.
    if everywhere.iter().any(|station| evidence.talk_among_themselves(&station.addresses)) {
        return None;
    }
    match *everywhere.as_slice() {
        [one] if one.addresses.len() <= MOST_OWN => Some(one.addresses.clone()),
        [one, other] => {
            let station = match (one.is_private(), other.is_private()) {
                (true, false) => one,
                (false, true) => other,
                _ if one.addresses.len() * 2 < other.addresses.len() => one,
                _ if other.addresses.len() * 2 < one.addresses.len() => other,
                _ => {
                    // Two hosts on one wire, or as good as that.
                    let (a, b) = (evidence.busiest_of(&one.addresses)?, evidence.busiest_of(&other.addresses)?);
                    if evidence.first_to_open(a, b) == a { one } else { other }
                }
            };
            (station.addresses.len() <= MOST_OWN).then(|| station.addresses.clone())
        }
        _ => None,
    }
}

/// The address that is an end of nearly all packets. Of two such, the one that meets more others, else the private
/// one, else the one that opened.
fn by_address(evidence: &Evidence) -> Option<Vec<IpAddr>> {
    let whole = evidence.packets();
    let everywhere = evidence.addresses(|_, seen| is_nearly_all(seen.packets, whole));
    let address = match *everywhere.as_slice() {
        [one] => one,
        [one, other] => {
            let (peers, other_peers) = (evidence.peers(one), evidence.peers(other));
            match (evidence::is_private(one), evidence::is_private(other)) {
                _ if peers > other_peers => one,
                _ if other_peers > peers => other,
                (true, false) => one,
                (false, true) => other,
                _ => evidence.first_to_open(one, other),
            }
        }
        _ => return None,
    };
    Some(evidence.with_its_station(address))
}

/// A network seen from its border: nearly all packets join a private address and a public one.
fn by_border(evidence: &Evidence) -> Option<Vec<IpAddr>> {
    if !is_nearly_all(evidence.border_packets(), evidence.packets()) {
        return None;
    }
    let mut inside = evidence.addresses(|ip, seen| seen.is_border && evidence::is_private(ip));
    inside.truncate(MOST_INSIDE);
    (!inside.is_empty()).then_some(inside)
}

#[cfg(test)]
mod tests;
