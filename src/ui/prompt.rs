//! A line to type in, edited as in iftop, with what was typed before and what is wrong with it now.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::{Input, InputRequest};

use crate::filter::FilterError;
use crate::model::{Command, Label};
use crate::snapshot::Snapshot;

use super::action::Effect;
use super::app::App;
use super::keymap::key_name;
use super::overlay::{Next, Overlay};
use super::paint::{put, tint};
use super::talkers::relist;

/// What is being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    Filter,
    Pattern,
    /// A filter of the list of sockets.
    Sockets,
    CaptureFilter,
}

impl Asking {
    const fn label(self) -> &'static str {
        match self {
            Self::Filter | Self::Sockets => "/",
            Self::Pattern => "regex> ",
            Self::CaptureFilter => "capture filter> ",
        }
    }
}

/// A line being typed.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub asking: Asking,
    input: Input,
    /// What was in force before; comes back on Esc.
    before: String,
    fault: Option<FilterError>,
    /// How far back in the history; 0 is the line being typed.
    back: usize,
    draft: String,
}

/// The most characters of a line.
const LONGEST: usize = 1_000;
/// The most lines kept of each kind.
const KEPT: usize = 50;

/// Lines typed before, the latest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    lines: Vec<(Asking, String)>,
}

impl History {
    fn push(&mut self, asking: Asking, line: &str) {
        if line.is_empty() {
            return;
        }
        self.lines.retain(|(of, old)| *of != asking || old != line);
        self.lines.push((asking, line.to_owned()));
        if self.lines.len() > KEPT {
            self.lines.remove(0);
        }
    }

    fn back(&self, asking: Asking, steps: usize) -> Option<&str> {
        self.lines
            .iter()
            .rev()
            .filter(|(of, _)| *of == asking)
            .nth(steps.checked_sub(1)?)
            .map(|(_, line)| line.as_str())
    }
}

/// Opens a line with what is in force in it.
pub(super) fn open(app: &mut App, asking: Asking) {
    let before = match asking {
        Asking::Filter => app.talkers.screen.filter().to_owned(),
        Asking::Pattern => app.talkers.screen.pattern().to_owned(),
        Asking::Sockets => app.connections.filter().to_owned(),
        Asking::CaptureFilter => app.capture_filter.clone(),
    };
    let input = Input::new(before.clone());
    app.overlay = Some(Overlay::Prompt(Prompt { asking, input, before, fault: None, back: 0, draft: String::new() }));
}

impl Prompt {
    pub(crate) fn press(mut self, key: KeyEvent, app: &mut App, snapshot: &Snapshot) -> Next {
        match key_name(key).as_str() {
            "enter" => return self.accept(app, snapshot),
            "esc" | "C-g" | "C-c" => {
                let before = self.before.clone();
                self.apply(&before, app, snapshot);
                return Next::Close(None);
            }
            "up" => self.recall(1, app),
            "down" => self.recall(-1, app),
            _ => {
                if let Some(request) = request(key, self.input.value().chars().count()) {
                    self.input.handle(request);
                }
            }
        }
        self.judge(app, snapshot);
        Next::Stay(Overlay::Prompt(self))
    }

