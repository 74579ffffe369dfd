//! Scopes as a person writes them: `tcp 192.0.2.10:443`, `192.0.2.0/24`, `example.com`.

use std::net::{IpAddr, SocketAddr};

use crate::model::{Endpoint, Label, Protocol, Scope};

/// The keys of the file that name a scope, and what follows them.
pub const KINDS: [(&str, &str); 5] = [
    ("flow", "tcp 10.0.0.5:40000 -> 192.0.2.10:443"),
    ("service", "tcp 192.0.2.10:443"),
    ("host", "192.0.2.10"),
    ("network", "192.0.2.0/24"),
    ("name", "example.com"),
];

/// A scope of a kind, from what follows it; the error says what was expected.
pub fn parse(kind: &str, text: &str) -> Result<Scope, String> {
    let example = KINDS.iter().find(|(name, _)| *name == kind).map_or("", |(_, example)| example);
    let text = text.trim();
    let scope = match kind {
        "flow" => flow(text),
        "service" => service(text),
        "host" => text.parse().ok().map(Scope::Host),
        "network" => text.parse::<ipnet::IpNet>().ok().map(|net| Scope::Network(net.trunc())),
        "name" => name(text),
        _ => None,
    };
    scope.ok_or_else(|| format!("`{text}` is no {kind}; it looks like `{example}`"))
}

/// The same as text that [`parse`] reads.
pub fn text(scope: &Scope) -> String {
    match scope {
        Scope::Flow { protocol, local, remote } => format!("{protocol} {local} -> {remote}"),
        Scope::Service { protocol, host, port } => format!("{protocol} {}", Endpoint::new(*host, *port)),
        Scope::Host(ip) => ip.to_string(),
        Scope::Network(net) => net.to_string(),
        Scope::Name(name) => name.to_string(),
    }
}

fn flow(text: &str) -> Option<Scope> {
    let (protocol, ends) = text.split_once(' ')?;
    let (local, remote) = ends.split_once("->").or_else(|| ends.split_once('→'))?;
    Some(Scope::Flow { protocol: protocol_of(protocol)?, local: endpoint(local)?, remote: endpoint(remote)? })
}

fn service(text: &str) -> Option<Scope> {
    let (protocol, end) = text.split_once(' ')?;
    let end = endpoint(end)?;
    Some(Scope::Service { protocol: protocol_of(protocol)?, host: end.ip, port: end.port })
}

fn name(text: &str) -> Option<Scope> {
    let text = text.strip_prefix("*.").unwrap_or(text).trim_matches('.').to_ascii_lowercase();
    let is_name = !text.is_empty()
        && text.len() <= 253
        && !text.contains("..")
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && text.parse::<IpAddr>().is_err();
    is_name.then(|| Scope::Name(Label::new(&text)))
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let text = text.trim();
    let with_port = text.parse::<SocketAddr>().ok().map(|at| Endpoint::new(at.ip(), at.port()));
    with_port.or_else(|| text.parse::<IpAddr>().ok().map(|ip| Endpoint::new(ip, 0)))
}

fn protocol_of(text: &str) -> Option<Protocol> {
    let text = text.to_ascii_lowercase();
    if let Some(number) = text.strip_prefix("ip-") {
        return number.parse().ok().map(Protocol::from_number);
    }
    (0..=u8::MAX).map(Protocol::from_number).find(|protocol| protocol.name() == Some(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (kind, example) in KINDS {
            let scope = parse(kind, example).unwrap();
            assert_eq!(scope.id(), kind);
            assert_eq!(text(&scope), example);
        }
        for (kind, odd) in [
            ("service", "ip-99 2001:db8::1"),
            ("flow", "udp [2001:db8::1]:5 -> [2001:db8::2]:53"),
            ("network", "2001:db8::/64"),
        ] {
            assert_eq!(text(&parse(kind, odd).unwrap()), odd);
        }
        assert_eq!(parse("name", "*.Example.COM."), parse("name", "example.com"));
        assert_eq!(parse("network", "192.0.2.77/24"), parse("network", "192.0.2.0/24"));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for (kind, bad) in [
            ("host", "example.com"),
            ("host", "1.2.3"),
            ("network", "192.0.2.0/33"),
            ("service", "192.0.2.1:443"),
            ("service", "xyz 192.0.2.1:443"),
            ("service", "tcp 192.0.2.1:99999"),
            ("flow", "tcp 192.0.2.1:1"),
            ("name", ""),
            ("name", "a b"),
            ("name", "192.0.2.1"),
        ] {
            let error = parse(kind, bad).unwrap_err();
            assert!(error.contains("looks like"), "{kind} {bad}: {error}");
        }
    }
}
