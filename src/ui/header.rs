//! The top of the screen: views, rates, learning, alerts, and what is unwell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::AlertState;
use crate::snapshot::{Snapshot, format};

use super::app::App;
use super::layout::Layout;
use super::paint::{put, put_right, width, wrap};
use super::views::{VIEWS, ViewId, view};

pub(super) fn draw(app: &App, buf: &mut Buffer, layout: &Layout, snapshot: &Snapshot) {
    top(app, buf, layout.top, snapshot, layout.rates.height == 0);
    rates(app, buf, layout.rates, snapshot);
    let lines = banner(snapshot, layout.banner.width);
    for (at, line) in lines.iter().enumerate().take(layout.banner.height.into()) {
        put(buf, layout.banner, 1, at as u16, layout.banner.width - 1, line, app.options.look.theme.warn);
    }
}

/// What egret cannot do at present, in as many lines as it needs: a command that is cut off helps nobody.
pub(super) fn banner(snapshot: &Snapshot, columns: u16) -> Vec<String> {
    let Some(health) = snapshot.health.first() else { return Vec::new() };
    let more = snapshot.health.len() - 1;
    let more = if more == 0 { String::new() } else { format!("  (+{more} more: F5)") };
    let about = if health.about.is_empty() { String::new() } else { format!(" {}", health.about) };
    wrap(&format!("! {}{about}: {}{more}", health.part, health.what), usize::from(columns.saturating_sub(2)))
}

fn top(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot, is_tiny: bool) {
    let theme = app.options.look.theme;
    let mut x = put(buf, area, 0, 0, area.width, " egret ", theme.strong);
    if is_tiny {
        let text = format!("out {} in {} ", now(app, snapshot, true), now(app, snapshot, false));
        x = put(buf, area, x, 0, area.width - x, &text, theme.text);
        alerts(app, buf, area, x, snapshot);
        return;
    }
    let (right, has_tabs) = beside_tabs(app, area.width, snapshot);
    if has_tabs {
        for one in VIEWS {
            let style = if one.id == app.view { theme.chip } else { theme.text };
            x = put(buf, area, x, 0, area.width - x, &format!(" {} ", one.title), style);
        }
    } else {
        x = put(buf, area, x, 0, area.width - x, &format!(" {} ", view(app.view).title), theme.chip);
    }
    put_right(buf, area, x, 0, area.width.saturating_sub(x), &right, theme.text);
}

/// What stands at the right of the first line, and whether there is room for all views before it.
fn beside_tabs(app: &App, columns: u16, snapshot: &Snapshot) -> (String, bool) {
    let clock = if snapshot.seq == 0 { String::new() } else { app.clock(snapshot.at) };
    let right = format!("{}  {clock} ", source(app, snapshot));
    let tabs: usize = VIEWS.iter().map(|view| view.title.len() + 2).sum();
    let fits = |right: &str| usize::from(TABS) + tabs + width(right) <= usize::from(columns);
    // Where it is tight, the views matter more than what is watched.
    let right = if fits(&right) { right } else { format!(" {clock} ") };
    let has_tabs = fits(&right);
    (right, has_tabs)
}

/// Where the views begin, after the name.
const TABS: u16 = 7;

/// The view whose name stands in a column of the first line.
pub(super) fn tab_at(app: &App, columns: u16, x: u16, snapshot: &Snapshot) -> Option<ViewId> {
    let mut begin = TABS;
    let is_in = |view: &&super::views::View| {
        let end = begin + view.title.len() as u16 + 2;
        let is_in = (begin..end).contains(&x);
        begin = end;
        is_in
    };
    let (_, has_tabs) = beside_tabs(app, columns, snapshot);
    if has_tabs { VIEWS.iter().find(is_in).map(|view| view.id) } else { None }
}

/// What is being watched.
pub(super) fn source(app: &App, snapshot: &Snapshot) -> String {
    if let Some(source) = &app.options.source {
        return source.to_string();
    }
    let names: Vec<&str> = snapshot.interfaces.iter().map(|one| one.name.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one, two, three, rest @ ..] if !rest.is_empty() => format!("{one} {two} {three} +{}", rest.len()),
        all => all.join(" "),
    }
}