    /// Text that came all at once.
    pub(crate) fn paste(mut self, text: &str, app: &mut App, snapshot: &Snapshot) -> Overlay {
        let room = LONGEST.saturating_sub(self.input.value().chars().count());
        // A label has nothing in it that a terminal would obey.
        for c in Label::new(text.trim_end()).as_str().chars().take(room) {
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.judge(app, snapshot);
        Overlay::Prompt(self)
    }

    fn recall(&mut self, by: isize, app: &App) {
        let to = self.back.saturating_add_signed(by);
        if self.back == 0 {
            self.input.value().clone_into(&mut self.draft);
        }
        let line = if to == 0 { Some(self.draft.as_str()) } else { app.history.back(self.asking, to) };
        if let Some(line) = line {
            self.input = Input::new(line.to_owned());
            self.back = to;
        }
    }

    /// Puts what is typed in force as far as it makes sense; what does not leaves the last that did.
    fn judge(&mut self, app: &mut App, snapshot: &Snapshot) {
        let text = self.input.value().to_owned();
        if self.asking != Asking::CaptureFilter {
            self.apply(&text, app, snapshot);
        }
    }

    fn apply(&mut self, text: &str, app: &mut App, snapshot: &Snapshot) {
        let result = match self.asking {
            Asking::Filter => app.talkers.set_filter(text, &mut app.options),
            Asking::Pattern => app.talkers.screen.set_pattern(text),
            Asking::Sockets => app.connections.set_filter(text),
            Asking::CaptureFilter => return,
        };
        self.fault = result.err();
        if self.fault.is_none() {
            relist(app, snapshot);
        }
    }

    fn accept(mut self, app: &mut App, snapshot: &Snapshot) -> Next {
        let text = self.input.value().trim().to_owned();
        self.apply(&text, app, snapshot);
        if self.fault.is_some() {
            return Next::Stay(Overlay::Prompt(self));
        }
        app.history.push(self.asking, &text);
        if self.asking != Asking::CaptureFilter {
            return Next::Close(None);
        }
        app.say(if text.is_empty() { "no capture filter".to_owned() } else { format!("capture filter: {text}") });
        app.capture_filter.clone_from(&text);
        Next::Close(Some(Effect::Send(Command::CaptureFilter(text))))
    }

    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, app: &App) {
        let theme = app.options.look.theme;
        let line = area.height.saturating_sub(1);
        tint(buf, area, 0, line, area.width, theme.text);
        put(buf, area, 0, line, area.width, &" ".repeat(area.width.into()), theme.text);
        let start = put(buf, area, 0, line, area.width, self.asking.label(), theme.strong);
        let room = usize::from(area.width.saturating_sub(start + 1));
        let scroll = self.input.visual_scroll(room);
        let shown: String = self.input.value().chars().skip(scroll).collect();
        put(buf, area, start, line, room as u16, &shown, theme.text);
        let at = start + self.input.visual_cursor().saturating_sub(scroll) as u16;
        tint(buf, area, at, line, 1, theme.chip);
        if line == 0 {
            return;
        }
        let above = line - 1;
        put(buf, area, 0, above, area.width, &" ".repeat(area.width.into()), theme.text);
        match &self.fault {
            Some(fault) => {
                let caret =
                    (usize::from(start) + fault.at.saturating_sub(scroll)).min(usize::from(area.width) / 2) as u16;
                put(buf, area, caret, above, area.width - caret, &format!("v {}", fault.message), theme.warn);
            }
            None => {
                put(buf, area, 0, above, area.width, &self.help(app), theme.dim);
            }
        }
    }

    fn help(&self, app: &App) -> String {
        let list = &app.talkers.list;
        match self.asking {
            Asking::Filter | Asking::Pattern => {
                let (shown, hidden) = (counted(list.shown.count, "row"), counted(list.filtered.count, "flow"));
                format!(" {shown} shown, {hidden} hidden   enter keep  esc undo  up earlier ones")
            }
            Asking::Sockets => {
                let (shown, hidden) = (app.connections.lines.len(), app.connections.filtered);
                format!(
                    " {} shown, {hidden} hidden   enter keep  esc undo  up earlier ones",
                    counted(shown as u64, "line")
                )
            }
            Asking::CaptureFilter => " tcpdump syntax; empty takes it away   enter set  esc leave".to_owned(),
        }
    }
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// What a key does to a line, as in iftop's own line editor.
pub(super) fn request(key: KeyEvent, length: usize) -> Option<InputRequest> {
    Some(match (key_name(key).as_str(), key.code) {
        ("left", _) => InputRequest::GoToPrevChar,
        ("right", _) => InputRequest::GoToNextChar,
        ("home" | "C-a", _) => InputRequest::GoToStart,
        ("end" | "C-e", _) => InputRequest::GoToEnd,
        ("backspace" | "C-h", _) => InputRequest::DeletePrevChar,
        ("del" | "C-d", _) => InputRequest::DeleteNextChar,
        ("C-w", _) => InputRequest::DeletePrevWord,
        ("C-u", _) => InputRequest::DeleteLine,
        (_, KeyCode::Char(c))
            if length < LONGEST
                && !c.is_control()
                && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
        {
            InputRequest::InsertChar(c)
        }
        _ => return None,
    })
}
