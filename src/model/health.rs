//! Abilities that are lost: state on screen, not errors.

use super::label::Label;

/// Something egret cannot do at present, visible until it heals.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Health {
    /// The part that is unwell: `capture`, `store`, `known-good`, `names`. One entry per (part, about).
    pub part: &'static str,
    /// Which of them, where there are several: an interface, a file.
    pub about: Label,
    /// What is wrong and what to do about it, in a sentence.
    pub what: Label,
}