fn now(app: &App, snapshot: &Snapshot, out: bool) -> String {
    let rates = if out { snapshot.totals.rates_out } else { snapshot.totals.rates_in };
    app.options.unit.rate(rates.s2)
}

fn rates(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    if area.height == 0 {
        return;
    }
    let theme = app.options.look.theme;
    let mut x = put(buf, area, 1, 0, area.width, "out ", theme.text);
    x = put(buf, area, x, 0, area.width, &format!("{}/s", now(app, snapshot, true)), theme.strong);
    x = put(buf, area, x, 0, area.width, "   in ", theme.text);
    x = put(buf, area, x, 0, area.width, &format!("{}/s", now(app, snapshot, false)), theme.strong);
    let right = alerts(app, buf, area, x, snapshot);
    let room = right.saturating_sub(x + 6);
    let text = learning(snapshot, room);
    put(buf, area, x + 3, 0, room, &text, theme.text);
}

fn learning(snapshot: &Snapshot, room: u16) -> String {
    let learning = snapshot.learning;
    if snapshot.seq == 0 || learning.wanted.is_zero() {
        return String::new();
    }
    let (seen, wanted) = (format::duration(learning.observed), format::duration(learning.wanted));
    let known = learning.destinations;
    let texts = if learning.is_done() {
        [format!("baseline {seen}, {known} destinations known"), format!("baseline {seen}")]
    } else {
        let share = (learning.share() * 100.0).floor();
        [format!("learning {share} %: {seen} of {wanted}, {known} destinations"), format!("learning {share} %")]
    };
    texts.into_iter().find(|text| width(text) <= room.into()).unwrap_or_default()
}

/// Open alerts at the right edge; the column where they start.
fn alerts(app: &App, buf: &mut Buffer, area: Rect, from: u16, snapshot: &Snapshot) -> u16 {
    let theme = app.options.look.theme;
    let open = |state: AlertState| matches!(state, AlertState::New | AlertState::Acknowledged);
    let fresh: Vec<_> = snapshot.alerts.iter().filter(|alert| alert.state == AlertState::New).collect();
    let all = snapshot.alerts.iter().filter(|alert| open(alert.state)).count();
    let (text, style) = match (fresh.len(), all) {
        (0, 0) => ("no alerts ".to_owned(), theme.dim),
        (0, 1) => ("1 alert, seen ".to_owned(), theme.text),
        (0, all) => (format!("{all} alerts, seen "), theme.text),
        (new, _) => {
            let worst = fresh.iter().map(|alert| alert.finding.severity).max().unwrap_or(crate::model::Severity::Info);
            let glyph = app.options.look.glyphs.verdict(crate::model::Verdict::Bad);
            let text = format!("{glyph} {new} new alert{} ", if new == 1 { "" } else { "s" });
            let is_short = width(&text) > usize::from(area.width.saturating_sub(from + 1));
            let text = if is_short { format!("{glyph} {new} ") } else { text };
            (text, theme.of_severity(worst.max(crate::model::Severity::Low)))
        }
    };
    let start = area.width.saturating_sub(width(&text) as u16).max(from + 1);
    put(buf, area, start, 0, area.width.saturating_sub(start), &text, style);
    start
}

/// Where the screen is not showing the present: the words that say so.
pub(super) fn modes(app: &App, snapshot: &Snapshot) -> Vec<String> {
    let mut modes = Vec::new();
    if app.paused {
        modes.push("PAUSED".to_owned());
    }
    if app.talkers.frozen.is_some() && app.view == ViewId::Talkers {
        modes.push("FROZEN".to_owned());
    }
    match snapshot.progress {
        _ if snapshot.ended => modes.push("END OF CAPTURE".to_owned()),
        Some(share) => modes.push(format!("READING {:.0} %", share * 100.0)),
        None => {}
    }
    modes
}
