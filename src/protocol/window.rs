//! The first bytes of a flow, put in order: late, doubled and split segments, within bounds.

/// The most bytes of one side that are ever kept. A ClientHello may take this much, nothing else asks for it.
pub(super) const WINDOW: usize = 16 * 1024;
/// Segments that wait for one before them.
const LATER: usize = 8;

/// What one side has sent and a recogniser still wants to see again.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// TCP: the bytes from the start without a gap. UDP: datagrams, each after its length in two bytes.
    held: Vec<u8>,
    /// TCP: what came early, by its offset from the start.
    later: Vec<(usize, Vec<u8>)>,
    later_bytes: usize,
}

/// What became of a TCP segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// New bytes stand at the end of what there is.
    Grown,
    /// Seen before, or kept until what is missing comes.
    Nothing,
    /// What is missing will not come, or not in time.
    Lost,
}

impl Side {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.held
    }

    /// Bytes kept, early ones included.
    pub(super) fn cost(&self) -> usize {
        self.held.len() + self.later_bytes
    }

    /// Puts a segment `offset` bytes after the start in its place.
    pub(super) fn place(&mut self, offset: usize, payload: &[u8]) -> Placed {
        let have = self.held.len();
        if offset > have {
            return self.keep_for_later(offset, payload);
        }
        let Some(fresh) = payload.get(have - offset..).filter(|fresh| !fresh.is_empty()) else {
            return Placed::Nothing;
        };
        self.append(fresh);
        self.join_later();
        Placed::Grown
    }

    /// Puts a segment that ends where the kept bytes begin before them.
    pub(super) fn prepend(&mut self, payload: &[u8]) {
        self.held.splice(0..0, payload.iter().copied());
        self.held.truncate(WINDOW);
    }

    /// What came early and was never joined.
    pub(super) fn later(&self) -> impl Iterator<Item = &[u8]> {
        self.later.iter().map(|(_, kept)| &kept[..])
    }

    fn append(&mut self, fresh: &[u8]) {
        let room = WINDOW.saturating_sub(self.held.len());
        self.held.extend_from_slice(fresh.get(..room).unwrap_or(fresh));
    }

    fn keep_for_later(&mut self, offset: usize, payload: &[u8]) -> Placed {
        let beyond = offset.saturating_add(payload.len()) > WINDOW;
        if beyond || self.later.len() == LATER || self.later_bytes + payload.len() > WINDOW {
            return Placed::Lost;
        }
        // The first copy of a byte wins, as in most receivers.
        if !self.later.iter().any(|(at, kept)| *at == offset && kept.len() >= payload.len()) {
            self.later_bytes += payload.len();
            self.later.push((offset, payload.to_vec()));
        }
        Placed::Nothing
    }

    fn join_later(&mut self) {
        while let Some(index) = self.later.iter().position(|(at, _)| *at <= self.held.len()) {
            let (at, kept) = self.later.swap_remove(index);
            self.later_bytes -= kept.len();
            if let Some(fresh) = kept.get(self.held.len() - at..) {
                self.append(fresh);
            }
        }
    }

    /// Keeps a datagram behind those before it; one that does not fit is let go.
    pub(super) fn keep_datagram(&mut self, payload: &[u8]) {
        let Ok(length) = u16::try_from(payload.len()) else { return };
        if self.held.len() + 2 + payload.len() <= WINDOW {
            self.held.extend_from_slice(&length.to_be_bytes());
            self.held.extend_from_slice(payload);
        }
    }

    pub(super) fn datagrams(&self) -> Datagrams<'_> {
        Datagrams(&self.held)
    }
}

/// Datagrams that were kept, the oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Datagrams<'a>(&'a [u8]);

impl<'a> Datagrams<'a> {
    /// What a side sent before the last.
    pub(super) fn all_but_last(side: &'a Side) -> Self {
        let last = side.datagrams().last().map_or(0, |datagram| datagram.len() + 2);
        Self(side.held.get(..side.held.len() - last).unwrap_or_default())
    }
}

#[expect(clippy::copy_iterator, reason = "a view of two words that every recogniser reads from its start")]
impl<'a> Iterator for Datagrams<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (datagram, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some(datagram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_segments_in_order_whatever_the_order_they_came_in() {
        let text: Vec<u8> = (0..=255).collect();
        for cuts in [vec![0, 1, 2, 250], vec![0, 100], vec![0]] {
            let mut pieces: Vec<_> = cuts
                .iter()
                .enumerate()
                .map(|(n, &from)| (from, &text[from..cuts.get(n + 1).copied().unwrap_or(text.len())]))
                .collect();
            pieces.rotate_left(1);
            let mut side = Side::default();
            for (offset, piece) in pieces {
                side.place(offset, piece);
            }
            assert_eq!(side.bytes(), text);
        }
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let mut side = Side::default();
        assert_eq!(side.place(0, b"good"), Placed::Grown);
        assert_eq!(side.place(0, b"evil"), Placed::Nothing);
        assert_eq!(side.place(2, b"XX and more"), Placed::Grown);
        assert_eq!(side.bytes(), b"good and more");
    }

    #[test]
    fn is_bounded() {
        let mut side = Side::default();
        assert_eq!(side.place(WINDOW * 2, b"far"), Placed::Lost);
        for n in 0..LATER {
            assert_eq!(side.place(10 + n * 10, b"gap"), Placed::Nothing);
        }
        assert_eq!(side.place(500, b"gap"), Placed::Lost);
        let mut side = Side::default();
        side.place(0, &vec![1; WINDOW * 3]);
        assert_eq!(side.cost(), WINDOW);
    }

    #[test]
    fn gives_datagrams_back_one_by_one() {
        let mut side = Side::default();
        side.keep_datagram(b"one");
        side.keep_datagram(b"");
        side.keep_datagram(b"three");
        let kept: Vec<_> = side.datagrams().collect();
        assert_eq!(kept, [&b"one"[..], b"", b"three"]);
    }
}
