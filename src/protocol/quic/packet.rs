//! The long header of QUIC packets (RFC 9000 §17.2), and where a packet ends within its datagram.

use super::super::reader::Reader;
use super::initial;

/// The part of a long header that all versions share (RFC 8999 §5.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Long<'a> {
    first: u8,
    pub version: u32,
    pub destination: &'a [u8],
    /// All there is from the first byte of the packet on.
    all: &'a [u8],
    rest: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

/// One packet of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub kind: Kind,
    pub bytes: &'a [u8],
    /// Where the packet number stands, which is where protection begins.
    pub number_at: usize,
}

/// The longest connection id in the versions known here.
const LONGEST_ID: u8 = 20;

impl<'a> Long<'a> {
    pub(super) fn parse(all: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(all);
        let first = reader.u8().filter(|first| first & 0x80 != 0)?;
        let version = reader.u32()?;
        let length = reader.u8().filter(|&length| length <= LONGEST_ID)?;
        let destination = reader.take(usize::from(length))?;
        let length = reader.u8().filter(|&length| length <= LONGEST_ID)?;
        reader.skip(usize::from(length))?;
        Some(Self { first, version, destination, all, rest: reader.rest() })
    }

    /// A Version Negotiation packet: only versions, at least one of them known (RFC 9000 §17.2.1).
    pub(super) fn names_versions(&self) -> bool {
        let (versions, odd) = self.rest.as_chunks::<4>();
        odd.is_empty() && versions.iter().any(|version| initial::version(u32::from_be_bytes(*version)).is_some())
    }

    /// The packet, and what stands behind it in the datagram.
    pub(super) fn body(&self, is_v2: bool) -> Option<(Packet<'a>, &'a [u8])> {
        let kinds = [Kind::Initial, Kind::ZeroRtt, Kind::Handshake, Kind::Retry];
        let turned = usize::from(self.first >> 4 & 3);
        // Version 2 numbers its packets anew (RFC 9369 §3.2).
        let kind = *kinds.get(if is_v2 { (turned + 3) % 4 } else { turned })?;
        let mut reader = Reader::new(self.rest);
        if kind == Kind::Retry {
            return Some((Packet { kind, bytes: self.all, number_at: 0 }, &[]));
        }
        if kind == Kind::Initial {
            let token = variable(&mut reader)?;
            reader.skip(usize::try_from(token).ok()?)?;
        }
        let length = usize::try_from(variable(&mut reader)?).ok()?;
        let number_at = self.all.len() - reader.len();
        // What was captured may be shorter than what was sent.
        reader.take_up_to(length);
        let (bytes, behind) = self.all.split_at_checked(self.all.len() - reader.len())?;
        Some((Packet { kind, bytes, number_at }, behind))
    }
}

/// A number of one, two, four or eight bytes (RFC 9000 §16).
pub(super) fn variable(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    reader.take(more)?.iter().try_fold(u64::from(first & 0x3f), |value, &byte| Some(value << 8 | u64::from(byte)))
}
