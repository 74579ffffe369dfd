//! Where a flow is counted when several interfaces are watched: on one of them, the one nearest to the wire.
//!
//! A packet that passes several watched interfaces is seen on each. It is counted on the flow's home and skipped
//! elsewhere. Which interface carries which comes with [`InterfaceInfo`]; see there for what is in the totals.

use crate::model::tally::Count;
use crate::model::{InterfaceId, InterfaceInfo, Packet, Skip, Standing};

use super::amount::Amount;
use super::record::{Record, bit};
use super::table::FlowTable;

/// The interface that a flow is counted on, and whether that is in the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Home(u16);

/// Set where another interface carries it.
const CARRIED: u16 = 1 << 15;

impl Home {
    pub(super) const NONE: Self = Self(0);

    const fn new(interface: u16, is_carried: bool) -> Self {
        Self(interface & !CARRIED | if is_carried { CARRIED } else { 0 })
    }

    /// Its flows are listed, but not in the totals.
    pub(super) const fn is_carried(self) -> bool {
        self.0 & CARRIED != 0
    }

    const fn interface(self) -> u16 {
        self.0 & !CARRIED
    }
}

/// What stands between a packet and being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Counted, on the flow as it is.
    Counts,
    /// Counted, and the flow's home is another from now on.
    Settles(Home),
    /// Counted; what the flow has counted so far was seen where it is not in the totals, and is seen again here.
    Moves(Home),
    /// The packet is counted elsewhere.
    Again,
}

/// One interface among those that are watched.
#[derive(Clone, Copy, Debug, Default)]
struct Post {
    /// Itself, or the first part of the bond that it is a part of: one way out.
    unit: u16,
    bridge: u32,
    is_there: bool,
    repeats: bool,
    is_carried: bool,
}

/// How the watched interfaces stand to each other.
#[derive(Debug, Default)]
pub(super) struct Posts {
    list: Vec<Post>,
    /// There is more than one that may show the same packet.
    pub(super) is_layered: bool,
}

impl Posts {
    /// Takes stock of all interfaces. Those of a capture file say nothing of each other.
    pub(super) fn new(interfaces: &[InterfaceInfo]) -> Self {
        // One that is gone counts too: flows have it for their home, and it may come back.
        let is_live = interfaces.iter().any(|info| info.counters.is_some());
        let is_layered = is_live && interfaces.iter().filter(|info| !info.is_loopback).count() > 1;
        let unit = |info: &InterfaceInfo| {
            let bond = info.bond.and_then(|bond| interfaces.iter().find(|other| other.bond == Some(bond)));
            bond.unwrap_or(info).id.0
        };
        let post = |info: &InterfaceInfo| Post {
            unit: unit(info),
            bridge: info.bridge.unwrap_or_default(),
            is_there: info.counters.is_some(),
            repeats: matches!(info.standing, Standing::Repeats(_)),
            is_carried: !info.standing.is_counted(),
        };
        Self { list: interfaces.iter().map(post).collect(), is_layered }
    }

    fn at(&self, interface: u16) -> Post {
        self.list.get(usize::from(interface)).copied().unwrap_or_default()
    }

    /// Every frame of it is seen on another interface as well.
    #[inline]
    pub(super) fn repeats(&self, interface: InterfaceId) -> bool {
        self.is_layered && self.at(interface.0).repeats
    }

    pub(super) fn home(&self, interface: InterfaceId) -> Home {
        let post = self.at(interface.0);
        if self.is_layered { Home::new(post.unit, post.is_carried) } else { Home::new(interface.0, false) }
    }

    /// Whether a packet of a flow that is on the table counts.
    pub(super) fn sight(&self, packet: &Packet<'_>, record: &Record) -> Sight {
        let (here, home) = (self.home(packet.interface), record.home);
        if here == home {
            return Sight::Counts;
        }
        let (post, at_home) = (self.at(packet.interface.0), self.at(home.interface()));
        if here.interface() == home.interface() || !at_home.is_there {
            return Sight::Settles(here);
        }
        match (here.is_carried(), home.is_carried()) {
            (true, _) => Sight::Again,
            (false, true) => Sight::Moves(here),
            // Bridged from port to port, or forwarded from interface to interface.
            (false, false) if post.bridge != 0 && post.bridge == at_home.bridge => Sight::Again,
            (false, false) if record.is(bit::TRANSIT) => Sight::Again,
            (false, false) => Sight::Counts,
        }
    }
}

