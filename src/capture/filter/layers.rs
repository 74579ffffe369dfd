//! Where the headers of a frame are: the link type, and what `vlan`, `mpls` and `pppoes` put before IP.
//!
//! As pcap-filter(7) has it, each of these words moves the place where the rest of the filter looks.

use super::condition::{Base, Compare, Condition, Place, Value};
use super::syntax::Size;
use super::words::ethertype;
use super::{Tags, Target};
use crate::model::LinkType;

/// Offsets from here on are not bytes but what the kernel knows about a frame (`SKF_AD_OFF`, linux/filter.h).
const ANCILLARY: u32 = 0xffff_f000;
/// The packet type of packet(7).
pub(super) const PACKET_TYPE: u32 = ANCILLARY + 4;
/// The tag that was taken off the frame.
pub(super) const TAG: u32 = ANCILLARY + 44;
/// 1 if a tag was taken off the frame.
pub(super) const TAG_PRESENT: u32 = ANCILLARY + 48;
/// `PACKET_OUTGOING` of packet(7); the cooked link types use the same number.
const OUTGOING: u32 = 4;

/// The headers before the network header, as far as the filter has named them.
pub(super) struct Layers {
    link: LinkType,
    tags: Tags,
    /// Where the number of the network protocol is.
    kind: u32,
    /// Where the network header begins.
    network: u32,
    /// Offsets are further by what the program has found at run time.
    shifted: bool,
    inside: Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Link,
    Mpls,
    Ppp,
}

impl Layers {
    /// [`None`] for a link type that filters do not know.
    pub(super) fn new(target: &Target) -> Option<Self> {
        let (kind, network) = match target.link {
            LinkType::Ethernet => (12, 14),
            LinkType::Raw => (0, 0),
            LinkType::Null | LinkType::Loop => (0, 4),
            LinkType::LinuxSll => (14, 16),
            LinkType::LinuxSll2 => (0, 20),
            LinkType::Other(_) => return None,
        };
        let (link, tags) = (target.link, target.tags);
        Some(Self { link, tags, kind, network, shifted: false, inside: Inside::Link })
    }

    pub(super) fn is_ethernet(&self) -> bool {
        self.link == LinkType::Ethernet
    }

    fn base(&self) -> Base {
        if self.shifted { Base::Shifted } else { Base::Frame }
    }

    fn load(&self, size: Size, at: u32) -> Value {
        Value::Load(Place { size, base: self.base(), at })
    }

    /// Bytes of the network header.
    pub(super) fn network(&self, size: Size, at: u32) -> Value {
        self.load(size, self.network + at)
    }

    /// The place of the network header.
    pub(super) fn network_place(&self, size: Size) -> Place {
        Place { size, base: self.base(), at: self.network }
    }

    /// The place after an IPv4 header with its options.
    pub(super) fn after_ip4(&self, size: Size) -> Place {
        let base = if self.shifted { Base::AfterIp4Shifted(self.network) } else { Base::AfterIp4(self.network) };
        Place { size, base, at: self.network }
    }

    /// Whether the network protocol has this EtherType, or, up to 1500, this LLC service access point.
    pub(super) fn is(&self, number: u32) -> Condition {
        match self.inside {
            Inside::Mpls => self.is_after_labels(number),
            Inside::Ppp => Condition::equal(self.load(Size::Half, self.kind), ppp_number(number)),
            Inside::Link => self.is_on_link(number),
        }
    }

    fn is_on_link(&self, number: u32) -> Condition {
        let kind = self.load(Size::Half, self.kind);
        match self.link {
            LinkType::Ethernet if number <= 1500 => Condition::All(vec![
                Condition::compare(kind, Compare::Greater, 1500).negate(),
                Condition::equal(self.network(Size::Byte, 0), number),
            ]),
            LinkType::LinuxSll if number <= 1500 => Condition::All(vec![
                Condition::equal(kind, LLC_IN_SLL),
                Condition::equal(self.network(Size::Byte, 0), number),
            ]),
            LinkType::Ethernet | LinkType::LinuxSll | LinkType::LinuxSll2 => Condition::equal(kind, number),
            LinkType::Null | LinkType::Loop => {
                let family = self.load(Size::Word, 0);
                let orders = |family: &u32| [*family, family.swap_bytes()];
                let numbers = loopback_families(number).iter().flat_map(orders);
                Condition::Any(numbers.map(|number| Condition::equal(family.clone(), number)).collect())
            }
            LinkType::Raw | LinkType::Other(_) => self.is_version(number),
        }
    }

    /// Raw IP: the version in the first nibble says what it is.
    fn is_version(&self, number: u32) -> Condition {
        let version = self.network(Size::Byte, 0).masked(0xf0);
        match number {
            ethertype::IP => Condition::equal(version, 0x40),
            ethertype::IP6 => Condition::equal(version, 0x60),
            _ => Condition::Always(false),
        }
    }

