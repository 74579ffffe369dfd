//! Talkers: who gets what leaves, the rows that matter most first.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::{Row, Snapshot, format};
use crate::ui::absent::{empty_sentence, notes};
use crate::ui::app::App;
use crate::ui::columns::{self, Column, What};
use crate::ui::details;
use crate::ui::graph::spark;
use crate::ui::options::{Average, Lines};
use crate::ui::owners;
use crate::ui::paint::{clip, put, put_right, tint, width, wrap};
use crate::ui::scale::{Scale, bar_rate};
use crate::ui::words::{self, shorten};

use super::{View, ViewId};

pub(super) const VIEW: View = View {
    id: ViewId::Talkers,
    title: "Talkers",
    key: "F2",
    draw,
    details: details::draw,
    page,
    settle,
    step,
    hints: &[
        ("enter", "why"),
        ("m", "known-good"),
        ("/", "filter"),
        ("v", "group"),
        ("tab", "views"),
        ("o", "freeze"),
        ("x", "exclude"),
        ("t", "direction"),
        ("K", "known"),
        ("n", "names"),
        ("c", "columns"),
    ],
};

/// From so many columns on, one line holds a sentence.
const WIDE: u16 = 120;

/// Lines of the body: the ruler, the heads, the table, and below it why and what is hidden.
struct Parts {
    ruler: Rect,
    head: Rect,
    table: Rect,
    why: Rect,
    note: Rect,
}

fn parts(app: &App, body: Rect) -> Parts {
    let part = |y: u16, lines: u16| Rect { y: body.y + y, height: lines, ..body };
    let ruler = u16::from(app.options.bars && body.height >= 10);
    let head = u16::from(body.height >= 5);
    // As many lines whatever they say, so that the table does not move. A sentence fits one line of a wide screen.
    let why = match body.height {
        _ if app.talkers.details => 0,
        12.. if body.width < WIDE => 2,
        8.. => 1,
        _ => 0,
    };
    let note = u16::from(body.height >= 5 && !notes(app).is_empty());
    let table = body.height.saturating_sub(ruler + head + why + note);
    Parts {
        ruler: part(0, ruler),
        head: part(ruler, head),
        table: part(ruler + head, table),
        note: part(ruler + head + table, note),
        why: part(ruler + head + table + note, why),
    }
}

fn page(app: &App, body: Rect) -> usize {
    (usize::from(parts(app, body).table.height) / app.options.lines.height()).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    let page = app.page(snapshot);
    let talkers = &mut app.talkers;
    let is_lost = talkers.cursor.settle(&talkers.list.lines, page);
    // What a key has just said matters more.
    if is_lost && app.toast.is_none() {
        app.say("the selected row is gone; its neighbour is selected");
    }
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    let page = app.page(snapshot);
    app.talkers.cursor.step(&app.talkers.list.lines, by, page);
}

/// What there is to click on.
pub(in crate::ui) enum At {
    Head(What),
    /// A line of the list, by its number.
    Line(usize),
}

/// What stands at a place on the screen.
pub(in crate::ui) fn at(app: &App, body: Rect, (x, y): (u16, u16), snapshot: &Snapshot) -> Option<At> {
    let parts = parts(app, body);
    if parts.head.contains((x, y).into()) {
        let is_below = |column: &Column| (column.x..=column.x + column.width).contains(&(x - body.x));
        return fitting(app, body, snapshot).into_iter().find(is_below).map(|column| At::Head(column.what));
    }
    let line = app.talkers.cursor.top + usize::from(y.saturating_sub(parts.table.y)) / app.options.lines.height();
    (parts.table.contains((x, y).into()) && app.talkers.list.row(line).is_some()).then_some(At::Line(line))
}

fn fitting(app: &App, body: Rect, snapshot: &Snapshot) -> Vec<Column> {
    let has_details = app.talkers.details && body.width < app.size.0;
    let has_owners = app.talkers.list.has_owners || snapshot.attribution.is_some();
    columns::fit(columns::Room { width: body.width, has_owners, has_details }, &app.options)
}

