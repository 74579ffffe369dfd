//! What this machine can say about an end of a flow. Slow answers come from threads of their own.

pub mod hosts;
pub mod names;
