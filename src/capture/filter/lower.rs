//! Turns what a filter says into what it asks of the bytes, for one link type.

mod bytes;

use super::condition::{Base, Compare, Condition, Place, Value};
use super::layers::Layers;
use super::syntax::{Expr, Primitive, Side, Size};
use super::words::{Layer, Protocol, ethertype};
use super::{Fault, Target};

/// Lowers a whole filter.
pub(super) fn lower(expr: &Expr, target: &Target) -> Result<Condition, Fault> {
    let layers = Layers::new(target)
        .ok_or_else(|| Fault::new("capture filters do not know this link type; filter what is shown instead", 0))?;
    let hosts = target.netmask.map_or(u32::MAX, |mask| !u32::from(mask));
    let mut lowering = Lowering { layers, hosts };
    lowering.expr(expr)
}

struct Lowering {
    layers: Layers,
    /// The bits that tell the hosts of the interface's IPv4 net apart.
    hosts: u32,
}

impl Lowering {
    fn expr(&mut self, expr: &Expr) -> Result<Condition, Fault> {
        match expr {
            Expr::All(parts) => Ok(Condition::All(self.each(parts)?)),
            Expr::Any(parts) => Ok(Condition::Any(self.each(parts)?)),
            Expr::Not(inner) => Ok(self.expr(inner)?.negate()),
            Expr::Primitive(primitive, at) => self.primitive(primitive).map_err(|message| Fault::new(message, *at)),
        }
    }

    fn each(&mut self, parts: &[Expr]) -> Result<Vec<Condition>, Fault> {
        parts.iter().map(|part| self.expr(part)).collect()
    }

