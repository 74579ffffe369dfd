//! Where everything goes, from the size of the terminal alone and from what has something to say.

use ratatui::layout::Rect;

use crate::snapshot::Snapshot;

use super::app::App;
use super::header::banner;

/// Smallest size that shows a table; below it, only the size that is needed.
pub(super) const LEAST: (u16, u16) = (40, 8);

/// Parts of the screen. A part without room has height 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub top: Rect,
    pub rates: Rect,
    /// What egret cannot do at present.
    pub banner: Rect,
    pub graph: Rect,
    /// Of the graph: lines of what goes out.
    pub graph_out: u16,
    pub body: Rect,
    pub details: Rect,
    /// Line between the table and the totals: what is shown, and how far to trust it.
    pub rule: Rect,
    pub totals: Rect,
    pub hints: Rect,
}

/// From how many columns on the details stand beside the table.
const BESIDE: u16 = 120;

impl Layout {
    pub(super) fn of(app: &App, snapshot: &Snapshot) -> Self {
        let (width, height) = app.size;
        let has_details = app.has_details();
        let below = has_details && width < BESIDE;
        let (graph, graph_out) = match height {
            48.. => (9, 6),
            36..48 => (6, 4),
            20..36 if !below => (3, 2),
            _ => (0, 0),
        };
        let totals = match height {
            20.. if !(has_details && app.zoomed) => 3,
            12.. => 1,
            _ => 0,
        };
        let has_room = u16::from(height >= 10);
        let most = if height >= 20 { 2 } else { has_room };
        let banner = (banner(snapshot, width).len() as u16).min(most);
        let mut y = 0;
        let mut take = |lines: u16| {
            let lines = lines.min(height.saturating_sub(y));
            let part = Rect::new(0, y, width, lines);
            y += lines;
            part
        };
        let (top, rates, banner, graph) = (take(1), take(has_room), take(banner), take(graph));
        let foot = has_room + totals + 1;
        let body = take(height.saturating_sub(top.height + rates.height + banner.height + graph.height + foot));
        let (rule, totals, hints) = (take(has_room), take(totals), take(1));
        let (body, details) = match (has_details, app.zoomed) {
            (false, _) => (body, Rect::default()),
            (true, false) => split(body, below),
            (true, true) => (Rect { height: 0, ..body }, body),
        };
        Self { top, rates, banner, graph, graph_out, body, details, rule, totals, hints }
    }
}

fn split(body: Rect, below: bool) -> (Rect, Rect) {
    if below {
        let lines = (body.height * 2 / 3).min(16);
        let table = Rect { height: body.height - lines, ..body };
        (table, Rect { y: body.y + table.height, height: lines, ..body })
    } else {
        let columns = (body.width * 2 / 5).clamp(52, 80);
        let table = Rect { width: body.width - columns - 1, ..body };
        (table, Rect { x: body.x + table.width + 1, width: columns, ..body })
    }
}

/// The heads, the list and the line below it of a body that is tall enough for them: heads from `head_from` lines on,
/// the line below from `foot_from`.
pub(super) fn listed(body: Rect, head_from: u16, foot_from: u16) -> (Rect, Rect, Rect) {
    let head = u16::from(body.height >= head_from);
    let foot = u16::from(body.height >= foot_from);
    let list = body.height.saturating_sub(head + foot);
    let part = |y: u16, height: u16| Rect { y: body.y + y, height, ..body };
    (part(0, head), part(head, list), part(head + list, foot))
}
