//! The bottom of the screen: what is shown, how far to trust it, totals, and keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::{Rates, Snapshot, format};

use super::app::App;
use super::header::modes;
use super::layout::Layout;
use super::paint::{put, put_right, tint, width};
use super::views::{ViewId, view};

pub(super) fn draw(app: &App, buf: &mut Buffer, layout: &Layout, snapshot: &Snapshot) {
    rule(app, buf, layout.rule, snapshot);
    totals(app, buf, layout.totals, snapshot);
    hints(app, buf, layout.hints);
}

fn rule(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    if area.height == 0 {
        return;
    }
    let theme = app.options.look.theme;
    let dash = app.options.look.glyphs.pick("─", "-");
    put(buf, area, 0, 0, area.width, &dash.repeat(area.width.into()), theme.dim);
    let trust = trust(app, snapshot, area.width);
    let room = area.width.saturating_sub(width(&trust) as u16 + 2);
    put(buf, area, room, 0, area.width, &format!(" {trust} "), theme.text);
    let mut x = 1;
    for mode in modes(app, snapshot) {
        x = put(buf, area, x, 0, room.saturating_sub(x), &format!(" {mode} "), theme.chip) + 1;
    }
    for chip in chips(app) {
        if x + 3 < room {
            x = put(buf, area, x, 0, room.saturating_sub(x + 1), &format!(" {chip} "), theme.text) + 1;
        }
    }
}

fn chips(app: &App) -> Vec<String> {
    if !matches!(app.view, ViewId::Talkers | ViewId::Owners) {
        return Vec::new();
    }
    let options = &app.options;
    let mut chips = app.talkers.screen.chips();
    if options.egress_only {
        chips.push("egress only".to_owned());
    }
    if !app.capture_filter.is_empty() {
        chips.push(format!("f {}", app.capture_filter));
    }
    if !app.options.columns.is_empty() && chips.is_empty() {
        chips.push(format!("+{} columns", app.options.columns.len()));
    }
    let owners = app.owners.branches.iter().filter(|branch| branch.level == 0).count() as u64;
    let count = if app.view == ViewId::Owners { owners } else { app.talkers.list.shown.count };
    let rows = if count == 1 { "row" } else { "rows" };
    let reverse = if options.reverse { ", reversed" } else { "" };
    chips.push(format!("{count} {rows} by {}{reverse}", options.sort.title(options.lines)));
    chips
}

/// How far the numbers can be trusted; `--` for what was not measured, which is not the same as zero.
fn trust(app: &App, snapshot: &Snapshot, room: u16) -> String {
    let dot = app.options.look.glyphs.pick("·", "|");
    let seen = snapshot
        .agreement
        .iter()
        .filter_map(crate::snapshot::Agreement::share_out)
        .reduce(|a, b| if (a - 1.0).abs() > (b - 1.0).abs() { a } else { b })
        .map_or_else(|| "--".to_owned(), |share| format!("{:.2} %", share * 100.0));
    let drops = snapshot.losses.dropped();
    let owners = owners(snapshot).map_or_else(|| "--".to_owned(), |share| format!("{:.0} %", share * 100.0));
    match room {
        78.. => format!("seen {seen} {dot} drops {drops} {dot} owners {owners}"),
        48.. => format!("seen {seen} {dot} drops {drops}"),
        _ => format!("drops {drops}"),
    }
}

/// Share of outgoing bytes whose sender is known; `None` where nobody looks for senders.
fn owners(snapshot: &Snapshot) -> Option<f64> {
    let sum = |known: bool| -> u64 {
        snapshot.rows.iter().filter(|row| !known || row.owner.is_some()).map(crate::snapshot::Row::out).sum()
    };
    if let Some(attribution) = &snapshot.attribution {
        return attribution.share();
    }
    let (known, all) = (sum(true), sum(false));
    (known > 0 && all > 0).then(|| known as f64 / all as f64)
}

fn totals(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let totals = snapshot.totals;
    let both = totals.rates_out.plus(totals.rates_in);
    let lines = [
        ("TX", totals.bytes_out, totals.peak_out, totals.rates_out),
        ("RX", totals.bytes_in, totals.peak_in, totals.rates_in),
        ("TOTAL", totals.bytes_out.saturating_add(totals.bytes_in), totals.peak, both),
    ];
    for (line, (name, sum, peak, rates)) in lines.into_iter().enumerate().take(area.height.into()) {
        total(app, buf, area, line as u16, name, (sum, peak, rates));
    }
}

fn total(app: &App, buf: &mut Buffer, area: Rect, line: u16, name: &str, of: (u64, u64, Rates)) {
    let theme = app.options.look.theme;
    let unit = app.options.unit;
    let (sum, peak, rates) = of;
    put(buf, area, 1, line, 6, name, theme.strong);
    let is_narrow = area.width < 64;
    let cells: &[(&str, String)] = &[
        ("cum", format::bytes(sum)),
        ("peak", unit.rate(peak)),
        ("rates 2s", unit.rate(rates.s2)),
        ("10s", unit.rate(rates.s10)),
        ("40s", unit.rate(rates.s40)),
    ];
    let mut x = 7;
    for (head, text) in cells.iter().take(if is_narrow { 2 } else { cells.len() }) {
        x = put(buf, area, x, line, area.width.saturating_sub(x), head, theme.dim) + 1;
        put_right(buf, area, x, line, 6, text, theme.text);
        x += 6 + 2;
    }
}

/// What no width takes away.
const ALWAYS: &str = "h help  q quit ";

fn hints(app: &App, buf: &mut Buffer, area: Rect) {
    let theme = app.options.look.theme;
    let start = area.width.saturating_sub(ALWAYS.len() as u16);
    put(buf, area, start, 0, area.width, ALWAYS, theme.text);
    for at in [0, 8] {
        tint(buf, area, start + at, 0, 1, theme.strong);
    }
    if let Some(toast) = &app.toast {
        put(buf, area, 1, 0, start.saturating_sub(2), &toast.text, theme.strong);
        return;
    }
    let mut x = 1;
    for (key, what) in view(app.view).hints {
        let needs = (key.len() + what.len() + 3) as u16;
        if x + needs > start {
            break;
        }
        x = put(buf, area, x, 0, needs, key, theme.strong) + 1;
        x = put(buf, area, x, 0, needs, what, theme.dim) + 2;
    }
}
