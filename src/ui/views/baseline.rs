//! Baseline: how far learning has come, and what the operator said is known-good.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Label, Mark};
use crate::snapshot::{Snapshot, format};
use crate::ui::app::App;
use crate::ui::paint::{put, tint};

use super::{View, ViewId, no_details};

pub(super) const VIEW: View = View {
    id: ViewId::Baseline,
    title: "Baseline",
    key: "F4",
    draw,
    details: no_details,
    page,
    settle,
    step,
    hints: &[("del", "take a mark back"), ("U", "undo the last"), ("tab", "views")],
};

/// Lines above the list of marks.
const ABOVE: u16 = 5;

fn ids(snapshot: &Snapshot) -> Vec<Label> {
    snapshot.marks.iter().map(|mark| mark.id.clone()).collect()
}

fn page(_: &App, body: Rect) -> usize {
    usize::from(body.height.saturating_sub(ABOVE)).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    let page = app.page(snapshot);
    app.marks.settle(&ids(snapshot), page);
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    let page = app.page(snapshot);
    app.marks.step(&ids(snapshot), by, page);
}

fn draw(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let learning = snapshot.learning;
    let (seen, wanted) = (format::duration(learning.observed), format::duration(learning.wanted));
    let text = if snapshot.seq == 0 {
        "Nothing was observed yet.".to_owned()
    } else if learning.is_done() {
        format!("Learned from {seen} of traffic; {} destinations are known.", learning.destinations)
    } else {
        format!("Learning: {seen} of {wanted}; {} destinations so far.", learning.destinations)
    };
    put(buf, area, 2, 0, area.width.saturating_sub(2), &text, theme.text);
    let length = area.width.saturating_sub(4).min(60);
    let done = (learning.share() * f64::from(length)).floor() as usize;
    let (full, rest) = (app.options.look.glyphs.pick("█", "#"), app.options.look.glyphs.pick("░", "."));
    let bar = full.repeat(done) + &rest.repeat(usize::from(length).saturating_sub(done));
    put(buf, area, 2, 1, length, &bar, theme.graph_out);
    put(buf, area, 2, 3, area.width, &format!("Known-good marks: {}", snapshot.marks.len()), theme.strong);
    if snapshot.marks.is_empty() {
        let text = "None. m on a row in Talkers, or on an alert, makes one.";
        put(buf, area, 2, 4, area.width.saturating_sub(2), text, theme.text);
        return;
    }
    for ((x, room), text) in places(area.width).into_iter().zip(["KIND", "SCOPE", "LEFT", "BY", "WHY"]) {
        put(buf, area, x, ABOVE - 1, room, text, theme.strong);
    }
    for (at, mark) in snapshot.marks.iter().skip(app.marks.top).take(page(app, area)).enumerate() {
        one(app, buf, area, ABOVE + at as u16, mark, snapshot);
    }
}

/// Where each column starts and how wide it is: kind, scope, time left, who, why.
fn places(width: u16) -> [(u16, u16); 5] {
    let scope = if width >= 100 { 46 } else { 30 }.min(width.saturating_sub(22));
    let left = 11 + scope + 1;
    let by = if width >= 76 { 10 } else { 0 };
    let why = left + 9 + by + u16::from(by > 0);
    [(2, 8), (11, scope), (left, 8), (left + 9, by), (why, width.saturating_sub(why))]
}

fn one(app: &App, buf: &mut Buffer, area: Rect, line: u16, mark: &Arc<Mark>, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let left = match mark.expires {
        None => "for ever".to_owned(),
        Some(at) if at <= snapshot.at => "expired".to_owned(),
        Some(at) => format::duration(at.since(snapshot.at)),
    };
    let why = mark.reason.as_ref().map_or("", Label::as_str);
    let cells = [mark.scope.id(), &mark.scope.to_string(), &left, mark.by.as_str(), why];
    for ((x, room), text) in places(area.width).into_iter().zip(cells) {
        put(buf, area, x, line, room, text, theme.text);
    }
    if app.marks.selected.as_ref() == Some(&mark.id) {
        tint(buf, area, 0, line, area.width, theme.selected);
    }
}
