//! Ports for fragments after the first, learnt from the first (RFC 791 §3.2, RFC 8200 §4.5).

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::model::Packet;
use crate::model::endpoint::AddressWords;

/// The most fragmented packets remembered at once; the oldest is forgotten first.
const LIMIT: usize = 4_096;

type Id = (AddressWords, AddressWords, u32, u8);

/// Which ports the fragments of a packet belong to. Bounded; a packet whose last fragment never comes
/// is pushed out by newer ones.
#[derive(Default)]
pub(super) struct Fragments {
    ports: HashMap<Id, (u16, u16)>,
    order: VecDeque<Id>,
}

impl Fragments {
    /// Learns the ports from a first fragment, or gives them to a later one.
    pub(super) fn settle(&mut self, packet: &mut Packet<'_>) {
        let Some(fragment) = packet.fragment else { return };
        let id = (packet.source, packet.destination, fragment.id, packet.protocol.number());
        if fragment.is_first {
            if self.ports.insert(id, (packet.source_port, packet.destination_port)).is_none() {
                self.order.push_back(id);
                if self.order.len() > LIMIT
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.ports.remove(&oldest);
                }
            }
        } else if let Some(&(source, destination)) = self.ports.get(&id) {
            (packet.source_port, packet.destination_port) = (source, destination);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::packet::Fragment;
    use crate::model::{Heading, InterfaceId, Protocol, Timestamp};

    fn packet(id: u32, is_first: bool) -> Packet<'static> {
        Packet {
            at: Timestamp::ZERO,
            interface: InterfaceId(0),
            heading: Heading::Unknown,
            v6: false,
            protocol: Protocol::UDP,
            source: [0, 1],
            destination: [0, 2],
            source_port: if is_first { 53 } else { 0 },
            destination_port: if is_first { 5353 } else { 0 },
            frame_len: 100,
            segment_headers: 0,
            segments: 1,
            ip_len: 86,
            payload_len: 58,
            tcp_flags: 0,
            tcp_sequence: 0,
            payload: &[],
            fragment: Some(Fragment { id, is_first, is_last: false }),
        }
    }

    #[test]
    fn gives_later_fragments_the_ports_of_the_first() {
        let mut fragments = Fragments::default();
        fragments.settle(&mut packet(7, true));
        let (mut same, mut other) = (packet(7, false), packet(8, false));
        fragments.settle(&mut same);
        fragments.settle(&mut other);
        assert_eq!((same.source_port, same.destination_port), (53, 5353));
        assert_eq!((other.source_port, other.destination_port), (0, 0));
    }

    #[test]
    fn stays_bounded_under_a_flood_of_first_fragments() {
        let mut fragments = Fragments::default();
        for id in 0..100_000 {
            fragments.settle(&mut packet(id, true));
        }
        assert_eq!(fragments.ports.len(), LIMIT);
        assert_eq!(fragments.order.len(), LIMIT);
    }
}
