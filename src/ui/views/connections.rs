//! Connections: what netstat -tnp and ss -tie show, in one, beside the packets that were seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Connection, TcpNumbers, Which};
use crate::snapshot::connections::{local, remote, who};
use crate::snapshot::{Row, Snapshot, format};
use crate::ui::app::App;
use crate::ui::columns::{UNKNOWN, rate};
use crate::ui::connections::{self, Fit, SocketLine};
use crate::ui::details::{Lines, border, paint};
use crate::ui::layout::listed;
use crate::ui::paint::{cell, put, tint, wrap};
use crate::ui::words::{self, shorten};

use super::{View, ViewId};

pub(super) const VIEW: View = View {
    id: ViewId::Connections,
    title: "Connections",
    key: "F7",
    draw,
    details,
    page,
    settle,
    step,
    hints: &[
        ("enter", "details"),
        ("l", "listening"),
        ("a", "all"),
        ("/", "filter"),
        ("O", "order"),
        ("r", "reverse"),
        ("tab", "views"),
    ],
};

/// A column: its heading, its width, whether it is a number, and the width of the list from which on it is there.
type Column = (&'static str, u16, bool, u16);

const STATE: usize = 1;
const LOCAL: usize = 4;
const REMOTE: usize = 5;
/// The remote end takes what is left.
const COLUMNS: &[Column] = &[
    ("PROTO", 5, false, 50),
    ("STATE", 12, false, 0),
    ("RECV-Q", 6, true, 70),
    ("SEND-Q", 6, true, 70),
    ("LOCAL", 22, false, 105),
    ("REMOTE", 0, false, 0),
    ("OWNER", 15, false, 40),
    ("OUT", 7, true, 78),
    ("IN", 7, true, 114),
    ("OUT 10s", 7, true, 122),
    ("RTT", 7, true, 130),
    ("RETRANS", 7, true, 138),
];

/// The heads, the list, and below it what does not fit together.
fn parts(body: Rect) -> (Rect, Rect, Rect) {
    listed(body, 3, 4)
}

fn page(_: &App, body: Rect) -> usize {
    usize::from(parts(body).1.height).max(1)
}

fn settle(app: &mut App, snapshot: &Snapshot) {
    connections::relist(app, snapshot);
    let page = app.page(snapshot);
    let state = &mut app.connections;
    state.cursor.settle(&state.ids, page);
}

fn step(app: &mut App, snapshot: &Snapshot, by: isize) {
    let page = app.page(snapshot);
    app.connections.cursor.step(&app.connections.ids, by, page);
}

/// The columns that fit, by their number, each with its place.
fn places(width: u16) -> Vec<(usize, u16, u16)> {
    let there = |(_, room, _, from): &Column, at: usize| at == REMOTE || (*room > 0 && width >= *from);
    let wanted: Vec<usize> =
        COLUMNS.iter().enumerate().filter(|(at, column)| there(column, *at)).map(|(at, _)| at).collect();
    let fixed: u16 = wanted.iter().filter_map(|at| COLUMNS.get(*at)).map(|column| column.1 + 1).sum();
    let left = width.saturating_sub(2 + fixed);
    let mut x = 2;
    wanted
        .into_iter()
        .map(|at| {
            let room = if at == REMOTE { left } else { COLUMNS.get(at).map_or(0, |column| column.1) };
            let place = (at, x, room);
            x += room + 1;
            place
        })
        .collect()
}

fn draw(app: &App, buf: &mut Buffer, body: Rect, snapshot: &Snapshot) {
    let theme = app.options.look.theme;
    let (head, list, foot) = parts(body);
    let state = &app.connections;
    let places = places(body.width);
    for (at, x, room) in &places {
        let Some((text, _, is_number, _)) = COLUMNS.get(*at) else { continue };
        cell(buf, head, (*x, *room), 0, *is_number, text, theme.strong);
    }
    if state.lines.is_empty() {
        for (at, line) in wrap(&empty(app, snapshot), list.width.saturating_sub(4).into()).iter().enumerate() {
            put(buf, list, 2, 1 + at as u16, list.width.saturating_sub(2), line, theme.text);
        }
    }
    let selected = state.cursor.line(&state.ids);
    let shown = state.lines.iter().enumerate().skip(state.cursor.top).take(list.height.into());
    for (y, (at, line)) in shown.enumerate() {
        one(app, buf, list, y as u16, line, &places);
        if selected == Some(at) {
            tint(buf, list, 0, y as u16, list.width, theme.selected);
            put(buf, list, 0, y as u16, 1, app.options.look.glyphs.pick("▸", ">"), theme.strong);
        }
    }
    put(buf, foot, 1, 0, foot.width.saturating_sub(1), &summary(app, snapshot), theme.dim);
}

fn one(app: &App, buf: &mut Buffer, area: Rect, y: u16, line: &SocketLine, places: &[(usize, u16, u16)]) {
    let theme = app.options.look.theme;
    let (glyph, style) = match line.fit {
        Fit::Fine => (" ", theme.text),
        Fit::NoPackets => ("?", theme.text),
        Fit::NoSocket => ("!", theme.warn),
    };
    put(buf, area, 1, y, 1, glyph, style);
    let is_wide = places.iter().any(|(at, _, _)| *at == LOCAL);
    for (at, x, room) in places {
        let is_number = COLUMNS.get(*at).is_some_and(|column| column.2);
        let text = text(app, line, *at, is_wide);
        let text = if is_number { text } else { shorten(&text, (*room).into()) };
        cell(buf, area, (*x, *room), y, is_number, &text, if *at == STATE { style } else { theme.text });
    }
}

/// What stands in a column. Where there is no room for our end, one that waits shows it in place of the remote one.
fn text(app: &App, line: &SocketLine, at: usize, is_wide: bool) -> String {
    let row = &line.row;
    let Some(socket) = &row.socket else { return of_flow(app, row, at) };
    let head = COLUMNS.get(at).map_or("", |column| column.0);
    match head {
        "PROTO" => socket.kind.id().to_owned(),
        "STATE" => socket.state.id().to_owned(),
        "RECV-Q" => socket.receive_queue.to_string(),
        "SEND-Q" => socket.send_queue.to_string(),
        "LOCAL" => local(socket),
        "REMOTE" if !is_wide && socket.is_open_ended() => local(socket),
        "REMOTE" => match (&row.name, socket.remote.port) {
            (Some(name), port) if !socket.is_open_ended() => format!("{}:{port}", name.text),
            _ => remote(socket),
        },
        "OWNER" => match socket.owner() {
            Some(owner) => format!("{}/{}", owner.pid, who(socket)),
            None => who(socket).to_string(),
        },
        "OUT" => bytes(socket, row.out()),
        "IN" => bytes(socket, row.received()),
        "OUT 10s" => rate(row.rates_out.s10, &app.options),
        "RTT" => socket.tcp.map(|tcp| tcp.rtt).filter(|rtt| !rtt.is_zero()).map_or_else(none, span),
        _ => socket.tcp.map_or_else(none, |tcp| tcp.retransmits.to_string()),
    }
}

fn none() -> String {
    "-".to_owned()
}

fn span(rtt: std::time::Duration) -> String {
    if rtt.as_micros() < 1_000 { format!("{}us", rtt.as_micros()) } else { format::duration(rtt) }
}

/// A dash where nothing is carried, a question mark where nobody counts.
fn bytes(socket: &Connection, count: u64) -> String {
    match (socket.tcp, socket.is_listening()) {
        (Some(_), _) => format::bytes(count),
        (None, true) => none(),
        (None, false) => UNKNOWN.to_owned(),
    }
}

/// A flow that belongs to no socket here.
fn of_flow(app: &App, row: &Row, at: usize) -> String {
    let end = |end: Option<crate::model::Endpoint>| end.map_or_else(none, |end| end.to_string());
    match COLUMNS.get(at).map_or("", |column| column.0) {
        "PROTO" => row.protocol.map_or_else(none, |protocol| protocol.to_string()),
        "STATE" => "no socket".to_owned(),
        "LOCAL" => end(row.local),
        "REMOTE" => words::title(row, &app.options),
        "OWNER" => row.owner.as_ref().map_or_else(none, |owner| format!("{}/{}", owner.pid, owner.comm)),
        "OUT" => format::bytes(row.out()),
        "IN" => format::bytes(row.received()),
        "OUT 10s" => rate(row.rates_out.s10, &app.options),
        _ => none(),
    }
}

fn empty(app: &App, snapshot: &Snapshot) -> String {
    let state = &app.connections;
    let is_live = app.options.source.as_ref().is_none_or(|source| source.as_str() == "sockets");
    match &snapshot.connections {
        None if !is_live || snapshot.ended => {
            "A capture has no sockets: they are listed while egret listens.".to_owned()
        }
        None => "Asking the kernel for its sockets; they are here within a second.".to_owned(),
        Some(_) if state.filtered > 0 => {
            format!("No socket passes the filter: {} are hidden. 0 shows all.", state.filtered)
        }
        Some(_) => format!("None of this kind; {} others. l, a and 0 show them.", state.others),
    }
}

/// What is listed and what is not, and what does not fit together.
fn summary(app: &App, snapshot: &Snapshot) -> String {
    let state = &app.connections;
    let reverse = if state.reverse { ", reversed" } else { "" };
    let what = match state.which {
        Which::Connected => "connections",
        Which::Listening => "that wait",
        Which::All => "sockets",
    };
    let mut parts = vec![format!("{} {what} by {}{reverse}", state.lines.len(), state.sort)];
    if state.filter.is_some() {
        parts.push(format!("/{}: {} hidden", state.filter(), state.filtered));
    }
    for (fit, text) in [(Fit::NoPackets, "? without packets"), (Fit::NoSocket, "! without a socket")] {
        let count = state.count(fit);
        if count > 0 {
            parts.push(format!("{count} {text}"));
        }
    }
    if state.others > 0 {
        let keys = if state.which == Which::Connected { "l, a" } else { "l" };
        parts.push(format!("{} others ({keys})", state.others));
    }
    if let Some(all) = &snapshot.connections {
        if all.left_out > 0 {
            parts.push(format!("{} more found no room", all.left_out));
        }
        if all.is_interrupted {
            parts.push("changed while it was listed".to_owned());
        }
    }
    parts.join(app.options.look.glyphs.pick(" · ", " | "))
}

fn details(app: &App, buf: &mut Buffer, area: Rect, _: &Snapshot) {
    let Some(line) = app.connections.selected().or_else(|| app.connections.lines.first()) else {
        border(app, buf, area, "socket");
        return;
    };
    border(app, buf, area, "socket");
    let mut to = Lines::new(app, area);
    match &line.row.socket {
        Some(socket) => of_socket(&mut to, socket),
        None => to.plain("FLOW", &words::title(&line.row, &app.options)),
    }
    match line.fit {
        Fit::Fine => {}
        Fit::NoPackets => to.plain("NOTE", "no packet of it was seen since the start: it is idle, or goes another way"),
        Fit::NoSocket => {
            let text = "packets of ours, and no socket here: it has just ended, is in another network namespace, or \
                        something sends past the kernel's sockets";
            to.plain("NOTE", text);
        }
    }
    paint(app, buf, area, &to.done());
}

fn of_socket(to: &mut Lines<'_>, socket: &Connection) {
    to.plain("ENDS", &format!("{} > {}", local(socket), remote(socket)));
    to.plain("STATE", &format!("{} {}, {} dropped", socket.kind.id(), socket.state.id(), socket.drops));
    to.plain("QUEUES", &format!("{} to be read, {} to be acknowledged", socket.receive_queue, socket.send_queue));
    for (at, owner) in socket.holders.iter().enumerate().take(8) {
        let unit = owner.container.as_ref().or(owner.unit.as_ref()).map(|unit| format!(", {unit}")).unwrap_or_default();
        let exe = if owner.exe.is_empty() { owner.comm.as_str() } else { owner.exe.as_str() };
        to.plain(if at == 0 { "OWNER" } else { "" }, &format!("{exe}, pid {}{unit}", owner.pid));
    }
    if socket.holders.is_empty() {
        let text = if socket.inode == 0 { "no process has it open any more" } else { "may not be seen" };
        to.plain("OWNER", text);
    }
    to.plain("MADE", &format!("uid {}, inode {}, cookie {:x}", socket.uid, socket.inode, socket.cookie));
    match &socket.tcp {
        Some(tcp) => of_tcp(to, tcp),
        None if socket.is_listening() => {}
        None => to.plain("BYTES", "the kernel keeps no count of them"),
    }
}

fn of_tcp(to: &mut Lines<'_>, tcp: &TcpNumbers) {
    to.plain(
        "OUT",
        &format!(
            "{} acknowledged, {} sent, {} of them again",
            format::bytes(tcp.bytes_acked),
            format::bytes(tcp.bytes_sent),
            format::bytes(tcp.bytes_retrans)
        ),
    );
    to.plain("IN", &format!("{} received", format::bytes(tcp.bytes_received)));
    to.plain(
        "SEGS",
        &format!(
            "{} out, {} in, {} sent again, {} lost now",
            tcp.segments_out, tcp.segments_in, tcp.retransmits, tcp.lost
        ),
    );
    to.plain(
        "RTT",
        &format!(
            "{} ± {}, least {}, timeout {}",
            span(tcp.rtt),
            span(tcp.rtt_variance),
            span(tcp.rtt_least),
            span(tcp.timeout)
        ),
    );
    to.plain(
        "WINDOW",
        &format!(
            "{} segments of {} bytes, {} under way, path {} bytes",
            tcp.window, tcp.segment_size, tcp.unacknowledged, tcp.path_mtu
        ),
    );
    to.plain(
        "IDLE",
        &format!(
            "sent {} ago, received {} ago; {} written and not sent",
            format::duration(tcp.idle_out),
            format::duration(tcp.idle_in),
            format::bytes(tcp.not_sent.into())
        ),
    );
    to.plain("SPEED", &format!("{}/s arrive at the other end", format::bytes(tcp.delivery_rate)));
}
