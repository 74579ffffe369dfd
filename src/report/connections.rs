//! The sockets of this host: a table for those who know netstat and ss, and JSON lines.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use crate::model::{Connection, Connections, Label, SocketKind, TcpNumbers};
use crate::snapshot::Row;
use crate::snapshot::connections::{local, remote, who};
use crate::snapshot::format::{bytes, duration};

use super::flow::OwnerRecord;
use super::json;
use super::table::Table;

/// One socket with names that never change meaning.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionRecord {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `tcp`, `udp`, `udplite`, `sctp`, `raw`, `packet`.
    pub proto: &'static str,
    /// What the socket was made for: `ipv4`, `ipv6`, `packet`.
    pub family: &'static str,
    pub state: &'static str,
    /// Null for packet sockets. IPv4 inside IPv6 is given as IPv4.
    pub local_ip: Option<IpAddr>,
    pub local_port: Option<u16>,
    /// Null where it is not connected.
    pub remote_ip: Option<IpAddr>,
    pub remote_port: Option<u16>,
    /// Bound to no address of IPv6, and takes IPv4 as well.
    pub dual: bool,
    /// IP protocol of a raw socket, EtherType of a packet socket.
    pub hears: Option<u16>,
    /// The interface it is bound to.
    pub interface: Option<Label>,
    /// Bytes that were not read, or connections not accepted.
    pub recvq: u32,
    /// Bytes that were not acknowledged, or the most connections that may wait.
    pub sendq: u32,
    pub drops: u32,
    pub uid: u32,
    pub inode: u32,
    /// Names the socket for as long as the system runs, in hexadecimal as ss(8) does.
    pub cookie: String,
    /// The process that had it first, of those that may be seen.
    pub owner: Option<OwnerRecord>,
    /// Every process that has it open.
    pub pids: Vec<u32>,
    /// What TCP counts since the connection began; null for others, and where the state keeps no counts.
    pub tcp: Option<TcpRecord>,
}

/// As `struct tcp_info` has it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TcpRecord {
    pub bytes_acked: u64,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    pub bytes_retrans: u64,
    pub segments_out: u32,
    pub segments_in: u32,
    pub retransmits: u32,
    pub lost: u32,
    pub unacknowledged: u32,
    pub not_sent: u32,
    /// Microseconds.
    pub rtt_us: u64,
    pub rtt_variance_us: u64,
    pub rtt_least_us: u64,
    pub timeout_us: u64,
    /// Segments.
    pub window: u32,
    pub segment_size: u32,
    pub path_mtu: u32,
    /// Bytes per second.
    pub delivery_rate: u64,
    pub idle_out_ms: u64,
    pub idle_in_ms: u64,
}

/// The last line: how many there are of each state, and what is missing.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionsSummary {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub ts: String,
    /// Sockets there are, of the kinds asked for.
    pub sockets: u64,
    /// Records printed before this line.
    pub listed: u64,
    /// By state, of all sockets.
    pub states: BTreeMap<&'static str, u64>,
    /// Sockets that found no room.
    pub left_out: u64,
    /// Sockets came and went so fast that some may be missing.
    pub interrupted: bool,
    /// Kinds that this kernel cannot list.
    pub missing: Vec<&'static str>,
    /// Processes whose open files may not be read.
    pub closed_processes: u64,
}

impl ConnectionRecord {
    pub fn new(socket: &Connection) -> Self {
        let has_address = socket.kind != SocketKind::Packet;
        let has_port = socket.kind.protocol().is_some();
        let is_connected = !socket.is_open_ended();
        Self {
            kind: "connection",
            proto: socket.kind.id(),
            family: match (has_address, socket.is_v6) {
                (false, _) => "packet",
                (true, true) => "ipv6",
                (true, false) => "ipv4",
            },
            state: socket.state.id(),
            local_ip: has_address.then_some(socket.local.ip),
            local_port: has_port.then_some(socket.local.port),
            remote_ip: is_connected.then_some(socket.remote.ip),
            remote_port: is_connected.then_some(socket.remote.port),
            dual: socket.is_dual,
            hears: (!has_port).then_some(socket.hears),
            interface: (!socket.interface_name.is_empty()).then(|| socket.interface_name.clone()),
            recvq: socket.receive_queue,
            sendq: socket.send_queue,
            drops: socket.drops,
            uid: socket.uid,
            inode: socket.inode,
            cookie: format!("{:x}", socket.cookie),
            owner: socket.owner().map(|owner| OwnerRecord::new(owner, None)),
            pids: socket.holders.iter().map(|holder| holder.pid).collect(),
            tcp: socket.tcp.as_ref().map(TcpRecord::new),
        }
    }
}

