//! The pcapng format (draft-ietf-opsawg-pcapng): sections, interfaces and packets in blocks.

use std::collections::HashMap;

use super::options::Options;
use super::record::{LONGEST, Order, Parsed, words};
use super::stamp::Clock;
use crate::model::event::Heading;
use crate::model::{Frame, InterfaceId, InterfaceInfo, Label, LinkType, Timestamp};

/// Block types.
mod block {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const OLD_PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const INTERFACE_STATISTICS: u32 = 5;
    pub(super) const PACKET: u32 = 6;
}

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Type, length, and the length again.
const LEAST_BLOCK: usize = 12;
/// Interfaces in a file; what one more brings is counted as damaged.
const MOST_INTERFACES: usize = 1_024;

/// How to read the blocks of one file, as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct PcapNg {
    order: Order,
    /// Those of this section, by their number in it.
    section: Vec<Interface>,
    /// Those of the whole file. A section that repeats a description means the same interface.
    pub(super) interfaces: Vec<InterfaceInfo>,
    known: HashMap<(usize, LinkType, Label), InterfaceId>,
    /// Frames the writer lost, the latest word on each interface.
    drops: HashMap<InterfaceId, u64>,
    last: Timestamp,
    /// Frames without a stamp.
    pub(super) unstamped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    id: InterfaceId,
    link: LinkType,
    snap: u32,
    clock: Clock,
}

/// Whether `bytes` start as a pcapng file does.
pub(super) fn is(bytes: [u8; 4]) -> bool {
    u32::from_le_bytes(bytes) == block::SECTION
}

impl PcapNg {
    pub(super) fn new() -> Self {
        Self {
            order: Order::Little,
            section: Vec::new(),
            interfaces: Vec::new(),
            known: HashMap::new(),
            drops: HashMap::new(),
            last: Timestamp::ZERO,
            unstamped: 0,
        }
    }

    /// Frames that the program which wrote the file says it lost.
    pub(super) fn drops(&self) -> u64 {
        self.drops.values().fold(0, |sum, one| sum.saturating_add(*one))
    }

