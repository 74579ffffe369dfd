//! The flow table: oriented, bounded, exact; closes intervals and shows itself as rows.

mod amount;
mod busy;
pub mod close;
pub mod facing;
pub mod fold;
pub mod fragments;
pub mod hash;
pub mod history;
mod home;
pub mod index;
pub mod interval;
pub mod recognise;
pub mod record;
pub mod rows;
mod sockets;
pub mod table;
pub mod tcp;
#[cfg(test)]
mod tests;

pub use interval::{Interval, Pressure, Sample, Unseen};
pub use table::{FlowConfig, FlowTable};
