//! What a filter asks of a frame, in terms of bytes: the result of lowering, the input of code generation.

use super::syntax::{Math, Size};

/// A question about a frame.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Always(bool),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
    /// True; from here on the network header is this many bytes further, counted in the program's own memory.
    Shift(u32),
}

/// A comparison of two values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) left: Value,
    pub(super) compare: Compare,
    pub(super) right: Value,
}

/// The comparisons that the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Greater,
    GreaterOrEqual,
    /// Any bit in common.
    Bits,
}

impl Compare {
    pub(super) fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Bits => left & right != 0,
        }
    }
}

/// A 32-bit number that the program computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Const(u32),
    /// Length of the frame on the wire.
    Length,
    Load(Place),
    /// A load further on by a computed number of bytes.
    LoadAt(Place, Box<Self>),
    Binary(Math, Box<Self>, Box<Self>),
    Negate(Box<Self>),
}

/// Bytes of a frame, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) size: Size,
    pub(super) base: Base,
    /// Bytes from the base.
    pub(super) at: u32,
}

/// What a place is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The first byte of the frame.
    Frame,
    /// The first byte of the frame, plus what [`Condition::Shift`] has added.
    Shifted,
    /// The end of the IPv4 header (whose length is in its first byte) that begins at this byte.
    AfterIp4(u32),
    /// The same, plus what [`Condition::Shift`] has added.
    AfterIp4Shifted(u32),
}

impl Value {
    pub(super) fn masked(self, mask: u32) -> Self {
        if mask == u32::MAX { self } else { Self::Binary(Math::And, Box::new(self), Box::new(Self::Const(mask))) }
    }

    /// Whether the value is the same wherever in the program it is asked for.
    pub(super) fn is_fixed(&self) -> bool {
        let fixed = |place: &Place| matches!(place.base, Base::Frame | Base::AfterIp4(_));
        match self {
            Self::Const(_) | Self::Length => true,
            Self::Load(place) => fixed(place),
            Self::LoadAt(place, index) => fixed(place) && index.is_fixed(),
            Self::Binary(_, left, right) => left.is_fixed() && right.is_fixed(),
            Self::Negate(inner) => inner.is_fixed(),
        }
    }
}

impl Condition {
    pub(super) fn compare(left: Value, compare: Compare, right: u32) -> Self {
        Self::Test(Test { left, compare, right: Value::Const(right) })
    }

    pub(super) fn equal(left: Value, right: u32) -> Self {
        Self::compare(left, Compare::Equal, right)
    }

    pub(super) fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }
}
