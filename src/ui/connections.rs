//! The state of the Connections view, and the making of its list: sockets beside the flows that were seen.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::filter::{Filter, FilterError};
use crate::model::{Connection, FlowKey, Measure, Protocol, SocketState, Which};
use crate::snapshot::connections::row;
use crate::snapshot::{Field, Row, RowId, Snapshot, field};

use super::action::Action;
use super::app::App;
use super::cursor::Cursor;
use super::options::Average;
use super::prompt::{self, Asking};
use super::views::ViewId;

/// A flow that had a packet this lately is expected to have its socket.
const LATELY: Duration = Duration::from_secs(5);
/// What `O` goes through, in this order.
const SORTS: &[&str] =
    &["out", "in", "out10", "state", "proto", "src", "dst", "owner", "recvq", "sendq", "rtt", "retrans"];

/// What a line is, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SocketId {
    Socket(u64),
    /// A flow without a socket.
    Flow(RowId),
}

/// How the kernel's sockets and the packets that were seen fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Fine,
    /// A connection of which no packet was seen.
    NoPackets,
    /// Packets of ours that belong to no socket here.
    NoSocket,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub(crate) struct SocketLine {
    pub row: Row,
    pub fit: Fit,
}

/// What the Connections view remembers.
#[derive(Debug)]
pub(crate) struct Connections {
    pub cursor: Cursor<SocketId>,
    pub ids: Vec<SocketId>,
    pub lines: Vec<SocketLine>,
    pub which: Which,
    pub sort: &'static str,
    pub reverse: bool,
    pub filter: Option<Filter>,
    pub details: bool,
    /// Lines that the filter hides, and sockets that are not of the kind listed.
    pub filtered: usize,
    pub others: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            cursor: Cursor::default(),
            ids: Vec::new(),
            lines: Vec::new(),
            which: Which::default(),
            sort: "out",
            reverse: false,
            filter: None,
            details: false,
            filtered: 0,
            others: 0,
        }
    }
}

impl Connections {
    pub(crate) fn filter(&self) -> &str {
        self.filter.as_ref().map_or("", Filter::text)
    }

    /// Puts a filter in force; empty takes it away. An error leaves the one before in force.
    pub(crate) fn set_filter(&mut self, text: &str) -> Result<(), FilterError> {
        let filter = Filter::parse(text)?;
        if let Some(sort) = filter.sort() {
            self.sort = sort.field.id;
        }
        self.filter = (!filter.text().is_empty()).then_some(filter);
        Ok(())
    }

    pub(crate) fn selected(&self) -> Option<&SocketLine> {
        self.lines.get(self.cursor.line(&self.ids)?)
    }

    pub(crate) fn count(&self, fit: Fit) -> usize {
        self.lines.iter().filter(|line| line.fit == fit).count()
    }
}

/// Does what a key asks for in this view; whether it was for it.
pub(super) fn update(app: &mut App, action: Action) -> bool {
    let state = &mut app.connections;
    match action {
        Action::Enter => state.details = !state.details,
        Action::Zoom if !state.details => {
            state.details = true;
            return false;
        }
        Action::Back if state.details && !app.zoomed => state.details = false,
        Action::Listening => {
            state.which = if state.which == Which::Listening { Which::Connected } else { Which::Listening };
            let text = if state.which == Which::Listening { "those that wait for others" } else { "connections" };
            app.say(text);
        }
        Action::AllSockets => {
            state.which = if state.which == Which::All { Which::Connected } else { Which::All };
            let text = if state.which == Which::All { "all sockets" } else { "connections" };
            app.say(text);
        }
        Action::SortBy(average) => sort_by(
            app,
            match average {
                Average::S2 => "out2",
                Average::S10 => "out10",
                Average::S40 => "out40",
            },
        ),
        Action::SortBySource => sort_by(app, "src"),
        Action::SortByDestination => sort_by(app, "dst"),
        Action::PickSort => {
            let at = SORTS.iter().position(|id| *id == state.sort).map_or(0, |at| (at + 1) % SORTS.len());
            sort_by(app, SORTS.get(at).copied().unwrap_or("out"));
        }
        Action::Reverse => {
            state.reverse = !state.reverse;
            app.say(if app.connections.reverse { "order reversed" } else { "order as usual" });
        }
        Action::Filter => prompt::open(app, Asking::Sockets),
        Action::ClearFilters => {
            let had = state.filter.take().is_some() || state.which != Which::All;
            state.which = Which::All;
            app.say(if had { "everything is shown" } else { "nothing was hidden" });
        }
        _ => return false,
    }
    true
}

fn sort_by(app: &mut App, id: &'static str) {
    app.connections.sort = id;
    app.say(format!("sorted by {id}"));
}

