//! The table of keys: what each does where, and its line of help. iftop's keys keep iftop's meaning.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use super::options::Average;
use super::views::ViewId;

/// One key in one or more views.
pub struct Binding {
    /// As [`key_name`] writes it.
    pub key: &'static str,
    pub within: In,
    pub action: Action,
    /// At most 60 characters.
    pub help: &'static str,
    pub group: Group,
}

/// The views a key works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct In(u8);

impl In {
    pub const TALKERS: Self = Self::only(ViewId::Talkers);
    pub const ALERTS: Self = Self::only(ViewId::Alerts);
    pub const BASELINE: Self = Self::only(ViewId::Baseline);
    pub const OWNERS: Self = Self::only(ViewId::Owners);
    /// Flows, added up in one way or another.
    pub const FLOWS: Self = Self(Self::TALKERS.0 | Self::OWNERS.0);
    pub const CONNECTIONS: Self = Self::only(ViewId::Connections);
    /// Lists that can be ordered and filtered.
    pub const LISTS: Self = Self(Self::FLOWS.0 | Self::CONNECTIONS.0);
    /// Lists whose lines have details that can take the whole screen.
    pub const PANES: Self = Self(Self::ROWS.0 | Self::CONNECTIONS.0);
    pub const ROWS: Self = Self(Self::FLOWS.0 | Self::ALERTS.0);
    pub const ANY: Self = Self(u8::MAX);

    const fn only(view: ViewId) -> Self {
        Self(1 << view as u8)
    }

    pub const fn has(self, view: ViewId) -> bool {
        self.0 & (1 << view as u8) != 0
    }

    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A heading of the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    General,
    Move,
    Order,
    Filter,
    Judge,
    Display,
}

impl Group {
    pub const ALL: [Self; 6] = [Self::General, Self::Move, Self::Order, Self::Filter, Self::Judge, Self::Display];

    pub const fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Move => "Moving",
            Self::Order => "Order",
            Self::Filter => "What is shown",
            Self::Judge => "Judging",
            Self::Display => "Display",
        }
    }
}

const fn bind(group: Group, key: &'static str, within: In, action: Action, help: &'static str) -> Binding {
    Binding { key, within, action, help, group }
}

use Action as A;
use Group::{Display, Filter, General, Judge, Move, Order};

