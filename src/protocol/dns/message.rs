//! One DNS message, as much as was captured of it (RFC 1035 §4.1).

use std::net::IpAddr;

use super::super::reader::{Reader, be16, be32};
use super::name;
use crate::model::Label;

pub(super) const HEADER: usize = 12;
/// Answer records that are read of one message, and addresses that are kept.
const MOST_RECORDS: usize = 256;
const MOST_ADDRESSES: usize = 64;
/// Aliases that are followed.
const MOST_ALIASES: usize = 16;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// What one message says.
#[expect(clippy::struct_excessive_bools, reason = "flags of the header, each by its own name")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub is_response: bool,
    pub opcode: u8,
    /// The response code: 0 no error, 3 no such name (RFC 6895 §2.3).
    pub rcode: u8,
    /// The answer did not fit and should be asked for over TCP.
    pub is_truncated: bool,
    /// The first question.
    pub question: Option<Question>,
    /// How many records the header claims: answers, authorities, additionals.
    pub records: [u16; 3],
    /// What got an address, by the name that was asked for.
    pub resolved: Vec<Resolved>,
    /// Bytes of the message as captured, without a length prefix.
    pub size: usize,
    /// All that the header claims was there and nothing was left over.
    pub is_exact: bool,
    questions: u16,
    reserved_bit: bool,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In small letters, without the last dot; the root is `.`.
    pub name: Label,
    /// The type, as IANA numbers it: 1 A, 16 TXT, 28 AAAA.
    pub kind: u16,
    pub class: u16,
}

/// A name got an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub name: Label,
    pub ip: IpAddr,
    /// Seconds that the answer may be used.
    pub ttl: u32,
}

impl Message {
    /// Reads what is there. `None`: too short for a header, or the question is no question.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let [id, flags, questions, answers, authorities, additionals] =
            [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        let mut message = Self {
            id,
            is_response: flags & 0x8000 != 0,
            opcode: (flags >> 11 & 0xf) as u8,
            rcode: (flags & 0xf) as u8,
            is_truncated: flags & 0x0200 != 0,
            question: None,
            records: [answers, authorities, additionals],
            resolved: Vec::new(),
            size: bytes.len(),
            is_exact: false,
            questions,
            reserved_bit: flags & 0x0040 != 0,
        };
        let mut at = HEADER;
        let mut asked = None;
        for index in 0..questions.min(32) {
            let Some((name, end)) = name::read(bytes, at) else {
                return (index > 0).then_some(message);
            };
            let (kind, class) = (be16(bytes, end)?, be16(bytes, end + 2)?);
            at = end + 4;
            if index == 0 {
                message.question = Some(Question { name: Label::new(&name), kind, class });
                asked = Some(name);
            }
        }
        message.read_records(bytes, at, asked.as_deref());
        Some(message)
    }

    fn read_records(&mut self, bytes: &[u8], mut at: usize, asked: Option<&str>) {
        let claimed: usize = self.records.iter().map(|&count| usize::from(count)).sum();
        let answers = usize::from(self.records.first().copied().unwrap_or(0));
        let mut aliases: Vec<(String, String)> = Vec::new();
        let mut addresses: Vec<(String, IpAddr, u32)> = Vec::new();
        let mut read = 0;
        while read < claimed.min(MOST_RECORDS) {
            let Some(record) = Record::read(bytes, at) else { break };
            at = record.end;
            // Multicast DNS puts addresses among the additional records, too, and asks no question.
            let counts = read < answers || asked.is_none();
            read += 1;
            if !counts {
                continue;
            }
            match record.kind {
                CNAME if aliases.len() < MOST_ALIASES => {
                    if let Some((target, _)) = name::read(bytes, record.data_at) {
                        aliases.push((record.owner, target));
                    }
                }
                A | AAAA if addresses.len() < MOST_ADDRESSES => {
                    if let Some(ip) = record.address() {
                        addresses.push((record.owner, ip, record.ttl));
                    }
                }
                _ => {}
            }
        }
        self.is_exact = read == claimed && at == bytes.len();
        if self.is_response {
            self.resolved = resolve(asked, &aliases, addresses);
        }
    }

    /// Whether the header can be one at all: enough on a port that is DNS's own.
    pub(super) fn is_possible(&self) -> bool {
        matches!(self.opcode, 0 | 1 | 2 | 4 | 5) && (self.question.is_some() || self.is_response)
    }

    /// Whether nothing about the message is odd.
    pub(super) fn is_plausible(&self) -> bool {
        let [answers, authorities, additionals] = self.records;
        let asks_one = self.questions == 1 || self.questions == 0 && self.is_response;
        let query = self.is_response
            || self.rcode == 0
                && (answers == 0 && authorities <= 1 || matches!(self.opcode, 4 | 5))
                && additionals <= 4;
        let class =
            self.question.as_ref().is_none_or(|question| matches!(question.class & 0x7fff, 1 | 3 | 4 | 254 | 255));
        self.is_possible() && asks_one && query && class && !self.reserved_bit && self.rcode <= 11
    }
}

/// Whether there is a header with one question, and a first label behind it.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    let opcode = bytes.get(2).is_some_and(|flags| matches!(flags >> 3 & 0xf, 0 | 1 | 2 | 4 | 5));
    let label = bytes.get(HEADER).is_some_and(|&length| length <= 63 && bytes.len() > HEADER + usize::from(length));
    opcode && label && be16(bytes, 4) == Some(1)
}

