//! Zabbix: the mark before every message of agent and server.

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("zabbix");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Monitoring,
    over: Transports::Tcp,
    depth: 16,
    ports: &[10050, 10051],
    about: "Zabbix: agent and server (Zabbix header and data length)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"ZBXD\x01", b"ZBXD\x03", b"ZBXD\x05"]) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
