//! The git daemon: a request in a packet line (gitprotocol-pack(5)).

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("git");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 512,
    ports: &[9418],
    about: "git daemon: request for a repository (gitprotocol-pack(5))",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let Some((length, request)) = segment.payload.split_first_chunk::<4>() else { return Probe::Need };
    if !length.iter().all(u8::is_ascii_hexdigit) {
        return Probe::No;
    }
    match begins(request, &[b"git-upload-pack ", b"git-receive-pack ", b"git-upload-archive "]) {
        Begins::Yes => {
            let path = request.split(|&b| b == 0).next().unwrap_or(request);
            Probe::with_detail(APPLICATION, path)
        }
        Begins::No if is_answer(request) => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}

/// What a server lists first: an object by its 40 digits (64 with SHA-256) and a name, or the version it speaks.
fn is_answer(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
    let named = matches!(digits, 40 | 64) && line.get(digits) == Some(&b' ') && line.len() > digits + 4;
    named || line.starts_with(b"version 1\n") || line.starts_with(b"version 2\n")
}
