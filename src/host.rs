//! What this machine can say about an end of a flow. Slow answers come from threads of their own.

pub mod cgroup;
pub mod connections;
pub mod containers;
pub mod hooks;
pub mod hosts;
pub mod names;
pub mod net_tables;
pub mod owners;
pub mod processes;
mod traits;

pub use crate::sys::diag;
