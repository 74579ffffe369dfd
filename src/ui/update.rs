//! What each action does to the state. The only place that changes it because of a key.

use crossterm::event::KeyEvent;

use crate::model::Command;
use crate::snapshot::{Grouping, RowId, Snapshot};

use super::action::{Action, Effect};
use super::app::App;
use super::ask::{ask, selected_alert};
use super::connections;
use super::keymap;
use super::listing::LineId;
use super::order::Sort;
use super::overlay::Overlay;
use super::owners;
use super::picker::{self, Picking};
use super::prompt::{self, Asking};
use super::screen::{By, Pick};
use super::talkers::{hold, relist};
use super::toggles::toggle;
use super::views::{ViewId, neighbour, view};
use super::words;

/// Takes a key.
pub fn press(app: &mut App, key: KeyEvent, snapshot: &Snapshot) -> Option<Effect> {
    if let Some(overlay) = app.overlay.take() {
        let effect = overlay.press(key, app, snapshot);
        app.settle(snapshot);
        return effect;
    }
    let name = keymap::key_name(key);
    match keymap::find(app.view, &name) {
        Some(binding) => update(app, binding.action, snapshot),
        None if name.is_empty() => None,
        None => {
            app.say(format!("{name} does nothing here: h or ? for help"));
            None
        }
    }
}

/// Takes text that came all at once.
pub fn paste(app: &mut App, text: &str, snapshot: &Snapshot) {
    match app.overlay.take() {
        Some(Overlay::Prompt(prompt)) => app.overlay = Some(prompt.paste(text, app, snapshot)),
        Some(Overlay::Marking(mut marking)) => {
            marking.paste(text);
            app.overlay = Some(Overlay::Marking(marking));
        }
        other => app.overlay = other,
    }
    app.settle(snapshot);
}

/// Does what was asked for.
pub(super) fn update(app: &mut App, action: Action, snapshot: &Snapshot) -> Option<Effect> {
    let before = app.view;
    let effect = if app.view == ViewId::Connections && connections::update(app, action) {
        app.settle(snapshot);
        None
    } else {
        act(app, action, snapshot)
    };
    // Sockets are listed only while somebody looks at them.
    let looks = app.view == ViewId::Connections;
    let is_turn = looks != (before == ViewId::Connections);
    effect.or_else(|| is_turn.then_some(Effect::Send(Command::ListConnections(looks))))
}

fn turn_mouse(app: &mut App) -> Effect {
    app.has_mouse = !app.has_mouse;
    app.say(if app.has_mouse { "mouse on: C-t gives it back to select text with" } else { "mouse off" });
    Effect::Mouse(app.has_mouse)
}

fn act(app: &mut App, action: Action, snapshot: &Snapshot) -> Option<Effect> {
    match action {
        Action::Quit => return Some(Effect::Quit { keep: false }),
        Action::QuitKeeping => return Some(Effect::Quit { keep: true }),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Redraw => return Some(Effect::Repaint),
        Action::Mouse => return Some(turn_mouse(app)),
        Action::Help => app.overlay = Some(Overlay::Help(super::help::Help::default())),
        Action::NextView => app.view = neighbour(app.view, 1),
        Action::PreviousView => app.view = neighbour(app.view, -1),
        Action::Show(id) => app.view = id,
        Action::Shell => app.say("no shell here: egret reads hostile bytes with high rights and starts no programs"),
        Action::Pause => {
            app.paused = !app.paused;
            if !app.paused {
                app.say("running again");
            }
        }
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::HalfUp
        | Action::HalfDown
        | Action::Top
        | Action::Bottom => step(app, action, snapshot),
        Action::Enter | Action::Back | Action::Zoom | Action::Expand | Action::Collapse => {
            open_and_close(app, action, snapshot);
        }
        Action::Filter => prompt::open(app, Asking::Filter),
        Action::Pattern => prompt::open(app, Asking::Pattern),
        Action::CaptureFilter => prompt::open(app, Asking::CaptureFilter),
        Action::PickSort => picker::open(app, Picking::Sort),
        Action::PickColumns => picker::open(app, Picking::Columns),
        Action::Mark
        | Action::MarkAgain
        | Action::Undo
        | Action::Unmark
        | Action::Acknowledge
        | Action::Snooze
        | Action::ResetTotals
        | Action::Copy
        | Action::Names => return ask(app, action, snapshot),
        Action::SortBy(_)
        | Action::SortBySource
        | Action::SortByDestination
        | Action::Reverse
        | Action::Group
        | Action::FreezeOrder => order(app, action, snapshot),
        Action::Exclude
        | Action::Only
        | Action::ClearFilters
        | Action::HideKnown
        | Action::EgressOnly
        | Action::SinceNow => sift(app, action, snapshot),
        _ => toggle(app, action, snapshot),
    }
    app.settle(snapshot);
    None
}

