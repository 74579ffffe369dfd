//! Parses what follows the qualifiers: addresses, nets, ports, protocols, and lists of them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::Fault;
use super::super::lexer::Token;
use super::super::syntax::{Expr, Primitive};
use super::super::words::{self, Layer, WITH_PORTS, ethertype};
use super::Parser;
use super::qualifier::{Head, Kind};

impl Parser {
    /// A value, a negated value, or a list of values in parentheses.
    pub(super) fn value(&mut self, head: Head) -> Result<Expr, Fault> {
        if self.accept(&Token::Not) {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.value(head)?))));
        }
        if self.peek() != &Token::Open {
            let at = self.at();
            return Ok(Expr::Primitive(self.single(head)?, at));
        }
        let opened = self.at();
        self.next += 1;
        let list = self.nested(|parser| {
            let first = parser.value(head)?;
            parser.row(first, |parser| parser.value(head))
        })?;
        if self.accept(&Token::Close) {
            return Ok(list);
        }
        Err(match self.peek() {
            Token::End => Fault::new("this `(` is never closed", opened),
            _ => self.expected("`or`, `and` or `)` after a value"),
        })
    }

    fn single(&mut self, head: Head) -> Result<Primitive, Fault> {
        let at = self.at();
        let word = match self.peek() {
            Token::Escaped(word) => word.clone(),
            Token::Word(word) if head.kind == Kind::Proto || !words::is_keyword(word) => word.clone(),
            _ => return Err(self.expected(head.wants())),
        };
        self.next += 1;
        match head.kind {
            Kind::Host if head.is_link() => {
                let message = format!("expected a hardware address such as 52:54:00:12:34:56, not `{word}`");
                let mac = mac(&word).ok_or_else(|| Fault::new(message, at))?;
                Ok(Primitive::Mac { side: head.side, mac })
            }
            Kind::Host | Kind::Net => self.address(head, &word, at),
            Kind::Port => {
                let (port, over) = port(head, &word, at)?;
                Ok(Primitive::Ports { over, side: head.side, low: port, high: port })
            }
            Kind::PortRange => ports(head, &word, at),
            Kind::Proto => proto(head, &word, at),
        }
    }

    /// A host or net; both take a prefix length, a mask or a shortened address.
    fn address(&mut self, head: Head, word: &str, at: usize) -> Result<Primitive, Fault> {
        if let Ok(address) = word.parse::<Ipv6Addr>() {
            return self.net6(head, address, at);
        }
        let Some((address, bits)) = dotted(word) else {
            let message = if mac(word).is_some() {
                format!("expected `ether` before a hardware address: `ether host {word}`")
            } else {
                format!("`{word}` is not a numeric address; names are not looked up, so write the address itself")
            };
            return Err(Fault::new(message, at));
        };
        if head.takes(ethertype::IP6) && head.protocol.is_some() {
            return Err(Fault::new("expected an IPv6 address after `ip6`", at));
        }
        let mask = if self.accept(&Token::Slash) {
            high_bits(self.prefix_length(32)?)
        } else if self.accept_word("mask") {
            self.mask()?
        } else if word.contains('.') {
            high_bits(bits)
        } else {
            // A number alone: a whole address for `host`, the leading bytes for `net`.
            let number = words::number(word).unwrap_or(0);
            let (address, mask) = if head.kind == Kind::Net { leading(number) } else { (number, u32::MAX) };
            return Ok(Primitive::Net4 { carrier: head.protocol, side: head.side, address, mask });
        };
        if address & !mask != 0 {
            let right = Ipv4Addr::from(address & mask);
            return Err(Fault::new(format!("`{word}` has bits outside its mask; the net is {right}"), at));
        }
        Ok(Primitive::Net4 { carrier: head.protocol, side: head.side, address, mask })
    }

    fn mask(&mut self) -> Result<u32, Fault> {
        let mask = match self.peek() {
            Token::Word(mask) => dotted(mask),
            _ => None,
        };
        let (mask, _) = mask.ok_or_else(|| self.expected("a mask such as 255.255.0.0"))?;
        self.next += 1;
        Ok(mask)
    }

    fn prefix_length(&mut self, most: u32) -> Result<u32, Fault> {
        let at = self.at();
        let message = format!("a prefix length from 0 to {most}");
        let length = self.plain_number(&message)?;
        if length > most {
            return Err(Fault::new(format!("expected {message}"), at));
        }
        Ok(length)
    }

    fn net6(&mut self, head: Head, address: Ipv6Addr, at: usize) -> Result<Primitive, Fault> {
        if !head.takes(ethertype::IP6) {
            return Err(Fault::new("an IPv6 address needs `ip6` or no protocol before it", at));
        }
        let length = if self.accept(&Token::Slash) { self.prefix_length(128)? } else { 128 };
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        if u128::from(address) & !mask != 0 {
            let right = Ipv6Addr::from(u128::from(address) & mask);
            return Err(Fault::new(format!("`{address}` has bits outside its prefix; the net is {right}"), at));
        }
        Ok(Primitive::Net6 { side: head.side, address, mask })
    }
}

impl Head {
    /// Whether the protocol before the value lets this EtherType through.
    fn takes(self, number: u32) -> bool {
        self.protocol.is_none_or(|protocol| protocol.layer == Layer::Ether(number))
    }

