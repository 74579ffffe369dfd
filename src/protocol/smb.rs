//! Windows files: SMB 1 to 3, behind the length of a session service ([MS-SMB2], [MS-CIFS]).

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("smb");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 64,
    ports: &[445, 139],
    about: "SMB 1 to 3: file shares (MS-CIFS, MS-SMB2)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let Some((head, body)) = bytes.split_first_chunk::<4>() else { return Probe::Need };
    // The request for a session by name comes before, on port 139 (RFC 1002 §4.3).
    if matches!(head, [0x81, 0, 0, 68]) {
        return Probe::when(body.len() >= 68 && body.first() == Some(&32), APPLICATION);
    }
    if matches!(head, [0x82, 0, 0, 0]) {
        return Probe::when(segment.on_port && body.is_empty(), APPLICATION);
    }
    if head[0] != 0 {
        return Probe::No;
    }
    match begins(body, &[b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"]) {
        Begins::Yes => {
            Probe::with_detail(APPLICATION, if body.first() == Some(&0xff) { b"SMB 1" } else { b"SMB 2 or 3" })
        }
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