    /// What follows MPLS labels is IP if the last label says it is the last (RFC 3032 §2.1).
    fn is_after_labels(&self, number: u32) -> Condition {
        Condition::All(vec![self.last_label(true), self.is_version(number)])
    }

    fn last_label(&self, last: bool) -> Condition {
        let bottom = self.load(Size::Byte, self.network - 2);
        let bit = Condition::compare(bottom, Compare::Bits, 1);
        if last { bit } else { bit.negate() }
    }

    /// `vlan`: tagged, perhaps with one number; what follows is looked for behind the tag.
    pub(super) fn vlan(&mut self, id: Option<u32>) -> Result<Condition, &'static str> {
        if !self.is_ethernet() || self.inside != Inside::Link {
            return Err("`vlan` works on Ethernet only, and before `mpls` and `pppoes`");
        }
        if self.tags == Tags::InFrame || self.shifted {
            let tagged = self.tag_in_frame(id);
            self.kind += 4;
            self.network += 4;
            return Ok(tagged);
        }
        // The kernel takes the outer tag off the frame, but a frame that a program sends as it is keeps it.
        let aside = |size, at| Value::Load(Place { size, base: Base::Frame, at });
        let present = Condition::equal(aside(Size::Byte, TAG_PRESENT), 1);
        let mut taken_off = vec![present.clone()];
        if let Some(id) = id {
            taken_off.push(Condition::equal(aside(Size::Half, TAG).masked(0x0fff), id));
        }
        let in_frame = vec![present.negate(), Condition::Shift(4), self.tag_in_frame(id)];
        self.shifted = true;
        Ok(Condition::Any(vec![Condition::All(taken_off), Condition::All(in_frame)]))
    }

    fn tag_in_frame(&self, id: Option<u32>) -> Condition {
        let kind = self.load(Size::Half, self.kind);
        let tags = ethertype::TAGS.iter().map(|number| Condition::equal(kind.clone(), *number)).collect();
        let mut parts = vec![Condition::Any(tags)];
        if let Some(id) = id {
            parts.push(Condition::equal(self.load(Size::Half, self.kind + 2).masked(0x0fff), id));
        }
        Condition::All(parts)
    }

    /// `mpls`: a label, perhaps a certain one; a second `mpls` is the label after it.
    pub(super) fn mpls(&mut self, label: Option<u32>) -> Result<Condition, &'static str> {
        let outer = match (self.inside, self.link) {
            (Inside::Mpls, _) => self.last_label(false),
            (Inside::Link, LinkType::Ethernet) => self.is(ethertype::MPLS),
            _ => return Err("`mpls` works on Ethernet only, and before `pppoes`"),
        };
        let mut parts = vec![outer];
        if let Some(label) = label {
            parts.push(Condition::equal(self.network(Size::Word, 0).masked(0xffff_f000), label << 12));
        }
        self.network += 4;
        self.inside = Inside::Mpls;
        Ok(Condition::All(parts))
    }

    /// `pppoes`: a PPPoE session, perhaps a certain one.
    pub(super) fn pppoe_session(&mut self, id: Option<u32>) -> Result<Condition, &'static str> {
        if self.inside != Inside::Link {
            return Err("`pppoes` works once, and not behind `mpls`");
        }
        let mut parts = vec![self.is(ethertype::PPPOE_SESSION)];
        if let Some(id) = id {
            parts.push(Condition::equal(self.network(Size::Half, 2), id));
        }
        self.kind = self.network + 6;
        self.network += 8;
        self.inside = Inside::Ppp;
        Ok(Condition::All(parts))
    }

    /// Whether this machine sent the frame.
    pub(super) fn outbound(&self) -> Condition {
        let (size, at) = match self.link {
            LinkType::LinuxSll => (Size::Half, 0),
            LinkType::LinuxSll2 => (Size::Byte, 10),
            _ => (Size::Half, PACKET_TYPE),
        };
        Condition::equal(Value::Load(Place { size, base: Base::Frame, at }), OUTGOING)
    }
}

/// How SLL marks an 802.2 frame (`LINUX_SLL_P_802_2`).
const LLC_IN_SLL: u32 = 4;

/// The PPP number of a network protocol (RFC 1661 §2, IANA registry).
fn ppp_number(number: u32) -> u32 {
    match number {
        ethertype::IP => 0x0021,
        ethertype::IP6 => 0x0057,
        ethertype::MPLS => 0x0281,
        other => other,
    }
}

/// The address families that systems write before a packet on their loopback; IPv6 has one per system.
fn loopback_families(number: u32) -> &'static [u32] {
    match number {
        ethertype::IP => &[2],
        ethertype::IP6 => &[10, 24, 28, 30],
        _ => &[],
    }
}
