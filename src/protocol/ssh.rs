//! SSH: the banner that either side sends first (RFC 4253 §4.2).

use super::text::{Begins, begins, first_line};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::{Application, Facts, Label};

const SSH: Application = Application::new("ssh");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: SSH,
    group: Group::Remote,
    over: Transports::Tcp,
    depth: LONGEST,
    ports: &[22, 2222],
    about: "SSH: banner of client or server (RFC 4253)",
    probe,
};

/// The longest banner, its line end included.
const LONGEST: usize = 255;

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[b"SSH-2.0-", b"SSH-1."]) {
        Begins::No => return Probe::No,
        Begins::Perhaps => return Probe::Need,
        Begins::Yes => {}
    }
    let (line, ended) = first_line(segment.payload);
    if !ended && !segment.is_last {
        return Probe::Need;
    }
    let banner = line.get(..LONGEST).unwrap_or(line);
    Probe::Match(Facts { application: SSH, detail: Some(Label::from_bytes(banner)), ..Facts::default() })
}
