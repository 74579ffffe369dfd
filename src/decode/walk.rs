//! A position in a frame: what was captured from here on, and what was on the wire from here on.

/// Moves forward only. Never holds more captured bytes than the wire had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    rest: &'a [u8],
    wire: u32,
}

impl<'a> Walk<'a> {
    /// At the start of a frame. A wire length below the captured one is a writer's mistake: the bytes are there.
    #[inline]
    pub(super) fn new(data: &'a [u8], wire_len: u32) -> Self {
        Self { rest: data, wire: wire_len.max(data.len() as u32) }
    }

    /// The kernel took a VLAN tag off the bytes but left it in the length.
    pub(super) fn forget_stripped_tag(&mut self) {
        self.wire = self.wire.saturating_sub(4).max(self.rest.len() as u32);
    }

    /// The bytes captured from here on.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes the wire had from here on.
    #[inline]
    pub(super) const fn wire(&self) -> u32 {
        self.wire
    }

    /// The next `N` bytes, without moving.
    #[inline]
    pub(super) fn peek<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.rest.first_chunk()
    }

    /// The next `N` bytes, moving past them.
    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (chunk, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        self.wire = self.wire.saturating_sub(N as u32);
        Some(chunk)
    }

    /// Moves past `count` bytes, captured or not.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.rest = self.rest.get(count as usize..).unwrap_or(&[]);
        self.wire = self.wire.saturating_sub(count);
    }

    /// What follows `length` bytes is padding of an outer layer, not ours.
    #[inline]
    pub(super) fn limit(&mut self, length: u32) {
        self.wire = self.wire.min(length);
        self.rest = self.rest.get(..self.wire as usize).unwrap_or(self.rest);
    }
}
