//! The help page: the key table, for the view that is open.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::keymap::{Group, KEYMAP, key_name};
use super::overlay::{Next, Overlay, frame};
use super::paint::put;
use super::views::{ViewId, view};

/// Where the help page is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Help {
    top: usize,
}

/// Keys that do the same, and what they do; or a heading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HelpLine {
    Heading(&'static str),
    Keys(String, &'static str),
    Blank,
}

/// Every line of the page of a view.
pub(super) fn lines(of: ViewId) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        let mut keys: Vec<(String, &'static str)> = Vec::new();
        for binding in KEYMAP.iter().filter(|b| b.group == group && b.within.has(of)) {
            match keys.iter_mut().find(|(_, help)| *help == binding.help) {
                Some((names, _)) => {
                    names.push(' ');
                    names.push_str(binding.key);
                }
                None => keys.push((binding.key.to_owned(), binding.help)),
            }
        }
        if keys.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(group.title()));
        lines.extend(keys.into_iter().map(|(names, help)| HelpLine::Keys(names, help)));
    }
    lines
}

const COLUMNS: u16 = 74;

impl Help {
    pub(crate) fn press(mut self, key: KeyEvent, app: &App) -> Next {
        let page = usize::from(app.size.1.saturating_sub(2)).max(1);
        let last = lines(app.view).len().saturating_sub(page);
        self.top = match key_name(key).as_str() {
            "down" | "j" => self.top + 1,
            "up" | "k" => self.top.saturating_sub(1),
            "pgdn" | "space" | "C-f" | "C-d" => self.top + page,
            "pgup" | "C-b" | "C-u" => self.top.saturating_sub(page),
            "home" | "g" => 0,
            "end" | "G" => last,
            _ => return Next::Close(None),
        };
        self.top = self.top.min(last);
        Next::Stay(Overlay::Help(self))
    }

    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, app: &App) {
        let theme = app.options.look.theme;
        let lines = lines(app.view);
        let title =
            format!("{}: keys, iftop's where iftop has them - any key closes, down scrolls", view(app.view).title);
        let inside = frame(buf, area, COLUMNS, lines.len() as u16, &title, app);
        for (at, line) in lines.iter().skip(self.top).take(inside.height.into()).enumerate() {
            let at = at as u16;
            match line {
                HelpLine::Heading(title) => {
                    put(buf, inside, 1, at, inside.width, title, theme.strong);
                }
                HelpLine::Keys(names, help) => {
                    put(buf, inside, 3, at, 12, names, theme.strong);
                    put(buf, inside, 16, at, inside.width.saturating_sub(16), help, theme.text);
                }
                HelpLine::Blank => {}
            }
        }
    }
}
