//! Web servers to applications: the record that begins a request (FastCGI §3.3).

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("fastcgi");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Calls,
    over: Transports::Tcp,
    depth: 32,
    ports: &[9000],
    about: "FastCGI: web servers to applications (FastCGI 1.0)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let bytes = segment.payload;
    let head = &[1, 1, 0, 1, 0, 8, 0][..];
    match begins(bytes, &[head]) {
        Begins::Yes => Probe::when(matches!(bytes.get(8..11), None | Some([0, 1..=3, 0 | 1])), APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
