//! Subversion: the greeting of the server (libsvn_ra_svn/protocol).

use super::text::{Begins, begins};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("svn");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Files,
    over: Transports::Tcp,
    depth: 64,
    ports: &[3690],
    about: "Subversion: greeting of the server (svn ra_svn protocol)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(
        segment.payload,
        &[b"( success ( 1 2 ", b"( success ( 2 2 ", b"( 2 ( edit-pipeline ", b"( 2 ( svndiff"],
    ) {
        Begins::Yes => Probe::of(APPLICATION),
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::No,
    }
}
