//! Colours, and what stands in for them where there are none.
//!
//! Colour says how much a row wants attention and nothing else; every coloured thing also has a glyph or a word.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{Severity, Verdict};
use crate::snapshot::Row;

/// A theme and a set of glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: &'static Theme,
    pub glyphs: Glyphs,
}

impl Default for Look {
    fn default() -> Self {
        Self { theme: &DARK, glyphs: Glyphs::Unicode }
    }
}

impl Look {
    /// What suits a terminal: no colour where `NO_COLOR` is set and not empty, plain characters on a bare console.
    pub fn suited(no_color: Option<&str>, term: Option<&str>) -> Self {
        let theme = if no_color.is_some_and(|value| !value.is_empty()) { &MONO } else { &DARK };
        let plain = matches!(term, Some("linux" | "vt100" | "vt220" | "ansi"));
        Self { theme, glyphs: if plain { Glyphs::Ascii } else { Glyphs::Unicode } }
    }
}

/// Which characters graphs and marks are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    #[default]
    Unicode,
    /// Nothing outside ASCII, for consoles and fonts that have little else.
    Ascii,
}

impl Glyphs {
    /// Eight heights from low to high.
    pub(crate) const fn steps(self) -> [&'static str; 8] {
        match self {
            Self::Unicode => ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            Self::Ascii => ["_", "_", ".", ".", "-", "=", "#", "#"],
        }
    }

    pub(crate) const fn pick<'a>(self, unicode: &'a str, ascii: &'a str) -> &'a str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    pub(crate) const fn verdict(self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Marked => "*",
            Verdict::Usual | Verdict::Learning => " ",
            Verdict::New => "+",
            Verdict::Unusual => "!",
            Verdict::Bad => self.pick("‼", "X"),
        }
    }
}

/// Styles by what they are for.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    pub id: &'static str,
    pub text: Style,
    pub dim: Style,
    /// Headings and keys.
    pub strong: Style,
    /// Wants a look.
    pub warn: Style,
    /// Wants it now.
    pub bad: Style,
    /// Behind the text of a row, as long as its rate.
    pub bar: Style,
    pub selected: Style,
    pub selected_bar: Style,
    pub graph_out: Style,
    pub graph_in: Style,
    /// The tab that is open, and modes that change what is shown.
    pub chip: Style,
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

pub(super) static DARK: Theme = Theme {
    id: "dark",
    text: Style::new(),
    dim: fg(Color::DarkGray),
    strong: Style::new().add_modifier(Modifier::BOLD),
    warn: fg(Color::Yellow).add_modifier(Modifier::BOLD),
    bad: fg(Color::LightRed).add_modifier(Modifier::BOLD),
    bar: Style::new().bg(Color::Indexed(236)),
    selected: Style::new().bg(Color::Indexed(24)).add_modifier(Modifier::BOLD),
    selected_bar: Style::new().bg(Color::Indexed(31)).add_modifier(Modifier::BOLD),
    graph_out: fg(Color::Cyan),
    graph_in: fg(Color::DarkGray),
    chip: Style::new().add_modifier(Modifier::REVERSED),
};

pub(super) static LIGHT: Theme = Theme {
    id: "light",
    text: Style::new(),
    dim: fg(Color::Indexed(243)),
    strong: Style::new().add_modifier(Modifier::BOLD),
    warn: fg(Color::Indexed(130)).add_modifier(Modifier::BOLD),
    bad: fg(Color::Indexed(160)).add_modifier(Modifier::BOLD),
    bar: Style::new().bg(Color::Indexed(253)),
    selected: Style::new().bg(Color::Indexed(153)).add_modifier(Modifier::BOLD),
    selected_bar: Style::new().bg(Color::Indexed(117)).add_modifier(Modifier::BOLD),
    graph_out: fg(Color::Indexed(25)),
    graph_in: fg(Color::Indexed(245)),
    chip: Style::new().add_modifier(Modifier::REVERSED),
};