impl TcpRecord {
    fn new(tcp: &TcpNumbers) -> Self {
        let micros = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            bytes_acked: tcp.bytes_acked,
            bytes_received: tcp.bytes_received,
            bytes_sent: tcp.bytes_sent,
            bytes_retrans: tcp.bytes_retrans,
            segments_out: tcp.segments_out,
            segments_in: tcp.segments_in,
            retransmits: tcp.retransmits,
            lost: tcp.lost,
            unacknowledged: tcp.unacknowledged,
            not_sent: tcp.not_sent,
            rtt_us: micros(tcp.rtt),
            rtt_variance_us: micros(tcp.rtt_variance),
            rtt_least_us: micros(tcp.rtt_least),
            timeout_us: micros(tcp.timeout),
            window: tcp.window,
            segment_size: tcp.segment_size,
            path_mtu: tcp.path_mtu,
            delivery_rate: tcp.delivery_rate,
            idle_out_ms: millis(tcp.idle_out),
            idle_in_ms: millis(tcp.idle_in),
        }
    }
}

impl ConnectionsSummary {
    pub fn new(all: &Connections, listed: usize) -> Self {
        let mut states = BTreeMap::new();
        for socket in &all.list {
            *states.entry(socket.state.id()).or_default() += 1;
        }
        Self {
            kind: "summary",
            ts: all.at.to_string(),
            sockets: all.list.len() as u64 + all.left_out,
            listed: listed as u64,
            states,
            left_out: all.left_out,
            interrupted: all.is_interrupted,
            missing: all.missing.iter().map(|kind| kind.id()).collect(),
            closed_processes: all.closed,
        }
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let states: Vec<String> = self.states.iter().map(|(state, count)| format!("{state} {count}")).collect();
        let mut text = format!("{} of {} sockets: {}", self.listed, self.sockets, states.join(" · "));
        for note in self.notes() {
            text.extend(["\n", &note]);
        }
        text
    }

    /// What is missing, in sentences.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.left_out > 0 {
            notes.push(format!("{} more found no room in the list", self.left_out));
        }
        if self.interrupted {
            notes.push("sockets came and went while they were listed: some may be missing".to_owned());
        }
        if !self.missing.is_empty() {
            notes.push(format!("this kernel does not list: {}", self.missing.join(", ")));
        }
        if self.closed_processes > 0 {
            let closed = self.closed_processes;
            notes.push(format!("the open files of {closed} processes may not be read (needs CAP_SYS_PTRACE): of their sockets only the user is known"));
        }
        notes
    }
}

/// One object for each socket, then the summary.
pub fn json(out: &mut dyn Write, all: &Connections, rows: &[Row]) -> io::Result<()> {
    for socket in rows.iter().filter_map(|row| row.socket.as_deref()) {
        json::line(out, &ConnectionRecord::new(socket))?;
    }
    json::line(out, &ConnectionsSummary::new(all, rows.len()))?;
    out.flush()
}