fn step(app: &mut App, action: Action, snapshot: &Snapshot) {
    let page = app.page(snapshot).max(1).cast_signed();
    let by = match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::HalfUp => -(page / 2).max(1),
        Action::HalfDown => (page / 2).max(1),
        Action::Top => isize::MIN / 2,
        _ => isize::MAX / 2,
    };
    (view(app.view).step)(app, snapshot, by);
    hold(app);
}

fn open_and_close(app: &mut App, action: Action, snapshot: &Snapshot) {
    match (action, app.view) {
        (Action::Enter, ViewId::Alerts) => jump_to_flow(app, snapshot),
        (Action::Enter, ViewId::Owners) => owners::enter(app),
        (Action::Expand | Action::Collapse, ViewId::Owners) => owners::fold(app, action == Action::Expand),
        (Action::Zoom, ViewId::Owners) if !app.owners.details => app.owners.details = true,
        (Action::Back, ViewId::Owners) if app.owners.details && !app.zoomed => app.owners.details = false,
        (Action::Enter, _) => {
            if app.talkers.line().is_none() && !app.talkers.details {
                select_what_is_explained(app, snapshot);
            }
            app.talkers.details = !app.talkers.details;
        }
        (Action::Back, _) if app.zoomed => app.zoomed = false,
        (Action::Zoom, _) => {
            if app.view == ViewId::Talkers && !app.talkers.details {
                app.zoomed = false;
                open_and_close(app, Action::Enter, snapshot);
            }
            app.zoomed = !app.zoomed;
        }
        (Action::Back, ViewId::Talkers) if app.talkers.details => app.talkers.details = false,
        (Action::Back, ViewId::Talkers) => app.talkers.cursor.clear(),
        (Action::Back, _) => app.view = ViewId::Talkers,
        (Action::Expand, _) => {
            if app.talkers.line().is_none() {
                select_what_is_explained(app, snapshot);
            }
            if let Some(id) = app.talkers.cursor.selected.clone() {
                app.talkers.unfolded.insert(id.row);
            }
            relist(app, snapshot);
        }
        _ => {
            if let Some(id) = app.talkers.cursor.selected.clone() {
                app.talkers.unfolded.remove(&id.row);
                // The flow folded away with it is no longer there to be selected; its row is.
                app.talkers.cursor.selected = Some(LineId { row: id.row, flow: None });
            }
            relist(app, snapshot);
        }
    }
}

/// Selects the row that the screen explains, or the first.
pub(super) fn select_what_is_explained(app: &mut App, snapshot: &Snapshot) {
    let lit = app.talkers.list.first_lit().map(|row| LineId { row: row.id.clone(), flow: None });
    let line = lit.and_then(|id| app.talkers.list.line_of(&id)).unwrap_or(0);
    let page = app.page(snapshot);
    app.talkers.cursor.go(&app.talkers.list.lines, line, page);
}

