//! egret shows what leaves a Linux server and what is wrong with it.
//!
//! ```text
//! wire ─► capture ─► decode ─► protocol ─► flow ─► baseline ─► detect ─┬─► snapshot ─► ui / report
//! file      Frame     Packet     Facts      Flow     usual?     Finding ├─► alert ────► sinks
//! script                                                                └─► store
//!           └────── engine: one thread owns all of this; no locks ─────┘
//! side doors (bounded queues): host answers (owners, names) ─► engine;  ui commands ─► engine
//! ```
//!
//! Every folder is a room with one job; `tests/rooms.rs` says which rooms a room may use. Time comes in
//! with the data: only [`capture::wall`] reads the clock. A feature that a user can name is one entry
//! in one table: [`snapshot::FIELDS`], `detect::DETECTORS`, `protocol::RECOGNISERS`, `ui::KEYMAP`,
//! `capture::BACKENDS`.

pub mod app;
pub mod baseline;
pub mod capture;
pub mod cli;
pub mod decode;
pub mod detect;
pub mod engine;
pub mod error;
pub mod filter;
pub mod flow;
pub mod geo;
pub mod host;
pub mod marks;
pub mod model;
pub mod protocol;
pub mod report;
pub mod snapshot;
pub mod store;
pub mod sys;
pub mod ui;

pub use app::run;
