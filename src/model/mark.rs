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

/// What a mark may cover: a flow, or all flows to one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    pub protocol: Protocol,
    /// Our end; `None` where several of our ends are meant.
    pub local: Option<Endpoint>,
    /// The port is 0 where every port is meant, or the protocol has none.
    pub remote: Endpoint,
    /// Not from a reverse look-up: whoever owns an address writes that name.
    pub name: Option<&'a Label>,
}

impl Scope {
    /// Whether all of a target lies within this scope.
    pub fn covers(&self, target: &Target<'_>) -> bool {
        match self {
            Self::Flow { protocol, local, remote } => {
                *protocol == target.protocol && Some(*local) == target.local && *remote == target.remote
            }
            Self::Service { protocol, host, port } => {
                *protocol == target.protocol && *host == target.remote.ip && *port == target.remote.port
            }
            Self::Host(ip) => *ip == target.remote.ip,
            Self::Network(net) => net.contains(&target.remote.ip),
            Self::Name(above) => target.name.is_some_and(|name| is_within(name.as_str(), above.as_str())),
        }
    }

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

/// Whether a DNS name is `above` or ends in `.above`, whatever the case (RFC 4343).
fn is_within(name: &str, above: &str) -> bool {
    let (name, above) = (name.trim_end_matches('.'), above.trim_end_matches('.'));
    let Some(head) = name.len().checked_sub(above.len()) else { return false };
    let ends_so = name.get(head..).is_some_and(|tail| tail.eq_ignore_ascii_case(above));
    ends_so && !above.is_empty() && (head == 0 || name.as_bytes().get(head - 1) == Some(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_exactly_itself() {
        let name = Label::new("CDN.example.com");
        let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
        let (local, remote) = (end("10.0.0.5", 40_000), end("192.0.2.10", 443));
        let target = Target { protocol: Protocol::TCP, local: Some(local), remote, name: Some(&name) };
        let others = [
            Target { protocol: Protocol::UDP, ..target },
            Target { local: Some(end("10.0.0.5", 40_001)), ..target },
            Target { local: None, ..target },
            Target { remote: end("192.0.2.10", 22), ..target },
            Target { remote: end("192.0.2.11", 443), ..target },
            Target { remote: end("192.0.3.10", 443), name: None, ..target },
        ];
        let scopes = [
            (Scope::Flow { protocol: Protocol::TCP, local, remote }, [false, false, false, false, false, false]),
            (
                Scope::Service { protocol: Protocol::TCP, host: remote.ip, port: 443 },
                [false, true, true, false, false, false],
            ),
            (Scope::Host(remote.ip), [true, true, true, true, false, false]),
            (Scope::Network("192.0.2.0/24".parse().unwrap()), [true, true, true, true, true, false]),
            (Scope::Name(Label::new("example.com")), [true, true, true, true, true, false]),
        ];
        for (scope, expected) in scopes {
            assert!(scope.covers(&target), "{scope}");
            assert_eq!(others.map(|other| scope.covers(&other)), expected, "{scope}");
        }
    }

    #[test]
    fn a_name_covers_what_is_below_it_and_nothing_that_only_looks_so() {
        for (name, is) in [
            ("example.com", true),
            ("a.b.example.com.", true),
            ("badexample.com", false),
            ("example.com.evil.net", false),
            ("com", false),
        ] {
            assert_eq!(is_within(name, "example.com"), is, "{name}");
        }
        assert!(!is_within("example.com", ""));
    }
}
