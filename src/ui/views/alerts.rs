//! Alerts: what was found, where it stands, and what it is about.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Alert, AlertState, Endpoint, Severity};
use crate::snapshot::Snapshot;
use crate::ui::app::App;
use crate::ui::details::{Lines, border, paint};
use crate::ui::paint::{cell, put, tint, wrap};
use crate::ui::quiet::{About, Preview};

use super::{View, ViewId};

pub(super) const VIEW: View = View {
    id: ViewId::Alerts,
    title: "Alerts",
    key: "F3",
    draw,
    details,
    page,
    settle,
    step,
    hints: &[
        ("enter", "its flow"),
        ("a", "acknowledge"),
        ("Z", "snooze"),
        ("m", "known-good"),
        ("U", "undo"),
        ("tab", "views"),
    ],
};

/// What asks for something first: by state, then severity, then the latest.
pub(crate) fn in_order(snapshot: &Snapshot) -> Vec<&Arc<Alert>> {
    let rank = |state: AlertState| match state {
        AlertState::New => 0,
        AlertState::Acknowledged => 1,
        AlertState::Snoozed(_) => 2,
        AlertState::Marked => 3,
        AlertState::Closed => 4,
    };
    let mut alerts: Vec<&Arc<Alert>> = snapshot.alerts.iter().collect();
    alerts.sort_by_key(|alert| (rank(alert.state), Reverse(alert.finding.severity), Reverse(alert.last), alert.id));
    alerts
}

fn ids(snapshot: &Snapshot) -> Vec<u64> {
    in_order(snapshot).iter().map(|alert| alert.id).collect()
}

fn page(_: &App, body: Rect) -> usize {
    usize::from(body.height.saturating_sub(1)).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    let page = app.page(snapshot);
    app.alerts.settle(&ids(snapshot), page);
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    let page = app.page(snapshot);
    app.alerts.step(&ids(snapshot), by, page);
}

/// Where each column starts and how wide it is: state, what, where, times, first, last.
fn places(width: u16) -> [(u16, u16); 6] {
    if width < 60 {
        return [(2, 4), (7, 13), (21, width.saturating_sub(21)), (width, 0), (width, 0), (width, 0)];
    }
    let times = if width >= 76 { 20 } else { 0 };
    let right = width.saturating_sub(times + 6);
    let place = 27;
    let last = |at: u16| if times > 0 { (width.saturating_sub(at), 9) } else { (width, 0) };
    [(2, 7), (10, 16), (place, right.saturating_sub(place + 1)), (right, 5), last(20), last(10)]
}

fn draw(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let alerts = in_order(snapshot);
    let heads = ["STATE", "WHAT", "WHERE", "TIMES", "FIRST", "LAST"];
    for (at, ((x, room), head)) in places(area.width).into_iter().zip(heads).enumerate() {
        cell(buf, area, (x, room), 0, at >= 3, head, theme.strong);
    }
    if alerts.is_empty() {
        let text = if snapshot.learning.is_done() {
            "No alerts: nothing that was seen is unusual."
        } else {
            "No alerts yet. What needs a baseline is judged once learning is done."
        };
        for (at, line) in wrap(text, usize::from(area.width.saturating_sub(4))).iter().enumerate() {
            put(buf, area, 2, 2 + at as u16, area.width, line, theme.text);
        }
    }
    for (at, alert) in alerts.iter().skip(app.alerts.top).take(page(app, area)).enumerate() {
        one(app, buf, area, at as u16 + 1, alert);
    }
}

fn one(app: &App, buf: &mut Buffer, area: Rect, line: u16, alert: &Alert) {
    let theme = app.options.look.theme;
    let is_open = matches!(alert.state, AlertState::New | AlertState::Acknowledged);
    let lit = if is_open { theme.of_severity(alert.finding.severity) } else { theme.dim };
    if alert.state == AlertState::New {
        put(buf, area, 0, line, 1, glyph(app, alert.finding.severity), lit);
    }
    let texts = [
        alert.state.id().to_owned(),
        alert.finding.detector.to_owned(),
        place(alert),
        alert.count.to_string(),
        app.clock(alert.first),
        app.clock(alert.last),
    ];
    for (at, (place, text)) in places(area.width).into_iter().zip(texts).enumerate() {
        cell(buf, area, place, line, at >= 3, &text, if at == 1 { lit } else { theme.text });
    }
    if app.alerts.selected == Some(alert.id) {
        tint(buf, area, 0, line, area.width, theme.selected);
    }
}

const fn glyph(app: &App, severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "+",
        Severity::Medium => "!",
        Severity::High => app.options.look.glyphs.pick("‼", "X"),
    }
}

fn place(alert: &Alert) -> String {
    let subject = &alert.finding.subject;
    match &subject.name {
        Some(name) if subject.port == 0 => name.to_string(),
        Some(name) => format!("{name}:{}", subject.port),
        None => Endpoint::new(subject.remote, subject.port).to_string(),
    }
}

fn details(app: &App, buf: &mut Buffer, area: Rect, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let alerts = in_order(snapshot);
    let selected = app.alerts.selected;
    let Some(alert) = alerts.iter().find(|alert| selected.is_none_or(|id| alert.id == id)) else {
        border(app, buf, area, "details");
        return;
    };
    border(app, buf, area, &format!("alert {}: {}", alert.id, alert.finding.detector));
    let finding = &alert.finding;
    let subject = &finding.subject;
    let unit = app.options.unit;
    let mut to = Lines::new(app, area);
    to.push("WHY", &finding.why, theme.of_severity(finding.severity));
    to.plain("SEEN", &unit.value(&finding.observed));
    to.plain("USUAL", &unit.value(&finding.expected));
    to.plain("BASIS", if finding.basis.is_empty() { "-" } else { &finding.basis });
    to.plain("WHERE", &format!("{} > {} {} {}", subject.host, place(alert), subject.protocol, subject.application));
    let (first, last) = (app.clock(alert.first), app.clock(alert.last));
    let (severity, score) = (finding.severity.id(), finding.score);
    to.plain("WHEN", &format!("{} times, {first} to {last}; severity {severity}, score {score}", alert.count));
    let scope = About::of_subject(subject).usual_scope();
    to.plain("DO", &format!("m known-good, such as {scope}: {}", Preview::of(&scope, snapshot).sentence()));
    paint(app, buf, area, &to.done());
}