    fn primitive(&mut self, primitive: &Primitive) -> Result<Condition, &'static str> {
        Ok(match primitive {
            Primitive::Protocol(protocol) => self.protocol(protocol),
            Primitive::Net4 { carrier, side, address, mask } => self.net4(*carrier, *side, *address, *mask),
            Primitive::Net6 { side, address, mask } => self.net6(*side, u128::from(*address), *mask),
            Primitive::Mac { side, mac } => self.mac(*side, *mac)?,
            Primitive::Ports { over, side, low, high } => self.ports(over, *side, *low, *high),
            Primitive::IpProtocol { v4, v6, number } => self.ip_protocol(*v4, *v6, *number),
            Primitive::EtherType(number) => self.layers.is(*number),
            Primitive::EtherBroadcast => self.mac(Side::Destination, [0xff; 6])?,
            Primitive::EtherMulticast => {
                self.on_ethernet()?;
                Condition::compare(frame(Size::Byte, 0), Compare::Bits, 1)
            }
            Primitive::IpBroadcast => self.ip_broadcast(),
            Primitive::IpMulticast => {
                let first = self.layers.network(Size::Byte, 16);
                self.within(ethertype::IP, Condition::compare(first, Compare::GreaterOrEqual, 0xe0))
            }
            Primitive::Ip6Multicast => {
                let first = self.layers.network(Size::Byte, 24);
                self.within(ethertype::IP6, Condition::equal(first, 0xff))
            }
            Primitive::Vlan(id) => self.layers.vlan(*id)?,
            Primitive::Mpls(label) => self.layers.mpls(*label)?,
            Primitive::PppoeDiscovery => self.layers.is(ethertype::PPPOE_DISCOVERY),
            Primitive::PppoeSession(id) => self.layers.pppoe_session(*id)?,
            Primitive::Outbound => self.layers.outbound(),
            Primitive::Relation(left, relation, right) => self.relation(left, *relation, right)?,
        })
    }

    fn on_ethernet(&self) -> Result<(), &'static str> {
        if self.layers.is_ethernet() { Ok(()) } else { Err("this link has no Ethernet addresses") }
    }

    /// A condition that only makes sense inside a network protocol.
    fn within(&self, number: u32, inner: Condition) -> Condition {
        Condition::All(vec![self.layers.is(number), inner])
    }

    fn protocol(&self, protocol: &Protocol) -> Condition {
        match protocol.layer {
            Layer::Link => Condition::Always(true),
            Layer::Ether(number) => self.layers.is(number),
            Layer::Ip { number, v4, v6 } => self.ip_protocol(v4, v6, u32::from(number)),
        }
    }

    /// An IP protocol; in IPv6 as the first header, or in a fragment as the one after the fragment header.
    fn ip_protocol(&self, v4: bool, v6: bool, number: u32) -> Condition {
        let mut either = Vec::new();
        if v4 {
            either.push(self.within(ethertype::IP, self.ip4_carries(number)));
        }
        if v6 {
            const FRAGMENT: u32 = 44;
            let in_fragment = Condition::All(vec![
                self.ip6_carries(FRAGMENT),
                Condition::equal(self.layers.network(Size::Byte, 40), number),
            ]);
            let carried = Condition::Any(vec![self.ip6_carries(number), in_fragment]);
            either.push(self.within(ethertype::IP6, carried));
        }
        Condition::Any(either)
    }

    fn ip4_carries(&self, number: u32) -> Condition {
        Condition::equal(self.layers.network(Size::Byte, 9), number)
    }

    fn ip6_carries(&self, number: u32) -> Condition {
        Condition::equal(self.layers.network(Size::Byte, 6), number)
    }

    /// Only the first fragment has a transport header.
    fn has_transport(&self) -> Condition {
        Condition::compare(self.layers.network(Size::Half, 6), Compare::Bits, 0x1fff).negate()
    }

    /// An IPv4 net in IPv4, ARP and RARP, or in one of them.
    fn net4(&self, carrier: Option<&Protocol>, side: Side, address: u32, mask: u32) -> Condition {
        let wanted = |number: &u32| carrier.is_none_or(|protocol| protocol.layer == Layer::Ether(*number));
        let carried = |numbers: &[u32], source, destination| {
            let holds = |at| {
                let address_there = self.layers.network(Size::Word, at).masked(mask);
                if mask == 0 { Condition::Always(true) } else { Condition::equal(address_there, address) }
            };
            let carriers = numbers.iter().copied().filter(wanted).map(|number| self.layers.is(number));
            Condition::All(vec![Condition::Any(carriers.collect()), sides(side, holds(source), holds(destination))])
        };
        Condition::Any(vec![carried(&[ethertype::IP], 12, 16), carried(&[ethertype::ARP, ethertype::RARP], 14, 24)])
    }

    fn net6(&self, side: Side, address: u128, mask: u128) -> Condition {
        let holds = |at: u32| {
            let word = |step: u32| {
                let mask = (mask >> (96 - 32 * step)) as u32;
                let wanted = (address >> (96 - 32 * step)) as u32;
                let load = self.layers.network(Size::Word, at + 4 * step);
                (mask != 0).then(|| Condition::equal(load.masked(mask), wanted))
            };
            Condition::All((0..4).filter_map(word).collect())
        };
        self.within(ethertype::IP6, sides(side, holds(8), holds(24)))
    }

    fn mac(&self, side: Side, mac: [u8; 6]) -> Result<Condition, &'static str> {
        self.on_ethernet()?;
        let [high_a, high_b, low @ ..] = mac;
        let (high, low) = (u32::from_be_bytes([0, 0, high_a, high_b]), u32::from_be_bytes(low));
        let holds = |at| {
            Condition::All(vec![
                Condition::equal(frame(Size::Word, at + 2), low),
                Condition::equal(frame(Size::Half, at), high),
            ])
        };
        Ok(sides(side, holds(6), holds(0)))
    }

    /// Ports of the first fragment, in IPv6 only directly after its header.
    fn ports(&self, over: &[u8], side: Side, low: u16, high: u16) -> Condition {
        let (low, high) = (u32::from(low), u32::from(high));
        let ends = |place: &dyn Fn(u32) -> Value| {
            let within = |at| {
                if low == high {
                    return Condition::equal(place(at), low);
                }
                let above = Condition::compare(place(at), Compare::GreaterOrEqual, low);
                Condition::All(vec![above, Condition::compare(place(at), Compare::Greater, high).negate()])
            };
            sides(side, within(0), within(2))
        };
        let carried = |one: &dyn Fn(u32) -> Condition| {
            Condition::Any(over.iter().map(|number| one(u32::from(*number))).collect())
        };
        let v6 = Condition::All(vec![
            self.layers.is(ethertype::IP6),
            carried(&|number| self.ip6_carries(number)),
            ends(&|at| self.layers.network(Size::Half, 40 + at)),
        ]);
        let v4 = Condition::All(vec![
            self.layers.is(ethertype::IP),
            carried(&|number| self.ip4_carries(number)),
            self.has_transport(),
            ends(&|at| bytes::after(self.layers.after_ip4(Size::Half), at)),
        ]);
        Condition::Any(vec![v6, v4])
    }

    /// All zeroes and all ones in the host part; of the whole address where the net is not known.
    fn ip_broadcast(&self) -> Condition {
        let to = |host| Condition::equal(self.layers.network(Size::Word, 16).masked(self.hosts), host);
        self.within(ethertype::IP, Condition::Any(vec![to(0), to(self.hosts)]))
    }
}

fn frame(size: Size, at: u32) -> Value {
    Value::Load(Place { size, base: Base::Frame, at })
}

fn sides(side: Side, source: Condition, destination: Condition) -> Condition {
    match side {
        Side::Source => source,
        Side::Destination => destination,
        Side::Either => Condition::Any(vec![source, destination]),
        Side::Both => Condition::All(vec![source, destination]),
    }
}