/// A table, with what TCP measures where that is wanted, then what is missing.
pub fn text(out: &mut dyn Write, all: &Connections, rows: &[Row], with_numbers: bool) -> io::Result<()> {
    let mut heads = vec!["PROTO", "STATE", ">RECV-Q", ">SEND-Q", "LOCAL", "REMOTE"];
    if with_numbers {
        heads.extend([">RTT", ">RETRANS", ">ACKED", ">RECEIVED"]);
    }
    heads.extend([">PID", "OWNER"]);
    let mut table = Table::new(&heads);
    for socket in rows.iter().filter_map(|row| row.socket.as_deref()) {
        let mut cells = vec![
            socket.kind.id().to_owned(),
            socket.state.id().to_owned(),
            socket.receive_queue.to_string(),
            socket.send_queue.to_string(),
            local(socket),
            remote(socket),
        ];
        if with_numbers {
            cells.extend(numbers(socket));
        }
        cells.push(socket.owner().map_or_else(|| "-".to_owned(), |owner| owner.pid.to_string()));
        let more = socket.holders.len().saturating_sub(1);
        cells.push(if more == 0 { who(socket).to_string() } else { format!("{} (+{more})", who(socket)) });
        table.row(cells);
    }
    table.write(out)?;
    out.write_all(b"\n")?;
    super::text(out, &ConnectionsSummary::new(all, rows.len()).text())
}

fn numbers(socket: &Connection) -> [String; 4] {
    let none = || "-".to_owned();
    let Some(tcp) = &socket.tcp else { return [none(), none(), none(), none()] };
    let rtt = if tcp.rtt.is_zero() { none() } else { span(tcp.rtt) };
    [rtt, tcp.retransmits.to_string(), bytes(tcp.bytes_acked), bytes(tcp.bytes_received)]
}

/// A round trip is often shorter than a millisecond.
fn span(rtt: std::time::Duration) -> String {
    if rtt.as_micros() < 1_000 { format!("{}us", rtt.as_micros()) } else { duration(rtt) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::Value as Json;

    use super::*;
    use crate::filter::Filter;
    use crate::model::{Endpoint, Owner, SocketState};
    use crate::report::select;
    use crate::report::tests::{check, lines, printed, schema};

    /// One socket of each kind.
    fn sockets() -> Connections {
        let end = |port| Endpoint::new([10, 0, 0, 1].into(), port);
        let tcp =
            TcpNumbers { bytes_acked: 5_000, rtt: Duration::from_micros(180), retransmits: 2, ..TcpNumbers::default() };
        let owner = Owner { comm: Label::new("sshd"), pid: 77, uid: Some(0), ..Owner::default() };
        let list = SocketKind::ALL.map(|kind| {
            let mut socket = Connection { local: end(22), uid: 1000, inode: 9, cookie: 255, ..Connection::new(kind) };
            if kind == SocketKind::Tcp {
                socket.state = SocketState::Established;
                socket.remote = end(50_000);
                socket.tcp = Some(tcp);
                socket.holders = vec![Arc::new(owner.clone()), Arc::new(Owner { pid: 78, ..owner.clone() })];
            }
            Arc::new(socket)
        });
        Connections { list: list.to_vec(), missing: vec![SocketKind::Sctp], closed: 3, ..Connections::default() }
    }

    #[test]
    fn sockets_have_the_published_shape() {
        let all = sockets();
        let rows = select::sockets(&all, &Filter::default(), None, |_| true);
        let told = printed(|out| json(out, &all, &rows));
        let shape = schema(include_str!("../../assets/connection.schema.json"));
        let last = schema(include_str!("../../assets/connections-summary.schema.json"));
        let lines = lines(&told);
        let (summary, records) = lines.split_last().unwrap();
        check(summary, &last, "summary");
        assert_eq!(records.len(), SocketKind::ALL.len());
        for record in records {
            check(record, &shape, "connection");
            assert_eq!(record.as_object().unwrap().len(), shape["properties"].as_object().unwrap().len());
        }
        assert_eq!(
            (&records[0]["tcp"]["bytes_acked"], &records[0]["pids"]),
            (&5_000.into(), &serde_json::json!([77, 78]))
        );
        assert_eq!((&records[1]["tcp"], &records[1]["remote_ip"]), (&Json::Null, &Json::Null));
    }

    #[test]
    fn sockets_are_a_table_that_says_what_is_missing() {
        let all = sockets();
        let rows = select::sockets(&all, &Filter::parse("port:50000").unwrap(), None, |_| true);
        let told = printed(|out| text(out, &all, &rows, true));
        let line = told.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(line, "tcp established 0 0 10.0.0.1:22 10.0.0.1:50000 180us 2 5.00kB 0B 77 sshd (+1)");
        for part in ["1 of 6 sockets", "does not list: sctp", "of 3 processes may not be read"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
