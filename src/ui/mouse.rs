//! The mouse, where the operator has turned it on: the wheel moves, a click selects, opens, sorts or changes the view.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::snapshot::Snapshot;

use super::action::{Action, Effect};
use super::app::App;
use super::layout::Layout;
use super::update::update;
use super::views::ViewId;
use super::views::talkers::{At, at};
use super::{header, picker, talkers};

/// Lines that one notch of the wheel moves.
const NOTCH: usize = 3;

/// Takes what the mouse did. Nothing happens below something that is laid over the screen.
pub fn mouse(app: &mut App, event: MouseEvent, snapshot: &Snapshot) -> Option<Effect> {
    if app.overlay.is_some() {
        return None;
    }
    match event.kind {
        MouseEventKind::ScrollUp => wheel(app, Action::Up, snapshot),
        MouseEventKind::ScrollDown => wheel(app, Action::Down, snapshot),
        MouseEventKind::Down(MouseButton::Left) => click(app, (event.column, event.row), snapshot),
        _ => None,
    }
}

fn wheel(app: &mut App, action: Action, snapshot: &Snapshot) -> Option<Effect> {
    for _ in 0..NOTCH {
        update(app, action, snapshot);
    }
    None
}

fn click(app: &mut App, (x, y): (u16, u16), snapshot: &Snapshot) -> Option<Effect> {
    let layout = Layout::of(app, snapshot);
    if y == layout.top.y {
        let id = header::tab_at(app, layout.top.width, x, snapshot)?;
        return update(app, Action::Show(id), snapshot);
    }
    if app.view != ViewId::Talkers || !layout.body.contains((x, y).into()) {
        return None;
    }
    match at(app, layout.body, (x, y), snapshot)? {
        At::Head(what) => {
            let sort = what.sort()?;
            if app.options.sort == sort {
                return update(app, Action::Reverse, snapshot);
            }
            picker::choose(app, sort, snapshot)
        }
        At::Line(line) if app.talkers.line() == Some(line) => update(app, Action::Enter, snapshot),
        At::Line(line) => {
            let page = app.page(snapshot);
            app.talkers.cursor.go(&app.talkers.list.lines, line, page);
            talkers::hold(app);
            None
        }
    }
}