fn jump_to_flow(app: &mut App, snapshot: &Snapshot) {
    let Some(alert) = selected_alert(app, snapshot) else { return };
    let subject = &alert.finding.subject;
    let of_flow =
        |id: &RowId| subject.flow.is_some_and(|key| *id == RowId::Flow(key) || *id == RowId::Flow(key.reversed()));
    let to_port = |port: u16| subject.port == 0 || port == subject.port;
    let is_it = |row: &&crate::snapshot::Row| match subject.flow {
        Some(_) => of_flow(&row.id),
        None => row.remote.is_some_and(|remote| remote.ip == subject.remote && to_port(remote.port)),
    };
    let Some(row) = snapshot.rows.iter().filter(is_it).max_by_key(|row| (row.score, row.out())) else {
        app.say("its flow is closed and no longer on the table; all that is known stands here");
        return;
    };
    let id = LineId { row: By::of(&app.options).id_of(row), flow: None };
    if app.talkers.list.line_of(&id).is_none() {
        app.talkers.screen.clear();
        app.talkers.frozen = None;
        app.options.hide_known = false;
        app.options.egress_only = false;
        relist(app, snapshot);
        app.say("filters taken away: they hid this flow");
    }
    app.view = ViewId::Talkers;
    app.talkers.details = true;
    if let Some(line) = app.talkers.list.line_of(&id) {
        let page = app.page(snapshot);
        app.talkers.cursor.go(&app.talkers.list.lines, line, page);
    }
    hold(app);
}

fn order(app: &mut App, action: Action, snapshot: &Snapshot) {
    match action {
        Action::SortBy(average) => _ = picker::choose(app, Sort::Average(average), snapshot),
        Action::SortBySource => _ = picker::choose(app, Sort::Source, snapshot),
        Action::SortByDestination => _ = picker::choose(app, Sort::Destination, snapshot),
        Action::Reverse => {
            app.options.reverse = !app.options.reverse;
            app.say(if app.options.reverse { "order reversed" } else { "order as usual" });
        }
        Action::Group if app.view == ViewId::Owners => {
            app.owners.by = app.owners.by.next();
            app.owners.cursor.clear();
            app.say(format!("owners by {}", app.owners.by.id()));
        }
        Action::Group => {
            app.options.grouping = app.options.grouping.next();
            app.talkers.cursor.clear();
            app.talkers.frozen = None;
            app.say(format!("one row for each {}", grouped(app.options.grouping)));
        }
        _ => {
            let frozen = app.talkers.frozen.take();
            if frozen.is_none() {
                app.talkers.frozen = Some(app.talkers.list.row_ids());
            }
            app.say(if frozen.is_none() { "order frozen" } else { "order free again" });
        }
    }
    relist(app, snapshot);
}

const fn grouped(grouping: Grouping) -> &'static str {
    match grouping {
        Grouping::Flow => "pair of ends, as far as they are shown",
        Grouping::Host => "remote host",
        Grouping::Service => "service",
        Grouping::Domain => "domain",
        Grouping::Network => "network",
        Grouping::Owner => "owner",
    }
}

fn sift(app: &mut App, action: Action, snapshot: &Snapshot) {
    match action {
        Action::Exclude | Action::Only => {
            let Some(row) = app.talkers.selected() else {
                app.say("select a row first: j, k or the arrows");
                return;
            };
            let title = words::title(row, &app.options);
            let Some(id) = app.talkers.cursor.selected.clone() else { return };
            let pick = Pick::new(By::of(&app.options), id.row);
            if action == Action::Only {
                app.talkers.screen.only(pick);
                app.say(format!("only {title} (0 shows all)"));
            } else if app.talkers.screen.exclude(pick) {
                app.say(format!("hidden: {title} (0 shows all)"));
            } else {
                app.say("too many rows are hidden one by one: use a filter, /");
            }
        }
        Action::ClearFilters => {
            let was = app.talkers.screen.clear() | app.options.hide_known | app.options.egress_only;
            (app.options.hide_known, app.options.egress_only) = (false, false);
            app.say(if was { "everything is shown" } else { "nothing was hidden" });
        }
        Action::HideKnown => {
            app.options.hide_known = !app.options.hide_known;
            app.say(if app.options.hide_known { "known-good rows hidden" } else { "known-good rows shown" });
        }
        Action::EgressOnly => {
            app.options.egress_only = !app.options.egress_only;
            app.say(if app.options.egress_only { "only what we opened" } else { "flows opened by others too" });
        }
        _ => match app.talkers.screen.since(snapshot.at) {
            Some(at) => app.say(format!("only what came after {}", app.clock(at))),
            None => app.say("what was there before, too"),
        },
    }
    relist(app, snapshot);
}
