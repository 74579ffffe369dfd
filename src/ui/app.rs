//! The state of the dashboard: what was chosen, where the cursors are, what is laid over it.

use std::time::Duration;

use crate::model::{Label, Timestamp};
use crate::snapshot::{Row, Snapshot};

use super::connections::Connections;
use super::cursor::Cursor;
use super::layout::Layout;
use super::options::UiOptions;
use super::overlay::Overlay;
use super::owners::Owners;
use super::prompt::History;
use super::talkers::{self, Talkers};
use super::views::{ViewId, view};

/// Everything the dashboard remembers between two keys.
#[derive(Debug)]
pub struct App {
    pub(crate) options: UiOptions,
    pub(crate) view: ViewId,
    /// Columns and lines of the terminal.
    pub(crate) size: (u16, u16),
    /// Tenths of seconds since the start, as the loop says: for toasts and for order that is held.
    pub(crate) tick: u64,
    pub(crate) toast: Option<Toast>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) paused: bool,
    /// The details take the room of the table too.
    pub(crate) zoomed: bool,
    pub(crate) talkers: Talkers,
    pub(crate) owners: Owners,
    pub(crate) connections: Connections,
    pub(crate) alerts: Cursor<u64>,
    pub(crate) marks: Cursor<Label>,
    pub(crate) interfaces: Cursor<usize>,
    pub(crate) history: History,
    /// Kind of scope and time of the last mark.
    pub(crate) last_mark: Option<(&'static str, Option<Duration>)>,
    /// The capture filter in force, as typed here.
    pub(crate) capture_filter: String,
    /// The mouse is ours; text cannot be selected with it then.
    pub(crate) has_mouse: bool,
    /// Until when a second press resets the totals.
    pub(crate) reset_until: u64,
}

/// A short notice that goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub text: String,
    until: u64,
}

/// How long a notice stays, and how long order is held after the cursor moved, in tenths of seconds.
pub(super) const WHILE: u64 = 20;

impl App {
    pub fn new(options: UiOptions) -> Self {
        let mut app = Self {
            options,
            view: ViewId::Talkers,
            size: (80, 24),
            tick: 0,
            toast: None,
            overlay: None,
            paused: false,
            zoomed: false,
            talkers: Talkers::default(),
            owners: Owners::default(),
            connections: Connections::default(),
            alerts: Cursor::default(),
            marks: Cursor::default(),
            interfaces: Cursor::default(),
            history: History::default(),
            last_mark: None,
            capture_filter: String::new(),
            has_mouse: false,
            reset_until: 0,
        };
        app.start_filters();
        app
    }

    /// Filters that were given at the start. What is wrong with them is said as a notice: nothing is hidden by mistake.
    fn start_filters(&mut self) {
        let (filter, pattern) = (self.options.filter.clone(), self.options.pattern.clone());
        if let Err(error) = self.talkers.set_filter(&filter, &mut self.options) {
            self.say(format!("filter: {error}"));
        }
        if let Err(error) = self.talkers.screen.set_pattern(&pattern) {
            self.say(format!("regular expression: {error}"));
        }
    }

    /// Takes in a snapshot: makes the list anew and finds the selection in it.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        talkers::relist(self, snapshot);
        for view in super::views::VIEWS {
            (view.settle)(self, snapshot);
        }
    }

    pub fn resize(&mut self, columns: u16, lines: u16, snapshot: &Snapshot) {
        self.size = (columns, lines);
        self.settle(snapshot);
    }

    /// Time goes on, in tenths of seconds since the start. `true` if the screen looks different for it.
    pub fn tick(&mut self, tick: u64) -> bool {
        self.tick = tick;
        let is_over = self.toast.as_ref().is_some_and(|toast| toast.until <= tick);
        if is_over {
            self.toast = None;
        }
        is_over
    }

    /// The tick at which the screen looks different although nothing has come; `None` for never.
    pub(crate) fn due(&self) -> Option<u64> {
        self.toast.as_ref().map(|toast| toast.until)
    }

    /// Shows a notice for two seconds.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast { text: text.into(), until: self.tick + WHILE });
    }

    /// Whether the snapshot on screen is to stay.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    pub(crate) const fn has_details(&self) -> bool {
        match self.view {
            ViewId::Talkers => self.talkers.details,
            ViewId::Owners => self.owners.details,
            ViewId::Connections => self.connections.details,
            ViewId::Alerts => true,
            ViewId::Baseline | ViewId::Interfaces => false,
        }
    }

    /// The row that the screen explains.
    pub(crate) fn explained(&self) -> Option<&Row> {
        if self.view == ViewId::Owners { self.owners.explained() } else { self.talkers.explained() }
    }

    /// Lines that the list of the present view has.
    pub(crate) fn page(&self, snapshot: &Snapshot) -> usize {
        (view(self.view).page)(self, Layout::of(self, snapshot).body)
    }

    pub(crate) fn settle(&mut self, snapshot: &Snapshot) {
        (view(self.view).settle)(self, snapshot);
    }

    /// Time of day in the operator's zone.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        let zone = self.options.zone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
        jiff::Timestamp::from_nanosecond(i128::from(at.nanos()))
            .map_or_else(|_| "--:--:--".to_owned(), |at| at.to_zoned_datetime(zone).strftime("%H:%M:%S").to_string())
    }
}
