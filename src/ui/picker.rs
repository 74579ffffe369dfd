//! Lists of fields to pick from: what to sort by, and which columns to add.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::snapshot::{FIELDS, Snapshot};

use super::action::Effect;
use super::app::App;
use super::cursor::Cursor;
use super::keymap::key_name;
use super::options::Average;
use super::order::Sort;
use super::overlay::{Next, Overlay, frame};
use super::paint::{put, tint};
use super::talkers::relist;

/// What is being picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picking {
    Sort,
    Columns,
}

/// A list to pick from.
#[derive(Clone, Debug)]
pub(crate) struct Picker {
    picking: Picking,
    cursor: Cursor<usize>,
}

/// Names and descriptions of what can be picked.
fn entries(picking: Picking) -> Vec<(&'static str, &'static str, Sort)> {
    let fields = FIELDS.iter().map(|field| (field.id, field.about, Sort::Field(field.id)));
    match picking {
        Picking::Columns => fields.collect(),
        Picking::Sort => [
            ("attention", "lit rows by score, then the 10 s average, then total", Sort::Attention),
            ("2s", "2 s average of the direction shown", Sort::Average(Average::S2)),
            ("10s", "10 s average of the direction shown", Sort::Average(Average::S10)),
            ("40s", "40 s average of the direction shown", Sort::Average(Average::S40)),
            ("source", "our side", Sort::Source),
            ("destination", "the remote side", Sort::Destination),
        ]
        .into_iter()
        .chain(fields)
        .collect(),
    }
}

/// Opens a list.
pub(super) fn open(app: &mut App, picking: Picking) {
    let mut cursor = Cursor::default();
    let entries = entries(picking);
    let at = entries.iter().position(|(_, _, sort)| picking == Picking::Sort && *sort == app.options.sort);
    cursor.go(&(0..entries.len()).collect::<Vec<_>>(), at.unwrap_or(0), page(app));
    app.overlay = Some(Overlay::Picker(Picker { picking, cursor }));
}

/// Lines of the list on screen, without the frame and the line of help.
fn page(app: &App) -> usize {
    usize::from(app.size.1.saturating_sub(3)).max(1)
}

impl Picker {
    pub(crate) fn press(mut self, key: KeyEvent, app: &mut App, snapshot: &Snapshot) -> Next {
        let entries = entries(self.picking);
        let ids: Vec<usize> = (0..entries.len()).collect();
        let page = page(app);
        let step = page.cast_signed();
        match key_name(key).as_str() {
            "down" | "j" => self.cursor.step(&ids, 1, page),
            "up" | "k" => self.cursor.step(&ids, -1, page),
            "pgdn" => self.cursor.step(&ids, step, page),
            "pgup" => self.cursor.step(&ids, -step, page),
            "home" | "g" => self.cursor.go(&ids, 0, page),
            "end" | "G" => self.cursor.go(&ids, usize::MAX, page),
            "enter" | "space" => {
                let Some((id, _, sort)) = self.cursor.selected.and_then(|at| entries.get(at)) else {
                    return Next::Close(None);
                };
                if self.picking == Picking::Columns {
                    toggle(&mut app.options.columns, id);
                    return Next::Stay(Overlay::Picker(self));
                }
                return Next::Close(choose(app, *sort, snapshot));
            }
            _ => return Next::Close(None),
        }
        Next::Stay(Overlay::Picker(self))
    }

    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, app: &App) {
        let theme = app.options.look.theme;
        let entries = entries(self.picking);
        let (title, help) = match self.picking {
            Picking::Sort => ("Sort by", "enter sort  r reverses afterwards  esc leave"),
            Picking::Columns => ("Columns", "enter add or take away  esc done"),
        };
        let inside = frame(buf, area, 66, entries.len() as u16 + 1, title, app);
        let room = inside.height.saturating_sub(1);
        for (at, (id, about, sort)) in entries.iter().enumerate().skip(self.cursor.top).take(room.into()) {
            let line = (at - self.cursor.top) as u16;
            let is_on = match self.picking {
                Picking::Sort => app.options.sort == *sort,
                Picking::Columns => app.options.columns.contains(id),
            };
            put(buf, inside, 0, line, 2, if is_on { " *" } else { "" }, theme.strong);
            put(buf, inside, 3, line, 12, id, theme.strong);
            put(buf, inside, 16, line, inside.width.saturating_sub(16), about, theme.text);
            if self.cursor.selected == Some(at) {
                tint(buf, inside, 0, line, inside.width, theme.selected);
            }
        }
        put(buf, inside, 1, room, inside.width, help, theme.dim);
    }
}

fn toggle(columns: &mut Vec<&'static str>, id: &'static str) {
    match columns.iter().position(|one| *one == id) {
        Some(at) => {
            columns.remove(at);
        }
        None => columns.push(id),
    }
}

/// Sorts by something new, from scratch.
pub(super) fn choose(app: &mut App, sort: Sort, snapshot: &Snapshot) -> Option<Effect> {
    app.options.sort = sort;
    app.options.reverse = false;
    app.talkers.frozen = None;
    app.talkers.held_until = 0;
    app.talkers.order.forget();
    relist(app, snapshot);
    app.say(format!("sorted by {}", sort.title(app.options.lines)));
    None
}
