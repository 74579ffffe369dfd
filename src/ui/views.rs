//! The table of views. A new one is a file and an entry.

mod alerts;
mod baseline;
mod connections;
mod interfaces;
mod owners;
pub(super) mod talkers;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::Snapshot;

use super::app::App;

pub(crate) use alerts::in_order as alerts_in_order;

/// Which view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ViewId {
    #[default]
    Talkers,
    Alerts,
    Baseline,
    Interfaces,
    Owners,
    Connections,
}

/// One screenful with its own list.
pub struct View {
    pub id: ViewId,
    pub title: &'static str,
    /// The key that opens it, besides the ones that go round.
    pub key: &'static str,
    pub(crate) draw: fn(&App, &mut Buffer, Rect, &Snapshot),
    /// The pane beside or below the list.
    pub(crate) details: fn(&App, &mut Buffer, Rect, &Snapshot),
    /// Lines of its list within the body.
    pub(crate) page: fn(&App, Rect) -> usize,
    /// Finds its selection again after something changed.
    pub(crate) settle: fn(&mut App, &Snapshot),
    /// Moves its selection by some lines.
    pub(crate) step: fn(&mut App, &Snapshot, isize),
    /// Keys worth showing, the most useful first.
    pub(crate) hints: &'static [(&'static str, &'static str)],
}

/// Every view, in the order of their tabs.
pub static VIEWS: &[View] =
    &[talkers::VIEW, owners::VIEW, connections::VIEW, alerts::VIEW, baseline::VIEW, interfaces::VIEW];

/// The entry of a view.
pub(crate) fn view(id: ViewId) -> &'static View {
    VIEWS.iter().find(|view| view.id == id).unwrap_or(&talkers::VIEW)
}

/// The view after or before another one, going round.
pub(crate) fn neighbour(id: ViewId, by: isize) -> ViewId {
    let at = VIEWS.iter().position(|view| view.id == id).unwrap_or(0);
    let to = (at.cast_signed() + by).rem_euclid(VIEWS.len().cast_signed()).cast_unsigned();
    VIEWS.get(to).map_or(id, |view| view.id)
}

pub(crate) fn no_details(_: &App, _: &mut Buffer, _: Rect, _: &Snapshot) {}
