//! One socket of this host as the kernel describes it: a connection, or one that waits for some.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use super::endpoint::{Endpoint, FlowKey};
use super::label::Label;
use super::owner::Owner;
use super::protocol::Protocol;
use super::time::Timestamp;

/// What `sock_diag(7)` says about a socket, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub kind: SocketKind,
    pub state: SocketState,
    /// It was made for IPv6. Addresses of IPv4 inside IPv6 are given as IPv4.
    pub is_v6: bool,
    /// Takes IPv4 too, where it was made for IPv6 and is bound to no address.
    pub is_dual: bool,
    pub local: Endpoint,
    /// Unspecified with port 0 where it is not connected.
    pub remote: Endpoint,
    /// Raw sockets: the IP protocol that is heard. Packet sockets: the EtherType, 3 for all. Else 0.
    pub hears: u16,
    /// The interface it is bound to, by the kernel's number; 0 for any.
    pub interface: u32,
    pub interface_name: Label,
    /// Bytes that arrived and were not read; of a listening TCP socket, connections that were not accepted.
    pub receive_queue: u32,
    /// Bytes that were written and not acknowledged; of a listening TCP socket, how many may wait.
    pub send_queue: u32,
    pub uid: u32,
    /// 0 once no process has it open.
    pub inode: u32,
    /// Names the socket for as long as the system runs.
    pub cookie: u64,
    /// Packets that found no room (`SK_MEMINFO_DROPS`).
    pub drops: u32,
    /// What TCP counts, where the state still keeps it.
    pub tcp: Option<TcpNumbers>,
    /// Every process that has it open, as far as they may be seen.
    pub holders: Vec<Arc<Owner>>,
}

impl Connection {
    /// A socket of which nothing is known but what it carries.
    pub fn new(kind: SocketKind) -> Self {
        let nowhere = Endpoint::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        Self {
            kind,
            state: SocketState::Unconnected,
            is_v6: false,
            is_dual: false,
            local: nowhere,
            remote: nowhere,
            hears: 0,
            interface: 0,
            interface_name: Label::default(),
            receive_queue: 0,
            send_queue: 0,
            uid: 0,
            inode: 0,
            cookie: 0,
            drops: 0,
            tcp: None,
            holders: Vec::new(),
        }
    }

    /// Listening, or never connected.
    pub const fn is_open_ended(&self) -> bool {
        self.remote.port == 0
    }

    /// Waits for others to speak first: a TCP listener, or a datagram or raw socket that is not connected.
    pub const fn is_listening(&self) -> bool {
        matches!(self.state, SocketState::Listen | SocketState::Unconnected)
    }

    /// The conversation it is one end of, our end first; `None` where there is none or it has no ports.
    pub fn key(&self) -> Option<FlowKey> {
        let protocol = self.kind.protocol()?;
        (!self.is_open_ended()).then(|| FlowKey::new(protocol, self.local, self.remote))
    }

    /// Who sends by it; `None` where nobody may be seen to have it open.
    pub fn owner(&self) -> Option<&Arc<Owner>> {
        self.holders.first()
    }
}

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketKind {
    Tcp,
    Udp,
    UdpLite,
    Sctp,
    /// IP packets of one protocol (raw(7)).
    Raw,
    /// Frames (packet(7)).
    Packet,
}

impl SocketKind {
    pub const ALL: [Self; 6] = [Self::Tcp, Self::Udp, Self::UdpLite, Self::Sctp, Self::Raw, Self::Packet];

    pub const fn id(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UdpLite => "udplite",
            Self::Sctp => "sctp",
            Self::Raw => "raw",
            Self::Packet => "packet",
        }
    }

    /// The transport whose ports it has.
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Tcp => Some(Protocol::TCP),
            Self::Udp => Some(Protocol::UDP),
            Self::UdpLite => Some(Protocol::UDPLITE),
            Self::Sctp => Some(Protocol::SCTP),
            Self::Raw | Self::Packet => None,
        }
    }
}

/// How a socket stands, by the names of RFC 9293 §3.3.2 (net/tcp_states.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    CloseWait,
    LastAck,
    Closing,
    Listen,
    /// A datagram or raw socket without a remote end.
    Unconnected,
    /// A TCP socket that is in none of the others.
    #[default]
    Closed,
}

impl SocketState {
    /// From the kernel's number. `TCP_CLOSE` is what everything that has no connection is in.
    pub const fn from_number(number: u8, kind: SocketKind) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            // 12 is a request that has no socket yet.
            3 | 12 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ if matches!(kind, SocketKind::Tcp | SocketKind::Sctp) => Self::Closed,
            _ => Self::Unconnected,
        }
    }

    pub const fn id(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::SynSent => "syn-sent",
            Self::SynReceived => "syn-received",
            Self::FinWait1 => "fin-wait-1",
            Self::FinWait2 => "fin-wait-2",
            Self::TimeWait => "time-wait",
            Self::CloseWait => "close-wait",
            Self::LastAck => "last-ack",
            Self::Closing => "closing",
            Self::Listen => "listen",
            Self::Unconnected => "unconnected",
            Self::Closed => "closed",
        }
    }
}

/// What TCP counts of a connection since its beginning (`struct tcp_info` of linux/tcp.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpNumbers {
    /// Payload that was acknowledged; the SYN and the FIN count as a byte each, as the kernel has it.
    pub bytes_acked: u64,
    /// Payload that was received in order.
    pub bytes_received: u64,
    /// Payload that was sent, each repetition counted too; 0 before Linux 4.19.
    pub bytes_sent: u64,
    /// Payload that was sent again.
    pub bytes_retrans: u64,
    /// Segments, those without payload as well.
    pub segments_out: u32,
    pub segments_in: u32,
    /// Segments that were sent again, in all.
    pub retransmits: u32,
    /// Smoothed round-trip time and how much it varies; zero before it was measured.
    pub rtt: Duration,
    pub rtt_variance: Duration,
    pub rtt_least: Duration,
    /// After so long without an answer it is sent again.
    pub timeout: Duration,
    /// Segments that may be under way, and payload bytes of each.
    pub window: u32,
    pub segment_size: u32,
    pub path_mtu: u32,
    /// Segments under way, and those taken for lost.
    pub unacknowledged: u32,
    pub lost: u32,
    /// Bytes written and not sent yet.
    pub not_sent: u32,
    /// Bytes per second that arrive at the other end, at the latest measurement.
    pub delivery_rate: u64,
    /// Since it last sent and received payload.
    pub idle_out: Duration,
    pub idle_in: Duration,
}

/// Which sockets, by whether they wait for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that do not: connections.
    #[default]
    Connected,
    /// Those that do.
    Listening,
    All,
}

impl Which {
    /// Whether a socket is listed that waits for others, or does not.
    pub const fn takes(self, is_listening: bool) -> bool {
        match self {
            Self::Connected => !is_listening,
            Self::Listening => is_listening,
            Self::All => true,
        }
    }
}

/// The sockets of this network namespace at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    pub at: Timestamp,
    pub list: Vec<Arc<Connection>>,
    /// Sockets that found no room in the list.
    pub left_out: u64,
    /// Sockets came and went so fast that some may be missing.
    pub is_interrupted: bool,
    /// Kinds that this kernel cannot list.
    pub missing: Vec<SocketKind>,
    /// Processes whose open files may not be read: their sockets have no owner here.
    pub closed: u64,
}