fn draw(app: &App, buf: &mut Buffer, body: Rect, snapshot: &Snapshot) {
    let parts = parts(app, body);
    let list = &app.talkers.list;
    let scale = Scale::of(list.highest(|row| bar_rate(row, &app.options)), &app.options);
    let columns = fitting(app, body, snapshot);
    ruler(app, buf, parts.ruler, &scale);
    heads(app, buf, parts.head, &columns);
    if list.is_empty() {
        empty(app, buf, parts.table, snapshot);
    }
    let height = app.options.lines.height();
    let first = app.talkers.cursor.top;
    let selected = app.talkers.line();
    for at in 0..page(app, body) {
        let Some(row) = list.row(first + at) else { break };
        let y = (at * height) as u16;
        let lines = parts.table.height.saturating_sub(y).min(height as u16);
        let line = Rect { y: parts.table.y + y, height: lines, ..parts.table };
        let is_selected = selected == Some(first + at);
        bar(app, buf, line, row, &scale, is_selected);
        one(app, buf, line, row, &columns, list.is_flow(first + at));
        if is_selected {
            put(buf, line, 0, 0, 1, app.options.look.glyphs.pick("▸", ">"), app.options.look.theme.strong);
        }
    }
    why(app, buf, parts.why);
    let dim = app.options.look.theme.dim;
    put(buf, parts.note, 1, 0, body.width.saturating_sub(1), &notes(app), dim);
}

fn ruler(app: &App, buf: &mut Buffer, area: Rect, scale: &Scale) {
    if area.height == 0 {
        return;
    }
    let theme = app.options.look.theme;
    let glyphs = app.options.look.glyphs;
    put(buf, area, 0, 0, area.width, &glyphs.pick("─", "-").repeat(area.width.into()), theme.dim);
    let mut free = 0;
    for (share, text) in scale.marks() {
        let x = (share * f64::from(area.width.saturating_sub(1))).round() as u16;
        let at = x.saturating_sub(width(&text) as u16);
        if x == 0 {
            free = put(buf, area, 0, 0, area.width, &format!("{}{text}", glyphs.pick("├", "|")), theme.dim) + 1;
        } else if at >= free {
            put(buf, area, at, 0, area.width, &text, theme.dim);
            put(buf, area, x, 0, 1, glyphs.pick("┤", "|"), theme.dim);
            free = x + 2;
        }
    }
}

fn heads(app: &App, buf: &mut Buffer, area: Rect, columns: &[Column]) {
    let theme = app.options.look.theme;
    for column in columns {
        let head = column.what.head(&app.options);
        if column.what.is_number() {
            put_right(buf, area, column.x, 0, column.width, &head, theme.strong);
        } else {
            put(buf, area, column.x, 0, column.width, &head, theme.strong);
        }
    }
}

fn bar(app: &App, buf: &mut Buffer, line: Rect, row: &Row, scale: &Scale, is_selected: bool) {
    let theme = app.options.look.theme;
    let options = &app.options;
    let lengths = match options.lines {
        Lines::TwoLine => [Some(options.bar_average.of(row.rates_out)), Some(options.bar_average.of(row.rates_in))],
        _ => [Some(bar_rate(row, options)), None],
    };
    for (at, rate) in lengths.into_iter().flatten().enumerate() {
        let at = at as u16;
        if is_selected {
            tint(buf, line, 0, at, line.width, theme.selected);
        }
        if options.bars && rate > 0 {
            let length = (scale.share(rate) * f64::from(line.width)).ceil() as u16;
            tint(buf, line, 0, at, length, if is_selected { theme.selected_bar } else { theme.bar });
        }
    }
}

fn one(app: &App, buf: &mut Buffer, line: Rect, row: &Row, columns: &[Column], is_flow: bool) {
    let options = &app.options;
    let theme = options.look.theme;
    let lit = theme.of_row(row);
    put(buf, line, 1, 0, 1, options.look.glyphs.verdict(row.verdict), lit);
    for column in columns {
        let Column { what, x, width, .. } = *column;
        match what {
            What::Destination => destination(app, buf, line, row, *column, is_flow),
            What::Spark => {
                put(buf, line, x, 0, width, &spark(&row.spark, width.into(), options.look.glyphs), theme.graph_out);
            }
            What::Owner => {
                let text = row
                    .owner
                    .as_ref()
                    .map_or(Cow::Borrowed("-"), |owner| owners::brief(owner, width, options.look.glyphs));
                put(buf, line, x, 0, width, &text, theme.text);
            }
            What::Score => put_right(buf, line, x, 0, width, &what.text(row, options), lit),
            What::Reason => {
                put(buf, line, x, 0, width, &columns::reason(row, width.into()), lit);
            }
            _ if what.is_number() => put_right(buf, line, x, 0, width, &what.text(row, options), theme.text),
            _ => {
                put(buf, line, x, 0, width, &what.text(row, options), theme.text);
            }
        }
    }
    if options.lines == Lines::TwoLine && line.height > 1 {
        second_line(app, buf, line, row, columns);
    }
}

