//! What the two file formats have in common: the next record of some bytes, and byte order.

use crate::model::Frame;

/// The longest record believed. Longer ones are damage: no capture program writes them.
pub(super) const LONGEST: usize = 256 << 20;

/// The next record, and how many bytes it takes.
pub(super) enum Parsed<'b> {
    Frame(Frame<'b>, usize),
    /// An interface was described or described anew: its place among [`super::FileCapture`]'s interfaces.
    Interface(usize, usize),
    /// Nothing that concerns the engine.
    Other(usize),
    /// A record that makes no sense in a file that goes on.
    Damaged(usize),
    /// Not whole yet: needs that many bytes, at least.
    More(usize),
    /// Nothing after this can be found.
    Broken,
}

/// The byte order of the machine that wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    pub(super) const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(super) const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(super) const fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// The next `N` words of `bytes`, and the bytes after them.
#[inline]
pub(super) fn words<const N: usize>(order: Order, bytes: &[u8]) -> Option<([u32; N], &[u8])> {
    let mut rest = bytes;
    let mut found = [0; N];
    for word in &mut found {
        let (head, tail) = rest.split_first_chunk()?;
        *word = order.u32(*head);
        rest = tail;
    }
    Some((found, rest))
}
