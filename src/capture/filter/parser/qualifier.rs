//! Parses what stands before a value: protocol, side and kind, and which of them go together.

use super::super::Fault;
use super::super::lexer::Token;
use super::super::syntax::{Expr, Primitive, Side};
use super::super::words::{self, Layer, Protocol, WITH_PORTS, ethertype};
use super::Parser;

/// The qualifiers before a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) protocol: Option<&'static Protocol>,
    pub(super) side: Side,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Host,
    Net,
    Port,
    PortRange,
    Proto,
}

impl Kind {
    const ALL: [(&'static str, Self); 5] = [
        ("host", Self::Host),
        ("net", Self::Net),
        ("port", Self::Port),
        ("portrange", Self::PortRange),
        ("proto", Self::Proto),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

impl Parser {
    /// `[protocol] [side] [kind] value`, or a protocol alone.
    pub(super) fn qualified(&mut self, at: usize) -> Result<Expr, Fault> {
        let protocol = match self.peek() {
            Token::Word(word) => words::protocol(word),
            _ => None,
        };
        if let Some(protocol) = protocol {
            self.next += 1;
            if let Some(cast) = self.cast(protocol)? {
                self.head = None;
                return Ok(Expr::Primitive(cast, at));
            }
        }
        let side = self.side();
        let kind = self.kind()?;
        if let (Some(protocol), None, None) = (protocol, side, kind) {
            self.head = None;
            return self.protocol_alone(protocol, at);
        }
        let head = Head { protocol, side: side.unwrap_or(Side::Either), kind: kind.unwrap_or(Kind::Host) };
        head.check(side.is_some(), at)?;
        self.head = Some(head);
        self.value(head)
    }

    fn protocol_alone(&mut self, protocol: &'static Protocol, at: usize) -> Result<Expr, Fault> {
        let word = protocol.word;
        if protocol.layer == Layer::Link {
            return Err(self.expected("`host`, `src`, `dst`, `proto`, `broadcast` or `multicast`"));
        }
        match self.peek() {
            Token::Word(next) if !words::is_keyword(next) => {
                let kind = if matches!(protocol.layer, Layer::Ip { .. }) { "port" } else { "host" };
                Err(self.fault(format!("expected a qualifier between `{word}` and `{next}`, such as `{kind}`")))
            }
            _ => Ok(Expr::Primitive(Primitive::Protocol(protocol), at)),
        }
    }

    /// `broadcast` or `multicast` after a protocol.
    fn cast(&mut self, protocol: &'static Protocol) -> Result<Option<Primitive>, Fault> {
        let broad = match self.peek() {
            Token::Word(word) if word == "broadcast" => true,
            Token::Word(word) if word == "multicast" => false,
            _ => return Ok(None),
        };
        let found = match (protocol.layer, broad) {
            (Layer::Link, true) => Primitive::EtherBroadcast,
            (Layer::Link, false) => Primitive::EtherMulticast,
            (Layer::Ether(ethertype::IP), true) => Primitive::IpBroadcast,
            (Layer::Ether(ethertype::IP), false) => Primitive::IpMulticast,
            (Layer::Ether(ethertype::IP6), false) => Primitive::Ip6Multicast,
            _ => return Err(self.fault(format!("`{}` has no {}", protocol.word, self.peek().text()))),
        };
        self.next += 1;
        Ok(Some(found))
    }

    fn side(&mut self) -> Option<Side> {
        let first = match self.peek() {
            Token::Word(word) if word == "src" => Side::Source,
            Token::Word(word) if word == "dst" => Side::Destination,
            _ => return None,
        };
        self.next += 1;
        let other = if first == Side::Source { "dst" } else { "src" };
        let both = match self.peek() {
            Token::And => Side::Both,
            Token::Or => Side::Either,
            _ => return Some(first),
        };
        if !matches!(self.ahead(1), Token::Word(word) if word == other) {
            return Some(first);
        }
        self.next += 2;
        Some(both)
    }

    fn kind(&mut self) -> Result<Option<Kind>, Fault> {
        let Token::Word(word) = self.peek() else { return Ok(None) };
        if let Some(why) = words::refusal(word) {
            return Err(self.fault(format!("`{word}` is not supported: {why}")));
        }
        let kind = Kind::ALL.iter().find(|(known, _)| known == word).map(|(_, kind)| *kind);
        if kind.is_some() {
            self.next += 1;
        }
        Ok(kind)
    }
}

impl Head {
    /// Which protocols may stand before which kind of value.
    fn check(self, sided: bool, at: usize) -> Result<(), Fault> {
        let Some(protocol) = self.protocol else {
            return match (self.kind, sided) {
                (Kind::Proto, true) => Err(Fault::new("`proto` has no `src` or `dst`", at)),
                _ => Ok(()),
            };
        };
        let fits = match (self.kind, protocol.layer) {
            (Kind::Host, Layer::Link) => true,
            (Kind::Host | Kind::Net, Layer::Ether(number)) => {
                [ethertype::IP, ethertype::IP6, ethertype::ARP, ethertype::RARP].contains(&number)
            }
            (Kind::Port | Kind::PortRange, Layer::Ip { number, .. }) => WITH_PORTS.contains(&number),
            (Kind::Proto, Layer::Link | Layer::Ether(ethertype::IP | ethertype::IP6)) => !sided,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let (word, kind) = (protocol.word, self.kind.word());
        let instead = if protocol.layer == Layer::Link { String::new() } else { format!("{word} and ") };
        Err(Fault::new(format!("`{word}` does not go with `{kind}`; write `{instead}{kind} …`"), at))
    }
}
