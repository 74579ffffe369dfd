//! Discovery of devices by HTTP over UDP (UPnP Device Architecture §1).

use super::text::{Begins, begins, first_line, header};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("ssdp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Network,
    over: Transports::Udp,
    depth: 0,
    ports: &[1900],
    about: "SSDP: discovery of UPnP devices (UPnP Device Architecture 2.0)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, _) = first_line(segment.payload);
    if begins(line, &[b"M-SEARCH * HTTP/1.", b"NOTIFY * HTTP/1."]) == Begins::Yes {
        let agent = header(segment.payload, b"user-agent").or_else(|| header(segment.payload, b"server"));
        return Probe::with_detail(APPLICATION, agent.unwrap_or_default());
    }
    // An answer comes from any port, but says what was looked for.
    let answer = line.starts_with(b"HTTP/1.") && (segment.on_port || header(segment.payload, b"st").is_some());
    Probe::when(answer, APPLICATION)
}
