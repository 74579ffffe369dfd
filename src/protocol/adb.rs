//! Android devices: the message that opens a connection, with its checks (ADB protocol.txt).

use super::reader::le32;
use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("adb");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Remote,
    over: Transports::Tcp,
    depth: 32,
    ports: &[5555],
    about: "ADB: shells on Android devices (AOSP adb protocol.txt)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match begins(bytes, &[b"CNXN", b"AUTH"]) {
        Begins::No => Probe::No,
        Begins::Perhaps => Probe::Need,
        // The last word is the first one inverted.
        Begins::Yes => match (le32(bytes, 0), le32(bytes, 20)) {
            (Some(command), Some(magic)) => Probe::when(command == !magic, APPLICATION),
            _ => Probe::Need,
        },
    }
}
