//! Remote desktops: the request for a connection and its confirmation ([MS-RDPBCGR] §2.2.1).

use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rdp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 64,
    ports: &[3389],
    about: "RDP: request for a connection (MS-RDPBCGR 2.2.1.1)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
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
