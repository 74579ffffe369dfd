//! Addresses, ports, and the key that names a conversation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::protocol::Protocol;

/// One end of a conversation. The port is 0 where the protocol has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub port: u16,
}

impl Endpoint {
    pub const fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip, port }
    }
}

impl fmt::Display for Endpoint {
    /// `192.0.2.1:443`, `[2001:db8::1]:443`, and the bare address where there is no port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (ip, 0) => write!(f, "{ip}"),
            (IpAddr::V4(ip), port) => write!(f, "{ip}:{port}"),
            (IpAddr::V6(ip), port) => write!(f, "[{ip}]:{port}"),
        }
    }
}

/// Which of the two ends of a [`FlowKey`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    First,
    Second,
}

/// Two ends, a protocol and an IP version: one conversation, whichever way a packet of it goes.
///
/// Five machine words, so that comparing and hashing need no branches: two words for each
/// address (IPv4 sits in the low half of the second word), one for ports, protocol and version.
/// Which end is *ours* is not part of the key where the addresses do not say; the flow knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    words: [u64; 5],
}

const V6: u64 = 1 << 40;

/// An address as two words, as [`FlowKey`] keeps it.
pub type AddressWords = [u64; 2];

/// An address as the two words that [`FlowKey`] keeps.
pub fn address_words(ip: IpAddr) -> AddressWords {
    match ip {
        IpAddr::V4(ip) => [0, u64::from(u32::from(ip))],
        IpAddr::V6(ip) => {
            let bits = u128::from(ip);
            [(bits >> 64) as u64, bits as u64]
        }
    }
}

const fn words_address(words: AddressWords, v6: bool) -> IpAddr {
    if v6 {
        IpAddr::V6(Ipv6Addr::from_bits((words[0] as u128) << 64 | words[1] as u128))
    } else {
        IpAddr::V4(Ipv4Addr::from_bits(words[1] as u32))
    }
}

impl FlowKey {
    /// A key whose first end is `first`.
    pub fn new(protocol: Protocol, first: Endpoint, second: Endpoint) -> Self {
        Self::from_words(
            protocol,
            first.ip.is_ipv6(),
            address_words(first.ip),
            first.port,
            address_words(second.ip),
            second.port,
        )
    }

    /// The same from addresses already turned into words: the path every packet takes.
    pub const fn from_words(
        protocol: Protocol,
        v6: bool,
        first: AddressWords,
        first_port: u16,
        second: AddressWords,
        second_port: u16,
    ) -> Self {
        let last =
            first_port as u64 | (second_port as u64) << 16 | (protocol.number() as u64) << 32 | if v6 { V6 } else { 0 };
        Self { words: [first[0], first[1], second[0], second[1], last] }
    }

    pub const fn words(&self) -> &[u64; 5] {
        &self.words
    }

    pub const fn protocol(&self) -> Protocol {
        Protocol::from_number((self.words[4] >> 32) as u8)
    }

    pub const fn is_v6(&self) -> bool {
        self.words[4] & V6 != 0
    }

    pub const fn first(&self) -> Endpoint {
        Endpoint::new(words_address([self.words[0], self.words[1]], self.is_v6()), self.words[4] as u16)
    }

    pub const fn second(&self) -> Endpoint {
        Endpoint::new(words_address([self.words[2], self.words[3]], self.is_v6()), (self.words[4] >> 16) as u16)
    }

    pub const fn end(&self, side: Side) -> Endpoint {
        match side {
            Side::First => self.first(),
            Side::Second => self.second(),
        }
    }

    /// The same conversation with its ends exchanged.
    pub const fn reversed(&self) -> Self {
        let [a, b, c, d, last] = self.words;
        let ports = (last & 0xffff) << 16 | (last >> 16 & 0xffff);
        Self { words: [c, d, a, b, last & !0xffff_ffff | ports] }
    }

    /// The ends ordered so that both directions give one key, and the end that came first before.
    pub fn canonical(self) -> (Self, Side) {
        let first = (self.words[0], self.words[1], self.words[4] & 0xffff);
        let second = (self.words[2], self.words[3], self.words[4] >> 16 & 0xffff);
        if first <= second { (self, Side::First) } else { (self.reversed(), Side::Second) }
    }
}

impl Side {
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, port: u16) -> Endpoint {
        Endpoint::new(text.parse().unwrap(), port)
    }

    #[test]
    fn keeps_what_it_was_given() {
        for (a, b) in [(end("10.0.0.1", 51_000), end("192.0.2.9", 443)), (end("2001:db8::1", 1), end("::2", 65_535))] {
            let key = FlowKey::new(Protocol::TCP, a, b);
            assert_eq!((key.first(), key.second(), key.protocol()), (a, b, Protocol::TCP));
            assert_eq!(key.reversed(), FlowKey::new(Protocol::TCP, b, a));
            assert_eq!(key.canonical().0, key.reversed().canonical().0);
            assert_ne!(key.canonical().1, key.reversed().canonical().1);
        }
    }

    #[test]
    fn an_ipv4_address_and_the_same_bits_in_ipv6_differ() {
        let v4 = FlowKey::new(Protocol::UDP, end("0.0.0.1", 5), end("0.0.0.2", 5));
        let v6 = FlowKey::new(Protocol::UDP, end("::1", 5), end("::2", 5));
        assert_ne!(v4, v6);
    }

    #[test]
    fn prints_ports_only_where_there_are_any() {
        assert_eq!(end("192.0.2.1", 0).to_string(), "192.0.2.1");
        assert_eq!(end("2001:db8::1", 443).to_string(), "[2001:db8::1]:443");
    }
}
