//! The flow table: oriented, bounded, exact; closes intervals.

pub mod interval;

pub use interval::{Interval, Pressure, Sample};
