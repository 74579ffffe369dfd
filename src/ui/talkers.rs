//! The state of the Talkers view, and the making of its list.

use std::collections::HashSet;

use crate::filter::FilterError;
use crate::snapshot::{Row, RowId, Snapshot};

use super::app::{App, WHILE};
use super::cursor::Cursor;
use super::listing::{LineId, Listing, Wanted};
use super::options::UiOptions;
use super::order::{Hold, Order, Sort};
use super::screen::Screen;

/// What the Talkers view remembers.
#[derive(Debug, Default)]
pub(crate) struct Talkers {
    pub cursor: Cursor<LineId>,
    pub list: Listing,
    pub screen: Screen,
    pub order: Order,
    pub unfolded: HashSet<RowId>,
    /// The rows that were there when the order was frozen.
    pub frozen: Option<HashSet<RowId>>,
    /// Until when rows keep their places, because the cursor moved.
    pub held_until: u64,
    pub details: bool,
}

impl Talkers {
    /// Puts a filter in force, and the order that it asks for.
    pub(crate) fn set_filter(&mut self, text: &str, options: &mut UiOptions) -> Result<(), FilterError> {
        if let Some(sort) = self.screen.set_filter(text)? {
            (options.sort, options.reverse) = Sort::by(sort.field, sort.descending);
            self.order.forget();
        }
        Ok(())
    }

    pub(crate) fn line(&self) -> Option<usize> {
        self.cursor.line(&self.list.lines)
    }

    /// The selected row, or the flow of an unfolded one.
    pub(crate) fn selected(&self) -> Option<&Row> {
        self.list.row(self.line()?)
    }

    /// The row that the screen explains: the selected one, else the one that is lit most.
    pub(crate) fn explained(&self) -> Option<&Row> {
        match self.line() {
            Some(line) => self.list.row(line),
            None => self.list.first_lit(),
        }
    }
}

/// Makes the list anew, from a snapshot and from everything that was chosen.
pub(super) fn relist(app: &mut App, snapshot: &Snapshot) {
    let is_held = app.talkers.frozen.is_some() || app.tick < app.talkers.held_until;
    let Talkers { list, screen, order, unfolded, frozen, .. } = &mut app.talkers;
    let hold = if is_held { Hold::Places } else { Hold::Free };
    let wanted = Wanted { options: &app.options, screen, unfolded, frozen: frozen.as_ref(), hold };
    *list = Listing::of(snapshot, &wanted, order);
}

/// Keeps the rows where they are for a while: the operator is reading them.
pub(super) fn hold(app: &mut App) {
    app.talkers.held_until = app.tick + WHILE;
}
