//! The options behind pcapng blocks: names, addresses, clocks, directions, drops.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::record::Order;
use super::stamp::Clock;
use crate::model::event::Heading;
use crate::model::{InterfaceInfo, Label};

/// Options of an Interface Description Block.
mod about {
    pub(super) const NAME: u16 = 2;
    pub(super) const DESCRIPTION: u16 = 3;
    pub(super) const IPV4: u16 = 4;
    pub(super) const IPV6: u16 = 5;
    pub(super) const RESOLUTION: u16 = 9;
    pub(super) const OFFSET: u16 = 14;
    pub(super) const HARDWARE: u16 = 15;
}

/// Of an Enhanced Packet Block: `epb_flags`.
const FLAGS: u16 = 2;
/// Of an Interface Statistics Block: `isb_ifdrop` and `isb_osdrop`.
const INTERFACE_DROPS: u16 = 5;
const SYSTEM_DROPS: u16 = 7;

/// Addresses kept of one interface.
const MOST_ADDRESSES: usize = 64;

/// The options in some bytes, until they end or make no sense.
pub(super) struct Options<'b> {
    order: Order,
    rest: &'b [u8],
}

impl<'b> Options<'b> {
    pub(super) const fn new(order: Order, bytes: &'b [u8]) -> Self {
        Self { order, rest: bytes }
    }

    /// What an interface is called, which addresses it had, how its stamps count.
    pub(super) fn describe(self, info: &mut InterfaceInfo, clock: &mut Clock) {
        let order = self.order;
        let mut fallbacks = [Label::default(), Label::default()];
        for (code, value) in self {
            match (code, value) {
                (about::NAME, name) => info.name = text(name),
                (about::DESCRIPTION, name) => fallbacks[0] = text(name),
                (about::HARDWARE, name) => fallbacks[1] = text(name),
                (about::IPV4, &[a, b, c, d, ..]) if info.addresses.len() < MOST_ADDRESSES => {
                    info.addresses.push(Ipv4Addr::new(a, b, c, d).into());
                }
                (about::IPV6, value) if info.addresses.len() < MOST_ADDRESSES => {
                    if let Some(bytes) = value.first_chunk::<16>() {
                        info.addresses.push(Ipv6Addr::from(*bytes).into());
                    }
                }
                (about::RESOLUTION, &[byte, ..]) => clock.set_resolution(byte),
                (about::OFFSET, value) => {
                    if let Some(bytes) = value.first_chunk() {
                        clock.offset = order.u64(*bytes).cast_signed();
                    }
                }
                _ => {}
            }
        }
        for name in fallbacks {
            if info.name.is_empty() {
                info.name = name;
            }
        }
    }

    /// What the writer noted of a packet's direction (bits 0–1) and of how it was received (bits 2–4).
    #[cold]
    pub(super) fn heading(self) -> Heading {
        let order = self.order;
        for (code, value) in self {
            if let (FLAGS, Some(bytes)) = (code, value.first_chunk()) {
                let flags = order.u32(*bytes);
                return match (flags & 3, flags >> 2 & 7) {
                    (2, _) => Heading::Outgoing,
                    (1, 0 | 1) => Heading::Host,
                    (1, 2) => Heading::Multicast,
                    (1, 3) => Heading::Broadcast,
                    (1, 4) => Heading::OtherHost,
                    _ => Heading::Unknown,
                };
            }
        }
        Heading::Unknown
    }

    /// Frames lost by the interface and by the system.
    pub(super) fn drops(self) -> Option<u64> {
        let order = self.order;
        let mut sum: Option<u64> = None;
        for (code, value) in self {
            if let (INTERFACE_DROPS | SYSTEM_DROPS, Some(bytes)) = (code, value.first_chunk()) {
                sum = Some(sum.unwrap_or(0).saturating_add(order.u64(*bytes)));
            }
        }
        sum
    }
}

fn text(bytes: &[u8]) -> Label {
    Label::from_bytes(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

impl<'b> Iterator for Options<'b> {
    type Item = (u16, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[c0, c1, l0, l1], rest) = self.rest.split_first_chunk()?;
        let (code, length) = (self.order.u16([c0, c1]), usize::from(self.order.u16([l0, l1])));
        if code == 0 {
            return None;
        }
        let value = rest.get(..length)?;
        self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}
