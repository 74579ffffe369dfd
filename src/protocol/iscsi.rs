//! Disks over the network: the login with its names (RFC 7143 §11.12).

use super::text::contains;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("iscsi");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 512,
    ports: &[3260, 860],
    about: "iSCSI: login (RFC 7143)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    match bytes.first() {
        None => Probe::Need,
        Some(0x43 | 0x03 | 0x23) if bytes.len() < 64 && !segment.is_last => Probe::Need,
        Some(0x43 | 0x03) if contains(bytes, b"initiatorname=iqn.") || contains(bytes, b"initiatorname=eui.") => {
            Probe::of(APPLICATION)
        }
        // The name stands behind 48 bytes, and may come later.
        Some(0x43 | 0x03) if bytes.len() < 256 && !segment.is_last => Probe::Need,
        Some(0x23) => Probe::when(contains(bytes, b"targetportalgrouptag="), APPLICATION),
        Some(_) => Probe::No,
    }
}
