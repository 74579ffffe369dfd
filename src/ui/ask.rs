//! The keys that ask something of the engine, or of the operator's own terminal.

use std::time::Duration;

use crate::model::{Alert, Command};
use crate::snapshot::Snapshot;

use super::action::{Action, Effect};
use super::app::{App, WHILE};
use super::options::Names;
use super::quiet::About;
use super::update::select_what_is_explained;
use super::views::{ViewId, alerts_in_order};
use super::{details, marking};

/// The selected alert, or the first.
pub(super) fn selected_alert<'a>(app: &App, snapshot: &'a Snapshot) -> Option<&'a Alert> {
    let id = app.alerts.selected.or_else(|| alerts_in_order(snapshot).first().map(|alert| alert.id))?;
    snapshot.alerts.iter().find(|alert| alert.id == id).map(std::convert::AsRef::as_ref)
}

fn target(app: &mut App, snapshot: &Snapshot) -> Option<About> {
    let target = if app.view == ViewId::Alerts {
        selected_alert(app, snapshot).map(|alert| About::of_subject(&alert.finding.subject))
    } else if app.view == ViewId::Owners {
        app.owners.selected().and_then(|branch| About::of_row(&branch.row))
    } else {
        if app.talkers.line().is_none() {
            select_what_is_explained(app, snapshot);
        }
        app.talkers.selected().and_then(About::of_row)
    };
    if target.is_none() {
        app.say("nothing to mark here: select a row about one host, or unfold this one");
    }
    target
}

/// Does what was asked for, as far as it can be done here; the rest is an effect.
pub(super) fn ask(app: &mut App, action: Action, snapshot: &Snapshot) -> Option<Effect> {
    let command = match action {
        Action::Mark => {
            let target = target(app, snapshot)?;
            marking::open(app, &target);
            return None;
        }
        Action::MarkAgain => {
            let target = target(app, snapshot)?;
            return marking::again(app, &target, snapshot);
        }
        Action::Undo => {
            app.say("taking back the last mark of this run");
            Command::Undo
        }
        Action::Unmark => {
            let id = app.marks.selected.clone()?;
            let mark = snapshot.marks.iter().find(|mark| mark.id == id)?;
            app.say(format!("no longer known-good: {}", mark.scope));
            Command::Unmark(id)
        }
        Action::Acknowledge => {
            let alert = selected_alert(app, snapshot)?;
            app.say(format!("acknowledged: {}", alert.finding.detector));
            Command::Acknowledge(alert.id)
        }
        Action::Snooze => {
            let alert = selected_alert(app, snapshot)?;
            app.say(format!("quiet for an hour: {}", alert.finding.detector));
            Command::Snooze(alert.id, Duration::from_hours(1))
        }
        Action::ResetTotals if app.tick >= app.reset_until => {
            app.reset_until = app.tick + WHILE;
            app.say("R again resets the totals below");
            return None;
        }
        Action::ResetTotals => {
            app.reset_until = 0;
            app.say("totals start from zero");
            Command::ResetTotals
        }
        Action::Names => return names(app),
        _ => return copy(app, snapshot),
    };
    Some(Effect::Send(command))
}

/// Seen on the wire, then with reverse DNS, then off, then back.
fn names(app: &mut App) -> Option<Effect> {
    let (next, text, ask) = match app.options.names {
        Names::Seen => (Names::Resolved, "names: reverse DNS on, which asks your resolver", Some(true)),
        Names::Resolved => (Names::Off, "names off: addresses only", Some(false)),
        Names::Off => (Names::Seen, "names: as seen on the wire, nothing is asked", None),
    };
    app.options.names = next;
    app.say(text);
    ask.map(|on| Effect::Send(Command::ResolveNames(on)))
}

fn copy(app: &mut App, snapshot: &Snapshot) -> Option<Effect> {
    let text = if app.view == ViewId::Alerts {
        let finding = &selected_alert(app, snapshot)?.finding;
        format!("{} {} {}: {}", finding.at, finding.detector, finding.subject.remote, finding.why)
    } else {
        details::plain(app.explained()?, &app.options)
    };
    app.say("copied");
    Some(Effect::Copy(text))
}
