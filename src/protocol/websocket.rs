//! WebSocket (RFC 6455): HTTP that was upgraded, or text frames of a connection picked up in the middle.

use super::reader::Reader;
use super::{Group, Probe, Recogniser, Segment, Transports};
use crate::model::Application;

pub(super) const APPLICATION: Application = Application::new("websocket");

pub(super) const RECOGNISER: Recogniser = Recogniser {
    application: APPLICATION,
    group: Group::Web,
    over: Transports::Tcp,
    depth: 2048,
    ports: &[80, 8080],
    about: "WebSocket: an upgrade that the server took, text frames (RFC 6455)",
    probe,
};

/// The last frame of a message, of text.
const WHOLE_TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;
/// Less text than this says nothing.
const LEAST: usize = 12;

/// One frame of text that ends where the segment ends. The mask of a client hides text from nobody.
fn probe(segment: &Segment<'_>) -> Probe {
    if !segment.is_midstream {
        return Probe::No;
    }
    Probe::when(frame(segment.payload).is_some_and(|text| text >= LEAST), APPLICATION)
}

/// How much text the frame holds, if it is one.
fn frame(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    reader.u8().filter(|&first| first == WHOLE_TEXT)?;
    let second = reader.u8()?;
    let length = match second & !MASKED {
        126 => usize::from(reader.u16().filter(|&length| length > 125)?),
        127 => return None,
        short => usize::from(short),
    };
    let key: [u8; 4] = if second & MASKED == 0 { [0; 4] } else { reader.array()? };
    let text = reader.rest();
    let is_text = text.iter().zip(key.iter().cycle()).all(|(byte, key)| {
        let byte = byte ^ key;
        byte >= 0x20 || matches!(byte, b'\t' | b'\r' | b'\n')
    });
    let is_utf8 = || {
        let plain: Vec<u8> = text.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        std::str::from_utf8(&plain).is_ok()
    };
    (text.len() == length && is_text && is_utf8()).then_some(length)
}