pub(super) static CONTRAST: Theme = Theme {
    id: "high-contrast",
    text: fg(Color::White).bg(Color::Black),
    dim: fg(Color::Gray).bg(Color::Black),
    strong: fg(Color::White).bg(Color::Black).add_modifier(Modifier::BOLD),
    warn: fg(Color::LightYellow).bg(Color::Black).add_modifier(Modifier::BOLD),
    bad: fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
    bar: Style::new().add_modifier(Modifier::UNDERLINED),
    selected: Style::new().add_modifier(Modifier::REVERSED),
    selected_bar: Style::new().add_modifier(Modifier::REVERSED.union(Modifier::UNDERLINED)),
    graph_out: fg(Color::White).bg(Color::Black),
    graph_in: fg(Color::Gray).bg(Color::Black),
    chip: Style::new().add_modifier(Modifier::REVERSED),
};

/// No colour is named here. crossterm answers `NO_COLOR` by writing an empty SGR in place of a colour, which
/// resets the bold and inverse that were just set; where every colour is the default one, it writes none.
pub(super) static MONO: Theme = Theme {
    id: "mono",
    text: Style::new(),
    dim: Style::new(),
    strong: Style::new().add_modifier(Modifier::BOLD),
    warn: Style::new().add_modifier(Modifier::BOLD),
    bad: Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
    bar: Style::new().add_modifier(Modifier::UNDERLINED),
    selected: Style::new().add_modifier(Modifier::REVERSED),
    selected_bar: Style::new().add_modifier(Modifier::REVERSED.union(Modifier::UNDERLINED)),
    graph_out: Style::new(),
    graph_in: Style::new(),
    chip: Style::new().add_modifier(Modifier::REVERSED),
};

/// Every theme, in the order that `C` goes through them.
pub static THEMES: &[&Theme] = &[&DARK, &LIGHT, &CONTRAST, &MONO];

impl Theme {
    /// The theme of that id.
    pub fn named(id: &str) -> Option<&'static Self> {
        THEMES.iter().copied().find(|theme| theme.id == id)
    }

    pub(crate) fn next(&self) -> &'static Self {
        let at = THEMES.iter().position(|theme| theme.id == self.id).unwrap_or_default();
        THEMES.iter().copied().cycle().nth(at + 1).unwrap_or(&DARK)
    }

    /// The style of what belongs to a row's score; plain where it is not lit.
    pub(crate) fn of_row(&self, row: &Row) -> Style {
        match (row.score, row.verdict) {
            (0, _) | (_, Verdict::Marked) => self.text,
            (70.., _) | (_, Verdict::Bad) => self.bad,
            _ => self.warn,
        }
    }

    pub(crate) const fn of_severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Info => self.text,
            Severity::Low | Severity::Medium => self.warn,
            Severity::High => self.bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mono_names_no_colour() {
        let Theme { id: _, text, dim, strong, warn, bad, bar, selected, selected_bar, graph_out, graph_in, chip } =
            &MONO;
        for style in [text, dim, strong, warn, bad, bar, selected, selected_bar, graph_out, graph_in, chip] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn themes_go_round() {
        let mut theme = &DARK;
        for _ in THEMES {
            theme = theme.next();
        }
        assert_eq!(theme.id, "dark");
        assert_eq!(Theme::named("light").map(|t| t.id), Some("light"));
    }

    #[test]
    fn no_color_counts_only_where_it_is_not_empty() {
        assert_eq!(Look::suited(Some("1"), None).theme.id, "mono");
        assert_eq!(Look::suited(Some(""), None).theme.id, "dark");
        assert_eq!(Look::suited(None, Some("linux")).glyphs, Glyphs::Ascii);
        assert_eq!(Look::suited(None, Some("xterm-256color")).glyphs, Glyphs::Unicode);
    }
}
