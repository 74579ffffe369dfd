//! Owners: which programs send, to whom, and by which flows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::{Row, Snapshot, format};
use crate::ui::absent::empty_sentence;
use crate::ui::app::App;
use crate::ui::columns::{self, Column, What};
use crate::ui::details;
use crate::ui::graph::spark;
use crate::ui::layout::listed;
use crate::ui::owners::{self, Branch, OwnersBy};
use crate::ui::paint::{put, put_right, tint, width};
use crate::ui::words::{self, shorten};

use super::{View, ViewId};

pub(super) const VIEW: View = View {
    id: ViewId::Owners,
    title: "Owners",
    key: "F6",
    draw,
    details: details::draw,
    page,
    settle,
    step,
    hints: &[
        ("enter", "unfold"),
        ("v", "by"),
        ("m", "known-good"),
        ("/", "filter"),
        ("z", "why"),
        ("tab", "views"),
        ("K", "known"),
    ],
};

/// Lines of the body: the heads, the tree, and below it how much of all has no owner.
fn parts(body: Rect) -> (Rect, Rect, Rect) {
    listed(body, 4, 3)
}

fn page(_: &App, body: Rect) -> usize {
    usize::from(parts(body).1.height).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    // Nobody looks at the tree: it need not be made.
    if app.view != ViewId::Owners {
        return;
    }
    owners::relist(app, snapshot);
    let page = app.page(snapshot);
    let owners = &mut app.owners;
    if owners.cursor.settle(&owners.nodes, page) && app.toast.is_none() {
        app.say("the selected row is gone; its neighbour is selected");
    }
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    let page = app.page(snapshot);
    app.owners.cursor.step(&app.owners.nodes, by, page);
}

fn draw(app: &App, buf: &mut Buffer, body: Rect, snapshot: &Snapshot) {
    let (head, tree, foot) = parts(body);
    let theme = app.options.look.theme;
    let owners = &app.owners;
    // On a narrow screen who it is matters more than a short word for why.
    let has_details = body.width < 100 || owners.details && body.width < app.size.0;
    let room = columns::Room { width: body.width, has_owners: false, has_details };
    let columns: Vec<Column> =
        columns::fit(room, &app.options).into_iter().filter(|column| column.what != What::Source).collect();
    for column in &columns {
        match column.what {
            What::Destination => {
                let text = format!("OWNER by {}", owners.by.id());
                put(buf, head, column.x, 0, column.width, &text, theme.strong);
            }
            what if what.is_number() => {
                put_right(buf, head, column.x, 0, column.width, &what.head(&app.options), theme.strong);
            }
            what => _ = put(buf, head, column.x, 0, column.width, &what.head(&app.options), theme.strong),
        }
    }
    if owners.all.0 == 0 {
        let text = empty_sentence(app, snapshot);
        for (at, text) in crate::ui::paint::wrap(&text, tree.width.saturating_sub(4).into()).iter().enumerate() {
            put(buf, tree, 2, 2 + at as u16, tree.width, text, theme.text);
        }
    }
    let selected = owners.cursor.line(&owners.nodes);
    let shown = owners.branches.iter().enumerate().skip(owners.cursor.top).take(tree.height.into());
    for (y, (at, branch)) in shown.enumerate() {
        let line = Rect { y: tree.y + y as u16, height: 1, ..tree };
        if selected == Some(at) {
            tint(buf, line, 0, 0, line.width, theme.selected);
            put(buf, line, 0, 0, 1, app.options.look.glyphs.pick("▸", ">"), theme.strong);
        }
        one(app, buf, line, branch, &columns);
    }
    put(buf, foot, 1, 0, foot.width.saturating_sub(1), &unknown(app), theme.dim);
}

fn one(app: &App, buf: &mut Buffer, line: Rect, branch: &Branch, columns: &[Column]) {
    let options = &app.options;
    let theme = options.look.theme;
    let row = &branch.row;
    let lit = theme.of_row(row);
    if row.flows > 0 {
        put(buf, line, 1, 0, 1, options.look.glyphs.verdict(row.verdict), lit);
    }
    for Column { what, x, width } in columns.iter().copied() {
        match what {
            What::Destination => name(app, buf, line, branch, (x, width)),
            What::Spark => {
                put(buf, line, x, 0, width, &spark(&row.spark, width.into(), options.look.glyphs), theme.graph_out);
            }
            What::Score => put_right(buf, line, x, 0, width, &what.text(row, options), lit),
            What::Reason => _ = put(buf, line, x, 0, width, &columns::reason(row, width.into()), lit),
            _ if what.is_number() => put_right(buf, line, x, 0, width, &what.text(row, options), theme.text),
            _ => _ = put(buf, line, x, 0, width, &what.text(row, options), theme.text),
        }
    }
}

/// The name of a line, further in the deeper it lies, and how many flows it is.
fn name(app: &App, buf: &mut Buffer, line: Rect, branch: &Branch, (x, room): (u16, u16)) {
    let glyphs = app.options.look.glyphs;
    let theme = app.options.look.theme;
    let row = &branch.row;
    let sign = match (branch.level, branch.is_open) {
        (2, _) => glyphs.pick("└", "\\"),
        _ if row.flows == 0 => " ",
        (_, true) => "-",
        (_, false) => "+",
    };
    let text = match branch.level {
        0 => owners::title(row, app.owners.by),
        1 => place(app, row),
        _ => {
            let port = row.local.map_or(0, |local| local.port);
            format!(":{port} {} {}", words::remote(row, &app.options), row.state.id())
        }
    };
    let indent = (branch.level * 2) as u16;
    let count = if branch.level < 2 && row.flows > 1 { format!(" x{}", row.flows) } else { String::new() };
    let for_text = usize::from(room.saturating_sub(indent + 2)).saturating_sub(width(&count));
    put(buf, line, x + indent, 0, room.saturating_sub(indent), sign, theme.dim);
    let begin = x + indent + 2;
    let style = if branch.level == 0 && row.score == 0 { theme.strong } else { theme.of_row(row) };
    let end = put(buf, line, begin, 0, (x + room).saturating_sub(begin), &shorten(&text, for_text), style);
    put(buf, line, end, 0, (x + room).saturating_sub(end), &count, theme.dim);
}

/// A destination: its port too where all flows have one.
fn place(app: &App, row: &Row) -> String {
    match (row.remote, row.destination()) {
        (Some(_), _) => words::destination(row, &app.options),
        (None, Some(name)) => name.to_string(),
        (None, None) => row.name.as_ref().map_or_else(|| "several".to_owned(), |name| name.text.to_string()),
    }
}

/// How much of what is shown has no owner.
fn unknown(app: &App) -> String {
    let ((flows, bytes), (all_flows, all_bytes)) = (app.owners.unknown, app.owners.all);
    let share = if all_bytes == 0 { 0.0 } else { bytes as f64 * 100.0 / all_bytes as f64 };
    let note = match app.owners.by {
        OwnersBy::Process => "",
        _ => "; v goes on to other groups",
    };
    format!("unknown owner: {flows} of {all_flows} flows, {} out ({share:.1} %){note}", format::bytes(bytes))
}
