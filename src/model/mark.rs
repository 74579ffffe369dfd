//! The operator's judgment that something is good.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::endpoint::Endpoint;
use super::label::Label;
use super::protocol::Protocol;
use super::time::Timestamp;

/// A known-good mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Unique in the file, and stable: what `undo` and `known-good remove` name.
    pub id: Label,
    pub scope: Scope,
    /// Data time after which it no longer covers anything; `None` for never.
    pub expires: Option<Timestamp>,
    pub reason: Option<Label>,
    pub made: Timestamp,
    /// Who made it: a login name.
    pub by: Label,
}

/// What a mark covers, the narrowest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One conversation.
    Flow {
        protocol: Protocol,
        local: Endpoint,
        remote: Endpoint,
    },
    /// One port of one host.
    Service {
        protocol: Protocol,
        host: IpAddr,
        port: u16,
    },
    Host(IpAddr),
    Network(IpNet),
    /// A name and everything below it: `example.com` covers `example.com` and `www.example.com`.
    Name(Label),
}

impl Scope {
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Flow { .. } => "flow",
            Self::Service { .. } => "service",
            Self::Host(_) => "host",
            Self::Network(_) => "network",
            Self::Name(_) => "name",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow { protocol, local, remote } => write!(f, "{protocol} {local} → {remote}"),
            Self::Service { protocol, host, port } => write!(f, "{protocol} {}", Endpoint::new(*host, *port)),
            Self::Host(ip) => write!(f, "{ip}"),
            Self::Network(net) => write!(f, "{net}"),
            Self::Name(name) => write!(f, "*.{name}"),
        }
    }
}