    /// The block at the start of `bytes`.
    #[inline]
    pub(super) fn next<'b>(&mut self, bytes: &'b [u8]) -> Parsed<'b> {
        let Some(([kind, length], rest)) = words::<2>(self.order, bytes) else { return Parsed::More(LEAST_BLOCK) };
        if kind == block::SECTION {
            return self.section(bytes);
        }
        let length = length as usize;
        let Some(body) = whole(self.order, rest, length) else { return unready(bytes, length) };
        match kind {
            block::PACKET => self.packet(body, length),
            _ => self.other(kind, body, length),
        }
    }

    /// A section header sets the byte order, so its length can only be read after the order is known.
    #[cold]
    fn section<'b>(&mut self, bytes: &'b [u8]) -> Parsed<'b> {
        let Some(&[_, _, _, _, l0, l1, l2, l3, m0, m1, m2, m3]) = bytes.first_chunk() else {
            return Parsed::More(LEAST_BLOCK);
        };
        let magic = [m0, m1, m2, m3];
        let Some(order) = [Order::Little, Order::Big].into_iter().find(|order| order.u32(magic) == BYTE_ORDER) else {
            return Parsed::Broken;
        };
        let length = order.u32([l0, l1, l2, l3]) as usize;
        let Some(body) = bytes.get(8..).and_then(|rest| whole(order, rest, length)) else {
            return unready(bytes, length);
        };
        let Some(&[_, _, _, _, v0, v1]) = body.first_chunk() else { return Parsed::Broken };
        if order.u16([v0, v1]) != 1 {
            return Parsed::Broken;
        }
        self.order = order;
        self.section.clear();
        Parsed::Other(length)
    }

    #[cold]
    fn other<'b>(&mut self, kind: u32, body: &'b [u8], length: usize) -> Parsed<'b> {
        match kind {
            block::INTERFACE => self.interface(body, length),
            block::SIMPLE_PACKET => self.simple_packet(body, length),
            block::OLD_PACKET => self.old_packet(body, length),
            block::INTERFACE_STATISTICS => self.statistics(body, length),
            _ => Parsed::Other(length),
        }
    }

    fn interface<'b>(&mut self, body: &'b [u8], length: usize) -> Parsed<'b> {
        let Some((&[l0, l1, _, _, s0, s1, s2, s3], options)) = body.split_first_chunk() else {
            return Parsed::Damaged(length);
        };
        let number = self.section.len();
        if number >= MOST_INTERFACES {
            return Parsed::Damaged(length);
        }
        let link = LinkType::from_number(self.order.u16([l0, l1]));
        let mut info = InterfaceInfo { is_up: true, ..InterfaceInfo::default() };
        let mut clock = Clock::default();
        Options::new(self.order, options).describe(&mut info, &mut clock);
        info.is_loopback = matches!(info.name.as_str(), "lo" | "lo0");
        let about = (number, link, info.name.clone());
        let id = match self.known.get(&about) {
            Some(id) => *id,
            None if self.interfaces.len() >= MOST_INTERFACES => return Parsed::Damaged(length),
            None => {
                let id = InterfaceId(self.interfaces.len() as u16);
                self.known.insert(about, id);
                self.interfaces.push(InterfaceInfo { id, ..InterfaceInfo::default() });
                id
            }
        };
        info.id = id;
        self.section.push(Interface { id, link, snap: self.order.u32([s0, s1, s2, s3]), clock });
        match self.interfaces.get_mut(usize::from(id.0)) {
            Some(known) if *known != info => {
                *known = info;
                Parsed::Interface(usize::from(id.0), length)
            }
            _ => Parsed::Other(length),
        }
    }

    #[inline]
    fn packet<'b>(&mut self, body: &'b [u8], length: usize) -> Parsed<'b> {
        let Some(([number, high, low, captured, wire_len], rest)) = words::<5>(self.order, body) else {
            return Parsed::Damaged(length);
        };
        self.stamped(number, (high, low), (captured, wire_len), rest, length)
    }

    /// Obsolete, but old captures have it: the interface number is half as wide, drops fill the other half.
    fn old_packet<'b>(&mut self, body: &'b [u8], length: usize) -> Parsed<'b> {
        let Some((&[n0, n1, _, _], rest)) = body.split_first_chunk() else { return Parsed::Damaged(length) };
        let Some(([high, low, captured, wire_len], rest)) = words::<4>(self.order, rest) else {
            return Parsed::Damaged(length);
        };
        self.stamped(u32::from(self.order.u16([n0, n1])), (high, low), (captured, wire_len), rest, length)
    }

    #[inline]
    fn stamped<'b>(
        &mut self,
        number: u32,
        (high, low): (u32, u32),
        (captured, wire_len): (u32, u32),
        rest: &'b [u8],
        length: usize,
    ) -> Parsed<'b> {
        let Some(interface) = self.section.get(number as usize) else { return Parsed::Damaged(length) };
        let Some((data, options)) = rest.split_at_checked(captured as usize) else { return Parsed::Damaged(length) };
        let at = interface.clock.moment(high, low);
        let heading = if options.len() < 8 {
            Heading::Unknown
        } else {
            let padding = captured.wrapping_neg() as usize & 3;
            Options::new(self.order, options.get(padding..).unwrap_or_default()).heading()
        };
        self.last = at;
        let frame =
            Frame { at, interface: interface.id, link: interface.link, heading, wire_len, data, vlan: None, gso: None };
        Parsed::Frame(frame, length)
    }

    /// A packet of the first interface without a stamp: it came no earlier than the one before it.
    fn simple_packet<'b>(&mut self, body: &'b [u8], length: usize) -> Parsed<'b> {
        let (Some(interface), Some(([wire_len], rest))) = (self.section.first(), words::<1>(self.order, body)) else {
            return Parsed::Damaged(length);
        };
        let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
        let Some(data) = rest.get(..wire_len.min(snap) as usize) else { return Parsed::Damaged(length) };
        self.unstamped += 1;
        let frame = Frame {
            at: self.last,
            interface: interface.id,
            link: interface.link,
            heading: Heading::Unknown,
            wire_len,
            data,
            vlan: None,
            gso: None,
        };
        Parsed::Frame(frame, length)
    }

    fn statistics<'b>(&mut self, body: &'b [u8], length: usize) -> Parsed<'b> {
        let Some(([number, _, _], options)) = words::<3>(self.order, body) else { return Parsed::Damaged(length) };
        let Some(interface) = self.section.get(number as usize) else { return Parsed::Damaged(length) };
        if let Some(drops) = Options::new(self.order, options).drops() {
            self.drops.insert(interface.id, drops);
        }
        Parsed::Other(length)
    }
}

/// The body of a block whose type and length were read, where `rest` holds all of it and its end agrees.
#[inline]
fn whole(order: Order, rest: &[u8], length: usize) -> Option<&[u8]> {
    if length < LEAST_BLOCK || !length.is_multiple_of(4) || length > LONGEST {
        return None;
    }
    let (body, again) = rest.get(..length - 8)?.split_last_chunk()?;
    (order.u32(*again) as usize == length).then_some(body)
}

/// Why [`whole`] gave nothing.
#[cold]
fn unready(bytes: &[u8], length: usize) -> Parsed<'_> {
    let is_sound = length >= LEAST_BLOCK && length.is_multiple_of(4) && length <= LONGEST;
    if is_sound && bytes.len() < length { Parsed::More(length) } else { Parsed::Broken }
}
