//! The menu behind `m`: what to mark, for how long, and why.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;

use crate::model::{Command, Label, Scope};
use crate::snapshot::Snapshot;

use super::action::Effect;
use super::app::App;
use super::keymap::key_name;
use super::overlay::{Next, Overlay, frame};
use super::paint::{put, tint};
use super::prompt::request;
use super::quiet::{About, Preview};

/// A mark being made.
#[derive(Clone, Debug)]
pub(crate) struct Marking {
    scopes: Vec<Scope>,
    scope: usize,
    lasting: usize,
    reason: Input,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Scope,
    Lasting,
    Reason,
}

/// How long a mark can last.
const LASTING: [(Option<Duration>, &str); 4] = [
    (Some(Duration::from_hours(1)), "1 hour"),
    (Some(Duration::from_hours(24)), "1 day"),
    (Some(Duration::from_hours(30 * 24)), "30 days"),
    (None, "for ever"),
];

/// Opens the menu for a target.
pub(super) fn open(app: &mut App, target: &About) {
    let scopes = target.scopes();
    let scope = scopes.iter().position(|scope| *scope == target.usual_scope()).unwrap_or(0);
    app.overlay = Some(Overlay::Marking(Box::new(Marking {
        scopes,
        scope,
        lasting: 2,
        reason: Input::default(),
        step: Step::Scope,
    })));
}

/// Marks a target with the kind of scope and the time used last.
pub(super) fn again(app: &mut App, target: &About, snapshot: &Snapshot) -> Option<Effect> {
    let Some((kind, lasting)) = app.last_mark else {
        app.say("nothing was marked yet in this run: m");
        return None;
    };
    let scope = target.scopes().into_iter().find(|scope| scope.id() == kind);
    if scope.is_none() {
        app.say(format!("this row has no {kind} to mark: m"));
    }
    scope.map(|scope| make(app, scope, lasting, None, snapshot))
}

fn make(app: &mut App, scope: Scope, lasting: Option<Duration>, reason: Option<Label>, snapshot: &Snapshot) -> Effect {
    let preview = Preview::of(&scope, snapshot).sentence();
    app.say(format!("marked {scope}: {preview} (U undo)"));
    app.last_mark = Some((scope.id(), lasting));
    Effect::Send(Command::Mark { scope, lasting, reason, by: app.options.user.clone() })
}

impl Marking {
    pub(crate) fn press(mut self: Box<Self>, key: KeyEvent, app: &mut App, snapshot: &Snapshot) -> Next {
        let name = key_name(key);
        match (name.as_str(), self.step) {
            ("esc" | "C-c" | "C-g", Step::Scope) | ("q", Step::Scope | Step::Lasting) => return Next::Close(None),
            ("enter", Step::Reason) => return Next::Close(self.done(app, snapshot)),
            ("esc" | "C-c" | "C-g", Step::Lasting) => self.step = Step::Scope,
            ("esc" | "C-c" | "C-g", Step::Reason) | ("enter", Step::Scope) => self.step = Step::Lasting,
            ("enter", Step::Lasting) => self.step = Step::Reason,
            ("down" | "j", Step::Scope) => self.scope = (self.scope + 1).min(self.scopes.len().saturating_sub(1)),
            ("up" | "k", Step::Scope) => self.scope = self.scope.saturating_sub(1),
            ("down" | "j", Step::Lasting) => self.lasting = (self.lasting + 1).min(LASTING.len() - 1),
            ("up" | "k", Step::Lasting) => self.lasting = self.lasting.saturating_sub(1),
            (_, Step::Reason) => {
                if let Some(request) = request(key, self.reason.value().chars().count()) {
                    self.reason.handle(request);
                }
            }
            _ => {}
        }
        Next::Stay(Overlay::Marking(self))
    }

    /// Text that came all at once.
    pub(crate) fn paste(&mut self, text: &str) {
        if self.step == Step::Reason {
            let joined = format!("{}{}", self.reason.value(), Label::new(text.trim_end()));
            self.reason = Input::new(joined.chars().take(Label::MAX_CHARS).collect());
        }
    }

    fn done(&self, app: &mut App, snapshot: &Snapshot) -> Option<Effect> {
        let scope = self.scopes.get(self.scope)?.clone();
        let lasting = LASTING.get(self.lasting).and_then(|(lasting, _)| *lasting);
        let reason = self.reason.value().trim();
        let reason = (!reason.is_empty()).then(|| Label::new(reason));
        Some(make(app, scope, lasting, reason, snapshot))
    }

    pub(crate) fn draw(&self, buf: &mut Buffer, area: Rect, app: &App, snapshot: &Snapshot) {
        let theme = app.options.look.theme;
        let (title, lines) = match self.step {
            Step::Scope => ("Known-good: what?", self.scopes.len()),
            Step::Lasting => ("Known-good: for how long?", LASTING.len()),
            Step::Reason => ("Known-good: why? (may stay empty)", 1),
        };
        let inside = frame(buf, area, 68, lines as u16 + 4, title, app);
        let chosen = match self.step {
            Step::Scope => {
                for (at, scope) in self.scopes.iter().enumerate() {
                    put(buf, inside, 1, at as u16, 9, kind(scope), theme.dim);
                    put(buf, inside, 11, at as u16, inside.width.saturating_sub(11), &scope.to_string(), theme.text);
                }
                Some(self.scope)
            }
            Step::Lasting => {
                for (at, (_, text)) in LASTING.iter().enumerate() {
                    put(buf, inside, 1, at as u16, inside.width, text, theme.text);
                }
                Some(self.lasting)
            }
            Step::Reason => {
                let room = usize::from(inside.width.saturating_sub(3));
                let scroll = self.reason.visual_scroll(room);
                let shown: String = self.reason.value().chars().skip(scroll).collect();
                put(buf, inside, 1, 0, room as u16, &shown, theme.text);
                let at = 1 + self.reason.visual_cursor().saturating_sub(scroll) as u16;
                tint(buf, inside, at, 0, 1, theme.chip);
                None
            }
        };
        if let Some(at) = chosen {
            tint(buf, inside, 0, at as u16, inside.width, theme.selected);
        }
        let Some(scope) = self.scopes.get(self.scope) else { return };
        let foot = inside.height.saturating_sub(3);
        let lasting = LASTING.get(self.lasting).map_or("", |(_, text)| *text);
        let what = if self.step == Step::Scope { scope.to_string() } else { format!("{scope}, {lasting}") };
        put(buf, inside, 1, foot, inside.width.saturating_sub(1), &what, theme.strong);
        let preview = Preview::of(scope, snapshot).sentence();
        put(buf, inside, 1, foot + 1, inside.width.saturating_sub(1), &preview, theme.text);
        put(
            buf,
            inside,
            1,
            foot + 2,
            inside.width.saturating_sub(1),
            "enter go on  esc back  up/down choose",
            theme.dim,
        );
    }
}

const fn kind(scope: &Scope) -> &'static str {
    match scope {
        Scope::Flow { .. } => "flow",
        Scope::Service { .. } => "host:port",
        Scope::Host(_) => "host",
        Scope::Network(_) => "network",
        Scope::Name(_) => "name",
    }
}