impl FlowTable {
    /// Makes another interface the home of a flow. What was counted is another's, if it `starts_anew`.
    pub(super) fn rehome(&mut self, place: u32, home: Home, interface: InterfaceId, starts_anew: bool) {
        let Some(record) = self.records.get_mut(place as usize) else { return };
        record.home = home;
        let cold = &mut self.cold[place as usize];
        cold.interface = interface;
        if !starts_anew {
            return;
        }
        let headers = cold.segment_headers();
        let mut moved = Count::default();
        let (out, into) = record.out_in();
        for (direction, side) in [out, into].into_iter().enumerate() {
            let amount = Amount {
                frames: record.packets[side],
                bytes: record.bytes[side],
                segment_headers: headers[side],
                ip_bytes: record.ip_bytes[side],
                payload: record.payload[side],
            };
            moved.add_many(amount.frames, amount.bytes);
            self.grand.lose(direction, &amount);
            self.carried.lose(direction, &amount);
        }
        (record.bytes, record.ip_bytes, record.payload, record.packets) = ([0; 2], [0; 2], [0; 2], [0; 2]);
        if let Some(detail) = &mut cold.detail {
            detail.segment_headers = [0; 2];
        }
        if let Some(told) = &mut cold.told {
            (told.wire, told.ip_bytes, told.payload, told.packets) = ([0; 2], [0; 2], [0; 2], [0; 2]);
        }
        self.tally.packets.lose(moved);
        self.tally.carried.lose(moved);
        self.tally.skipped[Skip::Carried as usize].gain(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::FlowConfig;
    use crate::model::endpoint::address_words;
    use crate::model::{Heading, InterfaceCounters, Label, Protocol, Timestamp};

    const US: [u8; 4] = [10, 0, 0, 5];
    const THEM: [u8; 4] = [192, 0, 2, 9];
    const GUEST: [u8; 4] = [172, 17, 0, 2];

    fn info(number: u16, standing: &Standing) -> InterfaceInfo {
        InterfaceInfo {
            id: InterfaceId(number),
            name: Label::new(&format!("if{number}")),
            addresses: vec![US.into()],
            is_up: true,
            standing: standing.clone(),
            counters: Some(InterfaceCounters::default()),
            ..InterfaceInfo::default()
        }
    }

    fn table(interfaces: &[InterfaceInfo]) -> FlowTable {
        let mut table = FlowTable::new(FlowConfig::default());
        for info in interfaces {
            table.interface(info);
        }
        table.advance(Timestamp::from_secs(1_000));
        table
    }

    /// One datagram of 100 bytes as an interface sees it.
    fn sight(on: u16, from: [u8; 4], to: [u8; 4]) -> Packet<'static> {
        Packet {
            at: Timestamp::from_secs(1_000),
            interface: InterfaceId(on),
            heading: Heading::Unknown,
            protocol: Protocol::UDP,
            source: address_words(from.into()),
            destination: address_words(to.into()),
            source_port: 5_000,
            destination_port: 5_000,
            frame_len: 142,
            ip_len: 128,
            payload_len: 100,
            ..Packet::EMPTY
        }
    }

    /// Bytes in the totals, and bytes of rows that are not in them.
    fn counted(table: &FlowTable) -> (u64, u64) {
        let totals = table.totals();
        let carried = table.rows().iter().filter(|row| row.is_carried).map(|row| row.bytes_out + row.bytes_in).sum();
        assert_eq!(table.tally().carried.bytes, carried);
        let skipped = table.tally().skipped_total();
        assert_eq!(table.tally().packets.frames + skipped.frames, table.tally().seen.frames);
        (totals.bytes_out + totals.bytes_in, carried)
    }

    fn within() -> Standing {
        Standing::Within(vec![Label::new("if0")])
    }

    #[test]
    fn what_is_seen_twice_is_counted_nearest_to_the_wire_in_whatever_order() {
        for order in [[1, 0], [0, 1]] {
            let mut table = table(&[info(0, &Standing::Counted), info(1, &within())]);
            for _ in 0..5 {
                for on in order {
                    table.fold(&mut [sight(on, US, THEM)]);
                }
            }
            table.show_all();
            assert_eq!(counted(&table), (5 * 142, 0), "{order:?}");
            let [row] = &table.rows()[..] else { panic!("one row") };
            assert_eq!((row.packets_out, row.interface, row.is_carried), (5, Some(InterfaceId(0)), false));
            assert_eq!(table.tally().skipped(Skip::Carried).frames, 5);
        }
    }

    #[test]
    fn what_has_moved_is_told_once_by_the_interval() {
        let mut table = table(&[info(0, &Standing::Counted), info(1, &within())]);
        table.fold(&mut [sight(1, US, THEM)]);
        table.close(Timestamp::from_secs(1_001));
        table.advance(Timestamp::from_secs(1_001));
        table.fold(&mut [sight(0, US, THEM), sight(0, US, THEM)]);
        let interval = table.close(Timestamp::from_secs(1_002));
        assert_eq!((interval.samples[0].bytes_out, interval.samples[0].total_out), (2 * 142, 2 * 142));
        assert_eq!((interval.bytes_out, interval.samples[0].is_new), (2 * 142, false));
    }

    #[test]
    fn flows_inside_a_tunnel_are_listed_beside_it() {
        let mut table = table(&[info(0, &Standing::Counted), info(1, &within())]);
        table.fold(&mut [sight(1, US, GUEST), sight(0, US, THEM), sight(1, US, GUEST)]);
        table.show_all();
        assert_eq!(counted(&table), (142, 2 * 142));
        assert_eq!(table.rows().len(), 2);
    }

    #[test]
    fn frames_that_are_all_seen_below_are_skipped() {
        let repeats = Standing::Repeats(vec![Label::new("if0")]);
        let mut table = table(&[info(0, &Standing::Counted), info(1, &repeats)]);
        table.fold(&mut [sight(1, US, THEM), sight(0, US, THEM)]);
        assert_eq!((counted(&table), table.tally().flows), ((142, 0), 1));
    }

    #[test]
    fn parts_of_a_bond_add_up_and_ports_of_a_bridge_do_not() {
        let two = |bond, bridge| {
            let of = |number| InterfaceInfo { bond, bridge, ..info(number, &Standing::Counted) };
            let mut table = table(&[of(0), of(1)]);
            table.fold(&mut [sight(0, US, THEM), sight(1, US, THEM), sight(1, THEM, US)]);
            counted(&table).0
        };
        assert_eq!(two(Some(9), None), 3 * 142);
        assert_eq!(two(None, Some(9)), 142, "its home is the port that it came by");
        assert_eq!(two(None, None), 3 * 142, "two ways out");
    }

    #[test]
    fn what_is_forwarded_is_counted_on_one_side() {
        let mut table = table(&[info(0, &Standing::Counted), info(1, &Standing::Counted)]);
        for (from, to) in [(GUEST, THEM), (THEM, GUEST)] {
            table.fold(&mut [sight(1, from, to), sight(0, from, to)]);
        }
        assert_eq!(counted(&table).0, 2 * 142);
    }

    #[test]
    fn a_flow_goes_on_when_its_interface_goes() {
        let mut table = table(&[info(0, &Standing::Counted), info(1, &within())]);
        table.fold(&mut [sight(0, US, THEM), sight(1, US, THEM)]);
        table.interface(&InterfaceInfo { counters: None, ..info(0, &Standing::Counted) });
        table.interface(&info(1, &Standing::Counted));
        table.fold(&mut [sight(1, US, THEM)]);
        table.show_all();
        assert_eq!((counted(&table), table.rows()[0].interface), ((2 * 142, 0), Some(InterfaceId(1))));
    }

    #[test]
    fn one_interface_or_those_of_a_file_carry_nothing() {
        for counters in [None, Some(InterfaceCounters::default())] {
            let number = if counters.is_none() { 2 } else { 1 };
            let of = |at| InterfaceInfo { counters, ..info(at, &within()) };
            let list: Vec<InterfaceInfo> = (0..number).map(of).collect();
            let mut table = table(&list);
            for on in 0..number {
                table.fold(&mut [sight(on, US, THEM)]);
            }
            assert_eq!(counted(&table), (142 * u64::from(number), 0));
        }
    }
}
