//! Payload bytes → which application protocol speaks, and which name it asks for: one table of recognisers.
//!
//! A recogniser looks at the first payload bytes of a flow and says *match*, *need more* or *never*.
//! Ports decide the order of asking and lend weight to weak signs; alone they decide nothing.
//! When a flow is decided its payload is not looked at again, DNS excepted (see [`dns`]).

mod adb;
mod ajp;
mod amqp;
mod bacnet;
mod ber;
mod bgp;
mod bittorrent;
mod cassandra;
mod coap;
mod collectd;
mod dcerpc;
mod dhcp;
mod dhcpv6;
mod diameter;
mod dnp3;
pub mod dns;
mod dnscrypt;
mod docker;
mod doh;
mod doq;
mod dtls;
mod elasticsearch;
mod enip;
mod esp_udp;
mod etcd;
mod fastcgi;
mod ftp;
pub mod ftp_data;
mod gelf;
mod geneve;
mod git;
mod gnutella;
mod group;
mod grpc;
mod gtp;
mod http;
mod http2;
mod iax;
mod iec104;
mod ike;
mod imap;
mod irc;
mod iscsi;
mod kafka;
mod kerberos;
mod l2tp;
mod ldap;
mod memcached;
mod modbus;
mod mongodb;
mod mqtt;
mod munin;
mod mysql;
pub mod names;
mod nat_pmp;
mod nats;
mod netbios;
mod netflow;
mod nntp;
mod ntp;
mod opcua;
mod openflow;
mod openvpn;
mod pop3;
mod postgresql;
mod pptp;
mod prometheus;
mod quic;
mod radius;
mod rdp;
mod reader;
pub mod recognition;
mod redis;
mod rpc;
mod rsync;
mod rtcp;
mod rtmp;
mod rtp;
mod rtsp;
mod s7;
mod sflow;
mod sip;
mod slp;
mod smb;
mod smtp;
mod snmp;
mod socks;
mod someip;
mod ssdp;
mod ssh;
mod statsd;
mod stomp;
mod stratum;
mod stun;
mod svn;
mod syslog;
mod table;
mod tds;
mod telnet;
mod teredo;
mod text;
mod texture;
mod tftp;
mod thrift;
mod tls;
mod tns;
mod tor;
mod vnc;
mod vxlan;
mod websocket;
mod window;
mod wireguard;
mod wsd;
mod x11;
mod xdmcp;
mod xmpp;
mod zabbix;
mod zookeeper;

pub use group::Group;
pub use recognition::{Budget, Recognition, Verdict};
pub use table::{RECOGNISERS, carrier};

use crate::model::{Application, Facts, Label};
use window::Datagrams;

/// The application of that id, if a recogniser names it or it is one of the two answers that are none.
pub fn application(id: &str) -> Option<Application> {
    let others = [Application::UNKNOWN, Application::PENDING];
    RECOGNISERS.iter().map(|one| one.application).chain(others).find(|one| one.id() == id)
}

/// One application protocol that can be told by its payload.
pub struct Recogniser {
    pub application: Application,
    /// What kind of protocol it is.
    pub group: Group,
    pub over: Transports,
    /// How many bytes of one side it may want to see over TCP before it must decide.
    pub depth: usize,
    /// Its usual ports: asked first there, and [`Segment::on_port`] is set.
    pub ports: &'static [u16],
    /// One line for help and documentation.
    pub about: &'static str,
    pub probe: fn(&Segment<'_>) -> Probe,
}

/// What carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transports {
    Tcp,
    Udp,
    Both,
}

impl Transports {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Both => "tcp, udp",
        }
    }
}

/// What a recogniser says of a flow.
#[derive(Debug)]
pub enum Probe {
    Match(Facts),
    /// A match, and what comes next on the flow tells more.
    Then(Facts, Follow),
    Need,
    No,
}

/// Reads on after a match. It is given what is known, and the bytes of one side as a recogniser is.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    pub side: FollowSide,
    /// A match replaces what is known; *never* leaves it as it is.
    pub read: fn(&Segment<'_>, &Facts) -> Probe,
}

/// Whose bytes are read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowSide {
    /// The side that matched, from its first byte.
    Same,
    /// The other side: what it answers.
    Other,
}

/// TCP is a stream of bytes; UDP (and UDP-Lite) are messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

/// The bytes of a flow so far, as one side has just added to them.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one segment")]
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    pub transport: Transport,
    /// The side that opened the flow sent this. A guess where no handshake was seen, so a hint only.
    pub from_opener: bool,
    /// TCP: all bytes of this side, from the first. UDP: this datagram.
    pub payload: &'a [u8],
    /// TCP: all bytes of the other side so far. UDP: its first datagram that was kept.
    pub other: &'a [u8],
    /// UDP: what this side sent before, while undecided, the oldest first. TCP: nothing.
    pub earlier: Datagrams<'a>,
    /// Length of the datagram on the wire (UDP), or of `payload` (TCP).
    pub wire_len: usize,
    /// The port of the side that answers, and of the side that opened.
    pub server_port: u16,
    pub client_port: u16,
    /// One of the ports is one of this recogniser's.
    pub on_port: bool,
    /// The start of the stream was not seen: `payload` may begin anywhere.
    pub is_midstream: bool,
    /// No more bytes of this side will come: *need more* means never.
    pub is_last: bool,
}

/// The probe of what rides on another protocol and is told by that one's recogniser.
fn told_by_another(_: &Segment<'_>) -> Probe {
    Probe::No
}

impl Segment<'_> {
    /// The port of the side that sent this, and of the side it went to.
    pub const fn ports(&self) -> (u16, u16) {
        if self.from_opener { (self.client_port, self.server_port) } else { (self.server_port, self.client_port) }
    }

    /// The datagram was captured whole.
    pub const fn is_whole(&self) -> bool {
        self.payload.len() == self.wire_len
    }

    pub(crate) fn is_tcp(&self) -> bool {
        self.transport == Transport::Tcp
    }
}

impl Probe {
    /// A match that tells nothing but the application.
    pub(crate) fn of(application: Application) -> Self {
        Self::Match(Facts { application, ..Facts::default() })
    }

    /// A match with a line that says more, where there is one.
    pub(crate) fn with_detail(application: Application, detail: &[u8]) -> Self {
        let detail = (!detail.is_empty()).then(|| Label::from_bytes(detail));
        Self::Match(Facts { application, detail, ..Facts::default() })
    }

    /// Match or never.
    pub(crate) fn when(yes: bool, application: Application) -> Self {
        if yes { Self::of(application) } else { Self::No }
    }
}

impl Transports {
    pub const fn include(self, transport: Transport) -> bool {
        matches!((self, transport), (Self::Both, _) | (Self::Tcp, Transport::Tcp) | (Self::Udp, Transport::Udp))
    }
}