/// Whether a message of a stream could be one question, of which not all is there yet.
pub(super) fn is_begun(bytes: &[u8]) -> bool {
    let opcode = bytes.get(2).is_some_and(|flags| matches!(flags >> 3 & 0xf, 0 | 1 | 2 | 4 | 5));
    let few = be16(bytes, 4) == Some(1) && be16(bytes, 6).is_some_and(|answers| answers <= 256);
    opcode && few && bytes.len() < HEADER + LONGEST_QUESTION
}

/// A name of 255 bytes, type and class (RFC 1035 §3.1).
const LONGEST_QUESTION: usize = 255 + 4;

/// The addresses whose owner is the name asked for or an alias of it, under the name asked for.
/// An address for any other name was not asked for, so it is not believed.
fn resolve(asked: Option<&str>, aliases: &[(String, String)], addresses: Vec<(String, IpAddr, u32)>) -> Vec<Resolved> {
    let Some(asked) = asked else {
        return addresses.into_iter().map(|(name, ip, ttl)| Resolved { name: Label::new(&name), ip, ttl }).collect();
    };
    let mut chain = vec![asked];
    // The records of a chain may stand in any order.
    while let Some((_, target)) =
        aliases.iter().find(|(owner, target)| chain.contains(&owner.as_str()) && !chain.contains(&target.as_str()))
    {
        chain.push(target);
    }
    let name = Label::new(asked);
    addresses
        .iter()
        .filter(|(owner, ..)| chain.contains(&owner.as_str()))
        .map(|&(_, ip, ttl)| Resolved { name: name.clone(), ip, ttl })
        .collect()
}

/// One resource record.
struct Record<'a> {
    owner: String,
    kind: u16,
    class: u16,
    ttl: u32,
    data: &'a [u8],
    data_at: usize,
    end: usize,
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let (owner, at) = name::read(bytes, at)?;
        let (kind, class, ttl) = (be16(bytes, at)?, be16(bytes, at + 2)?, be32(bytes, at + 4)?);
        let data_at = at + 10;
        let end = data_at + usize::from(be16(bytes, at + 8)?);
        Some(Self { owner, kind, class, ttl, data: bytes.get(data_at..end)?, data_at, end })
    }

    /// The address of an A or AAAA record of class IN (the top bit is multicast DNS's cache flush).
    fn address(&self) -> Option<IpAddr> {
        if self.class & 0x7fff != 1 {
            return None;
        }
        match self.kind {
            A => <[u8; 4]>::try_from(self.data).ok().map(IpAddr::from),
            AAAA => <[u8; 16]>::try_from(self.data).ok().map(IpAddr::from),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        let labels = text.split('.').flat_map(|label| std::iter::once(label.len() as u8).chain(label.bytes()));
        labels.chain([0]).collect()
    }

    fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
        let fixed = [&kind.to_be_bytes()[..], &[0, 1, 0, 0, 1, 44], &(data.len() as u16).to_be_bytes()].concat();
        [name(owner), fixed, data.to_vec()].concat()
    }

    fn response(asked: &str, records: &[Vec<u8>]) -> Vec<u8> {
        let header = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
        [header.to_vec(), name(asked), vec![0, 1, 0, 1], records.concat()].concat()
    }

    #[test]
    fn an_address_belongs_to_the_name_that_was_asked_for() {
        let bytes = response(
            "www.Shop.example",
            &[
                record("b.cdn.example", A, &[192, 0, 2, 7]),
                record("www.shop.example", CNAME, &name("a.cdn.example")),
                record("a.cdn.example", CNAME, &name("b.cdn.example")),
                record("bank.example", A, &[203, 0, 113, 66]),
            ],
        );
        let message = Message::parse(&bytes).unwrap();
        assert!(message.is_exact && message.is_plausible() && message.is_response);
        let expected = Resolved { name: Label::new("www.shop.example"), ip: [192, 0, 2, 7].into(), ttl: 300 };
        assert_eq!(message.resolved, [expected]);
    }

    #[test]
    fn aliases_in_a_circle_end() {
        let bytes = response(
            "a.example",
            &[record("a.example", CNAME, &name("b.example")), record("b.example", CNAME, &name("a.example"))],
        );
        assert_eq!(Message::parse(&bytes).unwrap().resolved, []);
    }

    #[test]
    fn what_was_cut_off_does_not_spoil_what_was_there() {
        let bytes = response("x.example", &[record("x.example", A, &[192, 0, 2, 1]), record("x.example", A, &[0; 4])]);
        let cut = Message::parse(&bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(cut.resolved.len(), 1);
        assert!(!cut.is_exact);
        for length in 0..bytes.len() {
            let _ = Message::parse(&bytes[..length]);
        }
    }

    #[test]
    fn sixty_five_thousand_declared_answers_in_forty_bytes_are_none() {
        let mut bytes = response("x.example", &[]);
        bytes[6..8].copy_from_slice(&[0xff, 0xff]);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.resolved, []);
        assert!(!message.is_exact);
    }

    #[test]
    fn agrees_with_an_independent_reader() {
        let bytes = response("x.example", &[record("x.example", AAAA, &[0x20; 16]), record("x.example", A, &[1; 4])]);
        let other = simple_dns::Packet::parse(&bytes).unwrap();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(other.questions[0].qname.to_string(), message.question.unwrap().name.as_str());
        assert_eq!(other.answers.len(), message.resolved.len());
    }
}
