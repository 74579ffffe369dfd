//! What we saw beside what the kernel counted, per interface, since the start.

use crate::model::{Counted, Frame, Heading, InterfaceCounters, InterfaceId, InterfaceInfo, Label, LinkType};
use crate::snapshot::Agreement;

/// An Ethernet header, which the kernel does not count on its loopback (drivers/net/loopback.c), nor on tunnels of
/// Ethernet frames (net/ipv4/ip_tunnel_core.c counts from the inner network header).
const HEADER: u64 = 14;
const WITHOUT_HEADER: &[&str] = &["vxlan", "geneve", "gretap", "erspan", "ip6gretap", "ip6erspan"];

#[derive(Default)]
pub(super) struct Agree {
    interfaces: Vec<Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    name: Label,
    start: Option<InterfaceCounters>,
    latest: Option<InterfaceCounters>,
    bytes_out: u64,
    bytes_in: u64,
    /// A backend that cannot tell the directions apart: nothing to compare.
    is_blind: bool,
    is_without_header: bool,
    /// What its frames begin with.
    link: Option<LinkType>,
}

impl Seen {
    #[inline]
    fn add(&mut self, heading: Heading, bytes: u64) {
        self.is_blind |= heading == Heading::Unknown;
        if heading == Heading::Outgoing {
            self.bytes_out += bytes;
        } else {
            self.bytes_in += bytes;
        }
    }
}

impl Agree {
    fn at(&mut self, id: usize) -> &mut Seen {
        if self.interfaces.len() <= id {
            self.interfaces.resize(id + 1, Seen::default());
        }
        &mut self.interfaces[id]
    }

    /// Counts a frame on its interface, whatever becomes of it.
    #[inline]
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        let seen = self.at(usize::from(frame.interface.0));
        seen.link = Some(frame.link);
        let uncounted = if seen.is_without_header && frame.link == LinkType::Ethernet { HEADER } else { 0 };
        seen.add(frame.heading, u64::from(frame.wire_len).saturating_sub(uncounted));
    }

    /// The same for frames that the source has counted; none of loopback are.
    pub(super) fn counted(&mut self, counted: &[Counted]) {
        for one in counted {
            self.at(usize::from(one.flow.interface.0)).add(one.flow.heading, one.bytes);
        }
    }

    /// Whether frames of an interface begin with an Ethernet header and are seen once.
    pub(super) fn is_plain(&self, id: InterfaceId) -> bool {
        let seen = self.interfaces.get(usize::from(id.0));
        seen.is_some_and(|seen| seen.link == Some(LinkType::Ethernet) && !seen.is_without_header)
    }

    /// Takes in an interface's counters. One that was made anew counts from zero again.
    pub(super) fn interface(&mut self, info: &InterfaceInfo) {
        let seen = self.at(usize::from(info.id.0));
        seen.name = info.name.clone();
        seen.is_without_header = info.is_loopback || WITHOUT_HEADER.contains(&info.kind.as_str());
        let Some(now) = info.counters else { return };
        let is_anew = seen.latest.is_some_and(|latest| now.bytes_out < latest.bytes_out);
        if seen.start.is_none() || is_anew {
            seen.start = Some(now);
            (seen.bytes_out, seen.bytes_in) = (0, 0);
        }
        seen.latest = Some(now);
    }

    /// The comparison for every interface whose counters are known.
    pub(super) fn report(&self) -> Vec<Agreement> {
        self.interfaces
            .iter()
            .filter(|seen| !seen.is_blind)
            .filter_map(|seen| {
                let (start, latest) = (seen.start?, seen.latest?);
                Some(Agreement {
                    interface: seen.name.clone(),
                    seen_bytes_out: seen.bytes_out,
                    kernel_bytes_out: latest.bytes_out.saturating_sub(start.bytes_out),
                    seen_bytes_in: seen.bytes_in,
                    kernel_bytes_in: latest.bytes_in.saturating_sub(start.bytes_in),
                })
            })
            .collect()
    }
}
