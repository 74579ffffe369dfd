//! What is laid over the screen and takes the keys while it is there.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use crate::snapshot::Snapshot;

use super::action::Effect;
use super::app::App;
use super::help::Help;
use super::marking::Marking;
use super::picker::Picker;
use super::prompt::Prompt;
use super::theme::Glyphs;

/// One thing laid over the screen.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    Help(Help),
    Prompt(Prompt),
    Marking(Box<Marking>),
    Picker(Picker),
}

/// What becomes of an overlay after a key.
#[derive(Debug)]
pub(crate) enum Next {
    Stay(Overlay),
    Close(Option<Effect>),
}

impl Overlay {
    /// Gives a key to it. The app has no overlay while this runs.
    pub(crate) fn press(self, key: KeyEvent, app: &mut App, snapshot: &Snapshot) -> Option<Effect> {
        let next = match self {
            Self::Help(help) => help.press(key, app),
            Self::Prompt(prompt) => prompt.press(key, app, snapshot),
            Self::Marking(marking) => marking.press(key, app, snapshot),
            Self::Picker(picker) => picker.press(key, app, snapshot),
        };
        match next {
            Next::Stay(overlay) => {
                app.overlay = Some(overlay);
                None
            }
            Next::Close(effect) => effect,
        }
    }

    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, app: &App, snapshot: &Snapshot) {
        match self {
            Self::Help(help) => help.draw(buf, area, app),
            Self::Prompt(prompt) => prompt.draw(buf, area, app),
            Self::Marking(marking) => marking.draw(buf, area, app, snapshot),
            Self::Picker(picker) => picker.draw(buf, area, app),
        }
    }
}

/// Clears a box in the middle of `area`, as large as asked for and as there is room, and gives its inside.
pub(super) fn frame(buf: &mut Buffer, area: Rect, columns: u16, lines: u16, title: &str, app: &App) -> Rect {
    let (width, height) = ((columns + 2).min(area.width), (lines + 2).min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, buf);
    let theme = app.options.look.theme;
    let kind = if app.options.look.glyphs == Glyphs::Unicode { BorderType::Rounded } else { BorderType::Plain };
    let mut block = Block::bordered().border_type(kind).title(format!(" {title} ")).style(theme.text);
    if app.options.look.glyphs == Glyphs::Ascii {
        block = block.border_set(ASCII);
    }
    let inside = block.inner(place);
    block.render(place, buf);
    inside
}

const ASCII: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
