//! SQL Server and Sybase: pre-login and login packets ([MS-TDS] §2.2.3).

use super::reader::{be16, le32};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("tds");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Databases,
    over: Transports::Tcp,
    depth: 64,
    ports: &[1433],
    about: "TDS: SQL Server login (MS-TDS)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some(head) = bytes.get(..8) else {
        return if matches!(bytes.first(), None | Some(0x01..=0x04 | 0x0e | 0x10 | 0x12)) {
            Probe::Need
        } else {
            Probe::No
        };
    };
    let length = be16(head, 2).map_or(0, usize::from);
    let (kind, status) = (head.first().copied().unwrap_or(0), head.get(1).copied().unwrap_or(0));
    let body = bytes.get(8..).unwrap_or_default();
    // Requests of a session begin with what they are part of: 22 bytes in all, 18 for a transaction (MS-TDS §2.2.5.3).
    let in_session = matches!(kind, 0x01 | 0x03 | 0x0e)
        && body.starts_with(&[22, 0, 0, 0, 18, 0, 0, 0, 2, 0])
        && (bytes.len()..=1 << 15).contains(&length);
    if in_session {
        return Probe::of(APPLICATION);
    }
    let framed = status <= 9 && length > 8 && head.get(6).is_some_and(|&id| id <= 1) && head.get(7) == Some(&0);
    let whole = length == bytes.len();
    if framed && length > bytes.len() && length <= 4096 && matches!(kind, 0x10 | 0x12) && !segment.is_last {
        return Probe::Need;
    }
    let fits = match kind {
        // Pre-login: a list of options that begins with the version and ends with 0xff.
        0x12 => body.first() == Some(&0) && be16(body, 3) == Some(6),
        // Login: a length and a version of 7.x.
        0x10 => le32(body, 0).is_some_and(|length| length as usize == body.len()),
        0x02 => length >= 512,
        0x01 | 0x03 | 0x04 | 0x0e => segment.on_port,
        _ => false,
    };
    Probe::when(framed && whole && fits, APPLICATION)
}
