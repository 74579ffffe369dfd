//! HTTP/2 in the clear: the preface of the client and its first request (RFC 9113 §3.4). gRPC rides on it.

mod hpack;
mod huffman;

use super::http::request::Request;
use super::reader::Reader;
use super::text::{Begins, begins};
use super::{Follow, FollowSide, Group, Probe, Recogniser, Segment, Transports};
use crate::model::{Application, Facts};

pub(super) const APPLICATION: Application = Application::new("http2");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Web,
    over: Transports::Tcp,
    depth: 64,
    ports: &[80, 8080, 50051, 2379],
    about: "HTTP/2 with prior knowledge: authority, method, path (RFC 9113, RFC 7541)",
    probe,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;
/// Frames before the first request, and bytes of its headers: what more there is nobody needs.
const MOST_FRAMES: usize = 16;
const LONGEST_BLOCK: usize = 8 * 1024;

fn probe(segment: &Segment<'_>) -> Probe {
    match begins(segment.payload, &[PREFACE]) {
        Begins::Yes => {
            let facts = Facts { application: APPLICATION, ..Facts::default() };
            Probe::Then(facts, Follow { side: FollowSide::Same, read: first_request })
        }
        Begins::Perhaps => Probe::Need,
        Begins::No => Probe::when(is_settings(segment.payload), APPLICATION),
    }
}

/// What a server says first: its settings, each a known number and a value (RFC 9113 §3.4, §6.5).
fn is_settings(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let Some([0, 0, length, 4, 0, 0, 0, 0, 0]) = reader.array() else { return false };
    let Some(body) = reader.take(usize::from(length)) else { return false };
    let (settings, odd) = body.as_chunks::<6>();
    let known = settings.iter().all(|[high, low, ..]| *high == 0 && matches!(low, 1..=9));
    // Without a setting it is too little by itself; the acknowledgement of the client's may follow.
    let follows = reader.rest().starts_with(&[0, 0, 0, 4, 1, 0, 0, 0, 0]);
    odd.is_empty() && known && (!settings.is_empty() || follows)
}

/// The first request of the client, behind its settings.
fn first_request(segment: &Segment<'_>, _: &Facts) -> Probe {
    let Some(frames) = segment.payload.get(PREFACE.len()..) else { return Probe::Need };
    let mut reader = Reader::new(frames);
    for _ in 0..MOST_FRAMES {
        let Some((length, kind, flags)) = frame_header(&mut reader) else { return Probe::Need };
        let body = reader.take_up_to(length);
        if kind != HEADERS {
            if body.len() < length {
                return Probe::Need;
            }
            continue;
        }
        if length > LONGEST_BLOCK {
            return Probe::No;
        }
        if body.len() < length && !segment.is_last {
            return Probe::Need;
        }
        return block(body, flags).map_or(Probe::No, |block| told(block, segment.server_port));
    }
    Probe::No
}

/// Length, type and flags; the stream does not matter (RFC 9113 §4.1).
fn frame_header(reader: &mut Reader<'_>) -> Option<(usize, u8, u8)> {
    let mut ahead = *reader;
    let length = ahead.u24()? as usize;
    let (kind, flags) = (ahead.u8()?, ahead.u8()?);
    ahead.skip(4)?;
    *reader = ahead;
    Some((length, kind, flags))
}

/// The header block of a HEADERS frame, without what may stand around it (RFC 9113 §6.2).
fn block(body: &[u8], flags: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    let padding = if flags & PADDED == 0 { 0 } else { usize::from(reader.u8()?) };
    if flags & PRIORITY != 0 {
        reader.skip(5)?;
    }
    let rest = reader.rest();
    rest.get(..rest.len().checked_sub(padding)?)
}

fn told(block: &[u8], port: u16) -> Probe {
    let fields = hpack::read(block);
    let find = |name: &[u8]| fields.iter().find(|(key, _)| key == name).map(|(_, value)| &value[..]);
    let (Some(method), Some(target)) = (find(b":method"), find(b":path")) else { return Probe::No };
    let host = find(b":authority").or_else(|| find(b"host"));
    let headers = fields.iter().map(|(key, value)| (&key[..], &value[..])).collect();
    Probe::Match(Request { method, target, host, headers, port }.facts(APPLICATION))
}
