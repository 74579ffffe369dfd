//! Google's QUIC before it became the IETF's (Q024 to Q050): its client hello is a list of tags.

use super::super::reader::{Reader, le16, le32};
use crate::model::{Application, Facts, Label};

/// Where in a packet the hello is looked for: behind a header, a hash and a frame header.
const FARTHEST: usize = 96;
const MOST_TAGS: usize = 128;

/// What such a client says, if it says it.
#[derive(Debug, Default)]
pub(super) struct Hello<'a> {
    version: &'a [u8],
    server_name: Option<&'a [u8]>,
    agent: Option<&'a [u8]>,
}

impl Hello<'_> {
    pub(super) fn facts(&self, application: Application) -> Facts {
        let version = self.agent.or((!self.version.is_empty()).then_some(self.version));
        Facts {
            application,
            sni: self.server_name.map(|name| Label::new(&String::from_utf8_lossy(name).to_ascii_lowercase())),
            detail: version.map(Label::from_bytes),
            ..Facts::default()
        }
    }
}

/// A packet of a version that does not encrypt the hello: flags, connection id, `Q0nn`.
pub(super) fn plain(datagram: &[u8]) -> Option<Hello<'_>> {
    let mut reader = Reader::new(datagram);
    let flags = reader.u8()?;
    if flags & 0x80 == 0 {
        // Q043 and before: bit 0 says that a version follows, bit 3 that the connection id is 8 bytes long.
        if flags & 0xc9 != 0x09 {
            return None;
        }
        reader.skip(8)?;
    }
    let version = reader.take(4).filter(|version| is_version(version))?;
    if version == b"Q050" {
        return None;
    }
    Some(Hello { version, ..within(datagram).unwrap_or_default() })
}

fn is_version(version: &[u8]) -> bool {
    matches!(version, [b'Q', b'0', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// The tags of a CHLO message somewhere near the start.
pub(super) fn within(bytes: &[u8]) -> Option<Hello<'_>> {
    let near = bytes.get(..FARTHEST).unwrap_or(bytes);
    let at = near.windows(4).position(|four| four == b"CHLO")?;
    let message = bytes.get(at..)?;
    let count = usize::from(le16(message, 4)?).min(MOST_TAGS);
    let values = message.get(8 + count * 8..)?;
    let mut hello = Hello::default();
    let mut start = 0;
    for index in 0..count {
        let entry = 8 + index * 8;
        let end = le32(message, entry + 4)? as usize;
        let value = values.get(start..end.min(values.len()));
        match message.get(entry..entry + 4)? {
            b"SNI\0" => hello.server_name = value,
            b"UAID" => hello.agent = value,
            _ => {}
        }
        start = end;
    }
    Some(hello)
}

/// What a server answers to a hello it does not like: a list of tags, the first of which are a token and a proof.
pub(super) fn is_answer(datagram: &[u8]) -> bool {
    let near = datagram.get(..FARTHEST).unwrap_or(datagram);
    let Some(at) = near.windows(4).position(|four| matches!(four, b"REJ\0" | b"SHLO")) else { return false };
    let first = datagram.get(at + 8..at + 12);
    let count = le16(datagram, at + 4).is_some_and(|count| (1..=32).contains(&count));
    count && matches!(first, Some(b"STK\0" | b"SNO\0" | b"PROF" | b"SCFG" | b"VER\0" | b"RREJ"))
}