/// Every key, in the order that help lists them.
pub static KEYMAP: &[Binding] = &[
    bind(General, "q", In::ANY, A::Quit, "quit"),
    bind(General, "C-c", In::ANY, A::Quit, "quit"),
    bind(General, "Q", In::ANY, A::QuitKeeping, "quit and leave the last screen"),
    bind(General, "h", In::ANY, A::Help, "this help"),
    bind(General, "?", In::ANY, A::Help, "this help"),
    bind(General, "tab", In::ANY, A::NextView, "next view"),
    bind(General, "S-tab", In::ANY, A::PreviousView, "previous view"),
    bind(General, "]", In::ANY, A::NextView, "next view"),
    bind(General, "[", In::ANY, A::PreviousView, "previous view"),
    bind(General, "F2", In::ANY, A::Show(ViewId::Talkers), "Talkers: who gets what leaves"),
    bind(General, "F3", In::ANY, A::Show(ViewId::Alerts), "Alerts: what was found, and its state"),
    bind(General, "F4", In::ANY, A::Show(ViewId::Baseline), "Baseline: what is known, and known-good marks"),
    bind(General, "F5", In::ANY, A::Show(ViewId::Interfaces), "Interfaces: counts, losses and health"),
    bind(General, "F6", In::ANY, A::Show(ViewId::Owners), "Owners: which programs send, and to whom"),
    bind(General, "F7", In::ANY, A::Show(ViewId::Connections), "Connections: sockets, their states and owners"),
    bind(General, "i", In::ANY, A::Show(ViewId::Interfaces), "Interfaces: counts, losses and health"),
    bind(General, "C-l", In::ANY, A::Redraw, "draw the screen anew"),
    bind(General, "C-t", In::ANY, A::Mouse, "mouse on or off: wheel, rows, heads, views"),
    bind(General, "C-z", In::ANY, A::Suspend, "suspend; `fg` comes back"),
    bind(General, "!", In::ANY, A::Shell, "why there is no shell here"),
    bind(Move, "down", In::ANY, A::Down, "one line down"),
    bind(Move, "up", In::ANY, A::Up, "one line up"),
    bind(Move, "j", In::ANY, A::Down, "one line down"),
    bind(Move, "k", In::ANY, A::Up, "one line up"),
    bind(Move, "pgdn", In::ANY, A::PageDown, "one page down"),
    bind(Move, "pgup", In::ANY, A::PageUp, "one page up"),
    bind(Move, "C-f", In::ANY, A::PageDown, "one page down"),
    bind(Move, "C-b", In::ANY, A::PageUp, "one page up"),
    bind(Move, "C-d", In::ANY, A::HalfDown, "half a page down"),
    bind(Move, "C-u", In::ANY, A::HalfUp, "half a page up"),
    bind(Move, "home", In::ANY, A::Top, "first line"),
    bind(Move, "end", In::ANY, A::Bottom, "last line"),
    bind(Move, "g", In::ANY, A::Top, "first line"),
    bind(Move, "G", In::ANY, A::Bottom, "last line"),
    bind(Move, "enter", In::TALKERS, A::Enter, "why: open or close the details"),
    bind(Move, "enter", In::OWNERS, A::Enter, "unfold this row, fold it up; of a flow: details"),
    bind(Move, "enter", In::CONNECTIONS, A::Enter, "all that the kernel tells of this socket"),
    bind(Move, "enter", In::ALERTS, A::Enter, "go to the flow of this alert"),
    bind(Move, "z", In::PANES, A::Zoom, "details on the whole screen, or beside the table"),
    bind(Move, "esc", In::ANY, A::Back, "close, let go of the selection"),
    bind(Move, "right", In::FLOWS, A::Expand, "show the flows of this row"),
    bind(Move, "left", In::FLOWS, A::Collapse, "fold them up again"),
    bind(Order, "1", In::LISTS, A::SortBy(Average::S2), "sort by 2 s average"),
    bind(Order, "2", In::LISTS, A::SortBy(Average::S10), "sort by 10 s average"),
    bind(Order, "3", In::LISTS, A::SortBy(Average::S40), "sort by 40 s average"),
    bind(Order, "<", In::LISTS, A::SortBySource, "sort by source"),
    bind(Order, ">", In::LISTS, A::SortByDestination, "sort by destination"),
    bind(Order, "O", In::FLOWS, A::PickSort, "pick what to sort by"),
    bind(Order, "O", In::CONNECTIONS, A::PickSort, "sort by the next column"),
    bind(Order, "r", In::LISTS, A::Reverse, "reverse the order"),
    bind(Order, "v", In::TALKERS, A::Group, "group by flow, host, service, domain, network, owner"),
    bind(Order, "v", In::OWNERS, A::Group, "owners by process, unit, container, user"),
    bind(Order, "o", In::TALKERS, A::FreezeOrder, "freeze the order and the rows shown"),
    bind(Order, "P", In::ANY, A::Pause, "pause the screen; counting goes on"),
    bind(Order, "space", In::ANY, A::Pause, "pause the screen; counting goes on"),
    bind(Filter, "/", In::LISTS, A::Filter, "filter: out > 1MB and port != 443, ssh, !known"),
    bind(Filter, "l", In::FLOWS, A::Pattern, "show hosts that match a regular expression"),
    bind(Filter, "l", In::CONNECTIONS, A::Listening, "sockets that wait for others, or connections"),
    bind(Filter, "a", In::CONNECTIONS, A::AllSockets, "all sockets, or connections"),
    bind(Filter, "f", In::ANY, A::CaptureFilter, "capture filter, tcpdump syntax, in the kernel"),
    bind(Filter, "x", In::TALKERS, A::Exclude, "hide this row"),
    bind(Filter, "+", In::TALKERS, A::Only, "show only this row"),
    bind(Filter, "0", In::LISTS, A::ClearFilters, "show everything again"),
    bind(Filter, "K", In::FLOWS, A::HideKnown, "show or hide known-good rows"),
    bind(Filter, "e", In::FLOWS, A::EgressOnly, "only what we opened, or everything"),
    bind(Filter, "'", In::FLOWS, A::SinceNow, "hide what was seen before now; again: show it"),
    bind(Judge, "m", In::ROWS, A::Mark, "mark as known-good: scope, expiry, reason"),
    bind(Judge, "M", In::ROWS, A::MarkAgain, "mark as known-good, the scope used last"),
    bind(Judge, "U", In::ANY, A::Undo, "take back the last mark"),
    bind(Judge, "del", In::BASELINE, A::Unmark, "take back this mark"),
    bind(Judge, "a", In::ALERTS, A::Acknowledge, "acknowledge this alert"),
    bind(Judge, "Z", In::ALERTS, A::Snooze, "snooze this alert for an hour"),
    bind(Display, "n", In::ANY, A::Names, "names: seen, with reverse DNS, off"),
    bind(Display, "N", In::TALKERS, A::ServiceNames, "ports as numbers or service names"),
    bind(Display, "s", In::TALKERS, A::ShowSource, "show or add up our side"),
    bind(Display, "d", In::TALKERS, A::ShowDestination, "show or add up the remote side"),
    bind(Display, "S", In::TALKERS, A::SourcePorts, "show or add up our ports"),
    bind(Display, "D", In::TALKERS, A::DestinationPorts, "show or add up remote ports"),
    bind(Display, "p", In::TALKERS, A::AllPorts, "show or add up all ports"),
    bind(Display, "t", In::TALKERS, A::Lines, "two lines, both in one, sent, received"),
    bind(Display, "T", In::TALKERS, A::Totals, "show or hide totals"),
    bind(Display, "b", In::TALKERS, A::Bars, "bars on or off"),
    bind(Display, "B", In::TALKERS, A::BarAverage, "bars of the 2, 10 or 40 s average"),
    bind(Display, "L", In::TALKERS, A::LogScale, "linear or logarithmic bars"),
    bind(Display, "u", In::ANY, A::Unit, "bits or bytes"),
    bind(Display, "c", In::TALKERS, A::PickColumns, "pick more columns"),
    bind(Display, "C", In::ANY, A::Theme, "next theme: dark, light, high-contrast, mono"),
    bind(Display, "R", In::ANY, A::ResetTotals, "reset the totals below; press twice"),
    bind(Display, "y", In::ROWS, A::Copy, "copy this row to your clipboard (OSC 52)"),
];

