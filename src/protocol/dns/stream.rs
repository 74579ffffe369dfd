//! The messages of one side of a DNS connection over TCP, cut out of its segments (RFC 7766 §8).

/// The most bytes of an unfinished message that are kept; longer ones (zone transfers) are let go.
const MOST: usize = 16 * 1024;

/// One side of a connection. Holds at most one unfinished message.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The sequence number that comes next, once known.
    next: Option<u32>,
    held: Vec<u8>,
    /// Bytes of a message that is too long to keep, still to come.
    skip: usize,
}

impl Stream {
    /// Takes the payload of a segment and gives out each message that is complete with it.
    ///
    /// A gap loses the message it falls into; the segment behind it is taken for a new beginning.
    pub fn feed(&mut self, sequence: u32, payload: &[u8], mut give: impl FnMut(&[u8])) {
        if payload.is_empty() {
            return;
        }
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next).cast_signed();
        let fresh = if ahead > 0 {
            self.held.clear();
            self.skip = 0;
            payload
        } else {
            payload.get(ahead.unsigned_abs() as usize..).unwrap_or_default()
        };
        if fresh.is_empty() {
            return;
        }
        self.next = Some(sequence.wrapping_add(payload.len() as u32));
        let mut bytes = fresh.get(self.skip..).unwrap_or_default();
        self.skip -= self.skip.min(fresh.len());
        if self.held.is_empty() {
            while let Some((message, rest)) = first(bytes) {
                give(message);
                bytes = rest;
            }
            self.hold(bytes);
        } else {
            self.hold(bytes);
            let held = std::mem::take(&mut self.held);
            let mut bytes = &held[..];
            while let Some((message, rest)) = first(bytes) {
                give(message);
                bytes = rest;
            }
            self.hold(bytes);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let Some(length) = self.held.first_chunk() else { return };
        let wanted = 2 + usize::from(u16::from_be_bytes(*length));
        if wanted > MOST && self.held.len() < wanted {
            self.skip = wanted - self.held.len();
            self.held = Vec::new();
        }
    }
}

/// The first message of what there is, and what stands behind it.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pieces: &[(u32, &[u8])]) -> Vec<Vec<u8>> {
        let (mut stream, mut out) = (Stream::default(), Vec::new());
        for &(sequence, payload) in pieces {
            stream.feed(sequence, payload, |message| out.push(message.to_vec()));
        }
        out
    }

    #[test]
    fn cuts_messages_whatever_the_segments() {
        let bytes = b"\x00\x03one\x00\x05three\x00\x01x";
        for size in 1..bytes.len() {
            let pieces: Vec<_> =
                bytes.chunks(size).enumerate().map(|(n, piece)| (7 + (n * size) as u32, piece)).collect();
            assert_eq!(fed(&pieces), [&b"one"[..], b"three", b"x"], "{size}");
        }
    }

    #[test]
    fn survives_doubles_gaps_and_the_end_of_the_numbers() {
        let start = u32::MAX - 1;
        assert_eq!(fed(&[(start, b"\x00\x02ab"), (start, b"\x00\x02ab"), (2, b"\x00\x01c")]), [&b"ab"[..], b"c"]);
        assert_eq!(fed(&[(0, b"\x00\x09lost"), (100, b"\x00\x01c")]), [b"c"]);
    }

    #[test]
    fn a_long_message_is_passed_over_not_kept() {
        let long = [&[0xff, 0xff][..], &vec![7; 0xffff]].concat();
        let mut stream = Stream::default();
        let mut got = Vec::new();
        for (n, piece) in long.chunks(1000).enumerate() {
            stream.feed((n * 1000) as u32, piece, |message| got.push(message.to_vec()));
            assert!(stream.held.len() <= MOST);
        }
        stream.feed(long.len() as u32, b"\x00\x02ok", |message| got.push(message.to_vec()));
        assert_eq!(got, [b"ok"]);
    }
}
