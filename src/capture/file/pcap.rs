//! The classic pcap format (draft-ietf-opsawg-pcap): one link type, one record after another.

use super::record::{LONGEST, Order, Parsed, words};
use crate::capture::CaptureError;
use crate::model::event::Heading;
use crate::model::{Frame, InterfaceId, LinkType, Timestamp};

/// Bytes of the file header.
pub(super) const HEADER: usize = 24;
/// Bytes before the data of each record.
const RECORD: usize = 16;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Records with eight more bytes; written by some Linux systems around 1999 ("Kuznetzov").
const MODIFIED: u32 = 0xa1b2_cd34;

/// How to read the records of one file.
#[derive(Clone, Debug)]
pub(super) struct Pcap {
    order: Order,
    link: LinkType,
    /// Nanoseconds in a unit of the stamp's second word.
    unit: u64,
    lengths: Lengths,
}

/// Which length comes first in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Version 2.3: programs disagreed, but the captured length is never the greater.
    LesserIsCaptured,
    /// Before version 2.3.
    WireFirst,
}

/// Whether `bytes` start as a pcap file does, in either byte order.
pub(super) fn is(bytes: [u8; 4]) -> bool {
    order(bytes).is_some()
}

fn order(bytes: [u8; 4]) -> Option<(Order, u32)> {
    [Order::Little, Order::Big]
        .into_iter()
        .map(|order| (order, order.u32(bytes)))
        .find(|(_, magic)| matches!(*magic, MICROSECONDS | NANOSECONDS | MODIFIED))
}

impl Pcap {
    /// Reads the file header.
    pub(super) fn new(header: [u8; HEADER]) -> Result<Self, CaptureError> {
        let [m0, m1, m2, m3, v0, v1, n0, n1, _, _, _, _, _, _, _, _, _, _, _, _, l0, l1, l2, l3] = header;
        let Some((order, magic)) = order([m0, m1, m2, m3]) else {
            return Err(CaptureError::Format("not a pcap file".to_owned()));
        };
        let version = order.u16([v0, v1]);
        if magic == MODIFIED {
            let message =
                "a modified pcap file (magic a1b2cd34), which is not read; convert it: editcap -F pcap IN OUT";
            return Err(CaptureError::Format(message.to_owned()));
        }
        if version != 2 {
            return Err(CaptureError::Format(format!("a pcap file of version {version}, but only version 2 is read")));
        }
        // The upper half holds the length of the frame check sequence.
        let link = LinkType::from_number(order.u32([l0, l1, l2, l3]) as u16);
        let lengths = match order.u16([n0, n1]) {
            0..3 => Lengths::WireFirst,
            3 => Lengths::LesserIsCaptured,
            _ => Lengths::CapturedFirst,
        };
        Ok(Self { order, link, unit: if magic == NANOSECONDS { 1 } else { 1_000 }, lengths })
    }

    pub(super) const fn link(&self) -> LinkType {
        self.link
    }

    /// The record at the start of `bytes`.
    #[inline]
    pub(super) fn next<'b>(&self, bytes: &'b [u8]) -> Parsed<'b> {
        let Some(([seconds, fraction, mut captured, mut wire_len], rest)) = words::<4>(self.order, bytes) else {
            return Parsed::More(RECORD);
        };
        if self.lengths != Lengths::CapturedFirst && (self.lengths == Lengths::WireFirst || captured > wire_len) {
            std::mem::swap(&mut captured, &mut wire_len);
        }
        let captured = captured as usize;
        let Some(data) = rest.get(..captured) else {
            return if captured > LONGEST { Parsed::Broken } else { Parsed::More(RECORD + captured) };
        };
        let nanos = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit;
        let frame = Frame {
            at: Timestamp::from_nanos(nanos),
            interface: InterfaceId(0),
            link: self.link,
            heading: Heading::Unknown,
            wire_len,
            data,
            vlan: None,
            gso: None,
        };
        Parsed::Frame(frame, RECORD + captured)
    }
}
