//! MQTT: the packet that opens a session, with the name of the protocol (MQTT 3.1.1 §3.1).

use super::text::{Begins, begins};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("mqtt");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    over: Transports::Tcp,
    depth: 32,
    ports: &[1883, 8883],
    about: "MQTT: opening of a session (OASIS MQTT 3.1.1, 5)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some((0x10, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        return if bytes.is_empty() { Probe::Need } else { Probe::No };
    };
    // A length of one to four bytes, seven bits each.
    let more = rest.iter().take(4).take_while(|&&b| b & 0x80 != 0).count();
    match begins(rest.get(more + 1..).unwrap_or_default(), &[b"\0\x04MQTT", b"\0\x06MQIsdp"]) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
