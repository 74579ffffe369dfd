//! The dashboard: `Key → Action → update(&mut App, …) → draw(&App, …)`.
//!
//! Drawing reads no clock, takes no lock and does no I/O; everything on screen ages by [`Snapshot::at`].
//! [`KEYMAP`] is the table of keys and [`VIEWS`] the table of views; help and hints come from them.
//!
//! [`Snapshot::at`]: crate::snapshot::Snapshot::at

mod absent;
mod action;
mod app;
mod ask;
mod columns;
mod connections;
mod cursor;
mod details;
mod draw;
mod footer;
mod graph;
mod header;
mod help;
mod keymap;
mod layout;
mod listing;
mod marking;
mod mouse;
mod options;
mod order;
mod overlay;
mod owners;
mod paint;
mod picker;
mod prompt;
mod quiet;
mod run;
mod scale;
mod screen;
mod talkers;
mod terminal;
mod theme;
mod toggles;
mod tty;
mod update;
mod views;
mod words;

pub use action::{Action, Effect};
pub use app::App;
pub use draw::draw;
pub use keymap::{Binding, Group, In, KEYMAP, find, key_name};
pub use mouse::mouse;
pub use options::{Average, Lines, Names, UiOptions};
pub use order::Sort;
pub use run::{Door, run};
pub use theme::{Glyphs, Look, THEMES, Theme};
pub use update::{paste, press};
pub use views::{VIEWS, View, ViewId};
