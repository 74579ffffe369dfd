//! The git daemon: a request in a packet line (gitprotocol-pack(5)).

use super::text::{Begins, begins};
use super::{Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("git");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
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
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