/// Makes the list anew; nothing while nobody looks at it.
pub(super) fn relist(app: &mut App, snapshot: &Snapshot) {
    if app.view != ViewId::Connections {
        return;
    }
    let all = joined(snapshot);
    let state = &mut app.connections;
    (state.filtered, state.others) = (0, 0);
    let mut lines = Vec::with_capacity(all.len());
    for line in all {
        let waits = line.row.socket.as_ref().is_some_and(|socket| socket.is_listening());
        if !state.which.takes(waits) {
            state.others += 1;
        } else if state.filter.as_ref().is_some_and(|filter| !filter.matches_at(&line.row, snapshot.at)) {
            state.filtered += 1;
        } else {
            lines.push(line);
        }
    }
    if let Some(by) = field(state.sort) {
        sort(&mut lines, by, state.reverse);
    }
    state.ids = lines.iter().map(id).collect();
    state.lines = lines;
}

/// Numbers from the top down, words from A to Z; equals by state, port and cookie, so that nothing jumps.
fn sort(lines: &mut [SocketLine], by: &Field, reverse: bool) {
    let tie = |line: &SocketLine| {
        let socket = line.row.socket.as_ref();
        (socket.map(|one| (one.is_listening(), one.state, one.local.port, one.cookie)), line.row.id.clone())
    };
    lines.sort_by(|a, b| {
        let order = (by.get)(&a.row).order(&(by.get)(&b.row));
        let order = if by.kind.is_number() == reverse { order } else { order.reverse() };
        order.then_with(|| tie(a).cmp(&tie(b)))
    });
}

fn id(line: &SocketLine) -> SocketId {
    match &line.row.socket {
        Some(socket) => SocketId::Socket(socket.cookie),
        None => SocketId::Flow(line.row.id.clone()),
    }
}

/// Every socket with the rates of its flow, and every flow of ours that lacks its socket.
fn joined(snapshot: &Snapshot) -> Vec<SocketLine> {
    let Some(all) = &snapshot.connections else { return Vec::new() };
    let flows: HashMap<FlowKey, &Row> = snapshot
        .rows
        .iter()
        .filter_map(|row| if let RowId::Flow(key) = &row.id { Some((key.canonical().0, row)) } else { None })
        .collect();
    let mut keys = HashSet::new();
    let mut lines: Vec<SocketLine> = Vec::with_capacity(all.list.len());
    for socket in &all.list {
        let key = socket.key().map(|key| key.canonical().0);
        keys.extend(key);
        let flow = key.and_then(|key| flows.get(&key).copied());
        let mut row = row(socket);
        if let Some(flow) = flow {
            (row.rates_out, row.rates_in, row.name) = (flow.rates_out, flow.rates_in, flow.name.clone());
            (row.application, row.direction) = (flow.application, flow.direction);
            row.owner = row.owner.or_else(|| flow.owner.clone());
        }
        let is_missed = flow.is_none() && should_be_seen(socket, snapshot);
        lines.push(SocketLine { row, fit: if is_missed { Fit::NoPackets } else { Fit::Fine } });
    }
    let open: HashSet<(Protocol, u16)> = all
        .list
        .iter()
        .filter(|socket| socket.is_open_ended())
        .filter_map(|socket| Some((socket.kind.protocol()?, socket.local.port)))
        .collect();
    let is_whole = all.left_out == 0 && !all.is_interrupted && snapshot.measure == Measure::Frames;
    let lacks = |row: &&Row| is_whole && should_have_a_socket(row, snapshot, &keys, &open);
    lines.extend(snapshot.rows.iter().filter(lacks).map(|row| SocketLine { row: row.clone(), fit: Fit::NoSocket }));
    lines
}

/// Whether packets of a connection would have been seen: it goes by a watched interface and no flow is left out.
fn should_be_seen(socket: &Connection, snapshot: &Snapshot) -> bool {
    let is_watched = snapshot.interfaces.iter().any(|one| one.addresses.contains(&socket.local.ip));
    let is_inner = snapshot.interfaces.iter().any(|one| one.addresses.contains(&socket.remote.ip));
    snapshot.measure == Measure::Frames
        && snapshot.hidden_flows == 0
        && socket.state == SocketState::Established
        && is_watched
        && !is_inner
}

fn should_have_a_socket(
    row: &Row,
    snapshot: &Snapshot,
    keys: &HashSet<FlowKey>,
    open: &HashSet<(Protocol, u16)>,
) -> bool {
    use crate::model::{Direction, TcpState};
    let (RowId::Flow(key), Some(protocol), Some(local)) = (&row.id, row.protocol, row.local) else { return false };
    let is_live = match protocol {
        Protocol::TCP => row.state == TcpState::Established,
        Protocol::UDP => !open.contains(&(protocol, local.port)),
        _ => false,
    };
    let is_ours = !matches!(row.direction, Direction::Transit | Direction::Unknown)
        && snapshot.interfaces.iter().any(|one| one.addresses.contains(&local.ip));
    is_live && is_ours && snapshot.at.since(row.last) < LATELY && !keys.contains(&key.canonical().0)
}