    fn is_link(self) -> bool {
        self.protocol.is_some_and(|protocol| protocol.layer == Layer::Link)
    }

    fn wants(self) -> &'static str {
        match self.kind {
            Kind::Host if self.is_link() => "a hardware address",
            Kind::Host => "an address",
            Kind::Net => "a net such as 10.0.0.0/8",
            Kind::Port => "a port",
            Kind::PortRange => "a port range such as 6000-6010",
            Kind::Proto => "a protocol",
        }
    }
}

/// What `proto` names: an IP protocol, or an EtherType after `ether`.
fn proto(head: Head, word: &str, at: usize) -> Result<Primitive, Fault> {
    let unknown = || Fault::new(format!("`{word}` is not a protocol known here; give its number"), at);
    if head.is_link() {
        let number = words::number(word).or_else(|| words::ether_protocol(word)).ok_or_else(unknown)?;
        if number > 0xffff {
            return Err(Fault::new("expected a link-layer protocol from 0 to 0xffff", at));
        }
        return Ok(Primitive::EtherType(number));
    }
    let number = words::number(word).or_else(|| words::ip_protocol(word)).ok_or_else(unknown)?;
    if number > 0xff {
        return Err(Fault::new("expected an IP protocol from 0 to 255", at));
    }
    Ok(Primitive::IpProtocol { v4: head.takes(ethertype::IP), v6: head.takes(ethertype::IP6), number })
}

fn high_bits(length: u32) -> u32 {
    u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0)
}

/// `10.1.2.3`, `10.1`, `10`: the address with zeros after it, and how many bits were given.
fn dotted(word: &str) -> Option<(u32, u32)> {
    let mut address = 0_u32;
    let mut bits = 0;
    for part in word.split('.') {
        if bits == 32 {
            return None;
        }
        let all_digits = part.bytes().all(|digit| digit.is_ascii_digit()) || !word.contains('.');
        let number = words::number(part).filter(|number| all_digits && (*number <= 255 || !word.contains('.')))?;
        address = address << 8 | number;
        bits += 8;
    }
    Some((address.checked_shl(32 - bits).unwrap_or(0), bits))
}

/// A number as the leading bytes of a net: 10 is 10.0.0.0/8.
fn leading(number: u32) -> (u32, u32) {
    let spare = (number.leading_zeros() / 8 * 8).min(24);
    if number == 0 { (0, u32::MAX) } else { (number << spare, u32::MAX << spare) }
}

/// `0:1:2:a:b:c`, also with dots or dashes, `aabb.ccdd.eeff` and `aabbccddeeff`.
fn mac(word: &str) -> Option<[u8; 6]> {
    let parts: Vec<&str> = word.split([':', '-', '.']).collect();
    let digits = match parts.len() {
        6 => 2,
        3 => 4,
        1 => 12,
        _ => return None,
    };
    let mut value = 0_u64;
    for part in parts {
        let fits = part.len() == digits || (digits == 2 && part.len() == 1);
        if !fits || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        value = value << (4 * digits) | u64::from_str_radix(part, 16).ok()?;
    }
    let [_, _, mac @ ..] = value.to_be_bytes();
    Some(mac)
}

/// A port and the protocols it is for: those of the qualifier, else the one a service is registered for.
fn port(head: Head, word: &str, at: usize) -> Result<(u16, Vec<u8>), Fault> {
    let wanted = head.protocol.and_then(|protocol| match protocol.layer {
        Layer::Ip { number, .. } => Some(number),
        _ => None,
    });
    if let Some(number) = words::number(word) {
        let port = u16::try_from(number).ok();
        let port = port.ok_or_else(|| Fault::new("expected a port from 0 to 65535", at))?;
        return Ok((port, wanted.map_or(WITH_PORTS.to_vec(), |number| vec![number])));
    }
    let Some(service) = words::service(word) else {
        let range = word.split('-').all(|part| words::number(part).is_some());
        let hint = if range { format!("; write `portrange {word}`") } else { String::new() };
        let message = format!("expected a port number or a service of /etc/services, not `{word}`{hint}");
        return Err(Fault::new(message, at));
    };
    match wanted {
        Some(number) if service.over.contains(&number) => Ok((service.port, vec![number])),
        Some(_) => Err(Fault::new(format!("`{word}` is no service of this protocol in /etc/services"), at)),
        None if service.over.len() == 1 => Ok((service.port, service.over)),
        None => Ok((service.port, WITH_PORTS.to_vec())),
    }
}

/// `20-25`, `ftp-data-ssh`, or one port.
fn ports(head: Head, word: &str, at: usize) -> Result<Primitive, Fault> {
    let side = head.side;
    for (dash, _) in word.match_indices('-') {
        let (Some(low), Some(high)) = (word.get(..dash), word.get(dash + 1..)) else { continue };
        let (Ok((low, over)), Ok((high, others))) = (port(head, low, at), port(head, high, at)) else { continue };
        let over = if over == others { over } else { WITH_PORTS.to_vec() };
        return Ok(Primitive::Ports { over, side, low: low.min(high), high: low.max(high) });
    }
    let message = format!("expected a port range such as 6000-6010, not `{word}`");
    let (only, over) = port(head, word, at).ok().ok_or_else(|| Fault::new(message, at))?;
    Ok(Primitive::Ports { over, side, low: only, high: only })
}
