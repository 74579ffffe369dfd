//! Everything a key can mean.

use super::options::Average;
use super::views::ViewId;

/// What the operator wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Quit,
    QuitKeeping,
    Help,
    NextView,
    PreviousView,
    Show(ViewId),
    Redraw,
    Suspend,

    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    Top,
    Bottom,
    /// What the selected line is about: details, or the flow of an alert.
    Enter,
    Back,
    /// Details on the whole screen, or beside the table again.
    Zoom,
    Expand,
    Collapse,

    SortBy(Average),
    SortBySource,
    SortByDestination,
    PickSort,
    Reverse,
    Group,
    FreezeOrder,
    Pause,

    Filter,
    /// Sockets that wait for others, or connections again.
    Listening,
    /// All sockets, or connections again.
    AllSockets,
    Pattern,
    CaptureFilter,
    Exclude,
    Only,
    ClearFilters,
    HideKnown,
    EgressOnly,
    SinceNow,

    Mark,
    MarkAgain,
    Undo,
    Unmark,
    Acknowledge,
    Snooze,

    Names,
    ServiceNames,
    ShowSource,
    ShowDestination,
    SourcePorts,
    DestinationPorts,
    AllPorts,
    Lines,
    Totals,
    Bars,
    BarAverage,
    LogScale,
    Unit,
    PickColumns,
    Theme,
    ResetTotals,
    Copy,
    Mouse,
    Shell,
}

/// What the loop has to do after a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Send(crate::model::Command),
    /// Leave; `keep` prints the last screen.
    Quit {
        keep: bool,
    },
    Suspend,
    /// Draw every cell anew.
    Repaint,
    /// Have the terminal tell what the mouse does, or keep the mouse to itself.
    Mouse(bool),
    /// Put on the clipboard of the operator's own terminal.
    Copy(String),
}