/// What a key means in a view.
pub fn find(view: ViewId, key: &str) -> Option<&'static Binding> {
    KEYMAP.iter().find(|binding| binding.key == key && binding.within.has(view))
}

/// A key as the table and the help write it: `q`, `C-c`, `S-tab`, `pgdn`. Empty for one without a name.
pub fn key_name(key: KeyEvent) -> String {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => return "S-tab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Delete => "del".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        _ => return String::new(),
    };
    let control = if key.modifiers.contains(KeyModifiers::CONTROL) { "C-" } else { "" };
    let alt = if key.modifiers.contains(KeyModifiers::ALT) { "M-" } else { "" };
    format!("{control}{alt}{base}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::views::VIEWS;

    #[test]
    fn no_key_means_two_things_in_one_view() {
        for (at, one) in KEYMAP.iter().enumerate() {
            for other in &KEYMAP[at + 1..] {
                assert!(one.key != other.key || !one.within.overlaps(other.within), "{} is bound twice", one.key);
            }
        }
    }

    #[test]
    fn every_key_has_a_line_of_help_that_fits() {
        for binding in KEYMAP {
            assert!(!binding.help.is_empty() && binding.help.chars().count() <= 60, "{}", binding.key);
        }
    }

    #[test]
    fn every_view_has_a_key_of_its_own() {
        for view in VIEWS {
            let own = KEYMAP.iter().any(|b| b.action == Action::Show(view.id) && b.key == view.key);
            assert!(own, "{}", view.title);
        }
    }

    #[test]
    fn every_iftop_key_is_there() {
        for key in "q h ? n N s d S D t p P o b B 1 2 3 < > j k f l ! T L C-l".split(' ') {
            assert!(find(ViewId::Talkers, key).is_some(), "{key}");
        }
    }

    #[test]
    fn keys_have_the_names_that_the_table_uses() {
        let cases = [
            (KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), "C-c"),
            (KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT), "G"),
            (KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT), "S-tab"),
            (KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE), "space"),
            (KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE), "F3"),
            (KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE), ""),
        ];
        for (key, name) in cases {
            assert_eq!(key_name(key), name);
        }
    }
}
