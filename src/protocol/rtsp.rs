//! Control of media streams: request or response (RFC 7826).

use super::text::{Begins, begins, first_line, header};
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

const APPLICATION: Application = Application::new("rtsp");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Media,
    over: Transports::Tcp,
    depth: 2048,
    ports: &[554, 8554],
    about: "RTSP: request or response (RFC 7826)",
    probe,
};

fn probe(segment: &Segment<'_>) -> Probe {
    let (line, ended) = first_line(segment.payload);
    match begins(segment.payload, STARTS) {
        Begins::No => Probe::No,
        Begins::Yes if segment.payload.starts_with(b"RTSP/") => Probe::of(APPLICATION),
        Begins::Yes if ended => {
            let agent = header(segment.payload, b"user-agent").unwrap_or_default();
            if line.ends_with(b" RTSP/1.0") || line.ends_with(b" RTSP/2.0") {
                Probe::with_detail(APPLICATION, agent)
            } else {
                Probe::No
            }
        }
        Begins::Yes | Begins::Perhaps => Probe::Need,
    }
}

const STARTS: &[&[u8]] = &[
    b"RTSP/1.0 ",
    b"RTSP/2.0 ",
    b"OPTIONS ",
    b"DESCRIBE ",
    b"SETUP ",
    b"PLAY ",
    b"PAUSE ",
    b"TEARDOWN ",
    b"ANNOUNCE ",
    b"RECORD ",
    b"GET_PARAMETER ",
    b"SET_PARAMETER ",
];