/// The line of what comes back, below the one of what goes out.
fn second_line(app: &App, buf: &mut Buffer, line: Rect, row: &Row, columns: &[Column]) {
    let options = &app.options;
    let theme = options.look.theme;
    for Column { what, x, width } in columns.iter().copied() {
        let text = match what {
            What::Destination => {
                put(buf, line, x, 1, width, &format!("  <= {}", words::source(row, options)), theme.dim);
                continue;
            }
            What::Rate(Average::S2) => columns::rate(row.rates_in.s2, options),
            What::Rate(Average::S10) => columns::rate(row.rates_in.s10, options),
            What::Rate(Average::S40) => columns::rate(row.rates_in.s40, options),
            What::Total => format::bytes(row.received()),
            _ => continue,
        };
        put_right(buf, line, x, 1, width, &text, theme.text);
    }
}

fn destination(app: &App, buf: &mut Buffer, line: Rect, row: &Row, column: Column, is_flow: bool) {
    let options = &app.options;
    let theme = options.look.theme;
    let mut text = words::title(row, options);
    if is_flow {
        let port = row.local.map_or(0, |local| local.port);
        text = format!("{} :{port} {}", options.look.glyphs.pick("└", "\\"), row.state.id());
    }
    let count = if !is_flow && row.flows > 1 { format!(" x{}", row.flows) } else { String::new() };
    let by = words::provenance(row, options);
    let by = if by.is_empty() || is_flow { String::new() } else { format!(" {by}") };
    let room = usize::from(column.width);
    let for_text = room.saturating_sub(width(&count));
    // Who says so is told only where that costs nothing of the name.
    let by = if width(&text) + width(&by) <= for_text { by } else { String::new() };
    // Several addresses can have one name.
    let address = row.remote.filter(|_| !by.is_empty()).map_or_else(String::new, |remote| format!(" {}", remote.ip));
    let address = if width(&text) + width(&by) + width(&address) <= for_text { address } else { String::new() };
    let mut x = put(buf, line, column.x, 0, column.width, &shorten(&text, for_text), theme.of_row(row));
    for extra in [by, address, count] {
        x = put(buf, line, x, 0, (column.x + column.width).saturating_sub(x), &extra, theme.dim);
    }
}

/// One sentence about the row that wants attention most, or is selected; and what to press if it is as it should be.
fn why(app: &App, buf: &mut Buffer, area: Rect) {
    let theme = app.options.look.theme;
    let Some(row) = app.talkers.explained() else { return };
    let (text, style) = match row.reason() {
        None => (details::plain(row, &app.options), theme.text),
        Some(finding) => {
            let who = row.owner.as_ref().filter(|owner| !owner.comm.is_empty());
            let who = who.map_or_else(String::new, |owner| format!("{}: ", owner.comm));
            let glyph = app.options.look.glyphs.verdict(row.verdict);
            (format!("{glyph} {who}{}", finding.why), theme.of_row(row))
        }
    };
    let lines = fitted(&text, usize::from(area.width.saturating_sub(2)), area.height.into());
    let mut end = (1, 0);
    for (at, line) in lines.iter().enumerate() {
        end = (put(buf, area, 1, at as u16, area.width.saturating_sub(1), line, style), at as u16);
    }
    let (x, line) = end;
    if row.score > 0 && row.mark.is_none() && usize::from(x) + width(EXPECTED) + 3 < area.width.into() {
        put(buf, area, x + 2, line, area.width, EXPECTED, theme.text);
    }
}

/// What a row may be lit for that is as it should be: a backup in the first days, a new mirror.
const EXPECTED: &str = "Expected? m marks it known-good.";

/// A text in at most so many lines; what is left over is cut off the last one.
fn fitted(text: &str, room: usize, lines: usize) -> Vec<String> {
    let mut all = wrap(text, room);
    if all.len() > lines && lines > 0 {
        let rest = all.split_off(lines - 1).join(" ");
        all.push(clip(&rest, room).into_owned());
    }
    all.truncate(lines);
    all
}

/// Why there is nothing to see.
fn empty(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let text = empty_sentence(app, snapshot);
    let lines = wrap(&text, usize::from(area.width.saturating_sub(4)));
    for (at, text) in lines.iter().enumerate() {
        put(buf, area, 2, 1 + at as u16, area.width, text, app.options.look.theme.text);
    }
}
