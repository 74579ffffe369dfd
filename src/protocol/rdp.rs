//! Remote desktops: the request for a connection and its confirmation ([MS-RDPBCGR] §2.2.1).

use super::reader::{be16, be32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rdp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Both,
    depth: 64,
    ports: &[3389],
    about: "RDP: request for a connection (MS-RDPBCGR 2.2.1.1)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    if !segment.is_tcp() {
        return Probe::when(segment.on_port && opens_by_udp(bytes), APPLICATION);
    }
    let Some(head) = bytes.get(..11) else {
        let so_far = bytes.iter().zip([3_u8, 0, 0]).all(|(have, want)| *have == want);
        return if so_far { Probe::Need } else { Probe::No };
    };
    // TPKT, then a connection request or confirmation of class 0.
    let &[3, 0, high, low, _, 0xe0 | 0xd0, ..] = head else { return Probe::No };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !(11..=512).contains(&length) {
        return Probe::No;
    }
    if bytes.len() < length {
        return Probe::Need;
    }
    let body = bytes.get(11..length).unwrap_or_default();
    let wish = body.len() >= 8 && matches!(body.get(body.len() - 8..), Some([1..=3, _, 8, 0, ..]));
    let cookie = body.starts_with(b"Cookie: mst");
    match (cookie || wish, body.is_empty()) {
        (true, _) => Probe::of(APPLICATION),
        (false, true) => Probe::when(segment.on_port, APPLICATION),
        (false, false) => Probe::No,
    }
}

/// The side channel by UDP (MS-RDPEUDP §2.2.2): in the client's first datagram no source is acknowledged, the flags
/// hold SYN, and two largest sizes follow; an answer has SYN and ACK.
fn opens_by_udp(bytes: &[u8]) -> bool {
    const SYN: u16 = 1;
    let (Some(source), Some(flags)) = (be32(bytes, 0), be16(bytes, 6)) else { return false };
    let size = |at| be16(bytes, at).is_some_and(|size| (1132..=1232).contains(&size));
    flags & SYN != 0 && flags & 0xe000 == 0 && (source == u32::MAX || flags & 4 != 0) && size(12) && size(14)
}
