//! The dashboard on a terminal that is only a buffer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use egret::model::Label;
use egret::snapshot::Snapshot;
use egret::ui::{App, Effect, UiOptions, draw, press};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// An app, the snapshot it looks at, and what keys have asked for so far.
pub struct Stage {
    pub app: App,
    pub snapshot: Snapshot,
    pub effects: Vec<Effect>,
    terminal: Terminal<TestBackend>,
}

/// Options with nothing that depends on the machine.
pub fn options() -> UiOptions {
    UiOptions { zone: Some(jiff::tz::TimeZone::UTC), user: Label::new("anna"), ..UiOptions::default() }
}

impl Stage {
    pub fn new(width: u16, height: u16, snapshot: Snapshot) -> Self {
        Self::with(width, height, options(), snapshot)
    }

    pub fn with(width: u16, height: u16, options: UiOptions, snapshot: Snapshot) -> Self {
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut app = App::new(options);
        app.resize(width, height, &snapshot);
        app.observe(&snapshot);
        Self { app, snapshot, effects: Vec::new(), terminal }
    }

    /// Presses keys, written as the key table writes them and apart by blanks.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.press(event(key));
        }
        self
    }

    pub fn press(&mut self, key: KeyEvent) {
        self.effects.extend(press(&mut self.app, key, &self.snapshot));
    }

    /// The next snapshot comes.
    pub fn observe(&mut self, snapshot: Snapshot) -> &mut Self {
        self.snapshot = snapshot;
        self.app.observe(&self.snapshot);
        self
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.app.resize(width, height, &self.snapshot);
    }

    pub fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size().0, self.size().1)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame, &self.snapshot)).unwrap();
        terminal.backend().buffer().clone()
    }

    fn size(&self) -> (u16, u16) {
        let size = self.terminal.size().unwrap();
        (size.width, size.height)
    }

    /// What is on screen.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        let area = buffer.area;
        let line = |y: u16| -> String { (0..area.width).map(|x| buffer[(x, y)].symbol()).collect() };
        (0..area.height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
    }

    /// The first line on screen that contains `part`.
    pub fn line(&self, part: &str) -> Option<String> {
        self.text().lines().find(|line| line.contains(part)).map(str::to_owned)
    }
}

/// A key by the name that the key table gives it.
pub fn event(name: &str) -> KeyEvent {
    let (modifiers, base) = match name.strip_prefix("C-") {
        Some(base) => (KeyModifiers::CONTROL, base),
        None => (KeyModifiers::NONE, name),
    };
    let code = match base {
        "S-tab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "del" => KeyCode::Delete,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        _ => match (base.strip_prefix('F').and_then(|n| n.parse().ok()), base.chars().next()) {
            (Some(n), _) => KeyCode::F(n),
            (None, Some(c)) => KeyCode::Char(c),
            (None, None) => KeyCode::Null,
        },
    };
    KeyEvent::new(code, modifiers)
}
