//! The handshake bytes of CRYPTO frames (RFC 9000 §19.6), put together in whatever order they come.

use super::super::reader::Reader;
use super::packet::variable;

/// The most handshake bytes, and pieces of them, that are kept.
const MOST_BYTES: u64 = 16 * 1024;
const MOST_PIECES: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Crypto {
    pieces: Vec<(usize, Vec<u8>)>,
}

impl Crypto {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Reads the frames of an Initial packet; stops at the first that has no place there (RFC 9000 §17.2.2).
    pub(super) fn read_frames(&mut self, frames: &[u8]) {
        let mut reader = Reader::new(frames);
        while self.read_frame(&mut reader).is_some() {}
    }

    fn read_frame(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match variable(reader)? {
            // PADDING and PING
            0 | 1 => {}
            kind @ (2 | 3) => skip_ack(reader, kind == 3)?,
            // 8 is what Google's T050 uses for it; in an Initial it can mean nothing else.
            6 | 8 => {
                let offset = variable(reader)?;
                let length = usize::try_from(variable(reader)?).ok()?;
                let data = reader.take(length)?;
                if offset.saturating_add(data.len() as u64) <= MOST_BYTES {
                    self.put(offset as usize, data);
                }
            }
            _ => return None,
        }
        Some(())
    }

    pub(super) fn put(&mut self, offset: usize, data: &[u8]) {
        if self.pieces.len() < MOST_PIECES && !data.is_empty() {
            self.pieces.push((offset, data.to_vec()));
        }
    }

    /// The bytes from the first on, as far as there is no gap. Of bytes that came twice the first counts.
    pub(super) fn joined(&mut self) -> Vec<u8> {
        self.pieces.sort_by_key(|(offset, _)| *offset);
        let mut out: Vec<u8> = Vec::new();
        for (offset, data) in &self.pieces {
            let Some(known) = out.len().checked_sub(*offset) else { break };
            out.extend_from_slice(data.get(known..).unwrap_or_default());
        }
        out
    }
}

/// Largest, delay, count and first range; then ranges; then three counts of ECN marks (RFC 9000 §19.3).
fn skip_ack(reader: &mut Reader<'_>, has_marks: bool) -> Option<()> {
    variable(reader)?;
    variable(reader)?;
    let ranges = variable(reader)?;
    variable(reader)?;
    let more = ranges.checked_mul(2)?.checked_add(if has_marks { 3 } else { 0 })?;
    for _ in 0..more {
        variable(reader)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_shuffled_and_overlapping_pieces() {
        let mut crypto = Crypto::default();
        crypto.read_frames(b"\x00\x01\x06\x04\x03efg\x02\x00\x00\x00\x00\x06\x00\x03abc\x06\x02\x03cde");
        assert_eq!(crypto.joined(), b"abcdefg");
    }

    #[test]
    fn offsets_beyond_reason_and_endless_ranges_end() {
        let mut crypto = Crypto::default();
        crypto.read_frames(b"\x06\xff\xff\xff\xff\xff\xff\xff\xff\x01x\x06\x00\x01a\x06\x05\x01z");
        assert_eq!(crypto.joined(), b"a");
        crypto.read_frames(b"\x02\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00");
        crypto.read_frames(b"\x06\x00\xff\xff\xff\xff\xff\xff\xff\xffa");
        assert_eq!(crypto.joined(), b"a");
    }
}
