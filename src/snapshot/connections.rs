//! A socket as a row, so that fields, filters and orders are the same for sockets and flows; and the words for its ends.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::{Connection, Direction, Endpoint, Label, Measure, Protocol, SocketKind, Verdict};

use super::row::{Row, RowId};

/// The socket as a row. Bytes are what TCP counts since the connection began.
pub fn row(socket: &Arc<Connection>) -> Row {
    let tcp = socket.tcp.unwrap_or_default();
    let remote = (!socket.is_open_ended()).then_some(socket.remote);
    Row {
        id: socket.key().map_or(RowId::Other, |key| RowId::Flow(key.canonical().0)),
        flows: 1,
        protocol: socket.kind.protocol(),
        local: (socket.kind != SocketKind::Packet).then_some(socket.local),
        remote,
        direction: Direction::Unknown,
        opened: 1,
        bytes_out: tcp.bytes_acked,
        bytes_in: tcp.bytes_received,
        wire_bytes_out: tcp.bytes_acked,
        wire_bytes_in: tcp.bytes_received,
        ip_bytes_out: tcp.bytes_acked,
        ip_bytes_in: tcp.bytes_received,
        payload_bytes_out: tcp.bytes_acked,
        payload_bytes_in: tcp.bytes_received,
        packets_out: tcp.segments_out.into(),
        packets_in: tcp.segments_in.into(),
        measure: if socket.tcp.is_some() { Measure::Carried } else { Measure::Nothing },
        owner: socket.owner().cloned(),
        socket: Some(Arc::clone(socket)),
        verdict: Verdict::Learning,
        ..Row::default()
    }
}

/// Our end: `*:22` where IPv4 and IPv6 are taken alike, the protocol where there is no port, `%` before an interface.
pub fn local(socket: &Connection) -> String {
    let bound = if socket.interface_name.is_empty() { String::new() } else { format!("%{}", socket.interface_name) };
    match socket.kind {
        SocketKind::Packet => {
            let on = if bound.is_empty() { "*" } else { bound.trim_start_matches('%') };
            format!("{on}:{}", ether_type(socket.hears))
        }
        SocketKind::Raw => {
            let protocol = Protocol::from_number(u8::try_from(socket.hears).unwrap_or(u8::MAX));
            format!("{}{bound}:{protocol}", address(socket.local.ip))
        }
        _ if socket.is_dual => format!("*{bound}:{}", socket.local.port),
        _ => end(socket.local, &bound),
    }
}

/// The far end; `*` where there is none.
pub fn remote(socket: &Connection) -> String {
    if socket.is_open_ended() { "*".to_owned() } else { end(socket.remote, "") }
}

fn end(end: Endpoint, bound: &str) -> String {
    format!("{}{bound}:{}", address(end.ip), end.port)
}

fn address(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

/// What a packet socket hears (linux/if_ether.h).
fn ether_type(number: u16) -> String {
    match number {
        0 => "none".to_owned(),
        3 => "all".to_owned(),
        0x0800 => "ip".to_owned(),
        0x0806 => "arp".to_owned(),
        0x86dd => "ip6".to_owned(),
        0x88cc => "lldp".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

/// The first process that has it open, `sshd`; else the user, since that is always told.
pub fn who(socket: &Connection) -> Label {
    match socket.owner() {
        Some(owner) if !owner.comm.is_empty() => owner.comm.clone(),
        _ if socket.inode == 0 => Label::new("-"),
        _ => Label::new(&format!("uid {}", socket.uid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SocketState, TcpNumbers};
    use crate::snapshot::field;

    fn socket(kind: SocketKind, local: &str, port: u16) -> Connection {
        Connection { local: Endpoint::new(local.parse().unwrap(), port), ..Connection::new(kind) }
    }

    #[test]
    fn ends_read_as_in_the_tools_that_people_know() {
        let dual = Connection { is_dual: true, ..socket(SocketKind::Tcp, "::", 22) };
        let bound = Connection { interface_name: Label::new("wg0"), ..socket(SocketKind::Udp, "0.0.0.0", 53) };
        let raw = Connection { hears: 1, ..socket(SocketKind::Raw, "0.0.0.0", 0) };
        let frames = Connection { hears: 3, interface_name: Label::new("eth0"), ..Connection::new(SocketKind::Packet) };
        for (socket, text) in [
            (dual, "*:22"),
            (socket(SocketKind::Tcp, "::", 22), "[::]:22"),
            (bound, "0.0.0.0%wg0:53"),
            (raw, "0.0.0.0:icmp"),
            (frames, "eth0:all"),
        ] {
            assert_eq!((local(&socket), remote(&socket)), (text.to_owned(), "*".to_owned()));
        }
        let open = Connection {
            remote: Endpoint::new("2001:db8::1".parse().unwrap(), 443),
            ..Connection::new(SocketKind::Tcp)
        };
        assert_eq!(remote(&open), "[2001:db8::1]:443");
    }

    #[test]
    fn what_the_kernel_does_not_count_has_no_value() {
        let value = |socket: Connection, id: &str| (field(id).unwrap().get)(&row(&Arc::new(socket)));
        let udp = || socket(SocketKind::Udp, "10.0.0.1", 53);
        assert!(value(udp(), "out").is_none() && value(udp(), "rtt").is_none() && value(udp(), "port").is_none());
        let tcp = Connection {
            state: SocketState::Established,
            tcp: Some(TcpNumbers { bytes_acked: 7, ..TcpNumbers::default() }),
            ..socket(SocketKind::Tcp, "10.0.0.1", 22)
        };
        assert_eq!(value(tcp.clone(), "out"), crate::model::Value::Bytes(7));
        assert_eq!(value(tcp, "state"), crate::model::Value::Word("established"));
    }
}
